"""Complementary suppression on random small tables: nothing withheld can be solved, nothing published is touched."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.disclosure.complementary import Tie, protect
from dagster_project.disclosure.solver import Solver
from dagster_project.disclosure.sums import Marks, Sums

SMALLEST = 10


class Solved:
    """Everything that follows from some rows, by elimination over the rational numbers; nothing shared with the product."""

    def __init__(self, rows: list[list[Fraction]]) -> None:
        self.steps: list[tuple[int, list[Fraction]]] = []
        for row in rows:
            rest = self.rest(row)
            pivot = next((column for column, value in enumerate(rest) if value), None)
            if pivot is not None:
                self.steps.append((pivot, [value / rest[pivot] for value in rest]))

    def rest(self, row: list[Fraction]) -> list[Fraction]:
        """What is left of a row."""
        for pivot, step in self.steps:
            if factor := row[pivot]:
                row = [a - factor * b if b else a for a, b in zip(row, step, strict=True)]
        return row

    def holds(self, row: list[Fraction]) -> bool:
        """Whether a row is a combination of the rows."""
        return not any(self.rest(row))


def unfolded(sums: Sums, place: int, number: int) -> list[Fraction]:
    """A cell as a row over (place without parts, group): what a reader knows about each; empty groups are known to be 0."""
    places = [one for one in range(len(sums.parent)) if sums.parent[one] >= 0 or not (sums.parent == one).any()]
    row = []
    for one in places:
        inside = one == place or sums.parent[one] == place
        row += [Fraction(int(value)) * inside for value in sums.vectors[number] * sums.present[one]]
    return row


def published(sums: Sums, mark: Marks) -> Solved:
    """What a reader of the published cells can solve."""
    return Solved([unfolded(sums, place, number) for place, number in np.argwhere(sums.listed & ~mark).tolist()])


COUNTS = st.one_of(st.just(0), st.integers(1, 12), st.integers(13, 60))
# Reversals as booked: a group may lie below zero, and groups may cancel out.
NET_COUNTS = st.one_of(COUNTS, st.integers(-12, -1), st.integers(-60, -13))


@st.composite
def tables(draw: st.DrawFn, count: st.SearchStrategy[int] = COUNTS) -> Sums:
    """A table of two or three labels with some of its margins, in some regions, and in the province perhaps."""
    sizes = draw(st.lists(st.integers(2, 3), min_size=2, max_size=3))
    members = list(product(*(range(size) for size in sizes)))
    margins = [tuple(i for i in range(len(sizes)) if keep >> i & 1) for keep in range(2 ** len(sizes))]
    chosen = draw(st.lists(st.sampled_from(margins), min_size=1, max_size=4, unique=True))
    vectors, parts = [], []
    for margin in chosen:
        numbers = []
        for key in product(*(range(sizes[i]) for i in margin)):
            numbers.append(len(vectors))
            vectors.append([int(all(group[i] == k for i, k in zip(margin, key, strict=True))) for group in members])
        if len(numbers) > 1:
            parts.append(tuple(numbers))
    regions = draw(st.integers(1, 3))
    cells = draw(
        st.lists(st.lists(count, min_size=len(members), max_size=len(members)), min_size=regions, max_size=regions)
    )
    parent = [-1] * regions
    if regions > 1 and draw(st.booleans()):
        parent = [regions] * regions + [-1]
        cells = [*cells, [sum(column) for column in zip(*cells, strict=True)]]
    weights = draw(st.lists(st.integers(1, 5), min_size=len(vectors), max_size=len(vectors)))
    return Sums(np.array(vectors), np.array([cells]), np.array(parent), np.array([weights] * len(parent)), tuple(parts))


@given(st.one_of(tables(), tables(NET_COUNTS)))
@settings(max_examples=250, deadline=None)
def test_no_withheld_cell_can_be_solved(sums: Sums) -> None:
    (mark,) = protect([sums], [], SMALLEST)
    net = (sums.units[0] @ sums.vectors.T).astype(int)
    assert not ((net != 0) & (abs(net) < SMALLEST) & ~mark).any(), "every small cell is withheld, below zero as above"
    assert not (mark & ~sums.listed).any()
    known = published(sums, mark)
    for place, number in np.argwhere(mark).tolist():
        assert not known.holds(unfolded(sums, place, number)), (place, number, sums.counts.tolist(), mark.tolist())


@given(st.one_of(tables(), tables(NET_COUNTS)))
@settings(max_examples=250, deadline=None)
def test_no_small_group_is_left_over_between_published_cells(sums: Sums) -> None:
    (mark,) = protect([sums], [], SMALLEST)
    shown = sums.listed & ~mark
    for place in range(len(sums.parent)):
        for inner, outer in product(np.flatnonzero(shown[place]).tolist(), repeat=2):
            within = (sums.vectors[inner] * sums.present[place] <= sums.vectors[outer]).all()
            rest = sums.kinds[0, place, outer] - sums.kinds[0, place, inner]
            assert not (within and sums.counts[place, inner] and 0 < abs(rest) < SMALLEST)


@given(tables(NET_COUNTS))
@settings(max_examples=150, deadline=None)
def test_the_rest_of_a_province_is_not_small_whatever_its_regions_take_away(sums: Sums) -> None:
    """What a reader computes as province less published regions: net of cells below zero it may be as telling as one cell."""
    (mark,) = protect([sums], [], SMALLEST)
    shown = sums.listed & ~mark
    (whole,) = np.flatnonzero(sums.parent < 0) if (sums.parent >= 0).any() else (-1,)
    for number in np.flatnonzero(shown[whole] & mark[sums.parent == whole].any(axis=0)) if whole >= 0 else ():
        hidden = mark[:, number] & (sums.parent == whole)
        assert not 0 < abs(sums.kinds[0, hidden, number].sum()) < SMALLEST


@given(st.one_of(tables(), tables(NET_COUNTS)))
@settings(max_examples=60, deadline=None)
def test_the_proof_agrees_with_rational_numbers(sums: Sums) -> None:
    mark = sums.small(SMALLEST)
    found = Solver(sums).derivable(sums.listed & ~mark, mark & sums.filled)
    known = published(sums, mark)
    for place, number in np.argwhere(mark & sums.filled).tolist():
        assert found[place, number] == known.holds(unfolded(sums, place, number))


@given(tables())
@settings(max_examples=60, deadline=None)
def test_a_table_without_small_cells_is_published_whole_and_twice_the_same(sums: Sums) -> None:
    large = Sums(sums.vectors, sums.units * SMALLEST, sums.parent, sums.weights, sums.parts)
    assert not protect([large], [], SMALLEST)[0].any()
    assert (protect([sums], [], SMALLEST)[0] == protect([sums], [], SMALLEST)[0]).all()


@given(tables(), tables())
@settings(max_examples=40, deadline=None)
def test_one_figure_in_two_systems_is_withheld_in_both(first: Sums, second: Sums) -> None:
    places = np.arange(min(len(first.parent), len(second.parent)))
    tie = Tie(0, 1, (np.array([0]), np.array([0])), (places, places))
    one, other = protect([first, second], [tie], SMALLEST)
    for mine, sums, theirs in ((one, first, other), (other, second, one)):
        filled = sums.filled[places, 0]
        assert (mine[places, 0] | ~filled | ~theirs[places, 0]).all()
        known = published(sums, mine)
        for place, number in np.argwhere(mine).tolist():
            assert not known.holds(unfolded(sums, place, number))
