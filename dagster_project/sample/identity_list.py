"""psn_idet_info_b: who stands on the list of low-income identities, from when to when, who of them is insured and treated.

Belongs here: the rows of a year's master batch and their truth. Does not belong here: which identity a person has
(`identities.py`), who is insured (`enrolment_truth.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.sample import codes, identifiers, identities
from dagster_project.sample.arrow_columns import coded, constant, moments
from dagster_project.sample.calendar import day_number, years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.enrolment_truth import insured_on
from dagster_project.sample.hashing import Integers, bits, part
from dagster_project.sample.lives import Lives, live
from dagster_project.sample.payments import Payments
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

_STREAM_LIST = 57
_RURAL_GROUPS = np.array([name not in ("unknown", "orphan") for name in codes.POPULATION_GROUPS])


def new_cells() -> Cells:
    """Accumulator of listed persons: year, prefecture, population group, insured or not."""
    return Cells((10_000, 64, 8, 2), ("persons",))


def _spells(world: World, lives: Lives) -> tuple[Integers, Integers, Integers, NDArray[np.bool_]]:
    """Identity, first and last day (0 open) and whether rural; identity 0 for whoever is never listed."""
    category = np.full(len(lives.rank), lives.category, dtype=np.int64)
    identity = identities.identity(world, category, lives.rank)
    source = bits(lives.rank * 4 + lives.category, world.seed, _STREAM_LIST)
    begin = np.maximum(day_number(world.base_year, 3, 1) + part(source, 0, 16) % 900 - 300, lives.birth + 40)
    end = np.where(part(source, 16, 2) == 0, begin + 200 + part(source, 18, 16) % 700, 0)
    end = np.where((lives.death > 0) & ((end == 0) | (end > lives.death)), lives.death, end)
    identity = np.where((end > 0) & (end < begin), 0, identity)
    rural = part(source, 40, 2) != 0
    return identity, begin, end, rural


def list_table(world: World, lives: Lives, year: int) -> pa.Table:
    """The rows that begin in a year; those before the base year come with it."""
    identity, begin, end, rural = _spells(world, lives)
    begun = years_of_days(begin)
    due = begun <= year if year == world.base_year else begun == year
    index = np.flatnonzero((identity > 0) & due)
    category, rank = np.full(len(index), lives.category, dtype=np.int64), lives.rank[index]
    right = np.zeros(len(index), dtype=np.bool_)
    return pa.table(
        {
            "idet_id": identifiers.event_text("IDET", begun[index] * 100, category, rank, 0),
            "psn_no": identifiers.person_text(category, rank, category * 0),
            "certno": identifiers.certificate_text(
                lives.birth[index], world.people.certificate_sequence(category, rank), lives.sex[index],
                category * 10**9 + rank, right, right,
            ),
            "psn_idet_type": coded(identity[index], codes.IDENTITIES),
            "rurl_flag": coded(rural[index].astype(np.int64), ("0", "1")),
            "admdvs": coded(lives.region[index], world.geography.region_codes),
            "idet_dept": constant("民政部门", len(index)),
            "begntime": moments(begin[index], 0),
            "endtime": moments(end[index], 0, end[index] == 0),
        }
    )  # fmt: skip


def count_listed(world: World, lives: Lives, paid: list[tuple[Payments, Payments]], cells: Cells) -> None:
    """Add the rural low-income people of a chunk who are listed on 31 December, for each year."""
    identity, begin, end, rural = _spells(world, lives)
    group = codes.POPULATION_GROUP_OF_IDENTITY[identity]
    for year, both in zip(world.all_years, paid, strict=True):
        date = day_number(year, 12, 31)
        listed = (identity > 0) & rural & _RURAL_GROUPS[group] & (begin <= date) & ((end == 0) | (end >= date))
        insured = np.zeros(len(lives.rank), dtype=np.bool_)
        for spell, rows in zip(lives.spells, both, strict=True):
            insured |= insured_on(spell, rows, date, year)
        key = (
            np.full(len(insured), year, dtype=np.int64), world.geography.prefecture_of[lives.region], group,
            insured.astype(np.int64),
        )  # fmt: skip
        cells.add(key, (np.ones(len(insured), dtype=np.int64),), listed)


def as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    return [
        {
            "year": key[0],
            "prefecture": world.geography.prefectures[key[1]],
            "population_group": codes.POPULATION_GROUPS[key[2]],
            "list_cover": ("not_insured", "insured")[key[3]],
        }
        | sums
        for key, sums in cells.rows()
    ]


def new_triple_cells() -> Cells:
    """Accumulator of triple protection: year, prefecture, scheme."""
    return Cells((10_000, 64, len(codes.SCHEMES)), ("visits", "relief"))


def count_triple(
    world: World, rows: Columns, key: tuple[Integers, Integers, Integers], counted: NDArray[np.bool_], cells: Cells
) -> None:
    """Add settlements of rural low-income people who are listed that day and for whom one of the three layers paid (L66)."""
    relief = rows["pool"] + rows["serious_illness"] + rows["assistance"]
    found = np.flatnonzero(counted & (relief != 0) & (identities.is_listed(rows["category"], rows["rank"]) == 1))
    categories, day = rows["category"][found], rows["day"][found]
    listed = np.zeros(len(found), dtype=np.bool_)
    for category in np.unique(categories):
        where = np.flatnonzero(categories == category)
        identity, begin, end, rural = _spells(world, live(world, int(category), rows["rank"][found][where]))
        on_list = (begin <= day[where]) & ((end == 0) | (end >= day[where]))
        group = codes.POPULATION_GROUP_OF_IDENTITY[identity]
        listed[where] = (identity > 0) & rural & _RURAL_GROUPS[group] & on_list
    kept = found[listed]
    final = (rows["settlement_type"][kept] != codes.SUPPLEMENTARY) & (rows["interim"][kept] == 0)
    year, region, scheme = key
    cells.add((year[kept], region[kept], scheme[kept]), (final.astype(np.int64), relief[kept]))


def triple_as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The cells with their labels."""
    return [
        {"year": k[0], "prefecture": world.geography.prefectures[k[1]], "scheme": codes.SCHEMES[k[2]]} | sums
        for k, sums in cells.rows()
    ]
