"""Numbered notes: which apply to the figures printed, in the order of their first use.

Belongs here: collecting notes while the text is composed, and their wording for the end of the bulletin. Does not belong
here: the wording itself, which is `notes.yml`.
"""

from __future__ import annotations

from typing import Any

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.document import Inlines, NoteRun, Quoted, Words, YearRun
from dagster_project.bulletin.figures import Figure

BREAK = "break:"
REASON = "reason:"


class Notes:
    """Notes of one bulletin; a key keeps its number from its first use on."""

    def __init__(self, book: FigureBook, texts: dict[str, Any]) -> None:
        self._book = book
        self._texts = {note["key"]: note for note in texts["notes"]}
        self._breaks: dict[str, str] = texts["breaks"]
        self._numbers: dict[str, int] = {}
        self._parts: dict[str, Inlines] = {}
        for key, note in self._texts.items():
            if note.get("always"):
                self._add(key, (Words(note["zh"], note["en"]),))

    def _add(self, key: str, parts: Inlines) -> NoteRun:
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._parts[key] = parts
        return NoteRun(key, self._numbers[key])

    def for_indicator(self, indicator: str) -> list[NoteRun]:
        """References to the explanatory notes of an indicator; each reference is made once a bulletin."""
        runs = []
        for key, note in self._texts.items():
            if indicator in note.get("of", ()) and key not in self._numbers:
                runs.append(self._add(key, (Words(note["zh"], note["en"]),)))
        return runs

    def for_break(self, figure: Figure) -> NoteRun | None:
        """Reference to the note on the break between the figure's year and the one before."""
        found = self._book.break_of(figure.indicator_id, figure.year, figure.region_code)
        if not found:
            return None
        known = self._breaks.get(found)
        text = Words(known) if known else Quoted(self._register_text(found), "seed.series_break")
        parts: Inlines = (
            YearRun(figure.year),
            Words("年起，"),
            text,
            Words("，与上年不可比，不列变化和增速（断点登记号 "),
            Quoted(found, "seed.series_break"),
            Words("）。"),
        )
        return self._add(f"{BREAK}{found}", parts)

    def _register_text(self, break_id: str) -> str:
        for row in self._book.sources.register("seed.series_break").iter_rows(named=True):
            if row["break_id"] == break_id:
                return str(row.get("what_changed_zh") or row["what_changed"])
        return break_id

    def for_reason(self, figure: Figure) -> NoteRun | None:
        """Reference to the note that says why a figure cannot be computed."""
        if figure.status != "not_computable" or figure.reason in ("", "no_row"):
            return None
        parts: Inlines = (
            Words("“…”的原因："),
            Quoted(figure.reason, "indicator.indicator_value.reason"),
            Words("。"),
        )
        return self._add(f"{REASON}{figure.reason}", parts)

    def listed(self) -> list[tuple[NoteRun, Inlines]]:
        """All notes used, by number."""
        return [(NoteRun(key, number), self._parts[key]) for key, number in self._numbers.items()]
