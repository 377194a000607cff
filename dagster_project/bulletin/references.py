"""Published figures of other publishers, clearly apart from the bulletin's own, and what their identities say.

Belongs here: the comparison tables and the findings on the reference series. Does not belong here: own figures, except in
the one column that they are compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.document import Inline, Inlines, Quoted, Row, Table, Words, YearRun, words
from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.grammar import with_unit
from dagster_project.bulletin.numbers import Unit

NATION = "100000"
_REGISTER = "indicator.published_reference"
_VINTAGES = {
    "bulletin": Words("统计公报", "Bulletin"),
    "data_series": Words("数据序列", "Data series"),
    "quick_report": Words("统计快报", "Quick report"),
    "press": Words("新闻发布", "Press"),
}
_BEST_FIRST = tuple(_VINTAGES)
_QUALIFIERS = {"over": Words("超过", "over "), "about": Words("约", "about ")}
_PROVINCE_YEARS = 3
_IDENTITIES = "indicator.identity_result"
_HOLDING = ("holds", "pass", "not_applicable")


def reference_figure(book: FigureBook, row: Mapping[str, Any]) -> Figure:
    """A published figure, as printed by its publisher: its own unit, all of its digits."""
    value = Decimal(str(row["value"]))
    # A DOUBLE column gives 132662.0 for a printed 132662; the digits after the point are those that say something.
    value = value.normalize()
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    entry = book.entries.get(row["indicator_id"])
    name = entry.name if entry else None
    figure = book.figure(row["indicator_id"], int(row["year"]), row["geography"])
    return Figure(
        indicator_id=row["indicator_id"],
        year=int(row["year"]),
        region_code=row["geography"],
        definition_id="",
        kind="reference",
        name=name or figure.name,
        unit=Unit(row["unit"]),  # as printed: a published figure is never rescaled
        decimals=decimals,
        value=value,
        status="published",
        qualifier=str(row.get("qualifier") or ""),
        source=str(row.get("source") or ""),
    )


def _shown(figure: Figure) -> Inlines:
    parts: list[Inline] = with_unit(figure, figure.unit)
    qualifier = _QUALIFIERS.get(figure.qualifier)
    return ((qualifier,) if qualifier else ()) + tuple(parts)


def best_row(rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The row of the most settled vintage; a figure marked as misprint is never taken."""
    usable = [row for row in rows if "misprint" not in str(row.get("note") or "")]
    ranked = sorted(usable, key=lambda row: _BEST_FIRST.index(row["vintage"]) if row["vintage"] in _BEST_FIRST else 9)
    return ranked[0] if ranked else None


def _source(figure: Figure, names: Mapping[str, str]) -> Inlines:
    """Where a figure was published: the publisher in Chinese where he is known, and the rest of the register's text."""
    publisher, comma, rest = figure.source.partition(", ")
    known = names.get(publisher)
    return (Quoted(f"{known}，{rest}" if known and comma else known or figure.source, _REGISTER, figure.source),)


def national_table(book: FigureBook, number: int) -> Table | None:
    """Own figure beside the national ones of the reporting year and the year before."""
    year = book.sources.year
    register = book.sources.register(_REGISTER)
    wanted = register.filter(pl.col("geography") == NATION)
    by_key: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in wanted.iter_rows(named=True):
        by_key.setdefault((row["indicator_id"], int(row["year"])), []).append(row)
    rows = []
    for indicator in book.headline():
        found = [best_row(by_key.get((indicator, one), [])) for one in (year - 1, year)]
        if not any(found) or not book.has(indicator):
            continue
        own = book.figure(indicator)
        cells = [tuple(with_unit(own)), *(_shown(reference_figure(book, one)) if one else () for one in found)]
        latest = found[1] or found[0]
        vintage = _VINTAGES.get(latest["vintage"]) if latest else None
        cells.append((vintage,) if vintage else ())
        rows.append(Row((words(own.name.zh, own.name.en),), tuple(cells)))
    if not rows:
        return None
    columns = ((Words("本公报 ", "This bulletin "), YearRun(year), Words("年")),)
    nation = tuple((Words("全国 ", "National "), YearRun(one), Words("年")) for one in (year - 1, year))
    return Table(
        "reference_national",
        number,
        (Words("与全国公布数据对照", "Beside published national figures"),),
        (Words("指标", "Indicator"),),
        (*columns, *nation, (Words("全国数版本", "Vintage"),)),
        tuple(rows),
        notes=((Words("全国数为已公布的原数原单位，与本公报的统计范围和口径不尽相同，仅供参照。", "As published."),),),
        is_reference=True,
        text_columns=frozenset({3}),
    )


def province_table(book: FigureBook, number: int, publishers: Mapping[str, str]) -> Table | None:
    """What has been published about the province itself in the last years; `publishers` are their names in Chinese."""
    sources = book.sources
    register = sources.register(_REGISTER).filter(pl.col("geography") == sources.region)
    rows = []
    for row in register.sort("indicator_id", "year", "vintage").iter_rows(named=True):
        if not sources.year - _PROVINCE_YEARS < int(row["year"]) <= sources.year:
            continue
        figure = reference_figure(book, row)
        cells: tuple[Inlines, ...] = (
            (YearRun(figure.year),),
            _shown(figure),
            (_VINTAGES.get(row["vintage"], Words("")),),
            _source(figure, publishers),
        )
        name = book.entries[figure.indicator_id].register_name if figure.indicator_id in book.entries else figure.name
        rows.append(Row((words(name.zh, name.en),), cells))
    if not rows:
        return None
    region = sources.region_names.get(sources.region, sources.region)
    return Table(
        "reference_province",
        number,
        (Quoted(region, "core.dim_region"), Words("已公布数据", ", published figures")),
        (Words("指标", "Indicator"),),
        (
            (Words("年份", "Year"),),
            (Words("公布数", "Published"),),
            (Words("版本", "Vintage"),),
            (Words("出处", "Source"),),
        ),
        tuple(rows),
        notes=((Words("以上为公开发布的数字，不由本仓库计算。", "Published elsewhere; not computed here."),),),
        is_reference=True,
        text_columns=frozenset({2, 3}),
    )


def findings_table(book: FigureBook, number: int, exceptions: Mapping[str, str]) -> Table | None:
    """Identities of the published series that do not hold; `exceptions` explains the known ones, by id or id and year."""
    register = book.sources.register(_IDENTITIES)
    if register.is_empty() or "status" not in register.columns:
        return None
    failed = register.filter(~pl.col("status").is_in(list(_HOLDING)))
    rows = []
    for row in failed.sort("identity_id", "year").iter_rows(named=True):
        known = exceptions.get(f"{row['identity_id']} {row['year']}") or exceptions.get(row["identity_id"])
        is_known = row["status"] == "known_exception"
        note = str(row.get("note") or "")
        cells: tuple[Inlines, ...] = (
            (YearRun(int(row["year"])),),
            (Quoted(_in_words(book, str(row["expression"])), _IDENTITIES, str(row["expression"])),),
            (Quoted(_difference(row["difference"]), _IDENTITIES),),
            (Words("已知例外", "Known") if is_known else Words("待查", "Open"),),
            (Words(known) if known and is_known else Quoted(note, _IDENTITIES),),
        )
        rows.append(Row((Quoted(str(row["identity_id"]), _IDENTITIES),), cells))
    if not rows:
        return None
    columns = (
        ("年份", "Year"),
        ("应成立的关系", "Identity"),
        ("差额", "Difference"),
        ("性质", "Kind"),
        ("说明", "Note"),
    )
    return Table(
        "reference_findings",
        number,
        (Words("已公布数据中不成立的恒等式", "Identities that published figures do not obey"),),
        (Words("编号", "Id"),),
        tuple((Words(zh, en),) for zh, en in columns),
        tuple(rows),
        notes=(
            (Words("差额为等式左边减右边；成因系推断，引用前应核对原件。", "Left minus right; reasons are inferred."),),
        ),
        is_reference=True,
        text_columns=frozenset({1, 3, 4}),
    )


def _difference(value: Any) -> str:
    return "" if value is None else f"{Decimal(str(round(float(value), 2))).normalize():f}"


def _in_words(book: FigureBook, expression: str) -> str:
    """A formula over indicator ids as a formula over their Chinese names."""

    def name(match: re.Match[str]) -> str:
        indicator, _, vintage = match.group(0).partition("@")
        entry = book.entries.get(indicator)
        suffix = f"〔{_VINTAGES[vintage].zh}〕" if vintage in _VINTAGES else ""
        return (entry.register_name.zh if entry else indicator) + suffix

    text = re.sub(r"prev\(([^()]+)\)", r"上年\1", expression)
    text = re.sub(r"[a-z][a-z0-9_]{3,}(@[a-z_]+)?", name, text)
    return text.replace(" * ", "×").replace(" / ", "÷").replace(" - ", "－").replace(" + ", "＋").replace(" = ", " ＝ ")
