"""Headers against a contract (S11): core name, alias or Chinese name, trimmed, case-blind.

Belongs here: which cell of a header is which column. Does not belong here: cells below the header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dagster_project.contracts import Contract
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

_BLANKS = " \t\r\n\u3000\ufeff\u00a0\x00"
_SHOWN, _LONGEST = 12, 40  # names in one message, letters of a name
_RECORDED = 200  # letters of an unknown name that are kept
_MOST_CELLS = 4096  # no table has so many columns: what has is no header
_DATA = re.compile(r"[+-]?[0-9][0-9.,:/ -]*")  # a cell that no column is named like: a number, a code or a date
_LOOKS_PERSONAL = re.compile(r"[0-9]{15,}[Xx]?|1[3-9][0-9]{9}")


@dataclass(frozen=True)
class HeaderMatch:
    """Places of the contract's columns in a header, and what does not fit."""

    columns: dict[str, int]
    extra: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # optional columns that are absent
    required_missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


def folded(name: str) -> str:
    """A name as names are compared: trimmed, case-blind."""
    return name.strip(_BLANKS).casefold()


def known_names(contract: Contract) -> dict[str, str]:
    """Column by every name that a header may give it."""
    known: dict[str, str] = {}
    for column in contract.columns:
        for name in (column.name_zh, *column.aliases):
            known.setdefault(name.casefold(), column.name)
    # A core name always means its own column, even where it is another column's alias.
    known.update({column.name.casefold(): column.name for column in contract.columns})
    return known


def match(header: list[str], contract: Contract) -> HeaderMatch:
    """Where the columns of a contract stand in a header."""
    if len(header) > _MOST_CELLS:
        raise Refusal(
            Text(
                f"首行有 {len(header)} 列，超过 {_MOST_CELLS} 列，不是表头；请重新导出。",
                f"The first line has {len(header)} cells, more than {_MOST_CELLS}, and is no header; export it again.",
            )
        )
    known = known_names(contract)
    columns: dict[str, int] = {}
    extra: list[str] = []
    doubled: list[str] = []
    for place, cell in enumerate(header):
        name = cell.strip(_BLANKS)
        if not name:
            continue
        column = known.get(name.casefold())
        if column is None:
            extra.append("".join(letter if letter.isprintable() else "\ufffd" for letter in name[:_RECORDED]))
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
        raise Refusal(_missing(found, contract))
    return found


def not_a_header(cells: list[str], contract: Contract, where: Text) -> Text:
    """What to say of a first line in which no column of the contract was recognised; `where` says what was looked at."""
    names = [cell.strip(_BLANKS) for cell in cells if cell.strip(_BLANKS)]
    required = [column.name for column in contract.columns if column.required]
    missing = _missing(HeaderMatch({}, names, required_missing=required), contract)
    if any(_DATA.fullmatch(name) for name in names):
        # Data in place of a header may hold a person's name or number: it is never repeated.
        missing = _missing(HeaderMatch({}, required_missing=required), contract)
        missing = Text(
            f"首行像是数据而不是列名；{missing.zh}", f"the first line looks like data, not names; {missing.en}"
        )
    return Text(f"{where.zh}：{missing.zh}", f"{where.en}: {missing.en}")


def _missing(found: HeaderMatch, contract: Contract) -> Text:
    """Which required columns are missing, and which names nobody knows: mostly the same columns under other names."""
    extra = [_LOOKS_PERSONAL.sub("***", name)[:_LONGEST] for name in found.extra]
    unknown = Text("", "")
    if extra:
        unknown = Text(f"未识别的列：{_some(extra, '、').zh}；", f"columns not recognised: {_some(extra, ', ').en}; ")
    zh = [f"{name}（{contract.column(name).name_zh}）" for name in found.required_missing]
    return Text(
        f"{unknown.zh}缺少必需的列：{_some(zh, '、').zh}；请按契约更正列名（列的核心名、别名或中文名，S11）。",
        f"{unknown.en}required columns are missing: {_some(found.required_missing, ', ').en}; "
        "name the columns by the contract (core name, alias or Chinese name, S11).",
    )


def _some(names: list[str], separator: str) -> Text:
    """The first names of a list, and how many more there are."""
    shown, more = separator.join(names[:_SHOWN]), len(names) - _SHOWN
    return Text(f"{shown} 等另 {more} 列", f"{shown} and {more} more") if more > 0 else Text(shown, shown)
