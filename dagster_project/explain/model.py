"""What an explanation holds.

Belongs here: plain types only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dagster_project.language import Text


@dataclass(frozen=True)
class Choice:
    """One definition choice behind the value."""

    switch: str
    value: str
    label: Text
    value_label: Text


@dataclass(frozen=True)
class TermTrace:
    """One term: coefficient × measure over the cells with these labels, and the fact rows those cells hold.

    `year` is that of the data: a term that looks back has an earlier one than the value.
    """

    role: str
    measure: str
    cube: str
    coefficient: Decimal
    year: int
    labels: tuple[tuple[str, str], ...]
    amount: Decimal
    rows: int


@dataclass(frozen=True)
class SourceFile:
    """One landed file that rows of the value came from.

    `part` says what they are to the value: `counted` rows are what it counts or sums, `deciding` ones decide whether those
    count and as what (person, payment, other rows of the stay, reversal), `register` ones are lists looked up as a whole.
    """

    extract: str
    source_file: str
    sha256: str
    load_id: int
    rows: int
    loaded_at: str
    part: str = "counted"


@dataclass(frozen=True)
class ReturnedFigure:
    """A figure that a department returned and the value rests on: what, for when, who answers for it and since which day."""

    item_id: str
    name: Text
    period: str
    value: Decimal
    unit: str
    department: str
    as_of: date


@dataclass(frozen=True)
class CheckTrace:
    """A check of the last run on a table that the value rests on."""

    stage: str
    table: str
    name: str
    title: Text
    status: str
    unexpected: int | None


@dataclass(frozen=True)
class PublishedFigure:
    """A published figure of the same indicator and place, in the indicator's unit."""

    geography: str
    geography_name: Text
    year: int
    vintage: str
    value: float
    qualifier: str
    unit: str
    source: str
    note: str


@dataclass(frozen=True)
class Explanation:
    """Everything the warehouse knows about one value."""

    indicator_id: str
    alias_of: str
    name: Text
    formula: str
    traps: str
    unit: str
    decimals: int
    year: int
    month: int | None
    region_code: str
    region_name: str
    breakdown: str  # total, a label, month or year_to_date
    member: str
    status: str
    reason: str
    value: float | None
    numerator: Decimal | None
    denominator: Decimal | None
    scale: int
    unit_factor: int
    definition_id: str
    choices: tuple[Choice, ...]
    terms: tuple[TermTrace, ...]
    files: tuple[SourceFile, ...]
    checks: tuple[CheckTrace, ...]
    published: tuple[PublishedFigure, ...]
    synthetic: bool
    withheld: str = ""  # the rule by which publications withhold the value; '' where they print it
    returned: tuple[ReturnedFigure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the explanation without its types."""
        from dataclasses import asdict

        return asdict(self)
