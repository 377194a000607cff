"""The words of the bulletin are those of the definitions in force: names, labels, notes and the tables at its end."""

from __future__ import annotations

import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dagster_project.bulletin import make_publication
from dagster_project.bulletin.compose import compose, load_note_texts, load_outline
from dagster_project.bulletin.document import Chart, Document, Paragraph, Table, plain
from dagster_project.bulletin.reading import Sources, read_sources
from dagster_project.bulletin.wording import load_wording
from dagster_project.dictionary import load_indicators, load_switches
from dagster_project.dictionary.definitions import load_national
from dagster_project.dictionary.pooling import CROSS_REGION_BASE
from dagster_project.disclosure import load_parameters
from dagster_project.settings import Settings
from tests.bulletin_home import PROVINCE, RUN_ID, make_home

VINTAGE = "2026-03-01_draft"
YEAR = 2025
SWITCHES = load_switches()
USABLE = {name: list(switch.values) for name, switch in SWITCHES.items()}
PRINTED = sorted(
    {switch for row in load_indicators().values() if row.headline for switch in row.switches} - {CROSS_REGION_BASE}
)
PHRASES: dict[str, dict[str, Any]] = load_wording()["phrases"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    settings = make_home(tmp_path_factory.mktemp("definitions") / "home")
    with duckdb.connect(str(settings.warehouse)) as connection:
        return read_sources(connection, YEAR, load_parameters())


def under(sources: Sources, choices: dict[str, str]) -> Document:
    """The bulletin with other definitions in force in its year."""
    register = sources.registers["ops.definition_choice"]
    now = pl.col("year") == YEAR
    value = pl.col("value")
    for switch, chosen in choices.items():
        value = pl.when(now & (pl.col("switch") == switch)).then(pl.lit(chosen)).otherwise(value)
    registers = {**sources.registers, "ops.definition_choice": register.with_columns(value.alias("value"))}
    return compose(Sources(**{**vars(sources), "registers": registers}), VINTAGE)


def words_of(document: Document, language: str = "zh") -> str:
    """Sentences, notes, titles and labels; not the tables that spell the definitions out or hold figures of others."""
    texts = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            texts.append(plain(block.parts, language))
        elif isinstance(block, Chart):
            texts += [block.title.in_language(language), *(one.label.in_language(language) for one in block.series)]
        elif isinstance(block, Table) and not block.is_reference and block.key not in ("choices", "definitions"):
            texts += [plain(parts, language) for parts in (block.title, block.corner, *block.columns)]
            texts += [plain(row.header, language) for row in block.rows]
    return "\n".join(texts)


def templates() -> str:
    return str(load_outline()) + str(load_note_texts())


def test_every_value_of_a_choice_has_its_words() -> None:
    for name, phrase in PHRASES.items():
        assert set(phrase["values"]) == set(USABLE[phrase["switch"]]), name
        assert f"{{{name}}}" in templates(), f"{name} is used nowhere"


def test_every_choice_behind_a_headline_figure_is_named_in_the_text() -> None:
    used = set(re.findall(r"\{([a-z_0-9]+)\}", templates()))
    named = {PHRASES[name]["switch"] if name in PHRASES else name for name in used}
    assert set(PRINTED) <= named
    assert named <= {*SWITCHES, CROSS_REGION_BASE}


@pytest.mark.parametrize("number", range(max(map(len, USABLE.values()))))
def test_text_and_labels_say_which_value_was_used(sources: Sources, number: int) -> None:
    """Round n takes the n-th usable value of every choice at once: each must be said, and no other value of it."""
    choices = {switch: USABLE[switch][min(number, len(USABLE[switch]) - 1)] for switch in PRINTED}
    document = under(sources, choices)
    for language in ("zh", "en"):
        text = words_of(document, language)
        for switch, value in choices.items():
            said = _said(switch, value, language)
            assert [words for words in said if words in text] == said, (switch, value)
            others = {words for other in USABLE[switch] if other != value for words in _said(switch, other, language)}
            wrong = {words for words in others if len(words) > 3 and not any(words in one for one in said)}
            # Words of several choices may be alike, and some stand in a template for another thing.
            fine = {words for one, chosen in choices.items() for words in _said(one, chosen, language)}
            fine |= {words for words in wrong if words in templates()}
            assert not [words for words in wrong - fine if words in text], (switch, value)


def _said(switch: str, value: str, language: str) -> list[str]:
    """Words that must stand in the text for this value: of the phrases it decides and, where they are used, its own."""
    own = SWITCHES[switch].values[value].in_language(language)
    phrases = [phrase["values"][value][language] for phrase in PHRASES.values() if phrase["switch"] == switch]
    return [words for words in [*phrases, *([own] if f"{{{switch}}}" in templates() else [])] if words]


def test_the_table_of_choices_sets_the_national_default_beside_ours(sources: Sources) -> None:
    table = next(one for one in under(sources, {"unknown_tier": "separate"}).tables() if one.key == "choices")
    rows = {plain(row.header).partition("．")[2]: [plain(cell) for cell in row.cells] for row in table.rows}
    assert rows["未定级归类"] == ["单列", "一级及以下"]
    assert rows["床日计算"] == ["出院减入院、至少一日", "同左"]
    assert len(rows) == len(PRINTED) + 1  # and the pooling level
    assert load_national().choice("unknown_tier", YEAR) == "primary_and_below"


def test_R35_a_choice_that_selects_prints_the_figure_it_names(sources: Sources) -> None:
    text = words_of(under(sources, {"balance_scope": "with_accounts", "pay_ratio_denominator": "all_cost"}))
    body = text[: text.index("主要指标历年数据")]
    assert "基金累计结存（含个人账户）" in body and "职工医保住院费用实际基金支付比例为" in body
    assert "统筹基金累计结存（含生育保险）" not in body and "目录内基金支付比例为" not in body


def test_pharmacies_are_no_part_of_visits_that_leave_them_out(sources: Sources) -> None:
    document = under(sources, {"pharmacy_in_visits": "exclude"})
    table = next(one for one in document.tables() if one.key == "scheme")
    assert "药店购药（不计入待遇享受人次）" in [plain(row.header) for row in table.rows]


@pytest.fixture(scope="module", params=["separate", "tertiary"])
def switched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A publication of a province whose file chooses where ungraded institutions belong."""
    folder = tmp_path_factory.mktemp(request.param) / "home"
    settings: Settings = make_home(folder, definitions=f"unknown_tier: {request.param}")
    return request.param, make_publication(settings, YEAR, run_id=RUN_ID).folder


def read_text(path: Path) -> str:
    """Everything a reader sees of a page, a Word file or a workbook, without its markup."""
    if path.suffix == ".html":
        page = re.sub(r"<(style|script|svg)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        return unescape(re.sub(r"<[^>]+>", "", page))
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.endswith(".xml")]
        return unescape(re.sub(r"<[^>]+>", "", "\n".join(archive.read(name).decode("utf-8") for name in parts)))


@pytest.mark.parametrize("document", ["bulletin.html", "bulletin.docx", "bulletin.xlsx"])
def test_R32_no_document_says_another_place_of_ungraded_institutions(switched: tuple[str, Path], document: str) -> None:
    choice, folder = switched
    text = read_text(folder / document)
    assert "一级及以下（含未定级）" not in text and "一级及以下含未定级" not in text
    if choice == "separate":
        assert "未定级和等级不明" in text and "未定级医疗机构单列、不计入一级及以下" in text
        assert "含未定级" not in text
    else:
        assert "三级（含未定级）" in text and "三级含未定级医疗机构" in text


def test_R32_the_ungraded_are_a_group_of_their_own_in_text_and_table(sources: Sources) -> None:
    document = under(sources, {"unknown_tier": "separate"})
    body = "".join(plain(block.parts) for block in document.blocks if isinstance(block, Paragraph))
    found = re.search(r"其中三级、二级、一级及以下、未定级和等级不明医疗机构的次均住院床日分别为([\d.、]+)天", body)
    assert found is not None and len(found.group(1).split("、")) == 4
    table = next(one for one in document.tables() if one.key == "tier")
    headers = [plain(row.header) for row in table.rows]
    assert headers == ["合计", "三级", "二级", "一级及以下", "未定级和等级不明"]
    assert PROVINCE in document.regions
