"""Documents are read back and traced to the database: text = tables = database, and every number has its trace."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dagster_project.bulletin import release
from dagster_project.bulletin.document import (
    Document,
    FigureRun,
    Heading,
    Paragraph,
    Quoted,
    Row,
    Table,
    Words,
    YearRun,
)
from dagster_project.bulletin.figures import POINTS, Figure
from dagster_project.bulletin.numbers import Unit
from dagster_project.bulletin.publication import write_documents
from dagster_project.bulletin.reading import Sources
from dagster_project.checks import CheckResult, run_stage
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.unit.checks_home import RUN_ID, execute, whole_home

VINTAGE = "2025-01-01_draft"
DRIVES_DOCUMENTS = ("checks.record_documents",)


def figure(indicator: str, value: str | None, unit: Unit, **more: Any) -> Figure:
    fields = {"year": 2024, "region_code": "520000", "definition_id": "d1", "kind": "level", "status": "provisional"}
    return Figure(
        indicator_id=indicator,
        name=Text(indicator, indicator),
        unit=unit,
        decimals=2,
        value=None if value is None else Decimal(value),
        **{**fields, **more},
    )


def small_bulletin() -> Document:
    """A bulletin of a few figures: levels, a change, a growth, a tier, a published figure, and codes made of digits."""
    insured = figure("insured", "0.1", Unit("人", "万"))
    people = (
        FigureRun(insured),
        Words("万人，增加"),
        FigureRun(figure("insured", "0.01", Unit("人", "万"), kind="change")),
        Words("万人，增长"),
        FigureRun(figure("insured", str(100 * (Decimal("0.1") / Decimal("0.09") - 1)), Unit("%"), kind="growth")),
        Words("%；比例"),
        FigureRun(figure("pay_ratio", "70.0", Unit("%"))),
        Words(POINTS),
    )
    tiers = tuple(
        Row((Words(tier),), ((FigureRun(figure("mean_cost", value, Unit("元"), labels=(("hospital_tier", tier),))),),))
        for tier, value in (("tertiary", "1200.0"), ("secondary", "600.0"))
    )
    published = figure(
        "insured", "27491.84", Unit("人", "万"), region_code="100000", kind="reference", definition_id=""
    )
    unnamed = Row((Quoted("529900", "core.dim_region"),), ((FigureRun(published),), (Quoted("12e345678901", "d"),)))
    coded = [Row(row.header, (*row.cells, (Quoted("123456789012", "d"),))) for row in tiers]
    columns = ((YearRun(2024), Words("年")), (Words("口径编号"),))
    table = Table(
        "tiers", 1, (Words("次均费用"),), (Words("级别"),), columns, (*coded, unnamed), text_columns=frozenset({1})
    )
    banner = (Words("合成数据", "synthetic data"),)
    title = (Quoted("公报", "test"),)
    return Document(title, title, True, banner, blocks=[Heading(1, (Words("参保"),)), Paragraph(people), table])


def bare_sources() -> Sources:
    """What the lists beside the tables look at, without a figure in it."""
    values = pl.DataFrame(
        schema=dict.fromkeys(("indicator_id", "region_code", "status", "reason"), pl.String) | {"year": pl.Int32}
    )
    returns = pl.DataFrame(
        schema=dict.fromkeys(("indicator_id", "region_code", "period"), pl.String) | {"year": pl.Int32}
    )
    return Sources(
        province="520000", region="520000", region_names={}, prefectures=(), year=2024, as_of=date(2025, 1, 1),
        synthetic=True, values=values, comparisons=pl.DataFrame(), dictionary=pl.DataFrame(),
        registers={"core.fct_reported": returns},
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = whole_home(tmp_path_factory.mktemp("made"))
    execute(
        settings,
        "create table indicator.published_reference as select 'insured' as indicator_id, 2024 as year, "
        "'100000' as geography, 27491.84 as value",
        "alter table publication.indicator_value add column breakdown varchar",
        "update publication.indicator_value set breakdown = if(hospital_tier = 'total', 'total', 'hospital_tier')",
        "create table publication.frozen_value as select * from publication.indicator_value limit 0",
    )
    folder = settings.publication / "2024" / VINTAGE
    folder.mkdir(parents=True)
    write_documents(folder, small_bulletin(), bare_sources(), VINTAGE)
    release.write(folder, {"run_id": RUN_ID, "vintage": VINTAGE, "synthetic": True, "notice": "合成数据"})
    return settings


@pytest.fixture
def home(made: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(made.home, tmp_path, dirs_exist_ok=True)
    return Settings(home=tmp_path, threads=1)


def results(settings: Settings) -> dict[str, CheckResult]:
    return {result.check_name: result for result in run_stage(settings, "publication", RUN_ID)}


def folder_of(settings: Settings) -> Path:
    return settings.publication / "2024" / VINTAGE


def test_documents_that_print_the_database_pass(home: Settings) -> None:
    found = results(home)
    # Whether a withheld cell can be derived is asked of values under control, of which this home has none.
    about_documents = {name: r for name, r in found.items() if name != "withheld_cell_derivable"}
    assert {name: (r.status, r.samples) for name, r in about_documents.items() if r.status != "pass"} == {}
    assert (found["figure_without_trace"].total or 0) >= 15
    assert (found["document_missing"].total or 0) >= 6


@pytest.mark.parametrize("side", SIDES)
def test_a_stop_while_documents_are_noted_leaves_the_older_or_the_newer_ones(home: Settings, side: str) -> None:
    def noted() -> tuple[int, int]:
        with connect(home) as connection:
            files, figures = (
                connection.execute(f"select count(*) from ops.document_{name}").fetchall()[0][0]
                for name in ("file", "figure")
            )
        return int(files), int(figures)

    results(home)
    newer = noted()
    execute(home, "delete from ops.document_file where document like '%.docx'", "delete from ops.document_figure")
    older = noted()
    assert older == (newer[0] - 1, 0) and newer[1] > 0
    kill_at(*DRIVES_DOCUMENTS, side, lambda: results(home))
    assert noted() == (older if side == "before" else newer), "both tables or neither"
    assert not results(home)["document_missing"].blocking and noted() == newer


def test_a_missing_document_fails_and_a_torn_one_differs_from_its_hash(home: Settings) -> None:
    (folder_of(home) / "bulletin.docx").unlink()
    with (folder_of(home) / "bulletin.html").open("a", encoding="utf-8") as page:
        page.write("<p>later</p>")
    found = results(home)
    assert [row["document"] for row in found["document_missing"].samples] == ["bulletin.docx"]
    assert [row["document"] for row in found["document_changed"].samples] == ["bulletin.html"]
    assert found["document_missing"].blocking and found["document_changed"].blocking


def test_invented_data_without_their_mark_block(home: Settings) -> None:
    page = folder_of(home) / "bulletin.html"
    page.write_text(page.read_text(encoding="utf-8").replace("合成数据", ""), encoding="utf-8")
    assert [row["document"] for row in results(home)["synthetic_mark_missing"].samples] == ["bulletin.html"]
    execute(home, "update ops.meta set value = 'false' where key = 'synthetic'")
    assert results(home)["synthetic_mark_missing"].status == "not_applicable"


def test_a_figure_typed_or_changed_by_hand_is_found(home: Settings) -> None:
    page = folder_of(home) / "bulletin.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(
        text.replace("个百分点", "个百分点，另有 12.34 万人").replace("1200.00", "1300.00"), encoding="utf-8"
    )
    found = results(home)
    assert [row["printed"] for row in found["figure_without_trace"].samples] == ["12.34"]
    assert {row["printed"] for row in found["figure_differs"].samples} == {"1300.00", "1200.0"}


@pytest.mark.parametrize(
    ("was", "is_now", "place"),
    [
        ("123456789012", "123456789013", "表1 · tertiary · 口径编号"),
        (">529900<", ">贵州省本级<", "表1 · 贵州省本级 · 级别"),
        ("口径编号", "口径", "表1 · 级别 · 口径"),
    ],
)
def test_a_word_or_code_of_a_table_that_the_workbook_does_not_hold_is_found(
    home: Settings, was: str, is_now: str, place: str
) -> None:
    page = folder_of(home) / "bulletin.html"
    page.write_text(page.read_text(encoding="utf-8").replace(was, is_now, 1), encoding="utf-8")
    assert [row["place"] for row in results(home)["figure_differs"].samples] == [place]


@pytest.mark.parametrize(
    ("statement", "rule_id", "places"),
    [
        (
            "set value = 0.11 where indicator_id = 'insured' and year = 2024 and region_code = '520000'",
            "figure_differs",
            3,
        ),
        ("set value = 601 where hospital_tier = 'secondary'", "figure_differs", 1),
        ("set value = null, status = 'suppressed' where hospital_tier = 'secondary'", "figure_differs", 1),
        ("set indicator_id = 'other' where hospital_tier = 'secondary'", "figure_without_trace", 1),
    ],
)
def test_a_figure_that_the_database_does_not_hold_is_found(
    home: Settings, statement: str, rule_id: str, places: int
) -> None:
    execute(home, "update publication.indicator_value " + statement)
    found = results(home)[rule_id]
    assert (found.status, found.unexpected) == ("fail", places), found.samples


def test_without_a_publication_its_checks_do_not_apply(home: Settings) -> None:
    shutil.rmtree(home.publication)
    found = results(home)
    assert {found[name].status for name in ("document_missing", "figure_differs")} == {"not_applicable"}
