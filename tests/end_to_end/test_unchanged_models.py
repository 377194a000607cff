"""What a run passes over because nothing that it was made of has moved, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project import dbt_parse, model_inputs, stages
from dagster_project.settings import Settings
from dagster_project.warehouse import connect
from tests.conftest import SampleHome, copy_of
from tests.fail_points import SIDES, kill_at
from tests.warehouse_api import settings_of

DRIVES_FORMER = ("run.drop_former",)


@pytest.fixture(scope="module")
def home(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the session's home, built whole: all its models stand."""
    path: Path = copy_of(sample_home, tmp_path_factory.mktemp("unchanged") / "home")
    return settings_of(path)


@pytest.fixture
def warehouse(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its warehouse inside a transaction that is taken back."""
    with connect(home) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


def standing(home: Settings, connection: duckdb.DuckDBPyConnection) -> set[str]:
    manifest = dbt_parse.manifest(home)
    now = model_inputs.fingerprints(connection, manifest, dbt_parse.models_fingerprint())
    return {name.split(".")[-1] for name in model_inputs.unchanged(connection, now, manifest)}


def all_models(home: Settings) -> set[str]:
    nodes = dbt_parse.manifest(home)["nodes"].values()
    return {node["name"] for node in nodes if node["resource_type"] in ("model", "seed")}


def test_after_a_whole_run_everything_stands(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    assert standing(home, warehouse) == all_models(home)


def test_a_superseded_settlement_leaves_enrolment_alone(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into ops.superseded values ('setl_d', 999, 1, now()::timestamp, 998, 1)")
    left = standing(home, warehouse)
    assert {"fct_enrolment", "fct_enrolment_date", "dim_person", "cube_enrolment", "cube_fund"} <= left
    assert "enrolment_code" in left, "the codes of enrolment are not looked for again"
    assert not {"fct_settlement", "fct_stay", "cube_settlement", "cube_stay", "indicator_value"} & left


def test_a_due_month_reaches_all_that_follows_from_it(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into ops.touched_month values (202401)")
    left = standing(home, warehouse)
    assert {"fct_enrolment_date", "enrolment_rule_count"} <= left
    assert not {"fct_settlement", "settlement_profile", "fct_stay", "cube_settlement", "indicator_value"} & left


def test_a_month_to_compare_again_reaches_the_comparison_and_what_is_made_of_lines(
    home: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute("insert into ops.touched_source_month values (202401)")
    due = all_models(home) - standing(home, warehouse)
    layer = {node["name"]: node["fqn"][1] for node in dbt_parse.manifest(home)["nodes"].values()}
    assert {name for name in due if layer[name] != "indicator"} == {
        "settlement_source_profile", "rule_count", "settled_line", "fct_negotiated_drug", "cube_negotiated_drug",
        "fct_large_exam", "repeated_exam", "cube_large_exam", "cube_charge_class",
    }  # fmt: skip
    assert {name for name in due if name.startswith("labelled_")} == {"labelled_negotiated_drug", "labelled_large_exam"}


def test_a_seed_of_a_model_by_months_makes_its_months_due(home: Settings) -> None:
    nodes = dbt_parse.manifest(home)["nodes"]

    def seeds(model: str) -> set[str]:
        node = next(node for node in nodes.values() if node["name"] == model)
        return {name for name in node["depends_on"]["nodes"] if name.startswith("seed.")}

    by_month = {
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    } - {"code_domain"}  # only grows, and says how facts are stored
    assert by_month > {"fct_settlement", "settlement_profile"}
    assert {seed for model in by_month for seed in seeds(model)} <= seeds("settlement_rebuild")


@pytest.mark.parametrize(
    ("switch", "reaches"),
    [
        ("unknown_tier", {"indicator_value"}),
        ("stat_clock", {"cube_settlement", "cube_stay"}),
        ("insured_dedup", {"fct_enrolment_date", "cube_enrolment"}),
        ("stay_merge", {"stay_sum", "fct_stay", "cube_stay"}),
    ],
)
def test_a_definition_reaches_only_the_models_that_name_it(
    home: Settings, warehouse: duckdb.DuckDBPyConnection, switch: str, reaches: set[str]
) -> None:
    facts = {"fct_enrolment_date", "cube_enrolment", "fct_stay", "cube_stay", "cube_settlement", "fct_enrolment"}
    facts |= {"stay_settlement", "stay_sum", "reversal_amount"}
    warehouse.execute("update ops.definition_choice set value = 'another' where switch = $1", [switch])
    left = standing(home, warehouse)
    assert not reaches & left
    assert "indicator_value" not in left
    assert facts - reaches <= left


def test_every_definition_reaches_what_its_terms_and_models_make_of_it(
    home: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    switches = {
        switch for (switch,) in warehouse.execute("select distinct switch from ops.definition_choice").fetchall()
    }
    of_terms = {
        switch
        for pair in warehouse.execute("select distinct switch, second_switch from ops.indicator_term").fetchall()
        for switch in pair
        if switch
    }
    assert of_terms <= switches and "bed_day_rule" in of_terms
    warehouse.execute("create temp table chosen as select * from ops.definition_choice")
    for switch in sorted(switches):
        warehouse.execute("update ops.definition_choice set value = 'another' where switch = $1", [switch])
        left = standing(home, warehouse)
        warehouse.execute("delete from ops.definition_choice")
        warehouse.execute("insert into ops.definition_choice select * from chosen")
        assert not {"indicator_term", "indicator_value"} & left, switch
        assert "dim_working_day" in left, "the calendar asks for the provinces alone"
    assert "indicator_value" in standing(home, warehouse)


def test_another_text_of_a_model_makes_everything_due(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    manifest = dbt_parse.manifest(home)
    now = model_inputs.fingerprints(warehouse, manifest, "another text")
    assert model_inputs.unchanged(warehouse, now, manifest) == set()


def test_what_is_about_to_be_built_no_longer_stands(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    manifest = dbt_parse.manifest(home)
    name = next(name for name in manifest["nodes"] if name.endswith(".dim_person"))
    model_inputs.forget(warehouse, [name])
    assert "dim_person" not in standing(home, warehouse)


def test_a_build_with_nothing_to_do_says_so_and_keeps_every_result(home: Settings) -> None:
    results = stages.build_models(home, stages.CORE)
    models = [result for result in results if result.kind == "model"]
    assert models and {result.status for result in models} == {"unchanged"}
    assert any(result.kind == "test" and result.status == "pass" for result in results)
    assert not any(result.failed for result in results)


def test_what_a_former_model_left_is_taken_away(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    def tables() -> set[str]:
        found = warehouse.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
        return {str(name) for (name,) in found}

    before = tables()
    warehouse.execute("create table core.person_month as select 1 as person_key")
    warehouse.execute("create view cube.former as select 1 as one")
    warehouse.execute("create table indicator.not_of_dbt as select 1 as one")
    for side in reversed(SIDES):  # one is gone after the step, none more before the next one
        kill_at(*DRIVES_FORMER, side, lambda: model_inputs.drop_former(warehouse, dbt_parse.manifest(home)))
        assert len(tables()) == len(before) + 2
    model_inputs.drop_former(warehouse, dbt_parse.manifest(home))
    assert tables() == before | {"indicator.not_of_dbt"}
