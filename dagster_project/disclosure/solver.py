"""Which cells can be computed from which others.

Belongs here: the questions whether a cell follows from known ones and from which, place by place and across a province. Does
not belong here: the algebra itself (`algebra.py`), what is done about an answer (`complementary.py`, `audit.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.disclosure.algebra import PRIME, Span, combinations, fingerprints, product
from dagster_project.disclosure.sums import Cell, Marks, Numbers, Sums


@dataclass(frozen=True)
class _Local:
    """One place on its own: vectors over the groups that are not known one by one, and what of them is not known at all."""

    vectors: Numbers
    rest: Numbers


class Solver:
    """Answers for one system of sums; keeps what it found in a place until other cells are known there."""

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._kept: dict[int, tuple[bytes, _Local]] = {}
        self._closed: dict[int, bytes] = {}

    def _local(self, place: int, known: Marks, asked: Marks) -> _Local:
        here = known[place]
        whole = int(self._sums.parent[place])
        needed = asked[place] | (known[whole] | asked[whole] if whole >= 0 else False)
        state = here.tobytes() + (needed & ~here).tobytes()
        kept = self._kept.get(place)
        if kept and kept[0] == state:
            return kept[1]
        rows = np.flatnonzero(here | needed & (self._sums.filled[place]))
        narrowed = self._narrowed(self._sums.vectors[np.ix_(rows, self._sums.present[place])], here[rows])
        vectors = np.zeros((len(here), narrowed.shape[1]), dtype=np.int64)
        vectors[rows] = narrowed
        rest = np.zeros_like(vectors)
        open_rows = rows[~here[rows]]
        rest[open_rows] = Span(narrowed[here[rows]]).rest(vectors[open_rows])
        local = _Local(vectors, rest[:, rest.any(axis=0)])
        self._kept[place] = (state, local)
        return local

    @staticmethod
    def _narrowed(vectors: Numbers, known: Marks) -> Numbers:
        """Vectors over as few groups as tell the same: those that no vector tells apart are one, and those that a known
        sum gives alone are left out. Groups without units are known to be empty."""
        vectors = vectors[:, np.unique(fingerprints(vectors.T), return_index=True)[1]]
        while True:
            inside = vectors[known] != 0
            given = inside[inside.sum(axis=1) == 1].any(axis=0)
            if not given.any():
                return vectors
            vectors = vectors[:, ~given]

    def derivable(self, known: Marks, asked: Marks) -> Marks:
        """The asked cells (places × sums) whose value follows from the known ones."""
        found = np.zeros_like(asked)
        for whole, parts in self._sums.families:
            places = parts or [whole]
            here = [whole, *places]
            state = known[here].tobytes() + asked[here].tobytes()
            if asked[here].any() and self._closed.get(whole) != state:
                self._family(known, asked, found, whole, places)
                if not found[here].any():
                    self._closed[whole] = state
        return found

    def _family(self, known: Marks, asked: Marks, found: Marks, whole: int, places: list[int]) -> None:
        """Places first, each by what is known there; then what the whole tells about all of them together."""
        rests = [self._local(place, known, asked).rest for place in places]
        for place, rest in zip(places, rests, strict=True):
            wanted = np.flatnonzero(asked[place])
            found[place, wanted] = ~rest[wanted].any(axis=1)
        if places == [whole]:
            return
        together = np.concatenate(rests, axis=1)
        span = Span(together[known[whole]])
        asked_there = np.flatnonzero(asked[whole])
        found[whole, asked_there] = ~span.rest(together[asked_there]).any(axis=1)
        first = 0
        for place, rest in zip(places, rests, strict=True):
            after = first + rest.shape[1]
            # What lies in one place only can be made of rows that begin there alone.
            begun = [row for row, pivot in enumerate(span.pivots) if first <= pivot < after]
            open_here = np.flatnonzero(asked[place] & ~found[place])
            if begun and len(open_here):
                own = np.array([span.pivots[row] - first for row in begun], dtype=np.int64)
                weights = rest[np.ix_(open_here, own)]
                inside = ((rest[open_here] - product(weights, span.rows[begun, first:after])) % PRIME).any(axis=1)
                open_here, weights = open_here[~inside], weights[~inside]
                found[place, open_here] = ~product(weights, np.delete(span.rows[begun], np.s_[first:after], 1)).any(
                    axis=1
                )
            first = after

    def ways(self, known: Marks, asked: Marks) -> dict[Cell, list[Cell]]:
        """For each derivable cell the known cells (place, sum) that one way of computing it uses."""
        ways: dict[Cell, list[Cell]] = {}
        for whole, parts in self._sums.families:
            places = parts or [whole]
            for place in places:
                self._ways_within(known, asked, place, np.flatnonzero(asked[place]), ways)
            if parts:
                left = [(place, int(number)) for place in (*places, whole) for number in np.flatnonzero(asked[place])]
                self._ways_across(known, asked, whole, places, [cell for cell in left if cell not in ways], ways)
        return ways

    def _ways_within(
        self, known: Marks, asked: Marks, place: int, numbers: Numbers, ways: dict[Cell, list[Cell]]
    ) -> None:
        if not len(numbers):
            return
        rows = np.flatnonzero(known[place])
        narrowed = self._local(place, known, asked).vectors
        whole_vectors = self._sums.vectors[:, self._sums.present[place]]
        direct = [number for number in numbers.tolist() if not narrowed[number].any()]
        others = [number for number in numbers.tolist() if narrowed[number].any()]
        for vectors, wanted in ((narrowed, others), (whole_vectors, direct)):
            if wanted:
                for number, used in zip(wanted, combinations(vectors[rows], vectors[wanted]), strict=True):
                    if used is not None:
                        ways[place, number] = [(place, int(row)) for row in rows[used]]

    def _ways_across(
        self, known: Marks, asked: Marks, whole: int, places: list[int], cells: list[Cell],
        ways: dict[Cell, list[Cell]],
    ) -> None:  # fmt: skip
        if not cells:
            return
        rests = [self._local(place, known, asked).rest for place in places]
        targets = [
            np.concatenate(
                [rest[number] * (place in (other, whole)) for other, rest in zip(places, rests, strict=True)]
            )
            for place, number in cells
        ]
        rows = np.flatnonzero(known[whole])
        found = combinations(np.concatenate(rests, axis=1)[rows], np.array(targets))
        for (place, number), used in zip(cells, found, strict=True):
            sums = [number] if used is None or not len(used) else rows[used].tolist()
            ways[place, number] = [(other, row) for row in sums for other in (*places, whole) if known[other, row]]
