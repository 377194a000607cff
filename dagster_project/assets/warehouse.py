"""dbt models as assets with their tests as checks, executed by dbt in this process.

Belongs here: specs from the manifest and turning dbt's results into Dagster's events. Does not belong here: running
dbt (`dbt_build.py`), models, the gates between stages (`gates.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dagster_project import stages
from dagster_project.assets.common import GROUPS, POOL, BulletinHome, markdown_table, step
from dagster_project.dbt_build import NodeResult
from dagster_project.warehouse import connect

PREVIEWED = ("cube", "indicator")
SEVERITY = {"warn": dg.AssetCheckSeverity.WARN, "error": dg.AssetCheckSeverity.ERROR}


@dataclass(frozen=True)
class DbtStage:
    """One dbt call of the main job: its step, its selection, the schemas whose models wait for a gate."""

    name: str
    select: str
    gated_schemas: tuple[str, ...]
    gate: tuple[str, ...]


STAGES = (
    DbtStage("core", stages.CORE, ("staging",), ("checks", "landing")),
    DbtStage("indicator", stages.INDICATOR, ("cube",), ("checks", "core")),
)


class WarehouseTranslator(DagsterDbtTranslator):
    """Keys are schema and table; groups are stages; the first models of a stage wait for the gate before it."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The default spec with the gate among its dependencies and without `dbt` jargon in its kinds."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None:
            return spec
        gates = [stage.gate for stage in STAGES if node["schema"] in stage.gated_schemas]
        return spec.replace_attributes(
            deps=[*spec.deps, *[dg.AssetDep(dg.AssetKey(list(gate))) for gate in gates]],
            kinds={"dbt", "duckdb", "view" if node["config"]["materialized"] == "view" else "table"},
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table, for sources too: dbt's own name of a source says nothing to a reader."""
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The stage of the data's way."""
        return GROUPS.get(str(dbt_resource_props.get("schema")), "g2_reference")


def dbt_stage_assets(manifest: Mapping[str, Any], stage: DbtStage) -> dg.AssetsDefinition:
    """All models and seeds of a stage as one step."""
    translator = WarehouseTranslator()

    @dbt_assets(
        manifest=manifest,
        select=stage.select,
        exclude="resource_type:unit_test",
        name=f"dbt_{stage.name}",
        dagster_dbt_translator=translator,
        pool=POOL,
    )
    def build(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        with step(context, home, stage.name) as settings:
            names = selected_names(manifest, context) if context.is_subset else stage.select
            results = stages.build_models(settings, names, home.full_refresh)
            with connect(settings) as connection:
                yield from events(context, connection, manifest, translator, results)
            if stage.name == "indicator" and not context.is_subset:
                stages.mark_cubes_built(settings)

    return build


def selected_names(manifest: Mapping[str, Any], context: dg.AssetExecutionContext) -> str:
    """dbt's names of the assets that somebody picked in the UI."""
    wanted = {(key.path[0], key.path[-1]) for key in context.selected_asset_keys}
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    return " ".join(node["name"] for node in nodes if (node["schema"], node["name"]) in wanted)


def events(
    context: dg.AssetExecutionContext,
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
    results: list[NodeResult],
) -> Iterator[Any]:
    """One event a node; fails the step when a node failed or an expected asset was not made.

    Dagster takes a missing output for a skipped one and calls the run a success; here it is a failure.
    """
    expected_checks = set(context.selected_asset_check_keys)
    made: set[dg.AssetKey] = set()
    for result in results:
        if result.kind == "test":
            key = get_asset_check_key_for_test(manifest, translator, result.unique_id, None)
            if key is not None and key in expected_checks:
                expected_checks.discard(key)
                yield check_result(manifest, key, result)
            continue
        table = dg.AssetKey([result.schema, result.name])
        if not result.failed and table in context.selected_asset_keys:
            made.add(table)
            yield dg.MaterializeResult(asset_key=table, metadata=node_metadata(connection, result))
    missing = [key.to_user_string() for key in context.selected_asset_keys if key not in made]
    not_run = [] if context.is_subset else [key.name for key in expected_checks]
    stages.require_whole(results, missing, not_run)


def check_result(manifest: Mapping[str, Any], key: dg.AssetCheckKey, result: NodeResult) -> dg.AssetCheckResult:
    """A dbt test as the result of an asset check."""
    declared = str(manifest["nodes"][result.unique_id]["config"].get("severity", "error")).lower()
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.status == "pass",
        severity=SEVERITY["warn" if result.status == "warn" else declared],
        metadata={"seconds": result.seconds, "failures": result.failures or 0, "message": result.message},
    )


def node_metadata(connection: duckdb.DuckDBPyConnection, result: NodeResult) -> dict[str, Any]:
    """Rows, seconds and, for the small tables of the later stages, the first rows."""
    metadata: dict[str, Any] = {"秒 seconds": result.seconds}
    if result.status == "unchanged":
        metadata["说明 note"] = result.message
    if result.rows is not None:
        metadata["dagster/row_count"] = result.rows
    if result.schema in PREVIEWED and result.rows:
        cursor = connection.execute(f'select * from "{result.schema}"."{result.name}" limit 5')
        header = [column[0] for column in cursor.description or ()]
        metadata["预览 preview"] = markdown_table(header, cursor.fetchall())
    return metadata


def all_dbt_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """One definition a stage."""
    return [dbt_stage_assets(manifest, stage) for stage in STAGES]
