"""A prefecture's own bulletin: whose figures it prints, beside whom, where it stands, and that its checks see it."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from docx import Document as open_word

from dagster_project import drafts, run
from dagster_project.bulletin.folder import drafts_below
from dagster_project.checks import run_stage
from dagster_project.errors import UserError
from dagster_project.settings import Settings
from dagster_project.verbs.making import export
from tests.bulletin_home import PROVINCE, RUN_ID, make_home

YEAR, REGION = 2025, "520100"
DEFICIT = "-0.000006"  # 亿元: 600.00 yuan too much spent


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose prefecture ran a deficit, with the prefecture's draft waiting for its checks."""
    settings = make_home(tmp_path_factory.mktemp("region") / "home")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "update indicator.indicator_value set value = cast(? as double), numerator = -600 "
            "where indicator_id = 'resident_current_balance' and region_code = ? and year = ?",
            [DEFICIT, REGION, YEAR],
        )
    editorial = settings.home / "editorial" / REGION
    editorial.mkdir(parents=True)
    (editorial / f"{YEAR}.txt").write_text("贵阳的导言。", encoding="utf-8")
    drafts.publish(settings, [YEAR], RUN_ID, REGION)
    return settings


@pytest.fixture(scope="module")
def folder(home: Settings) -> Path:
    (found,) = drafts_below(home.unchecked)
    return found


def word_text(folder: Path) -> str:
    return "\n".join(paragraph.text for paragraph in open_word(str(folder / "bulletin.docx")).paragraphs)


def test_it_prints_the_prefecture_and_the_province_beside_it(folder: Path) -> None:
    with (folder / "tables" / "figures.csv").open(encoding="utf-8-sig") as handle:
        rows = list(csv.DictReader(handle))
    own = {row["region_code"] for row in rows if row["place"] == "text"}
    assert own == {REGION}
    assert {row["region_code"] for row in rows if row["place"].startswith("table:region_")} == {PROVINCE, REGION}


def test_it_says_whose_bulletin_it_is_and_brings_its_own_introduction(folder: Path) -> None:
    text = word_text(folder)
    assert "贵阳市医疗保障事业发展统计公报" in text and "贵州省医疗保障" not in text
    assert "贵阳的导言。" in text


def test_its_figures_are_traced_and_a_deficit_too(home: Settings, folder: Path) -> None:
    assert "-600.00" in word_text(folder)
    with duckdb.connect(str(home.warehouse)) as connection:  # the made-up values do not say which breakdown they are of
        connection.execute("alter table publication.indicator_value add column breakdown varchar")
        connection.execute(
            "update publication.indicator_value set breakdown = case when travel_class <> 'total' then 'travel_class' "
            "when hospital_tier <> 'total' and not regexp_matches(indicator_id, '_(tertiary|secondary|primary)$') "
            "then 'hospital_tier' else 'total' end"
        )
    found = {result.check_name: result for result in run_stage(home, "publication", RUN_ID)}
    for name in ("figure_without_trace", "figure_differs", "document_missing", "synthetic_mark_missing"):
        assert (found[name].status, found[name].samples) == ("pass", ()), (name, found[name].samples[:3])
        assert (found[name].total or 0) > 0


def test_it_stands_beside_the_province_and_not_among_its_years(home: Settings, folder: Path) -> None:
    place = home.publication / "region" / REGION / str(YEAR) / folder.name
    assert drafts.place_of(home, folder) == place
    drafts.bring_out(home)
    assert run.folders_of_run(home, RUN_ID) == [place] == drafts_below(home.publication)


def test_a_code_without_figures_is_refused_with_those_that_have_some(home: Settings) -> None:
    with pytest.raises(UserError) as refused:
        drafts.publish(home, [YEAR], RUN_ID, "520103")
    assert refused.value.todo is not None and REGION in refused.value.todo.zh


def test_an_unknown_name_is_refused_before_anything_begins(home: Settings) -> None:
    with pytest.raises(UserError) as refused:
        export(home, [YEAR], None, "没有这个市")
    assert refused.value.todo is not None and "贵阳市" in refused.value.todo.zh
