"""Provincial codes that somebody mapped at the desk (S1): one dated row a decision, in HOME/provinces/<province>.codes.csv.

Belongs here: the file, which row is in force, what a code may be mapped to. Does not belong here: codes that a province's YAML
declares (`definitions.py`), reading held rows again (`desk/rereading.py`).

The newest row of a code is in force. Rows are only added: who mapped what, and when, stays. Care types and identities are mapped
to a group, as in the YAML; codes of other sets to a code of the same set.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

SUFFIX = ".codes.csv"
# Sets whose codes are mapped to a group of theirs, with the map of the YAML that says the same.
TO_GROUP = {"med_type": "care_type_map", "psn_idet_type_group": "identity_map"}
# Regions are no codes to be mapped: their list is delivered as an extract of its own (R17).
REGIONS = "admdvs"
_PROVINCE = re.compile(r"\d{2}0000")


@lru_cache(maxsize=1)
def sets_to_code() -> tuple[str, ...]:
    """Sets whose codes are mapped to a code of the same set, which staging puts in the place of the province's own: those of every
    column that lands and in which an unknown code holds the row back or is counted."""
    found = {
        column.code_set
        for contract in load_contracts().values()
        for column in contract.landed
        if column.code_set is not None and column.unknown != "lawful"
    }
    return tuple(sorted(found - {REGIONS, *TO_GROUP}))


def mapped_sets() -> tuple[str, ...]:
    """Every set whose codes a province may map."""
    return (*TO_GROUP, *sets_to_code())


@dataclass(frozen=True)
class Mapped:
    """One decision: from `mapped_at` (UTC, ISO) on a code of a set means a group or a code."""

    code_set: str
    code: str
    target: str
    mapped_at: str
    mapped_by: str
    note: str = ""


def provinces_mapped(folder: Path) -> set[str]:
    """Provinces that have a file."""
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
    return {path.name.removesuffix(SUFFIX) for path in found if _PROVINCE.fullmatch(path.name.removesuffix(SUFFIX))}


def read_decisions(folder: Path, province: str) -> list[Mapped]:
    """All rows of a province in the order in which they were made. Raises UserError for a file that is none of ours."""
    path = folder / f"{province}{SUFFIX}"
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [
                Mapped(**{field.name: row[field.name].strip() for field in fields(Mapped)})
                for row in csv.DictReader(stream)
            ]
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise _broken(path, "") from error
    for row in rows:
        if row.code_set not in mapped_sets() or not row.code or not row.target:
            raise _broken(path, f"{row.code_set} {row.code} {row.target}")
    return rows


def in_force(folder: Path, province: str, until: str = "") -> dict[str, dict[str, str]]:
    """Target by code by set: the newest row of each code, or the newest that was there at a moment (UTC, ISO)."""
    found: dict[str, dict[str, str]] = {name: {} for name in mapped_sets()}
    for row in read_decisions(folder, province):
        if not until or row.mapped_at.removesuffix("Z") <= until.removesuffix("Z"):
            found[row.code_set][row.code] = row.target
    return found


def add_decision(settings: Settings, province: str, decision: Mapped) -> Path:
    """Write one more row; the file comes whole or stays as it was."""
    rows = [*read_decisions(settings.provinces, province), decision]
    path = settings.provinces / f"{province}{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Mapped)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    with durable_step("desk.map_code"):
        part.replace(path)
    return path


def _broken(path: Path, detail: str) -> UserError:
    return UserError(
        Text("代码映射文件有误。", "The file of mapped codes is wrong."),
        where=f"{path}: {detail}" if detail else str(path),
        todo=Text(
            "用 bulletin codes map 写入，不要手工改列；列为 code_set, code, target, mapped_at, mapped_by, note。",
            "Write it with bulletin codes map; its columns are code_set, code, target, mapped_at, mapped_by, note.",
        ),
    )
