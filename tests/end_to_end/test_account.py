"""Every row of the dictionary on the sample: a figure, another id's figure, or a reason; and the figures that departments returned.

Belongs here: the account as a user meets it, and the indicators that are no headline, against what the generator wrote down.
"""

from __future__ import annotations

from decimal import Decimal

import openpyxl
import pytest

from dagster_project.dictionary import load_indicators, load_units
from dagster_project.dictionary.account import ALIAS, MISSING, NOT_APPLICABLE, VALUED, take_account
from dagster_project.dictionary.indicators import WITHOUT_FIGURE
from dagster_project.explain import render
from dagster_project.explain.trace import explain_value
from tests.conftest import SampleHome
from tests.truth_cells import Cells, Truth
from tests.truth_dictionary import NEGOTIATED
from tests.warehouse_api import query, settings_of

LAST = 2025
PILOT = "522300"  # the one pilot area of long-term care in the province


def totals(sample: SampleHome, indicator: str) -> dict[tuple[int, str], tuple[Decimal, Decimal | None]]:
    """Numerator and denominator of the valued wholes of an indicator by year and region."""
    rows = query(
        sample.warehouse,
        "select year, region_code, numerator, denominator from indicator.indicator_value where value is not null and "
        f"breakdown = 'total' and period_kind = 'year' and indicator_id = '{indicator}'",
    )
    return {(year, region): (above, below) for year, region, above, below in rows}


def returned(sample: SampleHome, item: str, year: int) -> Decimal:
    """What the province's departments returned, in base units."""
    (cell,) = [c for c in sample.truth["cells"]["reported"] if (c["indicator_id"], c["year"]) == (item, year)]
    return Decimal(cell["value"]) * load_units()[cell["unit"]]


def ledger(sample: SampleHome, year: int, **labels: str) -> dict[str, Decimal]:
    """Yuan of the ledger cells with these labels, by prefecture."""
    found: dict[str, Decimal] = {}
    for cell in sample.truth["cells"]["fund"]:
        if cell["year"] == year and all(cell[name] == label for name, label in labels.items()):
            found[cell["prefecture"]] = found.get(cell["prefecture"], Decimal(0)) + Decimal(cell["amount"]) / 100
    return found


def test_every_row_is_valued_or_an_alias_or_says_why_not(sample_home: SampleHome) -> None:
    province = sample_home.truth["province"]
    for year in sample_home.years:
        rows = query(
            sample_home.warehouse,
            "select distinct indicator_id from indicator.indicator_value where status <> 'not_computable' and "
            f"breakdown = 'total' and period_kind = 'year' and region_code = '{province}' and year = {year}",
        )
        account = take_account({row[0] for row in rows}, province)
        assert account.total == len(load_indicators()) == 247
        assert account.groups[MISSING] == (), (year, account.groups[MISSING])
        assert len(account.groups[ALIAS]) == 20
        for one in account.groups[NOT_APPLICABLE]:
            assert load_indicators()[one].reason_zh or load_indicators()[one].alias_geography not in ("", province), one


def test_the_run_prints_the_account_and_it_adds_up(sample_home: SampleHome) -> None:
    computed = {one.indicator_id for one in load_indicators().values() if one.kind not in WITHOUT_FIGURE}
    told = take_account(computed, sample_home.truth["province"])
    assert f"Indicators ({LAST}): {told.sentence().en}" in sample_home.run.text
    assert sum(len(ids) for ids in told.groups.values()) == 247 and told.sentence().zh.endswith("合计 247")


def test_the_workbook_says_where_every_row_stands_and_who_returned_what(sample_home: SampleHome) -> None:
    (path,) = (sample_home.home / "publication" / str(LAST)).glob("*/bulletin.xlsx")
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [row for row in book["指标总账"].iter_rows(values_only=True) if row and row[0] in load_indicators()]
    assert len(rows) == 247
    stands = {row[0]: row[4] for row in rows}
    assert stands["insured_total"] == "有数" and stands["sd_ltc_insured"] == "别名"
    assert stands["fund_expenditure_unofficial_claim"].startswith("不适用")
    returns = {row[0]: row for row in book["部门填报"].iter_rows(values_only=True) if row and row[0]}
    assert returns["nominal_gdp"][7:9] == ("规财处", f"{LAST + 1}-01-05")
    # The first item of a year is corrected a few days later, and the newest return counts.
    assert returns["insurance_code_users"][8] == f"{LAST + 1}-01-09"


def test_an_explanation_says_who_returned_a_figure_and_when(sample_home: SampleHome) -> None:
    told = render(explain_value(settings_of(sample_home.home), "fund_income_gdp_share", LAST), "zh")
    assert "国内生产总值（现价） (nominal_gdp) 2025: " in told and f"（规财处，{LAST + 1}-01-05 填报）" in told


def test_shares_of_the_gross_domestic_product_equal_the_truth(sample_home: SampleHome) -> None:
    province = sample_home.truth["province"]
    found = totals(sample_home, "fund_expenditure_gdp_share")
    assert set(found) == {(year, province) for year in sample_home.years}
    for year in sample_home.years:
        spent = sum(
            sum(ledger(sample_home, year, scheme_code=scheme, fund_type=fund, direction="支出").values())
            for scheme, fund in (("310", "统筹"), ("310", "个人账户"), ("390", "统筹"))
        )
        assert found[year, province] == (spent, returned(sample_home, "nominal_gdp", year))


@pytest.mark.parametrize(("indicator", "direction"), [("ltc_fund_income", "收入"), ("ltc_fund_expenditure", "支出")])
def test_L52_long_term_care_funds_of_the_areas_in_scope(
    sample_home: SampleHome, indicator: str, direction: str
) -> None:
    found = {key: above for key, (above, _) in totals(sample_home, indicator).items() if above}
    expected: dict[tuple[int, str], Decimal] = {}
    for year in sample_home.years:
        cells = ledger(sample_home, year, fund_type="长护", direction=direction)
        inside = {region: yuan for region, yuan in cells.items() if yuan and (year >= 2025 or region == PILOT)}
        expected |= {(year, region): yuan for region, yuan in inside.items()}
        expected[year, sample_home.truth["province"]] = sum(inside.values(), Decimal(0))
    assert found == {key: yuan for key, yuan in expected.items() if yuan}


def test_sums_over_years_equal_the_truth(sample_home: SampleHome) -> None:
    province, first = sample_home.truth["province"], sample_home.years[0]

    def each_year(year: int) -> dict[str, Decimal]:
        funds = (("310", "统筹"), ("310", "个人账户"), ("390", "统筹"))
        spent = [ledger(sample_home, year, scheme_code=s, fund_type=f, direction="支出") for s, f in funds]
        aid = [c for c in sample_home.truth["cells"]["assistance"] if c["year"] == year]
        paid = sample_home.truth["cells"]["payment"]
        subsidy = ledger(sample_home, year, scheme_code="390", fund_type="统筹", item_code="I03")
        expenditure = Decimal(sum(sum(one.values()) for one in spent))
        return {
            "fund_expenditure_since_2018": expenditure,
            "ly_fund_expenditure": expenditure,
            "ly_subsidy": sum(subsidy.values(), Decimal(0)),
            "ly_ma_cases": Decimal(sum(c["encounters"] for c in aid)),
            "ly_ma_relief": Decimal(sum(c["amount"] for c in aid)) / 100,
            "ly_prepayment": Decimal(sum(c["amount"] for c in paid if (c["year"], c["kind"]) == (year, "2"))) / 100,
            "ly_recovered": returned(sample_home, "fund_recovered", year) + returned(sample_home, "fund_refused", year),
        }

    running = {name: returned(sample_home, name, first - 1) for name in each_year(first)}
    for year in sample_home.years:
        running = {name: running[name] + amount for name, amount in each_year(year).items()}
        found = {name: totals(sample_home, name)[year, province][0] for name in running}
        assert found == running, year


def test_every_returned_figure_is_the_newest_return(sample_home: SampleHome) -> None:
    province = sample_home.truth["province"]
    for row in load_indicators().values():
        if row.kind == "reported" and row.alias_geography in ("", province):
            found = totals(sample_home, row.indicator_id)
            for year in sample_home.years:
                assert found[year, province][0] == returned(sample_home, row.indicator_id, year), row.indicator_id


def by_region(cells: dict[str, Decimal], province: str) -> dict[str, Decimal]:
    """Amounts of the prefectures that have some, and their sum as the province."""
    return {region: amount for region, amount in cells.items() if amount} | {province: sum(cells.values(), Decimal(0))}


def test_networked_institutions_equal_the_truth(sample_home: SampleHome) -> None:
    covers = {"inpatient": "13", "outpatient": "23", "pharmacy": "123", "institutions": "123"}
    for item, codes in covers.items():
        cells: dict[str, Decimal] = {}
        for cell in sample_home.truth["cells"]["network"]:
            is_kind = item == "institutions" or (cell["provider_kind"] == "pharmacy") == (item == "pharmacy")
            if is_kind and cell["network_code"] in codes:
                cells[cell["prefecture"]] = cells.get(cell["prefecture"], Decimal(0)) + cell["institutions"]
        for year in sample_home.years:
            rows = totals(sample_home, f"xprov_network_{item}").items()
            found = {region: above for (y, region), (above, _) in rows if y == year and above}
            assert found == by_region(cells, sample_home.truth["province"]), (item, year)


def test_filings_made_online_equal_the_truth(sample_home: SampleHome) -> None:
    for year in sample_home.years:
        cells: dict[str, Decimal] = {}
        for cell in sample_home.truth["cells"]["filing"]:
            if (cell["year"], cell["travel_class"]) == (year, "cross_province") and cell["way"] in ("1", "2"):
                cells[cell["prefecture"]] = cells.get(cell["prefecture"], Decimal(0)) + cell["filings"]
        rows = totals(sample_home, "xprov_filing_online").items()
        found = {region: above for (y, region), (above, _) in rows if y == year and above}
        assert found == by_region(cells, sample_home.truth["province"])


def test_uses_of_negotiated_drugs_equal_the_truth(sample_home: SampleHome) -> None:
    """In all three units, of which the figure takes one."""
    cells = Cells(sample_home.truth)
    told = query(
        sample_home.warehouse,
        "select year, region_code, sum(lines), sum(drug_settlements), sum(settlements) "
        "from indicator.labelled_negotiated_drug group by all order by all",
    )
    assert len(told) > 3
    for year, region, *found in told:
        truth = Truth(cells, year, region)
        assert found == [truth.sum("negotiated_drug", unit, lambda _: True) for unit in NEGOTIATED], (year, region)
    places = {(year, region) for year, region, *_ in told}
    assert places == {(cell["year"], cell["prefecture"]) for cell in sample_home.truth["cells"]["negotiated_drug"]}
    assert any(found[2] > found[3] > found[4] for found in told)


def test_triple_protection_equals_the_truth(sample_home: SampleHome) -> None:
    cells = sample_home.truth["cells"]["triple_protection"]
    for item, measure, units in (
        ("triple_protection_visits", "visits", 1),
        ("triple_protection_relief", "relief", 100),
    ):
        for year in sample_home.years:
            told: dict[str, Decimal] = {}
            for cell in cells:
                if cell["year"] == year:
                    told[cell["prefecture"]] = told.get(cell["prefecture"], Decimal(0)) + Decimal(cell[measure]) / units
            found = {
                region: above for (y, region), (above, _) in totals(sample_home, item).items() if y == year and above
            }
            assert told and found == by_region(told, sample_home.truth["province"]), (item, year)


def test_payments_and_their_working_days_equal_the_truth(sample_home: SampleHome) -> None:
    province = sample_home.truth["province"]
    for year in sample_home.years:
        cells = [cell for cell in sample_home.truth["cells"]["payment"] if cell["year"] == year]
        days = {c["prefecture"]: Decimal(c["claim_working_days"]) for c in cells if c["kind"] == "1"}
        payments = {c["prefecture"]: Decimal(c["claim_payments"]) for c in cells if c["kind"] == "1"}
        advances = {c["prefecture"]: Decimal(c["amount"]) / 100 for c in cells if c["kind"] == "2"}
        rows = totals(sample_home, "instant_settlement_days").items()
        found = {region: pair for (y, region), pair in rows if y == year}
        assert found == {
            region: (whole, by_region(payments, province)[region])
            for region, whole in by_region(days, province).items()
        }
        rows = totals(sample_home, "prepayment_amount").items()
        assert {region: above for (y, region), (above, _) in rows if y == year} == by_region(advances, province)


def test_the_groups_of_the_account_are_apart() -> None:
    account = take_account(set(load_indicators()))
    assert not set(account.groups[VALUED]) & set(account.groups[ALIAS])
    assert take_account(set()).groups[VALUED] == () and take_account(set()).total == 247
