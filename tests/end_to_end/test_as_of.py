"""A past state equals what a home would hold in which nothing but the deliveries up to then had ever landed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.as_of import derived, recall
from dagster_project.durable import set_hook
from dagster_project.errors import ExitCode, UserError
from tests.conftest import SampleHome, copy_of
from tests.deliveries import with_third_delivery
from tests.warehouse_api import build_home, build_models, bulletin, query, settings_of, sorted_csv, take_in

DRIVES = ["as_of.clear"]
STATES = {"b1": date(2026, 1, 31), "b2": date(2026, 2, 10)}


@dataclass
class Homes:
    """A home that holds all three deliveries, and one that got them one after the other with what it told then."""

    working: Path
    steps: Path
    told: dict[str, str]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Three deliveries landed at once in one home, and built after each of the first two in another."""
    working = tmp_path_factory.mktemp("working")
    with_third_delivery(working)
    step_by_step = tmp_path_factory.mktemp("steps")
    shutil.copytree(working / "provinces", step_by_step / "provinces")
    told = {}
    for batch in STATES:
        shutil.copytree(working / "landing" / batch, step_by_step / "landing" / batch)
        build_home(step_by_step, working.parent / "as_of.key")
        told[batch] = sorted_csv(step_by_step / "warehouse.duckdb")
    take_in(working, working.parent / "as_of.key")
    return Homes(working, step_by_step, told)


def known(homes: Homes) -> list[tuple[object, ...]]:
    return query(homes.working / "warehouse.duckdb", "select * from ops.superseded order by all") + query(
        homes.working / "warehouse.duckdb", "select * from ops.load order by all"
    )


@pytest.mark.parametrize("batch", list(STATES))
def test_a_past_state_is_what_was_told_then(homes: Homes, batch: str) -> None:
    before = known(homes)
    past = recall(settings_of(homes.working), STATES[batch])
    build_derived(past.home, homes)
    assert sorted_csv(past.warehouse) == homes.told[batch]
    assert known(homes) == before
    assert not (past.home / "raw").exists(), "raw is read where it lies"


def build_derived(home: Path, homes: Homes) -> None:
    """Models of a derived home, as `bulletin run --as-of` builds them."""
    from dagster_project import stages

    past = derived(settings_of(homes.working), date.fromisoformat(home.name))
    stages.load_definitions(past)
    stages.require_whole(stages.build_models(past, f"{stages.CORE} {stages.INDICATOR}"))


def test_the_two_states_differ_and_corrections_lie_between(homes: Homes) -> None:
    assert homes.told["b1"] != homes.told["b2"]
    winners = query(
        homes.working / "warehouse.duckdb", "select count(*) from ops.superseded where by_load_id is not null"
    )
    assert winners[0][0] > 1


def test_batch_by_batch_equals_all_at_once_equals_full_refresh(homes: Homes) -> None:
    """All at once is what the past states above were made of."""
    build_models(homes.steps, homes.working.parent / "as_of.key", full_refresh=True)
    assert sorted_csv(homes.steps / "warehouse.duckdb") == homes.told["b2"]


def test_before_the_first_delivery_there_is_nothing_to_tell(homes: Homes) -> None:
    with pytest.raises(UserError) as raised:
        recall(settings_of(homes.working), date(2026, 1, 9))
    assert raised.value.code == ExitCode.BAD_INPUT
    assert "2026-01-10" in raised.value.message("zh")
    assert not derived(settings_of(homes.working), date(2026, 1, 9)).home.exists()


def test_a_warehouse_of_an_older_version_gets_the_tables_that_it_lacks(homes: Homes, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(homes.working, older, ignore=shutil.ignore_patterns("as_of", "run.lock"))
    with duckdb.connect(str(older / "warehouse.duckdb")) as connection:
        for table in ("tied_row", "unloaded_tied_row", "unloaded_load", "handed_in"):
            connection.execute(f"drop table ops.{table}")
    past = recall(settings_of(older), STATES["b2"])
    assert query(past.warehouse, "select count(*) from ops.load") > [(0,)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_state_that_was_stopped_is_made_anew(homes: Homes, moment: str) -> None:
    def stop(name: str, at: str) -> None:
        if (name, at) == ("as_of.clear", moment):
            raise KeyboardInterrupt

    day = date(2026, 3, 1)
    recall(settings_of(homes.working), day)
    set_hook(stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            recall(settings_of(homes.working), day)
    finally:
        set_hook(None)
    past = recall(settings_of(homes.working), day)
    assert query(past.warehouse, "select count(*) from ops.load") == query(
        homes.working / "warehouse.duckdb", "select count(*) from ops.load"
    )


@pytest.mark.long
def test_the_command_makes_drafts_and_a_served_file_that_name_the_day(sample_home: SampleHome, tmp_path: Path) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    before = sorted_csv(home / "warehouse.duckdb", "ops.load")
    said = bulletin("run", "--home", str(home), "--as-of", "2025-07-31", key=sample_home.key)
    assert said.code in (0, 1) and not said.has_traceback, said.text
    past = home / "as_of" / "2025-07-31"
    (page,) = past.glob("publication/2024/2025-07-31_draft/bulletin.html")
    assert "截至 2025-07-31" in page.read_text(encoding="utf-8")
    assert "截至 as of 2025-07-31" in (past / "checks.html").read_text(encoding="utf-8")
    served = query(past / "serving" / "medical_insurance.duckdb", "select value_zh from about where item = 'as_of'")
    assert served and "2025-07-31" in served[0][0]
    assert sorted_csv(home / "warehouse.duckdb", "ops.load") == before
    assert bulletin("run", "--home", str(home), "--as-of", "2020-01-01", key=sample_home.key).code == 2
