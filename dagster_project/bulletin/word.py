"""The bulletin as a Word file that an editor can go on writing in.

Belongs here: paragraphs, tables, pictures. Does not belong here: styles (`word_styles`), what is said. The bytes depend on
the document alone: dates inside the file are those of the vintage.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from docx import Document as new_document
from docx.document import Document as WordDocument
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dagster_project.bulletin import word_styles
from dagster_project.bulletin.charts import description
from dagster_project.bulletin.document import Chart, Document, Heading, Inlines, NoteRun, Paragraph, Table, Words, plain
from dagster_project.bulletin.register import caption

_LONGEST_ON_ONE_LINE = 18.0
_ROWS_KEPT_TOGETHER = 22  # a table that fits a page is not torn apart
_MM_PER_CHARACTER, _MM_OF_MARGINS = 1.7, 3.2  # Latin characters of the table style
_FIRST_DATE_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def _write(paragraph: Any, parts: Inlines) -> None:
    """Runs of a paragraph: note references raised, everything else joined."""
    text = ""
    for part in parts:
        if isinstance(part, NoteRun):
            paragraph.add_run(text)
            paragraph.add_run(part.text()).font.superscript = True
            text = ""
        else:
            text += part.text()
    if text:
        paragraph.add_run(text)


def _mark_header(row: Any) -> None:
    """Repeat this row on every page that the table reaches, and keep it whole."""
    properties = row._tr.get_or_add_trPr()
    for name in ("w:cantSplit", "w:tblHeader"):
        properties.append(OxmlElement(name))


def _length(text: str) -> float:
    """Printed length in digits: a Chinese character is two wide, a Latin letter a little more than a digit."""
    return sum(2.0 if ord(character) > 0x2E7F else 1.15 if character.isalpha() else 1.0 for character in text)


def _header_length(parts: Inlines) -> float:
    """What a header needs: its words on two lines, a trailing unit in brackets on one."""
    last = parts[-1] if parts else None
    if len(parts) > 1 and isinstance(last, Words) and last.zh.startswith("（"):
        return max(_half(_length(plain(parts[:-1]))), _length(last.zh))
    return _half(_length(plain(parts)))


def _half(length: float) -> float:
    """Length of the longer of two lines, in whole Chinese characters."""
    return 2.0 * math.ceil(length / 4)


def _is_unit(table: Table, index: int) -> bool:
    return plain(table.columns[index]) == "单位"


def _widths(table: Table) -> list[Any]:
    """Column widths from the contents: numbers on one line, headers on three at most, texts share what is left."""
    listed = [[plain(row.header) for row in table.rows]]
    listed += [[plain(row.cells[index]) for row in table.rows] for index in range(len(table.columns))]
    fixed: dict[int, float] = {}
    wanted: dict[int, float] = {}
    for position, contents in enumerate(listed):
        longest = max((_length(text) for text in contents), default=0.0)
        if longest > _LONGEST_ON_ONE_LINE:
            wanted[position] = min(longest, 70.0)
        else:
            header = _header_length(table.corner if position == 0 else table.columns[position - 1])
            fixed[position] = max(longest, header, 4.0) * _MM_PER_CHARACTER + _MM_OF_MARGINS
    whole = word_styles.CONTENT_WIDTH.mm
    left = max(whole - sum(fixed.values()), whole * 0.3)
    # Texts need no more than their length: what is over then goes to all columns alike.
    share = min(left / max(sum(wanted.values()), 1.0), 1.3 * _MM_PER_CHARACTER)
    needs = fixed | {position: size * share for position, size in wanted.items()}
    factor = whole / sum(needs.values())
    return [Mm(needs[position] * factor) for position in range(len(listed))]


def _header_cell(cell: Any, parts: Inlines, style: str) -> None:
    """A column header; a trailing unit in brackets stands on a line of its own."""
    last = parts[-1]
    if len(parts) > 1 and isinstance(last, Words) and last.zh.startswith("（"):
        _fill(cell, parts[:-1], WD_ALIGN_PARAGRAPH.CENTER, style, bold=True)
        paragraph = cell.paragraphs[0]
        paragraph.add_run().add_break()
        paragraph.add_run(last.text())
    else:
        _fill(cell, parts, WD_ALIGN_PARAGRAPH.CENTER, style, bold=True)


def _fill(
    cell: Any, parts: Inlines, alignment: WD_ALIGN_PARAGRAPH, style: str, indent: int = 0, bold: bool = False
) -> None:
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style  # the id itself: setting by object looks through all styles each time
    paragraph.alignment = alignment
    if indent:
        paragraph.paragraph_format.left_indent = Mm(3)
    _write(paragraph, parts)
    if bold:
        for run in paragraph.runs:
            run.font.bold = True


def _table(document: WordDocument, table: Table) -> None:
    document.add_paragraph(caption(table), style="Caption")
    width = len(table.columns) + 1
    grid = document.add_table(rows=len(table.rows) + 1, cols=width)
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    word_styles.table_frame(grid._tbl.tblPr)
    cells = grid._cells  # one list, once: the accessors of rows and columns rebuild it each time
    has_prose = any(not _is_unit(table, index) for index in table.text_columns)
    is_short = len(table.rows) <= _ROWS_KEPT_TOGETHER and not has_prose
    loose = document.styles["Table Text"].style_id
    style = document.styles["Table Text Together"].style_id if is_short else loose
    widths = _widths(table)
    for position, size in enumerate(widths):
        grid.columns[position].width = size
    for position, cell in enumerate(cells):
        cell.width = widths[position % width]
    for position, parts in enumerate((table.corner, *table.columns)):
        _header_cell(cells[position], parts, style)
        word_styles.line_below(cells[position])
    _mark_header(grid.rows[0])
    has_total = len(table.rows) > 1 and not table.rows[0].indent and all(row.indent for row in table.rows[1:])
    for number, row in enumerate(table.rows, 1):
        bold = has_total and number == 1
        line = cells[number * width : (number + 1) * width]
        style = loose if number == len(table.rows) and not table.notes else style
        _fill(line[0], row.header, WD_ALIGN_PARAGRAPH.LEFT, style, row.indent, bold)
        for index, parts in enumerate(row.cells):
            alignment = (
                WD_ALIGN_PARAGRAPH.CENTER
                if _is_unit(table, index)
                else WD_ALIGN_PARAGRAPH.LEFT
                if index in table.text_columns
                else WD_ALIGN_PARAGRAPH.RIGHT
            )
            _fill(line[index + 1], parts, alignment, style, bold=bold)
    for note in table.notes:
        document.add_paragraph(plain(note), style="Table Note")


def _chart(document: WordDocument, chart: Chart, picture: bytes) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = Pt(8)
    shape = paragraph.add_run().add_picture(io.BytesIO(picture), width=Mm(135))
    properties = shape._inline.docPr
    properties.set("descr", description(chart))
    properties.set("title", caption(chart))


def render_word(document: Document, pictures: Mapping[str, bytes], as_of: date, vintage: str) -> bytes:
    """The Word file; `pictures` are the charts' PNG by key."""
    word = new_document()
    word_styles.prepare(word)
    mark = "合成数据 synthetic" if document.is_synthetic else ""
    word_styles.header_and_footer(word, plain(document.header), mark)
    _properties(word, document, as_of, vintage)
    if document.is_synthetic:
        word.add_paragraph(plain(document.banner), style="Synthetic Mark")
    word.add_paragraph(plain(document.title), style="Title")
    facts = "　　".join(f"{label.text()}：{plain(parts)}" for label, parts in document.facts)
    word.add_paragraph(facts, style="Bulletin Facts")
    for block in document.blocks:
        if isinstance(block, Heading):
            word.add_paragraph(plain(block.title), style=f"Heading {block.level}")
        elif isinstance(block, Table):
            _table(word, block)
        elif isinstance(block, Chart):
            _chart(word, block, pictures[block.key])
        elif isinstance(block, Paragraph):
            is_note = block.kind == "note"
            paragraph = word.add_paragraph(style="Bulletin Note" if is_note else "Bulletin Text")
            if is_note:
                paragraph.paragraph_format.left_indent = Mm(8)
                paragraph.paragraph_format.first_line_indent = Mm(-8)
                paragraph.add_run(block.parts[0].text())
                _write(paragraph, block.parts[1:])
            else:
                _write(paragraph, block.parts)
    buffer = io.BytesIO()
    word.save(buffer)
    return _dated_alike(buffer.getvalue())


def _properties(word: WordDocument, document: Document, as_of: date, vintage: str) -> None:
    moment = datetime(as_of.year, as_of.month, as_of.day)
    properties = word.core_properties
    properties.title = plain(document.title)
    properties.author = "医疗保障统计仓库"
    properties.last_modified_by = "医疗保障统计仓库"
    properties.subject = vintage
    properties.keywords = "合成数据; synthetic" if document.is_synthetic else ""
    properties.comments = plain(document.banner)
    properties.language = "zh-CN"
    properties.created = properties.modified = moment
    properties.revision = 1
    fonts = word.styles.element.find(qn("w:docDefaults"))
    language = fonts.find(".//" + qn("w:lang")) if fonts is not None else None
    if language is not None:
        language.set(qn("w:eastAsia"), "zh-CN")


def _dated_alike(content: bytes) -> bytes:
    """The same package with one date on every part, so that equal documents are equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            information = zipfile.ZipInfo(name, _FIRST_DATE_OF_ZIP)
            information.compress_type = zipfile.ZIP_DEFLATED
            information.external_attr = 0o600 << 16
            target.writestr(information, source.read(name))
    return buffer.getvalue()
