"""Smaller benefits of a year: maternity allowances, filings for care elsewhere, long-term care, grouping results.

Belongs here: their rows, drawn from counters like everything else. Does not belong here: settlements.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.sample import codes, identifiers
from dagster_project.sample.arrow_columns import coded, constant, decimals, moments, money
from dagster_project.sample.calendar import day_number, years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers, below, bits, part
from dagster_project.sample.people import ACTIVE, RESIDENT
from dagster_project.sample.visits import BULK, Columns, draw, draw_kinds
from dagster_project.sample.world import World

_REFERRED_AMONG = 40_000  # rows of a month that are looked through for stays to refer
_PER_YEAR = {"allowance": 50_000, "filing": 420_000, "care": 90_000}  # at scale 1


def _count(world: World, name: str) -> int:
    return max(12, round(_PER_YEAR[name] * world.scale))


def _days(world: World, year: int, source: Integers) -> Integers:
    first = day_number(year)
    return first + source % (day_number(year + 1) - first)


def allowance_cells() -> Cells:
    """Accumulator of maternity allowances: year, prefecture."""
    return Cells((10_000, 64), ("payments", "amount"))


def allowances(world: World, year: int, cells: Cells) -> pa.Table:
    """matn_alwn_crtf_d; every twentieth row pays nothing or is not valid and does not count (R21)."""
    number = np.arange(_count(world, "allowance"), dtype=np.int64)
    source = bits(number, world.seed, 71, year)
    rank = below(bits(number, world.seed, 72, year), world.people.counts[ACTIVE])
    category = np.full(len(number), ACTIVE, dtype=np.int64)
    region = world.people.home_region(category, world.people.home_bits(category, rank))
    prefecture = world.geography.prefecture_of[region]
    amount = np.where(number % 40 == 7, 0, 900_000 + part(source, 0, 20))
    valid = (number % 40 != 27).astype(np.int64)
    day = _days(world, year, part(source, 20, 20))
    counts = (amount > 0) & (valid == 1)
    cells.add((years_of_days(day), prefecture), (np.ones(len(number), dtype=np.int64), amount), counts)
    month = np.full(len(number), year * 100, dtype=np.int64)
    return pa.table(
        {
            "matn_alwn_reg_id": identifiers.event_text("ALWN", month, number * 0, number, 0),
            "psn_no": identifiers.person_text(category, rank, number * 0),
            "psn_insu_rlts_id": identifiers.relation_text(category, rank, number * 0 + 1),
            "emp_no": identifiers.numbered_text("EMPL", world.people.employer(rank, region)),
            "matn_alwn_sumamt": money(amount),
            "poolarea_no": coded(prefecture, world.geography.prefectures),
            "opt_time": moments(day, 36_000 + part(source, 40, 14)),
            "vali_flag": coded(valid, ("0", "1")),
            "crter_id": coded(number % 3, ("op001", "op002", "op003")),
        }
    )


def filing_cells() -> Cells:
    """Accumulator of filings: year, prefecture, across provinces or not, way."""
    return Cells((10_000, 64, 2, 4), ("filings",))


def filings(world: World, year: int, cells: Cells) -> pa.Table:
    """out_appy_d: filings of residents for care in another place; a third is open-ended, one in four names no way.

    After those of people who file and may go nowhere come referrals of some stays away from home.
    """
    drawn = np.arange(_count(world, "filing"), dtype=np.int64)
    stays = _referred_stays(world, year)
    number = np.arange(len(drawn) + len(stays["rank"]), dtype=np.int64)
    is_referral = number >= len(drawn)
    source = bits(number, world.seed, 73, year)
    rank = below(bits(drawn, world.seed, 74, year), world.people.counts[RESIDENT])
    rank = np.concatenate([rank, stays["rank"]])
    category = np.full(len(number), RESIDENT, dtype=np.int64)
    region = world.people.home_region(category, world.people.home_bits(category, rank))
    region[is_referral] = stays["region"]
    day = _days(world, year, part(source, 20, 20))
    day[is_referral] = np.maximum(stays["begin"] - stays["number"] % 4, day_number(year))
    outside = len(world.geography.region_codes) - world.geography.insured_regions
    goal = world.geography.insured_regions + part(source, 0, 16) % outside
    goal[is_referral] = stays["place"]
    month = np.full(len(number), year * 100, dtype=np.int64)
    way = part(source, 50, 2)
    own = np.array([code[:2] == world.geography.province[:2] for code in world.geography.region_codes])
    crosses = (~own[goal]).astype(np.int64)
    one = np.ones(len(number), dtype=np.int64)
    cells.add((years_of_days(day), world.geography.prefecture_of[region], crosses, way), (one,))
    return pa.table(
        {
            "trt_dcla_detl_sn": identifiers.event_text("FILE", month, number * 0, number, 0),
            "psn_no": identifiers.person_text(category, rank, number * 0),
            "insutype": constant("390", len(number)),
            "insu_admdvs": coded(region, world.geography.region_codes),
            "rloc_admdvs": coded(goal, world.geography.region_codes),
            "out_onln_way": coded(way, ("1", "2", "3", "")),
            "rloc_rea": coded(np.where(is_referral, 1, number % 3), ("02", "06", "08")),
            "crte_time": moments(day, 36_000),
            "vali_flag": constant("1", len(number)),
            "begndate": moments(day, 0),
            "enddate": moments(day + 180, 0, number % 3 == 0),
        }
    )


def _referred_stays(world: World, year: int) -> Columns:
    """Every second stay of residents away from their prefecture among the first rows of each month: whose, whence, where to, when."""
    kinds = [kind.name for kind in world.calibration.kinds]
    names = ("rank", "region", "place", "begin", "number")
    found: list[Columns] = []
    for month in (month for month in world.months if month // 100 == year):
        number = np.arange(min(world.rows_of_month(month), _REFERRED_AMONG), dtype=np.int64)
        kind = draw_kinds(world, month, BULK, number)
        bed = np.flatnonzero(kind == kinds.index("inpatient"))
        rows = draw(world, month, BULK, number[bed], kind[bed])
        treated, home = (world.geography.prefecture_of[rows[name]] for name in ("place", "region"))
        away = (rows["category"] == RESIDENT) & (rows["place"] >= 0) & (treated != home) & (rows["number"] % 2 == 0)
        found.append({name: rows[name][away] for name in names})
    return {
        name: np.concatenate([rows[name] for rows in found]) if found else np.empty(0, dtype=np.int64) for name in names
    }


def care_cells() -> Cells:
    """Accumulator of long-term care: year, prefecture, month."""
    return Cells((10_000, 64, 13), ("fund_pay",))


def care_payments(world: World, year: int, cells: Cells) -> pa.Table:
    """ltc_payment: one row a person, month and service."""
    number = np.arange(_count(world, "care"), dtype=np.int64)
    source = bits(number, world.seed, 75, year)
    category = np.full(len(number), RESIDENT, dtype=np.int64)
    rank = number % world.people.counts[RESIDENT]
    region = world.people.home_region(category, world.people.home_bits(category, rank))
    fee = 150_000 + part(source, 0, 18)
    fund = fee * 70 // 100
    month = number // 7 % 12 + 1
    whole_year = np.full(len(number), year, dtype=np.int64)
    cells.add((whole_year, world.geography.prefecture_of[region], month), (fund,))
    return pa.table(
        {
            "psn_no": identifiers.person_text(category, rank, number * 0),
            "insutype": constant("390", len(number)),
            "disa_grade": coded(number % 3, ("3", "4", "5")),
            "serv_type": coded(number % 2, ("居家", "机构")),
            "setl_ym": coded(month - 1, tuple(f"{year}{month:02d}" for month in range(1, 13))),
            "serv_days": decimals(10 + part(source, 20, 4), 6, 0),
            "fee_sumamt": money(fee),
            "fund_pay_amt": money(fund),
            "psn_pay_amt": money(fee - fund),
            "insu_admdvs": coded(region, world.geography.region_codes),
        }
    )


def group_table(world: World, month: int, rows: Columns) -> pa.Table:
    """drg_dip_group_result of the discharges of a month: the month's run and the year-end run, the later one wins."""
    size = len(rows["month"])
    both = {key: np.concatenate([values, values]) for key, values in rows.items()}
    year_end = np.repeat(np.array([0, 1], dtype=np.int64), size)
    grouping = both["grouping"]
    ungrouped = np.where(
        year_end == 1,
        np.isin(grouping, (codes.UNGROUPED, codes.UNGROUPED_AT_YEAR_END)),
        np.isin(grouping, (codes.UNGROUPED, codes.GROUPED_AT_YEAR_END)),
    ).astype(np.int64)
    by_score = world.geography.prefecture_of[both["region"]] % 2
    return pa.table(
        {
            "setl_id": identifiers.event_text("STL0", both["month"], both["stream"], both["number"], both["role"]),
            "run_id": coded(year_end, (str(month), f"{month // 100}YE")),
            "mdtrt_id": identifiers.event_text("MDT0", both["month"], both["stream"], both["number"], 0),
            "fixmedins_code": coded(both["institution"], world.institutions.codes),
            "grp_ver": coded(by_score, ("CHS-DRG 2.0", "DIP 2.0")),
            "pay_kind": coded(by_score, ("DRG", "DIP")),
            "drg_code": coded(
                np.where(ungrouped == 1, 4, np.where(by_score == 1, -1, both["rank"] % 4)),
                ("ES23", "IU25", "GZ15", "GB15", "0000"),
            ),
            "rw_or_score": decimals(5_000 + both["rank"] % 20_000, 16, 4),
            "case_kind": coded(np.where(ungrouped == 1, 1, 0), ("正常", "未入组")),
            "fund_pay_by_group": money(both["pool"]),
        }
    )


def filing_truth(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels; `way` is the code of the filing, empty where it names none."""
    names = ("in_province", "cross_province")
    return [
        {
            "year": key[0], "prefecture": world.geography.prefectures[key[1]], "travel_class": names[key[2]],
            "way": ("1", "2", "3", "")[key[3]],
        }
        | sums
        for key, sums in cells.rows()
    ]  # fmt: skip


def allowance_truth(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    return [{"year": key[0], "prefecture": world.geography.prefectures[key[1]]} | sums for key, sums in cells.rows()]
