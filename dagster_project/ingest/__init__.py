"""Intake: landed files into raw and quarantine, with the accounts in ops.

Belongs here: everything between a file as delivered and typed rows. Does not belong here: what the rows mean (dbt), the
judgement on counts (`checks/`). Knows the contracts, knows no Dagster.
"""

from dagster_project.ingest.keys import open_key
from dagster_project.ingest.landing import ingest_landing
from dagster_project.ingest.report import FileOutcome, IngestReport
from dagster_project.ingest.store import mark_built, prepare_warehouse, take_back_months
from dagster_project.ingest.trial import TryReport, try_file

__all__ = [
    "FileOutcome",
    "IngestReport",
    "TryReport",
    "ingest_landing",
    "mark_built",
    "open_key",
    "prepare_warehouse",
    "take_back_months",
    "try_file",
]
