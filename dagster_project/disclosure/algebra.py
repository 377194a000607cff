"""Exact linear algebra on small whole numbers, modulo a prime.

Belongs here: elimination, and which rows a combination uses. Does not belong here: what the rows are (`solver.py`).

Numbers modulo a prime are exact, do not grow and need no tolerance. A rank could come out too small only where the prime
divides a minor of the matrix; ours has small whole numbers, most of them 0 and 1, and minors far below the prime.
"""

from __future__ import annotations

import numpy as np

from dagster_project.disclosure.sums import Numbers

# The largest prime below 2^22: the product of two residues, added up _DEEP times, is exact in a double (2^53), so that
# multiplication can use the fast routines for doubles.
PRIME = 4_194_301
_DEEP = 512
# Products of matrices up to this size are computed in the calling thread; larger ones would wake others, which costs more
# than it saves where the machine is busy.
_WIDE = 2**18


def product(left: Numbers, right: Numbers) -> Numbers:
    """Matrix product of residues."""
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for deep in range(0, left.shape[1], _DEEP):
        one, other = (part.astype(np.float64) for part in (left[:, deep : deep + _DEEP], right[deep : deep + _DEEP]))
        rows = max(1, _WIDE // max(1, other.size))
        for first in range(0, len(one), rows):
            total[first : first + rows] += (one[first : first + rows] @ other).astype(np.int64) % PRIME
    return total % PRIME


def fingerprints(rows: Numbers) -> Numbers:
    """One number a row, the same for the same rows: a fixed random combination of its columns, modulo 2^64."""
    weights = np.random.default_rng(0).integers(1, 2**62, rows.shape[1])
    marks: Numbers = rows @ weights
    return marks


def _distinct(rows: Numbers) -> Numbers:
    """Rows without repetitions and rows of 0."""
    rows = rows[rows.any(axis=1)]
    return rows[np.unique(fingerprints(rows), return_index=True)[1]]


class Span:
    """Everything that follows from some rows: their reduced echelon form modulo the prime."""

    def __init__(self, rows: Numbers, columns: int | None = None) -> None:
        """Eliminate over the first `columns` columns, all by default."""
        left = _distinct(rows) % PRIME
        filled = np.count_nonzero(left[:, :columns], axis=0)
        pivots: list[int] = []
        done = 0
        # Columns of few rows first: they cost little and leave little to do.
        for column in np.argsort(filled, kind="stable")[np.count_nonzero(filled == 0) :].tolist():
            found = np.flatnonzero(left[done:, column])
            if not len(found):
                continue
            row = done + int(found[0])
            left[[done, row]] = left[[row, done]]
            left[done] = left[done] * pow(int(left[done, column]), -1, PRIME) % PRIME
            touched = np.flatnonzero(left[:, column])
            touched = touched[touched != done]
            if len(touched):
                own = np.flatnonzero(left[done])  # few columns, as a rule
                cells = np.ix_(touched, own)
                left[cells] = (left[cells] - left[touched, column, None] * left[done, own]) % PRIME
            pivots.append(column)
            done += 1
            if done == len(left):
                break
        self.rows: Numbers = left[:done]
        self.pivots = pivots

    def rest(self, vectors: Numbers) -> Numbers:
        """What is left of vectors when everything that follows from the rows is taken away; a row of 0 follows from them."""
        if not self.pivots:
            return vectors % PRIME
        return (vectors - product(vectors[:, self.pivots] % PRIME, self.rows)) % PRIME


def combinations(rows: Numbers, targets: Numbers) -> list[Numbers | None]:
    """For each target the numbers of the rows that one combination equal to it uses; None when there is none."""
    useful = np.flatnonzero(rows.any(axis=0) | targets.any(axis=0))
    marked = np.concatenate([rows[:, useful], np.eye(len(rows), dtype=np.int64)], axis=1)
    goals = np.concatenate([targets[:, useful], np.zeros((len(targets), len(rows)), dtype=np.int64)], axis=1)
    rests = Span(marked, columns=len(useful)).rest(goals)
    return [None if rest[: len(useful)].any() else np.flatnonzero(rest[len(useful) :]) for rest in rests]
