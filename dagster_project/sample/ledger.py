"""The fund ledger: monthly income, expenditure and balances that roll forward exactly.

Belongs here: amounts by month, prefecture-level region, scheme, fund and item, their delivery in yuan or 万元, one
revised month. All amounts are multiples of 100 yuan, so 万元 with two decimals loses nothing. Does not belong here:
settlements; finance and settlement never agree.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from dagster_project.sample.calendar import month_span
from dagster_project.sample.hashing import mix_key
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
# Yearly amounts at scale 1 in units of 100 yuan (1 亿元 = 1,000,000), by scheme, fund and item.
_POOLS: dict[tuple[str, str], dict[str, int]] = {
    ("310", "统筹"): {
        "I01": 182_000_000,
        "I02": 3_100_000,
        "I03": 400_000,
        "I09": 600_000,
        "E01": 158_000_000,
        "E02": 2_000_000,
    },
    ("310", "个人账户"): {"I01": 96_000_000, "I02": 1_500_000, "I09": 200_000, "E01": 84_000_000, "E02": 900_000},
    ("390", "统筹"): {
        "I01": 138_000_000,
        "I02": 2_200_000,
        "I03": 243_000_000,
        "I09": 500_000,
        "E01": 352_000_000,
        "E02": 1_800_000,
    },
    ("392", "大病"): {"I01": 26_000_000, "I02": 100_000, "E01": 24_500_000},
    ("399", "救助"): {"I03": 38_000_000, "I09": 800_000, "A01": 9_000_000, "A02": 19_000_000, "A03": 5_500_000},
    ("310", "生育"): {"E01": 14_000_000},  # memo inside the employee pool, never added (R22)
}
_OPENING = {"310统筹": 2, "310个人账户": 2, "390统筹": 1, "392大病": 0, "399救助": 0}
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


def ledger_rows(world: World) -> list[LedgerRow]:
    """All lines from January of the base year on, with the revision of one month of the middle year at the end."""
    rows: list[LedgerRow] = []
    weights = _weights(world)
    for (scheme, fund), items in _POOLS.items():
        for position, region in enumerate(world.geography.prefectures):
            weight = weights[scheme == "310"][position]
            if weight == 0:
                continue
            rows += _one_pool(world, scheme, fund, items, region, weight)
    return rows


def _one_pool(
    world: World, scheme: str, fund: str, items: dict[str, int], region: str, weight: float
) -> list[LedgerRow]:
    rows = []
    yearly_income = sum(value for item, value in items.items() if item[0] == "I") * world.scale * weight
    balance = round(yearly_income * _OPENING.get(scheme + fund, 0) / 2)
    for index, year in enumerate(world.all_years):
        for number in range(1, 13):
            month = year * 100 + number
            first_after = month_span(month)[1]
            as_of = date.fromordinal(date(1970, 1, 1).toordinal() + first_after + 9)
            in_wan = year == world.years[-1] or mix_key(int(region), year) % 3 == 0

            def line(item: str, direction: str, hundreds: int) -> LedgerRow:
                return LedgerRow(month, region, scheme, fund, item, direction, hundreds, in_wan, as_of)  # noqa: B023

            for item, value in items.items():
                noise = (
                    9_000
                    + mix_key(
                        world.seed, month, int(region), int(scheme), ord(fund[0]), ord(item[1]) * 7 + ord(item[0])
                    )
                    % 2_001
                )
                amount = max(1, round(value * world.scale * weight * (1.05**index) / 12) * noise // 10_000)
                rows.append(line(item, _DIRECTION[item[0]], amount))
                balance += amount if item[0] == "I" else -amount
            if fund == "生育":
                continue
            if number == 1 and index == 1:
                # The opening balance of the first year is adjusted: a roll-forward without ADJ cannot close.
                adjustment = -max(1, balance // 400)
                rows.append(line("ADJ", "结余", adjustment))
                balance += adjustment
            rows.append(line("BAL", "结余", balance))
    return rows


def _weights(world: World) -> dict[bool, list[float]]:
    """Share of each prefecture in a scheme's money: True for the employee scheme."""
    geography = world.geography
    shares: dict[bool, list[float]] = {}
    for employee, source in ((True, geography.employee_weights), (False, geography.resident_weights)):
        by_prefecture = [0.0] * len(geography.prefectures)
        for region, value in enumerate(source):
            by_prefecture[int(geography.prefecture_of[region])] += value
        shares[employee] = [value / sum(source) for value in by_prefecture]
    return shares


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
