"""The gates between stages: Great Expectations' results as asset checks; nothing passes a failed blocking one.

Belongs here: one asset a stage, the check report, which everything of the next stage waits for, and the bridge from
results to Dagster's events. Does not belong here: rules, thresholds, judging (`checks/`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from dagster_project import gate
from dagster_project.assets.common import GROUPS, POOL, BulletinHome, markdown_table, step
from dagster_project.checks.catalogue import stage_check_specs
from dagster_project.checks.model import CheckResult, Stage
from dagster_project.language import Text

TITLES: dict[str, Text] = {
    "landing": Text("入库检查报告", "Report of the landing checks"),
    "core": Text("核心检查报告", "Report of the core checks"),
    "indicator": Text("指标检查报告", "Report of the indicator checks"),
    "publication": Text("出版检查报告", "Report of the publication checks"),
}
GROUP_OF = {"landing": "raw", "core": "core", "indicator": "indicator", "publication": "publication"}


def gate_key(stage: str) -> dg.AssetKey:
    """The asset that stands for 'the checks of this stage let the data pass'."""
    return dg.AssetKey(["checks", stage])


def gate_assets(stage: Stage, deps: Iterable[dg.AssetKey], known: Collection[dg.AssetKey]) -> dg.AssetsDefinition:
    """The checks of one stage as one step after `deps`; its asset exists only when nothing blocking failed.

    A check of a table that is no asset (`known` are those that are) stands with the gate itself.
    """
    planned = stage_check_specs(stage)

    def place(table: str) -> dg.AssetKey:
        key = dg.AssetKey(table.split("."))
        return key if key in known else gate_key(stage)

    title = TITLES[stage]

    @dg.multi_asset(
        name=f"check_{stage}",
        specs=[
            dg.AssetSpec(
                gate_key(stage),
                deps=list(deps),
                group_name=GROUPS[GROUP_OF[stage]],
                kinds={"greatexpectations"},
                description=f"{title.zh}：{len(planned)} 项；任何阻断性检查未通过时，下游不执行。\n\n"
                f"{title.en}: {len(planned)} checks; nothing downstream runs when a blocking one failed.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                name=spec.check_name,
                asset=place(spec.table_name),
                blocking=spec.blocking,
                description=spec.description,
            )
            for spec in planned
        ],
        allow_arbitrary_check_specs=True,
        pool=POOL,
    )
    def check(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        with step(context, home, f"{stage}_checks") as settings:
            results = gate.judge(settings, stage, context.run_id)
            for result in results:
                yield bridged(result, place(result.table_name))
            gate.passed(settings, stage, context.run_id, results)
            counts: dict[str, Any] = {
                result.status: sum(r.status == result.status for r in results) for result in results
            }
            yield dg.MaterializeResult(asset_key=gate_key(stage), metadata={**counts, "报告 report": report(results)})

    return check


def bridged(result: CheckResult, key: dg.AssetKey) -> dg.AssetCheckResult:
    """A result as Dagster shows it: only pass and not_applicable are green; only what blocks is an error."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=result.check_name,
        passed=result.status in ("pass", "not_applicable"),
        severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
        metadata=numbers(result),
    )


def numbers(result: CheckResult) -> dict[str, Any]:
    """What lets a person act: status, unexpected of total, threshold, the query that lists the rows, help."""
    found: dict[str, Any] = {
        "status": result.status,
        "unexpected": result.unexpected,
        "total": result.total,
        "percent": result.percent,
        "threshold": result.threshold,
        "help": dg.MetadataValue.md(result.help),
    }
    if result.status not in ("pass", "not_applicable") and result.rows_query:
        found["rows_query"] = dg.MetadataValue.md(f"```sql\n{result.rows_query}\n```")
    return {name: value for name, value in found.items() if value is not None}


def report(results: Sequence[CheckResult]) -> dg.MarkdownMetadataValue:
    """The results of a stage as a table, what needs attention first."""
    order = {"error": 0, "fail": 1, "warn": 2, "pass": 3, "not_applicable": 4}
    return markdown_table(
        ["status", "table", "check", "unexpected", "total", "%", "threshold %"],
        [
            (r.status, r.table_name, r.check_name, r.unexpected, r.total, r.percent, r.threshold)
            for r in sorted(results, key=lambda r: (order[r.status], r.table_name, r.check_name))
        ],
    )
