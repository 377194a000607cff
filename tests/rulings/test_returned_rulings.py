"""Cases of figures that departments return: what goes on from a cumulation, what is divided by a budget.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. The second route knows headline indicators only, so the answers are asked of the warehouse.
"""

from __future__ import annotations

from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, YEAR, Area

YEARS_HERE = (YEAR, NEXT_YEAR)


def returned(area: Area, item: str, year: int, value: float, unit: str, **cells: Any) -> None:
    """A departmental return for the prefecture of a case, told a few days after the year."""
    told = {"measure_kind": "flow_year", "return_dept": "处室", "as_of": f"{year + 1}-01-05"} | cells
    area.add("adm_return", period=str(year), admdvs=area.prefecture, indicator_id=item, value=value, unit=unit, **told)


def figure(built: Warehouse, case: str, indicator: str, year: int) -> tuple[Any, ...]:
    """Numerator, denominator, value and reason of an indicator in the prefecture of a case."""
    (row,) = built.query(
        "select numerator, denominator, value, reason from indicator.indicator_value "
        "where indicator_id = ? and year = ? and region_code = ? and breakdown = 'total'",
        [indicator, year, built.world.areas[case].prefecture],
    )
    return row


def rows_L50(area: Area) -> None:
    """A cumulation to the year before, returned twice, and two years after it."""
    returned(area, "ly_recovered", FIRST_YEAR, 10, "亿元", measure_kind="flow_cumulative")
    returned(area, "ly_recovered", FIRST_YEAR, 11, "亿元", measure_kind="flow_cumulative", as_of=f"{YEAR}-03-01")
    for year, recovered, refused in ((YEAR, 3, 1), (NEXT_YEAR, 4, 2)):
        returned(area, "fund_recovered", year, recovered, "亿元")
        returned(area, "fund_refused", year, refused * 10_000, "万元")


def rows_L50_gap(area: Area) -> None:
    """The years, but nobody said what had been before them."""
    for year in YEARS_HERE:
        returned(area, "fund_recovered", year, 1, "亿元")
        returned(area, "fund_refused", year, 1, "亿元")


def test_L50_a_sum_over_years_goes_on_from_the_newest_cumulation(built: Warehouse) -> None:
    values = {year: figure(built, "L50", "ly_recovered", year)[2] for year in (FIRST_YEAR, *YEARS_HERE)}
    assert values == {FIRST_YEAR: 11, YEAR: 11 + 4, NEXT_YEAR: 11 + 4 + 6}


def test_L50_a_sum_with_a_missing_year_has_no_value_and_names_the_years(built: Warehouse) -> None:
    above, _, value, reason = figure(built, "L50_gap", "ly_recovered", NEXT_YEAR)
    assert (above, value) == (None, None)
    assert (
        reason.startswith(f"累计缺少的年份：{FIRST_YEAR}（部门填报")
        and f"missing from the sum: {FIRST_YEAR} (" in reason
    )
    told = figure(built, "L50", "fund_expenditure_since_2018", YEAR)[3]
    assert told.startswith("累计缺少的年份：2018、2019、2020、2021、2022"), told


def rows_L51(area: Area) -> None:
    """A fund with 300 yuan left that spent 100 in each year; the budget of the year after is 150."""
    for year in YEARS_HERE:
        for item, direction, amount in (("E01", "支出", 100), ("BAL", "结余", 300)):
            area.add(
                "fund_ledger_m", ym=f"{year}12", poolarea_no=area.prefecture, admdvs=area.prefecture, insutype="390",
                fund_type="统筹", item_code=item, dirc=direction, amt=amount, unit="元", as_of=f"{year + 1}-01-20",
            )  # fmt: skip
        returned(area, "resident_fund_budget_next_year", year, "0.015", "万元")
        returned(area, "nominal_gdp", year, 1, "万元")


def test_L51_months_of_reserve_by_the_budget_of_the_next_year(built: Warehouse) -> None:
    assert figure(built, "L51", "resident_fund_payable_months", YEAR) == (300, 100, 36, None)
    assert figure(built, "L51", "resident_fund_payable_months", NEXT_YEAR) == (300, 150, 24, None)


def test_L51_an_item_that_is_no_indicator_is_divided_by_in_its_own_unit(built: Warehouse) -> None:
    assert figure(built, "L51", "fund_expenditure_gdp_share", YEAR) == (100, 10_000, 1, None)
    assert "nominal_gdp" not in {row[0] for row in built.query("select indicator_id from ops.indicator_dictionary")}
