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
from dagster_project.bulletin.document import (
    Block,
    Document,
    FigureRun,
    Heading,
    Inline,
    Inlines,
    Paragraph,
    Quoted,
    Row,
    Table,
    Words,
    YearRun,
)  # fmt: skip
from dagster_project.bulletin.grammar import words
from dagster_project.bulletin.notes import Notes, pooling_in_words
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.sections import SectionComposer, numeral, source_note
from dagster_project.bulletin.tables import TableComposer
from dagster_project.dictionary.definitions import load_switches
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
    content: dict[str, Any] = yaml.safe_load((_FOLDER / "notes.yml").read_text(encoding="utf-8"))
    return content


def make_book(sources: Sources) -> FigureBook:
    """The figures of one home under the names that a province's bulletin uses."""
    names = {key: Text(**value) for key, value in load_outline()["names"].items()}
    return FigureBook(sources, names)


def compose(sources: Sources, vintage: str, introduction: str = "") -> Document:
    """The bulletin of one year; `introduction` is the hand-written paragraph of context, printed as it is."""
    outline = load_outline()
    book = make_book(sources)
    notes = Notes(book, load_note_texts())
    title = _title(sources, outline)
    document = Document(title=title, header=_header(sources, vintage, title), is_synthetic=sources.synthetic)
    if sources.synthetic:
        document.banner = (SYNTHETIC,)
    document.facts = _facts(sources, vintage)
    if introduction:
        document.blocks += [Paragraph((Quoted(line, "导言"),)) for line in introduction.splitlines() if line.strip()]
    blocks, sections = SectionComposer(book, outline, notes, source_note(book)).compose()
    document.blocks += blocks
    tables = TableComposer(book, outline).compose()
    document.blocks += [_heading(sections + 1, "统计表", "Statistical tables", "tables"), *tables]
    document.blocks += _comparison(book, sections + 2, len(tables))
    has_comparison = any(isinstance(block, Table) and block.is_reference for block in document.blocks)
    section = sections + 2 + int(has_comparison)
    definitions = _definitions(document, sources, len(document.tables()) + 1)
    document.blocks.append(_heading(section, "注释与口径", "Notes and definitions", "notes"))
    document.blocks += [Paragraph((run, Words(" "), *parts), "note") for run, parts in notes.listed()]
    document.blocks += [definitions] if definitions else []
    return document


def _heading(number: int, zh: str, en: str, anchor: str) -> Heading:
    return Heading(1, (Words(f"{numeral(number)}、"), Words(zh, en)), anchor)


def _title(sources: Sources, outline: dict[str, Any]) -> Inlines:
    region = sources.region_names.get(sources.province, sources.province)
    frame = outline["title"]
    return (
        Words(frame["before"]),
        Quoted(region, "core.dim_region"),
        YearRun(sources.year),
        Words("年"),
        Words(frame["after"]),
    )


def _header(sources: Sources, vintage: str, title: Inlines) -> Inlines:
    parts: list[Inline] = [*title[1:-1], Words("医疗保障事业发展统计公报　"), Quoted(vintage, "vintage")]
    return tuple(parts)


def _facts(sources: Sources, vintage: str) -> list[tuple[Words, Inlines]]:
    kind = KINDS.get(vintage.partition("_")[2], KINDS["draft"])
    final = kind is KINDS["bulletin"]
    status = Words("最终数", "final") if final else Words("初步数", "provisional")
    return [
        (Words("版次", "Vintage"), (Quoted(vintage, "vintage"), Words(f"（{kind.zh}）", f" ({kind.en})"))),
        (Words("数据截至", "Data as of"), (Quoted(sources.as_of.isoformat(), "vintage"),)),
        (Words("数据性质", "Status"), (status,)),
    ]


def _comparison(book: FigureBook, section: int, tables: int) -> list[Block]:
    exceptions: dict[str, str] = load_note_texts()["exceptions"]
    builders = (
        references.national_table,
        references.province_table,
        lambda book, number: references.findings_table(book, number, exceptions),
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


def _spelt_choices(sources: Sources) -> dict[str, list[Text]]:
    """The choices of every definition in plain words."""
    switches = load_switches()
    choices: dict[str, list[Text]] = {}
    for row in sources.register("indicator.definition").sort("definition_id", "switch").iter_rows(named=True):
        switch = switches.get(row["switch"])
        value = switch.values.get(str(row["value"])) if switch else None
        label = (
            switch.label
            if switch
            else Text(row.get("switch_zh") or row["switch"], row.get("switch_en") or row["switch"])
        )
        value = value or Text(str(row.get("value_zh") or row["value"]), str(row.get("value_en") or row["value"]))
        choices.setdefault(row["definition_id"], []).append(
            Text(f"{label.zh}：{pooling_in_words(value.zh)}", f"{label.en}: {value.en}")
        )
    return choices


def _definitions(document: Document, sources: Sources, number: int) -> Table | None:
    """The definitions behind the figures printed: id, choices in plain words, indicators."""
    used: dict[str, dict[str, str]] = {}
    for part in document.inlines():
        if isinstance(part, FigureRun) and part.figure.definition_id and part.figure.year == sources.year:
            used.setdefault(part.figure.definition_id, {})[part.figure.indicator_id] = part.figure.name.zh
    choices = _spelt_choices(sources)
    rows = []
    for definition, indicators in used.items():
        listed = choices.get(definition, [])
        zh, en = "；".join(text.zh for text in listed), "; ".join(text.en for text in listed)
        spelt = Quoted(zh or "无可选口径", "indicator.definition", en)
        rows.append(
            Row((Quoted(definition, "indicator.definition"),), ((spelt,), (words("、".join(indicators.values())),)))
        )
    if not rows:
        return None
    return Table(
        "definitions",
        number,
        (Words("本公报所用口径", "Definitions used"),),
        (Words("口径编号", "Definition"),),
        ((Words("口径选择", "Choices"),), (Words("适用指标", "Indicators"),)),
        tuple(rows),
        text_columns=frozenset({0, 1}),
    )
