"""Disclosure control of small cells.

Belongs here: pure functions from frames to frames, and their parameters. Does not belong here: reading or writing of any
kind, Dagster, DuckDB, and the wording of markers (that is the bulletin's).

`control.py` is the way in: small cells (`primary.py`), then what they need beside them (`complementary.py`, which chooses with
`greedy.py` and proves with `algebra.py`) over the sums that `linking.py` reads out of the dictionary.
"""

from dagster_project.disclosure.audit import derivable_cells
from dagster_project.disclosure.control import MARKER, Disclosed, disclose
from dagster_project.disclosure.linking import ALL, Cube, Family, Linked, link
from dagster_project.disclosure.parameters import Parameters, load_parameters
from dagster_project.disclosure.primary import (
    COMPLEMENTARY,
    REASON,
    SMALL_CELL,
    SUPPRESSED,
    suppress_comparisons,
    suppress_indicators,
)

__all__ = [
    "ALL",
    "COMPLEMENTARY",
    "MARKER",
    "REASON",
    "SMALL_CELL",
    "SUPPRESSED",
    "Cube",
    "Disclosed",
    "Family",
    "Linked",
    "Parameters",
    "derivable_cells",
    "disclose",
    "link",
    "load_parameters",
    "suppress_comparisons",
    "suppress_indicators",
]
