"""The breakdowns that the dictionary's prose names: each is computed, fixed by the indicator itself, or has a reason.

Belongs here: reading `breakdowns.yml` and holding the rows of the dictionary against it. Does not belong here: which
label a cube carries (`compile.py`), the figures (dbt).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.dictionary.compile import Compiled, Compiler, DictionaryError
from dagster_project.dictionary.indicators import Indicator
from dagster_project.language import Text

FILE = Path(__file__).with_name("breakdowns.yml")


@dataclass(frozen=True)
class Gap:
    """A breakdown that an indicator's row names and no extract of the first intake can carry."""

    indicator_id: str
    label: str
    reason: Text


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def label_of(word: str) -> str:
    """Label that carries a breakdown of the prose. Raises DictionaryError for a word that is not known."""
    names: dict[str, str] = _content()["names"]
    if word not in names:
        raise DictionaryError(f"breakdown '{word}' has no label in {FILE.name}")
    return names[word]


def stated_gaps() -> list[Gap]:
    """The breakdowns that cannot be computed, as written."""
    return [
        Gap(entry["indicator"], label_of(entry["breakdown"]), Text(**entry["reason"]))
        for entry in _content()["not_computable"]
    ]


def find_gaps(indicators: Mapping[str, Indicator], compiler: Compiler, stated: Iterable[Gap]) -> list[Gap]:
    """The stated gaps, held against the dictionary.

    Raises DictionaryError when a headline row names a breakdown that has neither values nor a stated reason, and when a
    reason is given for a breakdown that is computed or that no row names.
    """
    gaps = {(gap.indicator_id, gap.label): gap for gap in stated}
    silent = set(gaps)
    for row in indicators.values():
        for word in row.breakdowns if row.headline else ():
            label = label_of(word)
            silent.discard((row.indicator_id, label))
            is_computed = label in row.breakdown_labels or _is_fixed(compiler.compile(row.indicator_id), label)
            if is_computed == ((row.indicator_id, label) in gaps):
                problem = "both values and a reason to have none" if is_computed else "neither values nor a reason"
                raise DictionaryError(f"{row.indicator_id}: breakdown '{word}' has {problem}")
    if silent:
        raise DictionaryError(f"no headline row names the breakdown of the reason for {sorted(silent)}")
    return list(gaps.values())


def _is_fixed(compiled: Compiled, label: str) -> bool:
    """Whether all cells of an indicator carry one member of the label, as visits of one kind do."""
    members = {dict(term.labels).get(label) for term in compiled.numerator + compiled.denominator}
    return len(members) == 1 and None not in members
