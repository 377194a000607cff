"""What is served: `tables.yml` as typed objects.

Belongs here: reading the allow-list. A column that does not stand there is not served.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.language import Text

TABLES_FILE = Path(__file__).with_name("tables.yml")


@dataclass(frozen=True)
class ServedTable:
    """One served table. `control` is the disclosure control it needs: none, indicators or cells.

    For `cells`, `measures` maps each count of units to the columns that are withheld with it, and the table is the sum
    of `source` over its other columns. `rename` gives the source's name of a column that is served under another one.
    """

    name: str
    source: str
    control: str
    text: Text
    columns: dict[str, Text]
    measures: dict[str, tuple[str, ...]]
    rename: dict[str, str]

    def from_source(self, column: str) -> str:
        """A column of the source under its served name, as SQL."""
        inside = self.rename.get(column, column)
        return f'"{inside}"' if inside == column else f'"{inside}" as "{column}"'

    @property
    def summed(self) -> list[str]:
        """Columns that are sums, in the order of the table."""
        known = {*self.measures, *(name for names in self.measures.values() for name in names)}
        return [name for name in self.columns if name in known]

    @property
    def labels(self) -> list[str]:
        """Columns that the sums are grouped by."""
        return [name for name in self.columns if name not in self.summed and name != MARKER]


MARKER = "is_suppressed"


@lru_cache(maxsize=1)
def load_tables() -> dict[str, ServedTable]:
    """The served tables by name, in the order of the file."""
    content: dict[str, Any] = yaml.safe_load(TABLES_FILE.read_text(encoding="utf-8"))
    common = {name: Text(*pair) for name, pair in content["columns"].items()}
    return {name: _table(name, entry, common) for name, entry in content["tables"].items()}


def _table(name: str, entry: dict[str, Any], common: dict[str, Text]) -> ServedTable:
    own = {column: Text(*pair) for column, pair in (entry.get("texts") or {}).items()}
    return ServedTable(
        name=name,
        source=entry.get("source", ""),
        control=entry.get("control", "none"),
        text=Text(*entry["text"]),
        columns={column: own.get(column) or common[column] for column in entry["columns"]},
        measures={count: tuple(others or ()) for count, others in (entry.get("measures") or {}).items()},
        rename=entry.get("rename") or {},
    )
