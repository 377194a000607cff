"""Plain cells: what a column is spared because of them would have changed nothing (`ingest/plain.py`)."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.contracts import Column, load_contracts, null_words
from dagster_project.ingest import load, values
from dagster_project.ingest.codes import REGIONS, code_names, code_sets, known_codes
from dagster_project.ingest.entries import entries_of
from dagster_project.ingest.header import HeaderMatch
from dagster_project.ingest.plain import Plain, kept_values, pattern_of
from dagster_project.ingest.readable import Source
from dagster_project.ingest.store import literal
from tests.intake_world import Home, row, rows, text

# Cells of one to three of these pieces, among them everything that intake treats with care, and what is plain somewhere.
_PIECES = [
    "1",
    "0",
    "07",
    "520100",
    "2024",
    "-02",
    "-29",
    "-30",
    "-",
    "+",
    ".",
    ".0",
    "e",
    "E5",
    "A",
    "z",
    " ",
    "\t",
    "０",
    "甲",
    "\u3000",
    "_",
]
CELLS = sorted(
    {"".join(drawn) for length in (1, 2, 3) for drawn in product(_PIECES, repeat=length)}
    | {*null_words(), "1899-12-31", "2101-01-01", "2100-12-31", "2024-13-01", "99999999999999.99", "100000000000000.00", "-0.5"}
    | {row["code"] for rows in code_sets().values() for row in rows}
    | {row["name_zh"] for rows in code_sets().values() for row in rows}
)  # fmt: skip
# Columns that are alike in all that becomes of a cell are asked once.
COLUMNS = {
    (c.type, c.precision, c.scale, c.length, c.code_set, c.pad, c.form, c.open_end, c.by_name, c.name == "certno"): c
    for contract in load_contracts().values()
    for c in contract.columns
}

# One column of text of each kind.
KINDS_OF_TEXT = {
    (bool(c.code_set), c.code_set == REGIONS, c.pad, c.form, c.by_name): c
    for c in COLUMNS.values()
    if c.type == "varchar" and c.landed == "as_is"
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: str(column.name))
def test_a_plain_cell_is_what_careful_reading_makes_of_it(column: Column) -> None:
    pattern = pattern_of(column)
    if not pattern:
        return
    names = code_names().get(column.code_set or "", {}) if column.by_name else {}
    careful = values.typed("cleaned", "VARCHAR", column, names)
    rounded = values.rounded("cleaned", "VARCHAR", column) or "false"
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select cell, cleaned, {careful}, {values.typed_plainly('cell', column)}, {rounded.replace('cleaned.text', 'cleaned')} "
            f"from (select cell, {values.without_null_words('cleaned', 'VARCHAR')} as cleaned from "
            f"(select cell, {values.trimmed('cell', 'VARCHAR')} as cleaned from (select unnest($1::varchar[]) as cell))) "
            f"where cell <> '' and regexp_full_match(cell, {literal(f'({pattern})?')})",
            [CELLS],
        ).fetchall()
    assert found, "the pattern takes some of the cells"
    for cell, cleaned, carefully, plainly, is_rounded in found:
        assert (cleaned, carefully, is_rounded) == (cell, plainly, False), cell
        if column.code_set and column.code_set != REGIONS:
            assert cell in known_codes(column.code_set)
            assert len(cell) <= column.length


@pytest.mark.parametrize("few_rows", [load.FEW_ROWS, 0], ids=["a small file", "a large file"])
def test_one_cell_that_is_not_plain_takes_its_column_back_to_careful_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_rows: int
) -> None:
    """Few values, so that the file keeps them as a dictionary: all plain, all but one, and with empty cells; a large file's are
    written as enumerations, which are read as the same text."""
    monkeypatch.setattr(load, "FEW_ROWS", few_rows)
    table = [*rows("setl_d", 40), row("setl_d", 41, hosp_lv="3"), row("setl_d", 42, hosp_lv=" 03", gend="")]
    table += [
        row("setl_d", 43, refd_setl_flag="9"),
        row("setl_d", 44, enddate="2024-02-30"),
        row("setl_d", 45, med_type=""),
    ]
    table += [row("setl_d", 46, fix_blng_admdvs="998877"), row("setl_d", 47, clr_optins="998877")]
    home = Home(tmp_path / "home")
    home.put("setl_d_1.csv", text(table))
    home.run()
    assert home.query("select distinct hosp_lv from raw.setl_d where source_row in (41, 42)") == [("03",)]
    assert home.rejected() == {43: ["code_unknown"], 44: ["date_form"], 45: ["required"], 46: ["code_unknown"]}
    assert home.value("select gend from raw.setl_d where source_row = 42") is None
    assert home.query("select distinct typeof(hosp_lv), typeof(gend), typeof(psn_type) from raw.setl_d") == [
        ("VARCHAR",) * 3
    ]
    assert home.query("select refd_setl_flag, count(*) from raw.setl_d group by 1") == [("0", 43)]
    assert home.query("select column_name, code, rows from ops.unmapped_code where code = '998877' order by 1") == [
        ("clr_optins", "998877", 1),
        ("fix_blng_admdvs", "998877", 1),
    ]


@pytest.mark.parametrize("column", KINDS_OF_TEXT.values(), ids=lambda column: str(column.name))
def test_values_kept_are_those_that_careful_reading_makes_of_the_entries(column: Column) -> None:
    contract = next(c for c in load_contracts().values() if column in c.columns)
    header = HeaderMatch({column.name: 0}, [], [])
    names = code_names().get(column.code_set or "", {})
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select distinct {values.typed('cleaned', 'VARCHAR', column, names)} from "
            f"(select {values.without_null_words('cleaned', 'VARCHAR')} as cleaned from "
            f"(select {values.trimmed('cell', 'VARCHAR')} as cleaned from (select unnest($1::varchar[]) as cell)))",
            [CELLS],
        ).fetchall()
        kept = kept_values(connection, contract, header, {0: CELLS}, {})
    assert set(kept[column.name]) == {value for (value,) in found} - {None}
    plain = sorted(cell for cell in CELLS if cell and re.fullmatch(pattern_of(column), cell))
    with duckdb.connect() as connection:
        assert kept_values(connection, contract, header, {0: ["", *plain]}, {column.name: Plain(True, False)}) == (
            {column.name: plain} if plain else {}
        )


def test_entries_are_those_that_some_row_has(tmp_path: Path) -> None:
    path = tmp_path / "few.parquet"
    listed = pa.DictionaryArray.from_arrays(pa.array([1, 1, None, 0] * 50), pa.array(["a", "", "nobody's"]))
    many = pa.array([str(number) for number in range(200)]).dictionary_encode()
    table = pa.table({"few": listed, "number": pa.array(range(200)), "many": many})
    pq.write_table(table, path)
    source = Source("", "", list(table.column_names), list(table.column_names), ["VARCHAR", "BIGINT", "VARCHAR"],
                    frozenset({0, 1}), 200, parquet=path)  # fmt: skip
    assert entries_of(source) == {0: ["", "a"]}
    assert entries_of(replace(source, coded=frozenset({0, 2})))[2] == sorted(many.to_pylist())
    path.write_bytes(path.read_bytes()[:-20])
    assert entries_of(source) == {}


def test_a_column_of_many_values_has_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"many": [str(number) for number in range(5001)], "few": ["1"] * 5001}), path)
    source = Source("", "", ["many", "few"], ["many", "few"], ["VARCHAR"] * 2, frozenset({0, 1}), 5001, parquet=path)
    assert entries_of(source) == {1: ["1"]}
