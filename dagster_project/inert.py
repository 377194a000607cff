"""Text that a spreadsheet program shows and does not carry out.

Belongs here: cells of CSV files that people open with such a program. Does not belong here: workbooks, which write text as text.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*(e[+-]?[0-9]+)? ?[%‰]?", re.IGNORECASE)


def inert(cell: str) -> str:
    """The cell; behind an apostrophe where it begins like a formula and is no number.

    Names come from extracts as delivered: `=HYPERLINK(…)` as the name of a region would otherwise be carried out on the machine of
    whoever opens the file.
    """
    begins = cell[:1] in ("=", "@", "\t", "\r") or (cell[:1] in ("+", "-") and len(cell) > 1)
    return f"'{cell}" if begins and not _NUMBER.fullmatch(cell) else cell
