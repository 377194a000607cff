"""What must be withheld beside a small cell, read out of the dictionary's terms: parts, regions, months, rates, cubes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from dagster_project.dictionary.indicators import MEASURES
from dagster_project.dictionary.load import WITHOUT_UNITS
from dagster_project.disclosure import REASON, derivable_cells
from dagster_project.serving.disclosed import COUNTED_CUBES, read_links
from tests.unit.disclosure_home import TinyHome, withheld

GUIYANG, LIUPANSHUI, PROVINCE = "520100", "520200", "520000"
TIERS = ("tertiary", "secondary", "primary_and_below")


@pytest.fixture
def home(tmp_path: Path) -> TinyHome:
    return TinyHome(tmp_path / "home")


def by_tier(home: TinyHome, visits: dict[str, tuple[int, int, int]]) -> None:
    """Outpatient visits by tier in some regions and in the province, months being of no interest."""
    home.term("visits", "numerator", "visits", "visit", scheme="employee")
    for region, tiers in visits.items():
        home.figure("visits", region, sum(tiers))
        for tier, count in zip(TIERS, tiers, strict=True):
            home.figure("visits", region, count, hospital_tier=tier)
            if count:
                home.settle(region, 1, count, hospital_tier=tier)
    home.figure("visits", PROVINCE, sum(map(sum, visits.values())))
    for tier, counts in zip(TIERS, zip(*visits.values(), strict=True), strict=True):
        home.figure("visits", PROVINCE, sum(counts), hospital_tier=tier)


def test_a_sole_small_part_takes_the_next_smallest_with_it_and_a_second_region(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    assert withheld(home.disclosed()) == {
        ("visits", GUIYANG, "primary_and_below"),
        ("visits", GUIYANG, "secondary"),
        ("visits", LIUPANSHUI, "primary_and_below"),
        ("visits", LIUPANSHUI, "secondary"),
    }


def test_a_part_that_is_small_in_the_province_too_needs_no_second_region(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 0)})
    assert withheld(home.disclosed()) == {
        (name, region, tier)
        for name in ("visits",)
        for region in (GUIYANG, PROVINCE)
        for tier in ("primary_and_below", "secondary")
    }


def test_parts_that_are_few_together_take_another_one_with_them(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 3, 4), LIUPANSHUI: (300, 0, 0)})
    assert ("visits", GUIYANG, "tertiary") in withheld(home.disclosed())


def test_figures_without_small_cells_are_left_alone(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 10), LIUPANSHUI: (300, 70, 0)})
    raw = home.connection.execute("select * from indicator.indicator_value").pl()
    done = home.disclosed()
    assert done.values.equals(raw)
    assert done.decisions.is_empty()
    assert not done.cubes["cube_settlement"]["is_suppressed"].any()


def test_a_home_without_any_settlement_is_published(home: TinyHome) -> None:
    # Allowances share the cells of settlements; without these nothing is added up there.
    home.connection.execute("insert into indicator.labelled_allowance values ('520000', '520100', 2025, 'birth', 50)")
    home.enrol(GUIYANG, "employee", "active", 4)
    home.term("insured", "numerator", "persons", "enrolment", scheme="employee")
    home.figure("insured", GUIYANG, 4)
    home.figure("insured", PROVINCE, 4)
    done = home.disclosed()
    assert withheld(done) == {("insured", GUIYANG, ""), ("insured", PROVINCE, "")}
    assert done.cubes["cube_settlement"].is_empty()


def test_what_is_withheld_does_not_tell_why(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    done = home.disclosed()
    hidden = done.values.filter(pl.col("status") == "suppressed")
    assert set(hidden["reason"]) == {REASON}
    assert hidden.select("value", "numerator", "denominator", "support_count").null_count().row(0) == (4,) * 4
    assert set(done.decisions["rule"]) == {"small_cell", "complementary"}


def test_a_rate_goes_where_its_numerator_leaves_few_of_its_denominator(home: TinyHome) -> None:
    """Manual settlements beside direct ones: 96 of 100 are direct, 4 are not."""
    for role, places in (("numerator", ("4",)), ("denominator", ("4", "1"))):
        for place in places:
            home.term("direct_rate", role, "visits", "visit", travel_class="cross_province", payment_place=place)
    for place, visits in (("4", 96), ("1", 4)):
        home.settle(GUIYANG, 1, visits, travel_class="cross_province", payment_place=place)
    home.figure("direct_rate", GUIYANG, 96, 100)
    assert withheld(home.disclosed()) == {("direct_rate", GUIYANG, "")}


def test_a_sum_of_two_indicators_does_not_give_the_small_one_away(home: TinyHome) -> None:
    """Derived formulas: all = ordinary + chronic, and chronic is small."""
    for indicator, kinds in (
        ("ordinary", ("outpatient",)),
        ("chronic", ("chronic",)),
        ("all", ("outpatient", "chronic")),
    ):
        for kind in kinds:
            home.term(indicator, "numerator", "visits", "visit", visit_type=kind)
    home.settle(GUIYANG, 1, 500)
    home.settle(GUIYANG, 1, 6, visit_type="chronic")
    for indicator, visits in (("ordinary", 500), ("chronic", 6), ("all", 506)):
        home.figure(indicator, GUIYANG, visits)
    hidden = withheld(home.disclosed())
    assert ("chronic", GUIYANG, "") in hidden
    assert len(hidden) == 2, "one of the other two goes with it, not both"


def test_a_small_month_takes_another_one_with_it(home: TinyHome) -> None:
    home.term("visits", "numerator", "visits", "visit", scheme="employee", visit_type="outpatient")
    for month in range(1, 13):
        visits = 5 if month == 6 else 100 + month
        home.settle(GUIYANG, month, visits)
        home.figure("visits", GUIYANG, visits, month=month)
    home.figure("visits", GUIYANG, sum(5 if month == 6 else 100 + month for month in range(1, 13)))
    done = home.disclosed()
    assert withheld(done) == {("visits", GUIYANG, "202506"), ("visits", GUIYANG, "202501")}
    months = done.cubes["cube_settlement_month"].filter("is_suppressed")["settlement_month"]
    assert months.to_list() == [202501, 202506], "what is withheld in one output is withheld in all"


def test_a_cube_does_not_give_away_what_is_withheld_among_the_values(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    done = home.disclosed()
    cube = done.cubes["cube_settlement"].filter("is_suppressed")
    assert set(cube.select("region_code", "hospital_tier").iter_rows()) == {
        (region, tier) for _, region, tier in withheld(done)
    }
    assert cube.select("visits", "row_count", "total_fee_yuan", "cash_pay_yuan").null_count().row(0) == (4,) * 4


def test_the_same_cells_in_another_order_give_the_same_choice(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    first = withheld(home.disclosed())
    home.connection.execute(
        "create table shuffled as select * from indicator.indicator_value order by value desc, region_code"
    )
    home.connection.execute("drop table indicator.indicator_value")
    home.connection.execute("create table indicator.indicator_value as select * from shuffled")
    assert withheld(home.disclosed()) == first


def test_a_home_without_the_tables_behind_its_figures_withholds_what_is_small(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    home.connection.execute("drop table indicator.labelled_stay")
    done = home.disclosed()
    assert withheld(done) == {("visits", GUIYANG, "primary_and_below")}
    assert done.cubes == {}


def test_every_cube_of_the_dictionary_counts_units_or_says_that_it_has_none() -> None:
    assert set(MEASURES.values()) | {"outsider", "family_aid"} == COUNTED_CUBES | WITHOUT_UNITS


GUANGDONG, SICHUAN = "440000", "510000"
WAYS = ("origin_province", "hospital_tier", "visit_type", "settlement_way")


def outsiders_of(home: TinyHome, **alone: str) -> dict[tuple[str, ...], bool]:
    """Whether each cell (region, members …) of the outsiders' table is withheld, in rows that are total but for these labels."""
    cube = home.disclosed().cubes["cube_outsider"]
    for label in set(WAYS) - set(alone):
        cube = cube.filter(pl.col(label) == "total")
    for label in alone:
        cube = cube.filter(pl.col(label) != "total")
    return {row[:-1]: row[-1] for row in cube.select("region_code", *alone, "is_suppressed").iter_rows()}


def test_L86_a_small_place_of_insurance_takes_another_and_a_second_region_with_it(home: TinyHome) -> None:
    for region, guangdong, sichuan in ((GUIYANG, 200, 4), (LIUPANSHUI, 100, 60)):
        home.treat(region, GUANGDONG, guangdong)
        home.treat(region, SICHUAN, sichuan)
    by_origin = outsiders_of(home, origin_province="each")
    # The wholes stay; of two parts and of three places the small one needs another beside it.
    assert outsiders_of(home) == {(GUIYANG,): False, (LIUPANSHUI,): False, (PROVINCE,): False}
    assert by_origin == {
        (place, origin): place != PROVINCE
        for place in (GUIYANG, LIUPANSHUI, PROVINCE)
        for origin in (GUANGDONG, SICHUAN)
    }
    cube = home.disclosed().cubes["cube_outsider"].filter("is_suppressed")
    assert (
        cube.select("visits", "row_count", "total_fee_yuan", "fund_pay_yuan").null_count().row(0) == (cube.height,) * 4
    )


def test_L86_a_rate_of_direct_settlement_does_not_give_a_few_settled_by_hand_away(home: TinyHome) -> None:
    home.treat(GUIYANG, GUANGDONG, 300)
    home.treat(GUIYANG, GUANGDONG, 3, settlement_way="manual")
    home.treat(LIUPANSHUI, SICHUAN, 90)
    home.treat(LIUPANSHUI, SICHUAN, 50, settlement_way="manual")
    hidden = outsiders_of(home, settlement_way="each")
    assert hidden[GUIYANG, "manual"] and hidden[GUIYANG, "direct"]
    for way in ("direct", "manual"):
        assert sum(hidden[place, way] for place in (GUIYANG, LIUPANSHUI, PROVINCE)) != 1
    # Guangdong people went to one prefecture only: the province's row would say the same.
    assert outsiders_of(home, origin_province="each", settlement_way="each")[PROVINCE, GUANGDONG, "manual"]


def test_L86_small_places_that_are_few_together_are_not_left_over(home: TinyHome) -> None:
    for origin, visits in ((GUANGDONG, 200), (SICHUAN, 3), ("500000", 4)):
        home.treat(GUIYANG, origin, visits)
    assert outsiders_of(home, origin_province="each")[GUIYANG, GUANGDONG]


def test_L86_people_insured_elsewhere_change_nothing_for_our_own(home: TinyHome) -> None:
    by_tier(home, {GUIYANG: (200, 60, 4), LIUPANSHUI: (300, 70, 80)})
    before = home.disclosed()
    home.treat(GUIYANG, GUANGDONG, 5)
    after = home.disclosed()
    assert after.values.equals(before.values)
    assert after.cubes["cube_settlement"].equals(before.cubes["cube_settlement"])


def test_L86_every_withheld_row_of_outsiders_is_audited(home: TinyHome) -> None:
    """The check's own question finds a row that was published although a small one follows from it."""
    for region, guangdong, sichuan in ((GUIYANG, 200, 4), (LIUPANSHUI, 100, 60)):
        home.treat(region, GUANGDONG, guangdong)
        home.treat(region, SICHUAN, sichuan)
    done = home.disclosed()
    values = home.connection.execute("select * from indicator.indicator_value").pl()
    linked = read_links(home.connection, values)
    assert linked is not None
    served = dict(done.cubes)
    assert derivable_cells(values, served, linked)[1]["cube_outsider"].is_empty()
    open_row = (pl.col("region_code") == GUIYANG) & (pl.col("origin_province") == GUANGDONG)
    served["cube_outsider"] = served["cube_outsider"].with_columns(
        is_suppressed=pl.col("is_suppressed") & ~(open_row & (pl.col("visit_type") == "total"))
    )
    found = derivable_cells(values, served, linked)[1]["cube_outsider"]
    assert (GUIYANG, SICHUAN) in set(found.select("region_code", "origin_province").iter_rows())


def drawn(home: TinyHome, persons: dict[str, dict[str, int]]) -> None:
    """Persons by the kinds of visit that they had; nobody moved."""
    home.term("persons", "numerator", "benefit_persons", "person", scheme="employee", paid_by="pool")
    for region in (*persons, PROVINCE):
        here = [(kinds, n) for place in persons for kinds, n in persons[place].items() if region in (place, PROVINCE)]
        for kinds, n in here:
            home.draw(region, kinds, n)
        home.figure("persons", region, sum(n for _, n in here))
        for kind in ("inpatient", "outpatient"):
            home.figure("persons", region, sum(n for kinds, n in here if kind in kinds), visit_type=kind)


def test_few_persons_with_one_kind_of_care_take_no_overlapping_kind_with_them(home: TinyHome) -> None:
    there = {"outpatient": 200, "inpatient": 60, "inpatient|outpatient": 50}
    drawn(home, {GUIYANG: {"outpatient": 300, "inpatient|outpatient": 4}, LIUPANSHUI: there})
    assert withheld(home.disclosed()) == {("persons", region, "inpatient") for region in (GUIYANG, LIUPANSHUI)}


def test_few_persons_beside_a_kind_of_care_are_not_left_over(home: TinyHome) -> None:
    """All but four had outpatient care: who subtracts would know of those four."""
    there = {"outpatient": 200, "inpatient": 60, "inpatient|outpatient": 50}
    drawn(home, {GUIYANG: {"inpatient|outpatient": 300, "inpatient": 4}, LIUPANSHUI: there})
    hidden = withheld(home.disclosed())
    assert ("persons", GUIYANG, "outpatient") in hidden or ("persons", GUIYANG, "") in hidden


def test_persons_without_few_are_published_whole(home: TinyHome) -> None:
    kinds = {"inpatient|outpatient": 100, "inpatient": 30, "outpatient": 40}
    drawn(home, {GUIYANG: kinds, LIUPANSHUI: kinds})
    assert withheld(home.disclosed()) == set()
