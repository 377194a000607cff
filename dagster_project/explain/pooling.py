"""How unequal the pooling areas are, and what flows between them: tables of one year from the views in dbt.

Belongs here: which tables there are, their headers and order. Does not belong here: any arithmetic (dbt/models/indicator/pooling).
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.language import Text
from dagster_project.sheets import Column, Sheet

YEARS_BESIDE = 3  # a level that changed is seen by the years before and after it
_SCHEMES = {"employee": Text("职工", "employee"), "resident": Text("居民", "resident")}
_LEVELS = {"prefecture": Text("市级统筹", "prefecture"), "province": Text("省级统筹", "province")}
_TIERS = {
    "tertiary": Text("三级", "tertiary"), "secondary": Text("二级", "secondary"),
    "primary_and_below": Text("一级及以下", "primary and below"), "unknown": Text("其他", "other"),
}  # fmt: skip
_NAMED = "coalesce((select arg_max(r.region_name, r.valid_from) from core.dim_region as r where r.region_code = {0}), {0}, '')"


def years_with_areas(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Years that can be asked for, ascending."""
    return [
        int(row[0])
        for row in connection.execute("select distinct year from indicator.pooling_area order by 1").fetchall()
    ]


def pooling_sheets(connection: duckdb.DuckDBPyConnection, year: int) -> list[Sheet]:
    """Dispersion (with the years before), balances, flows and the what-if of one year."""
    return [
        _dispersion(connection, year),
        _parts(connection, year),
        _areas(connection, year),
        _balance(connection, year),
        _flow(connection, year),
        _what_if(connection, year),
    ]


def _labelled(value: Any, labels: dict[str, Text]) -> Any:
    return labels.get(value, value)


def _dispersion(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    rows = connection.execute(
        f"""
        select m.name_zh || '（' || m.unit || '）', m.name_en || ' (' || m.unit || ')', d.scheme, d.year,
            case when areas_pooled_by_province = 0 then 'prefecture' when areas_pooled_by_province = areas then 'province'
                else areas_pooled_by_province || '/' || areas end,
            mean, lowest, {_NAMED.format("d.lowest_region")}, highest, {_NAMED.format("d.highest_region")},
            range, variation, weighted_variation, theil
        from indicator.pooling_dispersion as d inner join seed.pooling_measure as m using (measure, scheme)
        where d.year between $1 - {YEARS_BESIDE - 1} and $1
        order by measure, scheme, year
        """,
        [year],
    ).fetchall()
    return Sheet(
        Text("统筹区间差异", "How far the areas lie apart"),
        (
            Column(Text("指标", "Measure")), Column(Text("险种", "Scheme")), Column(Text("年份", "Year")),
            Column(Text("年末统筹层次", "Pooling at year-end")), Column(Text("全省", "Province"), "mean"),
            Column(Text("最低", "Lowest"), "mean"), Column(Text("最低地区", "Area")),
            Column(Text("最高", "Highest"), "mean"), Column(Text("最高地区", "Area")), Column(Text("极差", "Range"), "mean"),
            Column(Text("变异系数", "CV"), "index"), Column(Text("加权变异系数", "CV weighted"), "index"),
            Column(Text("泰尔指数", "Theil"), "index"),
        ),
        tuple(
            (Text(zh, en), _labelled(scheme, _SCHEMES), str(of), _labelled(level, _LEVELS), *rest)
            for zh, en, scheme, of, level, *rest in rows
        ),
        Text(
            "变异系数：各地同等看待；加权：按参保人数、人次或目录内费用加权。泰尔指数有一地为负时没有值。",
            "CV treats areas alike; weighted by insured persons, stays or in-catalogue cost. No Theil index where an area is below zero.",
        ),
    )  # fmt: skip


def _parts(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    rows = connection.execute(
        f"""
        select m.name_zh, m.name_en, d.year, theil_of_both_schemes, theil_between, theil_within,
            100 * theil_within / nullif(theil_of_both_schemes, 0)
        from indicator.pooling_dispersion as d inner join seed.pooling_measure as m using (measure, scheme)
        where d.year between $1 - {YEARS_BESIDE - 1} and $1 and d.scheme = 'resident' and theil_of_both_schemes is not null
        order by measure, year
        """,
        [year],
    ).fetchall()
    return Sheet(
        Text("泰尔指数分解", "Theil's index in parts"),
        (
            Column(Text("指标", "Measure")), Column(Text("年份", "Year")), Column(Text("两险种合计", "Both schemes"), "index"),
            Column(Text("险种之间", "Between schemes"), "index"), Column(Text("险种内各地之间", "Within, between areas"), "index"),
            Column(Text("各地之间占（%）", "Share of areas (%)"), "percent"),
        ),
        tuple((Text(zh, en), str(of), *rest) for zh, en, of, *rest in rows),
    )  # fmt: skip


def _areas(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    measures = connection.execute(
        "select distinct measure, name_zh, name_en, unit from seed.pooling_measure order by measure"
    ).fetchall()
    values = ", ".join(f"any_value(value) filter (where measure = '{measure}')" for measure, *_ in measures)
    rows = connection.execute(
        f"select {_NAMED.format('a.region_code')}, scheme, {values} from indicator.pooling_area as a where year = $1 "
        "group by a.region_code, scheme order by scheme, a.region_code",
        [year],
    ).fetchall()
    return Sheet(
        Text(f"{year} 年各统筹区", f"The areas in {year}"),
        (
            Column(Text("地区", "Area")), Column(Text("险种", "Scheme")),
            *(Column(Text(f"{zh}（{unit}）", f"{en} ({unit})"), "mean") for _, zh, en, unit in measures),
        ),
        tuple((name, _labelled(scheme, _SCHEMES), *rest) for name, scheme, *rest in rows),
    )  # fmt: skip


def _balance(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    rows = connection.execute(
        f"select {_NAMED.format('b.region_code')}, scheme, pooling_level, income_yuan, expenditure_yuan, surplus_yuan, reserve_yuan, "
        "reserve_months from indicator.pooling_balance as b where year = $1 order by scheme, region_code",
        [year],
    ).fetchall()
    return Sheet(
        Text(f"{year} 年统筹基金收支", f"Pooled funds in {year}"),
        (
            Column(Text("地区", "Area")), Column(Text("险种", "Scheme")), Column(Text("年末统筹层次", "Pooling at year-end")),
            Column(Text("收入（元）", "Income (yuan)"), "amount"), Column(Text("支出（元）", "Expenditure (yuan)"), "amount"),
            Column(Text("当期结余（元）", "Surplus (yuan)"), "amount"), Column(Text("累计结存（元）", "Reserve (yuan)"), "amount"),
            Column(Text("可支付月数", "Months of reserve"), "mean"),
        ),
        tuple((name, _labelled(scheme, _SCHEMES), _labelled(level, _LEVELS), *rest) for name, scheme, level, *rest in rows),
    )  # fmt: skip


def _flow(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    rows = connection.execute(
        f"""
        with flows as (select * from indicator.pooling_flow where year = $1),
        stays_out as (
            select region_code, sum(stays) as stays, sum(stays) filter (where travel_class = 'local') as at_home,
                sum(stays) filter (where travel_class = 'in_province') as in_province,
                sum(stays) filter (where travel_class = 'cross_province') as cross_province,
                arg_max(destination_region, stays) filter (where travel_class = 'in_province') as most_to
            from flows group by region_code
        ),
        stays_in as (
            select destination_region as region_code, sum(stays) as stays from flows where travel_class = 'in_province' group by all
        )
        select {_NAMED.format("o.region_code")}, o.stays, 100.0 * at_home / o.stays, in_province, cross_province,
            {_NAMED.format("o.most_to")}, i.stays, coalesce(i.stays, 0) - coalesce(in_province, 0)
        from stays_out as o left join stays_in as i using (region_code) order by o.region_code
        """,
        [year],
    ).fetchall()
    return Sheet(
        Text(f"{year} 年住院就医流向", f"Where the insured were treated in {year}"),
        (
            Column(Text("参保地", "Insured in")), Column(Text("住院人次", "Stays"), "count"),
            Column(Text("本地就医（%）", "At home (%)"), "percent"), Column(Text("省内他市", "Elsewhere in the province"), "count"),
            Column(Text("省外", "Other provinces"), "count"), Column(Text("省内主要去向", "Most of them to")),
            Column(Text("他市来本地", "From other areas"), "count"), Column(Text("净流入", "Net inflow"), "count"),
        ),
        tuple(rows),
    )  # fmt: skip


def _what_if(connection: duckdb.DuckDBPyConnection, year: int) -> Sheet:
    rows = connection.execute(
        f"select {_NAMED.format('w.region_code')}, scheme, hospital_tier, catalogue_yuan, own_ratio, province_ratio, effect_yuan "
        "from indicator.pooling_what_if as w where year = $1 order by scheme, region_code, hospital_tier",
        [year],
    ).fetchall()
    return Sheet(
        Text(f"{year} 年按全省同级平均支付比例测算", f"What if, in {year}: the province's mean ratio by tier"),
        (
            Column(Text("地区", "Area")), Column(Text("险种", "Scheme")), Column(Text("医院等级", "Tier")),
            Column(Text("目录内费用（元）", "In-catalogue cost (yuan)"), "amount"), Column(Text("本地支付比例（%）", "Own ratio (%)"), "percent"),
            Column(Text("全省支付比例（%）", "Province's ratio (%)"), "percent"), Column(Text("基金多支（元）", "Fund pays more (yuan)"), "amount"),
        ),
        tuple((name, _labelled(scheme, _SCHEMES), _labelled(tier, _TIERS), *rest) for name, scheme, tier, *rest in rows),
        Text(
            "假设每个地区对自己的目录内费用按全省该级平均比例支付，就医行为不变；各级合计为零，正数为多支、负数为少支。",
            "Every area pays the province's mean ratio of the tier on its own in-catalogue cost, behaviour unchanged; a tier adds up to zero.",
        ),
    )  # fmt: skip
