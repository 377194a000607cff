"""Hospitals and pharmacies of the synthetic province, and hospitals outside it.

Belongs here: their numbers per prefecture and tier, codes, grades, and the dated rows of `fixmedins_b`. Their number
does not grow with the scale, so they are the one thing held as arrays. Does not belong here: visits to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.calendar import day_number
from dagster_project.sample.geography import Geography
from dagster_project.sample.hashing import Integers, bits, part

TERTIARY, SECONDARY, PRIMARY = 0, 1, 2
HOSPITAL_PER_COUNTY = (0, 1, 4)  # by tier; two tertiary ones a prefecture besides
TERTIARY_PER_PREFECTURE = 2
PHARMACIES_PER_COUNTY = 6
OUTSIDE_HOSPITALS = 60
OUTSIDE_PHARMACIES = 20
UNPLACED_CODE = "HTMP00000001"  # a code whose characters 2 to 7 are no region (L5)
# Grade codes; the last two are a code that no set knows and an empty one.
GRADES = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "77", "")
UNKNOWN_GRADE, NO_GRADE = GRADES.index("77"), GRADES.index("")
TIER_OF_GRADE = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 2], dtype=np.int64)  # 3 = unknown
# Grades of the dedc_hosp_lv set that belong to each grade.
DEDUCTIBLE_GRADES = ("3", "3", "3", "3", "2", "2", "2", "1", "1", "1", "9", "9", "9")


@dataclass(frozen=True)
class Institutions:
    """All institutions by position: hospitals sorted by (prefecture, tier), pharmacies by prefecture, outside last."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    is_pharmacy: NDArray[np.bool_]
    region: NDArray[np.int64]
    grade: NDArray[np.int64]  # position in GRADES at the start
    later_grade: NDArray[np.int64]  # from `change_day` on
    change_day: int
    hospital_start: NDArray[np.int64]  # [prefecture, tier]
    hospital_count: NDArray[np.int64]
    pharmacy_start: NDArray[np.int64]  # [prefecture]
    pharmacy_count: NDArray[np.int64]
    outside_start: int  # hospitals, then pharmacies of other provinces

    @property
    def unplaced(self) -> int:
        """Position of the institution that no region can be derived for; it is not in the registry."""
        return len(self.codes) - 1

    def grade_on(self, institution: Integers, day: Integers) -> Integers:
        """Grade of an institution on a day."""
        return np.where(day >= self.change_day, self.later_grade[institution], self.grade[institution])


def build_institutions(geography: Geography, seed: int, change_year: int) -> Institutions:
    """Make the institutions; two per prefecture rise a tier and one falls on 1 July of `change_year`."""
    regions: list[int] = []
    tiers: list[int] = []
    prefectures = len(geography.prefectures) - 1  # the province-run unit has no institution of its own
    start = np.zeros((prefectures + 1, 3), dtype=np.int64)
    count = np.zeros((prefectures + 1, 3), dtype=np.int64)
    pharmacy_start = np.zeros(prefectures + 1, dtype=np.int64)
    pharmacy_count = np.zeros(prefectures + 1, dtype=np.int64)
    counties = [np.flatnonzero(geography.prefecture_of == p) for p in range(prefectures)]
    for prefecture in range(prefectures):
        for tier in (TERTIARY, SECONDARY, PRIMARY):
            start[prefecture, tier] = len(regions)
            chosen = [int(c) for c in counties[prefecture] for _ in range(HOSPITAL_PER_COUNTY[tier])]
            if tier == TERTIARY:
                chosen = [int(counties[prefecture][0])] * TERTIARY_PER_PREFECTURE
            regions += chosen
            tiers += [tier] * len(chosen)
            count[prefecture, tier] = len(chosen)
    hospitals = len(regions)
    for prefecture in range(prefectures):
        chosen = [int(c) for c in counties[prefecture] for _ in range(PHARMACIES_PER_COUNTY)]
        pharmacy_start[prefecture] = len(regions)
        pharmacy_count[prefecture] = len(chosen)
        regions += chosen
        tiers += [PRIMARY] * len(chosen)
    inside = len(regions)
    outside = np.arange(geography.insured_regions, len(geography.region_codes))
    beyond = OUTSIDE_HOSPITALS + OUTSIDE_PHARMACIES
    regions += [int(outside[i * 37 % len(outside)]) for i in range(beyond)]
    tiers += [TERTIARY] * beyond
    total = len(regions)

    number = np.arange(total, dtype=np.int64)
    region = np.array(regions, dtype=np.int64)
    tier_of = np.array(tiers, dtype=np.int64)
    source = bits(number, seed, 21)
    # Grade within the tier: mostly A, some B; one in four primary institutions is ungraded (11).
    letter = (part(source, 0, 8) > 190).astype(np.int64)
    grade = np.choose(tier_of, [1 + letter, 4 + letter, np.where(part(source, 8, 8) < 64, 10, 7 + letter)])
    grade[(number >= inside) & (part(source, 16, 8) < 40)] = NO_GRADE
    is_pharmacy = ((number >= hospitals) & (number < inside)) | (number >= inside + OUTSIDE_HOSPITALS)
    grade[is_pharmacy] = GRADES.index("11")
    later = grade.copy()
    for prefecture in range(prefectures):
        for tier, grade_after in ((SECONDARY, "02"), (PRIMARY, "06")):
            if count[prefecture, tier]:
                later[start[prefecture, tier]] = GRADES.index(grade_after)
        if count[prefecture, SECONDARY] > 1:
            later[start[prefecture, SECONDARY] + 1] = GRADES.index("08")
    codes, names = [], []
    for position in range(total):
        letter_code = "P" if is_pharmacy[position] else "H"
        region_code = geography.region_codes[region[position]]
        codes.append(f"{letter_code}{region_code}{position:05d}")
        names.append(f"合成{'药店' if is_pharmacy[position] else '医院'}{position:05d}")
    codes.append(UNPLACED_CODE)
    names.append("合成未登记机构")
    pharmacy_start[prefectures] = pharmacy_start[0]
    pharmacy_count[prefectures] = pharmacy_count[0]
    start[prefectures], count[prefectures] = start[0], count[0]  # members of the province-run unit go to the capital
    return Institutions(
        codes=tuple(codes),
        names=tuple(names),
        is_pharmacy=np.append(is_pharmacy, False),
        region=np.append(region, -1),
        grade=np.append(grade, NO_GRADE),
        later_grade=np.append(later, NO_GRADE),
        change_day=day_number(change_year, 7, 1),
        hospital_start=start,
        hospital_count=count,
        pharmacy_start=pharmacy_start,
        pharmacy_count=pharmacy_count,
        outside_start=inside,
    )
