"""The rule catalogue: reading `rules.yml`, the one home of severities, thresholds and help.

Belongs here: the catalogue and the specs made from it. Does not belong here: how a rule is judged.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.checks.model import STAGES, CheckSpec, Rule, Stage
from dagster_project.language import Text

RULES_FILE = Path(__file__).with_name("rules.yml")
_FIELDS = {"table", "severity", "threshold", "at_least", "finding", "blocks", "needs", "title", "means", "do", "hurts"}


@cache
def catalogue() -> dict[str, Rule]:
    """All rules by id, in the order of the file."""
    with RULES_FILE.open(encoding="utf-8") as stream:
        content: dict[str, dict[str, Any]] = yaml.load(stream, Loader=yaml.CSafeLoader)
    return {
        rule_id: _rule(rule_id, stage, entry) for stage in STAGES for rule_id, entry in content["stages"][stage].items()
    }


@cache
def form_rules() -> dict[str, Rule]:
    """The cross-form rules by id; they belong to no stage of a run, for forms are filled when they are asked for."""
    with RULES_FILE.open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=yaml.CSafeLoader)
    return {rule_id: _rule(rule_id, "forms", entry) for rule_id, entry in content["forms"].items()}


@cache
def extract_uses() -> dict[str, Text]:
    """What cannot be computed without an extract, by extract: the required extracts of the first intake."""
    with RULES_FILE.open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=yaml.CSafeLoader)
    return {extract: Text(*pair) for extract, pair in content["required_extracts"].items()}


def _rule(rule_id: str, stage: Stage, entry: dict[str, Any]) -> Rule:
    unknown = set(entry) - _FIELDS
    if unknown:
        raise ValueError(f"rules.yml: {rule_id} has unknown fields {sorted(unknown)}")
    severity = entry["severity"]
    threshold = float(entry.get("threshold", 0))
    return Rule(
        id=rule_id,
        stage=stage,
        table=entry["table"],
        severity=severity,
        threshold=threshold,
        at_least=int(entry.get("at_least", 1)),
        finding=bool(entry.get("finding", False)),
        blocks=entry.get("blocks", "run" if severity == "error" else "nothing"),
        needs=tuple(entry.get("needs", ())),
        title=_text(entry["title"], threshold),
        meaning=_text(entry["means"], threshold),
        todo=_text(entry["do"], threshold),
        hurts=_text(entry["hurts"], threshold),
    )


def _text(pair: list[str], threshold: float) -> Text:
    """A text in both languages, the threshold where the text names it, so that the number stands in one place."""
    zh, en = (part.replace("{threshold}", f"{threshold:g}") for part in pair)
    return Text(zh, en)


def stage_check_specs(stage: Stage) -> list[CheckSpec]:
    """The checks of one stage, without importing Great Expectations."""
    return [
        CheckSpec(
            check_name=rule.id,
            table_name=rule.table,
            asset_key=tuple(rule.table.split(".")),
            severity=rule.severity,
            blocking=rule.blocks == "run",
            description=f"{rule.title}\n\n{rule.help}",
        )
        for rule in catalogue().values()
        if rule.stage == stage
    ]
