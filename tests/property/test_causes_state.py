"""Whatever lies between two vintages, the steps lead from the one to the other: every number of both ends, none withheld."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dagster_project.causes import split
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.explain.vintages import FROZEN_FILE, compare
from dagster_project.explain.waterfall import CAUSES, CORRECTED, DEFINITIONS, LATE, OLD, REVERSALS, TAKEN_OUT
from dagster_project.settings import Settings
from dagster_project.warehouse import connect
from tests.changing_world import ChangingWorld
from tests.property.test_unload_state import LATER, WRONG
from tests.warehouse_api import FIXED_NOW, build_home, settings_of

YEAR = 2025
pytestmark = pytest.mark.long


def keep(settings: Settings, name: str) -> None:
    """The numbers of this moment as a frozen vintage, before disclosure control: nothing of them is withheld."""
    folder = settings.publication / str(YEAR) / name
    folder.mkdir(parents=True)
    with connect(settings) as connection:
        connection.execute(
            f"copy (select * from indicator.indicator_value where year <= {YEAR}) to '{folder / FROZEN_FILE}' (format parquet)"
        )
        inputs = connection.execute("select load_id, sha256 from ops.load order by 1").fetchall()
        spelt = connection.execute("select definition_id, switch, value from ops.definition").fetchall()
    definitions: dict[str, dict[str, str]] = {}
    for definition, switch, value in spelt:
        definitions.setdefault(definition, {})[switch] = value
    told = {"inputs": [{"load_id": load, "sha256": sha} for load, sha in inputs], "definitions": definitions}
    told |= {"made_at": FIXED_NOW.removesuffix("+00:00") + "Z", "frozen_at": f"{name[:10]}T00:00:00Z"}
    (folder / "release.json").write_text(json.dumps(told), encoding="utf-8")


def test_L85_steps_lead_from_any_vintage_to_any_other(tmp_path: Path) -> None:
    """Rows closed and opened again, registries and regions renewed, files taken out, codes and choices changed."""
    made = ChangingWorld()
    made.deliver(WRONG)
    made.deliver(LATER)
    made.choices["b3"] = {"stat_clock": (2000, "enddate"), "stay_merge": (YEAR, "per_settlement"), "tier_column": (2000, "registry_at_discharge")}  # fmt: skip
    home, landed, key = tmp_path / "home", tmp_path / "landed", tmp_path / "key"
    made.write(landed)
    settings = settings_of(home, key)
    for batch, name in (("b1", "2026-01-01_quick_report"), ("b2", "2026-01-02_monthly"), ("b3", "2026-01-03_bulletin")):
        shutil.copytree(landed / batch, home / "landing" / batch)
        made.decide(home, batch)
        if batch == "b3":
            with connect(settings) as connection:
                for file in ("b2/psn_insu_d_all.csv", "b1/setl_d_west.csv"):
                    unload(connection, settings, find_target(connection, settings, file), "test", "wrong", "run")
        build_home(home, key)
        keep(settings, name)
    expected = {
        ("quick_report", "monthly"): (OLD, TAKEN_OUT, LATE, CORRECTED, REVERSALS),
        ("monthly", "bulletin"): (OLD, TAKEN_OUT, LATE, CORRECTED, DEFINITIONS),
    }
    for pair, steps in expected.items():
        difference = compare(settings, YEAR, *pair)
        told = split(settings, difference)
        assert told.reason is None and told.steps == steps, (pair, told.reason, told.steps)
        numbers = [row for row in told.rows if not row["note"]]
        assert len(numbers) > 20 and all(
            sum(row[f"value_{name}"] for name in CAUSES.values()) == row["value_change"] for row in numbers
        )
        moving = {name for row in numbers for name in CAUSES.values() if row[f"value_{name}"]}
        assert len(moving) >= 3, moving
