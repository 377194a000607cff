"""What `bulletin try` prints: the verdict, then what needs a hand, then in one line the columns.

Belongs here: wording of a trial's report. Does not belong here: the trial (`ingest/trial.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project.language import Text

if TYPE_CHECKING:
    from dagster_project.ingest.trial import BrokenRows, Reason, TrialFile, TryReport

SHOWN = 8


def trial_lines(report: TryReport, in_full: bool = False) -> list[Text]:
    """The report as lines in both languages; `in_full` names every column and every finding."""
    lines = [_of_all(report)] if len(report.files) > 1 else []
    lines += [line for file in report.files for line in _file_lines(file, in_full)]
    if report.home_is_busy:
        lines.append(
            Text(
                "家目录正被另一个任务使用：未核对该文件是否已入库、是否与其中的数据混放。",
                "Another run is using the home: whether the file is loaded already, or would mix with what is, was not asked.",
            )
        )
    return lines


def _of_all(report: TryReport) -> Text:
    refused = sum(file.refusal is not None for file in report.files)
    known = sum(file.refusal is None and file.loaded_as is not None for file in report.files)
    taken = len(report.files) - refused - known
    gone = sum(file.refusal is None and file.unloaded is not None for file in report.files)
    out = Text(f"（其中 {gone} 个已撤出）", f" ({gone} of them unloaded)") if gone else Text("", "")
    return Text(
        f"{len(report.files)} 个文件：{taken} 个可以入库，{known} 个已入库过{out.zh}，{refused} 个整份拒收。",
        f"{len(report.files)} files: {taken} would be loaded, {known} loaded before{out.en}, {refused} would be refused.",
    )


def _file_lines(file: TrialFile, in_full: bool) -> list[Text]:
    lines = _verdict(file)
    if file.notes is not None and not file.rows_read:
        lines.append(Text(f"  提示：{file.notes.zh}（S11）", f"  warning: {file.notes.en} (S11)"))
    shown = None if in_full else SHOWN
    return [*lines, *_broken(file, shown), *_warnings(file, shown), *_columns(file, in_full)]


def _verdict(file: TrialFile) -> list[Text]:
    """What would happen, and the rows by what would become of them."""
    known = file.extract_name
    what_zh = f"{file.extract} {known.zh if known else ''}".strip() if file.extract else "不是任何抽取表"
    what_en = f"{file.extract} {known.en if known else ''}".strip() if file.extract else "no extract"
    form = [part for part in (file.encoding, file.dialect) if part]
    zh = "，".join([what_zh, *form, *(["合成数据"] if file.synthetic else [])])
    en = ", ".join([what_en, *form, *(["synthetic data"] if file.synthetic else [])])
    if file.refusal is not None:
        verdict = Text("整份拒收", "would be refused")
    elif file.unloaded is not None:
        verdict = Text("已撤出，运行时不再入库", "unloaded, would not be taken in again")
    elif file.loaded_as is not None:
        verdict = Text("已入库过，运行时会跳过", "loaded before, would be passed over")
    else:
        verdict = Text("可以入库", "would be loaded")
    lines = [Text(f"{verdict.zh}：{file.source_file}（{zh}）", f"{verdict.en}: {file.source_file} ({en})")]
    if file.refusal is not None:
        lines.append(Text(f"  原因：{file.refusal.zh}", f"  reason: {file.refusal.en}"))
    elif file.unloaded is not None:
        lines.append(
            Text(
                f"  {file.unloaded.zh}；要它重新计入，运行 bulletin unload --undo",
                f"  {file.unloaded.en}; bulletin unload --undo takes it back",
            )
        )
    elif file.loaded_as is not None:
        lines.append(
            Text(f"  内容与已入库的 {file.loaded_as} 相同", f"  the same content was loaded as {file.loaded_as}")
        )
    if file.rows_read or file.refusal is None:
        lines.append(
            Text(
                f"  读 {file.rows_read:,} 行，接收 {file.rows_accepted:,}（其中有提示 {file.rows_warned:,}），"
                f"隔离 {file.rows_quarantined:,}（其中代码未知暂存 {file.rows_held:,}）",
                f"  {file.rows_read:,} rows read, {file.rows_accepted:,} accepted ({file.rows_warned:,} with warnings), "
                f"{file.rows_quarantined:,} quarantined ({file.rows_held:,} held for unknown codes)",
            )
        )
    return lines


def _columns(file: TrialFile, in_full: bool) -> list[Text]:
    """Columns in one line, those that match nothing by name: they would not be loaded, perhaps for a slip in their name."""
    if not file.matched and not file.missing and not file.extra:
        return []
    renamed = [f"{given}→{column}" for given, column in file.matched if given != column]
    extra = [] if in_full else file.extra[:SHOWN]
    zh = [f"匹配列 {len(file.matched)} 个" + (f"（按别名 {len(renamed)}）" if renamed else "")]
    en = [f"{len(file.matched)} columns matched" + (f" ({len(renamed)} by alias)" if renamed else "")]
    if file.missing:
        zh.append(f"缺可选列 {len(file.missing)} 个")
        en.append(f"{len(file.missing)} optional ones missing")
    if file.extra:
        more_zh, more_en = (" 等", " …") if len(extra) < len(file.extra) and extra else ("", "")
        zh.append(f"对不上、不入库 {len(file.extra)} 个" + (f"：{'、'.join(extra)}{more_zh}" if extra else ""))
        en.append(f"{len(file.extra)} not matched, not loaded" + (f": {', '.join(extra)}{more_en}" if extra else ""))
    hint = Text("", "") if in_full or not (renamed or file.missing) else Text("（--all 全列）", " (--all names them)")
    lines = [Text(f"  列：{'，'.join(zh)}{hint.zh}", f"  columns: {', '.join(en)}{hint.en}")]
    if in_full:
        lines += _named(Text("按别名", "by alias"), renamed)
        lines += _named(Text("缺少的可选列", "optional, missing"), file.missing)
        lines += _named(Text("对不上、不入库", "not matched, not loaded"), file.extra)
        lines += _named(Text("匹配", "matched"), [column for given, column in file.matched if given == column])
    return lines


def _named(title: Text, names: Sequence[str]) -> list[Text]:
    return [Text(f"    {title.zh}：{'、'.join(names)}", f"    {title.en}: {', '.join(names)}")] if names else []


def _broken(file: TrialFile, shown: int | None) -> list[Text]:
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
    lines = [Text("  要处理，将隔离的行：", "  To mend, rows that would be quarantined:")]
    lines += [_broken_line(group) for group in file.broken[:shown]]
    left = file.broken[shown:] if shown is not None else []
    if left:
        rows = sum(group.rows for group in left)
        lines.append(
            Text(
                f"    ……另有 {len(left)} 种、{rows:,} 行（--all 全列）",
                f"    … {len(left)} more kinds, {rows:,} rows (--all lists them)",
            )
        )
    return [*lines, Text(f"    （{record.zh}）", f"    ({record.en})")]


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
    return Text(f"    {group.rows:,} 行：{zh}；{where_zh}", f"    {group.rows:,} rows: {en}; {where_en}")


def _reason(reason: Reason) -> Text:
    cells = ", ".join(column if column == "*" else f"{column}={value}" for column, value in reason.cells)
    return Text(f"{reason.rule_id} {cells}，{reason.text.zh}", f"{reason.rule_id} {cells}, {reason.text.en}")


def _warnings(file: TrialFile, shown: int | None) -> list[Text]:
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
    left = len(found[shown:]) if shown is not None else 0
    more = [Text(f"    ……另有 {left} 项（--all 全列）", f"    … {left} more (--all lists them)")] if left else []
    return [
        Text("  提示（照常接收，但要有人看过）：", "  warnings (accepted, to be looked at):"),
        *found[:shown],
        *more,
    ]
