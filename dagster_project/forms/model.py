"""Forms as declared: reading `forms.yml` into rows and columns.

Belongs here: the declaration and what it must obey. Does not belong here: numbers (`filling.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.language import Text

FORMS_FILE = Path(__file__).with_name("forms.yml")
Condition = tuple[str, tuple[str, ...]]  # label, members; those with ! in front are left out


@dataclass(frozen=True)
class Column:
    """A column: what it adds up, in which source, or why it stays blank (a key of the reasons)."""

    key: str
    name: Text
    unit: str
    source: str = "care"
    parts: tuple[str, ...] = ()
    positive_of: tuple[str, str] | None = None
    where: tuple[Condition, ...] = ()
    blank: str = ""


@dataclass(frozen=True)
class Row:
    """A row: which cells of the source it takes; `persons` names the one count of persons that belongs to it, if any does; a
    row that is an indicator takes that one's amount in base units."""

    key: str
    name: Text
    depth: int
    where: tuple[Condition, ...]
    persons: Mapping[str, str] | None
    indicator: str = ""
    blank: str = ""


@dataclass(frozen=True)
class Form:
    """One form."""

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def cell_name(form: str, row: str, column: str) -> str:
    """The name of a cell in the workbook, in figures of departments with dots instead: HI4_1_active_total."""
    return f"{form}_{row}_{column}".replace(".", "_").replace("-", "_")


@cache
def load_forms(path: Path = FORMS_FILE) -> tuple[tuple[Form, ...], Mapping[str, Text]]:
    """Forms in their order, and the reasons of blank cells by key. Raises ValueError, KeyError for a wrong declaration."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    reasons = {key: Text(*pair) for key, pair in content["reasons"].items()}
    forms = tuple(_form(key, entry, content) for key, entry in content["forms"].items())
    names = [cell_name(form.key, row.key, column.key) for form in forms for row in form.rows for column in form.columns]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: two cells of one name")
    used = {row.blank for form in forms for row in form.rows} | {one.blank for form in forms for one in form.columns}
    used -= {""}
    if used - set(reasons):
        raise ValueError(f"{path.name}: no such reason: {sorted(used - set(reasons))}")
    return forms, reasons


def _form(key: str, entry: Mapping[str, Any], content: Mapping[str, Any]) -> Form:
    columns = [_column(name, one) for group in entry["columns"] for name, one in content["columns"][group].items()]
    base = entry.get("where", {})
    rows = [row for name, one in entry["rows"].items() for row in _rows(name, one, base, content["divisions"])]
    return Form(key, Text(*entry["title"]), tuple(columns), tuple(rows))


def _column(key: str, entry: Mapping[str, Any]) -> Column:
    pair = entry.get("positive_of")
    return Column(
        key, Text(*entry["name"]), entry["unit"], entry.get("source", "care"), tuple(entry.get("is", ())),
        (pair[0], pair[1]) if pair else None, _conditions(entry.get("where", {})), entry.get("blank", ""),
    )  # fmt: skip


def _rows(key: str, entry: Mapping[str, Any], base: Mapping[str, Any], divisions: Mapping[str, Any]) -> Iterator[Row]:
    where = {**base, **entry.get("where", {})}
    persons = entry.get("persons")
    if persons is not None:
        persons = {"scheme": base.get("scheme", ""), "paid_by": "any_settlement", **persons}
    name = Text(*entry["name"])
    yield Row(key, name, 0, _conditions(where), persons, entry.get("indicator", ""), entry.get("blank", ""))
    for division in entry.get("by", ()):
        for part, one in divisions[division].items():
            narrowed = _conditions({**where, **one["where"]})
            told = Text(f"{name.zh} {one['name'][0]}", f"{name.en} {one['name'][1]}")
            yield Row(f"{key}_{part}", told, 1, narrowed, None)


def _conditions(where: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(
        (label, tuple(str(one) for one in (members if isinstance(members, list) else [members])))
        for label, members in where.items()
    )
