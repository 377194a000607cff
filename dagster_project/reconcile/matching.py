"""Stated figures beside ours: the indicator a name means, the unit, and whether both print the same.

Belongs here: names, units, rounding. Does not belong here: reading (`reading.py`), why they differ (`reasons.py`).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import polars as pl

from dagster_project.bulletin.compose import load_outline
from dagster_project.dictionary.indicators import Indicator, load_indicators, load_units
from dagster_project.reconcile.reading import Stated

_IN_BRACKETS = re.compile(r"[（(][^（）()]*[)）]")
_LEFT_OUT = re.compile(r"[\s·•,，、。:：;；()（）\[\]【】《》“”\"'’\-—_/%％]")
_ALIKE = 0.6  # names that have less in common are not worth suggesting
# Verdicts, in the order in which they are told.
AGREES, LAST_DIGIT, DIFFERS, NO_VALUE, WRONG_UNIT, NO_REGION, UNKNOWN = (
    "agrees", "last_digit", "differs", "no_value", "wrong_unit", "no_region", "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """A stated figure with ours: `ours` in the stated unit and unrounded, None where there is none."""

    stated: Stated
    verdict: str
    indicator: Indicator | None = None
    region_code: str = ""
    ours: Decimal | None = None
    note: str = ""

    @property
    def difference(self) -> Decimal | None:
        """Stated less ours, in the stated unit."""
        return None if self.ours is None else self.stated.value - self.ours


def folded(name: str) -> str:
    """A name without what people write in different ways."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKC", name)).lower()


@cache
def _names() -> dict[str, str]:
    """Indicators by the names they are known under; a name of two of them is none. An alias is its base."""
    indicators = load_indicators()
    found: dict[str, set[str]] = defaultdict(set)
    for indicator in indicators.values():
        base = indicator.alias_of or indicator.indicator_id
        for name in (indicator.indicator_id, indicator.name_zh, indicator.name_en):
            found[folded(name)].add(base)
    for indicator_id, names in load_outline()["names"].items():
        # What stands in braces depends on the definition in force; names without any are names for everybody.
        if "{" not in names["zh"]:
            found[folded(names["zh"])].add(indicator_id)
    # What a name says in brackets is often left out; it is known without where that is nobody else's name.
    short: dict[str, set[str]] = defaultdict(set)
    for indicator in indicators.values():
        short[folded(_IN_BRACKETS.sub("", indicator.name_zh))].add(indicator.alias_of or indicator.indicator_id)
    for name, ids in short.items():
        found.setdefault(name, ids)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


def indicator_named(name: str) -> Indicator | None:
    """The indicator that a name means; None where it means none, or more than one."""
    known = _names().get(folded(name))
    return load_indicators()[known] if known else None


def alike(name: str) -> list[Indicator]:
    """Up to three indicators of a name like this one, best first."""
    close = difflib.get_close_matches(folded(name), _names(), n=6, cutoff=_ALIKE)
    return [load_indicators()[one] for one in dict.fromkeys(_names()[text] for text in close)][:3]


def rounded(value: Decimal, decimals: int) -> Decimal:
    """As printed: half up, at so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def factor(indicator: Indicator, unit: str) -> Decimal | None:
    """By what a value in the indicator's unit is multiplied to stand in another; None where the units are of different things."""
    wanted = unit or indicator.unit
    units = load_units()
    if wanted == indicator.unit:
        return Decimal(1)
    if wanted not in units or indicator.unit not in units or _base(wanted) != _base(indicator.unit):
        return None
    return units[indicator.unit] / units[wanted]


@cache
def _base(unit: str) -> str:
    return re.sub(r"^[万亿千百]+", "", unit)


def ours_by_key(values: pl.DataFrame) -> dict[tuple[str, int, str], float]:
    """Annual wholes by indicator, year and region; those that have a value."""
    wholes = values.filter((pl.col("period_kind") == "year") & (pl.col("breakdown") == "total"))
    rows = wholes.select("indicator_id", "year", "region_code", "value").drop_nulls("value")
    return {(indicator, int(year), region): float(value) for indicator, year, region, value in rows.iter_rows()}


def matched(
    stated: Sequence[Stated], ours: Mapping[tuple[str, int, str], float], regions: Mapping[str, str], province: str
) -> list[Matched]:
    """Every stated figure with ours; `regions` are names by code."""
    return [_matched(one, ours, regions, province) for one in stated]


def _matched(
    stated: Stated, ours: Mapping[tuple[str, int, str], float], regions: Mapping[str, str], province: str
) -> Matched:
    indicator = indicator_named(stated.name)
    if indicator is None:
        names = "、".join(f"{one.name_zh}（{one.indicator_id}）" for one in alike(stated.name))
        return Matched(stated, UNKNOWN, note=names)
    region = region_code(stated.region, regions, province)
    if region is None:
        return Matched(stated, NO_REGION, indicator, note=stated.region)
    into = factor(indicator, stated.unit)
    if into is None:
        return Matched(stated, WRONG_UNIT, indicator, region, note=f"{stated.unit} / {indicator.unit}")
    value = ours.get((indicator.indicator_id, stated.year, region))
    if value is None:
        return Matched(stated, NO_VALUE, indicator, region)
    mine = Decimal(repr(value)) * into
    step = Decimal(1).scaleb(-stated.decimals)
    apart = abs(rounded(mine, stated.decimals) - stated.value)
    verdict = AGREES if apart == 0 else LAST_DIGIT if apart <= step and stated.decimals else DIFFERS
    return Matched(stated, verdict, indicator, region, mine)


def region_code(text: str, regions: Mapping[str, str], province: str) -> str | None:
    """The code of a region by code or name, the province where none is given; None for a place that has no figures."""
    asked = text.strip()
    if not asked or asked in ("全省", "合计", "总计", province):
        return province
    if asked in regions:
        return asked
    found = [code for code, name in regions.items() if name == asked] or [
        code for code, name in regions.items() if name and name.startswith(asked)
    ]
    return found[0] if len(found) == 1 else None
