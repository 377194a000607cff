"""Styles of the Word file: real heading, caption and table styles with East-Asian font names, header and page numbers.

Belongs here: how the Word file looks. Does not belong here: its content.
"""

from __future__ import annotations

from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

BODY, SANS, LATIN = "仿宋", "黑体", "Times New Roman"
TITLE_FONT, SECOND = "宋体", "楷体"
ALARM = RGBColor(0x9C, 0x1C, 0x13)
INK = RGBColor(0, 0, 0)
CONTENT_WIDTH = Mm(160)
TABLE_POINTS = 8.5


def set_font(style: Any, east_asian: str, size: float, bold: bool = False, colour: RGBColor = INK) -> None:
    """Latin and East-Asian font of a style; Word takes the latter from an attribute that python-docx does not set."""
    style.font.name = LATIN
    style.font.size = Pt(size)
    style.font.bold = bold
    style.font.italic = False
    style.font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        if fonts.get(qn(attribute)) is not None:
            del fonts.attrib[qn(attribute)]
    fonts.set(qn("w:eastAsia"), east_asian)


def _paragraph(style: Any, before: float, after: float, indent: bool = False, line: float | None = None) -> None:
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.first_line_indent = Pt(style.font.size.pt * 2) if indent else None
    form.line_spacing_rule = WD_LINE_SPACING.MULTIPLE
    form.line_spacing = line or 1.0


def _style(document: WordDocument, name: str, base: str = "Normal") -> Any:
    styles = document.styles
    if name in [style.name for style in styles]:
        return styles[name]
    style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = styles[base]
    return style


def prepare(document: WordDocument) -> None:
    """Page, styles and their fonts; official documents set 仿宋 for text, 黑体 and 楷体 for headings."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(28), Mm(25)
    section.left_margin = section.right_margin = Mm(25)
    styles = document.styles
    set_font(styles["Normal"], BODY, 12)
    _paragraph(styles["Normal"], 0, 0)
    for name, font, size, bold, before, after in (
        ("Title", TITLE_FONT, 19, True, 6, 12),
        ("Heading 1", SANS, 15, False, 18, 8),
        ("Heading 2", SECOND, 14, True, 12, 6),
        ("Heading 3", BODY, 12.5, True, 8, 4),
        ("Caption", SANS, 10.5, False, 12, 4),
    ):
        style = styles[name]
        set_font(style, font, size, bold)
        _paragraph(style, before, after)
        style.paragraph_format.keep_with_next = True
    title = styles["Title"]
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    borders = title.element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is not None:
        title.element.get_or_add_pPr().remove(borders)
    styles["Caption"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for name, font, size, indent, line in (
        ("Bulletin Text", BODY, 12, True, 1.5),
        ("Bulletin Note", BODY, 10, False, 1.25),
        ("Bulletin Facts", SECOND, 11, False, 1.2),
        ("Table Text", TITLE_FONT, TABLE_POINTS, False, 1.0),
        ("Table Text Together", TITLE_FONT, TABLE_POINTS, False, 1.0),
        ("Table Note", TITLE_FONT, TABLE_POINTS, False, 1.1),
    ):
        style = _style(document, name)
        set_font(style, font, size)
        _paragraph(style, 0, 3 if name.startswith("Bulletin") else 0, indent, line)
    styles["Table Text Together"].paragraph_format.keep_with_next = True
    styles["Bulletin Facts"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    styles["Bulletin Facts"].paragraph_format.space_after = Pt(6)
    alarm = _style(document, "Synthetic Mark")
    set_font(alarm, SANS, 12, True, ALARM)
    _paragraph(alarm, 4, 8)
    alarm.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _field(paragraph: Any, instruction: str) -> None:
    """A field that the reader's program fills in."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = OxmlElement("w:r")
    run.append(OxmlElement("w:t"))
    field.append(run)
    paragraph._p.append(field)


def header_and_footer(document: WordDocument, header: str, mark: str) -> None:
    """Running header (with the mark of invented data in front) and centred page number."""
    section = document.sections[0]
    line = section.header.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if mark:
        run = line.add_run(f"【{mark}】 ")
        run.font.color.rgb, run.font.bold, run.font.size = ALARM, True, Pt(9)
    line.add_run(header).font.size = Pt(9)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("— ")
    _field(foot, "PAGE")
    foot.add_run(" —")
