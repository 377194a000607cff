"""The words of an explanation, in both languages, without a warehouse."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest

from dagster_project.dictionary import load_indicators
from dagster_project.dictionary.indicators import SEEDS, WITHOUT_FIGURE, read_rows
from dagster_project.errors import UserError
from dagster_project.explain import Explanation, render
from dagster_project.explain.chinese import chinese
from dagster_project.explain.model import CheckTrace, Choice, PublishedFigure, SourceFile, TermTrace
from dagster_project.explain.naming import indicator_of, region_of, suggestions
from dagster_project.explain.period import months_of
from dagster_project.explain.quantity import shown, together
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
    checks=(CheckTrace("core", "core.fct_stay", "stay_has_one_person", Text("一次住院一个人", "One person a stay"), "warn", 2),),
    published=(PublishedFigure("100000", Text("全国", "the country"), 2024, "bulletin", 7408.0, "", "元", "NHSA 2024 bulletin", ""),),
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
                "来源：438 行计入",
                "公布数据",
            ),
        ),
        (
            "en",
            (
                "Synthetic",
                "Value: 5,399 元 (yuan)",
                "Numerator: 2,316,053.58",
                "Denominator: 429",
                "Netting: link and flag",
                "Rows: 438 counted",
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


def test_a_small_figure_takes_the_unit_that_keeps_its_digits() -> None:
    """The bulletin's own rule: 0.0533 of 万人 would lose two of three digits."""
    few = replace(WHOLE, value=0.0533, decimals=2, unit="万人", unit_factor=10**4, denominator=None)
    assert "数值: 533 人 (暂定; 存储值 0.0533 万人)" in render(few)
    assert "Value: 533 人 (persons) (provisional; stored 0.0533 万人)" in render(few, "en")
    small = replace(WHOLE, value=2.278e-05, decimals=2, unit="亿人次", unit_factor=10**8, denominator=None)
    assert "数值: 2,278 人次 (暂定; 存储值 0.00002278 亿人次)" in render(small)
    assert "÷ 100,000,000" in render(small)


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "printed"),
    [
        (20.6638, "万人", 2, "20.66 万人"),
        (0.00022612, "亿人次", 2, "2.26 万人次"),
        (123456.789, "亿元", 2, "123,456.79 亿元"),
        (-0.0012, "万人", 2, "-12 人"),
        (85.21, "%", 0, "85.2 %"),
        (0.0, "亿元", 2, "0 亿元"),
    ],
)
def test_a_value_is_printed_as_the_bulletin_prints_it(value: float, unit: str, decimals: int, printed: str) -> None:
    assert shown(value, unit, decimals, "zh") == printed


def test_values_beside_each_other_share_a_unit_and_tell_themselves_apart() -> None:
    assert together([0.0533, 20.66], "万人", 2, "zh") == (["533", "206,600"], "人")
    assert together([20.66381, 20.66382], "万人", 2, "en") == (["20.66381", "20.66382"], "万人 (10 thousand persons)")
    assert together([None, 0.1], "亿元", 2, "zh") == ([None, "1,000.00"], "万元")


def test_heading_and_parts_name_month_and_year_to_date() -> None:
    march = replace(WHOLE, breakdown="month", member="202403", month=3)
    for language, said in (("zh", "2024 年 3 月当月"), ("en", "2024-03, single month")):
        assert f"resident_avg_inpatient_cost · {said} · 520100" in render(march, language)
        assert f"visit_type=inpatient] {said} = " in render(march, language)
    so_far = replace(WHOLE, breakdown="year_to_date", member="202403", month=3)
    for language, said in (("zh", "2024 年 1–3 月累计"), ("en", "2024-01 to 2024-03, year to date")):
        assert f"resident_avg_inpatient_cost · {said} · 520100" in render(so_far, language)
        assert f"visit_type=inpatient] {said} = " in render(so_far, language)
    register = replace(WHOLE.terms[0], cube="enrolment", measure="persons", year=2023)
    assert "] 2023 年末 = " in render(replace(WHOLE, terms=(register,)))
    assert months_of(("year_to_date", "202403")) == [202401, 202402, 202403]


def test_every_table_is_named_with_its_rows_files_and_hashes() -> None:
    payments = [
        SourceFile("rsdt_psn_clct_detl_d", f"b/rsdt_{n}.csv", f"{n:064d}", n, 100, "2026-01-01", "deciding")
        for n in range(1, 15)
    ]
    places = SourceFile("admdvs_dim_a", "b/admdvs_dim_a.csv", "c" * 64, 99, 622, "2026-01-01", "register")
    one = replace(WHOLE, files=(*WHOLE.files, *payments, places))
    told = render(one)
    assert "来源：438 行计入，共涉及 3 张表、16 个文件" in told
    assert "rsdt_psn_clct_detl_d 居民缴费明细：1,400 行，14 个文件" in told and "另有 2 个文件" in told
    assert "admdvs_dim_a 医保区划：622 行，1 个文件" in told and "c" * 64 in told
    assert told.index("计入的行") < told.index("判定计入与否") < told.index("整表查用")
    assert all(file.sha256 in render(one, "en", all_files=True) for file in one.files)


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
    assert "inpatient] 2024 年 = 无数据" in render(none, "zh")
    assert "inpatient] 2024 = no data" in render(none, "en")
    assert "inpatient] 2024 = 0" in render(replace(WHOLE, terms=(term,)), "en"), "a true zero stays a zero"


def english_words(text: str) -> list[str]:
    """English words of a text that are no id, code or abbreviation of the platform."""
    ids = set(load_indicators()) | {"insutype", "v_t"}
    words = re.findall(r"[A-Za-z_]+", text)
    return [word for word in words if word not in ids and "_" not in word and not word.isupper()]


def test_what_is_printed_in_chinese_has_no_english_prose() -> None:
    for row in read_rows():
        if row["kind"] not in WITHOUT_FIGURE:
            assert not english_words(chinese("traps", row["traps"])), row["indicator_id"]
            assert not english_words(chinese("formulas", row["formula"])), row["indicator_id"]
    with (SEEDS / "published.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            for kind, column in (("sources", "source"), ("notes", "note")):
                assert not english_words(chinese(kind, row[column])), row[column]


def test_traps_sources_and_places_are_said_in_the_language_asked_for() -> None:
    trap = "Numerator is the gross inpatient fee, not fund payment. Day surgery, home beds, interim settlement, cross-year stays."
    figure = replace(WHOLE.published[0], source="NHSA 2024 bulletin, published 2025-07-14", qualifier="over")
    one = replace(WHOLE, traps=trap, published=(figure,))
    told = render(one, "zh")
    assert "注意: 分子是住院医疗总费用，不是基金支付。注意日间手术" in told
    assert "100000 全国 2024 统计公报: 超过 7,408 元 (国家医保局 2024 年统计公报，2025-07-14 发布)" in told
    assert "提示: 一次住院一个人 (2)" in told
    assert "438 笔结算" in told
    said = render(one, "en")
    assert (
        "100000 the country 2024 Statistical bulletin: Over 7,408 元 (NHSA 2024 bulletin, published 2025-07-14)" in said
    )
    assert "Mind: Numerator is the gross inpatient fee" in said


def test_a_figure_that_publications_withhold_says_so() -> None:
    assert "请勿外传" in render(replace(WHOLE, withheld="complementary"), "zh")
    assert "do not pass it on" in render(replace(WHOLE, withheld="small_cell"), "en")
    assert "请勿外传" not in render(WHOLE, "zh")


def test_an_unknown_indicator_gets_the_closest_ids_and_names_always_the_same() -> None:
    assert suggestions("insured_totl")[0].indicator_id == "insured_total"
    assert suggestions("居民医保次均住院费")[0].indicator_id == "resident_avg_inpatient_cost"
    assert {"职工" in one.name_zh for one in suggestions("职工医保住院率")[:2]} == {True}
    assert suggestions("住院率") == suggestions("住院率")
    with pytest.raises(UserError) as found:
        indicator_of("职工参保")
    assert found.value.todo is not None
    assert "employee" in found.value.todo.zh and "参保" in found.value.todo.zh
    with pytest.raises(UserError) as found:
        indicator_of("zzzz qqqq")
    assert found.value.todo is not None and "indicator_dictionary" in found.value.todo.en


def test_an_indicator_is_found_by_its_full_name() -> None:
    for name in ("居民医保次均住院费用", "resident average inpatient cost per stay", "resident_avg_inpatient_cost"):
        assert indicator_of(name).indicator_id == "resident_avg_inpatient_cost"


def test_L28_a_name_that_says_the_country_is_understood() -> None:
    assert indicator_of("全国医疗救助支出").indicator_id == "ma_expenditure"
    assert indicator_of("医疗救助支出").name_zh == "医疗救助支出"


def test_a_region_is_found_by_its_name() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema core; create schema indicator")
        connection.execute("create table core.dim_region (region_code varchar, region_name varchar, valid_from date)")
        connection.execute(
            "insert into core.dim_region values ('520100', '贵阳市', '2020-01-01'), ('522600', '黔东南州', '2020-01-01'), "
            "('522700', '黔南州', '2020-01-01'), ('529999', '黔某州', '2020-01-01')"
        )
        connection.execute("create table indicator.indicator_value (region_code varchar)")
        connection.execute("insert into indicator.indicator_value values ('520100'), ('522600'), ('522700')")
        assert (
            region_of(connection, "520100")
            == region_of(connection, "贵阳市")
            == region_of(connection, "贵阳")
            == "520100"
        )
        with pytest.raises(UserError, match="Several regions"):
            region_of(connection, "黔")
        with pytest.raises(UserError, match="There is no region") as found:
            region_of(connection, "遵义")
        assert found.value.todo is not None and "520100 贵阳市" in found.value.todo.zh
