"""Reading the contracts: one YAML an extract, checked when read.

Belongs here: the way from YAML to `Contract`. Does not belong here: anything about files that were delivered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.contracts.model import Column, Contract, Rule, Thresholds
from dagster_project.language import Text

FOLDER = Path(__file__).resolve().parent
# The compiled reader is ten times as fast; it is not in every build of the library.
_READER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TYPE = re.compile(r"(varchar|decimal|date|timestamp)(?:\((\d+)(?:,(\d+))?\))?")


@lru_cache(maxsize=1)
def _defaults() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((FOLDER / "_defaults.yml").read_text(encoding="utf-8"), Loader=_READER)
    return content


def null_words() -> tuple[str, ...]:
    """Texts that mean that there is no value (S9)."""
    return tuple(_defaults()["null_words"])


@lru_cache(maxsize=1)
def load_contracts() -> dict[str, Contract]:
    """All contracts by table name, in the order of their files."""
    paths = sorted(FOLDER.glob("[!_]*.yml"))
    written = {path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=_READER) for path in paths}
    contracts = {}
    for stem, content in written.items():
        contract = _contract(_with_columns_of(content, written))
        if contract.name != stem:
            raise ValueError(f"{stem}.yml: table is {contract.name}")
        contracts[contract.name] = contract
    return contracts


def _with_columns_of(content: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """A contract that is `like` another has its columns, its clocks and its rules, which then hurt what this one feeds."""
    if "like" not in content:
        return content
    model = written[content["like"]]
    rules = [{name: value for name, value in rule.items() if name != "hurts"} for rule in model.get("rules", ())]
    return {**model, **{name: value for name, value in content.items() if name != "like"}, "rules": rules}


def _text(pair: dict[str, str]) -> Text:
    return Text(pair["zh"], pair["en"])


def _column(entry: dict[str, Any]) -> Column:
    known = {"name", "zh", "en", "type", "codes", "aliases"}
    match = _TYPE.fullmatch(entry["type"])
    if match is None:
        raise ValueError(f"{entry['name']}: type {entry['type']}")
    kind, first, second = match.groups()
    return Column(
        name=entry["name"],
        name_zh=entry["zh"],
        name_en=entry.get("en", ""),
        type=kind,  # type: ignore[arg-type]
        precision=int(first or 0) if kind == "decimal" else 0,
        scale=int(second or 0),
        length=int(first or 0) if kind == "varchar" else 0,
        code_set=entry.get("codes"),
        aliases=tuple(entry.get("aliases", ())),
        **{name: value for name, value in entry.items() if name not in known},
    )


def _contract(content: dict[str, Any]) -> Contract:
    hurts = _text(content["hurts"])
    columns = tuple(_column(entry) for entry in content["columns"])
    contract = Contract(
        name=content["table"],
        name_zh=content["name"]["zh"],
        name_en=content["name"]["en"],
        owner=_text(content["owner"]),
        hurts=hurts,
        basis=content["basis"],
        designed=content["designed"],
        delivery=content["delivery"],
        version_by=content["version_by"],
        columns=columns,
        thresholds=_thresholds(content.get("thresholds", {})),
        rules=tuple(_rule(entry, hurts) for entry in content.get("rules", ())),
        month_by=content.get("month_by", ""),
        **({"place_by": tuple(content["place_by"])} if "place_by" in content else {}),
        money=content.get("money", ""),
        texts={rule: _text(pair) for rule, pair in _defaults()["column_rules"].items()},
    )
    used = [contract.month_by, contract.money, *(name for rule in contract.rules for name in rule.columns)]
    if contract.version_by != "delivery":
        used.append(contract.version_by)
    for name in filter(None, used):
        contract.column(name)
    for rule, share in contract.thresholds.rules.items():
        known = {one.id for one in contract.rules} | contract.texts.keys()
        # An unknown code holds its row and never refuses a file (S1).
        if rule not in known - {"code_unknown"} or not 0 <= share <= contract.thresholds.rows:
            raise ValueError(
                f"{contract.name}: a threshold of {rule} needs a known rule, and a share up to the cap of the file"
            )
    return contract


def _thresholds(own: dict[str, Any]) -> Thresholds:
    """Thresholds of a contract: its own over the defaults, rule by rule."""
    everywhere = _defaults()["thresholds"]
    rules = {**everywhere.get("rules", {}), **own.get("rules", {})}
    return Thresholds(**{**everywhere, **own, "rules": rules})


def _rule(entry: dict[str, Any], hurts: Text) -> Rule:
    return Rule(
        id=entry["id"],
        kind=entry["kind"],
        severity=entry["severity"],
        columns=tuple(entry["columns"]),
        text=_text(entry["text"]),
        hurts=_text(entry["hurts"]) if "hurts" in entry else hurts,
        when=entry.get("when", ""),
    )
