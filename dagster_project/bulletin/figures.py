"""A figure: one number with everything that says where it comes from, and how it is shown.

Belongs here: the figure object, its unit and its marker when it has no value. Does not belong here: where figures stand in
the document, or how they are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from dagster_project.bulletin.numbers import Unit, converted, decimals_in, digits, fitting_unit, rounded
from dagster_project.language import Text

Kind = Literal["level", "previous", "change", "growth", "reference"]

NOT_COMPUTABLE_MARK = "…"
SUPPRESSED_MARK = "—"
BREAK_MARK = "※"
POINTS = "个百分点"


@dataclass(frozen=True)
class Figure:
    """One number of the bulletin: what, where, when, by which definition; `value` is unrounded, in `unit`.

    `kind` says whether it is the level, the restated prior year, its change, its growth in per cent or a published reference
    figure; `labels` are the breakdown labels beyond the indicator's own; `qualifier` is 'over' or 'about' of a published figure;
    a level has its exact numerator and, where it is a quotient, its denominator.
    """

    indicator_id: str
    year: int
    region_code: str
    definition_id: str
    kind: Kind
    name: Text
    unit: Unit
    decimals: int
    value: Decimal | None
    status: str
    reason: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    qualifier: str = ""
    source: str = ""
    numerator: Decimal | None = None
    denominator: Decimal | None = None

    @property
    def has_value(self) -> bool:
        """False where the figure is not computable, suppressed or lies across a break of the series."""
        return self.value is not None

    @property
    def is_ratio(self) -> bool:
        """Ratios change in percentage points, never in per cent."""
        return self.unit.base == "%"

    @property
    def is_too_small_to_tell(self) -> bool:
        """True for a change that the printed decimals round to nothing."""
        return self.value is not None and rounded(self.scaled(), self.decimals_shown()) == 0

    @property
    def marker(self) -> str:
        """What stands in place of the digits of a figure without value; '' where it has one."""
        if self.value is not None:
            return ""
        if self.status == "suppressed":
            return SUPPRESSED_MARK
        return BREAK_MARK if self.status == "break" else NOT_COMPUTABLE_MARK

    @property
    def explain_command(self) -> str:
        """The command that says where this number comes from."""
        return f"bulletin explain {self.indicator_id} --year {self.year} --region {self.region_code}"

    @property
    def anchor(self) -> str:
        """Name of the figure's indicator and year inside a document."""
        return f"{self.indicator_id}_{self.year}"

    def shown_unit(self) -> Unit:
        """The unit this figure takes when it stands alone."""
        return fitting_unit([self.value], self.unit)

    def in_unit(self, unit: Unit | None = None) -> str:
        """Digits in a unit (default: the one fitting its size), or the marker."""
        return digits(self.scaled(unit), self.decimals_shown(unit)) if self.value is not None else self.marker

    def scaled(self, unit: Unit | None = None) -> Decimal:
        """The unrounded value in a unit; the figure must have one."""
        if self.value is None:
            raise ValueError(f"{self.indicator_id} {self.year} {self.region_code} has no value")
        return converted(self.value, self.unit, unit or self.shown_unit())

    def decimals_shown(self, unit: Unit | None = None) -> int:
        """Decimals when printed in a unit."""
        return decimals_in(unit or self.shown_unit(), self.unit, self.decimals)

    def unsigned(self) -> Figure:
        """The same without sign, for sentences whose verb carries the sign."""
        return replace(self, value=None if self.value is None else abs(self.value))


def common_unit(figures: Iterable[Figure]) -> Unit:
    """One unit for figures that stand beside each other; they must be declared in the same unit."""
    listed = list(figures)
    units = {figure.unit for figure in listed}
    if len(units) != 1:
        raise ValueError(f"figures of different units in one list: {sorted(unit.text for unit in units)}")
    return fitting_unit([figure.value for figure in listed], units.pop())
