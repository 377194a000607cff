"""The definition choices of a province in words: value, since when, by which file, what it touches, what else there is.

Belongs here: wording. Does not belong here: reading and resolving choices (`dictionary/definitions.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.dictionary import Province, Switch, load_indicators, load_switches
from dagster_project.dictionary.definitions import ALWAYS
from dagster_project.errors import UserError
from dagster_project.language import Text

SHOWN = 3


def render(province: Province, years: Sequence[int], wanted: str | None = None, language: str = "zh") -> str:
    """Every choice for these years, or the wanted one alone with every indicator that lists it.

    Raises UserError (exit 2) for a choice that is not known.
    """
    switches = load_switches()
    if wanted is not None and wanted not in switches:
        raise UserError(
            Text(f"没有这个口径：{wanted}", f"There is no such choice: {wanted}"), where=", ".join(switches)
        )
    lines = [Text(f"省份 {province.code} 的口径", f"Definition choices of {province.code}")]
    for switch in switches.values():
        if wanted in (None, switch.name):
            lines += _choice(province, switch, years, wanted is not None)
    return "\n".join(line.in_language(language) for line in lines)


def touched(switch: str) -> list[str]:
    """Ids of the computed indicators that list a choice, in the order of the dictionary."""
    return [row.indicator_id for row in load_indicators().values() if switch in row.switches]


def _choice(province: Province, switch: Switch, years: Sequence[int], in_full: bool) -> list[Text]:
    lines = [Text(f"{switch.name}  {switch.label.zh}", f"{switch.name}  {switch.label.en}")]
    entries = {year: province.entry(switch.name, year) for year in years}
    shown = dict.fromkeys(entries.values())
    for entry in shown:
        dated = [str(year) for year in years if entries[year] == entry] if len(shown) > 1 else []
        lines.append(_value(province, switch, entry, dated))
    lines.append(_touched(switch, in_full))
    used = {switch.known(value) for _, value in shown}
    others = [other for other in switch.values if other not in used]
    if others:
        told = [Text(f"{one}（{switch.values[one].zh}）", f"{one} ({switch.values[one].en})") for one in others]
        lines.append(
            Text(f"    可选：{'、'.join(one.zh for one in told)}", f"    or: {', '.join(one.en for one in told)}")
        )
    return lines


def _value(province: Province, switch: Switch, entry: tuple[int, str], years: Sequence[str]) -> Text:
    since, value = entry
    words, file = switch.text(value), province.declared_in.get(switch.name)
    source = Text(f"，出自 {file.name}", f", by {file.name}") if file else Text("", "")
    later = [start for start, _ in province.choices[switch.name] if start > since]
    if since > ALWAYS:
        begun = Text(f"，自 {since} 年", f", since {since}")
    elif later:
        begun = Text(f"，{later[0]} 年以前", f", before {later[0]}")
    else:
        begun = Text("，一直如此", ", always")
    dated = f"{', '.join(years)}: " if years else ""
    return Text(
        f"    {dated}{value}（{words.zh}）{begun.zh}{source.zh}",
        f"    {dated}{value} ({words.en}){begun.en}{source.en}",
    )


def _touched(switch: Switch, in_full: bool) -> Text:
    indicators = load_indicators()
    names = touched(switch.name)
    if not names:
        return Text("    尚无指标用到", "    touches no indicator yet")
    told = names if in_full else names[:SHOWN]
    more = len(names) - len(told)
    zh = "、".join(indicators[name].name_zh for name in told) + (f"等（共 {len(names)} 个）" if more else "")
    en = ", ".join(indicators[name].name_en for name in told) + (f" … ({len(names)} in all)" if more else "")
    return Text(f"    影响：{zh}", f"    touches: {en}")
