"""Where a settlement row happens: institution, its grade on the day, region of treatment, place of payment.

Belongs here: the drawn distance (own prefecture, another one, another province) and what follows from it. Does not
belong here: who is treated and what for (`visits.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample import codes
from dagster_project.sample.hashing import Bits, Integers, choose, part
from dagster_project.sample.institutions import NO_GRADE, OUTSIDE_HOSPITALS, OUTSIDE_PHARMACIES, UNKNOWN_GRADE
from dagster_project.sample.people import RETIRED
from dagster_project.sample.world import World


def chance(source: Bits, shift: int, per_10000: Integers | int) -> NDArray[np.bool_]:
    """True with the given probability, from 16 bits."""
    hit: NDArray[np.bool_] = part(source, shift, 16) * 10_000 < np.asarray(per_10000) * 65_536
    return hit


def kind_position(world: World, name: str) -> int:
    """Position of a kind in the calibration table."""
    return next(i for i, kind in enumerate(world.calibration.kinds) if kind.name == name)


def add_place(
    world: World, columns: dict[str, NDArray[np.int64]], third: Bits, fourth: Bits, pharmacy: NDArray[np.bool_]
) -> Integers:
    """Institution, its grade on the day, region of treatment, place of payment; returns the drawn distance."""
    table, places = world.calibration, world.institutions
    inpatient = np.isin(
        columns["kind"], [kind_position(world, "inpatient"), kind_position(world, "maternity_inpatient")]
    )
    near = np.where(
        inpatient,
        table.travel("inpatient")[0],
        np.where(pharmacy, table.travel("pharmacy")[0], table.travel("outpatient")[0]),
    )
    far = np.where(
        inpatient,
        table.travel("inpatient")[1],
        np.where(pharmacy, table.travel("pharmacy")[1], table.travel("outpatient")[1]),
    )
    drawn = part(third, 32, 16) * 10_000
    distance = (drawn < (near + far) * 65_536).astype(np.int64) + (drawn < far * 65_536)
    distance[columns["kind"] == kind_position(world, "home_bed")] = 0
    home = world.geography.prefecture_of[columns["region"]]
    others = max(1, len(world.geography.prefectures) - 2)
    capital = (part(fourth, 0, 8) < 150) & (home != 0)
    elsewhere = np.where(capital, 0, (home + 1 + part(fourth, 8, 8) % others) % (len(world.geography.prefectures) - 1))
    distance[(distance == 1) & (elsewhere == home)] = 0  # a municipality has no other prefecture
    prefecture = np.where(distance == 1, elsewhere, home)
    employee = columns["category"] <= RETIRED
    shares = table.parameters["inpatient"]
    tier = np.where(
        inpatient,
        np.where(
            employee,
            choose(fourth, 16, tuple(shares["employee"]["share"])),
            choose(fourth, 16, tuple(shares["resident"]["share"])),
        ),
        choose(fourth, 16, tuple(table.parameters["outpatient_tier_share"])),
    ).astype(np.int64)
    pick = part(fourth, 32, 20)
    hospital = places.hospital_start[prefecture, tier] + pick % places.hospital_count[prefecture, tier]
    shop = places.pharmacy_start[prefecture] + pick % places.pharmacy_count[prefecture]
    outside = places.outside_start + np.where(
        pharmacy, OUTSIDE_HOSPITALS + pick % OUTSIDE_PHARMACIES, pick % OUTSIDE_HOSPITALS
    )
    institution = np.where(distance == 2, outside, np.where(pharmacy, shop, hospital))
    odd = part(third, 48, 16)
    unplaced = (odd < 4) & ~pharmacy & ~inpatient & (distance == 0)
    institution[unplaced] = places.unplaced
    grade = places.grade_on(institution, columns["day"])
    grade[~pharmacy & (odd >= 100) & (odd < 165)] = UNKNOWN_GRADE
    grade[~pharmacy & (odd >= 165) & (odd < 300)] = NO_GRADE
    given = places.region[institution]
    location = np.choose(distance, [codes.LOCAL_ONLINE, codes.IN_PROVINCE_ONLINE, codes.CROSS_PROVINCE_ONLINE]).astype(
        np.int64
    )
    by_hand = np.array([80, 400, int(table.parameters["travel"]["manual_cross_province"])], dtype=np.int64)[distance]
    location[chance(fourth, 48, by_hand) & ~pharmacy] = codes.MANUAL
    location[(odd >= 300) & (odd < 320)] = codes.UNCLEAR
    location[(odd >= 320) & (odd < 327)] = codes.NO_LOCATION
    columns["tier"] = tier
    columns["institution"] = institution
    columns["grade"] = grade
    columns["place"] = given
    columns["place_written"] = np.where((odd >= 400) & (odd < 600), -1, given)
    columns["location"] = location
    return distance
