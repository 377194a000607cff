"""From an unrounded number to the digits a reader sees.

Belongs here: scaling by size (元, 万, 亿), rounding half up, once, on output. Does not belong here: what the number means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_SCALES = (("亿", Decimal(10**8)), ("万", Decimal(10**4)), ("", Decimal(1)))
_COUNTED = ("人", "人次", "例", "件", "家", "个", "种", "批")
# A figure below one of its unit moves to the next smaller one: as two decimals it would keep two digits at most.
_SMALLEST_SHARE = Decimal(1)
_MOST_DECIMALS = 8


@dataclass(frozen=True)
class Unit:
    """A printed unit: what is counted or measured (`base`), and the scale before it."""

    base: str
    prefix: str = ""

    @property
    def factor(self) -> Decimal:
        """How many base units one printed unit holds."""
        return dict(_SCALES)[self.prefix]

    @property
    def text(self) -> str:
        """As printed: 万人, 亿元, %."""
        return self.prefix + self.base

    @property
    def is_scalable(self) -> bool:
        """True for money and counts; a ratio, a day or a mean in yuan keeps its unit."""
        return self.prefix != ""

    def smaller(self) -> list[Unit]:
        """This unit and the smaller ones of the same base, largest first."""
        if not self.is_scalable:
            return [self]
        names = [name for name, _ in _SCALES]
        return [Unit(self.base, name) for name in names[names.index(self.prefix) :]]

    @classmethod
    def parse(cls, text: str) -> Unit:
        """Unit from its printed form."""
        for prefix, _ in _SCALES[:-1]:
            if text.startswith(prefix) and len(text) > len(prefix):
                return cls(text[len(prefix) :], prefix)
        return cls(text)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Rounded half up (四舍五入), away from zero for negative numbers."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def fitting_unit(values: Iterable[Decimal | None], unit: Unit) -> Unit:
    """The largest unit in which none of these values, given in `unit`, becomes too small to read; zeros do not count."""
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return unit
    smallest = min(sizes) * unit.factor
    for candidate in unit.smaller():
        if smallest >= _SMALLEST_SHARE * candidate.factor:
            return candidate
    return unit.smaller()[-1]


def converted(value: Decimal, unit: Unit, to: Unit) -> Decimal:
    """The same quantity in another unit of the same base."""
    if unit.base != to.base:
        raise ValueError(f"{unit.text} cannot be written in {to.text}")
    return value * unit.factor / to.factor


def declared_decimals(unit: Unit, decimals: int) -> int:
    """Decimals of a figure as declared; a ratio has one at least: whole per cents would hide what its change says."""
    return max(1, decimals) if unit.base == "%" else decimals


def decimals_in(unit: Unit, declared: Unit, decimals: int) -> int:
    """Decimals of a figure declared with `decimals` in `declared` when it is printed in `unit`: whole persons stay whole."""
    if unit == declared or unit.prefix:
        return decimals
    return 0 if unit.base in _COUNTED else 2


def digits(value: Decimal, decimals: int) -> str:
    """The number as printed: zero as 0, anything else never as zeros only (decimals are added until a digit shows)."""
    if value == 0:
        return "0"
    while decimals < _MOST_DECIMALS and rounded(value, decimals) == 0:
        decimals += 1
    return f"{rounded(value, decimals):f}"
