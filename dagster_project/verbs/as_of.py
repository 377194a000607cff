"""`bulletin run --as-of`: from a past state to its drafts and served file, in the derived home.

Belongs here: the order of the stages for a past state, its messages. Does not belong here: which rows were known then
(`as_of.py`), what a stage does (`stages.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from dagster_project import drafts, gate, progress, run, stages, workload
from dagster_project.as_of import recall
from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import print_summary, say
from dagster_project.verbs.running import own_run, reporting, require_loaded

STAGES = [stage for stage in progress.STAGES if stage not in ("start", "landing")]


def run_as_of(settings: Settings, years: Sequence[int], day: date) -> ExitCode:
    """Recompute what the home would have told at the end of a day; the working warehouse stays as it is."""
    begun = time.monotonic()
    require_loaded(settings)
    require_valid_files(settings)
    past = recall(settings, day)
    say(
        Text(
            f"截至 {day.isoformat()}：按该日已交付的数据重算，结果在 {past.home}；工作仓库不变。",
            f"As of {day.isoformat()}: recomputed from what had been delivered by then, in {past.home}; "
            "the working warehouse stays as it is.",
        ),
        settings.language,
    )
    run_id = ""
    try:
        with reporting(past, STAGES), own_run(past, f"bulletin run --as-of {day.isoformat()}") as run_id:
            run.publication_years(past, years)
            workload.tell(past, stages.models_changed(past)[0])
            _stages(past, years, run_id)
    except UserError as error:
        if error.code == ExitCode.PARTLY:
            print_summary(run.summarise(past, run_id), past.language, time.monotonic() - begun)
        raise
    summary = run.summarise(past, run_id)
    print_summary(summary, past.language, time.monotonic() - begun)
    return run.exit_code(summary, True)


def _stages(past: Settings, years: Sequence[int], run_id: str) -> None:
    from dagster_project.serving import publish_serving

    gate.run_gate(past, "landing", run_id)
    stages.build_all(past, run_id, full_refresh=False)
    with progress.stage(past, "publication"):
        drafts.publish(past, run.publication_years(past, years), run_id)
    gate.run_gate(past, "publication", run_id)
    with progress.stage(past, "serving"):
        report = publish_serving(past, run_id)
        rows = sum(report.tables.values())
        progress.conclude(
            Text(f"{len(report.tables)} 张表，{rows:,} 行", f"{len(report.tables)} tables, {rows:,} rows")
        )
