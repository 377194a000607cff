"""Values of indicators as the bulletin prints them, for the terminal.

Belongs here: putting unit, digits and thousands together. Does not belong here: which unit fits and how is rounded
(`bulletin/numbers.py`, the one home of that rule).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from dagster_project.bulletin.numbers import (
    Unit,
    converted,
    decimals_in,
    declared_decimals,
    digits,
    fitting_unit,
    rounded,
)
from dagster_project.dictionary.indicators import SEEDS

_MOST_DECIMALS = 8


def shown(value: float | Decimal, unit: str, decimals: int, language: str) -> str:
    """One value with the unit that fits its size: 0.0533 of 万人 is 533 人."""
    (text,), printed = together([value], unit, decimals, language)
    return f"{text} {printed}".rstrip()


def together(
    values: Sequence[float | Decimal | None], unit: str, decimals: int, language: str
) -> tuple[list[str | None], str]:
    """Values beside each other in one unit, and its name; None stays None.

    Values that differ have as many decimals as it takes to tell them apart.
    """
    exact = [None if value is None else Decimal(str(value)) for value in values]
    scaled, places, fitting = _fitted(exact, unit, decimals)
    texts = [None if value is None else _grouped(digits(value, places)) for value in scaled]
    return texts, unit_name(fitting.text, language)


def in_parts(levels: Sequence[Decimal], unit: str, decimals: int) -> list[str]:
    """The change from the first level to the last and the part of each step, in the unit in which `together` prints both ends.

    Parts are differences of rounded levels and add up to the change as printed; they have the decimals of both ends, and more where
    a part would not be seen otherwise.
    """
    _, places, fitting = _fitted([levels[0], levels[-1]], unit, decimals)
    scaled = [converted(level, Unit.parse(unit), fitting) for level in levels]
    while True:
        printed = [rounded(level, places) for level in scaled]
        parts = [after - before for before, after in pairwise(printed)]
        hidden = [
            part for part, exact in zip(parts, pairwise(scaled), strict=True) if not part and exact[0] != exact[1]
        ]
        if not hidden or places >= _MOST_DECIMALS:
            return [_signed(part) for part in (printed[-1] - printed[0], *parts)]
        places += 1


def _signed(part: Decimal) -> str:
    return "0" if not part else f"{part:+,f}"


def _fitted(exact: Sequence[Decimal | None], unit: str, decimals: int) -> tuple[list[Decimal | None], int, Unit]:
    """Values in the unit that fits them, with the decimals that tell them apart."""
    declared = Unit.parse(unit)
    fitting = fitting_unit(exact, declared)
    scaled = [None if value is None else converted(value, declared, fitting) for value in exact]
    places = decimals_in(fitting, declared, declared_decimals(declared, decimals))
    while True:
        texts = {None if value is None else _grouped(digits(value, places)) for value in scaled}
        if places >= _MOST_DECIMALS or len(texts) == len(set(exact)):
            return scaled, places, fitting
        places += 1


def _grouped(text: str) -> str:
    """Thousands apart."""
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole not in ("-0", "0") else text


def unit_name(unit: str, language: str) -> str:
    """A unit as the bulletin prints it, in English with its meaning behind: 亿 is no billion."""
    meaning = _english_units().get(unit, unit)
    return unit if language == "zh" or meaning == unit else f"{unit} ({meaning})"


@lru_cache(maxsize=1)
def _english_units() -> dict[str, str]:
    with (SEEDS / "unit.csv").open(encoding="utf-8", newline="") as handle:
        return {row["unit"]: row["unit_en"] for row in csv.DictReader(handle)}
