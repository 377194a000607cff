"""Definition choices: national defaults, dated values, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.dictionary import definition_id, load_province, load_switches
from dagster_project.dictionary.load import write_dictionary
from dagster_project.dictionary.pooling import describe_pooling
from dagster_project.errors import UserError
from dagster_project.settings import PROJECT_ROOT, Settings


def province_with(home: Path, text: str, code: str = "990000") -> Settings:
    """A home whose own folder holds one file for a province that ships with none."""
    folder = home / "provinces"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{code}.yml").write_text(text, encoding="utf-8")
    return Settings(home=home)


def message(home: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load_province(province_with(home, text), "990000")
    return caught.value.message("en") + caught.value.message("zh")


def test_a_province_without_a_file_has_the_national_defaults(tmp_path: Path) -> None:
    province = load_province(Settings(home=tmp_path), "640000")
    assert province.choice("netting", 2024) == "link_and_flag"
    assert set(province.choices) == set(load_switches())
    assert describe_pooling(province, 2024) == "prefecture"


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("netting", "link_and_flag"),  # R1
        ("pharmacy_overlap", "provider_first"),  # R2
        ("maternity_outpatient", "own_kind"),  # R3
        ("home_bed", "own_kind"),  # R4
        ("stay_year", "discharge"),  # R8
        ("money_year", "settlement"),  # R9
        ("dedup_scope", "province"),  # R15
        ("employer_group", "emp_type"),  # R16
        ("disease_payment_denominator", "eligible"),  # R19
        ("personal_account", "separate"),  # R23
        ("person_type_unknown", "separate"),  # R24
        ("acct_mulaid_position", "measured"),  # R25
        ("unknown_tier", "primary_and_below"),  # R32
    ],
)
def test_defaults_are_those_of_the_rulings_R1_R2_R3_R4_R8_R9_R15_R16_R19_R23_R24_R25_R32(
    tmp_path: Path, switch: str, value: str
) -> None:
    assert load_province(Settings(home=tmp_path), "520000").choice(switch, 2024) == value


def test_R35_dated_choices_change_with_the_year(tmp_path: Path) -> None:
    province = load_province(Settings(home=tmp_path), "520000")
    assert [province.choice("pharmacy_in_visits", year) for year in (2022, 2023, 2024)] == [
        "exclude",
        "exclude",
        "include",
    ]
    assert [province.choice("pay_ratio_denominator", year) for year in (2021, 2022)] == ["policy_scope", "catalogue"]


def test_L7_guizhou_pools_at_the_province_from_december_2024(tmp_path: Path) -> None:
    province = load_province(Settings(home=tmp_path), "520000")
    assert [describe_pooling(province, year) for year in (2023, 2024, 2025)] == [
        "prefecture",
        "prefecture>province@2024-12-01",
        "province",
    ]


def test_the_home_outweighs_what_is_shipped(tmp_path: Path) -> None:
    settings = province_with(tmp_path, "definitions: {bed_day_rule: end_minus_begin_plus1}", code="520000")
    assert load_province(settings, "520000").choice("bed_day_rule", 2024) == "end_minus_begin_plus1"


def test_a_dated_list_and_care_types_are_read(tmp_path: Path) -> None:
    text = """
definitions:
  tier_column:
    - {from: 2000, value: hosp_lv}
    - {from: 2025, value: dedc_hosp_lv}
care_type_map: {'9901': chronic_outpatient}
dummy_creators: [qydr]
pooling:
  - {region: '990100', from: 2024-07-01, level: province}
"""
    province = load_province(province_with(tmp_path, text), "990000")
    assert [province.choice("tier_column", year) for year in (2024, 2025)] == ["hosp_lv", "dedc_hosp_lv"]
    assert province.care_type_map == {"9901": "chronic_outpatient"}
    assert province.dummy_creators == ("qydr",)
    assert describe_pooling(province, 2024) == "prefecture;990100:none>province@2024-07-01"


def test_an_unknown_switch_names_the_known_ones(tmp_path: Path) -> None:
    text = message(tmp_path, "definitions: {bed_rule: end_minus_begin_min1}")
    assert "bed_rule" in text and "bed_day_rule" in text and "990000.yml" in text


def test_an_unknown_value_names_the_allowed_ones(tmp_path: Path) -> None:
    text = message(tmp_path, "definitions: {bed_day_rule: minus_one}")
    assert "minus_one" in text and "end_minus_begin_plus1" in text


def test_a_numbered_value_takes_a_whole_number(tmp_path: Path) -> None:
    settings = province_with(tmp_path, "definitions: {stay_merge: gap_merge_7}", code="520000")
    assert load_province(settings, "520000").choice("stay_merge", 2025) == "gap_merge_7"
    switch = load_switches()["stay_merge"]
    assert switch.text("gap_merge_7").zh == "间隔 7 天以内合并"
    assert switch.text("gap_merge_7").en == "by a gap of at most 7 days"
    assert switch.known("gap_merge_7") == "gap_merge_n" and switch.known("per_mdtrt") == "per_mdtrt"


@pytest.mark.parametrize("value", ["gap_merge_n", "gap_merge_0", "gap_merge_1000", "gap_merge_x", "gap_merge", "per_7"])
def test_a_numbered_value_without_its_number_is_refused(tmp_path: Path, value: str) -> None:
    text = message(tmp_path, f"definitions: {{stay_merge: {value}}}")
    assert value in text and "gap_merge_n" in text


def test_L49_a_province_adds_codes_of_the_two_diseases_and_takes_others_off(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    national = load_province(settings, "520000").two_disease_map
    assert (national["M03900"], national["M01600"], national["1404"]) == ("hypertension", "diabetes", "unspecified")
    settings.provinces.mkdir(parents=True)
    text = "two_disease_map: {'9901': unspecified, HBLB101: none}\n"
    (settings.provinces / "520000.yml").write_text(text, encoding="utf-8")
    assert load_province(settings, "520000").two_disease_map == national | {"9901": "unspecified", "HBLB101": "none"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("identity_map: {'101': rich}", "rich"),
        ("two_disease_map: {'M03900': gout}", "gout"),
        ("large_exam_map: {210300001-01: head}", "head"),
        ("large_exam_map: [ct_head]", "large_exam_map"),
        ("referral_capability: {best: [GB1]}", "best"),
        ("referral_capability: {tertiary: GB1}", "tertiary"),
        ("sample_lists: [two_disease_map]", "two_disease_map"),
        ("colour: red", "colour"),
        ("definitions: [a]", "definitions"),
        ("definitions: {netting: []}", "netting"),
        ("definitions: {netting: [{value: link_only}]}", "from"),
        ("pooling: [{region: '52', from: 2024-01-01, level: province}]", "52"),
        ("pooling: [{region: '520000', from: 2024, level: province}]", "2024"),
        ("pooling: [{region: '520000', from: 2024-01-01, level: county}]", "county"),
        ("pooling: [{region: '520000'}]", "level"),
        ("care_type_map: {'9901': dentist}", "dentist"),
        ("definitions: {netting: [", "YAML"),
        ("- a", "YAML"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, text: str, part: str) -> None:
    assert part in message(tmp_path, text)


def test_the_same_choices_have_the_same_id_in_any_order() -> None:
    one = definition_id([("a", "1"), ("b", "2")])
    assert one == definition_id([("b", "2"), ("a", "1")])
    assert one != definition_id([("a", "1"), ("b", "3")])
    assert len(one) == 12


def test_the_guide_shows_maps_of_codes_that_are_accepted(tmp_path: Path) -> None:
    guide = (PROJECT_ROOT / "docs" / "guide.zh.md").read_text(encoding="utf-8")
    (example,) = [block.split("```")[0] for block in guide.split("```yaml\n")[1:] if "care_type_map" in block]
    province = load_province(province_with(tmp_path, example), "990000")
    assert province.care_type_map == {"9901": "chronic_outpatient"} and province.identity_map == {"101": "destitute"}
    assert "--accept" in guide


def test_L62_continuity_has_national_rules_and_a_province_its_own(tmp_path: Path) -> None:
    (national,) = load_province(Settings(home=tmp_path), "640000").continuity
    assert (national.from_year, national.waiting_months, national.incentive_yuan_per_year) == (2025, 3, 3000)
    text = (
        "continuity:\n- {from: 2026, waiting_months: 6, months_per_lapsed_year: 1, incentive_after_years: 4, "
        "incentive_yuan_per_year: 1000, incentive_at_most_yuan: 20000, counted_from: 2025}\n"
    )
    (own,) = load_province(province_with(tmp_path, text), "990000").continuity
    assert (own.from_year, own.incentive_at_most_yuan, own.counted_from) == (2026, 20000, 2025)


@pytest.mark.parametrize(
    "entry",
    ["{from: 2025}", "{from: 2025, waiting_months: -1, months_per_lapsed_year: 1, incentive_after_years: 4, "
     "incentive_yuan_per_year: 3000}", "text", "{from: 2025, waiting_months: 3, months_per_lapsed_year: 1, "
     "incentive_after_years: 4, incentive_yuan_per_year: many}"],
)  # fmt: skip
def test_L62_a_wrong_rule_of_continuity_is_refused_in_words(tmp_path: Path, entry: str) -> None:
    told = message(tmp_path, f"continuity:\n- {entry}\n")
    assert "continuity" in told and "waiting_months" in told and "990000.yml" in told


def test_L63_whose_premium_assistance_pays_is_dated(tmp_path: Path) -> None:
    national = load_province(Settings(home=tmp_path), "640000").premium_assistance
    assert {row.identity_group for row in national} == {
        "destitute",
        "orphan",
        "minimum_living",
        "anti_poverty_monitored",
    }
    text = "premium_assistance:\n- {from: 2026, groups: [destitute]}\n- {from: 2000, groups: [destitute, orphan]}\n"
    own = load_province(province_with(tmp_path, text), "990000").premium_assistance
    assert [(row.from_year, row.identity_group) for row in own] == [
        (2000, "destitute"),
        (2000, "orphan"),
        (2026, "destitute"),
    ]


@pytest.mark.parametrize("entry", ["{from: 2025, groups: []}", "{from: 2025, groups: [other]}", "{groups: [orphan]}"])
def test_L63_a_wrong_list_of_assisted_groups_is_refused_in_words(tmp_path: Path, entry: str) -> None:
    told = message(tmp_path, f"premium_assistance:\n- {entry}\n")
    assert "premium_assistance" in told and "minimum_living" in told


@pytest.mark.parametrize(("mark", "holds"), [("true", True), ("false", False), (None, False)])
def test_lists_of_the_sample_hold_for_synthetic_data_only(tmp_path: Path, mark: str | None, holds: bool) -> None:
    """What is invented decides no figure of real data, also where the home lies in a database beside (L87, L88)."""
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as home; create schema home.ops; create table home.ops.meta (key varchar, value varchar)"
        )
        if mark is not None:
            connection.execute("insert into home.ops.meta values ('synthetic', ?)", [mark])
        write_dictionary(connection, [load_province(Settings(home=tmp_path), "520000")], [2025], None)
        for table in ("large_exam_map", "referral_capability"):
            assert (connection.execute(f"select count(*) from ops.{table}").fetchone() != (0,)) is holds
