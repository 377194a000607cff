"""From the rows of the dictionary to linear terms that one SQL model evaluates for all indicators.

Belongs here: expanding ids into measures, narrowing by labels, choosing by switches, shifting by years; and the errors
a wrong dictionary row gives. Does not belong here: writing tables (`load.py`), any figure.

A term is coefficient × measure over the cells whose labels match, in the target year minus `lag_years`, if the
conditions (switch = value, as chosen for the target year) hold. An indicator's numerator and denominator are sums of terms.
A cumulated term runs over all years from `first_year` to the target year, at most to `last_year`: from the year after the
newest cumulation that a department returned under the indicator's own id, where there is one (the term `is_opening`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from dagster_project.dictionary.definitions import Switch
from dagster_project.dictionary.expression import (
    Cumulated,
    Expression,
    FormulaError,
    Number,
    Operation,
    Previous,
    Reference,
    When,
    parse_expression,
)
from dagster_project.dictionary.indicators import LABELS, MEASURES, WITHOUT_FIGURE, Indicator

# Labels that the cells of each labelled cube carry; a breakdown must be carried by every cube of an indicator.
_PERSON_PLACE = (
    "scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "destination", "area", "payment_place",
)  # fmt: skip
_MEMBER = ("scheme", "member_status", "age_group", "sex")
_STAY = frozenset(
    (*_PERSON_PLACE, "age_group", "person_group", "benefit_type", "disease_payment", "stay_filing", "referral")
)
CUBE_LABELS: dict[str, frozenset[str]] = {
    "settlement": frozenset((*_PERSON_PLACE, "person_group", "two_disease")),
    "visit": frozenset((*_PERSON_PLACE, "age_group", "person_group", "benefit_type")),
    "stay": _STAY,
    "stay_end": _STAY,
    "enrolment": frozenset(
        (*_MEMBER, "employer_group", "fund_mode", "resident_group", "household", "premium_subsidy", "person_group")
    ),
    "fund": frozenset(("scheme", "fund_type", "direction", "fund_item", "care_pilot")),
    "population": frozenset(("population_kind",)),
    "maternity_allowance": frozenset(("benefit_type",)),
    "assistance": frozenset(("scheme", "care_setting", "population_group")),
    "premium_subsidy": frozenset(("subsidy_source", "population_group")),
    "reported": frozenset(("scheme", "reported_indicator")),
    "person": frozenset(("scheme", "visit_type", "paid_by", "two_disease")),
    "told": frozenset(("reported_indicator",)),
    "filing": frozenset(("scheme", "travel_class", "filing_way")),
    "payment": frozenset(("payment_kind",)),
    "listed": frozenset(("population_group", "list_cover")),
    "negotiated_drug": frozenset(("scheme",)),
    "large_exam": frozenset(("scheme",)),
    "triple_protection": frozenset(("scheme",)),
    "assisted_care": frozenset(("scheme",)),
    "listed_care": frozenset(("scheme", "care_setting", "population_group")),
}
# Persons do not add up: a figure is one count, of one scheme and one way of paying, and never a sum of several.
COUNTED_ONCE: dict[str, frozenset[str]] = {"person": frozenset(("scheme", "paid_by"))}
MAX_CONDITIONS = 2
MONTHLY_CUBES = frozenset(("visit",))
MONTHLY_LABELS = frozenset(("scheme", "visit_type"))


@dataclass(frozen=True)
class Term:
    """One linear term; `labels` maps a label to the one member it must have."""

    measure: str
    coefficient: Decimal = Decimal(1)
    lag_years: int = 0
    conditions: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    first_year: int | None = None
    last_year: int | None = None
    is_opening: bool = False

    @property
    def cube(self) -> str:
        """Labelled cube that holds the measure."""
        return MEASURES[self.measure]


@dataclass(frozen=True)
class Compiled:
    """Numerator and denominator of one indicator as terms; no denominator terms for plain counts and sums."""

    indicator_id: str
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...]


class DictionaryError(ValueError):
    """A row of the dictionary that cannot be computed as written; names the indicator."""


class Compiler:
    """Expands indicators by id; each id is expanded once."""

    def __init__(self, indicators: Mapping[str, Indicator], switches: Mapping[str, Switch]) -> None:
        self.indicators = indicators
        self.switches = switches
        self._done: dict[str, Compiled] = {}
        self._open: list[str] = []

    def compile(self, indicator_id: str) -> Compiled:
        """Terms of one indicator. Raises DictionaryError when its row is wrong or rests on itself."""
        if indicator_id in self._done:
            return self._done[indicator_id]
        if indicator_id in self._open:
            raise DictionaryError(f"{indicator_id} rests on itself: {' > '.join(self._open)}")
        self._open.append(indicator_id)
        try:
            compiled = self._compile(self.indicators[indicator_id])
        except FormulaError as error:
            raise DictionaryError(f"{indicator_id}: {error}") from error
        finally:
            self._open.pop()
        self._done[indicator_id] = compiled
        return compiled

    def _compile(self, row: Indicator) -> Compiled:
        if row.kind in WITHOUT_FIGURE:
            raise DictionaryError(f"{row.indicator_id} is {row.kind}; it has no terms")
        if row.base_id:
            base = self.compile(row.base_id)
            numerator, denominator = list(base.numerator), list(base.denominator)
        else:
            numerator = self._terms(row.measure or row.numerator_expression)
            denominator = self._terms(row.denominator_expression) if row.denominator_expression else []
        compiled = Compiled(
            row.indicator_id,
            tuple(_opened(row.indicator_id, _narrow_all(numerator, row.filter))),
            tuple(_narrow_all(denominator, row.filter)),
        )
        self._validate(row, compiled)
        return compiled

    def _terms(self, text: str) -> list[Term]:
        return self._expand(parse_expression(text))

    def _expand(self, node: Expression) -> list[Term]:
        if isinstance(node, Number):
            if node.value == 0:
                return []
            raise FormulaError(f"a constant ({node.value}) cannot be added to measures")
        if isinstance(node, Previous):
            return [replace(term, lag_years=term.lag_years + 1) for term in self._expand(node.inner)]
        if isinstance(node, Cumulated):
            return [
                replace(term, first_year=node.first_year, last_year=node.last_year) for term in self._expand(node.inner)
            ]
        if isinstance(node, When):
            return self._cases(node)
        if isinstance(node, Reference):
            return self._named(node)
        return self._operation(node)

    def _operation(self, node: Operation) -> list[Term]:
        if node.symbol in "+-":
            right = self._expand(node.right)
            sign = Decimal(1 if node.symbol == "+" else -1)
            return self._expand(node.left) + [replace(term, coefficient=sign * term.coefficient) for term in right]
        if node.symbol == "*" and isinstance(node.left, Number):
            return [replace(t, coefficient=node.left.value * t.coefficient) for t in self._expand(node.right)]
        if isinstance(node.right, Number) and node.right.value != 0:
            factor = node.right.value if node.symbol == "*" else 1 / node.right.value
            return [replace(term, coefficient=factor * term.coefficient) for term in self._expand(node.left)]
        raise FormulaError(f"'{node.symbol}' of two measures is not linear; use numerator and denominator")

    def _cases(self, node: When) -> list[Term]:
        switch = self.switches.get(node.switch)
        if switch is None:
            raise FormulaError(f"unknown switch {node.switch}")
        usable = set(switch.values)
        written = {value for value, _ in node.cases}
        if written != usable:
            raise FormulaError(f"when({node.switch}) has cases {sorted(written)}, allowed values are {sorted(usable)}")
        terms = []
        for value, case in node.cases:
            for term in self._expand(case):
                conditions = dict(term.conditions)
                if conditions.get(node.switch, value) == value:
                    conditions[node.switch] = value
                    terms.append(replace(term, conditions=tuple(sorted(conditions.items()))))
        return terms

    def _named(self, node: Reference) -> list[Term]:
        if node.vintage is not None:
            raise FormulaError(f"{node.name}@{node.vintage}: own numbers have no vintages")
        if node.name in MEASURES:
            terms = [Term(node.name)]
        elif node.name in self.indicators:
            compiled = self.compile(node.name)
            if compiled.denominator:
                raise FormulaError(f"{node.name} is a ratio and cannot be added; name its parts")
            terms = list(compiled.numerator)
        else:
            raise FormulaError(f"{node.name} is neither an indicator nor a measure")
        return _narrow_all(terms, node.labels)

    def _validate(self, row: Indicator, compiled: Compiled) -> None:
        terms = compiled.numerator + compiled.denominator
        if not compiled.numerator:
            raise DictionaryError(f"{row.indicator_id} has no terms")
        for term in terms:
            unknown = {label for label, _ in term.labels} - CUBE_LABELS[term.cube]
            if unknown:
                raise DictionaryError(f"{row.indicator_id}: cube {term.cube} has no label {', '.join(sorted(unknown))}")
            if len(term.conditions) > MAX_CONDITIONS:
                raise DictionaryError(f"{row.indicator_id}: more than {MAX_CONDITIONS} switches in one term")
            for switch, _ in term.conditions:
                if switch not in row.switches:
                    raise DictionaryError(f"{row.indicator_id} depends on {switch} but does not list it")
            if term.lag_years and term.first_year:
                raise DictionaryError(f"{row.indicator_id}: the year before of a cumulated sum is not defined")
        for side in (compiled.numerator, compiled.denominator):
            _validate_counted_once(row, side)
        for label in row.breakdown_labels:
            monthly = all(
                term.cube in MONTHLY_CUBES and {name for name, _ in term.labels} <= MONTHLY_LABELS for term in terms
            )
            if label == "month" and not monthly:
                raise DictionaryError(f"{row.indicator_id}: months exist for visits by scheme and visit type only")
            if label in LABELS and any(label not in CUBE_LABELS[term.cube] for term in terms):
                raise DictionaryError(f"{row.indicator_id}: breakdown {label} is not carried by all of its cubes")


def _validate_counted_once(row: Indicator, terms: tuple[Term, ...]) -> None:
    """Refuse a sum of persons: somebody who is in two of its parts would count twice."""
    for term in terms:
        wanted = COUNTED_ONCE.get(term.cube)
        if wanted is None:
            continue
        if {label for label, _ in term.labels} != wanted or term.coefficient != 1:
            raise DictionaryError(f"{row.indicator_id}: persons are counted for one {' and one '.join(sorted(wanted))}")
        if sum(other.cube == term.cube and other.conditions == term.conditions for other in terms) > 1:
            raise DictionaryError(f"{row.indicator_id}: persons of several cells do not add up")


def _opened(indicator_id: str, terms: list[Term]) -> list[Term]:
    """Cumulated terms with the cumulation that a department may have returned for the years before them."""
    spans = sorted({(term.first_year, term.last_year) for term in terms if term.first_year is not None})
    if not spans:
        return terms
    if len(spans) > 1 or any(term.first_year is None for term in terms):
        raise FormulaError("all parts of a cumulated sum run over the same years")
    (first, last) = spans[0]
    labels = (("reported_indicator", indicator_id),)
    return [*terms, Term("reported_value", labels=labels, first_year=first, last_year=last, is_opening=True)]


def _narrow_all(terms: list[Term], pairs: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Term]:
    """Every term once for each combination of the allowed members; a term that contradicts them falls away."""
    for label, _ in pairs:
        if label not in LABELS:
            raise FormulaError(f"unknown label {label}")
    for label, members in pairs:
        terms = [
            replace(term, labels=tuple(sorted({**dict(term.labels), label: member}.items())))
            for term in terms
            for member in members
            if dict(term.labels).get(label, member) == member
        ]
    return terms
