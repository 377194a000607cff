"""Measures of tables that the page, the Word file and the workbook share.

Belongs here: how long a text is in print, what a column holds. Does not belong here: any file format.
"""

from __future__ import annotations

import math

from dagster_project.bulletin.document import Inlines, Table, Words, plain

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
