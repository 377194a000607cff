"""Tables of the Word file, written as the format's own XML: the object model of python-docx takes ten times as long.

Belongs here: cells, borders, what stays together on a page. Does not belong here: widths (`layout`), paragraphs, pictures.
The order of elements is fixed by the format; Word calls a file with another order damaged.
"""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from dagster_project.bulletin.document import Row, Table, plain
from dagster_project.bulletin.layout import column_shares, is_short, is_unit, parted, text_scale
from dagster_project.bulletin.word_styles import TABLE_POINTS

_ROWS_KEPT_TOGETHER = 22  # a table that fits a page is not torn apart
_TWIPS_PER_MM = 1440 / 25.4
_INDENT = 170  # twips
_RULE = '<w:{edge} w:val="single" w:sz="{size}" w:space="0" w:color="{colour}"/>'
_INK, _HAIR = "1A1A1A", "B8BEC6"


def table_element(table: Table, style: str, together: str, whole_mm: float) -> Any:
    """The table as an element; `style` and `together` are ids of the paragraph styles of its cells.

    `together` keeps a row on the page of the next one: used throughout a table that fits a page, and under the header.
    """
    size = math.floor(2 * TABLE_POINTS * text_scale(table))
    look = "" if size == 2 * TABLE_POINTS else f'<w:sz w:val="{size}"/>'
    widths = [round(share * whole_mm * _TWIPS_PER_MM) for share in column_shares(table)]
    has_prose = any(not is_short(table, index) for index in table.text_columns)
    is_kept = len(table.rows) <= _ROWS_KEPT_TOGETHER and not has_prose
    has_total = len(table.rows) > 1 and not table.rows[0].indent and all(row.indent for row in table.rows[1:])
    rows = [_header(table, widths, together, look)]
    for number, row in enumerate(table.rows):
        is_last = number == len(table.rows) - 1
        keeps = row.is_group or (is_kept and not (is_last and not table.notes))
        rows.append(_row(table, row, widths, together if keeps else style, look, has_total and number == 0))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{_borders()}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/>'
        '</w:tblCellMar><w:tblLook w:val="04A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" w:lastColumn="0" '
        f'w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(rows)}</w:tbl>'
    )


def _borders() -> str:
    edges = (("top", 12, _INK), ("bottom", 12, _INK), ("insideH", 2, _HAIR))
    return "".join(_RULE.format(edge=edge, size=size, colour=colour) for edge, size, colour in edges)


def _header(table: Table, widths: list[int], style: str, look: str) -> str:
    cells = []
    for width, parts in zip(widths, (table.corner, *table.columns), strict=True):
        words, unit = parted(parts)
        text = _run(plain(words), look, is_bold=True) + (f"<w:r><w:br/></w:r>{_run(plain(unit), look)}" if unit else "")
        below = f"<w:tcBorders>{_RULE.format(edge='bottom', size=6, colour=_INK)}</w:tcBorders>"
        cells.append(_cell(width, text, style, "center", below))
    return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"


def _row(table: Table, row: Row, widths: list[int], style: str, look: str, is_bold: bool) -> str:
    if row.is_group:
        span = f'<w:gridSpan w:val="{len(widths)}"/>'
        cells = _cell(sum(widths), _run(plain(row.header), look, is_bold=True), style, "left", span)
    else:
        cells = _cell(widths[0], _run(plain(row.header), look, is_bold), style, "left", indent=_INDENT * row.indent)
        for index, parts in enumerate(row.cells):
            side = "center" if is_unit(table, index) else "left" if index in table.text_columns else "right"
            cells += _cell(widths[index + 1], _run(plain(parts), look, is_bold), style, side)
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>"


def _cell(width: int, runs: str, style: str, side: str, more: str = "", indent: int = 0) -> str:
    left = f'<w:ind w:left="{indent}"/>' if indent else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{more}<w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{left}<w:jc w:val="{side}"/></w:pPr>{runs}</w:p></w:tc>'
    )


def _run(text: str, look: str, is_bold: bool = False) -> str:
    """A run of text; `look` is what its properties hold beside bold, in the order of the format."""
    if not text:
        return ""
    properties = ("<w:b/>" if is_bold else "") + look
    properties = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
