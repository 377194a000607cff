"""Workbooks that would lose rows or digits are refused in words; a sheet of notes or an empty one is no harm."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.corpus.columns import rewritten
from tests.intake_world import Home, parquet, row

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


def test_L81_amounts_freed_of_noise_are_counted_and_text_is_held(tmp_path: Path) -> None:
    """As a sheet keeps what it worked out, as a program writes it, as a text, and one that is a decimal too many."""
    home = Home(tmp_path / "home")
    amounts = [300.29999999999995, 0.1 + 0.2, 12.5, 40.0]
    table = [row("fund_ledger_m", n, ym=f"20240{n}", amt=repr(amount)) for n, amount in enumerate(amounts, 1)]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(table[0]))
    for line, amount in zip(table, amounts, strict=True):
        sheet.append([amount if name == "amt" else cell for name, cell in line.items()])
    path = home.landing / "fund_ledger_m_1.xlsx"
    book.save(path)  # by a writer that rounds; Excel does not
    for rounded, kept in (("300.3", amounts[0]), ("0.3", amounts[1])):
        path.write_bytes(rewritten(path.read_bytes(), f"<v>{rounded}</v>", f"<v>{kept!r}</v>"))
    parquet(home.landing / "fund_ledger_m_2.parquet", [line | {"insutype": "390"} for line in table], {"amt": "double"})
    home.put_rows("fund_ledger_m_3.csv", [line | {"insutype": "399"} for line in table])
    parquet(
        home.landing / "fund_ledger_m_4.parquet", [table[0] | {"insutype": "392", "amt": "300.295"}], {"amt": "double"}
    )
    taken = {file.source_file: file for file in home.run().files}
    assert {name: (file.rows_accepted, file.rows_quarantined) for name, file in taken.items()} == {
        "fund_ledger_m_1.xlsx": (4, 0), "fund_ledger_m_2.parquet": (4, 0), "fund_ledger_m_3.csv": (2, 2),
        "fund_ledger_m_4.parquet": (0, 1),
    }  # fmt: skip
    for insutype in ("310", "390"):
        told = home.query("select amt from raw.fund_ledger_m where insutype = ? order by ym", [insutype])
        assert told == [(Decimal("300.30"),), (Decimal("0.30"),), (Decimal("12.50"),), (Decimal("40.00"),)]
    counted = home.query(
        "select source_file, column_name, severity, unexpected from ops.rule_count join ops.load using (load_id) "
        "where rule_id = 'noise_removed' order by 1"
    )
    assert counted == [("fund_ledger_m_1.xlsx", "amt", "profile", 2), ("fund_ledger_m_2.parquet", "amt", "profile", 2)]
    assert "L81" in str(taken["fund_ledger_m_1.xlsx"].reason) and taken["fund_ledger_m_3.csv"].reason is not None
