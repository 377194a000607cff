"""Definition choices (口径): what may be chosen, what a province chose, and since when.

Belongs here: reading `switches.yml` and the YAML of a province (the home's own folder first, then the shipped one),
checking them, and resolving a switch for a year. Does not belong here: what a choice does to a number (dbt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.dictionary import code_map
from dagster_project.dictionary.continuity import NUMBERS, ContinuityRule, read_rules
from dagster_project.dictionary.premium_assistance import PremiumAssistance, read_groups
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import PACKAGE_ROOT, Settings

SHIPPED = PACKAGE_ROOT / "provinces"
# A value given without a year holds from here on.
ALWAYS = 2000
SWITCHES_FILE = Path(__file__).with_name("switches.yml")
_NUMBER = re.compile(r"_[1-9]\d{0,2}$")
_LETTER = re.compile(r"\bn\b", re.ASCII)
KEYS = (
    "name",
    "definitions",
    "pooling",
    "continuity",
    "premium_assistance",
    "care_type_map",
    "identity_map",
    "two_disease_map",
    "large_exam_map",
    "referral_capability",
    "sample_lists",
    "dummy_creators",
)
LEVELS = ("prefecture", "province")
CARE_GROUPS = (
    "ordinary_outpatient", "emergency", "chronic_outpatient", "inpatient",
    "maternity_inpatient", "maternity_outpatient", "pharmacy", "home_bed",
)  # fmt: skip
# Groups of the code set psn_idet_type_group; `other` is an identity of none of them, an ordinary person among them.
IDENTITY_GROUPS = (
    "destitute", "orphan", "minimum_living", "low_income_margin", "anti_poverty_monitored", "illness_impoverished",
    "lifted_out_of_poverty", "other",
)  # fmt: skip

# Outpatient drug benefits for two diseases: which of them a code is, `unspecified` either, `none` not of this benefit.
TWO_DISEASES = ("hypertension", "diabetes", "unspecified", "none")
# Lists that a file may say are those of the synthetic sample: they hold for synthetic data only.
SAMPLE_LISTS = ("large_exam_map", "referral_capability")
# Tiers of hospitals by the roll-up of their grade (code set hosp_lv).
HOSPITAL_TIERS = {"tertiary": "3", "secondary": "2", "primary": "1"}
# Exams on large equipment: the equipment and the part of the body, as in ct_chest; exams of the part `other` are compared with none.
_EXAM_KIND = re.compile(r"(ct|mri|pet|dsa|spect)(_[a-z]+)+")


@dataclass(frozen=True)
class Switch:
    """One definition choice with its allowed values."""

    name: str
    label: Text
    values: dict[str, Text]
    numbered: frozenset[str] = frozenset()  # values that stand for a whole number: gap_merge_n for gap_merge_3

    def known(self, value: str) -> str | None:
        """The allowed value that a choice is, `gap_merge_n` for `gap_merge_3`; None where it is none of them."""
        if value in self.values:
            return None if value in self.numbered else value
        general = _NUMBER.sub("_n", value)
        return general if general in self.numbered else None

    def text(self, value: str) -> Text:
        """A choice in plain words, its number put in. Raises KeyError for a value that is none of this switch."""
        if value in self.values:
            return self.values[value]
        general, number = self.values[_NUMBER.sub("_n", value)], value.rpartition("_")[2]
        return Text(*(_LETTER.sub(number, words) for words in (general.zh, general.en)))


@dataclass(frozen=True)
class Pooling:
    """From a day on, a region pools at a level."""

    region_code: str
    valid_from: date
    level: str


@dataclass(frozen=True)
class Province:
    """The definitions of one province, national defaults filled in."""

    code: str
    choices: dict[str, list[tuple[int, str]]]  # switch -> (from year, value), sorted
    pooling: list[Pooling]
    continuity: list[ContinuityRule] = field(default_factory=list)
    premium_assistance: list[PremiumAssistance] = field(default_factory=list)
    care_type_map: dict[str, str] = field(default_factory=dict)
    identity_map: dict[str, str] = field(default_factory=dict)
    two_disease_map: dict[str, str] = field(default_factory=dict)
    large_exam_map: dict[str, str] = field(default_factory=dict)
    referral_capability: list[tuple[str, str]] = field(default_factory=list)  # tier by roll-up, disease group
    sample_lists: tuple[str, ...] = ()
    dummy_creators: tuple[str, ...] = ()
    code_map: dict[str, dict[str, str]] = field(default_factory=dict)  # code set -> provincial code -> code of the set
    declared_in: dict[str, Path] = field(default_factory=dict)  # switch -> the file that says so

    def of_real_data(self) -> Province:
        """Without the lists that are those of the synthetic sample: nothing invented may decide a figure of real data."""
        return replace(self, **{name: type(getattr(self, name))() for name in self.sample_lists})

    def choice(self, switch: str, year: int) -> str:
        """The value in force in a year; the earliest one before its first date."""
        return self.entry(switch, year)[1]

    def entry(self, switch: str, year: int) -> tuple[int, str]:
        """The dated entry in force in a year: from which year on, and the value."""
        dated = self.choices[switch]
        begun = [entry for entry in dated if entry[0] <= year]
        return begun[-1] if begun else dated[0]


@lru_cache(maxsize=1)
def load_switches() -> dict[str, Switch]:
    """All definition choices the warehouse knows, by name."""
    content: dict[str, Any] = yaml.load(SWITCHES_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        name: Switch(
            name=name,
            label=Text(**entry["name"]),
            values={str(value): Text(zh=text["zh"], en=text["en"]) for value, text in entry["values"].items()},
            numbered=frozenset(str(value) for value, text in entry["values"].items() if text.get("number")),
        )
        for name, entry in content.items()
    }


def load_province(settings: Settings, code: str, until: str = "") -> Province:
    """Definitions of a province; a province without a file has the national defaults.

    With a moment (UTC, ISO) codes that were mapped at the desk after it are not. Raises UserError naming the file, the entry and what is allowed there.
    """
    everywhere = _find(settings, "national") or SHIPPED / "national.yml"
    national = _read(everywhere)
    path = _find(settings, code, required=False)
    own = _read(path) if path is not None else {}
    of_nation = _choices(national.get("definitions") or {}, everywhere)
    of_province = _choices(own.get("definitions") or {}, path or SHIPPED)
    choices = {**of_nation, **of_province}
    missing = [name for name in load_switches() if name not in choices]
    if missing:
        raise _error(everywhere, "definitions", "缺少口径", "lacks the choices", ", ".join(missing))
    mapped = code_map.in_force(settings.provinces, code, until)
    pooling = _pooling(national, everywhere) + (_pooling(own, path) if path is not None else [])
    return Province(
        code=code,
        choices=choices,
        pooling=pooling,
        continuity=_continuity(own, path) or _continuity(national, everywhere),
        premium_assistance=_premium_assistance(own, path) or _premium_assistance(national, everywhere),
        # What was mapped at the desk and what the file declares are two lists of one map; neither names a code of the other.
        care_type_map=_code_map(own, "care_type_map", CARE_GROUPS, path) | mapped["med_type"],
        identity_map=_code_map(own, "identity_map", IDENTITY_GROUPS, path) | mapped["psn_idet_type_group"],
        # L49: codes of diseases and care types; what a province says of a code beats the national list.
        two_disease_map=_code_map(national, "two_disease_map", TWO_DISEASES, everywhere)
        | _code_map(own, "two_disease_map", TWO_DISEASES, path),
        large_exam_map=_exam_kinds(own, path),
        referral_capability=_capability(own, path),
        sample_lists=_sample_lists(own, path),
        code_map={name: mapped[name] for name in code_map.sets_to_code()},
        dummy_creators=tuple(str(creator) for creator in _list(own, "dummy_creators", path)),
        declared_in=dict.fromkeys(of_nation, everywhere) | dict.fromkeys(of_province, path or everywhere),
    )


def read_choices(settings: Settings, name: str) -> dict[str, list[tuple[int, str]]]:
    """Every choice by the file of a province, or of the nation ("national"), whatever province the home is of."""
    return load_province(settings, "100000" if name == "national" else name).choices


def read_changes(path: Path, present: Province) -> Province:
    """The present definitions with what a file changes in them: choices and pooling.

    Raises UserError naming the file, the entry and what is allowed there.
    """
    content = _read(path)
    for key in content:
        if key not in ("name", "definitions", "pooling"):
            raise _error(
                path, key, "不能在口径方案中改动；可用：", "cannot be changed here; known:", "definitions, pooling"
            )
    choices = {**present.choices, **_choices(content.get("definitions") or {}, path)}
    return replace(present, choices=choices, pooling=present.pooling + _pooling(content, path))


@lru_cache(maxsize=1)
def load_national() -> Province:
    """The shipped national defaults alone, to say in words where a province differs."""
    path = SHIPPED / "national.yml"
    content = _read(path)
    return Province("100000", _choices(content["definitions"], path), _pooling(content, path))


def _find(settings: Settings, name: str, required: bool = True) -> Path | None:
    for folder in (settings.provinces, SHIPPED):
        path = folder / f"{name}.yml"
        if path.exists():
            return path
    if required:
        raise FileNotFoundError(SHIPPED / f"{name}.yml")
    return None


def _error(path: Path | None, entry: str, zh: str, en: str, detail: str, todo: Text | None = None) -> UserError:
    return UserError(
        Text(f"口径文件有误：{entry} {zh} {detail}", f"The file of definitions is wrong: {entry} {en} {detail}"),
        where=f"{path or ''}: {entry}",
        todo=todo
        or Text("改正该文件后重新运行；本次未做任何改动。", "Correct the file and run again; nothing was done."),
    )


def _read(path: Path | None) -> dict[str, Any]:
    assert path is not None
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        place = getattr(error, "problem_mark", None)
        line = f"第 {place.line + 1} 行 / line {place.line + 1}" if place else getattr(error, "strerror", None) or ""
        raise _error(path, "YAML", "无法读取", "cannot be read", line) from error
    if not isinstance(content, dict):
        raise _error(path, "YAML", "不是键值结构", "is not a mapping", "")
    for key in content:
        if key not in KEYS:
            raise _error(path, str(key), "不是可用的键；可用：", "is not a known key; known:", ", ".join(KEYS))
    return content


def _choices(entries: dict[str, Any], path: Path) -> dict[str, list[tuple[int, str]]]:
    switches = load_switches()
    if not isinstance(entries, dict):
        raise _error(path, "definitions", "不是键值结构", "is not a mapping", "")
    found: dict[str, list[tuple[int, str]]] = {}
    for name, given in entries.items():
        if name not in switches:
            raise _error(path, str(name), "不是已知口径；可用：", "is not a known choice; known:", ", ".join(switches))
        dated = []
        for item in given if isinstance(given, list) else [{"from": ALWAYS, "value": given}]:
            if not isinstance(item, dict) or set(item) != {"from", "value"} or not isinstance(item["from"], int):
                raise _error(
                    path, name, "应为 {from: 年份, value: 取值}：", "must be {from: year, value: value}:", str(item)
                )
            dated.append((item["from"], _value(switches[name], item["value"], path)))
        if not dated:
            raise _error(path, name, "没有取值", "has no value", "")
        found[name] = sorted(dated)
    return found


def _value(switch: Switch, given: Any, path: Path) -> str:
    # YAML reads a bare `none` as text but `null` as nothing; both mean the value called none.
    value = "none" if given is None else str(given)
    if switch.known(value) is None:
        raise _error(
            path,
            switch.name,
            "取值无效：",
            "has an unknown value:",
            f"{value}; 可用 / allowed: {', '.join(switch.values)}",
        )
    return value


def _pooling(content: dict[str, Any], path: Path | None) -> list[Pooling]:
    found = []
    for entry in _list(content, "pooling", path):
        if not isinstance(entry, dict) or set(entry) != {"region", "from", "level"}:
            raise _error(path, "pooling", "应有 region、from、level：", "needs region, from, level:", str(entry))
        region, begin, level = str(entry["region"]), entry["from"], entry["level"]
        if len(region) != 6 or not region.isdigit():
            raise _error(path, "pooling", "区划代码应为六位：", "needs a region code of six digits:", region)
        if not isinstance(begin, date):
            raise _error(path, "pooling", "from 应为日期 YYYY-MM-DD：", "needs a date YYYY-MM-DD in from:", str(begin))
        if level not in LEVELS:
            raise _error(path, "pooling", "level 取值无效：", "has an unknown level:", f"{level}; {', '.join(LEVELS)}")
        found.append(Pooling(region, begin, level))
    return found


def _continuity(content: dict[str, Any], path: Path | None) -> list[ContinuityRule]:
    try:
        return read_rules(_list(content, "continuity", path))
    except ValueError as error:
        needed = ", ".join(("from", *NUMBERS))
        raise _error(
            path, "continuity", f"应有 {needed}（非负整数）：", f"needs {needed}, whole numbers:", str(error)
        ) from error


def _premium_assistance(content: dict[str, Any], path: Path | None) -> list[PremiumAssistance]:
    known = [group for group in IDENTITY_GROUPS if group != "other"]
    try:
        return read_groups(_list(content, "premium_assistance", path), known)
    except ValueError as error:
        needed = ", ".join(known)
        raise _error(
            path, "premium_assistance", "应有 from（年份）和 groups（人群）：", "needs from, a year, and groups:",
            f"{error}; {needed}",
        ) from error  # fmt: skip


def _list(content: dict[str, Any], key: str, path: Path | None) -> list[Any]:
    entries = content.get(key) or []
    if not isinstance(entries, list):
        raise _error(path, key, "应为列表，每行以 - 开头：", "must be a list, each line after a dash:", str(entries))
    return entries


def _code_map(content: dict[str, Any], key: str, groups: tuple[str, ...], path: Path | None) -> dict[str, str]:
    entries = content.get(key) or {}
    if not isinstance(entries, dict):
        raise _error(path, key, "不是键值结构", "is not a mapping", "")
    for code, group in entries.items():
        if group not in groups:
            raise _error(path, f"{key} {code}", "归类无效：", "has an unknown group:", f"{group}; {', '.join(groups)}")
    return {str(code): str(group) for code, group in entries.items()}


def _exam_kinds(content: dict[str, Any], path: Path | None) -> dict[str, str]:
    entries = content.get("large_exam_map") or {}
    if not isinstance(entries, dict):
        raise _error(path, "large_exam_map", "不是键值结构", "is not a mapping", "")
    for code, kind in entries.items():
        if not _EXAM_KIND.fullmatch(str(kind)):
            raise _error(
                path, f"large_exam_map {code}", "应为“设备_部位”，如 ct_chest；设备可用：",
                "must be equipment_part, as ct_chest; known equipment:", f"{kind}; ct, mri, pet, dsa, spect",
            )  # fmt: skip
    return {str(code): str(kind) for code, kind in entries.items()}


def _capability(content: dict[str, Any], path: Path | None) -> list[tuple[str, str]]:
    entries = content.get("referral_capability") or {}
    if not isinstance(entries, dict):
        raise _error(path, "referral_capability", "不是键值结构", "is not a mapping", "")
    found = []
    for tier, groups in entries.items():
        if tier not in HOSPITAL_TIERS or not isinstance(groups, list):
            raise _error(
                path, f"referral_capability {tier}", "应为医院等级及其病组清单；等级可用：",
                "must be a tier of hospitals with a list of disease groups; known tiers:", ", ".join(HOSPITAL_TIERS),
            )  # fmt: skip
        found += [(HOSPITAL_TIERS[tier], str(group)) for group in groups]
    return sorted(set(found))


def _sample_lists(content: dict[str, Any], path: Path | None) -> tuple[str, ...]:
    names = tuple(str(name) for name in _list(content, "sample_lists", path))
    for name in names:
        if name not in SAMPLE_LISTS:
            raise _error(path, "sample_lists", "不是可用的清单：", "is no list:", f"{name}; {', '.join(SAMPLE_LISTS)}")
    return names
