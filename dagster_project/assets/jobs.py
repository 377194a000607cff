"""Jobs: the main one, which works out the touched months itself, and two partitioned ones for re-runs and backfills.

Belongs here: jobs, their partitions, what closes a failed run. Does not belong here: what a stage does.

The partitioned jobs are jobs of ops that report materialisations of the very assets of the main job: assets of
different partitionings cannot share a job, and the main job stays unpartitioned.
"""

from typing import Any

import dagster as dg

from dagster_project import alerts, drafts, gate, run, stages
from dagster_project.assets import publication, warehouse
from dagster_project.assets.common import POOL, BulletinHome, both, step
from dagster_project.warehouse import connect

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2018-01", fmt="%Y-%m", timezone="Asia/Shanghai", end_offset=1)
YEARS = dg.TimeWindowPartitionsDefinition(
    start="2018", fmt="%Y", cron_schedule="0 0 1 1 *", timezone="Asia/Shanghai", end_offset=1
)


@dg.failure_hook(name="close_failed_run", required_resource_keys={"home"})
def close_failed_run(context: dg.HookContext) -> None:
    """A run of which a step failed says so in ops.run and by the alert that is set, however it was started."""
    settings = context.resources.home.settings()
    run.finish(settings, context.run_id, "failed")
    told = alerts.run_failed(
        settings, context.run_id, run.first_error() or context.op_exception, f"dagster:{context.job_name}"
    )
    for text in told:
        context.log.warning(both(text))
        run.note(text)


def main_job() -> Any:
    """Everything from the landing folder to the served database."""
    return dg.define_asset_job(
        "bulletin",
        selection=dg.AssetSelection.all(),
        hooks={close_failed_run},
        executor_def=dg.in_process_executor,
        description="主任务：从来源文件到公报与对外数据库；受影响的月份由程序自行判定。· "
        "The main job: from landed files to the bulletin and the served database; works out the touched months itself.",
    )


def month_job() -> dg.JobDefinition:
    """Rebuild core and cubes of one settlement month."""

    @dg.op(name="rebuild_core_and_cubes", pool=POOL, out=dg.Out(dg.Nothing))
    def rebuild(context: dg.OpExecutionContext, home: BulletinHome) -> None:
        month = int(context.partition_key.replace("-", ""))
        with step(context, home, "core") as settings:
            stages.require_taken_in(settings)
            with stages.only_months_touched(settings, [month]):
                results = stages.build_models(settings, "tag:core tag:cube")
            with connect(settings) as connection:
                for result in results:
                    if result.kind != "test" and result.status != "unchanged" and not result.failed:
                        metadata = {**warehouse.node_metadata(connection, result), "rebuilt_month": month}
                        context.log_event(
                            dg.AssetMaterialization(
                                [result.schema, result.name],
                                description=f"重算月份 · month rebuilt: {month}",
                                metadata=metadata,
                            )
                        )
            stages.require_whole(results)
        with step(context, home, "core_checks") as settings:
            gate.passed(settings, "core", context.run_id, gate.judge(settings, "core", context.run_id))
        run.finish(settings, context.run_id, "done")

    @dg.job(
        name="rebuild_month",
        partitions_def=MONTHS,
        hooks={close_failed_run},
        executor_def=dg.in_process_executor,
        description="重算一个结算月的核心表与汇总表；之后运行 publish_year 更新指标与出版物。· "
        "Rebuild core and cubes of one settlement month; run publish_year afterwards for indicators and documents.",
    )
    def rebuild_month() -> None:
        rebuild()

    return rebuild_month


def year_job() -> dg.JobDefinition:
    """Indicators, the bulletin of one year and the served database, from the cubes as they are."""

    @dg.op(name="publish_one_year", pool=POOL, out=dg.Out(dg.Nothing))
    def publish(context: dg.OpExecutionContext, home: BulletinHome) -> None:
        from dagster_project.serving import publish_serving

        year = int(context.partition_key)
        with step(context, home, "indicator") as settings:
            run.publication_years(settings, [year])
            stages.load_definitions(settings)
            stages.require_whole(stages.build_models(settings, stages.INDICATOR))
        with step(context, home, "indicator_checks") as settings:
            gate.passed(settings, "indicator", context.run_id, gate.judge(settings, "indicator", context.run_id))
        with step(context, home, "publication") as settings:
            folders = drafts.publish(settings, [year], context.run_id)
            context.log_event(
                dg.AssetMaterialization(
                    publication.BULLETIN,
                    metadata={"folder": str(drafts.place_of(settings, folders[-1])), "year": year},
                )
            )
        with step(context, home, "publication_checks") as settings:
            gate.passed(settings, "publication", context.run_id, gate.judge(settings, "publication", context.run_id))
        with step(context, home, "serving") as settings:
            report = publish_serving(settings, context.run_id)
            context.log_event(
                dg.AssetMaterialization(
                    publication.SERVING, metadata={"dagster/row_count": sum(report.tables.values())}
                )
            )
        run.finish(settings, context.run_id, "done")

    @dg.job(
        name="publish_year",
        partitions_def=YEARS,
        hooks={close_failed_run},
        executor_def=dg.in_process_executor,
        description="重算一个年度的指标并重出草稿公报与对外数据库。· "
        "Recompute the indicators and remake the draft bulletin of one year and the served database.",
    )
    def publish_year() -> None:
        publish()

    return publish_year
