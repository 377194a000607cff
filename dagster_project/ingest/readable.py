"""A table that SQL can read, whatever it was delivered as.

Belongs here: the type that every form of file ends in. Does not belong here: making one (`source.py`, `columnar.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.ingest import delimited
from dagster_project.ingest.doubts import Doubt


@dataclass(frozen=True)
class Source:
    """A readable table: SQL of the relation, SQL of the record number (from 1), header and types."""

    relation: str
    row: str
    header: list[str]  # as delivered, in file order
    columns: list[str]  # names in the relation, one a header cell
    types: list[str]  # types in the relation
    coded: frozenset[int]  # places of the columns that are kept as dictionaries of few entries
    rows: int  # records that can be read cell by cell
    parquet: Path | None = None  # the Parquet file behind the relation
    encoding: str = ""
    dialect: str = ""
    misshapen: list[int] = field(default_factory=list)  # records whose number of cells differs from the header's
    is_marked: bool = False  # its own metadata call it synthetic
    lines_of: delimited.LinesOf | None = None  # lines of the file by record number; None where there are no lines
    noisy: Mapping[int, int] = field(
        default_factory=dict
    )  # amounts of a workbook freed of noise, by place of the column (L81)
    doubts: tuple[Doubt, ...] = ()  # decisions on the form that somebody should look at

    @property
    def rows_read(self) -> int:
        """All records of the file."""
        return self.rows + len(self.misshapen)
