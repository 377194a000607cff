"""What the bulletin says: grammar, breaks, marks, notes, and that no digit is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dagster_project.bulletin.book import region_label
from dagster_project.bulletin.compose import compose, load_note_texts, load_outline, make_book
from dagster_project.bulletin.document import (
    Document,
    FigureRun,
    Inline,
    NoteRun,
    NumberRun,
    Paragraph,
    Quoted,
    Words,
    YearRun,
    plain,
)
from dagster_project.bulletin.grammar import Grammar
from dagster_project.bulletin.notes import Notes
from dagster_project.bulletin.reading import Sources, read_sources
from dagster_project.bulletin.register import figure_rows
from dagster_project.bulletin.wording import load_wording, pooling_in_words
from dagster_project.dictionary import load_indicators, load_switches
from dagster_project.disclosure import load_parameters
from dagster_project.errors import UserError
from dagster_project.settings import Settings
from tests.bulletin_home import PROVINCE, SMALL_REGION, make_home, with_break

VINTAGE = "2026-03-01_draft"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("bulletin") / "home")


def read(settings: Settings, year: int = 2025) -> Sources:
    with duckdb.connect(str(settings.warehouse)) as connection:
        return read_sources(connection, year, load_parameters())


@pytest.fixture(scope="module")
def sources(home: Settings) -> Sources:
    return read(home)


@pytest.fixture(scope="module")
def document(sources: Sources) -> Document:
    return compose(sources, VINTAGE)


def with_value(sources: Sources, indicator: str, **columns: Any) -> Sources:
    """The same sources with other columns in the province's annual row of an indicator, in the reporting year."""
    chosen = (
        (pl.col("indicator_id") == indicator) & (pl.col("region_code") == PROVINCE) & (pl.col("year") == sources.year)
    )
    changed = [
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in columns.items()
    ]
    keep = ~((pl.col("indicator_id") == indicator) & (pl.col("region_code") == PROVINCE))
    return Sources(
        **{
            **vars(sources),
            "values": sources.values.with_columns(changed),
            "comparisons": sources.comparisons.filter(keep),
        }
    )


def sentence(sources: Sources, pattern: str, indicator: str) -> str:
    book = make_book(sources)
    grammar = Grammar(book, Notes(book, load_note_texts()))
    parts = grammar.sentence(pattern, book.entries[indicator].name.zh, book.figure(indicator))
    return "".join(part.text() for part in parts if not isinstance(part, NoteRun))


def test_the_title_is_the_regions(document: Document) -> None:
    assert plain(document.title) == "2025年贵州省医疗保障事业发展统计公报"


def test_words_refuse_digits() -> None:
    for text in ("比上年增长2.0%", "９９万人"):
        with pytest.raises(ValueError, match="a digit"):
            Words(text)


def strings(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in ("of", "key"):
                yield from strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from strings(value)
    elif isinstance(content, str):
        yield content


def test_no_template_holds_a_digit() -> None:
    texts = [text for content in (load_outline(), load_note_texts(), load_wording()) for text in strings(content)]
    assert texts
    assert not [text for text in texts if re.search(r"[0-9０-９]", text)]


def test_every_digit_of_the_document_is_a_figure_a_year_a_number_or_quoted(
    document: Document, sources: Sources
) -> None:
    registers = {
        "core.dim_region", "vintage", "indicator.definition", "seed.series_break", "seed.policy_target", "indicator.published_reference",
        "indicator.identity_result", "indicator.indicator_value.reason", "ops.indicator_dictionary",
    }  # fmt: skip
    years = set(range(sources.year - 25, sources.year + 1))
    count = 0
    for part in document.inlines():
        if not re.search(r"\d", part.text()):
            continue
        count += 1
        if isinstance(part, FigureRun):
            assert part.figure.indicator_id and part.figure.year and part.figure.region_code
            assert part.figure.definition_id or part.figure.kind == "reference", part.figure
        elif isinstance(part, YearRun):
            assert part.year in years
        elif isinstance(part, Quoted):
            assert part.origin in registers, part
        else:
            assert isinstance(part, NumberRun | NoteRun), part
    assert count > 500


def test_printed_figures_are_the_databases(document: Document, sources: Sources) -> None:
    """Text = tables = database: each printed level is the rounded value of its row, found by id, year, region, definition."""
    known = {
        (row["indicator_id"], row["year"], row["region_code"], row["definition_id"], str(row["value"]))
        for row in sources.values.iter_rows(named=True)
    }
    levels = [part.figure for part in document.inlines() if isinstance(part, FigureRun) and part.figure.kind == "level"]
    checked = [figure for figure in levels if figure.has_value]
    assert len(checked) > 300
    for figure in checked:
        key = (
            figure.indicator_id,
            figure.year,
            figure.region_code,
            figure.definition_id,
            str(float(figure.value or 0)),
        )
        assert key in known, key


def test_a_stock_has_change_and_growth_a_ratio_has_points(sources: Sources) -> None:
    assert re.fullmatch(
        r"居民医保参保人数[\d.]+万人，比上年(增加|减少)[\d.]+万?人，(增长|下降)[\d.]+%",
        sentence(sources, "stock", "resident_insured"),
    )
    text = sentence(sources, "ratio", "employee_inpatient_catalog_pay_ratio")
    assert re.fullmatch(r"职工医保住院费用目录内基金支付比例为[\d.]+%，比上年(提高|降低)[\d.]+个百分点", text)
    assert re.fullmatch(
        r"居民医保基金收入[\d.]+[万亿]元，比上年(增长|下降)[\d.]+%", sentence(sources, "flow", "resident_fund_income")
    )


def test_the_verb_carries_the_sign(sources: Sources) -> None:
    previous = make_book(sources).figure("resident_insured", 2024).value
    assert previous is not None
    for factor, verb in ((1.5, "比上年增加"), (0.5, "比上年减少"), (1.0, "与上年持平")):
        text = sentence(
            with_value(sources, "resident_insured", value=float(previous) * factor), "stock", "resident_insured"
        )
        assert verb in text and "-" not in text, text


def test_across_a_break_there_is_no_growth_but_a_note(sources: Sources) -> None:
    sources = with_break(sources, "B19")
    document = compose(sources, VINTAGE)
    assert re.fullmatch(r"异地就医人次（不含药店购药）[\d.]+万人次", sentence(sources, "flow", "outarea_visits"))
    notes = [plain(block.parts) for block in document.blocks if isinstance(block, Paragraph) and block.kind == "note"]
    assert any("B19" in note and "2025年起" in note and "不列变化和增速" in note for note in notes)
    growth = make_book(sources).growth(make_book(sources).figure("outarea_visits"))
    assert (growth.value, growth.marker) == (None, "※")


def test_what_cannot_be_computed_or_is_withheld_says_so(sources: Sources) -> None:
    assert "本期无法计算（…）" in sentence(sources, "ratio", "xprov_direct_settlement_rate")
    hidden = with_value(sources, "ma_visits", value=None, status="suppressed")
    assert sentence(hidden, "flow", "ma_visits") == "门诊和住院救助人次不予公布（—）"


@pytest.mark.parametrize(
    ("states", "parallel", "parts"),
    [
        ("...", "甲、乙、丙的费用分别为#、#、#元", "；其中，甲#元，乙#元，丙#元"),
        ("..s", "甲、乙的费用分别为#、#元，丙不予公布（—）", "；其中，甲#元，乙#元，丙不予公布（—）"),
        ("s..", "乙、丙的费用分别为#、#元，甲不予公布（—）", "；其中，甲不予公布（—），乙#元，丙#元"),
        (".ss", "甲的费用为#元，乙、丙均不予公布（—、—）", "；其中，甲#元，乙不予公布（—），丙不予公布（—）"),
        ("sss", "甲、乙、丙的费用均不予公布（—、—、—）", "；其中，甲不予公布（—），乙不予公布（—），丙不予公布（—）"),
        (
            "n.s",
            "乙的费用为#元，丙不予公布（—），甲本期无法计算（…）",
            "；其中，甲本期无法计算（…），乙#元，丙不予公布（—）",
        ),
    ],
)
def test_a_member_without_value_is_named_and_no_mark_stands_among_digits(
    sources: Sources, states: str, parallel: str, parts: str
) -> None:
    book = make_book(sources)
    notes = Notes(book, load_note_texts())
    grammar = Grammar(book, notes)
    figure = book.figure("employee_avg_inpatient_cost")
    empty = {"s": ("suppressed", ""), "n": ("not_computable", "缺表 / missing")}
    figures = [
        figure if state == "." else replace(figure, value=None, status=empty[state][0], reason=empty[state][1])
        for state in states
    ]

    def said(listed: list[Inline]) -> str:
        text = "".join(part.text() for part in listed if not isinstance(part, NoteRun))
        return re.sub(r"[\d.]+", "#", text)

    assert said(grammar.parallel("甲乙丙", figures, "的费用")) == parallel
    assert said(grammar.parts("甲乙丙", figures)) == parts
    assert sum(isinstance(one, FigureRun) for one in grammar.parallel("甲乙丙", figures)) == len(figures)
    reasons = [plain(note) for _, note in notes.listed() if "缺表" in plain(note)]
    assert len(reasons) == ("n" in states)


def test_a_small_region_is_marked_and_never_zero(document: Document) -> None:
    table = next(table for table in document.tables() if table.key == "region_enrolment")
    row = next(row for row in table.rows if plain(row.header) == "贵州省本级")
    assert {plain(cell) for cell in row.cells} == {"—"}
    assert any("单元过小" in plain(note) for note in table.notes)
    hidden = [
        row for row in figure_rows(document) if row["region_code"] == SMALL_REGION and row["status"] == "suppressed"
    ]
    assert hidden and all(row["value"] == "" for row in hidden)


def test_notes_of_the_printed_indicators_are_there_and_numbered_by_use(document: Document) -> None:
    notes = [block.parts for block in document.blocks if isinstance(block, Paragraph) and block.kind == "note"]
    assert [part.number for part in (note[0] for note in notes) if isinstance(part, NoteRun)] == list(
        range(1, len(notes) + 1)
    )
    text = "".join(plain(note) for note in notes)
    for needed in ("四舍五入", "未定级", "不含药店购药", "产前检查", "披露控制"):
        assert needed in text
    referred = {part.number for part in document.inlines() if isinstance(part, NoteRun)}
    assert referred == set(range(1, len(notes) + 1))


def test_definitions_are_spelt_out_in_plain_words(document: Document) -> None:
    table = next(table for table in document.tables() if table.key == "definitions")
    listed = {plain(row.header) for row in table.rows}
    printed = {
        part.figure.definition_id
        for part in document.inlines()
        if isinstance(part, FigureRun) and part.figure.year == 2025
    }
    assert printed - {""} <= listed
    choices = next(table for table in document.tables() if table.key == "choices")
    chosen = {plain(row.header): plain(row.cells[0]) for row in choices.rows}
    assert chosen["1．参保判定规则"] == "参保期内有到账缴费"
    numbers = [plain(row.header).partition("．")[0] for row in choices.rows]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    named = {plain(row.header).partition("．")[0]: plain(row.header).partition("．")[2] for row in choices.rows}
    items = next(plain(row.cells[1]) for row in table.rows if plain(row.cells[0]).startswith("基本医疗保险参保人数"))
    listed: list[str] = []
    for run in items.split("、"):
        first, _, last = run.partition("–")
        listed += [named[str(number)] for number in range(int(first), int(last or first) + 1)]
    switches = load_indicators()["insured_total"].switches
    assert set(listed) == {load_switches()[switch].label.zh for switch in switches}


def test_published_figures_stand_apart_and_keep_their_form(document: Document) -> None:
    references = [table for table in document.tables() if table.is_reference]
    assert {table.key for table in references} == {"reference_national", "reference_province", "reference_findings"}
    own = [table for table in document.tables() if not table.is_reference]
    assert not [
        part for table in own for row in table.rows for cell in row.cells for part in cell
        if isinstance(part, FigureRun) and part.figure.kind == "reference"
    ]  # fmt: skip
    national = next(table for table in references if table.key == "reference_national")
    row = next(row for row in national.rows if plain(row.header) == "职工医保在职职工参保人数")
    assert plain(row.cells[1]) == "27490.84万人"  # the bulletin's, not the misprint of press copies


def test_the_known_misprint_is_a_finding(document: Document) -> None:
    table = next(table for table in document.tables() if table.key == "reference_findings")
    found = {(plain(row.header), plain(row.cells[0])): plain(row.cells[4]) for row in table.rows}
    assert "误印" in found["N02p", "2024"]
    assert len(found) == 18


def test_at_least_four_charts_with_title_unit_series_and_source(document: Document) -> None:
    charts = document.charts()
    assert len(charts) >= 4
    for chart in charts:
        assert chart.title.zh and all(series.unit.text and series.label.zh for series in chart.series)
        assert "资料来源" in plain(chart.footnote) and "合成数据" in plain(chart.footnote)


def test_a_bulletin_of_real_data_has_no_synthetic_mark(sources: Sources) -> None:
    real = compose(Sources(**{**vars(sources), "synthetic": False}), VINTAGE)
    assert not [part for part in real.inlines() if "合成" in part.text()]


def test_the_first_year_has_no_comparison(home: Settings) -> None:
    first = compose(read(home, 2023), VINTAGE)
    body = "".join(
        plain(block.parts) for block in first.blocks if isinstance(block, Paragraph) and block.kind == "body"
    )
    assert "2023年" in body and "比上年" not in body


def test_a_year_without_values_is_a_message(home: Settings) -> None:
    with pytest.raises(UserError, match="No annual values of 2019"):
        read(home, 2019)


def test_the_editors_introduction_comes_first(sources: Sources) -> None:
    text = "2025年是“十四五”规划收官之年。"
    document = compose(sources, VINTAGE, text)
    first = document.blocks[0]
    assert isinstance(first, Paragraph) and plain(first.parts) == text


def test_a_home_with_the_bare_tables_still_makes_a_document(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "bare")
    with duckdb.connect(str(settings.warehouse)) as connection:
        for name in (
            "seed.series_break", "indicator.published_reference", "indicator.identity_result", "indicator.year_on_year",
            "indicator.definition", "ops.load", "ops.run", "ops.check_result", "core.dim_region",
        ):  # fmt: skip
            connection.execute(f"drop table {name}")
    document = compose(read(settings), VINTAGE)
    assert plain(document.title) == f"2025年{PROVINCE}医疗保障事业发展统计公报"
    assert not [table for table in document.tables() if table.is_reference]


def test_a_pooling_level_is_said_in_words() -> None:
    assert pooling_in_words("prefecture>province@2024-12-01 → province") == "市级统筹，2024-12-01起省级统筹 → 省级统筹"
    assert pooling_in_words("职工优先") == "职工优先"


def test_columns_of_one_declared_unit_are_printed_in_one_unit(document: Document) -> None:
    table = next(table for table in document.tables() if table.key == "region_fund")
    assert len({plain(column[1:]) for column in table.columns}) == 1


def test_years_after_a_break_are_marked_in_the_long_table(document: Document) -> None:
    table = next(table for table in document.tables() if table.key == "headline")
    row = next(row for row in table.rows if plain(row.header).startswith("职工医保待遇享受人次"))
    assert [plain(cell).endswith("※") for cell in row.cells[1:4]] == [False, True, False]  # pharmacies enter in 2024
    assert any("※" in plain(note) for note in table.notes)


def test_pharmacies_stand_apart_in_years_whose_total_leaves_them_out(home: Settings, document: Document) -> None:
    def body(of: Document) -> str:
        return "".join(
            plain(block.parts) for block in of.blocks if isinstance(block, Paragraph) and block.kind == "body"
        )

    assert re.search(r"住院[\d.]+万?人次，药店购药[\d.]+万?人次。", body(document))
    assert re.search(
        r"住院[\d.]+万?人次。另有药店购药[\d.]+万?人次，不计入上述人次。", body(compose(read(home, 2023), VINTAGE))
    )


def test_a_place_without_a_name_says_so(sources: Sources) -> None:
    known = dict(sources.region_names)
    assert region_label(sources, PROVINCE).zh == known[PROVINCE]
    label = region_label(sources, "526600")
    assert (label.zh, label.en) == ("未登记区划 526600", "unlisted region 526600")
