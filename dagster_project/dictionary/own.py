"""Identities that our own numbers must hold exactly: from `own_identities.yml` to linear terms over indicator values.

Belongs here: reading the statements and checking that each name and breakdown exists. Does not belong here: evaluating
them (dbt), identities of published figures (`published.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dagster_project.dictionary.compile import DictionaryError
from dagster_project.dictionary.expression import Expression, Operation, Reference, parse
from dagster_project.dictionary.indicators import Indicator

FILE = Path(__file__).with_name("own_identities.yml")


@dataclass(frozen=True)
class OwnTerm:
    """coefficient × numerator of an indicator (or of one member of one of its breakdowns)."""

    identity_id: str
    side: str  # left, right
    indicator_id: str
    breakdown: str
    member: str
    coefficient: int


@dataclass(frozen=True)
class OwnIdentity:
    """One statement about numerators."""

    identity_id: str
    statement: str
    comparison: str
    note: str
    terms: tuple[OwnTerm, ...]


def load_own_identities(indicators: Mapping[str, Indicator]) -> list[OwnIdentity]:
    """All statements. Raises DictionaryError for a name or breakdown the dictionary does not have."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [_read(identity_id, entry, indicators) for identity_id, entry in content.items()]


def _read(identity_id: str, entry: Mapping[str, str], indicators: Mapping[str, Indicator]) -> OwnIdentity:
    formula = parse(entry["statement"])
    if formula.right is None or formula.comparison is None:
        raise DictionaryError(f"own identity {identity_id} states nothing")
    terms = [
        OwnTerm(identity_id, side, reference.name, *_part(identity_id, reference, indicators), sign)
        for side, node in (("left", formula.left), ("right", formula.right))
        for sign, reference in _signed(identity_id, node)
    ]
    return OwnIdentity(identity_id, entry["statement"], formula.comparison, entry.get("note", ""), tuple(terms))


def _signed(identity_id: str, node: Expression, sign: int = 1) -> list[tuple[int, Reference]]:
    if isinstance(node, Reference):
        return [(sign, node)]
    if isinstance(node, Operation) and node.symbol in "+-":
        right = sign if node.symbol == "+" else -sign
        return _signed(identity_id, node.left, sign) + _signed(identity_id, node.right, right)
    raise DictionaryError(f"own identity {identity_id} may only add and subtract indicators")


def _part(identity_id: str, reference: Reference, indicators: Mapping[str, Indicator]) -> tuple[str, str]:
    indicator = indicators.get(reference.name)
    if indicator is None:
        raise DictionaryError(f"own identity {identity_id}: {reference.name} is not an indicator")
    if not reference.labels:
        return ("total", "total")
    if len(reference.labels) > 1 or len(reference.labels[0][1]) > 1:
        raise DictionaryError(f"own identity {identity_id}: one member of one breakdown only")
    label, members = reference.labels[0]
    if label not in indicator.breakdown_labels:
        raise DictionaryError(f"own identity {identity_id}: {reference.name} has no breakdown {label}")
    return (label, members[0])
