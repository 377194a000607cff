"""Tracing printed figures to the database: text = tables = database, and every number has its trace.

Belongs here: comparing what `documents` and `web_page` read with the published values, and the two small tables that are judged,
`ops.document_file` and `ops.document_figure`. Does not belong here: reading files, verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from dagster_project.checks import documents
from dagster_project.checks.documents import Publication
from dagster_project.checks.web_page import DECIMAL, Page, PageCell, unmarked
from dagster_project.durable import durable_step
from dagster_project.warehouse import roll_back

_FILE = (
    "run_id varchar, year integer, vintage varchar, document varchar, bytes bigint, sha256 varchar, "
    "declared_sha256 varchar, has_synthetic_mark boolean"
)
_FIGURE = (
    "run_id varchar, year integer, vintage varchar, document varchar, place varchar, indicator_id varchar, "
    "figure_year integer, region_code varchar, kind varchar, printed varchar, expected varchar, has_trace boolean, "
    "agrees boolean"
)
_SCALE = {"万": 1e4, "亿": 1e8}
_CLOSE = 1e-9
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Traced:
    """A printed figure, whether the database has it, and whether it prints what the database says."""

    document: str
    place: str
    indicator_id: str
    year: int | None
    region_code: str
    kind: str
    printed: str
    expected: str
    has_trace: bool
    agrees: bool


@dataclass
class Database:
    """Published annual values of one vintage, and the reference figures of other publishers."""

    values: dict[tuple[str, int, str, str], list[tuple[str, float | None]]] = field(default_factory=dict)
    references: dict[tuple[str, int, str], list[float]] = field(default_factory=dict)

    def level(self, row: dict[str, Any], year: int) -> tuple[bool, float | None]:
        """Whether the database has the cell of a register row in a year, and its value (None: none, or suppressed)."""
        found = self.values.get((row["indicator_id"], year, str(row["region_code"]), row["labels"]), [])
        own = [value for definition, value in found if year != int(row["year"]) or definition == row["definition_id"]]
        chosen = own or [value for _, value in found]
        return bool(chosen), chosen[0] if chosen else None


def record(connection: duckdb.DuckDBPyConnection, found: list[Publication], run_id: str) -> None:
    """Replace the two tables of documents by what these publications hold, both or neither; drop them when there is none."""
    connection.execute("begin")
    try:
        _replace(connection, found, run_id)
        with durable_step("checks.record_documents"):
            connection.execute("commit")
    except BaseException:
        roll_back(connection)
        raise


def _replace(connection: duckdb.DuckDBPyConnection, found: list[Publication], run_id: str) -> None:
    for table, columns in (("document_file", _FILE), ("document_figure", _FIGURE)):
        connection.execute(f"drop table if exists ops.{table}")
        if found:
            connection.execute(f"create table ops.{table} ({columns})")
    for publication in found:
        start = (run_id, publication.year, publication.vintage)
        files = [(*start, *facts) for facts in documents.file_facts(publication)]
        connection.executemany(f"insert into ops.document_file values ({_places(8)})", files)
        figures = [(*start, *traced.__dict__.values()) for traced in trace(connection, publication)]
        if figures:
            _insert(connection, figures)


def _insert(connection: duckdb.DuckDBPyConnection, figures: list[tuple[Any, ...]]) -> None:
    """One statement with lists, because thousands of single inserts take seconds."""
    columns = [list(column) for column in zip(*figures, strict=True)]
    names = [definition.split()[0] for definition in _FIGURE.split(", ")]
    unnested = ", ".join(f"unnest(?) as {name}" for name in names)
    connection.execute(f"insert into ops.document_figure select {unnested}", columns)


def _places(count: int) -> str:
    return ", ".join("?" * count)


def trace(connection: duckdb.DuckDBPyConnection, publication: Publication) -> Iterator[Traced]:
    """Every printed figure of a publication that can be read, with its trace."""
    present = {name for name in documents.MAIN_FILES if (publication.folder / name).is_file()}
    if "bulletin.xlsx" not in present:
        return
    register = documents.figure_register(publication.folder / "bulletin.xlsx")
    database = _database(connection, publication)
    yield from (_registered(row, database) for row in register)
    printed = {str(row["printed"]) for row in register}
    if "bulletin.docx" in present:
        for text in documents.word_paragraphs(publication.folder / "bulletin.docx"):
            for number in DECIMAL.findall(text):
                yield Traced("bulletin.docx", text[:40], "", None, "", "", number, "", number in printed, True)
    if "bulletin.html" in present:
        page = Page((publication.folder / "bulletin.html").read_text(encoding="utf-8"))
        yield from _page_figures(page, register)
        yield from _tables(page, documents.table_sheets(publication.folder / "bulletin.xlsx"))


def _database(connection: duckdb.DuckDBPyConnection, publication: Publication) -> Database:
    """The values behind a publication: its own rows when it is frozen, the working rows otherwise."""
    database = Database()
    frozen = bool(publication.descriptor.get("frozen"))
    own = "vintage = $vintage" if frozen else "vintage not in (select distinct vintage from publication.frozen_value)"
    query = f"""
        select indicator_id, year, region_code, definition_id, value,
            case breakdown when 'total' then '' when 'scheme' then 'scheme=' || scheme
                when 'member_status' then 'member_status=' || member_status
                when 'hospital_tier' then 'hospital_tier=' || hospital_tier
                when 'visit_type' then 'visit_type=' || visit_type
                when 'travel_class' then 'travel_class=' || travel_class
                else other_dimension || '=' || other_member end
        from publication.indicator_value where period_kind = 'year' and {own}
    """
    parameters = {"vintage": publication.vintage} if frozen else {}
    for indicator, year, region, definition, value, labels in connection.execute(query, parameters).fetchall():
        database.values.setdefault((indicator, year, region, labels), []).append((definition, value))
    query = "select indicator_id, year, geography, value from indicator.published_reference"
    for indicator, year, region, value in connection.execute(query).fetchall():
        database.references.setdefault((indicator, int(year), region), []).append(float(value))
    return database


def _registered(row: dict[str, Any], database: Database) -> Traced:
    """A figure of the workbook's register against the database, and its digits against its value."""
    year, value = int(row["year"]), row["value"]
    has_trace, expected = _expected(row, year, database)
    if value == "":
        agrees = expected is None or row["kind"] in ("change", "growth")
    else:
        alike = [one for one in expected or () if _close(abs(one), abs(float(value)))]
        agrees = bool(alike) and _prints(row)
    shown = "" if expected is None else " | ".join(f"{one:.12g}" for one in expected)
    return Traced(
        "bulletin.xlsx", str(row["place"]), row["indicator_id"], year, str(row["region_code"]), row["kind"],
        f"{row['printed']} {row['unit']}".strip(), shown, has_trace, agrees,
    )  # fmt: skip


def _expected(row: dict[str, Any], year: int, database: Database) -> tuple[bool, list[float] | None]:
    """Whether the database has the figure, and the values it may have (None where it has no value there)."""
    if row["kind"] == "reference":
        references = database.references.get((row["indicator_id"], year, str(row["region_code"])), [])
        return bool(references), references or None
    has_now, now = database.level(row, year)
    if row["kind"] not in ("change", "growth"):
        # A figure that the database has no row for is printed as a marker, which needs no trace.
        return has_now or row["value"] == "", None if now is None else [now]
    has_before, before = database.level(row, year - 1)
    if now is None or before is None:
        return (has_now and has_before) or row["value"] == "", None
    return True, [now - before if row["kind"] == "change" else 100 * (now / before - 1) if before else 0.0]


def _close(left: float, right: float) -> bool:
    return abs(left - right) <= _CLOSE * max(1.0, abs(left), abs(right))


def _factor(unit: str) -> float:
    return _SCALE.get(unit[:1], 1.0) if len(unit) > 1 else 1.0


def _prints(row: dict[str, Any]) -> bool:
    """Whether the printed digits are the value, in the printed unit, rounded to as many decimals."""
    printed = str(row["printed"]).replace(",", "")
    scaled = float(row["value"]) * _factor(str(row["declared_unit"])) / _factor(str(row["unit"]))
    half = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    return abs(float(printed) - scaled) <= half * (1 + 1e-6) + _CLOSE * abs(scaled)


def _page_figures(page: Page, register: list[dict[str, Any]]) -> Iterator[Traced]:
    """Figures of the web page against the register, and decimals in its text that no figure owns."""
    known: dict[tuple[str, int, str], set[str]] = {}
    for row in register:
        known.setdefault((row["indicator_id"], int(row["year"]), str(row["region_code"])), set()).add(
            str(row["printed"])
        )
    for figure in page.figures:
        texts = known.get((figure.indicator_id, figure.year, figure.region_code))
        yield Traced(
            "bulletin.html", "", figure.indicator_id, figure.year, figure.region_code, "", figure.printed, "",
            texts is not None, texts is None or figure.printed in texts,
        )  # fmt: skip
    for number in page.typed:
        yield Traced("bulletin.html", "text", "", None, "", "", number, "", False, True)


def _tables(page: Page, sheets: dict[int, list[list[Any]]]) -> Iterator[Traced]:
    """The same table on the page and in the workbook: the same cell in the same place.

    All figures are told, and of the other cells those whose text differs. Behind the rows of the page a sheet has nothing
    but its notes, a text in the first column.
    """
    for number in sorted(set(page.tables) | set(sheets)):
        rows, sheet = page.tables.get(number, []), sheets.get(number)
        corner = rows[0][0].text if rows and rows[0] else None
        start = next((place for place, row in enumerate(sheet or ()) if row and row[0] == corner), 0)
        body = (sheet or [])[start:]
        for place in range(max(len(rows), len(body))):
            on_page = rows[place] if place < len(rows) else []
            in_book = body[place] if place < len(body) else []
            for column in range(0 if on_page else 1, max(len(on_page), len(in_book))):
                cell = on_page[column] if column < len(on_page) else PageCell("", False)
                value = in_book[column] if column < len(in_book) else ""
                is_figure, agrees = _same(cell, value)
                if is_figure or not (agrees or sheet is None):
                    heads = [one.text for one in (*on_page[:1], *(rows[0][column : column + 1] if rows else ()))]
                    yield Traced(
                        "bulletin.xlsx", " · ".join([f"表{number}", *heads]), "", None, "", "table", str(value),
                        cell.text, True, agrees,
                    )  # fmt: skip


def _same(cell: PageCell, value: Any) -> tuple[bool, bool]:
    """Whether a cell is a figure (the workbook holds a number, or the page marks one), and whether both print the same."""
    printed = unmarked(cell.text).replace(",", "")
    is_number = _NUMBER.fullmatch(printed) is not None
    if isinstance(value, int | float):
        return True, is_number and _close(float(printed), float(value))
    if cell.is_figure and is_number:
        return True, False
    return False, cell.text == str(value).strip()
