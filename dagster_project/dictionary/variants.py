"""Declared variants of the definitions, by the name or the text that a person gives.

Belongs here: from `present`, a province's code, the name or path of a file of variants, or `CHOICE=VALUE,…` to the
definitions it stands for; which choices two variants differ in. Does not belong here: what a choice does (dbt), comparing
figures (`explain/choices.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dagster_project.dictionary.definitions import (
    SHIPPED,
    Province,
    load_province,
    load_switches,
    read_changes,
    read_choices,
)
from dagster_project.dictionary.pooling import CROSS_REGION_BASE, describe_pooling
from dagster_project.dictionary.province_files import NATIONAL, province_codes
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

PRESENT, PRESENT_ZH = "present", "当前"
FOLDER = "variants"
SUFFIX = ".yml"


@dataclass(frozen=True)
class Variant:
    """Definitions under a name; `province` is always that of the home, with the variant's choices."""

    name: str
    province: Province


@dataclass(frozen=True)
class Differing:
    """One choice in which two variants differ, with both values; a number stands in its place (gap_merge_3)."""

    switch: str
    label: Text
    old: str
    new: str
    old_text: Text
    new_text: Text


def read_variant(settings: Settings, name: str, home_province: str) -> Variant:
    """The definitions that a name stands for. Raises UserError (exit 2) for a name, choice or value that is not known."""
    present = load_province(settings, home_province)
    if name in (PRESENT, PRESENT_ZH):
        return Variant(name, present)
    if "=" in name:
        return Variant(name, _overridden(present, name))
    path = _file(settings, name)
    if path is not None:
        return Variant(name, read_changes(path, present))
    if name == NATIONAL or name in province_codes(settings):
        return Variant(name, replace(present, choices=read_choices(settings, name)))
    raise _unknown(settings, name)


def variant_names(settings: Settings) -> list[str]:
    """Names that stand for a file of variants, the home's own and the shipped ones."""
    folders = (settings.provinces / FOLDER, SHIPPED / FOLDER)
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")})


def differing_choices(old: Province, new: Province, years: Iterable[int]) -> list[Differing]:
    """Choices whose value differs in one of the years, the last of them telling, the dated pooling levels among them."""
    switches, wanted = load_switches(), sorted(set(years))
    found = []
    for name, switch in switches.items():
        pairs = [(old.choice(name, year), new.choice(name, year)) for year in wanted]
        apart = [pair for pair in pairs if pair[0] != pair[1]]
        if apart:
            before, after = apart[-1]
            found.append(Differing(name, switch.label, before, after, switch.text(before), switch.text(after)))
    levels = [(describe_pooling(old, year), describe_pooling(new, year)) for year in wanted]
    if any(before != after for before, after in levels):
        before, after = [pair for pair in levels if pair[0] != pair[1]][-1]
        label = Text("统筹层次", "Pooling level")
        found.append(Differing(CROSS_REGION_BASE, label, before, after, Text(before, before), Text(after, after)))
    return found


def changed_alone(old: Province, new: Province, switch: str) -> Province:
    """The old definitions with one choice of the new ones."""
    if switch == CROSS_REGION_BASE:
        return replace(old, pooling=new.pooling)
    return replace(old, choices={**old.choices, switch: new.choices[switch]})


def _overridden(present: Province, text: str) -> Province:
    """CHOICE=VALUE[,CHOICE=VALUE] on top of the present definitions, for all years."""
    switches, chosen = load_switches(), {}
    for part in text.replace("，", ",").split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or name not in switches:
            raise _wrong(part.strip(), "没有这个口径", "there is no such choice", ", ".join(switches))
        switch = switches[name]
        if switch.known(value) is None:
            raise _wrong(part.strip(), "没有这个取值", "there is no such value", ", ".join(switch.values))
        chosen[name] = [(0, value)]
    return replace(present, choices={**present.choices, **chosen})


def _file(settings: Settings, name: str) -> Path | None:
    if name.endswith(SUFFIX):
        path = Path(name)
        if path.is_file():
            return path
        return None
    for folder in (settings.provinces / FOLDER, SHIPPED / FOLDER):
        if name in {path.stem for path in folder.glob(f"*{SUFFIX}")}:
            return folder / f"{name}{SUFFIX}"
    return None


def _wrong(part: str, zh: str, en: str, known: str) -> UserError:
    return UserError(
        Text(f"{zh}：{part}", f"{en}: {part}"),
        where=f"可用 / allowed: {known}",
        todo=Text(
            "用 bulletin definitions 查看全部口径与取值。", "See `bulletin definitions` for all choices and values."
        ),
    )


def _unknown(settings: Settings, name: str) -> UserError:
    known = [PRESENT, NATIONAL, *province_codes(settings), *variant_names(settings)]
    return UserError(
        Text(f"没有名为 {name} 的口径方案。", f"There is no variant of the definitions called {name}."),
        where=", ".join(known),
        todo=Text(
            "写上列名称之一、口径文件（.yml）的路径，或“口径=取值”（可用逗号隔开几个），如 bed_day_rule=end_minus_begin_plus1。",
            "Give one of these names, the path of a file of definitions (.yml), or CHOICE=VALUE (several with commas), "
            "such as bed_day_rule=end_minus_begin_plus1.",
        ),
    )
