"""Plain cells: what a column is spared because of them would have changed nothing (`ingest/plain.py`)."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import duckdb
import pytest

from dagster_project.contracts import Column, load_contracts, null_words
from dagster_project.ingest import values
from dagster_project.ingest.codes import REGIONS, code_names, code_sets, known_codes
from dagster_project.ingest.plain import pattern_of
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


def test_one_cell_that_is_not_plain_takes_its_column_back_to_careful_reading(tmp_path: Path) -> None:
    """Few values, so that the file keeps them as a dictionary: all plain, all but one, and with empty cells."""
    table = [*rows("setl_d", 40), row("setl_d", 41, hosp_lv="3"), row("setl_d", 42, hosp_lv=" 03", gend="")]
    table += [
        row("setl_d", 43, refd_setl_flag="9"),
        row("setl_d", 44, enddate="2024-02-30"),
        row("setl_d", 45, med_type=""),
    ]
    home = Home(tmp_path / "home")
    home.put("setl_d_1.csv", text(table))
    home.run()
    assert home.query("select distinct hosp_lv from raw.setl_d where source_row in (41, 42)") == [("03",)]
    assert home.rejected() == {43: ["code_unknown"], 44: ["date_form"], 45: ["required"]}
    assert home.value("select gend from raw.setl_d where source_row = 42") is None
