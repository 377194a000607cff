"""Classes of expense of stays: charge lines as forms HI4.1 and HI7.1 add them up, in a province of their own that delivers lines whole.

Belongs here: the rows, what a statistician would add up by hand. Does not belong here: the forms' layout and rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from dagster_project.dictionary.variants import read_variant
from dagster_project.forms.filling import MODELS, Filled, fill
from dagster_project.forms.rules import compared
from dagster_project.indicator_trial import trial
from dagster_project.settings import Settings
from tests.rulings.landed import make_world
from tests.rulings.test_negotiated_rulings import charge
from tests.rulings.test_stay_rulings import stay
from tests.rulings.world import NEXT_YEAR, PROVINCE, YEAR, Area, World

CLASSES = ("drug_in", "drug_out", "item_in", "item_out", "facility_in", "facility_out")


def line(kind: str, group: str, amount: int, own: int = 0, **cells: Any) -> dict[str, Any]:
    """A line of a class, of which the person pays `own` wholly."""
    return {
        "list_type": kind, "med_chrgitm_type": group, "det_item_fee_sumamt": amount, "fulamt_ownpay_amt": own,
        "inscp_amt": amount - own, "hi_nego_drug_flag": "", **cells,
    }  # fmt: skip


def rows_L90(area: Area) -> None:
    """Stays of a year, one taken back, and care that is none; in the year after it a month of stays without lines."""
    first = stay(area, f"{YEAR}-03-01", f"{YEAR}-03-05", fee=1000, fund=600, own=150, pre=0, hosp_lv="05")
    lines = (line("101", "09", 200, 50), line("102", "10", 30), line("301", "08", 40, 40), line("201", "01", 120, 20))
    charge(area, first, *lines, line("101", "09", 500, vali_flag="0"))
    # What is left of the stay is a drug: 610, of which 40 are paid wholly.
    second = stay(
        area, f"{YEAR}-03-02", f"{YEAR}-03-09", fee=300, fund=100, own=0, pre=0, insutype="390", psn_type="1501"
    )
    charge(area, second, line("201", "05", 299))
    taken_back = stay(area, f"{YEAR}-03-02", f"{YEAR}-03-04", fee=700, own=0, pre=0)
    charge(area, taken_back, line("201", "05", 600))
    charge(area, area.mirror(taken_back), line("201", "05", -600))
    charge(area, area.settle(fee=400, when=datetime(YEAR, 3, 7)), line("101", "09", 300))
    for month in (3, 4):
        whole = stay(area, f"{NEXT_YEAR}-{month:02d}-01", f"{NEXT_YEAR}-{month:02d}-05", fee=100)
        charge(area, whole, line("201", "05", 50))
    stay(area, f"{NEXT_YEAR}-04-01", f"{NEXT_YEAR}-04-05", fee=12)  # more than a tenth of the month
    for year in (YEAR, NEXT_YEAR):
        area.settle(when=datetime(year, 12, 7))  # so that both years have a last quarter


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A province of this one prefecture, built once."""
    from tests.warehouse_api import build_home

    made = make_world(tmp_path_factory.mktemp("charge_classes"), ["test_charge_classes"])
    build_home(made.home)
    return made


def filled(world: World, year: int, variant: str = "stat_clock=setl_time") -> Filled:
    """The forms of a year."""
    home = Settings(home=world.home, key_file=world.home.parent / f"{world.home.name}.key", threads=2)
    with trial(home, *MODELS) as layer:
        return fill(layer.computed(read_variant(home, variant, PROVINCE).province), year, PROVINCE)


def cells(forms: Filled, form: str, row: str, year: int) -> list[tuple[int | None, str]]:
    """The six classes of a row at the end of a year, in yuan, each with why it is blank."""
    found = forms.cells.filter(
        pl.col("form") == form, pl.col("row") == row, pl.col("year") == year, pl.col("quarter") == 4,
        pl.col("region_code") == PROVINCE, pl.col("column").is_in(CLASSES),
    )  # fmt: skip
    by_column = {
        column: (None if value is None else value // 100, reason)
        for column, value, reason in found.select("column", "hundredths", "reason").iter_rows()
    }
    return [by_column[column] for column in CLASSES]


def test_L90_lines_of_stays_by_class_add_up_to_the_expense(world: World) -> None:
    forms = filled(world, YEAR)
    employees = [150 + 30 + 570, 50 + 40, 0, 40, 100, 20]
    assert cells(forms, "HI4.1", "inpatient", YEAR) == [(one, "") for one in employees]
    assert cells(forms, "HI4.1", "inpatient_secondary", YEAR) == [(one, "") for one in employees]
    held = compared(forms).filter(pl.col("rule") == "X04", pl.col("region_code") == PROVINCE)
    assert held.height and held["holds"].all()


def test_L90_a_month_whose_lines_are_not_whole_leaves_the_year_blank(world: World) -> None:
    assert cells(filled(world, NEXT_YEAR), "HI4.1", "inpatient", NEXT_YEAR) == [(None, "no_lines")] * 6
