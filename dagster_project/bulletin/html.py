"""The bulletin as one self-contained, offline web page.

Belongs here: markup. Does not belong here: what is said. Charts are inline SVG; each figure carries the command that
explains it, and links to its row in the table of headline indicators.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from dagster_project.bulletin.charts import FONT, description
from dagster_project.bulletin.document import (
    Block,
    Chart,
    Document,
    FigureRun,
    Heading,
    Inline,
    Inlines,
    NoteRun,
    Quoted,
    Row,
    Table,
    plain,
)
from dagster_project.bulletin.figures import BREAK_MARK
from dagster_project.bulletin.layout import column_shares, is_short, is_unit, parted
from dagster_project.bulletin.register import caption

_FOLDER = Path(__file__).parent
DEFINITION = "indicator.definition"


def _figure_text(run: FigureRun, linked: Iterable[str]) -> Markup:
    figure, text = run.figure, run.text()
    if figure.kind == "reference":
        return Markup('<data value="{}" title="{}">{}</data>').format(figure.value, figure.source, text)
    if figure.anchor in linked:
        return Markup('<a class="figure" href="#{}" title="{}">{}</a>').format(
            figure.anchor, figure.explain_command, text
        )
    return Markup('<span class="figure" title="{}">{}</span>').format(figure.explain_command, text)


def _run(run: Inline, linked: Iterable[str]) -> Markup:
    if isinstance(run, FigureRun):
        return _figure_text(run, linked)
    if isinstance(run, NoteRun):
        return Markup('<sup><a href="#note-{0}">{1}</a></sup>').format(run.number, run.text())
    return escape(run.text())


def _runs(parts: Inlines, linked: Iterable[str] = ()) -> Markup:
    return Markup("").join(_run(part, linked) for part in parts)


def _label(parts: Inlines) -> Markup:
    """A label in both languages; the page shows one of them."""
    zh, en = plain(parts), plain(parts, "en")
    if zh == en:
        return escape(zh)
    return Markup('<span class="zh">{}</span><span class="en" lang="en">{}</span>').format(zh, en)


def _column(parts: Inlines) -> Markup:
    """A column header; a trailing unit in brackets goes on a line of its own."""
    words, unit = parted(parts)
    return _label(words) + (Markup('<span class="unit">{}</span>').format(_label(unit)) if unit else Markup(""))


def _style(table: Table, index: int) -> str:
    """How a column is set: numbers to the right, units in the middle, texts to the left, short ones on one line."""
    if is_unit(table, index):
        return "unit"
    if index not in table.text_columns:
        return ""
    return "text short" if is_short(table, index) else "text"


def _cell(parts: Inlines, style: str) -> Markup:
    attribute = Markup(' class="{}"').format(style) if style else Markup("")
    single = parts[0] if parts and plain(parts[1:]) in ("", BREAK_MARK) else None
    if isinstance(single, FigureRun) and single.figure.kind != "reference":
        figure = single.figure
        content = (
            escape(single.text()) if figure.has_value else Markup('<span class="mark">{}</span>').format(single.text())
        )
        return Markup('<td{} title="{}">{}{}</td>').format(attribute, figure.explain_command, content, plain(parts[1:]))
    if isinstance(single, Quoted) and single.origin == DEFINITION and single.zh.isascii():
        content = Markup("<code>{}</code>").format(single.text())
    else:
        content = _label(parts) if style else _runs(parts)
    return Markup("<td{}>{}</td>").format(attribute, content)


def _row(row: Row, styles: Sequence[str], is_total: bool) -> Markup:
    if row.is_group:
        head = Markup('<tr class="group"><th scope="row" colspan="{}">{}</th></tr>')
        return head.format(len(styles) + 1, _label(row.header))
    attributes = Markup(' id="{}"').format(row.anchor) if row.anchor else Markup("")
    attributes += Markup(' class="total"') if is_total else Markup("")
    inner = Markup(' class="inner"') if row.indent else Markup("")
    cells = Markup("").join(_cell(one, style) for one, style in zip(row.cells, styles, strict=True))
    return Markup('<tr{}><th scope="row"{}>{}</th>{}</tr>').format(attributes, inner, _label(row.header), cells)


def _table(table: Table) -> Markup:
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(_column(one)) for one in (table.corner, *table.columns)
    )
    styles = [_style(table, index) for index in range(len(table.columns))]
    first_inner = len(table.rows) > 1 and table.rows[0].indent == 0 and all(row.indent for row in table.rows[1:])
    rows = [_row(row, styles, first_inner and position == 0) for position, row in enumerate(table.rows)]
    notes = Markup("").join(
        Markup('<tr><td colspan="{}">{}</td></tr>').format(len(table.columns) + 1, _label(note)) for note in table.notes
    )
    title = Markup('<span class="zh">{}</span><span class="en" lang="en">{}</span>').format(
        caption(table), caption(table, "en")
    )
    foot = Markup("<tfoot>{}</tfoot>").format(notes) if notes else Markup("")
    columns = Markup("").join(
        Markup('<col style="width:{}%">').format(f"{100 * one:.1f}") for one in column_shares(table)
    )
    return Markup(
        '<div class="wide"><table id="table-{}"><caption>{}</caption><colgroup>{}</colgroup><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody>{}</table></div>"
    ).format(table.key, title, columns, head, Markup("").join(rows), foot)


def _block(block: Block, drawings: Mapping[str, str], linked: set[str]) -> Markup:
    if isinstance(block, Heading):
        level = block.level + 1
        anchor = Markup(' id="{}"').format(f"section-{block.anchor}") if block.anchor else Markup("")
        return Markup("<h{0}{1}>{2}</h{0}>").format(level, anchor, plain(block.title))
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Chart):
        return Markup('<figure id="chart-{}"><div role="img" aria-label="{}">{}</div></figure>').format(
            block.key, description(block), Markup(drawings[block.key])
        )
    if block.kind == "note" and isinstance(block.parts[0], NoteRun):
        note = block.parts[0]
        return Markup('<p class="note" id="note-{}">{} {}</p>').format(
            note.number, note.text(), _runs(block.parts[1:], linked)
        )
    return Markup("<p>{}</p>").format(_runs(block.parts, linked))


def _body(document: Document, drawings: Mapping[str, str]) -> Markup:
    linked = {row.anchor for table in document.tables() for row in table.rows if row.anchor}
    pieces: list[Markup] = []
    inside_reference = False
    for block in document.blocks:
        is_section = isinstance(block, Heading) and block.level == 1
        if is_section and inside_reference:
            pieces.append(Markup("</section>"))
            inside_reference = False
        if isinstance(block, Heading) and block.anchor == "references":
            pieces.append(Markup('<section class="reference">'))
            inside_reference = True
        pieces.append(_block(block, drawings, linked))
    if inside_reference:
        pieces.append(Markup("</section>"))
    return Markup("\n").join(pieces)


def _standalone(key: str, svg: str) -> str:
    """Inline SVG for a page: ids of several drawings must not meet, and the font falls back to the reader's own."""
    svg = re.sub(r"\b(clip|gradient_)(\d+)\b", rf"{key}_\1\2", svg)
    return svg.replace(f'font-family="{FONT}"', f'font-family="{FONT}, PingFang SC, Microsoft YaHei, sans-serif"')


def render_html(document: Document, drawings: Mapping[str, str], footer: str) -> str:
    """The page; `drawings` are the charts' SVG by key, `footer` one line about how it was made."""
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, keep_trailing_newline=True)
    headings = [block for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    return environment.get_template("page.html.j2").render(
        title=plain(document.title),
        synthetic=document.is_synthetic,
        banner=plain(document.banner),
        banner_en=plain(document.banner, "en"),
        css=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),
        facts=[(label.text(), plain(value)) for label, value in document.facts],
        contents=[(f"section-{heading.anchor}", plain(heading.title)) for heading in headings],
        body=_body(document, {key: _standalone(key, svg) for key, svg in drawings.items()}),
        footer=footer,
    )
