"""The files of a publication: page, Word, workbook, tables, descriptor; equal bytes, atomic folders, frozen vintages."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest
from docx import Document as open_word

from dagster_project.bulletin import PublicationReport, freeze, make_publication
from dagster_project.bulletin import folder as folders
from dagster_project.checks import waivers
from dagster_project.durable import set_hook
from dagster_project.errors import UserError
from dagster_project.settings import Settings
from dagster_project.verbs import making
from tests.bulletin_home import RUN_ID, make_home

VINTAGE = "2026-03-01_draft"


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, PublicationReport]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")
        settings = make_home(tmp_path_factory.mktemp("publication") / "home")
        return settings, make_publication(settings, 2025, run_id=RUN_ID)


@pytest.fixture
def fresh(made: tuple[Settings, PublicationReport], tmp_path: Path) -> Settings:
    """A copy of the home with its draft, to be changed."""
    shutil.copytree(made[0].home, tmp_path / "home")
    return replace(made[0], home=tmp_path / "home")


class Page(HTMLParser):
    """Text of a page without its drawings, and the attributes of its tags."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._silent = 0
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("svg", "style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("svg", "style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


@pytest.fixture(scope="module")
def page(made: tuple[Settings, PublicationReport]) -> Page:
    return Page(made[1].paths["html"].read_text(encoding="utf-8"))


def test_the_folder_has_everything(made: tuple[Settings, PublicationReport]) -> None:
    report = made[1]
    assert report.folder.relative_to(made[0].home).as_posix() == f"publication/2025/{VINTAGE}"
    assert set(report.paths) == {"html", "docx", "xlsx", "release"}
    assert len(list(report.folder.glob("charts/*.svg"))) == len(list(report.folder.glob("charts/*.png"))) >= 4
    assert (report.folder / "tables" / "headline.csv").exists()
    assert not list(report.folder.parent.glob(".*"))


def test_the_page_needs_nothing_from_outside(page: Page) -> None:
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            address = attributes.get(name) or ""
            assert not re.match(r"(https?:)?//", address), (tag, address)
        assert tag not in ("link", "iframe", "img")


def test_tables_are_accessible_and_anchors_lead_somewhere(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 8
    headers = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headers and all(attributes.get("scope") in ("col", "row") for attributes in headers)
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(attributes.get("href") or "")[1:] for tag, attributes in page.tags if tag == "a"}
    assert targets and targets <= set(ids)
    assert [attributes.get("aria-label") for _, attributes in page.tags if attributes.get("role") == "img"]


def test_each_figure_of_the_page_tells_how_to_explain_it(page: Page) -> None:
    titles = [attributes.get("title") or "" for tag, attributes in page.tags if attributes.get("class") == "figure"]
    assert titles
    for title in titles:
        assert re.fullmatch(r"bulletin explain [a-z_]+ --year \d{4} --region \d{6}", title)


def test_the_pages_digits_are_those_of_the_register(made: tuple[Settings, PublicationReport], page: Page) -> None:
    """What stands in the text, outside of tables and notes, is in the register of printed figures or is a year."""
    register = read_csv(made[1].folder / "tables" / "figures.csv")
    printed = {row["printed"] for row in register if row["place"] == "text"}
    text = "".join(page.texts)
    body = text[text.index("截至2025年底") : text.index("统计表表1") if "统计表表1" in text else text.index("表1　")]
    body = re.sub(r"\[\d+\]|图\d+", "", body)
    numbers = set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"\d{4}年|\n\d\.", "", body)))
    assert numbers and numbers <= printed


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_everything_made_of_invented_data_says_so(made: tuple[Settings, PublicationReport]) -> None:
    folder = made[1].folder
    for path in folder.rglob("*.csv"):
        assert "合成数据" in path.read_text(encoding="utf-8-sig"), path
    for path in folder.rglob("*.svg"):
        assert "合成数据" in path.read_text(encoding="utf-8"), path
    page = (folder / "bulletin.html").read_text(encoding="utf-8")
    assert page.count("合成数据") > 2 and "Synthetic data" in page
    word = open_word(str(folder / "bulletin.docx"))
    assert "合成数据 synthetic" in word.sections[0].header.paragraphs[0].text
    assert "synthetic" in word.core_properties.keywords
    book = openpyxl.load_workbook(folder / "bulletin.xlsx")
    assert "synthetic" in (book.properties.keywords or "")
    for sheet in book.worksheets:
        assert any("合成数据" in str(cell.value) for row in sheet.iter_rows(max_row=3) for cell in row if cell.value), (
            sheet.title
        )
        assert "合成数据" in (sheet.oddHeader.center.text or "")
    release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    assert release["synthetic"] is True and "synthetic" in release["notice"]


def test_word_has_styles_that_an_editor_can_use(made: tuple[Settings, PublicationReport]) -> None:
    word = open_word(str(made[1].paths["docx"]))
    used = {paragraph.style.name for paragraph in word.paragraphs if paragraph.style}
    assert {"Title", "Heading 1", "Heading 2", "Heading 3", "Caption", "Bulletin Text", "Bulletin Note"} <= used
    for name, font in (("Normal", "仿宋"), ("Heading 1", "黑体"), ("Title", "宋体")):
        assert f'w:eastAsia="{font}"' in word.styles[name].element.xml
    for table in word.tables:
        assert "w:tblHeader" in table.rows[0]._tr.xml
    assert "PAGE" in word.sections[0].footer._element.xml


def test_word_keeps_the_order_that_the_format_asks_for(made: tuple[Settings, PublicationReport]) -> None:
    word = open_word(str(made[1].paths["docx"]))
    order = ["tblStyle", "tblW", "jc", "tblBorders", "tblLayout", "tblCellMar", "tblLook"]
    for table in word.tables:
        names = [child.tag.rpartition("}")[2] for child in table._tbl.tblPr]
        assert [name for name in order if name in names] == names


def test_the_workbook_can_be_worked_with(made: tuple[Settings, PublicationReport]) -> None:
    book = openpyxl.load_workbook(made[1].paths["xlsx"])
    assert {"数据", "说明", "口径"} <= set(book.sheetnames)
    release = json.loads(made[1].paths["release"].read_text(encoding="utf-8"))
    assert book["数据"].max_row == release["figures_printed"] + 6
    assert book["数据"].freeze_panes == "D7"
    place = book.defined_names["insured_total_2025"].attr_text
    sheet, _, cell = place.replace("$", "").replace("'", "").partition("!")
    with duckdb.connect(str(made[0].warehouse)) as connection:
        value = connection.execute(
            "select value from indicator.indicator_value where indicator_id = 'insured_total' and year = 2025 "
            "and region_code = '520000'"
        ).fetchone()
    assert value is not None and book[sheet][cell].value == value[0]
    main = next(sheet for sheet in book.worksheets if sheet.title.startswith("表1 "))
    assert main.freeze_panes and isinstance(main.cell(row=6, column=3).value, float)


def test_the_descriptor_says_what_went_in_and_what_came_out(made: tuple[Settings, PublicationReport]) -> None:
    folder = made[1].folder
    release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    assert release["inputs"][0]["sha256"] == "ab12"
    assert release["code_version"] == "0.1.0-test"
    assert release["checks"] == {"by_stage": {"core": {"pass": 1}}, "blocking_failures": [], "waived": []}
    assert release["disclosure"]["min_cell"] == 10 and release["disclosure"]["suppressed_annual_values"] > 0
    assert all(switches for switches in release["definitions"].values())
    listed = {entry["path"]: entry["sha256"] for entry in release["files"]}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == set(found) - {"release.json"}
    assert all(hashlib.sha256(found[name].read_bytes()).hexdigest() == digest for name, digest in listed.items())


def test_the_same_data_make_the_same_bytes(made: tuple[Settings, PublicationReport], tmp_path: Path) -> None:
    other = make_publication(make_home(tmp_path / "home"), 2025, run_id=RUN_ID)
    for path in sorted(made[1].folder.rglob("*")):
        if path.is_file():
            twin = other.folder / path.relative_to(made[1].folder)
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_zip_containers_carry_no_clock(made: tuple[Settings, PublicationReport]) -> None:
    for name in ("docx", "xlsx"):
        with zipfile.ZipFile(made[1].paths[name]) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_the_published_table_is_disclosed(made: tuple[Settings, PublicationReport]) -> None:
    with duckdb.connect(str(made[0].warehouse)) as connection:
        count = connection.execute(
            "select count(*) filter (where status = 'suppressed' and value is null and support_count is null), "
            "count(*) filter (where support_count between 1 and 9), count(distinct vintage), min(vintage) "
            "from publication.indicator_value"
        ).fetchone()
        decided = connection.execute("select count(*), min(min_cell) from publication.disclosure_decision").fetchone()
    assert count is not None and decided is not None
    assert count[0] > 0 and count[1:] == (0, 1, VINTAGE)
    assert decided == (count[0], 10)


class Killed(BaseException):
    """Stands for a killed process."""


@pytest.mark.parametrize("step", ["put_away", "put_in_place", "remove_old"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_step_is_healed_by_the_next_run(tmp_path: Path, step: str, moment: str) -> None:
    target = tmp_path / "2025" / VINTAGE

    def write(content: str) -> None:
        with folders.replaced(target) as aside:
            (aside / "bulletin.html").write_text(content, encoding="utf-8")

    def kill(name: str, when: str) -> None:
        if (name, when) == (f"publication.{step}", moment):
            raise Killed

    write("first")
    set_hook(kill)
    try:
        with pytest.raises(Killed):
            write("second")
    finally:
        set_hook(None)
    folders.recover(target)
    assert (target / "bulletin.html").read_text(encoding="utf-8") in ("first", "second")
    write("third")
    assert (target / "bulletin.html").read_text(encoding="utf-8") == "third"
    assert [path.name for path in target.parent.iterdir()] == [VINTAGE]


def test_a_failure_while_writing_leaves_the_older_folder(tmp_path: Path) -> None:
    target = tmp_path / "2025" / VINTAGE
    with folders.replaced(target) as aside:
        (aside / "a").touch()
    with pytest.raises(RuntimeError), folders.replaced(target) as aside:
        raise RuntimeError
    assert [path.name for path in target.rglob("*")] == ["a"]


def test_a_frozen_vintage_is_copied_final_and_read_only(fresh: Settings) -> None:
    report = freeze(fresh, 2025, "bulletin")
    assert (report.vintage, report.status) == ("2026-03-01_bulletin", "final")
    release = json.loads((report.folder / "release.json").read_text(encoding="utf-8"))
    assert release["frozen"] is True and release["status"] == "final"
    assert "2026-03-01_bulletin（统计公报）" in (report.folder / "bulletin.html").read_text(encoding="utf-8")
    modes = {path.stat().st_mode & 0o777 for path in report.folder.rglob("*") if path.is_file()}
    assert modes == {0o444}
    with duckdb.connect(str(fresh.warehouse)) as connection:
        frozen = connection.execute(
            "select count(*), count(*) filter (where status = 'final'), min(year), max(year), min(vintage) "
            "from publication.frozen_value"
        ).fetchone()
        vintages = connection.execute("select distinct vintage from publication.indicator_value order by 1").fetchall()
    assert frozen is not None
    assert frozen[0] == report.rows and frozen[1] > 0 and frozen[2:] == (2023, 2025, "2026-03-01_bulletin")
    assert vintages == [("2026-03-01_bulletin",), (VINTAGE,)]


def test_nothing_changes_a_frozen_vintage(fresh: Settings) -> None:
    folder = freeze(fresh, 2025, "bulletin").folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="frozen already"):
        freeze(fresh, 2025, "bulletin")
    report = make_publication(fresh, 2025, run_id=RUN_ID, vintage="2026-03-01_bulletin")
    assert report.frozen
    fresh.warehouse.unlink()  # a new warehouse file: frozen values come back from their Parquet
    make_home(fresh.home)
    make_publication(fresh, 2025, run_id=RUN_ID)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    with duckdb.connect(str(fresh.warehouse)) as connection:
        assert connection.execute("select count(distinct vintage) from publication.indicator_value").fetchone() == (2,)


def test_an_edited_word_file_and_added_pages_are_taken_over(fresh: Settings) -> None:
    draft = fresh.publication / "2025" / VINTAGE
    word = open_word(str(draft / "bulletin.docx"))
    word.add_paragraph("编辑补充的文字。")
    word.save(str(draft / "bulletin.docx"))
    (draft / "checks.html").write_text("checks", encoding="utf-8")
    report = freeze(fresh, 2025, "quick_report")
    assert report.edited_word and report.status == "provisional"
    assert (report.folder / "bulletin.docx").read_bytes() == (draft / "bulletin.docx").read_bytes()
    assert (report.folder / "checks.html").exists()


def test_freezing_refuses_what_it_must(fresh: Settings) -> None:
    with pytest.raises(UserError, match="No such kind"):
        freeze(fresh, 2025, "final")
    with pytest.raises(UserError, match="no draft of 2024"):
        freeze(fresh, 2024, "bulletin")
    with duckdb.connect(str(fresh.warehouse)) as connection:
        connection.execute("update ops.check_result set status = 'fail'")
    with pytest.raises(UserError, match="blocking check"):
        freeze(fresh, 2025, "bulletin")
    with duckdb.connect(str(fresh.warehouse)) as connection:
        connection.execute("update ops.check_result set status = 'pass'")
        connection.execute(
            "update indicator.indicator_value set value = value * 2 where indicator_id = 'insured_total'"
        )
    with pytest.raises(UserError, match="have changed since"):
        freeze(fresh, 2025, "bulletin")
    assert [path.name for path in (fresh.publication / "2025").iterdir()] == [VINTAGE]


def test_S1_open_findings_hold_the_final_bulletin_until_accepted(fresh: Settings) -> None:
    with duckdb.connect(str(fresh.warehouse)) as connection:
        connection.execute("update ops.check_result set check_name = 'code_unknown', status = 'warn'")
    assert freeze(fresh, 2025, "quick_report").status == "provisional"
    with pytest.raises(UserError, match="hold the release") as refused:
        freeze(fresh, 2025, "bulletin")
    assert "code_unknown" in refused.value.where
    report = freeze(fresh, 2025, "bulletin", accepted="rows below one in a million, see letter 12")
    accepted = json.loads((report.folder / "release.json").read_text(encoding="utf-8"))["accepted_findings"]
    assert accepted == {"checks": ["code_unknown"], "reason": "rows below one in a million, see letter 12"}


def judged_again(settings: Settings, run_id: str, stage: str, check: str, status: str) -> None:
    """A later run has judged one stage."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "insert into ops.check_result values (?, ?, 'ops.load', ?, 'error', 1, 10, 10, 0, ?, '', '')",
            [run_id, stage, check, status],
        )


def test_L30_an_export_does_not_make_open_findings_forgotten(fresh: Settings) -> None:
    with duckdb.connect(str(fresh.warehouse)) as connection:
        connection.execute("update ops.check_result set check_name = 'code_unknown', status = 'warn'")
    make_publication(fresh, 2025, run_id="export")
    judged_again(fresh, "export", "publication", "document_missing", "pass")
    descriptor = json.loads((fresh.publication / "2025" / VINTAGE / "release.json").read_text(encoding="utf-8"))
    assert descriptor["run_id"] == "export" and descriptor["checks"]["by_stage"] == {"core": {"warn": 1}}
    with pytest.raises(UserError, match="hold the release") as refused:
        freeze(fresh, 2025, "bulletin")
    assert "code_unknown" in refused.value.where
    report = freeze(fresh, 2025, "bulletin", accepted="letter 12")
    release = json.loads((report.folder / "release.json").read_text(encoding="utf-8"))
    assert release["accepted_findings"]["checks"] == ["code_unknown"]
    assert release["checks"]["by_stage"] == {"core": {"warn": 1}, "publication": {"pass": 1}}
    page = (report.folder / "checks.html").read_text(encoding="utf-8")
    assert 'id="code_unknown"' in page and 'id="document_missing"' in page


def test_L30_L34_nothing_is_frozen_while_the_newest_run_is_blocked_unless_it_is_waived(
    fresh: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    judged_again(fresh, "later run", "core", "stay_several_persons", "fail")
    for accepted in ("", "x"):
        with pytest.raises(UserError, match="blocking check") as refused:
            freeze(fresh, 2025, "bulletin", accepted)
        assert refused.value.where == "core.stay_several_persons（运行 run later run）"
    judged_again(fresh, "export", "publication", "document_missing", "pass")
    with pytest.raises(UserError, match="blocking check"):
        freeze(fresh, 2025, "quick_report")
    with duckdb.connect(str(fresh.warehouse)) as connection:
        waivers.make(connection, "stay_several_persons", "", "", "四月补送", "王敏", date(2030, 4, 30), "run")
    report = freeze(fresh, 2025, "quick_report")
    assert report.status == "provisional" and [one["check"] for one in report.waived] == ["core.stay_several_persons"]
    page = (report.folder / "checks.html").read_text(encoding="utf-8")
    assert "已豁免，至 2030-04-30，王敏：四月补送" in page and "waived until 2030-04-30 by 王敏" in page
    making._say_waived(fresh, report.waived)
    assert "core.stay_several_persons（1）  至 2030-04-30，王敏：四月补送" in capsys.readouterr().out


def test_L30_no_vintage_lists_files_that_its_numbers_do_not_hold(fresh: Settings) -> None:
    with duckdb.connect(str(fresh.warehouse)) as connection:
        connection.execute("insert into ops.load values (2, 'setl_d', 'setl_d_202601.csv', 'cd34', 100, 100, 0)")
    with pytest.raises(UserError, match="taken in after the draft") as refused:
        freeze(fresh, 2025, "quick_report")
    assert refused.value.where == "setl_d_202601.csv"
    make_publication(fresh, 2025, run_id=RUN_ID)
    assert freeze(fresh, 2025, "quick_report").rows > 0


def test_every_figure_of_frozen_documents_is_among_the_frozen_values(fresh: Settings) -> None:
    folder = freeze(fresh, 2025, "bulletin").folder
    frozen = pl.read_parquet(folder / "values.parquet")
    kept = set(frozen.select("indicator_id", "year", "region_code").iter_rows())
    with (folder / "tables" / "figures.csv").open(encoding="utf-8-sig") as stream:
        printed = {
            (row["indicator_id"], int(row["year"]), row["region_code"])
            for row in csv.DictReader(stream)
            if row["kind"] == "level" and row["value"]
        }
    assert {year for _, year, _ in printed} == {2023, 2024, 2025}
    assert printed <= kept


def test_a_wrong_vintage_name_is_a_message(fresh: Settings) -> None:
    for name in ("final", "2026-03-01_final", "../2026-03-01_draft"):
        with pytest.raises(UserError, match="Not the name of a vintage"):
            make_publication(fresh, 2025, vintage=name)


def test_a_home_without_indicators_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no indicator table"):
        make_publication(Settings(home=tmp_path / "empty", key_file=tmp_path / "key"), 2025)
