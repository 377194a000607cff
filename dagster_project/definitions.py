"""The one Definitions of the project: assets by stage, gates between them, jobs, the sensor, the home as the only resource.

Belongs here: putting the parts together. Does not belong here: parts (`assets/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project import dbt_parse
from dagster_project.assets import gates, jobs, landing, publication, sensors, warehouse
from dagster_project.assets.common import BulletinHome
from dagster_project.settings import Settings


def build_definitions(manifest: Mapping[str, Any]) -> dg.Definitions:
    """All assets, checks and jobs for a parsed dbt project."""
    landed = landing.landing_assets()
    definitions = landing.definition_assets(manifest)
    core, indicator = warehouse.all_dbt_assets(manifest)
    bulletin = publication.bulletin_assets([*sorted(indicator.keys), gates.gate_key("indicator")])
    serving = publication.serving_asset([*sorted(bulletin.keys), gates.gate_key("publication")])
    known = {*landed.keys, *definitions.keys, *core.keys, *indicator.keys, *bulletin.keys}
    return dg.Definitions(
        assets=[
            landed,
            gates.gate_assets("landing", sorted(landed.keys), known),
            definitions,
            core,
            gates.gate_assets("core", sorted(core.keys), known),
            indicator,
            gates.gate_assets("indicator", sorted(indicator.keys), known),
            bulletin,
            gates.gate_assets("publication", sorted(bulletin.keys), known),
            serving,
        ],
        jobs=[jobs.main_job(), jobs.month_job(), jobs.year_job()],
        sensors=[sensors.landing_sensor()],
        resources={"home": BulletinHome()},
        executor=dg.in_process_executor,
    )


defs = build_definitions(dbt_parse.manifest(Settings()))
