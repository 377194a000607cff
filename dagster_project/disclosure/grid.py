"""One system of sums while it is being put together: its groups and places, and the sums found so far.

Belongs here: turning labels into vectors over the groups, and naming equal sums once. Does not belong here: what the
dictionary publishes (`linking.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd

import numpy as np
import polars as pl

from dagster_project.disclosure.algebra import fingerprints
from dagster_project.disclosure.sums import Marks, Numbers, Sums

PLACE = ("province", "region_code", "year")
SOURCE = "source"


# A term of a sum: its coefficient, the source whose groups it takes, and the members that labels may have.
Term = tuple[int, str, Mapping[str, tuple[str, ...]]]


class Grid:
    """Groups × places of some units, and the sums over them.

    `units` has one row a source, place and combination of `labels`, with a column for each of `kinds`. What lies in no region
    of its province becomes a place of its own, which only the province shows.
    """

    def __init__(self, units: pl.DataFrame, labels: Sequence[str], kinds: Sequence[str]) -> None:
        self.labels = list(labels)
        keys = [SOURCE, *self.labels]
        apart = pl.col("region_code") == pl.col("province")
        cells = (
            units.with_columns(region_code=pl.when(apart).then(pl.lit("")).otherwise(pl.col("region_code")))
            .group_by([*PLACE, *keys])
            .agg(pl.col(kinds).sum())
        )
        self.groups = cells.select(keys).unique().sort(keys, nulls_last=True).with_row_index("group")
        parts = cells.select(PLACE).unique().sort(PLACE)
        wholes = parts.select("province", pl.col("province").alias("region_code"), "year").unique().sort(PLACE)
        self.places = pl.concat([parts, wholes]).with_row_index("place")
        located = cells.join(self.places, on=PLACE).join(self.groups, on=keys, nulls_equal=True)
        self.units = np.zeros((len(kinds), self.places.height, self.groups.height), dtype=np.int64)
        rows, columns = located["place"].to_numpy(), located["group"].to_numpy()
        for kind, name in enumerate(kinds):
            self.units[kind, rows, columns] = located[name].to_numpy()
        of_whole = {(row[0], row[2]): parts.height + number for number, row in enumerate(wholes.iter_rows())}
        above = [of_whole[province, year] for province, _, year in parts.iter_rows()] + [-1] * wholes.height
        self.parent: Numbers = np.array(above, dtype=np.int64)
        for whole in of_whole.values():
            self.units[:, whole] = self.units[:, self.parent == whole].sum(axis=1)
        self.vectors: list[Numbers] = []
        self.parts: dict[tuple[int, ...], None] = {}
        self._numbers: dict[bytes, int] = {}
        self._known: dict[tuple[object, ...], int | None] = {}
        self._takes: dict[tuple[str, tuple[str, ...]], Marks] = {}

    def _taking(self, label: str, members: tuple[str, ...]) -> Marks:
        if (label, members) not in self._takes:
            takes = self.groups[label].is_in(list(members)).fill_null(False)
            self._takes[label, members] = takes.to_numpy()
        return self._takes[label, members]

    def add(self, terms: Sequence[Term]) -> int | None:
        """Number of the sum of some terms, None where it takes no group. Sums that differ by a factor are one."""
        key = tuple((coefficient, source, tuple(sorted(labels.items()))) for coefficient, source, labels in terms)
        if key not in self._known:
            total = np.zeros(self.groups.height, dtype=np.int64)
            for coefficient, source, labels in terms:
                takes = self._taking(SOURCE, (source,))
                for label, members in labels.items():
                    takes = takes & self._taking(label, members)
                total += coefficient * takes
            self._known[key] = self._number(total)
        return self._known[key]

    def _number(self, vector: Numbers) -> int | None:
        if not vector.any():
            return None
        first = int(vector[np.flatnonzero(vector)[0]])
        vector = vector // (gcd(*vector.tolist()) * (1 if first > 0 else -1))
        number = self._numbers.setdefault(vector.tobytes(), len(self.vectors))
        if number == len(self.vectors):
            self.vectors.append(vector)
        return number

    def lines(self, source: str, labels: Sequence[str]) -> pl.DataFrame:
        """The sums by all of some labels at once: (labels …, sum); without labels the one sum of all."""
        mine = self.groups.filter(pl.col(SOURCE) == source)
        by_labels = (
            mine.group_by(labels, maintain_order=True).agg("group")
            if labels
            else mine.select(pl.col("group").implode())
        )
        lines = by_labels.filter(pl.col("group").list.len() > 0)
        numbers = []
        for groups in lines["group"]:
            vector = np.zeros(self.groups.height, dtype=np.int64)
            vector[groups.to_numpy()] = 1
            numbers.append(self._number(vector))
        return lines.drop("group").with_columns(sum=pl.Series(numbers, dtype=pl.Int64))

    def note(self, parts: Iterable[int | None]) -> None:
        """Note the parts of one whole."""
        found = tuple(dict.fromkeys(part for part in parts if part is not None))
        if len(found) > 1:
            self.parts[found] = None

    def sums(self, weights: Numbers) -> Sums:
        """The system as it stands; groups that no sum tells apart are one group."""
        vectors = np.array(self.vectors, dtype=np.int64).reshape(len(self.vectors), self.groups.height)
        _, first, group = np.unique(fingerprints(vectors.T), return_index=True, return_inverse=True)
        distinct = vectors[:, first]
        units = np.zeros((*self.units.shape[:2], distinct.shape[1]), dtype=np.int64)
        np.add.at(units.T, group, self.units.T)
        return Sums(distinct, units, self.parent, weights, tuple(self.parts))
