"""Uses of single benefits, by the generator's own knowledge of what it drew.

Belongs here: outpatient drug benefits for the two diseases, antenatal checks, uses of family accounts, by kind of visit, under
the national defaults. Does not belong here: visits and money as a whole (`settlement_truth.py`). Nothing is read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

DISEASES = codes.TWO_DISEASES[:-1]
SUBJECTS = (*DISEASES, "antenatal", "family_account")


def two_disease(rows: Columns) -> Integers:
    """Position in codes.TWO_DISEASES: by the disease that is named, else by the care type; chronic outpatient care alone."""
    named = codes.TWO_DISEASE_OF_DISEASE[rows["disease"]]
    by_care = np.where(rows["care"] == codes.TWO_DISEASE_CARE, codes.TWO_DISEASES.index("unspecified"), named)
    found: Integers = np.where(named == codes.TWO_DISEASES.index("none"), by_care, named)
    return np.where(codes.CHRONIC_CARE[rows["care"]], found, codes.TWO_DISEASES.index("none"))


@dataclass
class BenefitTruth:
    """Uses by year, prefecture, scheme, kind of visit and subject."""

    cells: Cells = field(
        default_factory=lambda: Cells((10_000, 64, len(codes.SCHEMES), len(codes.VISITS), len(SUBJECTS)), ("uses",))
    )

    def add(self, rows: Columns, labels: dict[str, Integers], year: Integers, visit: Integers) -> None:
        """Count rows that stand, with the labels of `settlement_truth.py`; `visit` is 1 where a row is a visit."""
        live = rows["class"] == codes.LIVE
        for position, subject in enumerate(SUBJECTS):
            if subject == "family_account":
                uses = rows["family_account"] != 0
            elif subject == "antenatal":
                uses = (visit == 1) & (labels["visit"] == codes.MATERNITY_OUTPATIENT)
                uses &= rows["care"] == codes.ANTENATAL_CARE
            else:
                uses = (visit == 1) & (labels["two_disease"] == codes.TWO_DISEASES.index(subject))
            where = np.flatnonzero(live & uses)
            if len(where):
                key = (part[where] for part in (year, labels["region"], labels["scheme"], labels["visit"]))
                one = np.ones(len(where), dtype=np.int64)
                self.cells.add((*key, one * position), (one,))

    def absorb(self, other: BenefitTruth) -> None:
        """Take over another part's uses."""
        self.cells.absorb(other.cells)

    def merge(self) -> None:
        """Shrink to one row a cell."""
        self.cells.merge()

    def as_json(self, world: World) -> list[dict[str, Any]]:
        """The cells with their labels."""
        return [
            {
                "year": k[0],
                "prefecture": world.geography.prefectures[k[1]],
                "scheme": codes.SCHEMES[k[2]],
                "visit_type": codes.VISITS[k[3]],
                "subject": SUBJECTS[k[4]],
            }
            | sums
            for k, sums in self.cells.rows()
        ]
