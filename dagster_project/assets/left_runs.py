"""What killed runs leave in Dagster's own records: a run that seems to go on, and its place in the pool of writers.

Belongs here: ending such runs, so that the next one does not wait for them for ever, and finding them between runs. Does not
belong here: what they left in the home (`run.begin`, `ingest.store.sweep`), the alert (`alerts.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from dagster_project import run, run_lock
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

_SEEM_ALIVE = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def end_left_runs(instance: DagsterInstance, only: Collection[str] | None = None) -> list[str]:
    """Note runs as failed that no process works on any more and free their places in pools; returns their ids.

    For who holds the home's lock: then no other run can be at work. Dagster itself would let the next step of the pool
    wait, without end and without a word. Where Dagster may be about to start another one, `only` names those to end.
    """
    ended = []
    for found in instance.get_runs(RunsFilter(statuses=_SEEM_ALIVE)):
        if only is None or found.run_id in only:
            instance.report_run_failed(found, "进程已被终止 / The process was killed.")
            ended.append(found.run_id)
    records = instance.event_log_storage
    for pool in records.get_concurrency_keys():
        told = records.get_concurrency_info(pool)
        for run_id in {*told.active_run_ids, *(step.run_id for step in told.pending_steps)}:
            if only is None or run_id in only:
                records.free_concurrency_slots_for_run(run_id)
    return ended


def tell_of_left_runs(settings: Settings, instance: DagsterInstance, whatever_seems_alive: bool = False) -> list[Text]:
    """End what a killed run has left, in the home and in Dagster's records, and raise its alert; returns what to tell.

    Nothing happens while somebody is at work, nor where the last one gave the lock back as it should, which asks the file system
    alone. `whatever_seems_alive`: no server that might be about to start a run is there yet.
    """
    was_left = run_lock.was_left(settings)
    if not was_left and not whatever_seems_alive:
        return []
    with suppress(UserError):
        run_lock.hold(settings)
        try:
            gone: list[str] = []
            if was_left and settings.warehouse.exists():
                with connect(settings) as connection:
                    gone = run.end_left(connection, settings)
            end_left_runs(instance, None if whatever_seems_alive else gone)
        finally:
            run_lock.release(settings)
    return run.take_notices()
