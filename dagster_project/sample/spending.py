"""What each fund spends in a month: the way from settled payments to the benefit expenditure of the ledger.

Belongs here: the bridge, part by part, from payments that were drawn (never from a result): what is withheld as a
deposit and returned by the clearing in April, what is booked a month later, maternity allowances, claims paid outside the
settlement system, premiums that assistance pays. Does not belong here: lines of the ledger, income (`ledger.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample import codes
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers
from dagster_project.sample.people import RESIDENT
from dagster_project.sample.settlement_truth import SettlementTruth
from dagster_project.sample.world import World

POOL, MEMO, CARE = "统筹", "生育", "长护"
_EMPLOYEE, _RESIDENT = codes.SCHEMES.index("employee"), codes.SCHEMES.index("resident")
_APRIL = 3
Item = tuple[str, str, str]  # scheme, fund, item of the ledger


@dataclass(frozen=True)
class Spending:
    """Fen by prefecture and month (base year first) for every item that follows from what was drawn."""

    settled: dict[Item, Integers]
    allowance: Integers
    outside: dict[Item, Integers]
    due: dict[Item, Integers]  # what the ledger has to book


def weights(world: World) -> dict[str, list[float]]:
    """Share of each prefecture in a scheme: employees for 310, residents for all others."""
    geography = world.geography
    shares: list[list[float]] = []
    for source in (geography.employee_weights, geography.resident_weights):
        by_prefecture = [0.0] * len(geography.prefectures)
        for region, value in enumerate(source):
            by_prefecture[int(geography.prefecture_of[region])] += value
        shares.append([value / sum(source) for value in by_prefecture])
    return {"310": shares[0], "390": shares[1], "392": shares[1], "399": shares[1], "410": shares[1]}


def spending(world: World, settlement: SettlementTruth, allowances: Cells, care: Cells) -> Spending:
    """Expenditure of every fund from the payments that were drawn."""
    settled = _settled(world, settlement)
    allowance = _allowance(world, allowances)
    outside, due = {}, {}
    for key, paid in settled.items():
        scheme, fund, _ = key
        outside[key] = paid * (0 if fund == MEMO else world.calibration.ledger_pools[scheme, fund].outside) // 10_000
        booked = _paid_out(world, paid) if fund in (POOL, MEMO) else paid
        due[key] = booked + outside[key] + (allowance if scheme == "310" and fund in (POOL, MEMO) else 0)
    due["399", "救助", "A01"] = _premiums(world)
    due["410", CARE, "E01"] = _care(world, care)
    return Spending(settled, allowance, outside, due)


def _settled(world: World, settlement: SettlementTruth) -> dict[Item, Integers]:
    """Payments of settlements with the sign of the ledger, by the month of settlement."""
    months = 12 * len(world.all_years)
    shares = weights(world)
    found: dict[Item, Integers] = {}

    def add(key: Item, prefecture: int, month: int, amount: int) -> None:
        # What an area without such a fund paid is borne by the first one: assistance of the province-run unit.
        bearer = prefecture if shares[key[0]][prefecture] else 0
        if key not in found:
            found[key] = np.zeros((len(world.geography.prefectures), months), dtype=np.int64)
        found[key][bearer, month] += amount

    for (year, prefecture, scheme, kind, number), sums in settlement.ledger.rows():
        month = (year - world.base_year) * 12 + number - 1
        if scheme == _EMPLOYEE:
            add(("310", POOL, "E01"), prefecture, month, sums["pool"])
            add(("310", "个人账户", "E01"), prefecture, month, sums["account"])
            add(("310", MEMO, "E01"), prefecture, month, sums["maternity"])
        elif scheme == _RESIDENT:
            add(("390", POOL, "E01"), prefecture, month, sums["pool"])
        add(("392", "大病", "E01"), prefecture, month, sums["serious_illness"])
        add(("399", "救助", "A02" if kind == codes.INPATIENT else "A03"), prefecture, month, sums["assistance"])
    before = world.calibration.ledger("base_year")
    for paid in found.values():
        # Nothing is settled before the first year; its ledger is that of the year after, a little smaller.
        paid[:, :12] = paid[:, 12:24] * before // 10_000
    return found


def _paid_out(world: World, settled: Integers) -> Integers:
    """Settled payments as institutions receive them: a part a month later, a deposit in the April of the next year."""
    deposit = settled * world.calibration.ledger("deposit") // 10_000
    now = settled - deposit
    later = now * world.calibration.ledger("next_month") // 10_000
    # Before the first month stands one like it.
    paid: Integers = now - later + np.concatenate([later[:, :1], later[:, :-1]], axis=1)
    yearly = deposit.reshape(len(deposit), -1, 12).sum(axis=2)
    paid[:, _APRIL::12] += np.concatenate([yearly[:, :1], yearly[:, :-1]], axis=1)
    return paid


def _allowance(world: World, allowances: Cells) -> Integers:
    """Maternity allowances of a year in twelve equal parts, the rest in December."""
    yearly = np.zeros((len(world.geography.prefectures), len(world.all_years)), dtype=np.int64)
    for (year, prefecture), sums in allowances.rows():
        if year in world.years:
            yearly[prefecture, year - world.base_year] += sums["amount"]
    yearly[:, 0] = yearly[:, 1] * world.calibration.ledger("base_year") // 10_000
    monthly = np.repeat(yearly // 12, 12, axis=1)
    monthly[:, 11::12] += yearly - yearly // 12 * 12
    return monthly


def _care(world: World, care: Cells) -> Integers:
    """Long-term care as its fund pays it, by month; the year before the first is that year, a little smaller."""
    monthly = np.zeros((len(world.geography.prefectures), 12 * len(world.all_years)), dtype=np.int64)
    for (year, prefecture, month), sums in care.rows():
        monthly[prefecture, (year - world.base_year) * 12 + month - 1] += sums["fund_pay"]
    monthly[:, :12] = monthly[:, 12:24] * world.calibration.ledger("base_year") // 10_000
    return monthly


def _premiums(world: World) -> Integers:
    """Premiums that assistance pays for those on its lists, every ninth resident, in equal months."""
    yearly = world.people.counts[RESIDENT] // 9 * world.calibration.ledger("subsidy_fen")
    shares: NDArray[np.float64] = np.array(weights(world)["399"])
    monthly = np.rint(shares * yearly / 12).astype(np.int64)
    return np.repeat(monthly[:, None], 12 * len(world.all_years), axis=1)


def booked(due: Integers) -> list[int]:
    """Amounts in 100 yuan of one prefecture's months; what is no full 100 yuan, or less than nothing, waits."""
    waiting = 0
    found = []
    for amount in due.tolist():
        waiting += amount
        found.append(max(0, waiting // 10_000))
        waiting -= found[-1] * 10_000
    return found


def bridge_truth(world: World, spent: Spending, fund_cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Benefit expenditure of each year with settlements, taken apart; `timing` is what is left, so the parts add up."""
    ledger = {
        (c["year"], c["prefecture"], c["scheme_code"], c["fund_type"], c["item_code"]): c["amount"] for c in fund_cells
    }
    found = []
    for (scheme, fund, item), settled in sorted(spent.settled.items()):
        for position, prefecture in enumerate(world.geography.prefectures):
            for year in world.years:
                total = ledger.get((year, prefecture, scheme, fund, item))
                if total is None:
                    continue
                months = slice((year - world.base_year) * 12, (year - world.base_year) * 12 + 12)
                parts = {
                    "settled": int(settled[position, months].sum()),
                    "allowance": int(spent.allowance[position, months].sum())
                    if scheme == "310" and fund in (POOL, MEMO)
                    else 0,
                    "outside": int(spent.outside[scheme, fund, item][position, months].sum()),
                }
                names = {"year": year, "prefecture": prefecture, "scheme_code": scheme, "fund_type": fund}
                found.append(names | {"item_code": item} | parts | {"timing": total - sum(parts.values())})
    return found
