"""Reading a publication folder back, the way a reader would: what its files are and which figures they print.

Belongs here: the release descriptor, the web page, the Word file and the workbook as plain values. Does not belong
here: whether the figures are right (`tracing`), how documents are made (`bulletin`).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

MARK = "合成数据"
BREAK_MARK = "※"
MAIN_FILES = ("bulletin.html", "bulletin.docx", "bulletin.xlsx", "release.json")
# Word files are made to be edited by hand before freezing: their hash may change, their figures may not.
EDITABLE = ("bulletin.docx",)
FIGURE_SHEET = "数据"
DECIMAL = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
_EXPLAIN = re.compile(r"^bulletin explain (\S+) --year (\d+) --region (\S+)$")
_TEXT_SUFFIXES = (".html", ".csv", ".json", ".svg", ".xml", ".txt")


@dataclass(frozen=True)
class Publication:
    """One publication folder with its descriptor."""

    folder: Path
    year: int
    vintage: str
    descriptor: dict[str, Any]


@dataclass(frozen=True)
class PageFigure:
    """A figure of the web page: the ids in its explain command and the printed text."""

    indicator_id: str
    year: int
    region_code: str
    printed: str


def publications(root: Path, run_id: str) -> list[Publication]:
    """The publications that a run made; the newest of each year when the run made none."""
    found = []
    for path in sorted(root.glob("*/*")):
        if path.is_dir() and path.parent.name.isdigit() and not path.name.startswith("."):
            descriptor = _descriptor(path / "release.json")
            found.append(Publication(path, int(path.parent.name), path.name, descriptor))
    made = [publication for publication in found if run_id and publication.descriptor.get("run_id") == run_id]
    return made or list({publication.year: publication for publication in found}.values())


def _descriptor(path: Path) -> dict[str, Any]:
    """The descriptor; {} where it is missing or no JSON, which the checks report as a missing document."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def file_facts(publication: Publication) -> Iterator[tuple[str, int, str | None, str | None, bool | None]]:
    """(path, bytes, hash, declared hash, carries the mark of invented data) of each file that must be there.

    A missing file has 0 bytes and no hash; the mark is None where a file cannot carry text (pictures).
    """
    declared = {entry["path"]: entry["sha256"] for entry in publication.descriptor.get("files", ())}
    for name in sorted({*MAIN_FILES, *declared}):
        path = publication.folder / name
        if not path.is_file():
            yield name, 0, None, declared.get(name), None
            continue
        content = path.read_bytes()
        expected = None if name in EDITABLE else declared.get(name)
        yield name, len(content), hashlib.sha256(content).hexdigest(), expected, _is_marked(path, content)


def _is_marked(path: Path, content: bytes) -> bool | None:
    if path.suffix in (".docx", ".xlsx"):
        return MARK in office_text(content)
    return MARK in content.decode("utf-8", errors="replace") if path.suffix in _TEXT_SUFFIXES else None


def office_text(content: bytes) -> str:
    """All text parts of a Word file or workbook, joined."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = [name for name in archive.namelist() if name.endswith(".xml")]
        return "\n".join(archive.read(name).decode("utf-8", errors="replace") for name in parts)


def word_paragraphs(path: Path) -> list[str]:
    """Text of the paragraphs outside tables, in order."""
    with zipfile.ZipFile(path) as archive:
        body = archive.read("word/document.xml").decode("utf-8")
    body = re.sub(r"<w:tbl>.*?</w:tbl>", "", body, flags=re.DOTALL)
    style_and_text = re.findall(r"<w:p[ >].*?</w:p>", body, flags=re.DOTALL)
    own = [part for part in style_and_text if 'w:val="BulletinText"' in part]
    return ["".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", part)) for part in own]


def figure_register(path: Path) -> list[dict[str, Any]]:
    """The workbook's sheet of all printed figures: one row a figure and place."""
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(FIGURE_SHEET).to_python()
    start = next(number for number, row in enumerate(rows) if "indicator_id" in row)
    header = [str(cell) for cell in rows[start]]
    return [dict(zip(header, row, strict=False)) for row in rows[start + 1 :] if any(cell != "" for cell in row)]


def unmarked(text: str) -> str:
    """A printed figure without the mark that tells a break of its series."""
    return text.removesuffix(BREAK_MARK)


def sheet_numbers(path: Path) -> dict[int, list[float]]:
    """The numbers in each table sheet (by table number), row by row; years and quoted numbers stand there as text."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    found: dict[int, list[float]] = {}
    for name in book.sheet_names:
        number = re.match(r"表(\d+) ", name)
        if number:
            cells = [unmarked(str(cell)) for row in book.get_sheet_by_name(name).to_python() for cell in row]
            found[int(number[1])] = [float(cell) for cell in cells if _NUMBER.fullmatch(cell)]
    return found


class Page(HTMLParser):
    """What the web page prints: figures with their explain command, free text of paragraphs, numbers of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.figures: list[PageFigure] = []
        self.typed: list[str] = []
        self.tables: dict[int, list[float]] = {}
        self._open: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._table = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens; a cell or figure begins to collect its text."""
        named = dict(attrs)
        if tag in ("a", "span", "td", "data", "p", "caption"):
            self._open.append((tag, self._meaning(tag, named)))
            self._text.append("")

    def handle_endtag(self, tag: str) -> None:
        """Note what closes, with the text it held."""
        if not self._open or self._open[-1][0] != tag:
            return
        _, meaning = self._open.pop()
        text = self._text.pop()
        command = _EXPLAIN.match(meaning)
        if command and unmarked(text):
            self.figures.append(PageFigure(command[1], int(command[2]), command[3], unmarked(text)))
        if tag == "caption":
            self._table = int((re.search(r"表(\d+)", text) or [0, 0])[1])
        elif tag == "td" and meaning != "text" and _NUMBER.fullmatch(unmarked(text).replace(",", "")):
            self.tables.setdefault(self._table, []).append(float(unmarked(text).replace(",", "")))
        elif tag == "p" and meaning == "body":
            self.typed += DECIMAL.findall(text)
        inside_cell = bool(self._open) and self._open[-1][0] == "td"
        if self._text and not command and (tag != "data" or inside_cell):
            self._text[-1] += text

    def handle_data(self, data: str) -> None:
        """Text goes to whatever is open."""
        if self._text:
            self._text[-1] += data

    @staticmethod
    def _meaning(tag: str, attributes: dict[str, str | None]) -> str:
        title = attributes.get("title") or ""
        if _EXPLAIN.match(title):
            return title
        if tag == "p":
            return "body" if "note" not in (attributes.get("class") or "") else "note"
        return attributes.get("class") or ""
