"""The words of an explanation, in both languages, without a warehouse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from dagster_project.explain import Explanation, render
from dagster_project.explain.model import CheckTrace, Choice, PublishedFigure, SourceFile, TermTrace
from dagster_project.language import Text

WHOLE = Explanation(
    indicator_id="resident_avg_inpatient_cost",
    alias_of="",
    name=Text("居民医保次均住院费用", "Resident average inpatient cost"),
    formula="expense / visits",
    traps="gross fee",
    unit="元",
    decimals=0,
    year=2024,
    month=None,
    region_code="520100",
    region_name="贵阳市",
    breakdown="total",
    member="total",
    status="provisional",
    reason="",
    value=5398.7262937,
    numerator=Decimal("2316053.58"),
    denominator=Decimal("429.00"),
    scale=1,
    unit_factor=1,
    definition_id="dcabced29d4c",
    choices=(Choice("netting", "link_and_flag", Text("冲销判定", "Netting"), Text("链接与标志", "link and flag")),),
    terms=(
        TermTrace(
            "numerator", "total_fee_yuan", "settlement", Decimal("1.00"), 2024,
            (("scheme", "resident"), ("visit_type", "inpatient")), Decimal("2316053.58"), 438,
        ),
    ),
    files=(SourceFile("setl_d", "b202403/setl_d_202403.parquet", "a" * 64, 23, 438, "2026-01-01"),),
    checks=(CheckTrace("core", "core.fct_stay", "stay_has_one_person", "warn", 2),),
    published=(PublishedFigure("100000", 2024, "bulletin", 7408.0, "", "元", "NHSA 2024 bulletin", ""),),
    synthetic=True,
)  # fmt: skip


def test_all_parts_are_said_in_both_languages() -> None:
    for language, words in (
        (
            "zh",
            (
                "合成数据",
                "数值: 5,399 元",
                "分子: 2,316,053.58",
                "分母: 429",
                "冲销判定: 链接与标志",
                "来源：438 行",
                "公布数据",
            ),
        ),
        (
            "en",
            (
                "Synthetic",
                "Value: 5,399 元",
                "Numerator: 2,316,053.58",
                "Denominator: 429",
                "Netting: link and flag",
                "Rows: 438",
            ),
        ),
    ):
        text = render(WHOLE, language)
        assert all(word in text for word in words), (language, text)
        for part in (
            "dcabced29d4c",
            "a" * 64,
            "setl_d_202403.parquet",
            "stay_has_one_person",
            "7,408",
            "visit_type=inpatient",
        ):
            assert part in text


def test_no_figure_prints_as_zero_that_is_not() -> None:
    small = replace(WHOLE, value=2.278e-05, decimals=2, unit="亿人次", unit_factor=10**8, denominator=None)
    assert "2.278e-05" in render(small)
    assert "÷ 100,000,000" in render(small)


def test_what_is_not_computable_says_why() -> None:
    none = replace(
        WHOLE, value=None, numerator=None, denominator=None, status="not_computable",
        reason="当年没有数据 / no data for the year", files=(), published=(),
    )  # fmt: skip
    assert "数值：无 (不可计算: 当年没有数据)" in render(none, "zh")
    assert "Value: none (not computable: no data for the year)" in render(none, "en")


def test_a_part_without_data_is_no_zero() -> None:
    term = replace(WHOLE.terms[0], amount=Decimal(0), rows=0)
    none = replace(WHOLE, value=None, numerator=None, status="not_computable", reason="缺表 / missing", terms=(term,))
    assert "inpatient] 2024 = 无数据" in render(none, "zh")
    assert "inpatient] 2024 = no data" in render(none, "en")
    assert "inpatient] 2024 = 0" in render(replace(WHOLE, terms=(term,)), "en"), "a true zero stays a zero"
