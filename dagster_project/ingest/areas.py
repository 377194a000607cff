"""What was delivered by extract, month and area: the view `ops.delivery`, and the rows that newer versions have replaced in it.

Belongs here: counting what intake recorded (`ops.load_region`). Does not belong here: what is too little or too much
(`checks/deliveries.py`), printing (`verbs/deliveries.py`), counting the rows of a file (`controls.py`).

Raw is read again for one thing alone: the areas of rows that were replaced, in the months of the loads concerned. Without them a
month that is delivered twice would look doubled.
"""

from __future__ import annotations

import duckdb

from dagster_project.china_time import KNOWN_AT
from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest.store import home_of, read_files
from dagster_project.warehouse import only_reads

# One row an extract, month and area, where the extract has that month at all and the area in any month: rows and money now, in the
# month before and in the same month of the year before (null where the extract has no such month). An extract whose rows have no
# month of their own is counted in the month of its delivery; of full deliveries in one month the newest counts.
VIEW = """
create or replace view ops.delivery as
with loads as (
    select load_id, extract, delivery, {known_at} as delivered from ops.load
),

placed as (
    select loads.extract, loads.delivery, loads.delivered, counted.region, counted."rows", counted.money,
        counted.month <> 'all' as is_monthly,
        if(counted.month <> 'all', counted.month, strftime(loads.delivered, '%Y%m')) as month
    from (
        select load_id, month, region, "rows", money from ops.load_region
        union all
        select load_id, month, region, -"rows", -money from ops.superseded_region where month <> 'all'
    ) as counted
    inner join loads on counted.load_id = loads.load_id
    where counted.month = 'all' or regexp_full_match(counted.month, '[0-9]{6}')
),

newest as (
    select * from placed
    qualify is_monthly or delivery <> 'full' or delivered = max(delivered) over (partition by extract, month)
),

-- Contributions and the like follow the seasons of the year; only rows with a month and full deliveries are held against each other.
by_level as (
    select extract, month, is_monthly or delivery = 'full' as is_comparable, is_monthly, unnest(
        case when region = '' then [{'level': 'none', 'code': ''}] else
            [{'level': 'province', 'code': left(region, 2) || '0000'}]
            || if(substr(region, 3, 2) <> '00', [{'level': 'prefecture', 'code': left(region, 4) || '00'}], [])
            || if(right(region, 2) <> '00', [{'level': 'county', 'code': region}], [])
        end
    ) as area, "rows", money
    from newest
),

counted as (
    select extract, month, bool_and(is_comparable) as is_comparable, bool_or(is_monthly) as is_monthly, area.level as level,
        area.code as region, sum("rows") as "rows", sum(money) as money
    from by_level
    group by all
),

-- Stays that began before the first month delivered, and whatever else strays into a month: no measure of the next one.
totals as (
    select extract, month, sum("rows") as "rows", median(sum("rows")) over (partition by extract) as usual
    from newest
    group by extract, month
),

months as (
    select extract, month, bool_and(is_comparable) as is_comparable,
        (
            select 2 * totals."rows" >= totals.usual from totals where totals.extract = counted.extract and totals.month = counted.month
        ) as is_whole,
        -- The month that is still running has not been delivered whole.
        bool_and(not is_monthly or month < (
            select max(strftime(delivered, '%Y%m')) from loads where loads.extract = counted.extract
        )) as is_complete,
        strftime(strptime(month, '%Y%m') - interval 1 month, '%Y%m') as month_before,
        strftime(strptime(month, '%Y%m') - interval 1 year, '%Y%m') as month_year_before
    from counted
    group by extract, month
),

grid as (
    select months.*, areas.level, areas.region
    from months
    inner join (select distinct extract, level, region from counted) as areas on months.extract = areas.extract
)

select grid.extract, grid.month, grid.level, grid.region, grid.is_comparable, grid.is_complete,
    coalesce(now."rows", 0)::bigint as "rows",
    coalesce(now.money, 0) as money,
    coalesce(has_before.is_whole, false) as is_before_whole,
    coalesce(has_year_before.is_whole, false) as is_year_before_whole,
    if(has_before.month is null, null, coalesce(before."rows", 0))::bigint as rows_before,
    if(has_before.month is null, null, coalesce(before.money, 0)) as money_before,
    if(has_year_before.month is null, null, coalesce(year_before."rows", 0))::bigint as rows_year_before,
    if(has_year_before.month is null, null, coalesce(year_before.money, 0)) as money_year_before
from grid
left join counted as now on grid.extract = now.extract and grid.region = now.region and grid.level = now.level
    and grid.month = now.month
left join counted as before on grid.extract = before.extract and grid.region = before.region and grid.level = before.level
    and grid.month_before = before.month
left join counted as year_before on grid.extract = year_before.extract and grid.region = year_before.region
    and grid.level = year_before.level and grid.month_year_before = year_before.month
left join months as has_before on grid.extract = has_before.extract and grid.month_before = has_before.month
left join months as has_year_before on grid.extract = has_year_before.extract and grid.month_year_before = has_year_before.month
"""


def refresh(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring `ops.delivery` up to what has been taken in, replaced and taken out; as it stands in a home that can only be read."""
    if only_reads(connection):
        return
    count_superseded(connection)
    connection.execute(VIEW.replace("{known_at}", KNOWN_AT))


def count_superseded(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Bring ops.superseded_region up to ops.superseded, for extracts whose rows have a month; returns the loads counted anew.

    A load is counted again when the rows that are replaced are others than those counted, however they came to be.
    """
    monthly = [contract.name for contract in load_contracts().values() if contract.month_by]
    due = connection.execute(
        "with found as (select load_id, bit_xor(hash(source_row)) as mark from ops.superseded "
        "where list_contains($1::varchar[], extract) group by load_id), "
        "known as (select load_id, any_value(mark) as mark from ops.superseded_region group by load_id) "
        "select coalesce(found.load_id, known.load_id) as load_id, found.mark from found full join known using (load_id) "
        "where found.mark is distinct from known.mark order by 1",
        [monthly],
    ).fetchall()
    if not due:
        return []
    home = home_of(connection)
    connection.execute("begin")
    for load_id, mark in due:
        connection.execute("delete from ops.superseded_region where load_id = ?", [load_id])
        files = connection.execute(
            "select extract, month, raw_file from ops.load_month where load_id = ? order by month", [load_id]
        ).fetchall()
        for extract, month, file in files if mark is not None else ():
            contract = load_contracts()[str(extract)]
            landed = {column.name for column in contract.landed}
            region = next((f'"{name}"' for name in contract.place_by if name in landed), "''")
            money = f'"{contract.money}"' if contract.money else "0"
            connection.execute(
                f"insert into ops.superseded_region select $1, $2, if(regexp_full_match({region}, '[0-9]{{6}}'), {region}, ''), "
                f"count(*), coalesce(sum({money}), 0), $3 from {read_files([str(file)], home)} where source_row in "
                "(select source_row from ops.superseded where load_id = $1) group by all",
                [load_id, month, mark],
            )
    with durable_step("ingest.count_superseded"):
        connection.execute("commit")
    return [int(load_id) for load_id, _ in due]
