"""Workbooks that would lose rows or digits are refused in words; a sheet of notes or an empty one is no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from tests.intake_world import Home, row

HEADER = ["admdvs", "admdvs_name", "prnt_admdvs", "admdvs_lv", "begndate", "enddate"]
REGION = ["520100", "贵阳市", "520000", "2", "2015-01-01", ""]


def sheets(home: Home, **content: list[list[object]]) -> tuple[str, str, int]:
    """Land a workbook; status, reason and accepted rows of its file."""
    with xlsxwriter.Workbook(str(home.landing / "admdvs_dim_a.xlsx")) as book:
        for name, rows in content.items():
            sheet = book.add_worksheet(name)
            for place, cells in enumerate(rows):
                sheet.write_row(place, 0, cells)
    (outcome,) = home.run().files
    return outcome.status, str(outcome.reason or ""), outcome.rows_accepted


def test_rows_in_two_sheets_are_not_lost(tmp_path: Path) -> None:
    status, reason, _ = sheets(Home(tmp_path / "home"), one=[HEADER, REGION], two=[HEADER, REGION, REGION])
    assert status == "refused" and "Several sheets" in reason and "one" in reason and "two" in reason


@pytest.mark.parametrize(
    "other",
    [[["admdvs", "note"], ["520100", "x"]], [HEADER], [["notes"], ["of the clerk"]]],
    ids=["notes", "empty", "words"],
)
def test_a_sheet_beside_that_holds_no_rows_of_the_extract_is_no_harm(tmp_path: Path, other: list[list[object]]) -> None:
    assert sheets(Home(tmp_path / "home"), beside=other, data=[HEADER, REGION])[0::2] == ("loaded", 1)


def test_numbers_that_excel_has_cut_are_no_identifiers(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    cells = row("setl_d", 1)
    with xlsxwriter.Workbook(str(home.landing / "setl_d_1.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(cells))
        sheet.write_row(1, 0, list(cells.values()))
        for place, (name, cell) in enumerate(cells.items()):
            if name == "psn_no":
                sheet.write_number(2, place, float(cell))
            else:
                sheet.write_string(2, place, cell)
    (outcome,) = home.run().files
    assert outcome.status == "refused"
    assert "Row 3, psn_no" in str(outcome.reason) and "15" in str(outcome.reason)
