"""The first lines of a text: where its header stands, and which separator explains it (S13).

Belongs here: what may stand above a header (L42), names that hold a line break. Does not belong here: the rows (`delimited.py`),
which names are columns (`header.py`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

from dagster_project.contracts import Contract
from dagster_project.ingest.header import match, not_a_header
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

SEPARATORS = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}
# A header of so many letters is none, nor does one stand behind so many blank lines.
HEADER_LIMIT, _MOST_BLANK, _MOST_HEADER_LINES = 1 << 20, 100_000, 50
# Above a header: the separator as Excel writes it, and so many lines of title at most.
_SEPARATOR_LINE, MOST_TITLES = re.compile(r'"?sep=[^"]{0,2}"?[,;|\t]*', re.IGNORECASE), 5


def first_lines(path: Path, contract: Contract) -> tuple[str, str, int, str]:
    """The header, the line behind it, the number of lines up to the header's end, and what was passed over above it.

    Passed over are blank lines, the separator as Excel writes it for itself (`sep=,`), and titles.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines: Iterator[str] = iter(lambda: stream.readline(HEADER_LIMIT), "")
        head, skipped, above = *_next_line(lines, 0), ""
        if _SEPARATOR_LINE.fullmatch(head.strip()):
            head, skipped, above = *_next_line(lines, skipped), ", below sep="
        if not any(match(cells_of(head, separator), contract).columns for separator in SEPARATORS):
            ahead = list(islice(lines, MOST_TITLES))
            titles = next((place for place, line in enumerate(ahead) if _is_whole_header(line, contract)), None)
            if titles is not None:
                head, skipped, above = ahead[titles], skipped + titles + 1, f"{above}, below a title"
            lines = chain(ahead if titles is None else ahead[titles + 1 :], lines)
        first, more = next(lines, ""), 0
        # A name with a line break inside its quotes: as many lines as it takes, where that makes a better header.
        whole, behind = head, first
        while whole.count('"') % 2 and behind and more < _MOST_HEADER_LINES and len(whole) < HEADER_LIMIT:
            whole, behind, more = whole + behind, next(lines, ""), more + 1
        if more and _is_header(whole, head, contract):
            return whole, behind, skipped + more, above
    return head, first, skipped, above


def _next_line(lines: Iterator[str], skipped: int) -> tuple[str, int]:
    """The next line that is not blank, and how many have been read. Raises Refusal where it cannot be a header, or there is none."""
    head, skipped = next(lines, ""), skipped + 1
    while head and not head.strip() and skipped <= _MOST_BLANK:
        head, skipped = next(lines, ""), skipped + 1
    if len(head) >= HEADER_LIMIT and head[-1] not in "\r\n":
        raise Refusal(
            Text(
                f"首行超过 {HEADER_LIMIT:,} 个字符，不是表头（多半没有换行）；请重新导出。",
                f"The first line has more than {HEADER_LIMIT:,} letters and is no header (line breaks are missing, as a "
                "rule); export it again.",
            )
        )
    if not head.strip("\ufeff\x00 \t\r\n"):
        raise Refusal(Text("文件为空（没有表头）；请重新导出。", "The file is empty (no header); export it again."))
    return head, skipped


def _is_whole_header(line: str, contract: Contract) -> bool:
    """Whether a line names all that the contract requires, so that what stands above it is a title."""
    with suppress(Refusal):  # a line of thousands of cells
        return any(not match(cells_of(line, separator), contract).required_missing for separator in SEPARATORS)
    return False


def _is_header(whole: str, head: str, contract: Contract) -> bool:
    """Whether several lines are one header: they name no fewer columns than the first line alone, and no name with a line break
    holds a separator, as it would where an open quote makes one name of whole rows."""
    for separator in ",;":
        names = cells_of(whole, separator)
        broken = [name for name in names if "\n" in name or "\r" in name]
        known = len(match(names, contract).columns)
        if known and broken and known >= len(match(cells_of(head, separator), contract).columns):
            return not any(separator in name for name in broken)
    return False


def cells_of(line: str, separator: str, quoted: bool = True) -> list[str]:
    """The cells of one line."""
    if not quoted:
        return line.rstrip("\r\n").split(separator)
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    except csv.Error:  # a quote that closes nothing
        return line.rstrip("\r\n").split(separator)


def has_quotes(line: str, separator: str) -> bool:
    """Whether cells of a line are quoted. Interface files separate by TAB and know no quoting: there a lone quote in a
    name must not swallow the lines that follow."""
    cells = line.lstrip("\ufeff").rstrip("\r\n").split(separator)
    return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def separator_of(head: str, contract: Contract) -> tuple[str, list[str]]:
    """The separator that makes most columns of a header, and its names. Raises Refusal where none makes any."""
    best, found, cells = "", 0, [""]
    widest: list[str] = []
    for separator in SEPARATORS:
        names = cells_of(head, separator)
        widest = max(widest, names, key=len)
        known = len(match(names, contract).columns)
        if known > found:
            best, found, cells = separator, known, names
    if not best:
        where = Text(
            f"首行不是 {contract.name}（{contract.name_zh}）的表头，按逗号、制表符、竖线、分号都找不到契约中的列（S13）",
            f"The first line is not a header of {contract.name}, no separator (comma, TAB, pipe, semicolon) yields a column "
            "of the contract (S13)",
        )
        raise Refusal(not_a_header(widest, contract, where))
    return best, cells
