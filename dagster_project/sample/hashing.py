"""Counter-based random numbers: a pure function of (seed, stream, counter), so nothing is remembered between chunks.

Belongs here: the mixing function and the draws made from its bits, in integers only, so that the same seed gives the
same bytes on every machine. Does not belong here: what is drawn (people, visits, stories).
"""

from __future__ import annotations

from functools import cache
from math import exp
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Bits = NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF
QUANTILES = 4096


def mix_key(*parts: int) -> int:
    """One 64-bit key from small integers (seed, stream, month …), by the splitmix64 finaliser."""
    state = 0
    for part in parts:
        state = (state + _GOLDEN + (part & _MASK)) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def bits(counter: NDArray[np.integer], *key: int) -> Bits:
    """64 random bits for every counter under one key (splitmix64 of key + counter × golden ratio)."""
    state = counter.astype(np.uint64)
    state *= np.uint64(_GOLDEN)
    state += np.uint64(mix_key(*key))
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return state


def part(source: Bits, shift: int, width: int) -> Integers:
    """`width` bits of each number, starting at bit `shift`, as int64: one hash serves several small draws."""
    return ((source >> np.uint64(shift)) & np.uint64((1 << width) - 1)).astype(np.int64)


def below(source: Bits, limit: int) -> Integers:
    """A number in [0, limit) from all 64 bits."""
    return (source % np.uint64(max(limit, 1))).astype(np.int64)


@cache
def choice_table(weights: tuple[float, ...]) -> NDArray[np.int16]:
    """65,536 slots filled in proportion to the weights; a draw is one look-up by 16 bits."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    edges = np.rint(edges / edges[-1] * 65536).astype(np.int64)
    return np.repeat(np.arange(len(weights), dtype=np.int16), np.diff(edges, prepend=0))


def choose(source: Bits, shift: int, weights: tuple[float, ...]) -> NDArray[np.int16]:
    """Index drawn in proportion to `weights` from 16 of the bits."""
    return choice_table(weights)[part(source, shift, 16)]


@cache
def lognormal_table(sigma_percent: int) -> Integers:
    """Quantiles of a lognormal with mean 1, in 1/10,000: exact integers, whatever the machine's exp() does last."""
    sigma = sigma_percent / 100
    normal = NormalDist()
    raw = [exp(sigma * normal.inv_cdf((i + 0.5) / QUANTILES)) for i in range(QUANTILES)]
    mean = sum(raw) / QUANTILES
    return np.array([round(value / mean * 10_000) for value in raw], dtype=np.int64)
