"""The sheet of people insured elsewhere and treated here: rows, withheld cells, the share settled directly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from dagster_project.bulletin.outsiders import outsider_sheet
from dagster_project.bulletin.reading import Sources

PROVINCE, GUIYANG, GUANGDONG = "520000", "520100", "440000"
_KEYS = ("region_code", "origin_province", "hospital_tier", "visit_type", "settlement_way")
Line = tuple[str, str, str, str, str, int | None]


def sources(*lines: Line, year: int = 2025, region: str = PROVINCE) -> Sources:
    """A home that holds these lines (region, origin, tier, kind, way, visits) of 2025, each visit of 1,000 yuan; None is withheld."""
    rows = [
        dict(zip(_KEYS, line[:5], strict=True))
        | {"province": PROVINCE, "year": 2025, "visits": line[5], "is_suppressed": line[5] is None}
        | {name: None if line[5] is None else Decimal(1000 * line[5]) for name in ("total_fee_yuan", "fund_pay_yuan")}
        for line in lines
    ]
    nothing = pl.DataFrame()
    names = {PROVINCE: "贵州省", GUIYANG: "贵阳市", GUANGDONG: "广东省"}
    return Sources(
        PROVINCE, region, names, (GUIYANG,), year, date(2026, 1, 31), True, nothing, nothing, nothing, {},
        {"cube_outsider": pl.DataFrame(rows, infer_schema_length=None)},
    )  # fmt: skip


LINES: tuple[Line, ...] = (
    (PROVINCE, "total", "total", "total", "total", 230),
    (PROVINCE, "total", "total", "total", "direct", 175),
    (PROVINCE, "total", "total", "total", "manual", 25),
    (PROVINCE, "total", "total", "inpatient", "total", 40),
    (PROVINCE, GUANGDONG, "total", "total", "total", 210),
    (PROVINCE, GUANGDONG, "total", "total", "direct", None),
    (PROVINCE, GUANGDONG, "total", "total", "manual", None),
    (PROVINCE, GUANGDONG, "total", "inpatient", "total", None),
    (PROVINCE, PROVINCE, "total", "total", "total", 20),
    (PROVINCE, "total", "tertiary", "total", "total", None),
    (GUIYANG, "total", "total", "total", "total", 60),
)


def test_L86_the_sheet_has_the_whole_its_parts_and_a_dash_for_what_is_withheld() -> None:
    sheet = outsider_sheet(sources(*LINES))
    assert sheet is not None and sheet.name == "外来就医"
    none = Decimal(0)
    assert list(sheet.rows) == [
        # 175 of the 200 whose way is known: the 30 others are in neither part.
        ("合计", "", Decimal(230), Decimal(40), Decimal("23.00"), Decimal("23.00"), Decimal("87.5")),
        ("按参保地", "广东省", Decimal(210), "—", Decimal("21.00"), Decimal("21.00"), "—"),
        ("按参保地", "贵州省（其他统筹区）", Decimal(20), none, Decimal("2.00"), Decimal("2.00"), ""),
        ("按就医地", "贵阳市", Decimal(60), none, Decimal("6.00"), Decimal("6.00"), ""),
        ("按医院等级", "三级", "—", "", "—", "—", ""),
        ("按就医类别", "住院", Decimal(40), "", Decimal("4.00"), Decimal("4.00"), ""),
    ]


def test_L86_a_year_or_a_home_without_such_people_has_no_sheet() -> None:
    assert outsider_sheet(sources(*LINES, year=2024)) is None
    assert outsider_sheet(sources(*LINES, region="520200")) is None


def test_L86_a_prefectures_own_bulletin_tells_of_its_own_place() -> None:
    sheet = outsider_sheet(sources(*LINES, region=GUIYANG))
    assert sheet is not None
    assert [row[:3] for row in sheet.rows] == [("合计", "", Decimal(60))]
