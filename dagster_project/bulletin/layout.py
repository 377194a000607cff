"""Measures of tables that the page, the Word file and the workbook share.

Belongs here: how long a text is in print, what a column holds. Does not belong here: any file format.
"""

from __future__ import annotations

import math

from dagster_project.bulletin.document import Inlines, NumberRun, Table, Words, plain

_PAGE = 94.0  # digits of the table's size that stand well on a line of an A4 page
_MARGINS = 2.5  # of a cell, in digits
# Where they do not fit so: what the line holds at the most, the least margin, the least width of a text.
_FULL_PAGE, _LEAST_MARGINS, _LEAST_TEXT = 104.0, 1.5, 12.0
_LONGEST_ON_ONE_LINE, _LONGEST = 18.0, 70.0
_SHORT_HEADER = 8.0
_SHORT_TEXT = 12.0  # four Chinese characters and a little: such a text is never broken over lines


def length(text: str) -> float:
    """Printed length in digits: a Chinese character is two wide, a Latin letter a little more than a digit."""
    return sum(2.0 if ord(character) > 0x2E7F else 1.15 if character.isalpha() else 1.0 for character in text)


def lines(text: str, width: float) -> int:
    """Lines that a text takes in a column of this width in digits."""
    return sum(max(1, math.ceil(length(part) / max(width, 1.0))) for part in text.split("\n"))


def is_unit(table: Table, index: int) -> bool:
    """True for the column of units."""
    return plain(table.columns[index]) == "单位"


def is_short(table: Table, index: int) -> bool:
    """True for a column that is never broken over lines: short texts, codes, dates, and lists of numbers of any length."""
    cells = [row.cells[index] for row in table.rows if not row.is_group]
    parts = [part for cell in cells for part in cell]
    if any(isinstance(part, NumberRun) for part in parts):
        return all(isinstance(part, NumberRun | Words) for part in parts)
    return max((length(plain(cell)) for cell in cells), default=0.0) <= _SHORT_TEXT


def parted(parts: Inlines) -> tuple[Inlines, Inlines]:
    """A column header in its words and the unit in brackets behind them, which stands on a line of its own."""
    last = parts[-1] if parts else None
    if len(parts) > 1 and isinstance(last, Words) and last.zh.startswith("（") and last.zh.endswith("）"):
        return parts[:-1], (last,)
    return parts, ()


def column_shares(table: Table) -> list[float]:
    """Widths of the columns of a table on a page, as shares of it.

    Numbers stand on one line, headers on two at most; texts get what is left by their length, and what they do not need goes
    to all columns alike.
    """
    needs = _needs(table)
    return [need / sum(needs) for need in needs]


def text_scale(table: Table) -> float:
    """How far the text of a table has to shrink on a page so that no number is broken over lines; 1 where it need not."""
    return min(1.0, _FULL_PAGE / sum(_needs(table)))


def _needs(table: Table) -> list[float]:
    """Widths of the columns in digits: at their ease where the page allows it, else with what they cannot do without."""
    rows = [row for row in table.rows if not row.is_group]
    longest = [max((length(plain(row.header)) + 2 * row.indent for row in rows), default=0.0)]
    longest += [
        max((length(plain(row.cells[index])) for row in rows), default=0.0) for index in range(len(table.columns))
    ]
    broken = [size > _LONGEST_ON_ONE_LINE for size in longest]
    broken[1:] = [one and not is_short(table, index) for index, one in enumerate(broken[1:])]
    texts = {place: min(longest[place], _LONGEST) for place, one in enumerate(broken) if one}
    headers = [_header_length(parts) for parts in (table.corner, *table.columns)]
    sizes = [max(size, header, 4.0) for size, header in zip(longest, headers, strict=True)]
    fixed = [size + _MARGINS for place, size in enumerate(sizes) if place not in texts]
    left = _PAGE - sum(fixed)
    if left < (_PAGE * 0.3 if texts else 0.0):
        fixed = [size + _LEAST_MARGINS for place, size in enumerate(sizes) if place not in texts]
        left = max(_FULL_PAGE - sum(fixed), _LEAST_TEXT * len(texts))
    wanted = {place: size + _MARGINS for place, size in texts.items()}
    share = min(left / max(sum(wanted.values()), 1.0), 1.3)
    of_fixed = iter(fixed)
    return [wanted[place] * share if place in wanted else next(of_fixed) for place in range(len(sizes))]


def _header_length(parts: Inlines) -> float:
    """What a header needs: four Chinese characters on a line, more on two; a trailing unit in brackets on one."""
    words, unit = parted(parts)
    size = length(plain(words))
    return max(size if size <= _SHORT_HEADER else 2.0 * math.ceil(size / 4), length(plain(unit)))
