"""The whole document from the sources: title, sections, tables, comparison, notes and definitions, in reading order.

Belongs here: assembling. Does not belong here: sentences, table layouts, formats.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.bulletin import references
from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.definitions import definition_tables
from dagster_project.bulletin.document import (
    Block,
    Document,
    Heading,
    Inlines,
    Paragraph,
    Quoted,
    Table,
    Words,
    YearRun,
)
from dagster_project.bulletin.notes import Notes
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.sections import SectionComposer, numeral, source_note, spoken_indicators
from dagster_project.bulletin.tables import TableComposer
from dagster_project.bulletin.wording import Wording
from dagster_project.language import Text

_FOLDER = Path(__file__).parent
KINDS = {
    "draft": Text("草稿", "draft"),
    "monthly": Text("月报", "monthly"),
    "quick_report": Text("统计快报", "quick report"),
    "bulletin": Text("统计公报", "bulletin"),
    "yearbook": Text("统计年鉴", "yearbook"),
}
SYNTHETIC = Words("合成数据，非真实统计，仅供演示与测试，不得引用", "Synthetic data, not real statistics: do not quote")


@lru_cache(maxsize=1)
def load_outline() -> dict[str, Any]:
    """The outline of the bulletin."""
    content: dict[str, Any] = yaml.load((_FOLDER / "outline.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content


@lru_cache(maxsize=1)
def load_note_texts() -> dict[str, Any]:
    """Wording of the notes."""
    content: dict[str, Any] = yaml.load((_FOLDER / "notes.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content


def make_book(sources: Sources) -> FigureBook:
    """The figures of one home under the names that a province's bulletin uses, by the definitions in force."""
    return _make_book(sources, *_worded_outline(sources))


def _worded_outline(sources: Sources) -> tuple[Wording, dict[str, Any]]:
    wording = Wording(sources)
    outline: dict[str, Any] = wording.fill(load_outline())
    return wording, outline


def _make_book(sources: Sources, wording: Wording, outline: dict[str, Any]) -> FigureBook:
    names = {key: Text(**value) for key, value in outline["names"].items()}
    return FigureBook(sources, wording, names, outline["decimals"], list(spoken_indicators(outline["sections"])))


def compose(sources: Sources, vintage: str, introduction: str = "") -> Document:
    """The bulletin of one year; `introduction` is the hand-written paragraph of context, printed as it is."""
    wording, outline = _worded_outline(sources)
    book = _make_book(sources, wording, outline)
    notes = Notes(book, load_note_texts())
    title = _title(sources, outline)
    state = _state(sources)
    header = (*_header(vintage, title), *((Words("　"), *state) if state else ()))
    document = Document(title=title, header=header, is_synthetic=sources.synthetic, state=state)
    if sources.synthetic:
        document.banner = (SYNTHETIC,)
    document.facts = _facts(sources, vintage)
    document.regions = {references.NATION: "全国", **sources.region_names}
    if introduction:
        document.blocks += [Paragraph((Quoted(line, "导言"),)) for line in introduction.splitlines() if line.strip()]
    blocks, sections = SectionComposer(book, outline, notes, source_note(book)).compose()
    document.blocks += blocks
    tables = TableComposer(book, outline).compose()
    document.blocks += [_heading(sections + 1, "统计表", "Statistical tables", "tables"), *tables]
    document.blocks += _comparison(book, sections + 2, len(tables))
    has_comparison = any(isinstance(block, Table) and block.is_reference for block in document.blocks)
    section = sections + 2 + int(has_comparison)
    definitions = definition_tables(document, sources, wording, len(document.tables()) + 1)
    document.blocks.append(_heading(section, "注释与口径", "Notes and definitions", "notes"))
    document.blocks += [Paragraph((run, Words(" "), *parts), "note") for run, parts in notes.listed()]
    document.blocks += definitions
    return document


def _heading(number: int, zh: str, en: str, anchor: str) -> Heading:
    return Heading(1, (Words(f"{numeral(number)}、"), Words(zh, en)), anchor)


def _title(sources: Sources, outline: dict[str, Any]) -> Inlines:
    region = sources.region_names.get(sources.region, sources.region)
    name = outline["title"]
    return (YearRun(sources.year), Words("年", " "), Quoted(region, "core.dim_region"), Words(name["zh"], name["en"]))


def _header(vintage: str, title: Inlines) -> Inlines:
    return (*title, Words("　"), Quoted(vintage, "vintage"))


def _state(sources: Sources) -> Inlines:
    if not sources.is_recalled:
        return ()
    day = Quoted(sources.as_of.isoformat(), "vintage")
    return (
        Words("截至 ", "as of "),
        day,
        Words("（按该日已交付的数据重算）", " (recomputed from what had been delivered by then)"),
    )


def _facts(sources: Sources, vintage: str) -> list[tuple[Words, Inlines]]:
    kind = KINDS.get(vintage.partition("_")[2], KINDS["draft"])
    final = kind is KINDS["bulletin"]
    status = Words("最终数", "final") if final else Words("初步数", "provisional")
    return [
        (Words("版次", "Vintage"), (Quoted(vintage, "vintage"), Words(f"（{kind.zh}）", f" ({kind.en})"))),
        (Words("数据截至", "Data as of"), _state(sources) or (Quoted(sources.as_of.isoformat(), "vintage"),)),
        (Words("数据性质", "Status"), (status,)),
    ]


def _comparison(book: FigureBook, section: int, tables: int) -> list[Block]:
    texts = load_note_texts()
    builders = (
        references.national_table,
        lambda book, number: references.province_table(book, number, texts["publishers"]),
        lambda book, number: references.findings_table(book, number, texts["exceptions"]),
    )
    found: list[Block] = []
    for build in builders:
        table = build(book, tables + len(found) + 1)
        found += [table] if table else []
    if not found:
        return []
    lead = Words("以下为国家和地方已公布的数据，取自公开文件，与本公报自行计算的数字分开列示。", "Published elsewhere.")
    return [
        _heading(section, "与已公布数据的对照", "Published reference series", "references"),
        Paragraph((lead,)),
        *found,
    ]
