"""The bulletin as a Word file that an editor can go on writing in.

Belongs here: paragraphs, pictures, their order. Does not belong here: tables (`word_tables`), styles (`word_styles`), what is
said. The bytes depend on the document alone: dates inside the file are those of the vintage.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from docx import Document as new_document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dagster_project.bulletin import word_styles
from dagster_project.bulletin.charts import description
from dagster_project.bulletin.document import Chart, Document, Heading, Inlines, NoteRun, Paragraph, Table, plain
from dagster_project.bulletin.register import caption
from dagster_project.bulletin.word_tables import table_element

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


class _Writer:
    """Adds paragraphs to a Word file; styles are set by id, as by name all of them are looked through each time."""

    def __init__(self, document: WordDocument) -> None:
        self.document = document
        self.styles = {str(style.name): style.style_id for style in document.styles}

    def paragraph(self, style: str, text: str = "") -> Any:
        """A paragraph at the end."""
        paragraph = self.document.add_paragraph(text)
        paragraph._p.style = self.styles[style]
        return paragraph

    def table(self, table: Table) -> None:
        """A table under its caption, its notes below."""
        title = self.paragraph("Caption", caption(table))
        style, together = self.styles["Table Text"], self.styles["Table Text Together"]
        title._p.addnext(table_element(table, style, together, word_styles.CONTENT_WIDTH.mm))
        for note in table.notes:
            self.paragraph("Table Note", plain(note))


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
    writer = _Writer(word)
    if document.is_synthetic:
        writer.paragraph("Synthetic Mark", plain(document.banner))
    writer.paragraph("Title", plain(document.title))
    facts = "　　".join(f"{label.text()}：{plain(parts)}" for label, parts in document.facts)
    writer.paragraph("Bulletin Facts", facts)
    for block in document.blocks:
        if isinstance(block, Heading):
            writer.paragraph(f"Heading {block.level}", plain(block.title))
        elif isinstance(block, Table):
            writer.table(block)
        elif isinstance(block, Chart):
            _chart(word, block, pictures[block.key])
        elif isinstance(block, Paragraph):
            is_note = block.kind == "note"
            paragraph = writer.paragraph("Bulletin Note" if is_note else "Bulletin Text")
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
