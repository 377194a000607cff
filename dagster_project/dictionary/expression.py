"""The one grammar of formulas: indicator definitions and identities of published figures.

    formula    := sum [("=" | "<=") sum]
    sum        := product {("+" | "-") product}
    product    := factor {("*" | "/") factor}
    factor     := number | ["-"] factor | "(" sum ")" | "prev" "(" sum ")" | cumulated | when | reference
    cumulated  := "cumulated" "(" sum "," first year ["," last year] ")"
    reference  := name ["@" vintage] ["[" label "=" member {"|" member} {"," ...} "]"]
    when       := "when" "(" switch "," value ":" sum {"," value ":" sum} ")"

Belongs here: reading text into a tree, and nothing else. What a name means (an indicator, a measure of a cube) is
decided by the modules that walk the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d]\w*)|(?P<symbol><=|[-+*/()\[\]=|,:@]))")
# Members of labels and values of switches may begin with a digit (codes, `gap_merge_3`), so they have a rule of their own.
_MEMBER = re.compile(r"\s*(?P<member>\w+)")


class FormulaError(ValueError):
    """Text that is not a formula; says what was expected and where."""


@dataclass(frozen=True)
class Number:
    """A constant, exact."""

    value: Decimal


@dataclass(frozen=True)
class Reference:
    """An indicator or a measure, possibly at a vintage, possibly narrowed by labels."""

    name: str
    vintage: str | None = None
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Previous:
    """The same expression one year earlier."""

    inner: Expression


@dataclass(frozen=True)
class Cumulated:
    """The sum of an expression over the years from the first one to the year of the figure, at most to the last one."""

    inner: Expression
    first_year: int
    last_year: int | None = None


@dataclass(frozen=True)
class Operation:
    """left (+ - * /) right."""

    symbol: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class When:
    """One of several expressions, chosen by the value of a definition switch."""

    switch: str
    cases: tuple[tuple[str, Expression], ...]


Expression = Number | Reference | Previous | Cumulated | Operation | When


@dataclass(frozen=True)
class Formula:
    """An expression, or a statement about two of them (`=` or `<=`)."""

    left: Expression
    comparison: str | None = None
    right: Expression | None = None


def parse(text: str) -> Formula:
    """Read one formula. Raises FormulaError with the place where reading stopped."""
    reader = _Reader(text)
    left = reader.sum()
    comparison = reader.accept("=", "<=")
    right = reader.sum() if comparison else None
    reader.expect_end()
    return Formula(left, comparison, right)


def parse_expression(text: str) -> Expression:
    """Read a formula that states nothing."""
    formula = parse(text)
    if formula.comparison is not None:
        raise FormulaError(f"no comparison allowed here: {text!r}")
    return formula.left


def references(node: Expression) -> list[Reference]:
    """All references below a node, in order of writing."""
    if isinstance(node, Reference):
        return [node]
    if isinstance(node, Previous | Cumulated):
        return references(node.inner)
    if isinstance(node, Operation):
        return references(node.left) + references(node.right)
    if isinstance(node, When):
        return [found for _, case in node.cases for found in references(case)]
    return []


class _Reader:
    """Recursive descent over the text; one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def _peek(self) -> tuple[str, str, int]:
        match = _TOKEN.match(self.text, self.position)
        if match is None or match.lastgroup is None:
            rest = self.text[self.position :].strip()
            if rest:
                raise FormulaError(f"unexpected {rest[:12]!r} at {self.position} in {self.text!r}")
            return ("end", "", self.position)
        return (match.lastgroup, match.group(match.lastgroup), match.end())

    def accept(self, *symbols: str) -> str | None:
        kind, value, end = self._peek()
        if kind == "symbol" and value in symbols:
            self.position = end
            return value
        return None

    def _expect(self, symbol: str) -> None:
        if self.accept(symbol) is None:
            raise FormulaError(f"expected {symbol!r} at {self.position} in {self.text!r}")

    def _member(self) -> str:
        match = _MEMBER.match(self.text, self.position)
        if match is None:
            raise FormulaError(f"expected a name or code at {self.position} in {self.text!r}")
        self.position = match.end()
        return match.group("member")

    def expect_end(self) -> None:
        kind, value, _ = self._peek()
        if kind != "end":
            raise FormulaError(f"unexpected {value!r} at {self.position} in {self.text!r}")

    def sum(self) -> Expression:
        node = self._product()
        while symbol := self.accept("+", "-"):
            node = Operation(symbol, node, self._product())
        return node

    def _product(self) -> Expression:
        node = self._factor()
        while symbol := self.accept("*", "/"):
            node = Operation(symbol, node, self._factor())
        return node

    def _factor(self) -> Expression:
        kind, value, end = self._peek()
        if kind == "number":
            self.position = end
            return Number(Decimal(value))
        if self.accept("-"):
            return Operation("-", Number(Decimal(0)), self._factor())
        if self.accept("("):
            return self._closed()
        if kind != "name":
            raise FormulaError(f"expected a value at {self.position} in {self.text!r}")
        self.position = end
        if value == "prev" and self.accept("("):
            return Previous(self._closed())
        if value == "cumulated" and self.accept("("):
            return self._cumulated()
        if value == "when" and self.accept("("):
            return self._when()
        return self._reference(value)

    def _closed(self) -> Expression:
        node = self.sum()
        self._expect(")")
        return node

    def _cumulated(self) -> Expression:
        node = self.sum()
        self._expect(",")
        first = self._year()
        last = self._year() if self.accept(",") else None
        self._expect(")")
        return Cumulated(node, first, last)

    def _year(self) -> int:
        year = self._member()
        if not (year.isdigit() and len(year) == 4):
            raise FormulaError(f"expected a year at {self.position} in {self.text!r}")
        return int(year)

    def _when(self) -> Expression:
        switch = self._member()
        cases = []
        while self.accept(","):
            value = self._member()
            self._expect(":")
            cases.append((value, self.sum()))
        self._expect(")")
        if not cases:
            raise FormulaError(f"when({switch}) names no case in {self.text!r}")
        return When(switch, tuple(cases))

    def _reference(self, name: str) -> Expression:
        vintage = self._member() if self.accept("@") else None
        labels: list[tuple[str, tuple[str, ...]]] = []
        if self.accept("["):
            while True:
                label = self._member()
                self._expect("=")
                members = [self._member()]
                while self.accept("|"):
                    members.append(self._member())
                labels.append((label, tuple(members)))
                if not self.accept(","):
                    break
            self._expect("]")
        return Reference(name, vintage, tuple(labels))
