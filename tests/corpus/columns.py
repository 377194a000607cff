"""Operators on typed tables: Parquet whose schema lies, workbooks whose cells are more than text.

Belongs here: types as delivered. Does not belong here: text (`cells.py`, `tables.py`), damage (`containers.py`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.corpus.odd import ROWS, Odd, by_column, good, parquet, workbook

EXTRACT = "population_ref"
# Amounts worked out by a sheet, as its markup keeps them, and what they are; the writer of the tests would round them.
MARK = 424242
SHEET_AMOUNTS = {
    "300.29999999999995": "300.30", "0.30000000000000004": "0.30", "9.9999999999909051E-2": "0.10",
    "296296296329.60999": "296296296329.61", "-0.30000000000000004": "-0.30", "1.0000000000000001E-12": "0.00",
    "300.3000001": "", "300.29500000000002": "",
}  # fmt: skip


def columns(numbers: Iterator[int]) -> Iterator[Odd]:
    """A file for every operator."""
    yield from _types(numbers)
    yield from _schemas(numbers)
    yield from _sheets(numbers)


def _types(numbers: Iterator[int]) -> Iterator[Odd]:
    for operator, extract, column, cells, value in (
        ("year as a number", EXTRACT, "year", [2024] * ROWS, "2024"),
        ("code as a float", EXTRACT, "admdvs", [520100.0] * ROWS, "520100"),
        ("amount as a float", "fund_ledger_m", "amt", [0.1 + 0.2] * ROWS, Decimal("0.30")),
        ("amount as text", "fund_ledger_m", "amt", [" .50"] * ROWS, Decimal("0.50")),
        ("amount as bytes", "fund_ledger_m", "amt", [b"1.50"] * ROWS, Decimal("1.50")),
        ("amount of another scale", "fund_ledger_m", "amt", [Decimal("1.5000")] * ROWS, Decimal("1.50")),
        ("date as a time", "fund_ledger_m", "as_of", [datetime(2024, 2, 1)] * ROWS, date(2024, 2, 1)),
        ("date as a number", "fund_ledger_m", "as_of", [20240201] * ROWS, date(2024, 2, 1)),
        ("text of few values", EXTRACT, "pop_kind", pa.array(["resident"] * ROWS).dictionary_encode(), "resident"),
        ("large text", EXTRACT, "pop_kind", pa.array(["常住"] * ROWS, pa.large_string()), "resident"),
        ("an identifier as a float that holds it", "psn_insu_d", "emp_no", [5201021987010.0] * ROWS, "5201021987010"),
        ("a whole number that is a NaN beside", "drg_dip_group_result", "pay_std", [float("nan")] * ROWS, None),
    ):
        number = next(numbers)
        content = parquet({**by_column(good(extract, number)), column: cells})
        yield Odd(operator, f"{extract}_{number}.parquet", content, "accepted", ROWS, raw={(1, column): value})
    for operator, extract, column, cells, says in (
        ("instants with a zone", "fund_ledger_m", "as_of", [datetime(2024, 2, 1, tzinfo=UTC)] * ROWS, "date_form"),
        ("dates before our time", "fund_ledger_m", "as_of", [date(1200, 2, 1)] * ROWS, "date_form"),
        ("amounts without end", "fund_ledger_m", "amt", [float("inf")] * ROWS, "number_form"),
        ("amounts that are true", "fund_ledger_m", "amt", [True] * ROWS, "number_form"),
        ("bytes that are no text", EXTRACT, "pop_kind", [b"\xff\xfe"] * ROWS, "required"),
        ("nothing where something is needed", EXTRACT, "persons", pa.nulls(ROWS), "required"),
        (
            "identifiers as floats that cannot hold them",
            "psn_insu_d",
            "emp_no",
            [5.20102198701011e17] * ROWS,
            "rounded",
        ),
        (
            "identifiers as short floats",
            "psn_insu_d",
            "emp_no",
            pa.array([52010219.0] * ROWS, pa.float32()),
            "rounded",
        ),
        ("codes without end", EXTRACT, "source_doc", [float("inf")] * ROWS, "rounded"),
        ("structs", EXTRACT, "source_doc", [{"a": 1}] * ROWS, "nested"),
        ("lists", EXTRACT, "year", [["2024"]] * ROWS, "nested"),
        ("maps", EXTRACT, "source_doc", pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())), "nested"),
    ):
        number = next(numbers)
        content = parquet({**by_column(good(extract, number)), column: cells})
        yield Odd(operator, f"{extract}_{number}.parquet", content, "refused", says=says)
    number = next(numbers)
    table = {**by_column(good("psn_insu_d", number)), "psn_insu_rlts_id": [7.0 + place for place in range(ROWS)]}
    table["psn_insu_rlts_id"][4] = 5.20102e17
    yield Odd(
        "a float that lost digits", f"psn_insu_d_{number}.parquet", parquet(table), "quarantined", ROWS,
        "identifier_rounded", held=1,
    )  # fmt: skip
    number = next(numbers)
    content = parquet({**by_column(good(EXTRACT, number)), "nobody_knows": [{"a": [1]}] * ROWS})
    yield Odd("structs in a column that nobody needs", f"{EXTRACT}_{number}.parquet", content, "accepted", ROWS)


def _schemas(numbers: Iterator[int]) -> Iterator[Odd]:
    number = next(numbers)
    content = parquet({**by_column(good(EXTRACT, number)), "file_row_number": [7] * ROWS})
    yield Odd(
        "a column named as the row's number", f"{EXTRACT}_{number}.parquet", content, "refused", says="file_row_number"
    )
    number = next(numbers)
    table = by_column(good(EXTRACT, number))
    twice = pa.Table.from_arrays([pa.array(cells) for cells in (*table.values(), table["year"])], [*table, "YEAR"])
    buffer = io.BytesIO()
    pq.write_table(twice, buffer)
    yield Odd("a column twice", f"{EXTRACT}_{number}.parquet", buffer.getvalue(), "refused", says="stand twice")
    number = next(numbers)
    yield Odd(
        "no row",
        f"{EXTRACT}_{number}.parquet",
        parquet(by_column(good(EXTRACT, number)), row_group_size=3),
        "accepted",
        ROWS,
    )
    for codec in ("gzip", "zstd", "brotli", "none", "lz4"):
        number = next(numbers)
        content = parquet(
            by_column(good(EXTRACT, number)), compression=codec, version="1.0" if codec == "gzip" else "2.6"
        )
        yield Odd(f"parquet in {codec}", f"{EXTRACT}_{number}.parquet", content, "accepted", ROWS)
    # The footer counts rows in a varint: the number of rows of the file is made another, the pages stay.
    number = next(numbers)
    whole = parquet(by_column(good(EXTRACT, number, 77)))
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    lying = whole[:footer] + whole[footer:].replace(b"\x16\x9a\x01", b"\x16\x9c\x01")
    yield Odd("other numbers of rows than it has", f"{EXTRACT}_{number}.parquet", lying, "refused", says="")


def _sheets(numbers: Iterator[int]) -> Iterator[Odd]:
    def made(fill: Callable[[Any, Any], None], extract: str = EXTRACT) -> tuple[str, bytes]:
        number = next(numbers)
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet()
        table = by_column(good(extract, number))
        for place, (name, cells) in enumerate(table.items()):
            sheet.write_string(0, place, name)
            for row, cell in enumerate(cells, 1):
                sheet.write_string(row, place, cell or "")
        fill(sheet, list(table))
        book.close()
        return f"{extract}_{number}.xlsx", buffer.getvalue()

    def at(column: str, write: str, *cell: Any) -> Callable[[Any, Any], None]:
        return lambda sheet, names: getattr(sheet, write)(3, names.index(column), *cell)

    for operator, extract, column, write, cell, value in (
        ("a number in a cell", EXTRACT, "persons", "write_number", (12,), Decimal(12)),
        ("a code as a number", EXTRACT, "admdvs", "write_number", (520100,), "520100"),
        ("the value of a formula", EXTRACT, "persons", "write_formula", ("=6+6", None, 12), Decimal(12)),
        (
            "a date in a date cell",
            "fund_ledger_m",
            "as_of",
            "write_datetime",
            (datetime(2024, 3, 1),),
            date(2024, 3, 1),
        ),
        (
            "a text that begins a formula",
            EXTRACT,
            "source_doc",
            "write_string",
            ('=cmd|" /C calc"!A0',),
            '=cmd|" /C calc"!A0',
        ),
        ("a link in a cell", EXTRACT, "source_doc", "write_url", ("https://example.org/",), "https://example.org/"),
    ):
        name, content = made(at(column, write, *cell), extract)
        yield Odd(operator, name, content, "accepted", ROWS, raw={(3, column): value})
    for operator, column, write, cell, rule in (
        ("a formula without a value", "persons", "write_formula", ("=1/0", None, "#DIV/0!"), "required"),
        ("an amount of a decimal too many", "amt", "write_number", (300.295,), "number_form"),
        ("an amount as text as a sheet keeps it", "amt", "write_string", ("300.29999999999995",), "number_form"),
        ("a serial that is no date cell", "as_of", "write_number", (45323,), "date_form"),
        ("a boolean for a code", "insutype", "write_boolean", (True,), "code_unknown"),
    ):
        extract = EXTRACT if column == "persons" else "fund_ledger_m"
        name, content = made(at(column, write, *cell), extract)
        yield Odd(operator, name, content, "quarantined", ROWS, rule, held=1)
    for cell, value in SHEET_AMOUNTS.items():
        name, content = made(at("amt", "write_number", MARK), "fund_ledger_m")
        content = rewritten(content, f"<v>{MARK}</v>", f"<v>{cell}</v>")
        said = f"an amount as a sheet keeps it: {cell}"
        if value:
            yield Odd(said, name, content, "accepted", ROWS, raw={(3, "amt"): Decimal(value)})
        else:
            yield Odd(said, name, content, "quarantined", ROWS, "number_form", held=1)
    name, content = made(lambda sheet, names: [sheet.write_string(3, place, "") for place in range(len(names))])
    yield Odd("a row that was cleared", name, content, "accepted", ROWS - 1)
    number = next(numbers)
    far = _strewn(workbook(good(EXTRACT, number)))
    yield Odd("a cell in the last corner of the sheet", f"{EXTRACT}_{number}.xlsx", far, "refused", says="too large")
    number = next(numbers)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet("说明").write_string(0, 0, "填表说明")
    sheet = book.add_worksheet("数据")
    for place, (heading, cells) in enumerate(by_column(good(EXTRACT, number)).items()):
        sheet.write_column(0, place + 2, [heading, *cells])
    book.close()
    yield Odd(
        "the second sheet, from its third column", f"{EXTRACT}_{number}.xlsx", buffer.getvalue(), "accepted", ROWS
    )
    number = next(numbers)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet().write_string(0, 0, "统计表")
    book.close()
    yield Odd("a title in place of a header", f"{EXTRACT}_{number}.xlsx", buffer.getvalue(), "refused", says="row 1")


def _strewn(book: bytes) -> bytes:
    """A workbook with one more cell, in the last row and column that Excel knows."""
    more = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    return rewritten(book, "</sheetData>", more)


def rewritten(book: bytes, was: str, becomes: str) -> bytes:
    """A workbook with other markup in the sheets that have it."""
    buffer, found = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.startswith("xl/worksheets/"):
                found += content.count(was.encode())
                content = content.replace(was.encode(), becomes.encode())
            new.writestr(part, content)
    assert found
    return buffer.getvalue()
