"""One run over a landing folder.

Belongs here: the order of the steps of a run, and what to say when there is nothing to take in. Does not belong here: the
files one by one (`taking.py`).
"""

from __future__ import annotations

import shutil

import duckdb

from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest import areas
from dagster_project.ingest.discover import Landing, find_files
from dagster_project.ingest.keys import key_of_warehouse
from dagster_project.ingest.records import write_records
from dagster_project.ingest.report import IngestReport
from dagster_project.ingest.store import prepare_warehouse, refresh_views, sweep
from dagster_project.ingest.taking import Progress, Taking
from dagster_project.ingest.versions import settle_versions
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect


def ingest_landing(settings: Settings, run_id: str, on_progress: Progress | None = None) -> IngestReport:
    """Take in every new file of the home's landing folder.

    Raises UserError (exit 2) when there is nothing to take in and nothing was loaded before, and (exit 3) for a lost or
    wrong key; a file that cannot be taken in is an outcome with its reason, not an error.
    """
    with connect(settings) as connection:
        prepare_warehouse(connection)
        sweep(connection, settings)
        found = _find(connection, settings)
        key = key_of_warehouse(connection, settings)
        work = settings.home / "tmp" / f"intake-{run_id}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, mode=0o700)
        taking = Taking(connection, settings, run_id, key, work, on_progress or (lambda done, total, what: None))
        try:
            taking.take(found)
        finally:
            with durable_step("ingest.remove_work"):
                shutil.rmtree(work, ignore_errors=True)
        write_records(connection, settings)
        taking.report.touched_months = settle_versions(connection)
        refresh_views(connection)
        areas.refresh(connection)
    return taking.report


def _find(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Landing:
    landing = settings.landing
    found = find_files(landing) if landing.is_dir() else Landing()
    if found.files:
        return found
    loads = connection.execute("select count(*) from ops.load").fetchone()
    if loads and loads[0]:
        return found
    raise nothing_landed(settings)


def nothing_landed(settings: Settings) -> UserError:
    """What to say when there is nothing to take in (exit 2)."""
    if not settings.landing.is_dir():
        what = Text("没有来源文件夹。", "There is no landing folder.")
    else:
        what = Text("来源文件夹是空的。", "The landing folder is empty.")
    return UserError(
        what,
        where=str(settings.landing),
        todo=Text(
            "把数据中心交来的文件放进该文件夹，例如 setl_d_202401.csv 或 psn_insu_d.parquet，然后重新运行；"
            "想先看样本，运行 make bulletin。",
            "Put the data centre's files there, for instance setl_d_202401.csv or psn_insu_d.parquet, and run again; to "
            "see a sample first, run `make bulletin`.",
        ),
    )
