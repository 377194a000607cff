"""Column names of a province that no contract foresees: the file that says which name stands for which column.

Belongs here: reading HOME/provinces/<code>.columns.yml (else the shipped one), checking it against the contracts. Does not belong
here: names that every province knows (contracts), matching a header (`header.py`).

    setl_d:
      结算流水号: setl_id
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from dagster_project.contracts import Contract, load_contracts
from dagster_project.dictionary.definitions import SHIPPED
from dagster_project.errors import UserError
from dagster_project.ingest.damage import in_words
from dagster_project.ingest.header import folded, known_names
from dagster_project.language import Text
from dagster_project.settings import Settings

SUFFIX = ".columns.yml"
# Province → extract → name in the file, as headers are compared, → column of the contract.
ColumnNames = Mapping[str, Mapping[str, Mapping[str, str]]]


class _Doubled(yaml.constructor.ConstructorError):
    """A name that stands twice."""


class _Reader(yaml.SafeLoader):
    """YAML in which a name that stands twice is an error, not a silent choice of the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        doubled = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if doubled is not None:
            raise _Doubled(None, None, f"{doubled} 出现两次 / stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def load_column_names(settings: Settings) -> ColumnNames:
    """The names of every province that has a file of them, the home's own before a shipped one.

    Raises UserError (exit 2) naming the file and the entry.
    """
    paths: dict[str, Path] = {}
    for folder in (SHIPPED, settings.provinces):
        paths |= {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"[!.]*{SUFFIX}"))}
    return {province: _read(path) for province, path in sorted(paths.items())}


def names_for(names: ColumnNames, extract: str, province: str | None) -> Mapping[str, str]:
    """The names of an extract in a province; of the only province that has some while the file's own is not known yet."""
    if province is not None:
        return names.get(province, {}).get(extract, {})
    found = [own[extract] for own in names.values() if own.get(extract)]
    return found[0] if len(found) == 1 else {}


def with_names(contract: Contract, names: Mapping[str, str]) -> Contract:
    """The contract with a province's names among the aliases of its columns."""
    if not names:
        return contract
    own: dict[str, tuple[str, ...]] = {}
    for name, column in names.items():
        own[column] = (*own.get(column, ()), name)
    columns = [replace(column, aliases=(*column.aliases, *own.get(column.name, ()))) for column in contract.columns]
    return replace(contract, columns=tuple(columns))


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Reader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        place = getattr(error, "problem_mark", None)
        line = f"第 {place.line + 1} 行 / line {place.line + 1}: " if place else ""
        if isinstance(error, _Doubled):
            problem = str(error.problem)
        elif isinstance(error, OSError):
            problem = str(in_words(error))
        else:
            problem = str(
                Text("缩进、冒号后的空格、引号或编码不对", "indentation, a blank behind a colon, quotes or encoding")
            )
        raise _error(path, "YAML", "无法读取", "cannot be read", f"{line}{problem}") from error
    contracts = load_contracts()
    if not isinstance(content, dict):
        raise _error(path, "YAML", "不是键值结构", "is not a mapping", "")
    for extract, entries in content.items():
        if extract not in contracts:
            raise _error(path, str(extract), "不是抽取表；可用：", "is no extract; known:", _near(extract, contracts))
        if not isinstance(entries, dict):
            raise _error(path, str(extract), "应为“文件中的列名: 契约列名”：", "needs “name in the file: column”:", "")
    return {extract: _entries(path, contracts[extract], entries) for extract, entries in content.items()}


def _entries(path: Path, contract: Contract, entries: dict[Any, Any]) -> dict[str, str]:
    known, columns = known_names(contract), [column.name for column in contract.columns]
    found: dict[str, str] = {}
    for given, column in entries.items():
        wrong = partial(_error, path, f"{contract.name} {given}")
        if not isinstance(given, str) or not (name := folded(given)):
            raise wrong("列名要写成带引号的文字", "must be a name in quotes", "")
        if column not in columns:
            raise wrong("对应的不是契约的列；相近的有：", "stands for no column; near ones:", _near(column, columns))
        if known.get(name, column) != column:
            raise wrong("在契约中已是另一列的名字：", "is the contract's name of another column already:", known[name])
        if name in found:
            raise wrong("写了两次（不分大小写、不计首尾空白）", "stands twice (case and blanks do not count)", "")
        if column in found.values():
            raise wrong("与另一个列名对应同一列：", "stands for the same column as another name:", str(column))
        found[name] = str(column)
    return found


def _near(given: Any, names: Any) -> str:
    near = difflib.get_close_matches(str(given), list(names), 5, 0.3)
    return f"{given}; {', '.join(near or list(names)[:5])}"


def _error(path: Path, entry: str, zh: str, en: str, detail: str) -> UserError:
    return UserError(
        Text(
            f"列名对照文件有误：{entry} {zh} {detail}".rstrip(),
            f"The file of column names is wrong: {entry} {en} {detail}".rstrip(),
        ),
        where=f"{path}: {entry}",
        todo=Text("改正该文件后重新运行；本次未做任何改动。", "Correct the file and run again; nothing was done."),
    )
