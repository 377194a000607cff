"""Whether an area's delivery is missing, halved or doubled (ruling L32), on the matrix that intake counted.

Belongs here: the comparison. Does not belong here: the matrix (`ingest/areas.py`), thresholds and texts (`rules.yml`).
"""

from __future__ import annotations

from math import log

from dagster_project.checks.model import Check

# A difference between two small numbers is a finding where chance brings it about less often than this: a province has some ten
# thousand small areas, extracts and months to look at, and none of them may be listed for nothing.
CHANCE = 1e-6


def _beyond_chance(before: str) -> str:
    """SQL: the area brought so many rows `before` that its number now is no chance.

    Of two Poisson counts of one mean the later is, given their sum n, binomial (n, 1/2). The chance of k or fewer is at most
    exp(-n KL(k/n, 1/2)) (Chernoff): n ln 2 + k ln(k/n) + (n - k) ln((n - k)/n) must reach ln(1/CHANCE).
    """
    now = 'greatest("rows", 0)'
    both = f"({before} + {now})"
    # 0 ln 0 is 0, and asked of 1 it is.
    parts = [f"{part} * ln(greatest({part}, 1) / greatest({both}, 1))" for part in (before, now)]
    return f"({both} * ln(2) + {' + '.join(parts)} >= {log(1 / CHANCE):.3f})"


# {threshold}: per cent of what an area brought before, below which it has halved; doubled is the same the other way round.
# {at_least}: rows that an area must have brought before, so that chance alone does not halve or double it; with fewer rows a
# difference is a finding where chance is excluded (BEYOND).
# An area inside one that is listed with the same word is not listed again.
_JUDGED = """
with bases as (
    select *,
        rows_before >= {at_least} as has_before,
        rows_year_before >= {at_least} as has_year_before,
        -- Some stays cost a hundred times what others do: money takes more rows than counts before it tells anything.
        greatest(coalesce(rows_before, 0), coalesce(rows_year_before, 0)) >= 20 * {at_least} as has_money,
        coalesce(rows_before, 0) > 0 or coalesce(rows_year_before, 0) > 0 as has_any,
        (coalesce(rows_before, 0) <= 0 or BEYOND_BEFORE and "rows" * 100 < {threshold} * rows_before)
            and (coalesce(rows_year_before, 0) <= 0 or BEYOND_YEAR_BEFORE and "rows" * 100 < {threshold} * rows_year_before)
            as is_beyond_chance
    from {batch} where is_comparable and is_complete
),
judged as (
    select *,
        case
            when not (coalesce(has_before, false) or coalesce(has_year_before, false))
                then case when has_any and is_beyond_chance then if("rows" <= 0, 'missing', 'halved') end
            when "rows" <= 0 then 'missing'
            when (has_before is not true or "rows" * 100 < {threshold} * rows_before)
                and (has_year_before is not true or "rows" * 100 < {threshold} * rows_year_before) then 'halved'
            when (has_before is not true or (is_before_whole and "rows" * {threshold} > 100 * rows_before))
                and (has_year_before is not true or (is_year_before_whole and "rows" * {threshold} > 100 * rows_year_before))
                then 'doubled'
            when not has_money or money <= 0 or coalesce(money_before, 1) <= 0 or coalesce(money_year_before, 1) <= 0 then null
            when (has_before is not true or money * 100 < {threshold} * money_before)
                and (has_year_before is not true or money * 100 < {threshold} * money_year_before) then 'money_halved'
            when (has_before is not true or (is_before_whole and money * {threshold} > 100 * money_before))
                and (has_year_before is not true or (is_year_before_whole and money * {threshold} > 100 * money_year_before))
                then 'money_doubled'
        end as finding
    from bases
),
listed as (
    select * from judged where finding is not null and finding {which}
)
select inner_area.extract, inner_area.month, inner_area.level, inner_area.region as region_code, inner_area.finding,
    inner_area."rows" as row_count, inner_area.rows_before, inner_area.rows_year_before, inner_area.money as money_yuan,
    inner_area.money_before as money_before_yuan, inner_area.money_year_before as money_year_before_yuan
from listed as inner_area
where not exists (
    select 1 from listed as outer_area
    where outer_area.extract = inner_area.extract and outer_area.month = inner_area.month
        and outer_area.finding = inner_area.finding
        and (
            (inner_area.level = 'county' and outer_area.level = 'prefecture' and left(inner_area.region, 4) || '00' = outer_area.region)
            or (inner_area.level in ('county', 'prefecture') and outer_area.level = 'province'
                and left(inner_area.region, 2) || '0000' = outer_area.region)
        )
)
order by inner_area.month desc, inner_area.extract, inner_area.region
""".replace("BEYOND_BEFORE", _beyond_chance("rows_before")).replace(
    "BEYOND_YEAR_BEFORE", _beyond_chance("rows_year_before")
)
_TOTAL = "select count(*) from {batch} where is_comparable and is_complete"
_COUNTED = "select count(*) from {batch} where is_comparable and coalesce(rows_before, rows_year_before) is not null"


def checks() -> list[Check]:
    """Areas that brought nothing, and areas that brought half or double."""
    return [
        Check(rule=rule, bad=_JUDGED.replace("{which}", which), total=_TOTAL, counted=_COUNTED)
        for rule, which in (("delivery_area_missing", "= 'missing'"), ("delivery_area_changed", "<> 'missing'"))
    ]
