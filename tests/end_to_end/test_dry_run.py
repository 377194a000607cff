"""What `bulletin run --dry-run` foretells is what the run that follows does, and looking changes nothing."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dagster_project import stages
from dagster_project.dbt_build import NodeResult
from dagster_project.rehearsal import Plan, rehearse
from dagster_project.verbs.rehearsal import plan_lines, ranges
from tests.changing_world import ChangingWorld
from tests.rulings.world import PROVINCE
from tests.warehouse_api import build_home, bulletin, query, settings_of, take_in

RECORDS = {"run.lock"}  # holds the number of the process that looked


@dataclass
class Told:
    """A rehearsal and the run after it."""

    plan: Plan
    rebuilt: set[int] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)
    changed_by_looking: set[str] = field(default_factory=set)


def contents(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name not in RECORDS
    }


def run_models(home: Path) -> list[NodeResult]:
    """The two builds of a run."""
    settings = settings_of(home)
    stages.load_definitions(settings)
    core = stages.build_models(settings, stages.CORE)
    stages.require_whole(core)
    rest = stages.build_models(settings, stages.INDICATOR)
    stages.require_whole(rest)
    return [*core, *rest]


def told(home: Path) -> Told:
    """Look, then run, and say what the run rebuilt."""
    before = contents(home)
    outcome = Told(rehearse(settings_of(home)))
    outcome.changed_by_looking = {name for name, _ in set(before.items()) ^ set(contents(home).items())}
    take_in(home)
    results = run_models(home)
    built = {result.name for result in results if result.kind != "test" and result.status != "unchanged"}
    for schema, model in (("core", "settlement_rebuild"), ("cube", "settlement_cube_rebuild")):
        if model in built:
            rows = query(home / "warehouse.duckdb", f"select distinct settlement_month from {schema}.{model}")
            outcome.rebuilt |= {int(month) for (month,) in rows}
    outcome.unchanged = {result.name for result in results if result.kind != "test" and result.status == "unchanged"}
    stages.mark_cubes_built(settings_of(home))
    return outcome


def clock(home: Path) -> None:
    """Another definition of the statistics clock."""
    (home / "provinces").mkdir(exist_ok=True)
    (home / "provinces" / f"{PROVINCE}.yml").write_text(
        "name: {zh: 样例省, en: Case province}\n"
        "definitions:\n"
        "  stat_clock: [{from: 2000, value: setl_time}, {from: 2025, value: enddate}]\n",
        encoding="utf-8",
    )


# What happens, the reasons that must be told for it.
DELIVERED: dict[str, tuple[list[tuple[str, int, int]], set[str]]] = {
    "corrected": ([("newer_version", 0, 0)], {"delivery", "corrected"}),
    "reversed": ([("reversal", 2, 2)], {"delivery", "link"}),
    "restored": ([("reversal", 16, 3)], {"delivery", "link"}),
    "further row of a stay": ([("further_row", 3, 3)], {"delivery"}),
    "registry": ([("registry", 0, 2)], {"reference"}),
    "regions": ([("region", 1, 0)], {"reference"}),
    "register": ([("closed", 1, 0)], set()),
    "split": ([("split_corrected", 2, 0), ("line_late", 4, 0)], set()),
}
SITUATIONS = {name: reasons for name, (_, reasons) in DELIVERED.items()} | {"clock": {"definition"}, "nothing": set()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """The situations, one after the other in one home."""
    home, store = tmp_path_factory.mktemp("foretold"), tmp_path_factory.mktemp("later")
    made = ChangingWorld()
    for changes, _ in DELIVERED.values():
        made.deliver(changes)
    made.write(store)
    batches = list(made.moments)
    shutil.copytree(store / batches[0], home / "landing" / batches[0])
    build_home(home)
    found = {}
    for batch, name in zip(batches[1:], DELIVERED, strict=True):
        shutil.copytree(store / batch, home / "landing" / batch)
        found[name] = told(home)
    clock(home)
    return found | {"clock": told(home), "nothing": told(home)}


@pytest.mark.long
@pytest.mark.parametrize("name", SITUATIONS)
def test_the_months_foretold_are_those_rebuilt(runs: dict[str, Told], name: str) -> None:
    run = runs[name]
    assert set(run.plan.months) == run.rebuilt
    assert {reason for why in run.plan.months.values() for reason in why} >= SITUATIONS[name]
    assert bool(run.rebuilt) == bool(SITUATIONS[name])
    assert not [month for month, why in run.plan.months.items() if not why]


@pytest.mark.long
@pytest.mark.parametrize("name", SITUATIONS)
def test_the_models_foretold_to_stand_are_those_passed_over(runs: dict[str, Told], name: str) -> None:
    assert set(runs[name].plan.standing) == runs[name].unchanged


@pytest.mark.long
@pytest.mark.parametrize("name", SITUATIONS)
def test_looking_changes_nothing(runs: dict[str, Told], name: str) -> None:
    assert runs[name].changed_by_looking == set()


@pytest.mark.long
def test_months_only_to_compare_again_are_told_apart(runs: dict[str, Told]) -> None:
    compared = {name: run.plan.compared for name, run in runs.items() if run.plan.compared}
    assert compared == {"split": {202412: {"fund_split"}, 202501: {"charge_line"}}}


def test_months_only_to_compare_again_are_not_told_as_rebuilt() -> None:
    plan = Plan(compared={202412: {"fund_split"}, 202501: {"fund_split", "charge_line"}})
    assert [line.en for line in plan_lines(plan)][2:-1] == [
        "No settlement month is to be rebuilt.",
        "2 settlement months to be checked again with split and lines, the figures of settlements stand:",
        "  202412: rows of the fund split delivered or corrected",
        "  202501: rows of the fund split delivered or corrected; charge lines delivered or corrected",
    ]


def test_the_command_prints_touched_months_and_why(tmp_path: Path) -> None:
    """A reversal in 202501 of a stay of 202412, before anything of it was taken in."""
    home, store = tmp_path / "home", tmp_path / "later"
    made = ChangingWorld()
    made.deliver([("reversal", 3, 2)])
    made.write(store)
    shutil.copytree(store / "b1", home / "landing" / "b1")
    build_home(home)
    shutil.copytree(store / "b2", home / "landing" / "b2")
    before = contents(home)
    said = bulletin("run", "--dry-run", "--home", str(home), key=home.parent / "home.key")
    assert said.code == 0 and not said.has_traceback, said.text
    assert "setl_d" in said.text and "1 files, 1 rows, 0 to quarantine, months 202501" in said.text
    told = {line.split(":")[0].strip(): line for line in said.text.splitlines() if line.strip()[:6].isdigit()}
    assert sorted(told) == ["202412", "202501"]
    assert "rows delivered" in told["202501"] and "by a partner in another" in told["202412"], said.text
    assert contents(home) == before


@pytest.mark.long
def test_new_files_are_told_with_rows_and_months(runs: dict[str, Told]) -> None:
    spoken = "\n".join(line.zh for line in plan_lines(runs["reversed"].plan))
    assert "setl_d 结算信息：1 个文件，1 行，隔离 0 行，月份 202501" in spoken
    assert "202501：本次交付的行" in spoken and "冲销关系有变化" in spoken


def test_loaded_and_not_built_months_are_told_with_their_reasons(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ChangingWorld().write(home / "landing")
    take_in(home)
    plan = rehearse(settings_of(home))
    assert {file.status for file in plan.files} == {"duplicate"}
    assert plan.months and all("delivery" in why for why in plan.months.values())


def test_an_empty_home_stays_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ChangingWorld().write(home / "landing")
    before = contents(tmp_path)
    plan = rehearse(settings_of(home))
    assert plan.months and not plan.standing
    assert contents(tmp_path) == before, "not even a key is made"


def test_months_are_told_as_ranges() -> None:
    assert ranges(["202411", "202412", "202501", "202503", "all"]) == "202411–202501, 202503"
