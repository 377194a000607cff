"""Disclosure control of small cells.

Belongs here: pure functions from frames to frames, and their parameters. Does not belong here: reading or writing of any
kind, Dagster, DuckDB, and the wording of markers (that is the bulletin's).
"""

from dagster_project.disclosure.parameters import Parameters, load_parameters
from dagster_project.disclosure.primary import (
    SMALL_CELL,
    SUPPRESSED,
    decisions,
    suppress_cells,
    suppress_comparisons,
    suppress_indicators,
)

__all__ = [
    "SMALL_CELL",
    "SUPPRESSED",
    "Parameters",
    "decisions",
    "load_parameters",
    "suppress_cells",
    "suppress_comparisons",
    "suppress_indicators",
]
