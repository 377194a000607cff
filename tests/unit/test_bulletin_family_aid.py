"""The sheet of family use of personal accounts: rows, withheld cells, nothing where nothing was delivered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from dagster_project.bulletin.family_aid import family_sheet
from dagster_project.bulletin.reading import Sources

PROVINCE, GUIYANG = "520000", "520100"
Line = tuple[str, str, int | None]


def sources(*lines: Line, region: str = PROVINCE, year: int = 2025) -> Sources:
    """A home that holds these lines (region, relation, pairs) of 2025: two uses a pair, 10,000 yuan a use; None is withheld."""
    rows = [
        {"region_code": place, "aid_relation": relation, "province": PROVINCE, "year": 2025, "pairs": pairs}
        | {"uses": None if pairs is None else 2 * pairs, "is_suppressed": pairs is None}
        | {name: None if pairs is None else Decimal(share * pairs) for name, share in _MONEY.items()}
        for place, relation, pairs in lines
    ]
    nothing = pl.DataFrame()
    cubes = {"cube_family_aid": pl.DataFrame(rows, infer_schema_length=None)} if rows else {}
    names = {PROVINCE: "贵州省", GUIYANG: "贵阳市"}
    return Sources(
        PROVINCE, region, names, (GUIYANG,), year, date(2026, 1, 31), True, nothing, nothing, nothing, {}, cubes
    )


_MONEY = {"care_yuan": 15_000, "premium_yuan": 5_000, "other_yuan": 0}
LINES: tuple[Line, ...] = (
    (PROVINCE, "total", 230), (PROVINCE, "child", 200), (PROVINCE, "spouse", None), (GUIYANG, "total", 60),
)  # fmt: skip


def test_L69_the_sheet_has_the_whole_its_parts_and_a_dash_for_what_is_withheld() -> None:
    sheet = family_sheet(sources(*LINES))
    assert sheet is not None and sheet.name == "家庭共济"
    none = Decimal("0.00")
    assert list(sheet.rows) == [
        ("合计", "", Decimal(230), Decimal(460), Decimal("345.00"), Decimal("115.00"), none),
        ("按与账户人关系", "配偶", "—", "—", "—", "—", "—"),
        ("按与账户人关系", "子女", Decimal(200), Decimal(400), Decimal("300.00"), Decimal("100.00"), none),
        ("按参保地", "贵阳市", Decimal(60), Decimal(120), Decimal("90.00"), Decimal("30.00"), none),
    ]


def test_L69_a_prefecture_has_its_own_whole_and_no_prefectures() -> None:
    sheet = family_sheet(sources(*LINES, region=GUIYANG))
    assert sheet is not None and [row[:2] for row in sheet.rows] == [("合计", "")]


def test_L69_without_account_payments_there_is_no_sheet() -> None:
    assert family_sheet(sources()) is None
    assert family_sheet(sources(*LINES, year=2024)) is None
