"""Making the draft publication of a year: read, compose, render, write aside, put in place.

Belongs here: the order of these steps and the report on them. Does not belong here: any of the steps; Dagster.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.bulletin import charts, release, store
from dagster_project.bulletin import folder as folders
from dagster_project.bulletin.annex import Sheet, annex_sheets
from dagster_project.bulletin.compose import KINDS, compose
from dagster_project.bulletin.data_tables import csv_text, register_data, table_data
from dagster_project.bulletin.document import Document, Paragraph, plain
from dagster_project.bulletin.family_aid import family_sheet
from dagster_project.bulletin.outsiders import outsider_sheet
from dagster_project.bulletin.reading import Sources, read_raw_values, read_sources
from dagster_project.checks.store import newest_results
from dagster_project.disclosure import Disclosed, Parameters, load_parameters
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.serving.disclosed import disclosed
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class PublicationReport:
    """What was made: the folder, its vintage and its main files by name."""

    folder: Path
    vintage: str
    year: int
    paths: dict[str, Path] = field(default_factory=dict)
    figures: int = 0
    suppressed: int = 0
    synthetic: bool = False
    frozen: bool = False  # the vintage was frozen before: its documents were left alone


def make_publication(
    settings: Settings,
    year: int,
    run_id: str = "",
    vintage: str | None = None,
    on_progress: Progress | None = None,
    root: Path | None = None,
    region: str | None = None,
) -> PublicationReport:
    """Write <root>/<year>/<vintage>/ and the publication's tables of the warehouse; `root` defaults to HOME/publication.

    With `region`, the code of a prefecture, it is that place's own bulletin: <root>/region/<code>/<year>/<vintage>/.
    `vintage` defaults to `<as-of date>_draft`. A frozen vintage is never touched: the report says so. Raises UserError when
    there is no indicator of that year or the vintage has another form.
    """
    tell = on_progress or (lambda fraction, detail: None)
    parameters = load_parameters()
    with _painters() as painters:
        painters.submit(charts.warm_up)
        with connect(settings) as connection:
            cleared = disclosed_values(connection, parameters)
            sources = read_sources(connection, year, parameters, cleared.values, region, cleared.cubes)
            name = vintage or f"{sources.as_of.isoformat()}_draft"
            _check_name(name)
            store.write_tables(connection, settings.publication, cleared, f"{sources.as_of.isoformat()}_draft")
            # These documents are still to be judged: what the last stage said was about others.
            results = [result for result in newest_results(connection) if result.stage != "publication"]
        # Fractions are shares of the seconds: most of them go into disclosure control.
        tell(0.6, name)
        place = folders.place_within(settings.publication, region, year, name)
        folders.recover(place)
        if release.read(place).get("frozen"):
            return PublicationReport(place, name, year, paths_of(place), synthetic=sources.synthetic, frozen=True)
        target = folders.place_within(root or settings.publication, region, year, name)
        document = compose(sources, name, introduction_of(settings, year, region))
        tell(0.63, name)
        with folders.replaced(target) as aside:
            write_documents(aside, document, sources, name, painters)
            tell(0.97, name)
            digest = store.digest(store.values_of_vintage(cleared.values, year))
            release.write(aside, release.describe(sources, document, parameters, name, run_id, digest, results))
    descriptor = release.read(target)
    return PublicationReport(
        folder=target,
        vintage=name,
        year=year,
        paths=paths_of(target),
        figures=descriptor["figures_printed"],
        suppressed=descriptor["disclosure"]["suppressed_annual_values"],
        synthetic=sources.synthetic,
    )


def disclosed_values(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> Disclosed:
    """Working values and served cubes after disclosure control, and the record of its decisions."""
    return disclosed(connection, read_raw_values(connection), parameters)


def _check_name(name: str) -> None:
    if not store.is_vintage_name(name) or name.partition("_")[2] not in KINDS:
        raise UserError(
            Text(f"版次名称有误：{name}", f"Not the name of a vintage: {name}"),
            where="<YYYY-MM-DD>_<" + "|".join(KINDS) + ">",
            todo=Text("请使用“数据截至日期_类别”的形式。", "Write it as <as-of date>_<kind>."),
        )


def introduction_of(settings: Settings, year: int, region: str | None = None) -> str:
    """The hand-written paragraph of context, HOME/editorial/[<region>/]<year>.txt; '' where the editor wrote none."""
    path = settings.home / "editorial" / (region or "") / f"{year}.txt"
    if not path.exists():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            Text("导言文件不是 UTF-8 编码。", "The introduction is not UTF-8 text."),
            where=path.relative_to(settings.home).as_posix(),
            todo=Text("请另存为 UTF-8 后重新运行。", "Save it as UTF-8 and run again."),
        ) from error


def _painters() -> ThreadPoolExecutor:
    """Threads that draw while the tables are written: the converter works outside of Python."""
    return ThreadPoolExecutor(2, "painter")


def write_documents(
    target: Path, document: Document, sources: Sources, vintage: str, painters: Executor | None = None
) -> None:
    """Charts, tables, page, Word file and workbook of a document into a folder."""
    from dagster_project.bulletin.html import render_html
    from dagster_project.bulletin.word import render_word
    from dagster_project.bulletin.workbook import render_workbook

    if painters is None:
        with _painters() as own:
            write_documents(target, document, sources, vintage, own)
        return
    drawn = {chart.key: painters.submit(charts.draw, chart) for chart in document.charts()}
    (target / "tables").mkdir()
    for table in document.tables():
        (target / "tables" / f"{table.key}.csv").write_text(csv_text(table_data(document, table)), encoding="utf-8")
    (target / "tables" / "figures.csv").write_text(csv_text(register_data(document)), encoding="utf-8")
    notes = [plain(block.parts) for block in document.blocks if isinstance(block, Paragraph) and block.kind == "note"]
    (target / "bulletin.xlsx").write_bytes(render_workbook(document, sources.as_of, vintage, notes, _lists(sources)))
    svg = {key: drawing.result()[0] for key, drawing in drawn.items()}
    png = {key: drawing.result()[1] for key, drawing in drawn.items()}
    (target / "charts").mkdir()
    for key in drawn:
        (target / "charts" / f"{key}.svg").write_text(svg[key], encoding="utf-8")
        (target / "charts" / f"{key}.png").write_bytes(png[key])
    (target / "bulletin.html").write_text(render_html(document, svg, _footer()), encoding="utf-8")
    (target / "bulletin.docx").write_bytes(render_word(document, png, sources.as_of, vintage))


def _lists(sources: Sources) -> list[Sheet]:
    own = [sheet for sheet in (family_sheet(sources), outsider_sheet(sources)) if sheet is not None]
    return [*own, *annex_sheets(sources)]


def _footer() -> str:
    return "本页由统计仓库自动生成，数字均由数据库计算得出；将鼠标停在数字上可见其溯源命令，点击可转到历年数据表。"


def paths_of(target: Path) -> dict[str, Path]:
    """The main files of a publication folder by short name, those that are there."""
    names = {"html": "bulletin.html", "docx": "bulletin.docx", "xlsx": "bulletin.xlsx", "release": release.FILE}
    return {key: target / name for key, name in names.items() if (target / name).exists()}
