"""The fund ledger: monthly income, expenditure and balances that roll forward exactly.

Belongs here: amounts by month, prefecture-level region, scheme, fund and item, their delivery in yuan or 万元, one
revised month. All amounts are multiples of 100 yuan, so 万元 with two decimals loses nothing. Does not belong here: what a
fund spends (`spending.py`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from dagster_project.sample.calendar import as_date, month_span
from dagster_project.sample.calibration import LedgerPool
from dagster_project.sample.hashing import mix_key
from dagster_project.sample.spending import MEMO, Spending, booked, weights
from dagster_project.sample.world import World

HEADER = (
    "ym",
    "poolarea_no",
    "admdvs",
    "insutype",
    "fund_type",
    "item_code",
    "item_name",
    "dirc",
    "amt",
    "unit",
    "src_doc",
    "as_of",
)
_ITEM_NAMES = {
    "I01": "保险费收入",
    "I02": "利息收入",
    "I03": "财政补贴收入",
    "I09": "其他收入",
    "E01": "待遇支出",
    "E02": "转移及其他支出",
    "A01": "资助参保",
    "A02": "住院救助",
    "A03": "门诊救助",
    "BAL": "期末结余",
    "ADJ": "期初结余调整",
}
_DIRECTION = {"I": "收入", "E": "支出", "A": "支出"}


@dataclass(frozen=True)
class LedgerRow:
    """One ledger line; `hundreds` is the amount in 100 yuan."""

    month: int
    region: str
    scheme: str
    fund: str
    item: str
    direction: str
    hundreds: int
    in_wan: bool
    as_of: date

    def cells(self) -> list[str | float | int | None]:
        """The row as delivered."""
        amount = f"{self.hundreds / 100:.2f}" if self.in_wan else f"{self.hundreds * 100}.00"
        unit = "万元" if self.in_wan else "元"
        name = _ITEM_NAMES[self.item]
        return [
            str(self.month), self.region, self.region, self.scheme, self.fund, self.item, name, self.direction, float(amount),
            unit, "合成台账", self.as_of.isoformat(),
        ]  # fmt: skip


def ledger_rows(world: World, spent: Spending) -> list[LedgerRow]:
    """All lines from January of the base year on: expenditure from what was drawn, income to fit it, balances from both."""
    rows: list[LedgerRow] = []
    shares = weights(world)
    premiums: dict[str, list[int]] = {}
    for pool in world.calibration.ledger_pools.values():
        for position, region in enumerate(world.geography.prefectures):
            if shares[pool.scheme][position] == 0:
                continue
            benefits = {
                item: booked(due[position])
                for (scheme, fund, item), due in sorted(spent.due.items())
                if (scheme, fund) == (pool.scheme, pool.fund)
            }
            if pool.transfers:
                passed_on = premiums[region] if pool.scheme == "390" else [0] * len(benefits["E01"])
                benefits["E02"] = _transfers(world, pool, region, benefits["E01"], passed_on)
            lines = _one_pool(world, pool, region, benefits)
            if pool.scheme == "392":
                premiums[region] = [line.hundreds for line in lines if line.item == "I01"]
            rows += lines
    for position, region in enumerate(world.geography.prefectures):
        if shares["310"][position]:
            memo = booked(spent.due["310", MEMO, "E01"][position])  # inside the employee pool, never added (R22)
            rows += [_line(world, m, region, "310", MEMO, "E01", "支出", amount) for m, amount in enumerate(memo)]
    return rows


def _transfers(world: World, pool: LedgerPool, region: str, benefits: list[int], passed_on: list[int]) -> list[int]:
    """E02 of each month: transfers in proportion to the year's benefits, and premiums paid on to another fund."""
    found = []
    for position, premium in enumerate(passed_on):
        first = position // 12 * 12
        yearly = sum(benefits[first : first + 12]) * pool.transfers // 10_000
        found.append(max(1, yearly * _noise(world, position, region, pool, "E02") // 120_000) + premium)
    return found


def _noise(world: World, position: int, region: str, pool: LedgerPool, item: str) -> int:
    """0.9 to 1.1 per 10,000, one draw a line."""
    key = (int(region), int(pool.scheme), ord(pool.fund[0]), ord(item[1]) * 7 + ord(item[0]), ord(item[2]))
    return 9_000 + mix_key(world.seed, _month(world, position), *key) % 2_001


def _month(world: World, position: int) -> int:
    return (world.base_year + position // 12) * 100 + position % 12 + 1


def _line(
    world: World, position: int, region: str, scheme: str, fund: str, item: str, direction: str, hundreds: int
) -> LedgerRow:
    month = _month(world, position)
    as_of = as_date(month_span(month)[1] + 9)
    in_wan = month // 100 == world.years[-1] or mix_key(int(region), month // 100) % 3 == 0
    return LedgerRow(month, region, scheme, fund, item, direction, hundreds, in_wan, as_of)


def _one_pool(world: World, pool: LedgerPool, region: str, benefits: dict[str, list[int]]) -> list[LedgerRow]:
    """Income that leaves the surplus of the calibration, a few per cent more or less by prefecture; then the balances."""
    rows: list[LedgerRow] = []
    spent_here = pool.spent * (9_400 + mix_key(world.seed, int(region), int(pool.scheme), ord(pool.fund[0])) % 1_201)
    yearly = [
        sum(sum(amounts[12 * index : 12 * index + 12]) for amounts in benefits.values()) * 100_000_000 // spent_here
        for index in range(len(world.all_years))
    ]
    balance = yearly[0] * pool.opening // 10_000

    def line(position: int, item: str, direction: str, hundreds: int) -> None:
        rows.append(_line(world, position, region, pool.scheme, pool.fund, item, direction, hundreds))

    for position in range(12 * len(world.all_years)):
        income = yearly[position // 12]
        for item, share in pool.income.items():
            amount = max(1, income * share // 10_000 * _noise(world, position, region, pool, item) // 120_000)
            line(position, item, _DIRECTION[item[0]], amount)
            balance += amount
        for item, amounts in benefits.items():
            line(position, item, _DIRECTION[item[0]], amounts[position])
            balance -= amounts[position]
        if position == 12:
            # The opening balance of the first year is adjusted: a roll-forward without ADJ cannot close.
            adjustment = -max(1, balance // 400)
            line(position, "ADJ", "结余", adjustment)
            balance += adjustment
        line(position, "BAL", "结余", balance)
    return rows


def revision(world: World, rows: list[LedgerRow]) -> list[LedgerRow]:
    """March of the middle year for the first prefecture, closed again later: other income and transfers both rise."""
    month = world.years[len(world.years) // 2] * 100 + 3
    region = world.geography.prefectures[0]
    old = [
        r
        for r in rows
        if (r.month, r.region, r.scheme, r.fund) == (month, region, "310", "统筹") and r.item in ("I09", "E02")
    ]
    as_of = date(month // 100, 12, 20)
    return [
        LedgerRow(r.month, r.region, r.scheme, r.fund, r.item, r.direction, r.hundreds + 77, r.in_wan, as_of)
        for r in old
    ]


def ledger_truth(rows: list[LedgerRow], revised: list[LedgerRow]) -> list[dict[str, Any]]:
    """Cells in fen: flows are yearly sums, BAL is the balance at the end of December."""
    newest = {(r.month, r.region, r.scheme, r.fund, r.item): r for r in rows}
    newest |= {(r.month, r.region, r.scheme, r.fund, r.item): r for r in revised}
    sums: dict[tuple[int, str, str, str, str, str], int] = defaultdict(int)
    for r in newest.values():
        key = (r.month // 100, r.region, r.scheme, r.fund, r.direction, r.item)
        if r.item != "BAL":
            sums[key] += r.hundreds * 10_000
        elif r.month % 100 == 12:
            sums[key] = r.hundreds * 10_000
    names = ("year", "prefecture", "scheme_code", "fund_type", "direction", "item_code")
    return [dict(zip(names, key, strict=True)) | {"amount": amount} for key, amount in sorted(sums.items())]
