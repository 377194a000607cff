"""The dictionary: every row computable or with a reason, and what wrong rows are told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from dagster_project.dictionary import load_indicators, load_switches, load_units
from dagster_project.dictionary.breakdowns import Gap, find_gaps, stated_gaps
from dagster_project.dictionary.compile import Compiler, DictionaryError, Term
from dagster_project.dictionary.indicators import KINDS, WITHOUT_FIGURE, Indicator, read_rows
from dagster_project.dictionary.own import load_own_identities
from dagster_project.dictionary.pooling import CROSS_REGION_BASE
from dagster_project.dictionary.selection import Selections
from dagster_project.language import Text

INDICATORS = load_indicators()
COMPUTED = [row for row in INDICATORS.values() if row.kind not in WITHOUT_FIGURE]


def compiler(**changed: Indicator) -> Compiler:
    return Compiler({**INDICATORS, **changed}, load_switches())


def edited(indicator_id: str, **columns: object) -> Indicator:
    return replace(INDICATORS[indicator_id], **columns)  # type: ignore[arg-type]


def test_all_247_indicators_are_there_once_and_64_are_headline() -> None:
    assert len(read_rows()) == len(INDICATORS) == 247
    assert sum(row.headline for row in INDICATORS.values()) == 64


def test_L28_the_name_of_a_figure_carries_no_area() -> None:
    for row in COMPUTED:
        assert not row.name_zh.startswith(("全国", "全省", "贵州")), (row.indicator_id, row.name_zh)
    assert INDICATORS["ma_expenditure"].name_zh == "医疗救助支出"
    assert len({row.name_zh for row in INDICATORS.values()}) == len(INDICATORS), "names still tell indicators apart"


def test_every_row_is_computed_an_alias_or_not_yet_with_a_reason_R36() -> None:
    for row in INDICATORS.values():
        assert row.kind in KINDS
        if row.kind == "alias":
            assert INDICATORS[row.alias_of].kind not in WITHOUT_FIGURE, row.indicator_id
        elif row.kind in WITHOUT_FIGURE:
            assert row.reason_zh and row.reason_en, row.indicator_id


def test_every_headline_indicator_is_computed() -> None:
    assert [row.indicator_id for row in INDICATORS.values() if row.headline and row not in COMPUTED] == []


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row.indicator_id)
def test_every_computed_row_compiles(row: Indicator) -> None:
    compiled = compiler().compile(row.indicator_id)
    assert compiled.numerator
    assert bool(compiled.denominator) == (row.kind == "ratio" or row.indicator_id == "employee_insured_yoy")
    # Halves occur with persons only, so two decimals stay exact (core decision 13).
    for term in compiled.numerator + compiled.denominator:
        assert term.coefficient == int(term.coefficient) or term.measure == "persons"


STAY_SWITCHES = {"stay_merge", "netting"}
MONEY_SWITCHES = {"money_year", "stay_year"}  # whether money counts with its stay, and when that does (L89)
ENROLMENT_SWITCHES = {"insured_rule", "insured_dedup", "dedup_scope"}
STAY_KINDS = {"inpatient", "maternity_inpatient", "home_bed", None}


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row.indicator_id)
def test_a_row_lists_the_choices_that_make_the_facts_it_rests_on(row: Indicator) -> None:
    """No formula names these choices: they decide which persons and stays there are, so every figure of them changes."""
    compiled = compiler().compile(row.indicator_id)
    needed: set[str] = set()
    for term in compiled.numerator + compiled.denominator:
        in_stays = term.cube == "visit" and dict(term.labels).get("visit_type") in STAY_KINDS
        needed |= STAY_SWITCHES if in_stays or term.cube in ("stay", "stay_end") else set()
        money = term.cube == "settlement" and term.measure != "settled_visits"
        needed |= MONEY_SWITCHES if money and dict(term.labels).get("visit_type") in STAY_KINDS else set()
        needed |= ENROLMENT_SWITCHES if term.cube == "enrolment" else set()
    assert needed <= set(row.switches)


def test_only_rows_that_look_at_the_area_change_with_pooling() -> None:
    for row in INDICATORS.values():
        if CROSS_REGION_BASE in row.switches and row.kind not in WITHOUT_FIGURE:
            compiled = compiler().compile(row.indicator_id)
            looks = any("area" in dict(term.labels) for term in compiled.numerator + compiled.denominator)
            assert looks or row.indicator_id == "inprov_outarea_visits", row.indicator_id


def test_every_switch_of_a_row_is_known() -> None:
    known = {*load_switches(), CROSS_REGION_BASE}
    assert {switch for row in INDICATORS.values() for switch in row.switches} <= known


def test_every_unit_has_a_factor() -> None:
    assert {row.unit for row in INDICATORS.values()} <= set(load_units())


def test_S16_an_id_that_names_a_scheme_or_tier_carries_it() -> None:
    assert INDICATORS["employee_insured"].scheme_label == "employee"
    assert INDICATORS["resident_avg_inpatient_cost_primary"].tier_label == "primary_and_below"
    assert INDICATORS["maternity_insured"].scheme_label == ""


def test_a_tier_id_is_its_base_and_a_label() -> None:
    base = compiler().compile("employee_avg_inpatient_cost")
    tier = compiler().compile("employee_avg_inpatient_cost_tertiary")
    assert len(base.numerator) == len(tier.numerator)
    assert {dict(term.labels)["hospital_tier"] for term in tier.numerator + tier.denominator} == {"tertiary"}


def test_R34_institution_expense_is_five_kinds() -> None:
    terms = compiler().compile("employee_institution_expense").numerator
    kinds = {dict(term.labels)["visit_type"] for term in terms}
    assert kinds == {"outpatient", "chronic", "inpatient", "maternity_inpatient", "maternity_outpatient", "home_bed"}
    assert "pharmacy" not in kinds


def test_R35_the_id_fixes_the_denominator() -> None:
    measures = {
        name: [(term.measure, term.coefficient) for term in compiler().compile(name).denominator]
        for name in (
            "employee_inpatient_catalog_pay_ratio",
            "employee_inpatient_scope_pay_ratio",
            "employee_actual_pay_ratio",
        )
    }
    assert measures["employee_inpatient_catalog_pay_ratio"] == [("total_fee_yuan", 1), ("full_own_pay_yuan", -1)]
    assert measures["employee_inpatient_scope_pay_ratio"] == [("in_scope_fee_yuan", 1)]
    assert measures["employee_actual_pay_ratio"] == [("total_fee_yuan", 1)]


def test_the_mean_of_two_year_ends_and_the_year_end_are_both_there() -> None:
    terms = compiler().compile("employee_hospitalisation_rate").denominator
    found = {(dict(t.conditions)["employee_hosp_rate_denominator"], t.lag_years, t.coefficient) for t in terms}
    half = Decimal("0.5")
    assert found == {("average", 0, half), ("average", 1, half), ("year_end", 0, Decimal(1))}


def test_R22_maternity_is_never_added_to_the_employee_fund() -> None:
    terms = compiler().compile("employee_fund_expenditure").numerator
    assert {dict(term.labels)["fund_type"] for term in terms} == {"pool", "account"}


def test_contradicting_labels_fall_away() -> None:
    row = edited(
        "employee_inpatient_visits", filter=(*INDICATORS["employee_inpatient_visits"].filter, ("scheme", ("resident",)))
    )
    with pytest.raises(DictionaryError, match="no terms"):
        compiler(employee_inpatient_visits=row).compile("employee_inpatient_visits")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numerator_expression": "employee_insured * resident_insured"}, "not linear"),
        ({"numerator_expression": "employee_insured + 1"}, "constant"),
        ({"numerator_expression": "employee_insurd"}, "neither an indicator nor a measure"),
        ({"numerator_expression": "insured_total"}, "rests on itself"),
        ({"numerator_expression": "coverage_rate"}, "rests on itself"),
        ({"numerator_expression": "employee_avg_inpatient_cost"}, "is a ratio"),
        ({"numerator_expression": "when(nothing, a: persons)"}, "unknown switch"),
        ({"numerator_expression": "when(bed_day_rule, end_minus_begin_min1: persons)"}, "has cases"),
        ({"numerator_expression": "persons[colour=red]"}, "unknown label"),
        ({"numerator_expression": "persons[visit_type=inpatient]"}, "has no label"),
        ({"numerator_expression": "persons", "breakdown_labels": ("fund_type",)}, "not carried"),
        ({"numerator_expression": "persons", "breakdown_labels": ("month",)}, "months exist"),
        ({"numerator_expression": "when(pharmacy_in_visits, include: visits, exclude: 0)"}, "does not list"),
        ({"numerator_expression": "persons +"}, "expected a value"),
        ({"numerator_expression": "benefit_persons[scheme=employee]"}, "one paid_by and one scheme"),
        ({"numerator_expression": "2 * benefit_persons[scheme=employee, paid_by=pool]"}, "one paid_by and one scheme"),
        ({"numerator_expression": "benefit_persons[scheme=employee|resident, paid_by=pool]"}, "do not add up"),
    ],
)
def test_a_wrong_row_is_told_what_is_wrong(changes: dict[str, object], message: str) -> None:
    row = edited("insured_total", **changes)
    with pytest.raises(DictionaryError, match=message):
        compiler(insured_total=row).compile("insured_total")


def test_L24_every_breakdown_that_a_headline_row_names_has_values_or_a_reason() -> None:
    gaps = find_gaps(INDICATORS, compiler(), stated_gaps())
    assert {(gap.indicator_id, gap.label) for gap in gaps} == {("ma_expenditure", "population_group")}
    assert all(gap.reason.zh and gap.reason.en for gap in gaps)


@pytest.mark.parametrize(
    ("changed", "stated", "message"),
    [
        ({"breakdown_labels": ("employer_group", "sex", "region")}, [], "'fund mode' has neither values nor a reason"),
        ({"breakdowns": ("fund mode", "colour")}, [], "'colour' has no label"),
        ({}, [Gap("employee_insured", "sex", Text("无", "none"))], "'sex' has both values and a reason"),
        ({}, [Gap("employee_insured", "hospital_tier", Text("无", "none"))], "no headline row names"),
        ({}, [Gap("ma_subsidised_enrolment", "population_group", Text("无", "none"))], "no headline row names"),
    ],
)
def test_L24_silence_and_contradiction_are_refused(changed: dict[str, object], stated: list[Gap], message: str) -> None:
    rows = {**INDICATORS, "employee_insured": edited("employee_insured", **changed)}
    with pytest.raises(DictionaryError, match=message):
        find_gaps(rows, Compiler(rows, load_switches()), [*stated_gaps(), *stated])


def test_equal_choices_of_cells_are_one_selection() -> None:
    compiled = [compiler().compile(name) for name in ("employee_avg_inpatient_cost", "employee_inpatient_expense")]
    selections = Selections(compiled, {one.indicator_id: ("total", "hospital_tier") for one in compiled})
    fee = compiled[1].numerator[0]
    assert selections.number(compiled[0].numerator[0]) == selections.number(fee)
    assert len(selections.rows()) == 2
    assert (selections.number(fee), "hospital_tier") in selections.breakdown_rows()


def test_own_identities_name_what_exists() -> None:
    identities = {one.identity_id: one for one in load_own_identities(INDICATORS)}
    assert {"N01", "N02", "N03", "F01", "V1a", "E01"} <= set(identities)
    sides = [(term.side, term.indicator_id, term.member, term.coefficient) for term in identities["N02"].terms]
    assert sides[2:] == [("left", "employee_insured", "unknown", 1), ("right", "employee_insured", "total", 1)]


def test_a_term_knows_its_cube() -> None:
    assert Term("visits").cube == "visit"
