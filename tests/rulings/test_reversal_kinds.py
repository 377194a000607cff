"""The nine kinds of reversals in both measures, with and without the files that bring them (R1, R31, S2, L31, L36).

Belongs here: each kind twice in a prefecture of its own, once in years that the hand-made province tells as booked (`ledger`)
and once in years that it tells as known, and the numbers worked out by hand. Does not belong here: how rows are linked
(`dbt/models/core/_unit_tests.yml`), other rulings about settlements.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import undo, unload
from dagster_project.warehouse import connect
from tests.rulings.answers import Answers, Warehouse, numbers_of
from tests.rulings.landed import LEDGER_UNTIL
from tests.rulings.world import YEAR, Area, Row
from tests.state import differences, tables
from tests.warehouse_api import build_models, headline_frame, query, settings_of

# The December of each is settled in one year, the January after it in the next.
BOOKED, KNOWN = LEDGER_UNTIL - 1, YEAR
Numbers = tuple[tuple[int, int], tuple[int, int]]  # visits and yuan of the first year, visits and yuan of the next
NOTHING: Numbers = ((0, 0), (0, 0))
STANDS: Numbers = ((1, 100), (0, 0))
STRADDLES: Numbers = ((1, 100), (-1, -100))
STAY = {"med_type": "21"}


def settled(area: Area, year: int, month: int = 12, **cells: Any) -> Row:
    """One settlement of 100 yuan in the first delivery, unless said otherwise."""
    return area.settle(**({"when": datetime(year, month, 20, 10)} | cells))


def flagged(area: Area, row: Row, batch: str = "b2") -> None:
    """The original once more, now with the flag: a newer version of it."""
    area.add("setl_d", batch, **(row | {"refd_setl_flag": "1", "updt_time": "2026-01-05 00:00:00"}))


def mirrored(area: Area, row: Row, year: int, month: int = 1, batch: str = "b2") -> Row:
    """The mirror of a row, in the second delivery unless said otherwise."""
    return area.mirror(row, when=datetime(year, month, 28, 9), batch=batch)


def settled_again(area: Area, row: Row, **cells: Any) -> None:
    """The same encounter settled anew in the January after it: ten yuan more."""
    again = {"when": datetime(int(row["setl_time"][:4]) + 1, 1, 29, 10), "fee": 110, "batch": "b2"}
    area.settle(mdtrt_id=row["mdtrt_id"], **again, **cells)


def rows_same_month(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year)
        flagged(area, row)
        mirrored(area, row, year, 12)


def rows_other_month(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year, 10)
        flagged(area, row)
        mirrored(area, row, year, 12)


def rows_other_year(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year)
        flagged(area, row)
        mirrored(area, row, year + 1)


def rows_original_not_flagged(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        mirrored(area, settled(area, year), year + 1)


def rows_original_comes_late(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        mirrored(area, settled(area, year, batch="b2"), year + 1, batch="b1")


def rows_original_never_came(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        cells = {"init_setl_id": f"S-never-{year}", "refd_setl_flag": "1", "when": datetime(year + 1, 1, 28, 9)}
        area.settle(fee=-100, fund=-60, own=-10, pre=-10, **cells)


def rows_mirror_never_came(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        flagged(area, settled(area, year))


def rows_partial_return(area: Area) -> None:
    """100 yuan were charged and 20 given back before it was settled: a negative line, no reversal."""
    for year in (BOOKED, KNOWN):
        row = settled(area, year, fee=80)
        for number, charged in enumerate((100, -20)):
            copied = ("setl_id", "mdtrt_id", "psn_no", "fixmedins_code", "med_type", "vali_flag", "updt_time")
            line = {"bkkp_sn": f"F{row['setl_id']}{number}", "fee_ocur_time": row["setl_time"], "cnt": charged // 20}
            codes = {"hilist_code": "XA02BC", "med_list_codg": "XA02BC0001", "list_type": "101"}
            codes |= {"med_chrgitm_type": "09", "chrgitm_lv": "01"}
            amounts = {"det_item_fee_sumamt": charged, "inscp_amt": charged}
            area.add("fee_list_d", "b2", **line, **codes, **amounts, **{name: row[name] for name in copied})


def rows_reversal_reversed(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year)
        flagged(area, row)
        mirrored(area, mirrored(area, row, year, 12), year + 1)


def rows_reversal_reversed_later(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year)
        flagged(area, row, batch="b1")
        mirrored(area, mirrored(area, row, year, 12, batch="b1"), year + 1)


def rows_redone(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year)
        flagged(area, row)
        mirrored(area, row, year + 1)
        settled_again(area, row)


def rows_version_stays(area: Area) -> None:
    """As `other_year`; here the file is unloaded that brought the original first."""
    rows_other_year(area)


def rows_stay(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year, **STAY)
        flagged(area, row)
        mirrored(area, row, year + 1)


def rows_stay_redone(area: Area) -> None:
    for year in (BOOKED, KNOWN):
        row = settled(area, year, **STAY)
        flagged(area, row)
        mirrored(area, row, year + 1)
        settled_again(area, row, **STAY)


def rows_stay_discharge(area: Area) -> None:
    """An interim settlement stands; the discharge after it is reversed, so nobody is discharged."""
    for year in (BOOKED, KNOWN):
        interim = settled(area, year, 11, fee=30, fund=10, mid_setl_flag="1", **STAY)
        mirrored(area, settled(area, year, mdtrt_id=interim["mdtrt_id"], **STAY), year + 1)


# By kind: as known and as booked, with everything delivered.
DELIVERED: dict[str, tuple[Numbers, Numbers]] = {
    "same_month": (NOTHING, NOTHING),
    "other_month": (NOTHING, NOTHING),
    "other_year": (NOTHING, STRADDLES),
    "original_not_flagged": (NOTHING, STRADDLES),
    "original_comes_late": (NOTHING, STRADDLES),
    "original_never_came": (NOTHING, ((0, 0), (-1, -100))),
    "mirror_never_came": (NOTHING, STANDS),
    "partial_return": (((1, 80), (0, 0)), ((1, 80), (0, 0))),
    "reversal_reversed": (STANDS, ((0, 0), (1, 100))),
    "reversal_reversed_later": (STANDS, ((0, 0), (1, 100))),
    "redone": (((0, 0), (1, 110)), ((1, 100), (0, 10))),
    "version_stays": (NOTHING, STRADDLES),
    "stay": (NOTHING, STRADDLES),
    "stay_redone": (((0, 0), (1, 110)), ((1, 100), (0, 10))),
    "stay_discharge": (((0, 30), (0, 0)), ((1, 130), (-1, -100))),
}
# The same after the files below were unloaded: what they reversed stands again, whichever measure tells it; a mirror whose
# original went is an orphan (S2), which is nothing as known and booked all the same.
UNLOADED: dict[str, tuple[Numbers, Numbers]] = dict.fromkeys(DELIVERED, (STANDS, STANDS)) | {
    "original_comes_late": (NOTHING, ((0, 0), (-1, -100))),
    "original_never_came": DELIVERED["original_never_came"],
    "partial_return": DELIVERED["partial_return"],
    "reversal_reversed_later": (NOTHING, NOTHING),
    "version_stays": DELIVERED["version_stays"],
    "stay_discharge": (((1, 130), (0, 0)), ((1, 130), (0, 0))),
}
FILES = [
    f"b2/setl_d_{kind}.csv"
    for kind in DELIVERED
    if kind not in ("original_never_came", "partial_return", "version_stays")
]
FILES += ["b2/fee_list_d_partial_return.csv", "b1/setl_d_version_stays.csv"]
# Visits of the pair of one year by month; only the ledger sees them.
MONTHS = [(BOOKED * 100 + 10, 1), (BOOKED * 100 + 12, -1)]


def told(answers: Answers, kind: str, first: int) -> Numbers:
    """Visits and yuan of the two years of a kind."""
    visits = "employee_inpatient_visits" if kind.startswith("stay") else "employee_outpatient_visits"
    years = [
        (int(answers(kind, visits, year)), int(answers(kind, "employee_medical_expense_total", year)))
        for year in (first, first + 1)
    ]
    return years[0], years[1]


def check(home: Path, built: Warehouse, expected: dict[str, tuple[Numbers, Numbers]]) -> None:
    """Hold all kinds in both measures against what the warehouse of a home tells."""
    answers = Answers("warehouse", built.world, numbers_of(headline_frame(home / "warehouse.duckdb")))
    found = {kind: (told(answers, kind, KNOWN), told(answers, kind, BOOKED)) for kind in expected}
    assert found == expected


@pytest.mark.parametrize("kind", DELIVERED)
def test_R1_R31_as_known_a_reversal_takes_its_original_away(answers: Answers, kind: str) -> None:
    assert told(answers, kind, KNOWN) == DELIVERED[kind][0]


def test_L36_as_booked_a_reversal_counts_where_it_lies_and_stays_do_as_well(built: Warehouse) -> None:
    check(built.world.home, built, DELIVERED)
    by_month = built.query(
        "select month, numerator::integer from indicator.indicator_value where indicator_id = 'employee_outpatient_visits' "
        "and period_kind = 'month' and region_code = ? and numerator <> 0 order by 1",
        [built.world.areas["other_month"].prefecture],
    )
    assert by_month == MONTHS


def test_L36_the_rows_behind_a_number_weigh_what_it_says(built: Warehouse) -> None:
    """A stay that was taken back is listed as its discharge and as the mirror of it, each in its own year."""
    rows = built.query(
        "select year, count(*) from indicator.trace_row where cube = 'visit' and region_code = ? group by 1 order by 1",
        [built.world.areas["stay"].prefecture],
    )
    assert rows == [(BOOKED, 1), (BOOKED + 1, 1)]


def test_L31_without_the_file_of_the_reversal_the_numbers_go_back_and_with_it_again(
    built: Warehouse, tmp_path: Path
) -> None:
    home, key = tmp_path / "home", built.world.home.parent / f"{built.world.home.name}.key"
    shutil.copytree(built.world.home, home, ignore=shutil.ignore_patterns("landing"))
    settings = settings_of(home, key)
    for move, expected in ((unload, UNLOADED), (undo, DELIVERED)):
        with connect(settings) as connection:
            for name in FILES:
                target = find_target(connection, settings, name, unloaded=move is undo)
                move(connection, settings, target, "test", "wrong file", "run")
        build_models(home, key)
        check(home, built, expected)
        if move is unload:
            orphans = (
                "select count(*) from core.settlement_link where is_mirror and is_valid and original_load_id is null"
            )
            assert query(home / "warehouse.duckdb", orphans) > built.query(orphans), "an orphan is a finding (S2)"
    assert differences(tables(home / "warehouse.duckdb"), tables(built.path)) == []
