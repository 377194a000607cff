"""Parameters of disclosure control, from one file that an office edits.

Belongs here: reading and validating `parameters.yml`. Does not belong here: what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from dagster_project.errors import UserError
from dagster_project.language import Text

DEFAULT_FILE = Path(__file__).with_name("parameters.yml")


@dataclass(frozen=True)
class Parameters:
    """`min_cell` is the smallest publishable count; `person_units` the base units whose counts are of persons or visits."""

    min_cell: int = 10
    person_units: tuple[str, ...] = ("人", "人次", "例")


def load_parameters(path: Path = DEFAULT_FILE) -> Parameters:
    """Parameters from a YAML file.

    Raises UserError when `min_cell` is not a whole number of at least 1.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    min_cell = content.get("min_cell")
    if not isinstance(min_cell, int) or isinstance(min_cell, bool) or min_cell < 1:
        raise UserError(
            Text("最小单元数必须是不小于一的整数。", "min_cell must be a whole number of at least one."),
            where=f"{path.name}: min_cell = {min_cell!r}",
            todo=Text("请改正该参数后重新运行。", "Correct the parameter and run again."),
        )
    return Parameters(min_cell=min_cell, person_units=tuple(content.get("person_units") or ()))
