"""Reading a publication folder back, the way a reader would: what its files are and which figures they print.

Belongs here: the release descriptor, the Word file and the workbook as plain values. Does not belong here: the web page
(`web_page`), whether the figures are right (`tracing`), how documents are made (`bulletin`).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from dagster_project.bulletin.folder import REGIONS
from dagster_project.settings import Settings

MARK = "合成数据"
MAIN_FILES = ("bulletin.html", "bulletin.docx", "bulletin.xlsx", "release.json")
# Word files are made to be edited by hand before freezing: their hash may change, their figures may not.
EDITABLE = ("bulletin.docx",)
FIGURE_SHEET = "数据"
_TEXT_SUFFIXES = (".html", ".csv", ".json", ".svg", ".xml", ".txt")


@dataclass(frozen=True)
class Publication:
    """One publication folder with its descriptor."""

    folder: Path
    year: int
    vintage: str
    descriptor: dict[str, Any]
    region: str = ""  # code of the prefecture whose own bulletin it is


def publications(settings: Settings, run_id: str) -> list[Publication]:
    """The drafts that wait for these checks; where none waits those that a run made, else the newest of each year."""
    waiting = _found(settings.unchecked)
    if waiting:
        return waiting
    found = _found(settings.publication)
    made = [publication for publication in found if run_id and publication.descriptor.get("run_id") == run_id]
    return made or list({(publication.region, publication.year): publication for publication in found}.values())


def _found(root: Path) -> list[Publication]:
    places = [("", path) for path in sorted(root.glob("*/*"))]
    places += [(path.parent.parent.name, path) for path in sorted(root.glob(f"{REGIONS}/*/*/*"))]
    return [
        Publication(path, int(path.parent.name), path.name, _descriptor(path / "release.json"), region)
        for region, path in places
        if path.is_dir() and path.parent.name.isdigit() and not path.name.startswith(".")
    ]


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


def table_sheets(path: Path) -> dict[int, list[list[Any]]]:
    """The sheets of numbered tables by table number: rows of cells, numbers as numbers and everything else as text.

    Whether a cell is a figure is told by its type: codes, years and quoted numbers stand there as text.
    """
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    found: dict[int, list[list[Any]]] = {}
    for name in book.sheet_names:
        number = re.match(r"表(\d+) ", name)
        if number:
            found[int(number[1])] = book.get_sheet_by_name(name).to_python()
    return found
