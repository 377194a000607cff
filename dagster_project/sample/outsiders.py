"""outmed_setl_d: people insured elsewhere who were treated here.

Belongs here: the rows of a year's master batch and their truth. Does not belong here: settlements of the province's own insured
(`settlement_tables.py`); nobody of them is in these rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.sample import codes, identifiers
from dagster_project.sample.arrow_columns import coded, constant, days, moments, money
from dagster_project.sample.calendar import day_number
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers, below, bits, part
from dagster_project.sample.institutions import GRADES, TIER_OF_GRADE
from dagster_project.sample.settlement_tables import MONEY_COLUMNS
from dagster_project.sample.world import World

UNIQUE = frozenset({"setl_id", "init_setl_id", "mdtrt_id", "psn_no", "rid"})
_PER_YEAR = 200_000  # at scale 1
_STREAM, _STREAM_ORIGIN = 78, 79
_CATEGORY = 8  # of person numbers: nobody of the province has it
_SCHEMES, _INSUTYPES = ("employee", "resident"), ("310", "390")
_CARE = tuple(codes.CARE_TYPES.index(code) for code in ("11", "14", "21", "41"))
_LOCATIONS = ("1", "3", "4")
_ORIGINAL, _MIRROR, _RESTORING, _SECOND = range(4)


def new_cells() -> Cells:
    """Accumulator: month, prefecture of treatment, place of insurance, scheme, tier, visit type, place of payment."""
    return Cells((1_000_000, 64, 64, 2, len(codes.TIERS), len(codes.VISITS), 3), ("visits", "rows", "fee", "fund"))


def outsider_table(world: World, year: int, cells: Cells) -> pa.Table:
    """The settlements of a year: one in ten is taken back, and one in forty of them all had that taken back again; one in 25 is not
    valid, one in 31 carries the flag of a reversal that nobody delivered. A quarter is insured in another area of the province.
    One in 13 is supplementary and one in 17 interim; one in 19 has a second settlement of the same encounter.
    """
    geography, institutions = world.geography, world.institutions
    drawn = np.arange(max(120, round(_PER_YEAR * world.scale)), dtype=np.int64)
    source, origins = bits(drawn, world.seed, _STREAM, year), bits(drawn, world.seed, _STREAM_ORIGIN, year)
    reversed_, restored = drawn % 10 == 0, drawn % 40 == 0
    invalid_, alone = drawn % 25 == 7, drawn % 31 == 5
    added, between = drawn % 13 == 3, drawn % 17 == 4
    plain = ~(reversed_ | invalid_ | alone | added | between)
    twice = (drawn % 19 == 6) & plain
    parts = (drawn, drawn[reversed_], drawn[restored], drawn[twice])
    number = np.concatenate(parts)
    role = np.repeat([_ORIGINAL, _MIRROR, _RESTORING, _SECOND], [len(part) for part in parts])
    institution = below(source, institutions.outside_start)[number]
    place = institutions.region[institution]
    inside = np.arange(geography.insured_regions, dtype=np.int64)
    abroad = np.arange(geography.insured_regions, len(geography.region_codes), dtype=np.int64)
    crosses = drawn % 4 != 3
    home = np.where(crosses, abroad[below(origins, len(abroad))], inside[below(origins, len(inside))])[number]
    location = np.where(~crosses, 1, np.where(part(source, 40, 4) == 0, 0, 2))[number]
    resident = part(source, 44, 1)[number]
    care = np.array(_CARE, dtype=np.int64)[part(source, 46, 2)][number]
    is_pharmacy = institutions.is_pharmacy[institution]
    visit = np.where(is_pharmacy, codes.PHARMACY, codes.VISIT_AT_HOSPITAL[care])
    first = day_number(year)
    # Taken back, brought again or settled once more within the year, some days later.
    day = (first + part(source, 20, 16) % 330)[number] + role * 9
    sign = np.where(role == _MIRROR, -1, 1)
    fee = (10_000 + part(source, 8, 20))[number] * sign
    fund = fee // 100 * 60
    is_link = (role == _MIRROR) | (role == _RESTORING)
    invalid = invalid_[number] & (role == _ORIGINAL)
    flagged = is_link | (number % 20 == 10) | alone[number]
    stands = ~is_link & ~invalid & ~flagged & (~reversed_[number] | restored[number])
    supplementary, interim = added[number], between[number]
    # A stay counts once, where its last settlement stands that is neither interim nor supplementary; other visits by settlement.
    is_stay = visit == codes.INPATIENT
    is_visit = np.where(is_stay, ~interim & ((role == _SECOND) | ~twice[number]), True) & ~supplementary
    grade = institutions.grade[institution]
    month = year * 100 + day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    cells.add(
        (month, geography.prefecture_of[place], _origin(world, home), resident, TIER_OF_GRADE[grade], visit, location),
        (is_visit.astype(np.int64), np.ones(len(number), dtype=np.int64), fee, fund),
        stands,
    )
    stamp = np.full(len(number), year * 100, dtype=np.int64)
    regions = geography.region_codes
    none = fee * 0
    amounts = dict.fromkeys(MONEY_COLUMNS.values(), none)
    amounts |= {"fee": fee, "scope": fee, "pool": fund, "fund": fund, "personal": fee - fund, "cash": fee - fund}
    ids = identifiers.event_text("OUT0", stamp, none, number, role)
    originals = identifiers.event_text("OUT0", stamp, none, number, np.maximum(role - 1, 0), ~is_link)
    return pa.table(
        {
            "setl_id": ids,
            "init_setl_id": originals,
            "mdtrt_id": identifiers.event_text("OUTM", stamp, none, number, 0),
            "psn_no": identifiers.person_text(none + _CATEGORY, number, none),
            "insutype": coded(resident, _INSUTYPES),
            "psn_type": coded(resident, ("1101", "1501")),
            "cvlserv_flag": constant("0", len(number)),
            "insu_admdvs": coded(home, regions),
            "pay_loc": coded(location, _LOCATIONS),
            "fixmedins_code": coded(institution, institutions.codes),
            "hosp_lv": coded(grade, GRADES),
            "fix_blng_admdvs": coded(place, regions),
            "begndate": days(day),
            "enddate": days(day),
            "setl_time": moments(day, 36_000),
            "med_type": coded(care, codes.CARE_TYPES),
            "setl_type": coded(supplementary.astype(np.int64), ("2", "3")),
            **{name: money(amounts[drawn_as]) for name, drawn_as in MONEY_COLUMNS.items()},
            "refd_setl_flag": coded(flagged.astype(np.int64), ("0", "1")),
            "mid_setl_flag": coded(interim.astype(np.int64), ("0", "1")),
            "out_flag": constant("2", len(number)),
            "vali_flag": coded((~invalid).astype(np.int64), ("0", "1")),
            "rid": ids,
            "updt_time": moments(day, 36_060),
            "crte_time": moments(day, 36_000),
        }
    )


def _origin(world: World, home: Integers) -> Integers:
    """Position among the provinces of the places where people are insured."""
    provinces = _provinces(world)
    place = {code: number for number, code in enumerate(provinces)}
    origin_of: Integers = np.array([place[code[:2] + "0000"] for code in world.geography.region_codes], dtype=np.int64)
    return np.take(origin_of, home)


def _provinces(world: World) -> list[str]:
    return sorted({code[:2] + "0000" for code in world.geography.region_codes})


def as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    provinces = _provinces(world)
    return [
        {
            "year": key[0] // 100, "month": key[0], "prefecture": world.geography.prefectures[key[1]], "origin": provinces[key[2]],
            "scheme": _SCHEMES[key[3]], "tier": codes.TIERS[key[4]], "visit_type": codes.VISITS[key[5]],
            "payment_place": _LOCATIONS[key[6]],
        }
        | sums
        for key, sums in cells.rows()
    ]  # fmt: skip
