"""Complementary suppression: what else must be withheld so that no small cell can be computed from published ones.

Belongs here: the choice of the further cells, over all linked systems of sums. Does not belong here: which sums there are
(`linking.py`), frames, wording.

Secret are the small cells, and small groups that two or more published cells would leave over (`Sums.with_rests`). In each
place the cells are published one after the other, the one that readers would miss most first, unless a secret would then
follow from what is published: such a cell is withheld. What holds between places (a province is the sum of its regions) and
between systems (one figure in two of them) makes further cells secret, and their place is done again. Last, exact algebra
over everything published must find no secret that follows (`algebra.py`). The same cells give the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dagster_project.disclosure.greedy import Place, choose_whole
from dagster_project.disclosure.solver import Solver
from dagster_project.disclosure.sums import Cell, Marks, Numbers, Sums


@dataclass(frozen=True)
class Tie:
    """Sums of two systems that are one figure to the reader: withheld in one, withheld in the other.

    `sums` are the numbers in the first and the second system, pair by pair, `places` likewise.
    """

    first: int
    second: int
    sums: tuple[Numbers, Numbers]
    places: tuple[Numbers, Numbers]


def protect(
    systems: Sequence[Sums], ties: Sequence[Tie], smallest: int, given: Sequence[Marks] | None = None
) -> list[Marks]:
    """The listed cells to withhold (places × sums, one array a system): small ones, those given, and what they need."""
    widened = [system.with_rests(smallest) for system in systems]
    sums = [system for system, _ in widened]
    secrets = [secret for _, secret in widened]
    for secret, extra in zip(secrets, given or (), strict=False):
        secret[:, : extra.shape[1]] |= extra
    marks = [secret & system.listed for secret, system in zip(secrets, sums, strict=True)]
    chosen = [_Chosen(system) for system in sums]
    solvers = [Solver(system) for system in sums]
    asked: list[list[Cell]] = [[] for _ in sums]
    while True:
        for one, secret, mark, cells in zip(chosen, secrets, marks, asked, strict=True):
            for cell in cells:
                secret[cell] = True
            one.choose(secret, mark)
        asked = [_across_places(*one, smallest) for one in zip(sums, marks, strict=True)]
        if any(asked):
            continue
        for one, secret, mark in zip(chosen, secrets, marks, strict=True):
            one.choose_wholes(secret, mark)
        asked = _across_systems(sums, ties, marks)
        if not any(asked):
            asked = [_across_all(*one) for one in zip(sums, solvers, secrets, marks, strict=True)]
        if not any(asked):
            return [mark[:, : len(system.vectors)] for mark, system in zip(marks, systems, strict=True)]


class _Chosen:
    """What is published of one system, place by place; a place is done again when more is secret there."""

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._places: dict[int, Place] = {}
        self._alone: dict[int, tuple[bytes, Marks]] = {}
        self._wholes: dict[int, tuple[bytes, Marks]] = {}

    def choose(self, secret: Marks, mark: Marks) -> None:
        """Mark what is withheld in each place, taken alone."""
        for whole, parts in self._sums.families:
            for place in (whole, *parts):
                if place not in self._places:
                    asked = secret[place] | secret[whole] | self._sums.listed[whole]
                    self._places[place] = Place(self._sums, place, asked)
                state = secret[place].tobytes()
                if self._alone.get(place, (None,))[0] != state:
                    self._alone[place] = (state, self._places[place].choose(secret[place]))
                mark[place] = self._alone[place][1]

    def choose_wholes(self, secret: Marks, mark: Marks) -> None:
        """Mark what is withheld of each whole, given its parts."""
        for whole, parts in self._sums.families:
            state = secret[[whole, *parts]].tobytes()
            if parts and self._wholes.get(whole, (None,))[0] != state:
                places = {part: self._places[part] for part in parts}
                self._wholes[whole] = (state, choose_whole(self._sums, whole, places, secret))
            if parts:
                mark[whole] = self._wholes[whole][1]


def _across_places(sums: Sums, mark: Marks, smallest: int) -> list[Cell]:
    """Cells that must be withheld because a whole place and its parts would otherwise leave one cell open, or few units."""
    asked: list[Cell] = []
    for whole, places in sums.families:
        if not places:
            continue
        family = [whole, *places]
        unseen = (mark[family] | ~sums.listed[family]) & sums.filled[family]
        thin = ~unseen[0] & sums.few_together(places, unseen[1:], smallest)
        needed = (unseen & mark[family]).any(axis=0) & (thin | (unseen.sum(axis=0) == 1))
        for number in np.flatnonzero(needed).tolist():
            shown = [(place, number) for place in family if sums.filled[place, number] and not mark[place, number]]
            shown = [cell for cell in shown if sums.listed[cell]]
            asked += [min(shown, key=sums.loss)] if shown else []
    return asked


def _across_systems(systems: Sequence[Sums], ties: Sequence[Tie], marks: Sequence[Marks]) -> list[list[Cell]]:
    """Cells that must be withheld because they are withheld in another system."""
    asked: list[list[Cell]] = [[] for _ in systems]
    for tie in ties:
        cells = (np.ix_(tie.places[0], tie.sums[0]), np.ix_(tie.places[1], tie.sums[1]))
        either = marks[tie.first][cells[0]] | marks[tie.second][cells[1]]
        for side, number in enumerate((tie.first, tie.second)):
            system = systems[number]
            new = either & ~marks[number][cells[side]] & system.listed[cells[side]] & system.filled[cells[side]]
            rows, columns = np.nonzero(new)
            asked[number] += zip(tie.places[side][rows].tolist(), tie.sums[side][columns].tolist(), strict=True)
    return asked


def _across_all(sums: Sums, solver: Solver, secret: Marks, mark: Marks) -> list[Cell]:
    """Of the published cells that a secret one still follows from, those to withhold."""
    known = sums.listed & ~mark
    found = solver.derivable(known, secret & sums.filled)
    if not found.any():
        return []
    asked: dict[Cell, None] = {}
    for used in solver.ways(known, found).values():
        shown = [cell for cell in used if sums.filled[cell]]
        # What follows across places only is stopped at the whole, which one cell can do.
        cells = [cell for cell in shown if sums.parent[cell[0]] < 0] or shown
        if cells and not any(cell in asked for cell in cells):
            asked[min(cells, key=sums.loss)] = None
    return list(asked)
