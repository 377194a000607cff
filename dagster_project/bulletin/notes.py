"""Numbered notes: which apply to the figures printed, in the order of their first use.

Belongs here: collecting notes while the text is composed, and their wording for the end of the bulletin. Does not belong
here: the wording itself, which is `notes.yml`.
"""

from __future__ import annotations

from typing import Any

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.document import Inlines, NoteRun, Quoted, Words, YearRun, words
from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.wording import pooling_in_words

BREAK = "break:"
REASON = "reason:"
CHANGED_DEFINITION = "definition"


def _worded(note: dict[str, Any]) -> Inlines:
    """The text of a note; a day on which a definition changed makes it a quotation of the register of definitions."""
    return (words(note["zh"], note["en"], "indicator.definition"),)


class Notes:
    """Notes of one bulletin; a key keeps its number from its first use on."""

    def __init__(self, book: FigureBook, texts: dict[str, Any]) -> None:
        self._book = book
        self._texts = {note["key"]: note for note in book.wording.fill(texts["notes"])}
        self._breaks: dict[str, str] = texts["breaks"]
        self._numbers: dict[str, int] = {}
        self._parts: dict[str, Inlines] = {}
        for key, note in self._texts.items():
            if note.get("always"):
                self._add(key, _worded(note))

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
                runs.append(self._add(key, _worded(note)))
        return runs

    def for_break(self, figure: Figure) -> list[NoteRun]:
        """References to the notes on the breaks between the figure's year and the one before."""
        found = self._book.break_of(figure.indicator_id, figure.year, figure.region_code)
        return [self._break_note(figure, one.strip()) for one in found.split(",") if one.strip()]

    def _break_note(self, figure: Figure, break_id: str) -> NoteRun:
        if break_id == CHANGED_DEFINITION:
            text = self._book.break_text(figure)
            changed: Inlines = (Words("年口径变更："), Quoted(pooling_in_words(text), "indicator.year_on_year"))
            return self._add(
                f"{BREAK}{figure.year}{text}",
                (YearRun(figure.year), *changed, Words("，与上年不可比，不列变化和增速。")),
            )
        known = self._breaks.get(break_id)
        parts: Inlines = (
            YearRun(figure.year),
            Words("年起，"),
            Words(known) if known else Quoted(self._register_text(break_id), "seed.series_break"),
            Words("，与上年不可比，不列变化和增速（断点登记号 "),
            Quoted(break_id, "seed.series_break"),
            Words("）。"),
        )
        return self._add(f"{BREAK}{break_id}", parts)

    def _register_text(self, break_id: str) -> str:
        for row in self._book.sources.register("seed.series_break").iter_rows(named=True):
            if row["break_id"] == break_id:
                return str(row["what_changed"])
        return break_id

    def for_reason(self, figure: Figure) -> list[NoteRun]:
        """Reference to the note that says why a figure cannot be computed."""
        if figure.status != "not_computable" or figure.reason in ("", "no_row"):
            return []
        zh, _, en = figure.reason.partition(" / ")
        text = Quoted(zh, "indicator.indicator_value.reason", en)
        return [self._add(f"{REASON}{figure.reason}", (Words("“…”的原因："), text, Words("。")))]

    def listed(self) -> list[tuple[NoteRun, Inlines]]:
        """All notes used, by number."""
        return [(NoteRun(key, number), self._parts[key]) for key, number in self._numbers.items()]
