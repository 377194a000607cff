"""Dagster's view: every model and source an asset, every test a check of the step that runs it, gates between stages."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from dagster_project import dbt_parse
from dagster_project.assets.common import POOL
from dagster_project.checks import STAGES, stage_check_specs
from dagster_project.contracts import load_contracts
from dagster_project.settings import Settings

MAIN_STEPS = {
    "landing", "check_landing", "definitions", "dbt_core", "check_core", "dbt_indicator", "check_indicator",
    "bulletin_documents", "check_publication", "serving__medical_insurance",
}  # fmt: skip
STAGE_OF_SCHEMA = {"seed": 0, "staging": 0, "core": 0, "cube": 1, "indicator": 1}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The parsed dbt project."""
    return dbt_parse.manifest(Settings(home=tmp_path_factory.mktemp("definitions")))


@pytest.fixture(scope="module")
def definitions(manifest: dict[str, Any]) -> dg.Definitions:
    """The definitions of that project."""
    import os

    os.environ.setdefault("BULLETIN_HOME", manifest["metadata"]["env"].get("home", "") or "data/home")
    from dagster_project.definitions import build_definitions

    return build_definitions(manifest)


def keys_of(definitions: dg.Definitions) -> set[str]:
    """All materialisable assets as schema/table."""
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string() for key in graph.materializable_asset_keys}


def test_every_model_seed_and_source_is_an_asset(manifest: dict[str, Any], definitions: dg.Definitions) -> None:
    keys = keys_of(definitions)
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            assert f"{node['schema']}/{node['name']}" in keys
    for source in manifest["sources"].values():
        assert f"{source['schema']}/{source['name']}" in keys, (
            "a source that nothing makes is a broken line in the graph"
        )


def test_raw_tables_of_all_contracts_feed_staging(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for name in load_contracts():
        parents = graph.get(dg.AssetKey(["staging", f"stg_{name}"])).parent_keys
        assert dg.AssetKey(["raw", name]) in parents


def test_each_dbt_test_is_a_check_of_the_step_that_runs_it(
    manifest: dict[str, Any], definitions: dg.Definitions
) -> None:
    checks = {(key.asset_key.to_user_string(), key.name) for key in definitions.resolve_asset_graph().asset_check_keys}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "test":
            continue
        named = [key for key, name in checks if name == node["name"]]
        assert named, f"{unique_id} is no asset check"
        parents = [manifest["nodes"][parent] for parent in node["depends_on"]["nodes"] if parent in manifest["nodes"]]
        latest = max(STAGE_OF_SCHEMA[parent["schema"]] for parent in parents)
        assert STAGE_OF_SCHEMA[named[0].split("/")[0]] == latest, (
            f"{unique_id} stands with a stage that cannot run it yet"
        )


def test_each_rule_is_a_check_blocking_by_its_severity(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {key.name: graph.get(key).blocking for key in graph.asset_check_keys}
    for stage in STAGES:
        for spec in stage_check_specs(stage):
            assert found[spec.check_name] == spec.blocking


def test_nothing_of_a_stage_runs_before_the_gate_of_the_stage_before(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("bulletin")
    assert {node.name for node in job.graph.nodes} == MAIN_STEPS
    order = _order(job)
    wanted = ["landing", "check_landing", "dbt_core", "check_core", "dbt_indicator", "check_indicator", "bulletin_documents",
              "check_publication", "serving__medical_insurance"]  # fmt: skip
    places = [order.index(name) for name in wanted]
    assert places == sorted(places)


def _order(job: dg.JobDefinition) -> list[str]:
    from dagster._core.execution.api import create_execution_plan

    plan = create_execution_plan(job, run_config={})
    return [step.key for level in plan.get_steps_to_execute_by_level() for step in level]


def test_every_writing_asset_waits_for_the_one_writer(definitions: dg.Definitions) -> None:
    for definition in definitions.resolve_asset_graph().assets_defs:
        if definition.is_executable:
            assert definition.node_def.pools == {POOL}, definition.node_def.name  # type: ignore[union-attr]


def test_jobs_and_their_partitions(definitions: dg.Definitions) -> None:
    assert definitions.resolve_job_def("bulletin").partitions_def is None
    months = definitions.resolve_job_def("rebuild_month").partitions_def
    years = definitions.resolve_job_def("publish_year").partitions_def
    assert months is not None and "2024-07" in months.get_partition_keys()
    assert years is not None and "2024" in years.get_partition_keys()


def test_assets_read_well(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name and node.group_name.startswith("g"), key
        text = (node.description or "").split("#### Raw SQL")[0]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), f"{key} has no description in Chinese"
        assert any(letter.isascii() and letter.isalpha() for letter in text), f"{key} has no description in English"
