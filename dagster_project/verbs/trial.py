"""What `bulletin try` prints: columns matched, codes unmapped, rows that would be quarantined and why.

Belongs here: wording of a trial's report. Does not belong here: the trial (`ingest/trial.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.language import Text

if TYPE_CHECKING:
    from dagster_project.ingest.trial import TrialFile, TryReport

SHOWN = 15


def trial_lines(report: TryReport) -> list[Text]:
    """The report as lines in both languages."""
    return [line for file in report.files for line in _file_lines(file)]


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
    if file.refusal is not None:
        lines.append(Text(f"  整份拒收：{file.refusal.zh}", f"  would be refused: {file.refusal.en}"))
    elif file.extract is not None:
        lines.append(
            Text(
                f"  可以入库：读 {file.rows_read:,} 行，接收 {file.rows_accepted:,}，隔离 {file.rows_quarantined:,}，"
                f"有提示 {file.rows_warned:,}",
                f"  would be loaded: {file.rows_read:,} rows read, {file.rows_accepted:,} accepted, "
                f"{file.rows_quarantined:,} quarantined, {file.rows_warned:,} with warnings",
            )
        )
    return [*lines, *_columns(file), *_rules(file), *_codes(file), *_rejected(file)]


def _columns(file: TrialFile) -> list[Text]:
    if not file.matched and not file.missing and not file.extra:
        return []
    renamed = [f"{given}→{column}" for given, column in file.matched if given != column]
    lines = [Text(f"  匹配列 {len(file.matched)} 个", f"  {len(file.matched)} columns matched")]
    if renamed:
        lines.append(Text(f"    按别名：{'、'.join(renamed)}", f"    by alias: {', '.join(renamed)}"))
    if file.missing:
        lines.append(Text(f"    缺少：{'、'.join(file.missing)}", f"    missing: {', '.join(file.missing)}"))
    if file.extra:
        lines.append(
            Text(f"    多出（不入库）：{'、'.join(file.extra)}", f"    extra, not loaded: {', '.join(file.extra)}")
        )
    return lines


def _rules(file: TrialFile) -> list[Text]:
    return [
        Text(
            f"  {'违规' if rule.severity == 'error' else '提示'} {rule.rule_id} {rule.column}：{rule.unexpected:,} 行",
            f"  {rule.severity} {rule.rule_id} {rule.column}: {rule.unexpected:,} rows",
        )
        for rule in file.rules[:SHOWN]
        if rule.unexpected
    ]


def _codes(file: TrialFile) -> list[Text]:
    return [
        Text(
            f"  代码集 {code.code_set} 中没有 {code.column} = {code.code}：{code.rows:,} 行",
            f"  {code.column} = {code.code} is not in code set {code.code_set}: {code.rows:,} rows",
        )
        for code in file.codes[:SHOWN]
    ]


def _rejected(file: TrialFile) -> list[Text]:
    return [
        Text(
            f"  第 {cell.row:,} 行 {cell.columns} {cell.rule_id}：{cell.text.zh}（{cell.value}）",
            f"  row {cell.row:,} {cell.columns} {cell.rule_id}: {cell.text.en} ({cell.value})",
        )
        for cell in file.rejected[:SHOWN]
    ]
