"""Reading the web page back by its markup: which figures it prints, which digits nobody owns, what its tables hold.

Belongs here: the page as plain values. Does not belong here: the other documents (`documents`), whether the figures are
right (`tracing`). What is a figure is told by the element it stands in, never by how its text looks: codes of regions and
definitions may consist of digits alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

BREAK_MARK = "※"
DECIMAL = re.compile(r"(?<![\d.])-?\d+\.\d+(?![\d.])")  # with its sign: a deficit is printed as one
_EXPLAIN = re.compile(r"^bulletin explain (\S+) --year (\d+) --region (\S+)$")
_NEVER_CLOSED = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))


def unmarked(text: str) -> str:
    """A printed figure without the mark that tells a break of its series."""
    return text.removesuffix(BREAK_MARK)


@dataclass(frozen=True)
class PageFigure:
    """A figure of the web page: the ids in its explain command and the printed text."""

    indicator_id: str
    year: int
    region_code: str
    printed: str


@dataclass(frozen=True)
class PageCell:
    """A cell of a table: its Chinese text, and whether it is one figure (of ours or published) and nothing else."""

    text: str
    is_figure: bool


@dataclass
class _Element:
    """An open element: `text` is what a Chinese reader sees, `typed` the part of it that no figure owns."""

    tag: str
    command: re.Match[str] | None
    is_note: bool
    is_english: bool
    text: str = ""
    typed: str = ""
    figures: list[str] = field(default_factory=list)

    @property
    def is_figure(self) -> bool:
        """An element made for one figure: ours carries its explain command, a published one stands in `data`."""
        return self.command is not None or self.tag == "data"


class Page(HTMLParser):
    """What the web page prints.

    `figures` are those with an explain command; `typed` the decimals of the text that stand in no figure; `tables` the rows
    by table number, the header first, without the foot.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.figures: list[PageFigure] = []
        self.typed: list[str] = []
        self.tables: dict[int, list[list[PageCell]]] = {}
        self._open: list[_Element] = []
        self._row: list[PageCell] = []
        self._table = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        if tag in _NEVER_CLOSED:
            return
        named = {name: value or "" for name, value in attrs}
        inside_english = bool(self._open) and self._open[-1].is_english
        self._open.append(
            _Element(
                tag=tag,
                command=_EXPLAIN.match(named.get("title", "")),
                is_note="note" in named.get("class", ""),
                is_english=inside_english or named.get("lang") == "en",
            )
        )

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and whatever was left open inside it."""
        if any(element.tag == tag for element in self._open):
            while self._close(self._open.pop()) != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Text goes to whatever is open."""
        if self._open:
            innermost = self._open[-1]
            innermost.typed += data
            innermost.text += "" if innermost.is_english else data

    def _close(self, element: _Element) -> str:
        printed = unmarked(element.text)
        if element.command and printed:
            indicator, year, region = element.command.groups()
            self.figures.append(PageFigure(indicator, int(year), region, printed))
        if element.tag == "caption":
            self._table = int((re.search(r"表(\d+)", element.text) or [0, 0])[1])
        elif element.tag in ("td", "th"):
            alone = len(element.figures) == 1 and element.figures[0] == unmarked(element.text.strip())
            self._row.append(PageCell(element.text.strip(), element.is_figure or alone))
        elif element.tag == "tr":
            if not any(outer.tag == "tfoot" for outer in self._open):
                self.tables.setdefault(self._table, []).append(self._row)
            self._row = []
        elif element.tag == "p" and not element.is_note:
            self.typed += DECIMAL.findall(element.typed)
        if self._open:
            outer = self._open[-1]
            outer.text += element.text
            outer.typed += "" if element.is_figure else element.typed
            outer.figures += [unmarked(element.text)] if element.is_figure else element.figures
        return element.tag
