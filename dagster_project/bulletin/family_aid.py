"""The sheet of family use of personal accounts: whom it helped and what for, from the served cube after disclosure control.

Belongs here: its rows and columns. Does not belong here: what is withheld (`disclosure/`), formats (`workbook`), the two figures of
the bulletin, which settlements tell (L69).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dagster_project.bulletin.annex import Cell, Sheet
from dagster_project.bulletin.figures import SUPPRESSED_MARK
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.served_cells import Row, count_cell, money_cell
from dagster_project.disclosure import ALL
from dagster_project.language import Text
from dagster_project.serving.labels import named

FAMILY_SHEET, CUBE = "家庭共济", "cube_family_aid"
_RELATIONS = ("spouse", "parent", "child", "other_relative", "unknown")
_HEADERS = (
    Text("分组", "By"), Text("名称", "Name"), Text("共济人数（对）", "Pairs of holder and person helped"),
    Text("共济人次", "Uses"), Text("就医购药（万元）", "For care, 10,000 yuan"),
    Text("缴纳居民医保费（万元）", "For premiums, 10,000 yuan"), Text("其他（万元）", "Other, 10,000 yuan"),
)  # fmt: skip
_WIDTHS = (16, 20, 16, 12, 18, 22, 14)
_MONEY = ("care_yuan", "premium_yuan", "other_yuan")


def family_sheet(sources: Sources) -> Sheet | None:
    """The sheet of the reporting year and the bulletin's region; None where no account payments were delivered."""
    cube = sources.cubes.get(CUBE)
    if cube is None:
        return None
    ours = cube.filter((pl.col("year") == sources.year) & (pl.col("province") == sources.province))
    found: dict[tuple[str, str], Row] = {
        (row["region_code"], row["aid_relation"]): row for row in ours.iter_rows(named=True)
    }
    rows = list(_rows(found, sources))
    lead = (
        f"{sources.year} 年由个人账户支出明细 acct_pay_detl_d 汇总：账户人为近亲属支付的，按账户人参保地；账户人与被共济人成对计，一年一次。"
        f"公报正文的家庭共济人次与金额来自结算数据。“{SUPPRESSED_MARK}”不予公布。"
    )
    return Sheet(FAMILY_SHEET, lead, _HEADERS, _WIDTHS, rows) if rows else None


def _rows(found: dict[tuple[str, str], Row], sources: Sources) -> Iterator[tuple[Cell, ...]]:
    """The whole, relations, prefectures."""
    here = sources.region
    if (here, ALL) not in found:
        return
    yield _line(("合计", ""), found[here, ALL])
    for relation in _RELATIONS:
        if (here, relation) in found:
            yield _line(("按与账户人关系", named("aid_relation", relation, "zh")), found[here, relation])
    if here == sources.province:
        for region in sorted({place for place, relation in found if relation == ALL} - {here}):
            yield _line(("按参保地", sources.region_names.get(region, region)), found[region, ALL])


def _line(names: tuple[str, str], row: Row) -> tuple[Cell, ...]:
    return (*names, count_cell(row, "pairs"), count_cell(row, "uses"), *(money_cell(row, name) for name in _MONEY))
