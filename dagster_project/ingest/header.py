"""Headers against a contract (S11): core name, alias or Chinese name, trimmed, case-blind.

Belongs here: which cell of a header is which column. Does not belong here: cells below the header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from dagster_project.contracts import Contract, load_contracts
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

_BLANKS = " \t\r\n\u3000\ufeff\u00a0\x00"


@dataclass(frozen=True)
class HeaderMatch:
    """Places of the contract's columns in a header, and what does not fit."""

    columns: dict[str, int]
    extra: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # optional columns that are absent
    required_missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


@lru_cache(maxsize=64)
def _names(table: str) -> dict[str, str]:
    known: dict[str, str] = {}
    contract = load_contracts()[table]
    for column in contract.columns:
        for name in (column.name_zh, *column.aliases):
            known.setdefault(name.casefold(), column.name)
    # A core name always means its own column, even where it is another column's alias.
    known.update({column.name.casefold(): column.name for column in contract.columns})
    return known


def match(header: list[str], contract: Contract) -> HeaderMatch:
    """Where the columns of a contract stand in a header."""
    known = _names(contract.name)
    columns: dict[str, int] = {}
    extra: list[str] = []
    doubled: list[str] = []
    for place, cell in enumerate(header):
        name = cell.strip(_BLANKS)
        if not name:
            continue
        column = known.get(name.casefold())
        if column is None:
            extra.append(name)
        elif column in columns:
            doubled.append(column)
        else:
            columns[column] = place
    absent = [column for column in contract.columns if column.name not in columns]
    # A column that never reaches raw need not be delivered: not delivering it is the better practice.
    return HeaderMatch(
        columns,
        extra,
        [column.name for column in absent if not column.required],
        [column.name for column in absent if column.required],
        doubled,
    )


def checked(header: list[str], contract: Contract) -> HeaderMatch:
    """The match, or a Refusal for doubled columns and missing required ones."""
    found = match(header, contract)
    if found.doubled:
        raise Refusal(
            Text(
                f"表头中重复的列：{'、'.join(found.doubled)}；每列只能出现一次（S11）。",
                f"Columns that stand twice in the header: {', '.join(found.doubled)}; each may stand once (S11).",
            )
        )
    if found.required_missing:
        zh = "、".join(f"{name}（{contract.column(name).name_zh}）" for name in found.required_missing[:8])
        en = ", ".join(found.required_missing[:8])
        more = len(found.required_missing) - 8
        raise Refusal(
            Text(
                f"缺少必需的列：{zh}{f' 等另 {more} 列' if more > 0 else ''}；请按契约补全表头（S11）。",
                f"Required columns are missing: {en}{f' and {more} more' if more > 0 else ''}; "
                "complete the header by the contract (S11).",
            )
        )
    return found
