"""Executing a job of the definitions in this process, without a daemon or a server.

Belongs here: the Dagster instance of a home and one execution. Does not belong here: messages, exit codes (`cli.py`).
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project import run
from dagster_project.language import Text
from dagster_project.settings import PACKAGE_ROOT, Settings

INSTANCE_TEMPLATE = PACKAGE_ROOT / "dagster.yaml"


@dataclass(frozen=True)
class Execution:
    """How a job ended; `error` is the first exception of a step in its original form."""

    run_id: str
    success: bool
    error: BaseException | None


def instance_folder(settings: Settings) -> Path:
    """HOME/dagster with its dagster.yaml; the events of all runs of this home lie there."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_bytes() != INSTANCE_TEMPLATE.read_bytes():
        shutil.copyfile(INSTANCE_TEMPLATE, target)
    return folder


def tidy_instance(settings: Settings) -> list[Text]:
    """End what killed runs have left in a home and its instance, unless somebody is at work there now; returns what to tell."""
    from dagster import DagsterInstance

    from dagster_project.assets.left_runs import tell_of_left_runs

    with DagsterInstance.from_config(str(instance_folder(settings))) as instance:
        return tell_of_left_runs(settings, instance, whatever_seems_alive=True)


def execute(
    settings: Settings,
    job_name: str,
    years: Sequence[int] = (),
    full_refresh: bool = False,
    command: str = "",
    partition_key: str | None = None,
    run_id: str | None = None,
) -> Execution:
    """Run one job to its end, under `run_id` when the run has begun; never raises for what happens inside a step.

    The caller's process holds the home's lock, or nobody else uses the home.
    """
    # Definitions read the home from the environment, as they do under `dagster dev` and `dagster job execute`.
    os.environ["BULLETIN_HOME"] = str(settings.home)
    folder = instance_folder(settings)
    os.environ["DAGSTER_HOME"] = str(folder)
    # What is made here stays to the end, and looking for rubbish among it took a twentieth of a run's processor time.
    gc.disable()
    from dagster import DagsterInstance

    from dagster_project.assets.event_log import held_open
    from dagster_project.assets.left_runs import end_left_runs
    from dagster_project.definitions import defs

    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    gc.enable()
    run.forget_errors()
    home = {"path": str(settings.home), "years": list(years), "full_refresh": full_refresh}
    with held_open(folder), DagsterInstance.from_config(str(folder)) as instance:
        end_left_runs(instance)
        result = defs.resolve_job_def(job_name).execute_in_process(
            # The terminal has its own progress; every event is in the instance, where the UI shows it.
            run_config={
                "resources": {"home": {"config": home}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            instance=instance,
            partition_key=partition_key,
            run_id=run_id,
            tags={"bulletin/command": command} if command else None,
            raise_on_error=False,
        )
    return Execution(run_id=result.run_id, success=result.success, error=run.first_error())
