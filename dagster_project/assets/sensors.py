"""The sensor on the landing folder, which also finds runs that were killed since it looked last.

Belongs here: the bridge to Dagster. Does not belong here: the decision (`landing_watch.py`).
"""

import os

import dagster as dg

from dagster_project import landing_watch, run_lock
from dagster_project.assets.common import both
from dagster_project.assets.left_runs import tell_of_left_runs
from dagster_project.settings import Settings

SECONDS = 30
# Runs that Dagster is about to start hold no lock yet; one at work does, however it was started.
_ABOUT_TO_START = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING]
WATCH = "BULLETIN_WATCH"  # set by `bulletin ui --watch`


def landing_sensor() -> dg.SensorDefinition:
    """Starts the main job when new files in landing have stopped growing; off until somebody switches it on."""

    @dg.sensor(
        name="new_files_in_landing",
        job_name="bulletin",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if os.environ.get(WATCH) else dg.DefaultSensorStatus.STOPPED,
        description="来源文件夹里有新文件并且不再变化时，启动主任务；有运行在进行时等它结束。· "
        "Starts the main job when new files in landing have stopped growing, never beside another run.",
    )
    def new_files_in_landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = Settings()
        waiting = context.instance.get_runs_count(dg.RunsFilter(statuses=_ABOUT_TO_START))
        if not waiting:
            for text in tell_of_left_runs(settings, context.instance):
                context.log.warning(both(text))
        decision = landing_watch.decide(
            context.cursor, landing_watch.look(settings.landing), waiting > 0 or run_lock.is_busy(settings)
        )
        if not decision.start:
            return dg.SensorResult(skip_reason=both(decision.reason), cursor=decision.cursor)
        tags = {"bulletin/command": f"sensor: {decision.reason.en}"}
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=decision.run_key, tags=tags)], cursor=decision.cursor
        )

    return new_files_in_landing
