"""Who is insured on 31 December, by the national defaults, from the lives themselves.

Belongs here: the insured rule (a regular payment that arrived and covers the date; retirees by their spell, R14), the
choice of one row a natural person (R15), and the cells. Does not belong here: spells and payments (`lives.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample import categories, codes, identities
from dagster_project.sample.calendar import day_number
from dagster_project.sample.cells import Cells
from dagster_project.sample.lives import EMPLOYEE, URBAN_RURAL, Lives, Spell
from dagster_project.sample.payments import Payments
from dagster_project.sample.world import World

_STATUS = {0: 0, 1: 1, 2: 1, 9: 2, -1: 2}


def new_cells() -> Cells:
    """Accumulator of enrolment: year, prefecture, scheme, member status, employer group, sex, fund mode, subsidy, resident group, household."""
    return Cells((10_000, 64, 2, 4, 5, 3, 4, 4, 5, 4), ("persons",))


def count_insured(world: World, lives: Lives, paid: list[tuple[Payments, Payments]], cells: Cells) -> None:
    """Add the people of a chunk, for each year of the sample; `paid` holds both spells' payments by year."""
    category = np.full(len(lives.rank), lives.category, dtype=np.int64)
    fund_mode = codes.FUND_MODE_OF_HI_TYPE[identities.hi_type(world, category, lives.rank)]
    subsidy = codes.SUBSIDY_OF_IDENTITY[identities.identity(world, category, lives.rank)]
    groups = [codes.GROUP_OF_SPELL_TYPE[categories.spell_type(world, lives, spell)] for spell in lives.spells]
    household = codes.KIND_OF_HOUSEHOLD[categories.household(lives.category, lives.rank)]
    for year, both in zip(world.all_years, paid, strict=True):
        date = day_number(year, 12, 31)
        insured = [insured_on(spell, rows, date, year) for spell, rows in zip(lives.spells, both, strict=True)]
        first, second = lives.spells
        # R15: employee before resident, then the later begin, then the larger relation number.
        second_wins = _before(second, first)
        chosen = np.where(insured[0] & insured[1], second_wins.astype(np.int64), insured[1].astype(np.int64))
        spell = {key: np.where(chosen == 1, second[key], first[key]) for key in first}
        resident = spell["scheme"] != EMPLOYEE
        status = np.select([spell["retired"] == value for value in _STATUS], list(_STATUS.values()), 2)
        sex = np.where(lives.person_defect > 0, 0, lives.sex)
        group = world.people.employer_group(spell["employer"]).astype(np.int64)
        size = len(lives.rank)
        cells.add(
            (
                np.full(size, year, dtype=np.int64),
                world.geography.prefecture_of[spell["region"]],
                resident.astype(np.int64),
                np.where(resident, codes.STATUSES.index("none"), status),
                np.where(resident, codes.EMPLOYER_GROUPS.index("none"), group),
                sex,
                np.where(resident, codes.FUND_MODES.index("none"), fund_mode),
                np.where(resident, subsidy, codes.SUBSIDIES.index("none")),
                np.where(resident, np.where(chosen == 1, groups[1], groups[0]), codes.RESIDENT_GROUPS.index("none")),
                np.where(resident, codes.HOUSEHOLD_KINDS.index("none"), household),
            ),
            (np.ones(size, dtype=np.int64),),
            insured[0] | insured[1],
        )


def new_subsidy_cells() -> Cells:
    """Accumulator of subsidised premiums: year, prefecture, identity."""
    return Cells((10_000, 64, 16), ("persons",))


def count_subsidised(world: World, lives: Lives, paid: list[tuple[Payments, Payments]], cells: Cells) -> None:
    """Add the people of a chunk whose premium of a year somebody subsidised, once a year, where the first payment lies."""
    category = np.full(len(lives.rank), lives.category, dtype=np.int64)
    identity = identities.identity(world, category, lives.rank)
    never = np.iinfo(np.int64).max
    for year, both in zip(world.all_years, paid, strict=True):
        days = []
        for spell, rows in zip(lives.spells, both, strict=True):
            good = (rows.flag == 1) & (rows.kind == 10) & (rows.offset == 0) & (rows.day <= day_number(year, 12, 31))
            good &= spell["scheme"][rows.who] == URBAN_RURAL
            first = np.full(len(lives.rank), never, dtype=np.int64)
            np.minimum.at(first, rows.who[good], rows.day[good])
            days.append(first)
        second_wins = days[1] < days[0]
        region = np.where(second_wins, lives.spells[1]["region"], lives.spells[0]["region"])
        size = len(lives.rank)
        cells.add(
            (np.full(size, year, dtype=np.int64), world.geography.prefecture_of[region], identity),
            (np.ones(size, dtype=np.int64),),
            (np.minimum(*days) < never) & (identity > 0),
        )


def subsidies_as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section of subsidised premiums with its labels."""
    return [
        {
            "year": key[0],
            "prefecture": world.geography.prefectures[key[1]],
            "subsidy_source": codes.SUBSIDY_SOURCES[codes.SOURCE_OF_IDENTITY[key[2]]],
            "population_group": codes.POPULATION_GROUPS[codes.POPULATION_GROUP_OF_IDENTITY[key[2]]],
        }
        | sums
        for key, sums in cells.rows()
    ]


def insured_on(spell: Spell, rows: Payments, date: int, year: int) -> NDArray[np.bool_]:
    """Who is insured by a spell: open at the date, and paid for December by then or retired."""
    is_open = (spell["exists"] == 1) & (spell["from"] <= date) & ((spell["to"] == 0) | (spell["to"] >= date))
    covers = (rows.accrual_from <= year * 100 + 12) & (rows.accrual_to >= year * 100 + 12)
    counts = covers & (rows.flag == 1) & (rows.kind == 10) & (rows.offset == 0) & (rows.day <= date)
    paid = np.zeros(len(is_open), dtype=np.bool_)
    paid[rows.who[counts]] = True
    retired = (spell["scheme"] == EMPLOYEE) & ((spell["retired"] == 1) | (spell["retired"] == 2))
    insured: NDArray[np.bool_] = is_open & (spell["scheme"] <= 1) & (paid | retired)
    return insured


def _before(left: Spell, right: Spell) -> NDArray[np.bool_]:
    """Whether the left spell counts rather than the right one."""
    scheme = left["scheme"] != right["scheme"]
    begin = left["from"] != right["from"]
    result: NDArray[np.bool_] = np.where(
        scheme,
        left["scheme"] < right["scheme"],
        np.where(begin, left["from"] > right["from"], left["relation"] > right["relation"]),
    )
    return result


def as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    return [
        {
            "year": key[0],
            "prefecture": world.geography.prefectures[key[1]],
            "scheme": codes.SCHEMES[key[2]],
            "member_status": codes.STATUSES[key[3]],
            "employer_group": codes.EMPLOYER_GROUPS[key[4]],
            "sex": codes.SEXES[key[5]],
            "fund_mode": codes.FUND_MODES[key[6]],
            "premium_subsidy": codes.SUBSIDIES[key[7]],
            "resident_group": codes.RESIDENT_GROUPS[key[8]],
            "household": codes.HOUSEHOLD_KINDS[key[9]],
        }
        | sums
        for key, sums in cells.rows()
    ]
