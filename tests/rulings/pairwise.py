"""Few variants of many choices in which every two values of two choices occur together.

Belongs here: finding them. Does not belong here: which choices there are, what is expected of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random

Choices = dict[str, str]


def pairwise(factors: dict[str, tuple[str, ...]]) -> list[Choices]:
    """The fewest variants found in which every two values of two choices occur together at least once."""
    return min((list(greedily(factors, Random(seed))) for seed in range(40)), key=len)


def greedily(factors: dict[str, tuple[str, ...]], random: Random) -> Iterator[Choices]:
    """Variants that each take, choice by choice in random order, the value with the most new pairs."""
    names = list(factors)
    open_pairs = {
        ((one, value), (other, second))
        for one, other in combinations(names, 2)
        for value in factors[one]
        for second in factors[other]
    }

    def new_pairs(variant: Choices) -> int:
        items = [(name, variant[name]) for name in names if name in variant]
        return sum(pair in open_pairs for pair in combinations(items, 2))

    while open_pairs:
        variant = dict(random.choice(sorted(open_pairs)))
        for name in random.sample(names, len(names)):
            if name not in variant:
                variant[name] = max(factors[name], key=lambda value: new_pairs({**variant, name: value}))
        open_pairs -= set(combinations([(name, variant[name]) for name in names], 2))
        yield variant
