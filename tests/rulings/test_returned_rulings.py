"""Cases of figures that departments return: what goes on from a cumulation, what is divided by a budget.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. The second route knows headline indicators only, so the answers are asked of the warehouse.
"""

from __future__ import annotations

from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, PROVINCE, YEAR, Area

YEARS_HERE = (YEAR, NEXT_YEAR)


def returned(area: Area, item: str, year: int, value: float, unit: str, **cells: Any) -> None:
    """A departmental return, for the prefecture of a case unless told otherwise, a few days after the year."""
    told = {
        "measure_kind": "flow_year",
        "return_dept": "处室",
        "as_of": f"{year + 1}-01-05",
        "admdvs": area.prefecture,
    } | cells
    area.add("adm_return", period=str(year), indicator_id=item, value=value, unit=unit, **told)


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


def rows_L53(area: Area) -> None:
    """Nobody's network is registered in one year, so the return stands; in the next the registry says it."""
    for year in YEARS_HERE:
        returned(area, "xprov_network_pharmacy", year, 7, "家")
        returned(area, "xprov_network_pharmacy", year, 9, "家", admdvs=PROVINCE)
    for number, (letter, code, end) in enumerate((("H", "3", ""), ("H", "1", ""), ("P", "2", ""), ("P", "2", "06-30"))):
        institution = f"{letter}{area.county}0053{number}"
        area.add(
            "fixmedins_b", fixmedins_code=institution, fixmedins_name=institution, fixmedins_type="1" if letter == "H" else "2",
            hosp_lv="02", fix_blng_admdvs=area.county, begntime=f"{NEXT_YEAR}-01-01 00:00:00",
            endtime=f"{NEXT_YEAR}-{end} 00:00:00" if end else "", out_onln_open_type=code,
        )  # fmt: skip


def test_L53_the_registry_counts_where_it_says_what_a_provider_is_networked_for(built: Warehouse) -> None:
    def counted(item: str, year: int) -> Any:
        return figure(built, "L53", f"xprov_network_{item}", year)[0]

    assert counted("pharmacy", YEAR) == 7 and counted("inpatient", YEAR) is None
    now = {item: counted(item, NEXT_YEAR) for item in ("institutions", "inpatient", "outpatient", "pharmacy")}
    assert now == {"institutions": 3, "inpatient": 2, "outpatient": 1, "pharmacy": 1}


def test_L53_what_was_returned_for_a_province_need_not_be_the_sum_of_what_its_prefectures_returned(
    built: Warehouse,
) -> None:
    whole = built.query(
        "select numerator from indicator.indicator_value where indicator_id = 'xprov_network_pharmacy' and year = ? "
        "and region_code = ? and breakdown = 'total'",
        [YEAR, PROVINCE],
    )
    summed = built.query(
        "select year, holds from indicator.own_identity "
        "where identity_id = 'regions' and statement like 'xprov_network_pharmacy:%' order by year"
    )
    assert (whole, summed) == ([(9,)], [(NEXT_YEAR, True)])


def rows_L53_filings(area: Area) -> None:
    """Two filings online across the border; a counter, a place in the province, one that is not valid, one without a way."""
    filings = (
        ("1", "970101", "1"),
        ("2", "970000", "1"),
        ("3", "970101", "1"),
        ("1", area.county, "1"),
        ("1", "970101", "0"),
    )
    for number, (way, goal, valid) in enumerate((*filings, ("", "970101", "1"))):
        filing(area, f"F{YEAR}{number}", YEAR, way, goal, valid)
    filing(area, f"F{NEXT_YEAR}", NEXT_YEAR, "", "970101", "1")


def filing(area: Area, number: str, year: int, way: str, goal: str, valid: str) -> None:
    """A filing of a resident of the case's county, made in May."""
    area.add(
        "out_appy_d", trt_dcla_detl_sn=number, psn_no=f"990000P{number}", insutype="390", insu_admdvs=area.county,
        rloc_admdvs=goal, out_onln_way=way, crte_time=f"{year}-05-06 08:00:00", vali_flag=valid,
        begndate=f"{year}-05-07 00:00:00",
    )  # fmt: skip


def test_L53_filings_made_online_across_provinces(built: Warehouse) -> None:
    assert figure(built, "L53_filings", "xprov_filing_online", YEAR)[0] == 2
    above, _, value, reason = figure(built, "L53_filings", "xprov_filing_online", NEXT_YEAR)
    assert (above, value) == (None, None) and reason.startswith("备案数据没有填写联网方式")


def rows_L54(area: Area) -> None:
    """Payments around the Spring Festivals of two years, one on the day of its claim, one not handled, an advance."""
    pay(area, "A", "1", 600, paid=f"{YEAR}-02-20", claimed=f"{YEAR}-02-08", month=f"{YEAR}01")
    pay(area, "B", "1", 400, paid=f"{YEAR}-02-20", claimed=f"{YEAR}-02-20", month=f"{YEAR}01")
    pay(area, "C", "1", 400, paid="", claimed=f"{YEAR}-02-20", month=f"{YEAR}01")
    pay(area, "D", "2", 1000, paid=f"{YEAR}-03-01", claimed="", month="")
    pay(area, "E", "1", 100, paid=f"{NEXT_YEAR}-02-06", claimed="", month=f"{NEXT_YEAR}01")
    returned(area, "prepayment_amount", YEAR, 9, "万元")


def pay(area: Area, number: str, kind: str, yuan: int, *, paid: str, claimed: str, month: str) -> None:
    """A payment to an institution; without a day of payment it has not been handled."""
    area.add(
        "med_dfr_d", dfr_id=f"DFR{number}", admdvs=area.prefecture, dfr_notc_type=kind, dfr_sumamt=yuan,
        fin_dspo_flag="1" if paid else "0", fin_acen_time=f"{paid} 10:00:00" if paid else "", setlym=month,
        appy_time=f"{claimed} 09:00:00" if claimed else "",
    )  # fmt: skip


def test_L54_working_days_pass_over_holidays_and_count_the_weekends_worked_for_them(built: Warehouse) -> None:
    # After Thursday 8 February 2024: Friday 9, Sunday 18 (worked), Monday 19, Tuesday 20; the festival was 10 to 17.
    assert figure(built, "L54", "instant_settlement_days", YEAR) == (4, 2, 2, None)
    # After 31 January 2025, inside the festival that ended on 4 February: Wednesday 5 and Thursday 6; by the month's end now.
    assert figure(built, "L54", "instant_settlement_days", NEXT_YEAR) == (2, 1, 2, None)
    days = built.query("select payment_id, month_end_working_days from core.fct_payment where payment_id = 'DFRA'")
    assert days == [("DFRA", 11)], "1, 2, 4 (a Sunday worked), 5 to 9, 18, 19 and 20 February"


def test_L54_an_advance_is_taken_from_the_payments_and_not_from_the_return(built: Warehouse) -> None:
    assert figure(built, "L54", "prepayment_amount", YEAR)[0] == 1000
