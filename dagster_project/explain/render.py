"""An explanation in words, Chinese or English.

Belongs here: wording and layout of plain text. Does not belong here: reading (`trace.py`).
"""

from __future__ import annotations

from decimal import Decimal

from dagster_project.contracts import load_contracts
from dagster_project.explain.chinese import chinese as in_chinese
from dagster_project.explain.model import Explanation, SourceFile, TermTrace
from dagster_project.explain.naming import place_name
from dagster_project.explain.period import TO_DATE, when
from dagster_project.explain.quantity import shown, unit_name
from dagster_project.language import Text
from dagster_project.serving.labels import named

# Files named for each table; the rest is counted.
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
    "premium_subsidy": Text("人", "persons"),
    "person": Text("人", "persons"),
    "filing": Text("次备案", "filings"),
    "listed": Text("人", "persons"),
    "negotiated_drug": Text("人次", "uses"),
    "large_exam": Text("次检查", "exams"),
    "triple_protection": Text("人次", "visits"),
    "assisted_care": Text("人次", "visits"),
    "listed_care": Text("人次", "visits"),
}
# Stocks stand at the end of a year, whatever flows beside them.
_STOCKS = ("persons", "listed_persons", "closing_balance_yuan")
_PARTS = {
    "counted": Text("计入的行", "rows counted"),
    "deciding": Text("判定计入与否、计入何处的行", "rows that decide whether and where those count"),
    "register": Text("整表查用的登记表", "registers looked up as a whole"),
}
STATUS = {
    "provisional": Text("暂定", "provisional"),
    "final": Text("定稿", "final"),
    "not_computable": Text("不可计算", "not computable"),
    "suppressed": Text("不公布", "withheld"),
}


def render(explanation: Explanation, language: str = "zh", all_files: bool = False) -> str:
    """The whole explanation as lines of text; without `all_files` the largest files of each table."""
    chinese = language == "zh"
    lines = [_heading(explanation, language)]
    if explanation.synthetic:
        lines.append("合成数据，并非真实统计。" if chinese else "Synthetic data, not real statistics.")
    lines += ["", *_figure(explanation, language), "", *_definition(explanation, language), ""]
    lines += [
        *_terms(explanation, language),
        *_returned(explanation, language),
        "",
        *_files(explanation, language, all_files),
        "",
        *_checks(explanation, language),
    ]
    lines += ["", *_published(explanation, language)]
    return "\n".join(lines).rstrip() + "\n"


def _heading(one: Explanation, language: str) -> str:
    parts = [one.name.in_language(language), one.indicator_id]
    if one.alias_of:
        parts.append(f"= {one.alias_of}")
    period = when(one.year, one.breakdown, one.month).in_language(language)
    where = f"{one.region_code} {place_name(one.region_code, one.region_name, language)}"
    scope = (
        f" · {named(one.breakdown, one.member, language)}" if one.breakdown not in ("total", "month", TO_DATE) else ""
    )
    return f"{' · '.join(parts)} · {period} · {where}{scope}"


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
    value = shown(one.value, one.unit, one.decimals, language)
    stored = f"{'存储值' if chinese else 'stored'} {Decimal(repr(one.value)):f} {one.unit}"
    lines = [f"{'数值' if chinese else 'Value'}: {value} ({status}; {stored})"]
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
    return lines + [f"  {_term(one, term, language)}" for term in one.terms]


def _term(one: Explanation, term: TermTrace, language: str) -> str:
    """One term, of the period of the value; what sums to nothing because there are no data to sum is no 0."""
    chinese = language == "zh"
    sign = "" if term.coefficient == 1 else f"{term.coefficient.normalize():f} × "
    labels = ", ".join(f"{label}={member}" for label, member in term.labels)
    members = [name for label, member in term.labels if (name := named(label, member, language)) != member]
    words = f" ({'、'.join(members) if chinese else ', '.join(members)})" if members else ""
    period = when(term.year, one.breakdown, one.month).in_language(language)
    if one.month is None and term.measure in _STOCKS:
        period = Text(f"{term.year} 年末", f"end of {term.year}").in_language(language)
    counted = _COUNTED.get(term.cube, Text("个单位", "units")).in_language(language)
    units = f"{term.rows:,} {counted}" if term.rows else ""
    if getattr(one, term.role) is None and not term.amount:
        amount = "无数据" if chinese else "no data"
    elif term.rows and term.amount == term.rows:
        amount = ""  # what is counted says it all
    else:
        amount = _number(term.amount) + (f" {unit_name('元', language)}" if term.measure.endswith("_yuan") else "")
    told = ", ".join(part for part in (amount, units) if part)
    return (
        f"{_ROLES[term.role].in_language(language)}{words} {sign}{term.cube}.{term.measure}[{labels}] {period} = {told}"
    )


def _returned(one: Explanation, language: str) -> list[str]:
    """Who returned the figures that no row data give, and when."""
    chinese = language == "zh"
    lines = ["", "部门填报：" if chinese else "Returned by departments:"] if one.returned else []
    for figure in one.returned:
        amount = f"{figure.value:,.6f}".rstrip("0").rstrip(".")
        name = figure.name.in_language(language)
        told = f"{figure.department}，{figure.as_of} 填报" if chinese else f"{figure.department}, {figure.as_of}"
        unit = unit_name(figure.unit, language)
        lines.append(
            f"  {name} ({figure.item_id}) {figure.period}: {amount} {unit}{'（' if chinese else ' ('}{told}{'）' if chinese else ')'}"
        )
    return lines


def _files(one: Explanation, language: str, all_files: bool) -> list[str]:
    """By table: what is counted, what decides about it, what is looked up."""
    tables: dict[tuple[str, str], list[SourceFile]] = {}
    for file in one.files:
        tables.setdefault((file.part, file.extract), []).append(file)
    counted = sum(file.rows for file in one.files if file.part == "counted")
    names = len({extract for _, extract in tables})
    if language == "zh":
        lines = [f"来源：{counted:,} 行计入，共涉及 {names} 张表、{len(one.files)} 个文件"]
    else:
        lines = [f"Rows: {counted:,} counted; {names} tables and {len(one.files)} files concerned in all"]
    for part, title in _PARTS.items():
        of_part = {extract: files for (place, extract), files in tables.items() if place == part}
        if of_part:
            lines.append(f"  {title.in_language(language)}{'：' if language == 'zh' else ':'}")
        for extract, files in of_part.items():
            lines += _table(extract, files, language, all_files)
    return lines


def _table(extract: str, files: list[SourceFile], language: str, all_files: bool) -> list[str]:
    contract = load_contracts().get(extract)
    name = Text(contract.name_zh, contract.name_en).in_language(language) if contract else ""
    rows = sum(file.rows for file in files)
    told = Text(f"{rows:,} 行，{len(files)} 个文件", f"{rows:,} rows, files: {len(files)}").in_language(language)
    lines = [f"    {extract} {name}{'：' if language == 'zh' else ': '}{told}"]
    chosen = files if all_files else files[:SHOWN_FILES]
    lines += [f"      {one.rows:>10,}  {one.source_file}  sha256 {one.sha256}  load {one.load_id}" for one in chosen]
    rest = len(files) - len(chosen)
    if rest:
        more = Text(f"      …… 另有 {rest} 个文件（--all 全列）", f"      … {rest} more files (--all lists them)")
        lines.append(more.in_language(language))
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
        place = (
            f"{figure.geography} {place_name(figure.geography, figure.geography_name.in_language(language), language)}"
        )
        told = f"{about} {figure.value:,.10g} {figure.unit}".strip()
        lines.append(
            f"  {place} {figure.year} {vintage}: {told} ({'; '.join(part for part in (source, note) if part)})"
        )
    return lines
