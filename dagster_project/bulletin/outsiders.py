"""The sheet of people insured elsewhere and treated here: the treatment side, from the served cube after disclosure control.

Belongs here: its rows and columns. Does not belong here: what is withheld (`disclosure/`), formats (`workbook`), figures of the
province's own insured, to which nothing of this sheet is ever added (L71, L86).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import polars as pl

from dagster_project.bulletin.annex import Cell, Sheet
from dagster_project.bulletin.figures import SUPPRESSED_MARK
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.served_cells import Row, count_cell, money_cell, rounded
from dagster_project.disclosure import ALL, MARKER
from dagster_project.language import Text
from dagster_project.serving.labels import named

OUTSIDER_SHEET, CUBE = "外来就医", "cube_outsider"
_LABELS = ("origin_province", "hospital_tier", "visit_type", "settlement_way")
_HEADERS = (
    Text("分组", "By"), Text("名称", "Name"), Text("就医人次", "Visits"), Text("其中：住院", "Inpatient stays"),
    Text("医疗总费用（万元）", "Total expense, 10,000 yuan"), Text("基金支付（万元）", "Paid by funds, 10,000 yuan"),
    Text("直接结算率（%）", "Settled directly, %"),
)  # fmt: skip
_WIDTHS = (16, 30, 12, 12, 18, 18, 16)
_BY = {"hospital_tier": "按医院等级", "visit_type": "按就医类别"}


def outsider_sheet(sources: Sources) -> Sheet | None:
    """The sheet of the reporting year and the bulletin's region; None where nobody of the kind was treated."""
    cube = sources.cubes.get(CUBE)
    if cube is None:
        return None
    ours = cube.filter((pl.col("year") == sources.year) & (pl.col("province") == sources.province))
    lines = _Lines(ours, sources)
    rows = list(lines.rows())
    lead = (
        f"{sources.year} 年参保地在别处、在本地就医的人（就医地口径，来自 outmed_setl_d）。不属于本地参保人的任何指标，不得与之相加。"
        f"“{SUPPRESSED_MARK}”不予公布。"
    )
    return Sheet(OUTSIDER_SHEET, lead, _HEADERS, _WIDTHS, rows) if rows else None


class _Lines:
    """The lines of one place, looked up by their labels."""

    def __init__(self, cube: pl.DataFrame, sources: Sources) -> None:
        self._sources = sources
        self._found = {
            (row["region_code"], *(row[label] for label in _LABELS)): row for row in cube.iter_rows(named=True)
        }

    def _row(self, region: str, **labels: str) -> Row:
        return self._found.get((region, *(labels.get(label, ALL) for label in _LABELS)))

    def _members(self, label: str) -> list[str]:
        place = _LABELS.index(label) + 1
        alone = [key for key in self._found if all(key[i] == ALL for i in range(1, len(key)) if i != place)]
        return sorted({key[place] for key in alone if key[0] == self._sources.region} - {ALL})

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """The whole, places of insurance, places of treatment, tiers, kinds of visit."""
        here = self._sources.region
        if self._row(here) is None:
            return
        yield self._line(("合计", ""), here)
        for origin in self._members("origin_province"):
            name = self._sources.region_names.get(origin) or named("origin_province", origin, "zh")
            own = origin == self._sources.province
            yield self._line(("按参保地", f"{name}（其他统筹区）" if own else name), here, origin_province=origin)
        if here == self._sources.province:
            for region in sorted({key[0] for key in self._found} - {here}):
                yield self._line(("按就医地", self._sources.region_names.get(region, region)), region)
        for label, text in _BY.items():
            for member in self._members(label):
                yield self._line((text, named(label, member, "zh")), here, **{label: member})

    def _line(self, names: tuple[str, str], region: str, **labels: str) -> tuple[Cell, ...]:
        row = self._row(region, **labels)
        stays: Cell = ""
        if not {"hospital_tier", "visit_type"} & set(labels):
            stays = count_cell(self._row(region, **labels, visit_type="inpatient"), "visits")
        money = [money_cell(row, column) for column in ("total_fee_yuan", "fund_pay_yuan")]
        return (*names, count_cell(row, "visits"), stays, *money, self._rate(region, labels))

    def _rate(self, region: str, labels: Mapping[str, str]) -> Cell:
        """Visits settled directly, of those settled directly or by hand (L10, L13)."""
        ways = [self._row(region, **labels, settlement_way=way) for way in ("direct", "manual")]
        if any(row is not None and row[MARKER] for row in ways):
            return SUPPRESSED_MARK
        direct, manual = (0 if row is None else int(row["visits"]) for row in ways)
        return rounded(Decimal(100 * direct) / (direct + manual), "0.1") if direct + manual else ""
