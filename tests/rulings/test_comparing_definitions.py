"""One year under two definitions, asked of the hand-made province: figures worked out by hand, choices that move them.

Belongs here: `bulletin compare-definitions`. Does not belong here: what each value of each choice means (the case modules).
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from dagster_project.dictionary import load_indicators, load_province, load_switches
from dagster_project.dictionary.variants import changed_alone, differing_choices, read_variant, variant_names
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.choices import compared, is_different, listed
from dagster_project.explain.vintages import KEY
from dagster_project.indicator_trial import facts_needed, trial
from dagster_project.settings import Settings
from dagster_project.verbs.comparing import compare_definitions
from tests.rulings.answers import Warehouse
from tests.rulings.world import PROVINCE, YEAR

DAYS = "employee_avg_length_of_stay"


@pytest.fixture(scope="module")
def home(built: Warehouse) -> Settings:
    """The home of the hand-made province; it is only read."""
    return Settings(
        home=built.path.parent, key_file=built.path.parent.parent / f"{built.path.parent.name}.key", threads=2
    )


def test_the_present_definitions_give_what_the_warehouse_holds(home: Settings, built: Warehouse) -> None:
    with trial(home) as layer:
        here = layer.values(load_province(home, PROVINCE), YEAR)
    columns = [*KEY, "numerator", "denominator", "value", "status", "reason", "support_count"]
    known = built.query(
        f"select {', '.join(columns)} from indicator.indicator_value where year = ? order by all", [YEAR]
    )
    again = here.select(columns).rows()
    assert len(known) == len(again) > 1000
    assert sorted(map(repr, known)) == sorted(map(repr, again))


def run(capsys: pytest.CaptureFixture[str], home: Settings, *names: str, to: Path | None = None) -> str:
    assert compare_definitions(home, *names, year=YEAR, to=to) == ExitCode.DONE
    return capsys.readouterr().out


def test_bed_days_under_both_rules(
    home: Settings, built: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashlib.sha256(built.path.read_bytes()).hexdigest()
    path = tmp_path / "compared.csv"
    told = run(capsys, home, "present", "bed_day_rule=end_minus_begin_plus1", to=path)
    assert "甲 present，乙 bed_day_rule=end_minus_begin_plus1" in told
    assert "出院减入院、至少一日 → 出院减入院加一" in told
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    (row,) = [
        row
        for row in rows
        if row["指标代码 indicator"] == DAYS
        and row["区划 region"] == built.world.areas["L26"].prefecture
        and row["医院等级 tier"] == "total"
    ]
    # Four stays of 4, 2, 2 and 2 nights: one day more each.
    assert (float(row["甲 A"]), float(row["乙 B"]), float(row["差 B − A"])) == (2.5, 3.5, 1.0)
    assert row["由哪项口径 moved by"] == "bed_day_rule"
    moved = {row["指标代码 indicator"] for row in rows if row["由哪项口径 moved by"]}
    assert DAYS in moved and all("avg_length_of_stay" in name or "_alos_" in name for name in moved)
    assert hashlib.sha256(built.path.read_bytes()).hexdigest() == before
    assert not list((home.home / "tmp").glob("intake-trial-*"))


def test_a_figure_that_two_choices_move_says_what_each_does(
    home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "compared.xlsx"
    both = "bed_day_rule=end_minus_begin_plus1,emergency_in_inpatient=include_13"
    run(capsys, home, "present", both, to=path)
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["口径 choices", "全省 province", "有变化 changed", "全部 all"]
    heads, *rows = book.get_sheet_by_name("全省 province").to_python()
    found = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    row = found[DAYS]
    parts = dict(part.split("=") for part in str(row["由哪项口径 moved by"]).split("; "))
    assert set(parts) == {"bed_day_rule", "emergency_in_inpatient", "together"}
    assert sum(map(float, parts.values())) == pytest.approx(float(row["差 B − A"]), abs=1e-8)
    assert found["employee_inpatient_visits"]["由哪项口径 moved by"] == "emergency_in_inpatient"


def test_the_same_definitions_differ_in_nothing(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, home, "present", PROVINCE)
    assert "两套口径没有能比较的不同" in told and "0 个不同" in told


def test_a_choice_of_facts_is_told_in_words(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, home, "present", "insured_rule=open_spell,stay_merge=per_settlement")
    assert "要重读明细才能算" in told and "参保关系有效" in told and "每结算一次" in told


def test_choices_that_reach_facts_are_known_by_the_models(home: Settings) -> None:
    expected = {"insured_rule", "insured_dedup", "dedup_scope", "netting", "stay_merge", "stat_clock"}
    assert facts_needed(home, list(load_switches())) == expected


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("nowhere", "没有名为 nowhere"),
        ("bed_day=plus", "没有这个口径"),
        ("bed_day_rule=plus", "没有这个取值"),
        ("missing.yml", "没有名为 missing.yml"),
    ],
)
def test_an_unknown_definition_says_what_is_known(home: Settings, name: str, part: str) -> None:
    with pytest.raises(UserError) as refused:
        compare_definitions(home, "present", name, YEAR, None)
    assert part in refused.value.message("zh") and refused.value.code == ExitCode.BAD_INPUT


def test_a_year_without_data_and_a_file_of_another_kind_are_refused(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no indicators of 1999"):
        compare_definitions(home, "present", "national", 1999, None)
    with pytest.raises(UserError, match="cannot be written"):
        compare_definitions(home, "present", "national", YEAR, tmp_path / "compared.pdf")


def test_a_variant_is_a_file_on_top_of_the_present_definitions(home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text(
        "definitions: {bed_day_rule: end_minus_begin_plus1}\n"
        f"pooling: [{{region: '{PROVINCE}', from: {YEAR}-01-01, level: province}}]\n",
        encoding="utf-8",
    )
    present, own = load_province(home, PROVINCE), read_variant(home, str(path), PROVINCE).province
    assert [one.switch for one in differing_choices(present, own, [YEAR])] == ["bed_day_rule", "cross_region_base"]
    path.write_text("dummy_creators: [1]\n", encoding="utf-8")
    with pytest.raises(UserError, match="dummy_creators"):
        read_variant(home, str(path), PROVINCE)


def test_every_shipped_variant_can_be_read_and_differs(home: Settings) -> None:
    assert "bureau" in variant_names(home)
    present = load_province(home, PROVINCE)
    for name in variant_names(home):
        assert differing_choices(present, read_variant(home, name, PROVINCE).province, [YEAR])


def choices_of_cubes(home: Settings) -> list[tuple[str, str]]:
    """Every value of every choice that the cubes carry, but for those that hold already."""
    present, reaching = load_province(home, PROVINCE), facts_needed(home, list(load_switches()))
    return [
        (switch.name, value)
        for switch in load_switches().values()
        if switch.name not in reaching
        for value in switch.values
        if value != present.choice(switch.name, YEAR)
    ]


@pytest.mark.long
def test_an_indicator_lists_every_choice_that_can_move_its_whole(home: Settings) -> None:
    present = load_province(home, PROVINCE)
    indicators, silent = load_indicators(), []
    with trial(home) as layer:
        before = layer.values(present, YEAR)
        for switch, value in choices_of_cubes(home):
            variant = read_variant(home, f"{switch}={value}", PROVINCE).province
            choices = differing_choices(present, variant, [YEAR])
            after = layer.values(changed_alone(present, variant, switch), YEAR)
            moved = compared(before, after).filter(is_different() & (pl.col("breakdown") == "total"))
            silent += [(switch, name) for name, switches in listed(moved, indicators, choices).items() if not switches]
    assert not sorted(set(silent))
