"""Why a stated figure is not ours: what would make ours print the same.

Belongs here: candidates and which of them fit. Does not belong here: computing the layer (`indicator_trial.py`), wording.

Cheap reasons first: a unit read wrongly, the year before or after, the other scheme, a vintage that was frozen. Then every
other value of every choice that the indicator lists and that needs no facts is tried alone, each once for all figures; the
value that makes ours print the stated digits is the reason, else the one that takes most of the difference away, if it takes half.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.dictionary.definitions import Province, Switch
from dagster_project.language import Text
from dagster_project.reconcile.matching import DIFFERS, Matched, factor, rounded

# 万 read as thousand or million, 亿 as billion, and the like.
_SLIPS = (Decimal(10), Decimal(100), Decimal(1000), Decimal(10_000), Decimal(100_000_000))
_SWAPPED = {"employee": "resident", "resident": "employee"}
_ENOUGH = Decimal("0.5")  # a candidate that takes less of the difference away explains nothing

Key = tuple[str, int, str]


@dataclass(frozen=True)
class Reason:
    """What explains a difference; `is_exact` when ours would then print what was stated."""

    text: Text
    is_exact: bool
    value: Decimal | None = None  # ours under that reason, in the stated unit


def cheap_reason(one: Matched, ours: Mapping[Key, float], frozen: Mapping[str, Mapping[Key, float]]) -> Reason | None:
    """A slip, a neighbouring year, the other scheme, or a frozen vintage that prints the stated figure."""
    indicator, stated = one.indicator, one.stated
    if indicator is None or one.ours is None:
        return None
    for slip in _SLIPS:
        for scaled, words in ((one.ours * slip, "大"), (one.ours / slip, "小")):
            if rounded(scaled, stated.decimals) == stated.value != 0:
                text = Text(
                    f"单位读错：公布数正好是本库数的 {slip} 倍{words}",
                    f"a unit read wrongly: it is ours {'times' if words == '大' else 'divided by'} {slip}",
                )
                return Reason(text, True, scaled)
    for year in (stated.year - 1, stated.year + 1):
        if _prints(one, ours.get((indicator.indicator_id, year, one.region_code))):
            return Reason(Text(f"是本库 {year} 年的数", f"it is our figure of {year}"), True)
    scheme = next((name for name in _SWAPPED if indicator.indicator_id.startswith(f"{name}_")), None)
    if scheme:
        other = _SWAPPED[scheme] + indicator.indicator_id.removeprefix(scheme)
        if _prints(one, ours.get((other, stated.year, one.region_code))):
            return Reason(
                Text("职工与居民互换：是另一险种的数", "the schemes are swapped: it is the other one's figure"), True
            )
    for vintage, values in sorted(frozen.items(), reverse=True):
        if _prints(one, values.get((indicator.indicator_id, stated.year, one.region_code))):
            return Reason(
                Text(
                    f"与定稿 {vintage} 相同：之后的数据使它变了（bulletin diff 列出原因）",
                    f"it is the frozen figure of {vintage}: later data changed it (see bulletin diff)",
                ),
                True,
            )
    return None


def _in_unit(one: Matched, value: float) -> Decimal:
    assert one.indicator is not None
    into = factor(one.indicator, one.stated.unit)
    assert into is not None
    return Decimal(repr(value)) * into


def _prints(one: Matched, value: float | None) -> bool:
    return value is not None and rounded(_in_unit(one, value), one.stated.decimals) == one.stated.value


def candidates(
    differing: Sequence[Matched], switches: Mapping[str, Switch], present: Province, of_facts: Collection[str]
) -> list[tuple[str, str]]:
    """Choices with another value than the one in force, that one of these indicators lists and no fact is needed for."""
    wanted = {
        (name, value)
        for one in differing
        if one.indicator is not None
        for name in one.indicator.switches
        if name in switches and name not in of_facts
        for value in switches[name].values
        if not value.endswith("_n") and value != present.choice(name, one.stated.year)
    }
    return sorted(wanted)


def definition_reasons(
    differing: Sequence[Matched],
    tried: Iterable[tuple[str, str]],
    values_under: Callable[[str, str, int], Mapping[Key, float]],
    switches: Mapping[str, Switch],
) -> dict[Matched, Reason]:
    """The choice that explains each difference best. `values_under(choice, value, year)` are ours under it."""
    found: dict[Matched, Reason] = {}
    years = sorted({one.stated.year for one in differing})
    for name, value in tried:
        for year in years:
            listing = [
                one for one in differing if one.stated.year == year and one.indicator and name in one.indicator.switches
            ]
            if not listing:
                continue
            values = values_under(name, value, year)
            for one in listing:
                assert one.indicator is not None
                other = values.get((one.indicator.indicator_id, year, one.region_code))
                if other is not None:
                    _take(found, one, _in_unit(one, other), switches[name], name, value)
    return found


def _take(found: dict[Matched, Reason], one: Matched, other: Decimal, switch: Switch, name: str, value: str) -> None:
    """Keep a candidate where it explains more than the one so far."""
    assert one.ours is not None
    apart, left = abs(one.stated.value - one.ours), abs(one.stated.value - other)
    is_exact = rounded(other, one.stated.decimals) == one.stated.value
    before = found.get(one)
    if not is_exact and (apart - left < _ENOUGH * apart or (before is not None and _left(one, before) <= left)):
        return
    if before is not None and before.is_exact:
        return
    label, meaning = switch.label, switch.text(value)
    shown = rounded(other, one.stated.decimals)
    text = Text(
        f"口径“{label.zh}”取“{meaning.zh}”（{name}={value}）时本库为 {shown}",
        f'with "{meaning.en}" for {label.en} ({name}={value}) ours is {shown}',
    )
    found[one] = Reason(text, is_exact, other)


def _left(one: Matched, reason: Reason) -> Decimal:
    return abs(one.stated.value - reason.value) if reason.value is not None else Decimal(0)


def facts_reason(one: Matched, of_facts: Collection[str], switches: Mapping[str, Switch]) -> Reason | None:
    """Where no choice of the layer explains it: those that would have to read the facts again."""
    listed = [
        name for name in (one.indicator.switches if one.indicator else ()) if name in of_facts and name in switches
    ]
    if one.verdict != DIFFERS or not listed:
        return None
    names = "、".join(f"{switches[name].label.zh}（{name}）" for name in listed)
    return Reason(
        Text(
            f"没有找到；涉及明细的口径未试：{names}，可在 provinces 里改后 bulletin build 再比",
            f"none found; not tried, for they read the facts again: {', '.join(listed)}",
        ),
        False,
    )
