"""Sums by cell in exact integers.

Belongs here: one accumulator a section of the truth, keyed by small integers. Does not belong here: what is summed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.hashing import Integers


@dataclass
class Cells:
    """Sums of measures by a key of several small integers; parts are merged, so memory follows cells, not rows."""

    radix: tuple[int, ...]
    measures: tuple[str, ...]
    parts: list[tuple[Integers, NDArray[np.int64]]] = field(default_factory=list)

    def add(
        self, key: tuple[Integers, ...], values: tuple[Integers, ...], where: NDArray[np.bool_] | None = None
    ) -> None:
        """Add rows: one array a key part and a measure, all of equal length; `where` selects rows."""
        packed = np.zeros(len(values[0]), dtype=np.int64)
        for part, size in zip(key, self.radix, strict=True):
            packed = packed * size + part
        if where is not None:
            packed = packed[where]
            values = tuple(value[where] for value in values)
        if len(packed) == 0:
            return
        keys, inverse = np.unique(packed, return_inverse=True)
        # Sums of fen stay far below 2^53 within one chunk, so the float64 weights of bincount are exact.
        sums = np.stack(
            [np.rint(np.bincount(inverse, weights=value, minlength=len(keys))).astype(np.int64) for value in values],
            axis=1,
        )
        self.parts.append((keys, sums))

    def absorb(self, other: Cells) -> None:
        """Take over the sums of another accumulator of the same section."""
        self.parts += other.parts

    def merge(self) -> None:
        """One row a key."""
        if len(self.parts) < 2:
            return
        packed = np.concatenate([keys for keys, _ in self.parts])
        values = np.concatenate([sums for _, sums in self.parts])
        keys, inverse = np.unique(packed, return_inverse=True)
        total = np.zeros((len(keys), values.shape[1]), dtype=np.int64)
        np.add.at(total, inverse, values)
        self.parts = [(keys, total)]

    def rows(self) -> list[tuple[tuple[int, ...], dict[str, int]]]:
        """(key parts, sums by measure) in key order."""
        self.merge()
        if not self.parts:
            return []
        keys, sums = self.parts[0]
        unpacked: list[Integers] = []
        rest = keys
        for size in reversed(self.radix):
            unpacked.append(rest % size)
            rest = rest // size
        columns = [part.tolist() for part in reversed(unpacked)]
        return [
            (key, dict(zip(self.measures, values, strict=True)))
            for key, values in zip(zip(*columns, strict=True), sums.tolist(), strict=True)
        ]
