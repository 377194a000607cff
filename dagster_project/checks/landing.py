"""Landing: what intake recorded of files, loads, rules and codes.

Belongs here: the checks of stage `landing`, all of them on the small tables of `ops`. Does not belong here: row rules
(intake applies the contracts), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from dagster_project.checks import deliveries
from dagster_project.checks.catalogue import extract_uses
from dagster_project.checks.model import Check
from dagster_project.contracts import load_contracts
from dagster_project.ingest import codes
from dagster_project.ingest.store import literal
from dagster_project.settings import Settings

# The newest word on each file: a refused file that was corrected under the same name is no longer refused.
_LATEST_FILES = """
select * from {batch} qualify row_number() over (partition by source_file order by seen_at desc, status) = 1
"""
_RULE_ROWS = """
select "extract", rule_id, column_name, sum(unexpected) as row_count, sum(total) as total_rows,
    round(100.0 * sum(unexpected) / nullif(sum(total), 0), 4) as percent, sum(money) as money_yuan
from {batch} where unexpected <> 0 and
"""
# Corrected rows are counted below zero by the load that answers for them.
_STILL = "having sum(unexpected) > 0"
_STILL_HELD = "sum(rows_quarantined - coalesce(released, 0))"
_RELEASED = (
    "left join (select corrects_load_id as load_id, count(distinct source_row) as released from ops.released_row group by 1) "
    "using (load_id)"
)
_ROWS_READ = "select sum(rows_read) from ops.load"


def _rows_concerned(kind: str, severity: str) -> str:
    """Rows that break at least one rule of a kind; the counts by rule cannot be added up, as a row may break several."""
    return f"select sum(\"rows\") from ops.row_concerned where kind = '{kind}' and severity = '{severity}'"


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """The checks of intake."""
    return [*_loads(), *_files(), *_rules(codes.provincial_codes(settings)), *_deliveries(), *deliveries.checks()]


# A row that lost by its content alone is a matter as long as the row that won stands.
_TIED = """
from {batch} as tied inner join ops.superseded as gone using (load_id, source_row)
anti join ops.superseded as newer on newer.load_id = gone.by_load_id and newer.source_row = gone.by_source_row
"""


def _loads() -> list[Check]:
    rows = 'select load_id, "extract", source_file, rows_read, rows_accepted, rows_quarantined'
    read = "select sum(rows_read) from {batch}"
    return [
        Check(
            rule="load_rows_accounted",
            bad=rows + " from {batch} where rows_read is distinct from rows_accepted + rows_quarantined",
        ),
        Check(
            rule="load_parts_within_accepted",
            bad=rows + ", rows_superseded, rows_warned from {batch} where least(rows_superseded, rows_warned, "
            "rows_accepted, rows_quarantined) < 0 or greatest(rows_superseded, rows_warned) > rows_accepted",
        ),
        Check(
            rule="quarantine_share",
            bad=f'select "extract", sum(rows_read) as rows_read, {_STILL_HELD} as rows_quarantined, '
            f"round(100.0 * {_STILL_HELD} / sum(rows_read), 4) as percent from {{batch}} {_RELEASED} group by all "
            f"having {_STILL_HELD} >= {{at_least}} and {_STILL_HELD} * 100 > {{threshold}} * sum(rows_read)",
            found=f"select {_STILL_HELD} from {{batch}} {_RELEASED}",
            total=read,
        ),
        Check(
            rule="batch_unconfirmed",
            bad="select folder, count(*) as files, sum(rows_read) as row_count, min(loaded_at) as first_loaded, "
            "max(loaded_at) as last_loaded from {batch} inner join ops.load using (load_id) "
            "where told_by = 'warehouse' and confirmed_at is null group by folder order by first_loaded, folder",
            total="select count(distinct folder) from {batch} inner join ops.load using (load_id)",
        ),
        Check(
            rule="key_twice_same_version",
            bad=f'select loads."extract", loads.source_file, lost.row_count from (select load_id, count(*) as row_count {_TIED} '
            "group by all) as lost inner join ops.load as loads using (load_id) order by 3 desc, 2",
            found=f"select count(*) {_TIED}",
            total="select sum(rows_accepted) from ops.load",
        ),
        Check(rule="load_without_rows", bad=rows + " from {batch} where rows_read = 0"),
    ]


def _files() -> list[Check]:
    seen = "select count(distinct source_file) from {batch}"
    columns = 'select source_file, "extract", reason, seen_at from (' + _LATEST_FILES + ") where status = "
    return [
        Check(rule="file_refused", bad=columns + "'refused'", total=seen),
        Check(rule="file_unknown", bad=columns + "'unknown'", total=seen),
        Check(
            rule="file_repeats_another",
            bad=f"""
            select again.source_file, again."extract", loads.source_file as loaded_as, loads.load_id, loads.rows_read
            from ({_LATEST_FILES}) as again
            inner join ops.load as loads on loads.sha256 = again.sha256
            where again.status = 'duplicate' and loads.rows_read > 0
                and {_base_name("again")} <> {_base_name("loads")}
                and (loads.delivery <> 'full' or loads."extract" in ({_of_persons()}))
            qualify row_number() over (partition by again.source_file order by loads.load_id) = 1
            order by again.source_file
            """,
            total=seen,
        ),
        Check(
            rule="file_form_doubtful",
            bad='select loads."extract", loads.source_file, column_name as decided from {batch} as counts '
            "inner join ops.load as loads using (load_id) where rule_id = 'form_doubtful' order by 2, 3",
            total="select count(*) from ops.load",
        ),
    ]


def _base_name(table: str) -> str:
    """A file's own name as intake compares names: without folders and packing, in lower case."""
    return f"regexp_replace(regexp_extract(lower({table}.source_file), '[^/]+$'), '\\.(gz|zst|zip)$', '')"


def _of_persons() -> str:
    """Extracts of persons: unlike a list of regions or institutions, their state is never the same a month later."""
    named = [
        contract.name
        for contract in load_contracts().values()
        if any(column.is_identifier for column in contract.columns)
    ]
    return ", ".join(f"'{name}'" for name in named)


def _rules(declared: Sequence[tuple[str, str, str]]) -> list[Check]:
    broken = "rule_id <> 'code_unknown' and severity = "
    return [
        _codes_held(),
        _codes_accepted(declared),
        Check(
            rule="row_rule_quarantined",
            bad=f"{_RULE_ROWS} {broken}'error' group by all {_STILL} order by row_count desc",
            found=_rows_concerned("row_rule", "error"),
            total=_ROWS_READ,
        ),
        Check(
            rule="row_rule_warned",
            bad=f"{_RULE_ROWS} {broken}'warning' group by all having sum(unexpected) >= {{at_least}} "
            "and sum(unexpected) * 100 > {threshold} * sum(total) order by row_count desc",
            found=_rows_concerned("row_rule", "warning"),
            total=_ROWS_READ,
        ),
    ]


_UNKNOWN = "rule_id = 'code_unknown' and severity = "


def _codes_held() -> Check:
    """Unknown codes that hold rows back; the rows query lists the codes themselves with rows and money."""
    condition = f"{_UNKNOWN}'error'"
    return Check(
        rule="code_unknown",
        bad=f"{_RULE_ROWS} {condition} group by all {_STILL} order by row_count desc",
        found=_rows_concerned("code_unknown", "error"),
        total=_ROWS_READ,
        rows=f"""
        select "extract", column_name, code_set, code, sum("rows") as row_count, sum(money) as money_yuan
        from ops.unmapped_code
        where (load_id, "extract", column_name) in (
            select (load_id, "extract", column_name) from {{batch}} where {condition} and unexpected <> 0
        )
        group by all having sum("rows") > 0 order by row_count desc
        """,
    )


def _codes_accepted(declared: Sequence[tuple[str, str, str]]) -> Check:
    """Unknown codes of accepted rows, by what the province has `declared` by now (set, province, code): an account is of the day on
    which its file was loaded, and a code mapped since is no longer unknown in it.

    A row with several unknown codes of which some are mapped counts once for each of the others.
    """
    pairs = ", ".join(f"({literal(code_set)}, {literal(code)})" for code_set, _, code in declared) or "(null, null)"
    open_codes = f"""
        select codes.*
        from ops.unmapped_code as codes
        inner join {{batch}} as counts
            on counts.load_id = codes.load_id and counts."extract" = codes."extract" and counts.column_name = codes.column_name
            and {_UNKNOWN}'warning' and counts.unexpected <> 0
        where not exists (
            select 1 from (values {pairs}) as declared(code_set, code)
            where declared.code_set = codes.code_set and declared.code = codes.code
        )
    """
    listed = (
        'select "extract", column_name, code_set, code, sum("rows") as row_count, sum(money) as money_yuan '
        f'from ({open_codes}) group by all having sum("rows") > 0 order by row_count desc'
    )
    return Check(
        rule="code_outside_set",
        bad=listed,
        found=f"""
        select coalesce(sum(least(concerned.row_count, still.row_count)), 0)
        from (select load_id, sum("rows") as row_count from ({open_codes}) group by load_id) as still
        inner join (
            select load_id, sum("rows") as row_count from ops.row_concerned
            where kind = 'code_unknown' and severity = 'warning' group by load_id
        ) as concerned using (load_id)
        """,
        total=_ROWS_READ,
    )


def _deliveries() -> list[Check]:
    uses = extract_uses()
    wanted = ", ".join(f"('{extract}', '{use.zh}', '{use.en}')" for extract, use in uses.items())
    return [
        Check(
            rule="required_extract_missing",
            bad=f'select v."extract", v.cannot_be_computed_zh, v.cannot_be_computed_en from (values {wanted}) '
            'as v("extract", cannot_be_computed_zh, cannot_be_computed_en) '
            'where v."extract" not in (select "extract" from {batch})',
            total=f"select {len(uses)}",
        ),
        Check(
            rule="delivered_month_gap",
            bad="""
            with delivered as (
                select distinct "extract", strptime("month", '%Y%m')::date as month_begin
                from {batch} where regexp_matches("month", '^[0-9]{6}$') and "extract" in ({needed})
            ),
            expected as (
                select "extract", unnest(generate_series(min(month_begin), max(month_begin), interval 1 month))::date
                    as month_begin
                from delivered group by "extract"
            )
            select "extract", strftime(month_begin, '%Y%m') as missing_month
            from expected anti join delivered using ("extract", month_begin) order by all
            """.replace("{needed}", ", ".join(f"'{extract}'" for extract in uses)),
            total="""select count(distinct ("extract", "month")) from {batch} where "month" <> 'all'""",
        ),
    ]
