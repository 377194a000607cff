"""Forms: the cross-form rules X01 to X17, judged on the table of comparisons.

Belongs here: one check a rule, on comparisons worked out elsewhere. Does not belong here: what is compared with what (`forms/`),
texts and severities (`rules.yml`).
"""

from __future__ import annotations

import duckdb
import polars as pl

from dagster_project.checks.catalogue import form_rules
from dagster_project.checks.model import Check, CheckResult
from dagster_project.settings import Settings
from dagster_project.warehouse import keep_within


def judge_forms(comparisons: pl.DataFrame, settings: Settings) -> list[CheckResult]:
    """Results of all rules in the order of the catalogue; a rule without a comparison is not applicable."""
    from dagster_project.checks.stages import judged

    rules = form_rules()
    with duckdb.connect() as aside:
        keep_within(aside, settings, is_aside=True)
        aside.register("comparisons", comparisons)
        aside.execute("create schema forms; create table forms.comparison as select * from comparisons")
        return judged(aside, rules, {rule: _check(rule) for rule in rules}, "")


def _check(rule: str) -> Check:
    of_rule = f"from {{batch}} where rule = '{rule}'"
    return Check(
        rule=rule,
        bad=f'select form, "row", "column", region_code, year, quarter, left_side / 100 as left_side, sign, '
        f"right_side / 100 as right_side, against {of_rule} and not holds order by quarter desc, region_code, form",
        total=f"select count(*) {of_rule}",
        counted=f"select count(*) {of_rule}",
    )
