"""Great Expectations at the four stages of the data's way, and the page that shows what they found.

Belongs here: suites (one module a stage), the rule catalogue (`rules.yml`), judging, `ops.check_result`, `checks.html`.
Does not belong here: row rules (contracts and intake), shapes of models (dbt tests), Dagster (the bridge is in `assets`).
Great Expectations itself is imported only while a stage runs.
"""

from dagster_project.checks.catalogue import catalogue, stage_check_specs
from dagster_project.checks.gx_adapter import warm_up
from dagster_project.checks.model import STAGES, CheckResult, CheckSpec, Rule, Stage
from dagster_project.checks.stages import run_stage
from dagster_project.checks.store import newest_results, read_results, release_blockers

__all__ = [
    "STAGES",
    "CheckResult",
    "CheckSpec",
    "Rule",
    "Stage",
    "catalogue",
    "newest_results",
    "read_results",
    "release_blockers",
    "run_stage",
    "stage_check_specs",
    "warm_up",
]
