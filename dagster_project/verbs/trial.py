"""What `bulletin try` prints: columns matched, codes unmapped, rows that would be quarantined and why.

Belongs here: wording of a trial's report. Does not belong here: the trial (`ingest/trial.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.language import Text

if TYPE_CHECKING:
    from dagster_project.ingest.trial import BrokenRows, Reason, TrialFile, TryReport

SHOWN = 15


def trial_lines(report: TryReport) -> list[Text]:
    """The report as lines in both languages."""
    lines = [line for file in report.files for line in _file_lines(file)]
    if report.home_is_busy:
        lines.append(
            Text(
                "家目录正被另一个任务使用：未核对该文件是否已入库、是否与其中的数据混放。",
                "Another run is using the home: whether the file is loaded already, or would mix with what is, was not asked.",
            )
        )
    return lines


def _file_lines(file: TrialFile) -> list[Text]:
    name = f" {file.extract_name.zh}" if file.extract_name else ""
    name_en = f" {file.extract_name.en}" if file.extract_name else ""
    form = ", ".join(part for part in (file.encoding, file.dialect) if part)
    form_zh, form_en = (f"（{form}）", f" ({form})") if form else ("", "")
    lines = [
        Text(
            f"{file.source_file}：{file.extract or '不是任何抽取表'}{name}{form_zh}",
            f"{file.source_file}: {file.extract or 'no extract'}{name_en}{form_en}",
        )
    ]
    if file.synthetic:
        lines.append(Text("  合成数据", "  synthetic data"))
    lines += _verdict(file)
    if file.notes is not None and not file.rows_read:
        lines.append(Text(f"  提示：{file.notes.zh}（S11）", f"  warning: {file.notes.en} (S11)"))
    return [*lines, *_columns(file), *_broken(file), *_warnings(file)]


def _verdict(file: TrialFile) -> list[Text]:
    if file.refusal is not None:
        return [Text(f"  整份拒收：{file.refusal.zh}", f"  would be refused: {file.refusal.en}")]
    counts = Text(
        f"读 {file.rows_read:,} 行，接收 {file.rows_accepted:,}（其中有提示 {file.rows_warned:,}），"
        f"隔离 {file.rows_quarantined:,}（其中代码未知暂存 {file.rows_held:,}）",
        f"{file.rows_read:,} rows read, {file.rows_accepted:,} accepted ({file.rows_warned:,} with warnings), "
        f"{file.rows_quarantined:,} quarantined ({file.rows_held:,} held for unknown codes)",
    )
    if file.loaded_as is not None:
        return [
            Text(
                f"  内容相同的文件已入库（{file.loaded_as}），运行时会跳过；{counts.zh}",
                f"  the same content was loaded before ({file.loaded_as}) and would be passed over; {counts.en}",
            )
        ]
    return [Text(f"  可以入库：{counts.zh}", f"  would be loaded: {counts.en}")]


def _columns(file: TrialFile) -> list[Text]:
    if not file.matched and not file.missing and not file.extra:
        return []
    renamed = [f"{given}→{column}" for given, column in file.matched if given != column]
    lines = [Text(f"  匹配列 {len(file.matched)} 个", f"  {len(file.matched)} columns matched")]
    if renamed:
        lines.append(Text(f"    按别名：{'、'.join(renamed)}", f"    by alias: {', '.join(renamed)}"))
    if file.missing:
        lines.append(
            Text(f"    缺少的可选列：{'、'.join(file.missing)}", f"    optional, missing: {', '.join(file.missing)}")
        )
    if file.extra:
        lines.append(
            Text(f"    多出（不入库）：{'、'.join(file.extra)}", f"    extra, not loaded: {', '.join(file.extra)}")
        )
    return lines


def _broken(file: TrialFile) -> list[Text]:
    """One line for all rows that are broken in the same way: every bad row stands in one line only."""
    if not file.broken:
        return []
    record = Text(
        "数据行不含表头，即隔离区里的 source_row", "a record leaves the header out; it is source_row in quarantine"
    )
    if any(group.lines for group in file.broken):
        record = Text(
            f"文件行与 Excel、文本编辑器的行号一致，表头也算；{record.zh}",
            f"a line is numbered as Excel or an editor does, the header counts; {record.en}",
        )
    lines = [Text(f"  将隔离的行（{record.zh}）：", f"  Rows to quarantine ({record.en}):")]
    lines += [_broken_line(group) for group in file.broken[:SHOWN]]
    left = len(file.broken) - SHOWN
    if left > 0:
        rows = sum(group.rows for group in file.broken[SHOWN:])
        lines.append(Text(f"    ……另有 {left} 种、{rows:,} 行", f"    … {left} more kinds, {rows:,} rows"))
    return lines


def _broken_line(group: BrokenRows) -> Text:
    reasons = [_reason(reason) for reason in group.reasons]
    zh, en = "；".join(reason.zh for reason in reasons), "; ".join(reason.en for reason in reasons)
    records = ", ".join(f"{record:,}" for record in group.records)
    lines = ", ".join(f"{line:,}" for line in group.lines)
    more_zh, more_en = (" 等", " …") if group.rows > len(group.records) else ("", "")
    where_zh = (
        f"文件第 {lines}{more_zh} 行（数据第 {records}{more_zh} 行）" if lines else f"数据第 {records}{more_zh} 行"
    )
    where_en = f"line {lines}{more_en} (record {records}{more_en})" if lines else f"record {records}{more_en}"
    return Text(f"    {group.rows:,} 行，{where_zh}：{zh}", f"    {group.rows:,} rows, {where_en}: {en}")


def _reason(reason: Reason) -> Text:
    cells = ", ".join(column if column == "*" else f"{column}={value}" for column, value in reason.cells)
    return Text(f"{reason.rule_id} {cells}，{reason.text.zh}", f"{reason.rule_id} {cells}, {reason.text.en}")


def _warnings(file: TrialFile) -> list[Text]:
    """What is accepted all the same, and looked at."""
    found = [
        Text(
            f"    {code.column} = {code.code} 不在代码集 {code.code_set} 中，归入“未知”：{code.rows:,} 行",
            f"    {code.column} = {code.code} is not in code set {code.code_set}, classed as unknown: {code.rows:,} rows",
        )
        for code in file.codes
    ]
    found += [
        Text(
            f"    {rule.rule_id} {rule.column}，{text.zh}：{rule.unexpected:,} 行",
            f"    {rule.rule_id} {rule.column}, {text.en}: {rule.unexpected:,} rows",
        )
        for rule, text in file.warnings
    ]
    if not found:
        return []
    left = len(found) - SHOWN
    more = [Text(f"    ……另有 {left} 项", f"    … {left} more")] if left > 0 else []
    return [
        Text("  提示（照常接收，但要有人看过）：", "  warnings (accepted, to be looked at):"),
        *found[:SHOWN],
        *more,
    ]
