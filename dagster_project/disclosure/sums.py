"""What is published as sums: over which groups of units each sum runs, and what it comes to in every place.

Belongs here: plain arrays and what follows from them by adding up. Does not belong here: which sums are published
(`linking.py`), which of them are withheld (`complementary.py`).

A *group* is one combination of labels (scheme, tier, kind of visit …), the finest thing anybody could add up. A *sum* is a
row of whole numbers over the groups: 1 where it takes a group, 0 where not, −1 where it takes it away. A *place* is a region
in a year; a province is a place whose units are those of its regions. A *cell* is one sum in one place.

Counts are net: where reversals count as booked, a group may hold fewer units than it takes away and lie below zero. A cell is as
small as its distance from zero. Cells above and below zero cancel out, so a sum of some bounds none of them, and one that is 0 does
not say that they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Marks = NDArray[np.bool_]
Cell = tuple[int, int]


def added(units: NDArray[Any], vectors: NDArray[Any]) -> Numbers:
    """Units (… × groups) added up by vectors (sums × groups): … × sums.

    Doubles have fast routines, whole numbers have none, and counts are exact in both (below 2^53).
    """
    total: Numbers = (units.astype(np.float64) @ vectors.astype(np.float64).T).astype(np.int64)
    return total


@dataclass(frozen=True)
class Sums:
    """All sums over the same groups.

    `vectors` (sums × groups) are whole numbers; `units` (kinds × places × groups) counts the units of each kind behind them,
    such as visits and settlements; `parent` gives for each place the place that it is a part of, −1 for none, one level deep;
    `weights` (places × sums) says how much a reader loses with a cell, 0 where it is printed or served nowhere; `parts` are
    the parts of one whole each, such as the tiers of a breakdown.
    """

    vectors: Numbers
    units: Numbers
    parent: Numbers
    weights: Numbers
    parts: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def listed(self) -> Marks:
        """Cells that are printed or served somewhere."""
        return self.weights > 0

    @cached_property
    def present(self) -> Marks:
        """Groups that have units in a place (places × groups), or in a part of it: those may cancel out in the whole."""
        present = np.asarray(self.units.any(axis=0), dtype=np.bool_)
        for whole, parts in self.families:
            present[whole] |= present[parts].any(axis=0)
        return present

    @cached_property
    def is_signed(self) -> bool:
        """Whether a group lies below zero."""
        return bool((self.units < 0).any())

    @cached_property
    def kinds(self) -> Numbers:
        """Units of each kind in each cell (kinds × places × sums)."""
        return added(self.units, self.vectors)

    @cached_property
    def counts(self) -> Numbers:
        """Distance of each cell from no units (places × sums): of several kinds the fewest that there are."""
        far = np.abs(self.kinds)
        fewest: Numbers = np.where(far > 0, far, far.max(axis=0)).min(axis=0)
        return fewest

    @cached_property
    def filled(self) -> Marks:
        """Cells that take a group with units; the others are 0, and known to be."""
        filled: Marks = added(self.present, self.vectors != 0) > 0
        return filled

    @cached_property
    def families(self) -> tuple[tuple[int, list[int]], ...]:
        """Each place that is no part of another, with its parts."""
        wholes = np.flatnonzero(self.parent < 0).tolist()
        return tuple((place, np.flatnonzero(self.parent == place).tolist()) for place in wholes)

    def loss(self, cell: Cell) -> tuple[int, int, int, int]:
        """What withholding a cell (place, sum) costs the reader: by weight, then units, then the order of sums and places."""
        return int(self.weights[cell]), int(self.counts[cell]), cell[1], cell[0]

    def small(self, smallest: int) -> Marks:
        """Listed cells of 1 to `smallest` − 1 units, above or below zero."""
        return self.listed & (self.counts > 0) & (self.counts < smallest)

    def few_together(self, places: list[int], unseen: Marks, smallest: int) -> Marks:
        """Sums of which the `unseen` cells (places × sums) come to few units together, by their distances or net of one another."""
        distances = np.where(unseen, self.counts[places], 0).sum(axis=0)
        few = (distances > 0) & (distances < smallest)
        if self.is_signed:
            net = np.abs(np.where(unseen, self.kinds[:, places], 0).sum(axis=1))
            few |= ((net > 0) & (net < smallest)).any(axis=0)
        return np.asarray(few, dtype=np.bool_)

    def _are_few(self, place: int, numbers: list[int], smallest: int) -> bool:
        """Whether some cells of a place come to few units together."""
        net = np.abs(self.kinds[:, place, numbers].sum(axis=1)) if self.is_signed else np.zeros(0)
        return bool(self.counts[place, numbers].sum() < smallest or ((net > 0) & (net < smallest)).any())

    def with_rests(self, smallest: int) -> tuple[Sums, Marks]:
        """The same with one more sum, listed nowhere, for every small group that listed cells would leave over; and the secret
        cells: small listed ones and those rests, where they arise.

        A rest is what one listed cell has more than another one inside it (a rate's denominator and numerator), and the
        small parts of a whole taken together.
        """
        small = self.small(smallest)
        numbers: dict[bytes, int] = {vector.tobytes(): number for number, vector in enumerate(self.vectors)}
        found: list[Cell] = []
        for place, present in enumerate(self.present):
            cells = np.flatnonzero(self.listed[place] & (self.counts[place] > 0))
            kinds = self.kinds[:, place, cells]
            more = kinds[:, None, :] - kinds[:, :, None]
            # Taking away what lies below zero leaves more: the part may be the larger number.
            more = np.abs(more) if self.is_signed else more
            inner, outer = np.nonzero(((more > 0) & (more < smallest)).any(axis=0))
            within = self.vectors[cells][:, present].astype(np.int8)
            nested = (within[outer] >= within[inner]).all(axis=1)
            rests = (self.vectors[cells[outer[nested]]] - self.vectors[cells[inner[nested]]]) * present
            found += [(place, numbers.setdefault(rest.tobytes(), len(numbers))) for rest in rests]
            for parts in self.parts:
                few = [part for part in parts if small[place, part]]
                if len(few) > 1 and self._are_few(place, few, smallest):
                    rest = self.vectors[few].sum(axis=0)
                    found.append((place, numbers.setdefault(rest.tobytes(), len(numbers))))
        width = self.vectors.shape[1]
        vectors = np.frombuffer(b"".join(numbers), dtype=np.int64).reshape(len(numbers), width)
        wider = ((0, 0), (0, len(vectors) - len(self.vectors)))
        secret = np.pad(small, wider)
        for cell in found:
            secret[cell] = True
        return Sums(vectors, self.units, self.parent, np.pad(self.weights, wider), self.parts), secret
