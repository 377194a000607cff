"""Who drew what in a year, person by person, by the generator's own knowledge of what it drew.

Belongs here: distinct persons under the national defaults, by the ways they were paid. Does not belong here: sums of rows
(`settlement_truth.py`). Nothing is read back.

Every person is kept until the end, so large samples do without this section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample import codes
from dagster_project.sample.benefit_truth import DISEASES
from dagster_project.sample.hashing import Integers
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

LARGEST_SCALE = 0.02
PAYMENTS = ("any_settlement", "any_fund", "pool")
_KINDS = len(codes.VISITS)
_SERIOUS_ILLNESS = len(PAYMENTS) * (_KINDS + len(DISEASES))
_YEAR, _REGION, _SCHEME, _CATEGORY, _RANK = 10_000, 64, 2, 4, 1 << 26


@dataclass
class PersonTruth:
    """Flags of every person by year, prefecture and scheme; parts are merged, so memory follows persons."""

    parts: list[tuple[Integers, NDArray[np.int64]]] = field(default_factory=list)

    def add(self, world: World, rows: Columns, labels: dict[str, Integers], year: Integers) -> None:
        """Count rows with the labels of `settlement_truth.py`; those that stand and have a scheme."""
        if world.scale > LARGEST_SCALE:
            return
        where = np.flatnonzero((rows["class"] == codes.LIVE) & (labels["scheme"] < _SCHEME))
        if not len(where):
            return
        key = np.zeros(len(where), dtype=np.int64)
        for part, size in (
            (year, _YEAR), (labels["region"], _REGION), (labels["scheme"], _SCHEME),
            (rows["category"], _CATEGORY), (rows["rank"], _RANK),
        ):  # fmt: skip
            key = key * size + part[where]
        paid = 1 + 2 * (rows["fund"][where] > 0) + 4 * (rows["pool"][where] > 0)
        disease = labels["two_disease"][where]
        flags = paid << (labels["visit"][where] * len(PAYMENTS))
        flags |= np.where(disease < len(DISEASES), paid << ((_KINDS + disease) * len(PAYMENTS)), 0)
        flags |= (rows["serious_illness"][where] != 0).astype(np.int64) << _SERIOUS_ILLNESS
        self.parts.append(_joined(key, flags))

    def absorb(self, other: PersonTruth) -> None:
        """Take over another part's persons."""
        self.parts += other.parts

    def merge(self) -> None:
        """One row a person, year, prefecture and scheme."""
        if len(self.parts) > 1:
            keys, flags = (np.concatenate(column) for column in zip(*self.parts, strict=True))
            self.parts = [_joined(keys, flags)]

    def as_json(self, world: World) -> list[dict[str, Any]]:
        """Persons by year, region (the province among them), scheme, payment and what it was for, `total` for any."""
        self.merge()
        if not self.parts:
            return []
        keys, flags = self.parts[0]
        person = _SCHEME * _CATEGORY * _RANK
        found = list(_counted(keys // person % _REGION, keys % person, keys // person // _REGION, flags, world))
        # In the province a person who was insured in two prefectures counts once.
        whole = keys // person // _REGION * person + keys % person
        once, joined = _joined(whole, flags)
        found += _counted(np.full(len(once), -1), once % person, once // person, joined, world)
        return found


def _joined(keys: Integers, flags: NDArray[np.int64]) -> tuple[Integers, NDArray[np.int64]]:
    """One row a key, its flags joined."""
    order = np.argsort(keys, kind="stable")
    unique, start = np.unique(keys[order], return_index=True)
    return unique, np.bitwise_or.reduceat(flags[order], start)


def _counted(
    region: Integers, person: Integers, year: Integers, flags: NDArray[np.int64], world: World
) -> Iterator[dict[str, Any]]:
    names = (*world.geography.prefectures, world.geography.province)
    place = (year * (_REGION + 1) + region + 1) * _SCHEME + person // (_CATEGORY * _RANK)
    places, inverse = np.unique(place, return_inverse=True)
    for paid_by, kind, mask in _questions():
        persons = np.bincount(inverse, weights=(flags & mask) != 0, minlength=len(places)).astype(np.int64)
        for at, count in zip(places.tolist(), persons.tolist(), strict=True):
            if count:
                yield {
                    "year": at // _SCHEME // (_REGION + 1),
                    "region_code": names[at // _SCHEME % (_REGION + 1) - 1],
                    "scheme": codes.SCHEMES[at % _SCHEME],
                    "paid_by": paid_by,
                    "paid_for": kind,
                    "persons": count,
                }


def _questions() -> Iterator[tuple[str, str, int]]:
    """What is asked of persons: payment, kind of visit or disease, and the flags of which one must be there."""
    for at, paid_by in enumerate(PAYMENTS):
        masks = [1 << (kind * len(PAYMENTS) + at) for kind in range(_KINDS)]
        yield paid_by, "total", sum(masks)
        yield from ((paid_by, name, mask) for name, mask in zip(codes.VISITS, masks, strict=True))
        masks = [1 << ((_KINDS + disease) * len(PAYMENTS) + at) for disease in range(len(DISEASES))]
        yield f"two_disease_{paid_by}", "total", sum(masks)
        yield from ((f"two_disease_{paid_by}", name, mask) for name, mask in zip(DISEASES, masks, strict=True))
    yield "serious_illness", "total", 1 << _SERIOUS_ILLNESS
