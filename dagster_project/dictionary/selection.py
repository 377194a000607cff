"""Which cells terms take: many terms share one choice of cells, so cells are chosen and added up once for all of them.

Belongs here: numbering the distinct choices of cells and the breakdowns each is needed in. Does not belong here: the
adding itself (dbt model `selected`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagster_project.dictionary.compile import Compiled, Term
from dagster_project.dictionary.indicators import LABELS

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Selections:
    """The distinct (cube, labels) of all terms, numbered in the order of the dictionary from 1."""

    def __init__(self, compiled: Iterable[Compiled], breakdowns: Mapping[str, Sequence[str]]) -> None:
        self._numbers: dict[_Key, int] = {}
        self._breakdowns: dict[int, dict[str, None]] = {}
        for one in compiled:
            for term in one.numerator + one.denominator:
                number = self._numbers.setdefault((term.cube, term.labels), len(self._numbers) + 1)
                self._breakdowns.setdefault(number, {}).update(dict.fromkeys(breakdowns[one.indicator_id]))

    def number(self, term: Term) -> int:
        """Number of the cells that a term takes."""
        return self._numbers[term.cube, term.labels]

    def rows(self) -> list[tuple[int | str | None, ...]]:
        """One row a selection: its number, cube and the member of each label, null where any member will do."""
        return [
            (number, cube, *(dict(labels).get(label) for label in LABELS))
            for (cube, labels), number in self._numbers.items()
        ]

    def breakdown_rows(self) -> list[tuple[int, str]]:
        """One row a selection and breakdown in which some indicator shows it."""
        return [(number, name) for number, names in self._breakdowns.items() for name in names]
