"""A frozen vintage outlives every verb of the desk byte for byte, and `bulletin diff` tells what a late delivery would change in it.

Belongs here: one copy of the finished sample, one late delivery with numbers worked out by hand, the verbs one after the other.
Does not belong here: how a vintage is frozen (`tests/fault/test_publication_faults.py`), how a difference is told
(`tests/unit/test_vintages.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from dagster_project.bulletin import freeze, make_publication
from dagster_project.checks.store import newest_results
from dagster_project.desk.targets import find_target
from dagster_project.errors import ExitCode
from dagster_project.explain.vintages import FROZEN_FILE, Difference, compare
from dagster_project.keeping.backup import backup
from dagster_project.keeping.restore import restore
from dagster_project.verbs import codes, desk, quarantine, waivers
from dagster_project.warehouse import connect
from tests.conftest import SampleHome, copy_of
from tests.fault.test_command_faults import contents
from tests.fault.test_publication_faults import small_documents
from tests.rulings.world import Row, World
from tests.warehouse_api import BREAKDOWNS, build_models, query, settings_of, sorted_csv, take_in

YEAR, MONTH = 2025, 202506
PROVINCE, PREFECTURE, COUNTY = "520000", "520100", "520102"
LATE = 40
# What each settlement of the late delivery adds to, in yuan: fee 100, of which 80 in scope; the funds pay 60, the person 40 in cash.
FEE, FUND = 100, 60
# One visit in a prefecture: withheld where there are few.
CHRONIC = ("employee_chronic_outpatient_visits", "employee_chronic_expense")


def land(home: Path, batch: str, day: date, rows: list[Row]) -> None:
    """One delivery of settlements, marked as invented."""
    World(rows={(batch, "setl_d", batch): rows}).write(home / "landing", {batch: f"{day}T00:00:00"})


def late_rows() -> list[Row]:
    """Ordinary outpatient settlements of employees in one county and month; one whose amounts do not add up, one of an unknown care type."""
    area = World().area("late")
    place = {"insu_admdvs": COUNTY, "fix_blng_admdvs": COUNTY, "fixmedins_code": f"H{COUNTY}00001"}
    when = datetime(YEAR, MONTH % 100, 5, 10)
    rows = [area.settle(fee=FEE, fund=FUND, when=when, **place) for _ in range(LATE + 2)]
    rows[LATE]["psn_pay"] = 41
    rows[LATE + 1]["med_type"] = "9977"
    for number, row in enumerate(rows):
        row |= {name: f"LATE{name[0].upper()}{number:05d}" for name in ("setl_id", "mdtrt_id", "rid")}
        row["psn_no"] = f"990000PL{number:05d}"
    return rows


def moved(numbers: pl.DataFrame, region: str) -> dict[str, int]:
    """By indicator, how far the numerator of the year moved in a region, in the least broken-down row."""
    totals = sum(
        (pl.col(label).fill_null("total") == "total").cast(pl.Int32) for label in [*BREAKDOWNS, "other_member"]
    )
    rows = numbers.filter((pl.col("period_kind") == "year") & (pl.col("region_code") == region)).sort(totals)
    return {row["indicator_id"]: int(row["numerator_new"] - row["numerator"]) for row in rows.iter_rows(named=True)}


def held_against(found: Difference, visits: int, chronic: int, persons: int) -> None:
    """What moved is what ordinary and chronic outpatient care of active employees adds to, in the place and the month.

    A number that was withheld in either vintage is listed as well, and has not moved.
    """
    numbers = found.changes.drop_nulls(["numerator", "numerator_new"])
    assert set(numbers["region_code"]) == {PROVINCE, PREFECTURE} and set(numbers["scheme"]) == {"employee", "total"}
    assert set(numbers["year"]) == {YEAR} and numbers["month"].drop_nulls().min() == MONTH
    assert set(numbers.filter(pl.col("period_kind") == "month")["month"]) == {MONTH}
    every, fee = visits + chronic, (visits + chronic) * FEE
    expected = {
        "employee_outpatient_visits": visits, CHRONIC[0]: chronic, CHRONIC[1]: chronic * FEE,
        "employee_benefit_persons": persons, "employee_institution_visits": every, "employee_benefit_visits": every, "institution_visits_total": every,
        "employee_outpatient_expense": visits * FEE, "employee_institution_expense": fee,
        "employee_medical_expense_total": fee, "employee_active_expense": fee,
    }  # fmt: skip
    for region in (PROVINCE, PREFECTURE):
        told = moved(numbers, region)
        assert told == {name: by for name, by in expected.items() if name in told or (by and name not in CHRONIC)}, (
            region
        )


@pytest.mark.long
def test_a_frozen_vintage_outlives_every_verb_and_the_difference_is_what_came_late(
    sample_home: SampleHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_documents(monkeypatch)
    home = copy_of(sample_home, tmp_path / "home")
    settings = settings_of(home, sample_home.key)

    def recompute() -> Difference:
        build_models(home, sample_home.key)
        make_publication(settings, YEAR, run_id="test")
        return compare(settings, YEAR, vintage)

    def untouched(verb: Callable[[], Any]) -> Any:
        """What a verb returns that must leave the vintage as it is."""
        done = verb()
        assert contents(folder) == kept
        rows = query(settings.warehouse, "select count(*) from publication.frozen_value where vintage = ?", [vintage])
        assert rows == [(pl.read_parquet(folder / FROZEN_FILE).height,)]
        return done

    make_publication(settings, YEAR, run_id="test")
    frozen = freeze(settings, YEAR, "quick_report")
    folder, vintage, kept = frozen.folder, frozen.vintage, contents(frozen.folder)
    assert compare(settings, YEAR, vintage).changes.is_empty()
    before = sorted_csv(settings.warehouse)

    rows = late_rows()
    land(home, "late", date(2026, 2, 20), rows)
    untouched(lambda: take_in(home, sample_home.key))
    held_against(untouched(recompute), LATE, 0, LATE)

    # Ten of them are not valid, and twelve more were left out.
    more = [
        row | {name: row[name].replace("LATE", "MORE") for name in ("setl_id", "mdtrt_id", "rid")} for row in rows[:12]
    ]
    corrected = [row | {"vali_flag": "0", "updt_time": "2026-02-22 00:00:00"} for row in rows[:10]] + more
    land(home, "correction", date(2026, 2, 25), corrected)
    untouched(lambda: take_in(home, sample_home.key))

    book = tmp_path / "held.xlsx"
    quarantine.show(settings, "setl_d", book, False)
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["setl_d"]
    head = [cell.value for cell in sheet[1]]
    (line,) = [
        place for place in range(2, sheet.max_row + 1)
        if str(sheet.cell(place, head.index("psn_pay") + 1).value) == "41"
        and str(sheet.cell(place, head.index("setl_id") + 1).value).startswith("LATE")
    ]  # fmt: skip
    sheet.cell(line, head.index("psn_pay") + 1).value = FEE - FUND
    workbook.save(book)
    assert untouched(lambda: quarantine.take(settings, book, build=False)) in (ExitCode.DONE, ExitCode.PARTLY)
    mapped = ["map", "med_type", "9977", "chronic_outpatient"]
    untouched(lambda: codes.codes(settings, mapped, "test", "", build=False))
    untouched(lambda: codes.codes(settings, ["reread"], "test", "", build=False))
    # The twelve are of persons who were there before; what is corrected and what is mapped are one more person each.
    held_against(untouched(recompute), LATE + 3, 1, LATE + 2)

    with connect(settings) as connection:
        finding = next(result.check_name for result in newest_results(connection) if result.status == "warn")
    waived = untouched(lambda: waivers.waive(settings, finding, "", "", "known", "test", date(2026, 3, 31)))
    assert waived == ExitCode.DONE

    # What was corrected at the desk goes out with the file of the row, and comes back with it (L31).
    wrong = ["late/setl_d_late.csv", "correction/setl_d_correction.csv"]
    for name in wrong:
        done = untouched(lambda name=name: desk.unload(settings, name, "wrong", "test", back=False, build=False))
        assert done == ExitCode.DONE
    assert untouched(recompute).changes.is_empty()
    assert sorted_csv(settings.warehouse) == before

    untouched(lambda: desk.unload(settings, wrong[0], "right", "test", back=True, build=False))
    held_against(untouched(recompute), LATE + 1, 1, LATE + 2)

    copy = backup(settings, tmp_path)
    again = settings_of(tmp_path / "restored", sample_home.key)
    untouched(lambda: restore(again, copy.folder))
    assert contents(again.publication / str(YEAR) / vintage) == kept
    held_against(compare(again, YEAR, vintage), LATE + 1, 1, LATE + 2)
    assert json.loads((folder / "release.json").read_text(encoding="utf-8"))["frozen"]
    with connect(again) as connection:
        assert find_target(connection, again, wrong[1], unloaded=True).loads
