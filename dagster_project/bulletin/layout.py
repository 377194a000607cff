"""Measures of tables that the page, the Word file and the workbook share.

Belongs here: how long a text is in print, what a column holds. Does not belong here: any file format.
"""

from __future__ import annotations

import math

from dagster_project.bulletin.document import Inlines, Table, Words, plain

_PAGE = 94.0  # digits of the table's size on a line of an A4 page
_MARGINS = 2.5  # of a cell, in digits
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
    """True for a column of short texts, codes and dates."""
    return max((length(plain(row.cells[index])) for row in table.rows if not row.is_group), default=0.0) <= _SHORT_TEXT


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
    rows = [row for row in table.rows if not row.is_group]
    longest = [max((length(plain(row.header)) + 2 * row.indent for row in rows), default=0.0)]
    longest += [
        max((length(plain(row.cells[index])) for row in rows), default=0.0) for index in range(len(table.columns))
    ]
    headers = [_header_length(parts) for parts in (table.corner, *table.columns)]
    needs = [max(size, header, 4.0) + _MARGINS for size, header in zip(longest, headers, strict=True)]
    wanted = {
        place: min(size, _LONGEST) + _MARGINS for place, size in enumerate(longest) if size > _LONGEST_ON_ONE_LINE
    }
    left = max(_PAGE - sum(need for place, need in enumerate(needs) if place not in wanted), _PAGE * 0.3)
    share = min(left / max(sum(wanted.values()), 1.0), 1.3)
    for place, size in wanted.items():
        needs[place] = size * share
    return [need / sum(needs) for need in needs]


def _header_length(parts: Inlines) -> float:
    """What a header needs: four Chinese characters on a line, more on two; a trailing unit in brackets on one."""
    words, unit = parted(parts)
    size = length(plain(words))
    return max(size if size <= _SHORT_HEADER else 2.0 * math.ceil(size / 4), length(plain(unit)))
