"""Core: rules over rows of several extracts, counted once by dbt in `core.rule_count` and judged here.

Belongs here: the checks of stage `core`: one a rule id. Does not belong here: counting (one aggregate a core table in
dbt), shapes of models (dbt tests), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.model import Check
from dagster_project.settings import Settings

_LINK = "select load_id, source_row, settlement_month, reversal_class from core.settlement_link where "
_FACT = (
    "select load_id, source_row, settlement_month, insured_region, treatment_region, scheme_code, care_type, "
    "provider_kind, hosp_lv, begin_date, end_date, total_fee_yuan from core.fct_settlement where "
)
_INSURED = "select reference_year, insured_region, scheme_code, member_status, employer_group from core.fct_enrolment_date where "
_MERGE = "select merge_reason, load_id, source_row from core.person_merge where "
# The rows behind a count, for the rules whose rows one condition finds: `load_id` and `source_row` lead to the file.
_ROWS = {
    "mirror_without_original": _LINK + "is_valid and is_mirror and original_load_id is null",
    "flagged_without_mirror": _LINK + "reversal_class = 'flagged_alone'",
    "reversal_habit": _LINK + "is_valid and is_mirror and original_load_id is not null and not is_original_flagged",
    "reversal_in_circle": _LINK + "is_valid and is_mirror and chain_depth is null",
    "unknown_scheme": _FACT + "scheme_code = 'unknown'",
    "end_before_begin": _FACT + "end_date < begin_date",
    "pharmacy_code_at_hospital": _FACT + "provider_kind = 'hospital' and care_group = 'pharmacy'",
    "inpatient_code_at_pharmacy": _FACT
    + "provider_kind = 'pharmacy' and care_group in ('inpatient', 'maternity_inpatient', 'home_bed')",
    "unknown_travel_class": _FACT + "travel_class = 'unknown'",
    "unknown_care_group": _FACT + "care_group = 'unknown'",
    "dead_insured": _INSURED + "is_dead",
    "enrolled_twice": "select counting_region, counting_scheme, other_region, other_scheme, reason, begin_date, end_date, "
    "other_load_id, other_source_row from core.person_overlap "
    "where make_date((select max(reference_year) from core.person_file), 12, 31) between begin_date and end_date",
    "certificate_contradicted": _MERGE + "not is_merged",
    "merged_in_spite_of_difference": _MERGE + "merge_reason in ('birth_month_differs', 'sex_differs')",
    "insured_without_person_row": _INSURED + "not has_person_row",
    "employer_type_unknown": _INSURED + "employer_group = 'unknown'",
}


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """One check a rule of the catalogue's core stage."""
    return [_counted(rule.id) for rule in catalogue().values() if rule.stage == "core"]


def _counted(rule_id: str) -> Check:
    """A rule whose violations were counted: no month may lie above its threshold."""
    return Check(
        rule=rule_id,
        bad=f"""
        select table_name, "month", unexpected, total, round(100.0 * unexpected / nullif(total, 0), 4) as percent, money_yuan
        from {{batch}}
        where rule_id = '{rule_id}' and unexpected >= {{at_least}} and unexpected * 100 > {{threshold}} * total
        order by "month" desc
        """,
        found=f"select sum(unexpected) from {{batch}} where rule_id = '{rule_id}'",
        total=f"select sum(total) from {{batch}} where rule_id = '{rule_id}'",
        rows=_ROWS.get(rule_id, ""),
        counted=f"select count(*) from {{batch}} where rule_id = '{rule_id}'",
    )
