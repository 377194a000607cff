"""People and their enrolment as tables: psn_info_b, psn_insu_d, psn_insu_his_d and the two contribution tables.

Belongs here: which row of a life is delivered in which year's master batch, and its columns. Does not belong here: what
happens in a life (`lives.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.sample import categories, codes, identifiers, identities
from dagster_project.sample.arrow_columns import coded, constant, days, moments, money
from dagster_project.sample.calendar import day_number, months_of_days, years_of_days
from dagster_project.sample.hashing import Integers, bits
from dagster_project.sample.lives import URBAN_RURAL, Lives, Spell
from dagster_project.sample.payments import Payments
from dagster_project.sample.people import NEWBORN
from dagster_project.sample.world import World

INSUTYPES = ("310", "390", "320")
_RETIREMENT = ("0", "1", "2", "9")
_ROW_KEYS = 901  # stream of the row keys: no other draw shares it


def _category(lives: Lives, index: Integers) -> Integers:
    return np.full(len(index), lives.category, dtype=np.int64)


def person_table(world: World, lives: Lives, year: int) -> pa.Table:
    """psn_info_b rows of a year's master batch: everybody at first, then the newborn and the dead (a newer version)."""
    born = (
        years_of_days(lives.birth) == year
        if lives.category == NEWBORN
        else np.full(len(lives.rank), year == world.base_year)
    )
    died = (lives.death > 0) & (years_of_days(lives.death) == year)
    index = np.concatenate(
        [np.flatnonzero(born), np.flatnonzero(born & lives.second_registration), np.flatnonzero(died)]
    )
    registration = np.zeros(len(index), dtype=np.int64)
    start, stop = int(born.sum()), int(born.sum() + (born & lives.second_registration).sum())
    registration[start:stop] = 1
    dead = np.arange(len(index)) >= stop
    category, rank, birth, sex = _category(lives, index), lives.rank[index], lives.birth[index], lives.sex[index]
    sequence = world.people.certificate_sequence(category, rank)
    defect = lives.person_defect[index]
    changed = np.where(dead, lives.death[index] + 1, np.maximum(birth + 3, day_number(2015, 1, 1)))
    regions = world.geography.region_codes
    return pa.table(
        {
            "psn_no": identifiers.person_text(category, rank, registration),
            "psn_cert_type": coded((sequence < 0).astype(np.int64), ("01", "90")),
            "certno": identifiers.certificate_text(
                birth, sequence, sex, category * 10**9 + rank, defect == 1, defect == 2
            ),
            "psn_name": constant("合成人", len(index)),
            "gend": coded(np.where(defect == 3, -1, sex), ("9", "1", "2")),
            "brdy": days(birth),
            "resd_natu": coded(categories.household(lives.category, rank), codes.HOUSEHOLDS),
            "resd_loc_admdvs": coded(lives.region[index], regions),
            "live_admdvs": coded(lives.region[index], regions),
            "surv_stas": coded(dead.astype(np.int64), ("1", "2")),
            "vali_flag": constant("1", len(index)),
            "rid": identifiers.row_key_text(bits(category * 10**9 + rank * 10 + registration, world.seed, _ROW_KEYS)),
            "updt_time": moments(changed, 43_200),
        }
    )


def person_defects(lives: Lives, year: int, base_year: int) -> dict[str, int]:
    """Planted broken person rows of a year's batch, by rule."""
    if year != base_year:
        return {}
    counts = np.bincount(lives.person_defect, minlength=4).tolist()
    return {"id_checksum": counts[1] + counts[2], "required": counts[3]} if any(counts[1:]) else {}


def spell_tables(world: World, lives: Lives, year: int) -> tuple[pa.Table, pa.Table, int]:
    """(psn_insu_d, psn_insu_his_d, rows that an earlier delivery already held in an older version) of a year."""
    current, history, superseded = [], [], 0
    for spell in lives.spells:
        exists = spell["exists"] == 1
        before = exists & (spell["history"] == 1)
        # A spell that goes to history later was a current row in the first delivery.
        was_current = before & (spell["ended_in"] > 0)
        new = exists & ~before & (spell["known_from"] == year)
        ended = exists & ~before & (spell["ended_in"] == year) & (spell["known_from"] < year)
        if year == world.base_year:
            current.append(_spell_table(world, lives, spell, np.flatnonzero(was_current), still_open=True))
        known = np.where(was_current, spell["known_from"], world.base_year)
        # The one year in which a spell both begins and ends is delivered once, closed.
        open_still = (spell["ended_in"] == 0) | (spell["ended_in"] > year)
        current.append(_spell_table(world, lives, spell, np.flatnonzero(new & open_still), still_open=True))
        current.append(_spell_table(world, lives, spell, np.flatnonzero(ended | (new & ~open_still)), still_open=False))
        history.append(_spell_table(world, lives, spell, np.flatnonzero(before & (known == year)), still_open=False))
        superseded += int(ended.sum())
    # Whoever retires keeps the relation number: the new spell replaces the old row of psn_insu_d.
    first, second = lives.spells
    replaced = (
        (first["history"] == 1) & (first["ended_in"] > 0) & (second["known_from"] == year) & (second["exists"] == 1)
    )
    superseded += int(replaced.sum())
    return (
        pa.concat_tables(current, promote_options="default"),
        pa.concat_tables(history, promote_options="default"),
        superseded,
    )


def _spell_table(world: World, lives: Lives, spell: Spell, index: Integers, still_open: bool) -> pa.Table:
    category, rank = _category(lives, index), lives.rank[index]
    scheme, region, start = spell["scheme"][index], spell["region"][index], spell["from"][index]
    end = np.zeros(len(index), dtype=np.int64) if still_open else spell["to"][index]
    closed_before = spell["to"][index] * (spell["ended_in"][index] == 0)
    end = np.where(end == 0, closed_before, end)
    retired = spell["retired"][index]
    updated = np.where(end > 0, end + 1, start + 2)
    prefecture = world.geography.prefecture_of[region]
    employed = scheme != URBAN_RURAL
    return pa.table(
        {
            "psn_insu_rlts_id": identifiers.relation_text(category, rank, spell["relation"][index]),
            "psn_no": identifiers.person_text(category, rank, spell["registration"][index]),
            "emp_no": _employer_text(spell["employer"][index], employed),
            "insutype": coded(scheme, INSUTYPES),
            "psn_type": coded(categories.spell_type(world, lives, spell)[index], codes.SPELL_TYPES),
            "psn_insu_stas": coded((end > 0).astype(np.int64), ("1", "4")),
            "crt_insu_date": days(start),
            "psn_insu_date": days(start),
            "paus_insu_date": days(end, end == 0),
            "insutype_retr_flag": coded(np.where(retired == 9, 3, retired), _RETIREMENT),
            "hi_type": coded(
                np.where(employed, identities.hi_type(world, category, rank), codes.HI_TYPES.index(codes.NULL)),
                codes.HI_TYPES,
            ),
            "fst_insu_ym": _month_text(months_of_days(start)),
            "insu_admdvs": coded(region, world.geography.region_codes),
            "poolarea_no": coded(prefecture, world.geography.prefectures),
            "updt_time": moments(updated, 50_000),
        }
    )


def _employer_text(employer: Integers, employed: NDArray[np.bool_]) -> pa.Array:
    """emp_no: EMPL and eight digits of the employer position; residents have none."""
    return identifiers.numbered_text("EMPL", employer, ~employed)


def contribution_table(world: World, lives: Lives, spell: Spell, rows: Payments, resident: bool) -> pa.Table:
    """staf_psn_clct_detl_d (employees and attached schemes) or rsdt_psn_clct_detl_d of one spell and year."""
    mine = (spell["scheme"][rows.who] == URBAN_RURAL) == resident
    pick = {name: getattr(rows, name)[mine] for name in Payments.__dataclass_fields__}
    who = pick["who"]
    category, rank = _category(lives, who), lives.rank[who]
    scheme = spell["scheme"][who]
    base = 450_000 + rank % 600_000
    span = pick["accrual_to"] - pick["accrual_from"] + 1
    employer = np.where(scheme == URBAN_RURAL, 0, base * span * 75 // 1000) * pick["sign"]
    own = np.where(scheme == URBAN_RURAL, 38_000, base * span * 20 // 1000) * pick["sign"]
    columns = {
        "psn_no": identifiers.person_text(category, rank, spell["registration"][who]),
        "psn_insu_rlts_id": identifiers.relation_text(category, rank, spell["relation"][who]),
        "emp_no": _employer_text(spell["employer"][who], scheme != URBAN_RURAL),
        "insutype": coded(scheme, INSUTYPES),
        "cashym": _month_text(pick["accrual_from"]),
        "accrym_begn": _month_text(pick["accrual_from"]),
        "accrym_end": _month_text(pick["accrual_to"]),
        "psn_clctstd": money(base),
        "emp_clct_amt": money(employer),
        "psn_clct_amt": money(own),
        "clct_sumamt": money(employer + own),
        "clct_flag": coded(pick["flag"], ("0", "1")),
        "clct_type": coded((pick["kind"] == 32).astype(np.int64), ("10", "32")),
        "clct_time": moments(pick["day"], 36_000),
        "revs_flag": coded(pick["offset"], ("Z", "1")),
        "insutype_retr_flag": coded(np.where(spell["retired"][who] > 2, 3, spell["retired"][who]), _RETIREMENT),
        "poolarea_no": coded(world.geography.prefecture_of[spell["region"][who]], world.geography.prefectures),
    }
    if resident:
        columns["psn_idet_type"] = coded(identities.identity(world, category, rank), codes.IDENTITIES)
    return pa.table(columns)


def _month_text(values: Integers) -> pa.Array:
    """yyyymm as text."""
    found, inverse = np.unique(values, return_inverse=True)
    return coded(inverse, tuple(str(value) for value in found) or ("-",))
