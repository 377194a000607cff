"""What killed runs leave in Dagster's own records: a run that seems to go on, and its place in the pool of writers.

Belongs here: ending such runs, so that the next one does not wait for them for ever. Does not belong here: what they left in
the home (`run.begin`, `ingest.store.sweep`).
"""

from __future__ import annotations

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

_SEEM_ALIVE = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def end_left_runs(instance: DagsterInstance) -> list[str]:
    """Note runs as failed that no process works on any more and free their places in pools; returns their ids.

    For who holds the home's lock: then no other run can be at work. Dagster itself would let the next step of the pool
    wait, without end and without a word.
    """
    ended = []
    for found in instance.get_runs(RunsFilter(statuses=_SEEM_ALIVE)):
        instance.report_run_failed(found, "进程已被终止 / The process was killed.")
        ended.append(found.run_id)
    records = instance.event_log_storage
    for pool in records.get_concurrency_keys():
        told = records.get_concurrency_info(pool)
        for run_id in {*told.active_run_ids, *(step.run_id for step in told.pending_steps)}:
            records.free_concurrency_slots_for_run(run_id)
    return ended
