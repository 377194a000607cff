"""An explanation in words, Chinese or English.

Belongs here: wording and layout of plain text. Does not belong here: reading (`trace.py`).
"""

from __future__ import annotations

from decimal import Decimal

from dagster_project.explain.chinese import chinese as in_chinese
from dagster_project.explain.model import Explanation, TermTrace
from dagster_project.language import Text
from dagster_project.serving.labels import named

SHOWN_FILES = 12
SHOWN_CHECKS = 12

_ROLES = {"numerator": Text("分子", "numerator"), "denominator": Text("分母", "denominator")}
_VERDICTS = {
    "warn": Text("提示", "warning"),
    "fail": Text("未通过", "failed"),
    "error": Text("未能运行", "could not run"),
}
# What a count beside a term counts, by the cube of the dictionary.
_COUNTED = {
    "settlement": Text("笔结算", "settlements"),
    "visit": Text("人次", "visits"),
    "stay": Text("次住院", "stays"),
    "stay_end": Text("次住院", "stays"),
    "enrolment": Text("人", "persons"),
    "maternity_allowance": Text("笔津贴", "payments"),
    "assistance": Text("人次救助", "encounters with assistance"),
}
STATUS = {
    "provisional": Text("暂定", "provisional"),
    "final": Text("定稿", "final"),
    "not_computable": Text("不可计算", "not computable"),
    "suppressed": Text("不公布", "withheld"),
}


def render(explanation: Explanation, language: str = "zh") -> str:
    """The whole explanation as lines of text."""
    chinese = language == "zh"
    lines = [_heading(explanation, language)]
    if explanation.synthetic:
        lines.append("合成数据，并非真实统计。" if chinese else "Synthetic data, not real statistics.")
    lines += ["", *_figure(explanation, language), "", *_definition(explanation, language), ""]
    lines += [*_terms(explanation, language), "", *_files(explanation, language), "", *_checks(explanation, language)]
    lines += ["", *_published(explanation, language)]
    return "\n".join(lines).rstrip() + "\n"


def _heading(one: Explanation, language: str) -> str:
    parts = [one.name.in_language(language), one.indicator_id]
    if one.alias_of:
        parts.append(f"= {one.alias_of}")
    when = f"{one.year}" + (f"-{one.month:02d}" if one.month and one.month <= 12 else "")
    where = f"{one.region_code} {one.region_name}".strip()
    scope = f" · {one.breakdown} = {one.member}" if one.breakdown not in ("total", "month") else ""
    return f"{' · '.join(parts)} · {when} · {where}{scope}"


def _number(value: Decimal | float | int | None) -> str:
    if value is None:
        return "–"
    text = f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.removesuffix(".00")


def _figure(one: Explanation, language: str) -> list[str]:
    chinese = language == "zh"
    status = STATUS[one.status].in_language(language) if one.status in STATUS else one.status
    if one.value is None:
        reason = one.reason.split(" / ")[0 if chinese else -1]
        return [f"{'数值：无' if chinese else 'Value: none'} ({status}: {reason})"]
    shown = f"{one.value:,.{one.decimals}f}"
    if one.value != 0 and float(shown.replace(",", "")) == 0:
        shown = f"{one.value:.6g}"
    lines = [f"{'数值' if chinese else 'Value'}: {shown} {one.unit} ({status}; {one.value!r})"]
    lines.append(f"{'分子' if chinese else 'Numerator'}: {_number(one.numerator)}")
    if one.denominator is not None:
        lines.append(f"{'分母' if chinese else 'Denominator'}: {_number(one.denominator)}")
    operation = f"{_number(one.numerator)} × {one.scale}" if one.scale != 1 else _number(one.numerator)
    below = [_number(part) for part in (one.denominator, one.unit_factor) if part not in (None, 1)]
    lines.append(f"{'算式' if chinese else 'Division'}: {' ÷ '.join([operation, *below])}")
    if one.withheld:
        lines.append(
            "注意：公报与 BI 库不公布此数（单元过小，或可由它推算出过小的单元），请勿外传。"
            if chinese
            else "Note: bulletin and BI database withhold this figure (small cell, or one that gives a small cell away); do not pass it on."
        )
    return lines


def _definition(one: Explanation, language: str) -> list[str]:
    chinese = language == "zh"
    formula = in_chinese("formulas", one.formula) if chinese else one.formula
    lines = [f"{'口径' if chinese else 'Definition'} {one.definition_id}: {formula}"]
    lines += [
        f"  {choice.label.in_language(language)}: {choice.value_label.in_language(language)} ({choice.switch}={choice.value})"
        for choice in one.choices
    ]
    if one.traps:
        lines.append(f"  注意: {in_chinese('traps', one.traps)}" if chinese else f"  Mind: {one.traps}")
    return lines


def _terms(one: Explanation, language: str) -> list[str]:
    lines = ["组成（选取的单元格与其合计）：" if language == "zh" else "Made of (cells chosen and their sums):"]
    return lines + [f"  {_term(term, getattr(one, term.role) is not None, language)}" for term in one.terms]


def _term(term: TermTrace, is_known: bool, language: str) -> str:
    """One term; what sums to nothing because there are no data to sum is no 0."""
    sign = "" if term.coefficient == 1 else f"{term.coefficient.normalize():f} × "
    labels = ", ".join(f"{label}={member}" for label, member in term.labels)
    counted = _COUNTED.get(term.cube, Text("个单位", "units")).in_language(language)
    units = f"{term.rows:,} {counted}" if term.rows else ""
    role = _ROLES[term.role].in_language(language)
    nothing = "无数据" if language == "zh" else "no data"
    amount = _number(term.amount) if is_known or term.amount else nothing
    return f"{role} {sign}{term.cube}.{term.measure}[{labels}] {term.year} = {amount}  {units}".rstrip()


def _files(one: Explanation, language: str) -> list[str]:
    total = sum(file.rows for file in one.files)
    if language == "zh":
        lines = [f"来源：{total:,} 行，{len(one.files)} 个文件"]
    else:
        lines = [f"Rows: {total:,} from {len(one.files)} files"]
    for file in one.files[:SHOWN_FILES]:
        lines.append(
            f"  {file.rows:>10,}  {file.extract}  {file.source_file}  sha256 {file.sha256}  load {file.load_id}"
        )
    if len(one.files) > SHOWN_FILES:
        rest = len(one.files) - SHOWN_FILES
        lines.append(f"  … 另有 {rest} 个文件" if language == "zh" else f"  … {rest} more files")
    return lines


def _checks(one: Explanation, language: str) -> list[str]:
    worst = [check for check in one.checks if check.status != "pass"]
    passed = len(one.checks) - len(worst)
    lines = [
        f"检查：{len(one.checks)} 项涉及，{passed} 项通过"
        if language == "zh"
        else f"Checks: {len(one.checks)}, {passed} passed"
    ]
    for check in worst[:SHOWN_CHECKS]:
        count = "" if check.unexpected is None else f" ({check.unexpected:,})"
        verdict = _VERDICTS[check.status].in_language(language) if check.status in _VERDICTS else check.status
        title = check.title.in_language(language)
        lines.append(f"  {verdict}: {title}{count}  {check.stage}.{check.name} · {check.table}")
    return lines


def _published(one: Explanation, language: str) -> list[str]:
    if not one.published:
        return ["公布数据：无可对照的数字" if language == "zh" else "Published: no figure to compare with"]
    lines = ["公布数据（对照）：" if language == "zh" else "Published, for comparison:"]
    for figure in one.published:
        vintage, about = (
            named("publication_kind", figure.vintage, language),
            named("qualifier", figure.qualifier, language),
        )
        source, note = figure.source, figure.note
        if language == "zh":
            source = in_chinese("sources", source)
            note = in_chinese("notes", note)
        place = f"{figure.geography} {figure.geography_name.in_language(language)}".strip()
        told = f"{about} {figure.value:,.10g} {figure.unit}".strip()
        lines.append(
            f"  {place} {figure.year} {vintage}: {told} ({'; '.join(part for part in (source, note) if part)})"
        )
    return lines
