"""What is served: `tables.yml` as typed objects.

Belongs here: reading the allow-list. A column that does not stand there is not served.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.disclosure import MARKER
from dagster_project.language import Text

TABLES_FILE = Path(__file__).with_name("tables.yml")


@dataclass(frozen=True)
class ServedTable:
    """One served table. `control` is the disclosure control it needs: none, indicators or cells.

    For `cells` the table is the sum of `source` over everything it does not list, `cube` the cube of the dictionary whose
    cells it shows and `counts` its columns of units. With `margins` it is by each of these choices of its labels, the others being
    'total', and the province has rows of its own. `rename` gives the source's name of a column served under another one, `holds` the
    label of a column that is not named after it, `flags` the columns that are Y or empty in the source and served as booleans.
    """

    name: str
    source: str
    control: str
    text: Text
    columns: dict[str, Text]
    cube: str
    counts: tuple[str, ...]
    margins: tuple[tuple[str, ...], ...]
    rename: dict[str, str]
    holds: dict[str, str]
    flags: tuple[str, ...]

    def label_of(self, column: str) -> str:
        """The label whose members stand in a column: the column's own name unless the table says otherwise."""
        return self.holds.get(column, column)

    def from_source(self, column: str) -> str:
        """A column of the source under its served name, as SQL."""
        inside = self.rename.get(column, column)
        if column in self.flags:
            return f"coalesce(\"{inside}\", '') = 'Y' as \"{column}\""
        return f'"{inside}"' if inside == column else f'"{inside}" as "{column}"'

    @property
    def sums(self) -> list[str]:
        """Columns that are sums: the counts, and what is added up beside them."""
        return [name for name in self.columns if name in self.counts or name.endswith(_ADDED)]

    @property
    def keys(self) -> list[str]:
        """Columns that the sums are grouped by."""
        return [name for name in self.columns if name not in self.sums and name != MARKER]

    @property
    def labels(self) -> list[str]:
        """Keys that are labels or the month: all but place and year."""
        return [name for name in self.keys if name not in PLACE]


PLACE = ("province", "region_code", "year")
# Endings of columns that are added up in a cube beside its counts: amounts and bed-days.
_ADDED = ("_yuan", "_min1", "_plus1")


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
        cube=entry.get("cube", ""),
        counts=tuple(entry.get("counts") or ()),
        margins=tuple(tuple(margin) for margin in entry.get("margins") or ()),
        rename=entry.get("rename") or {},
        holds=entry.get("holds") or {},
        flags=tuple(entry.get("flags") or ()),
    )
