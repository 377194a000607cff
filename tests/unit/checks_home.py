"""A tiny warehouse on which every check of every stage passes, to be broken one rule at a time.

Belongs here: the tables that checks judge, in their columns, with a handful of rows. Does not belong here: asserts.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from dagster_project.checks import catalogue
from dagster_project.checks.catalogue import extract_uses
from dagster_project.settings import Settings

RUN_ID = "run-1"

_OPS = """
create schema ops; create schema core; create schema cube; create schema indicator; create schema publication;
create table ops.meta (key varchar primary key, value varchar);
create table ops.file (source_file varchar, sha256 varchar, bytes bigint, seen_at timestamp, run_id varchar,
    status varchar, "extract" varchar, reason varchar);
create table ops.load (load_id integer, "extract" varchar, source_file varchar, rows_read bigint, rows_accepted bigint,
    rows_quarantined bigint, rows_superseded bigint, rows_warned bigint, loaded_at timestamp, sha256 varchar, delivery varchar);
create table ops.load_month (load_id integer, "extract" varchar, "month" varchar, "rows" bigint);
create table ops.delivery (extract varchar, "month" varchar, level varchar, region varchar, is_comparable boolean, is_complete boolean,
    "rows" bigint, money decimal(38, 2), is_before_whole boolean, is_year_before_whole boolean, rows_before bigint, money_before decimal(38, 2), rows_year_before bigint,
    money_year_before decimal(38, 2));
create table ops.load_control (load_id integer, folder varchar, told_by varchar, confirmed_by varchar, confirmed_at timestamp);
create table ops.rule_count (load_id integer, "extract" varchar, rule_id varchar, column_name varchar,
    severity varchar, unexpected bigint, total bigint, money decimal(18, 2));
create table ops.superseded (extract varchar, load_id integer, source_row bigint, superseded_at timestamp, by_load_id integer,
    by_source_row bigint);
create table ops.tied_row (load_id integer, source_row bigint);
create table ops.released_row (load_id integer, corrects_load_id integer, source_row bigint);
create table ops.row_concerned (load_id integer, "extract" varchar, kind varchar, severity varchar, "rows" bigint);
create table ops.unmapped_code (load_id integer, "extract" varchar, column_name varchar, code_set varchar, code varchar,
    "rows" bigint, money decimal(18, 2));
create table ops.indicator_dictionary (indicator_id varchar, kind varchar, unit varchar, cube varchar, scale integer,
    unit_factor bigint, headline varchar);
create table ops.indicator_term (indicator_id varchar, cube varchar);
create table core.rule_count (rule_id varchar, table_name varchar, unexpected bigint, total bigint,
    money_yuan decimal(18, 2), "month" integer);
create table cube.cube_fund (year integer, scheme_code varchar, fund_type varchar, item_code varchar, direction varchar,
    amount_yuan decimal(18, 2));
create table cube.cube_settlement (settlement_month integer, scheme_code varchar, reversal_class varchar,
    pool_pay_yuan decimal(18, 2));
create table indicator.definition (definition_id varchar, switch varchar, value varchar);
create table indicator.own_identity (identity_id varchar, year integer, holds boolean);
create table indicator.identity_result (identity_id varchar, year integer, expression varchar, difference double,
    status varchar, note varchar);
create table indicator.year_on_year (indicator_id varchar, region_code varchar, region_level varchar, year integer, value double,
    previous_value double, growth_percent double, break_id varchar);
create table indicator.indicator_value (indicator_id varchar, definition_id varchar, vintage varchar, year integer,
    month integer, region_code varchar, region_level varchar, scheme varchar, member_status varchar,
    hospital_tier varchar, visit_type varchar, travel_class varchar, other_dimension varchar, other_member varchar,
    period_kind varchar, numerator decimal(38, 2), denominator decimal(38, 2), value double, unit varchar,
    status varchar, reason varchar, support_count bigint);
"""

# indicator, year, region, level, tier, numerator, denominator, value, unit
_VALUES = [
    ("insured", 2023, "520000", "province", "total", 900, None, 0.09, "万人"),
    ("insured", 2024, "520000", "province", "total", 1000, None, 0.1, "万人"),
    ("insured", 2023, "520100", "prefecture", "total", 500, None, 0.05, "万人"),
    ("insured", 2024, "520100", "prefecture", "total", 600, None, 0.06, "万人"),
    ("insured", 2023, "520200", "prefecture", "total", 400, None, 0.04, "万人"),
    ("insured", 2024, "520200", "prefecture", "total", 400, None, 0.04, "万人"),
    ("pay_ratio", 2024, "520000", "province", "total", 70, 100, 70.0, "%"),
    ("mean_cost", 2024, "520000", "province", "total", 9000, 10, 900.0, "元"),
    ("mean_cost", 2024, "520000", "province", "tertiary", 6000, 5, 1200.0, "元"),
    ("mean_cost", 2024, "520000", "province", "secondary", 3000, 5, 600.0, "元"),
]


def whole_home(home: Path) -> Settings:
    """A home whose warehouse passes every check."""
    settings = Settings(home=home, language="zh", threads=1)
    home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(_OPS)
        connection.execute("insert into ops.meta values ('synthetic', 'true'), ('province', '520000')")
        for number, extract in enumerate([*extract_uses(), "fee_list_d", "acct_pay_detl_d"], start=1):
            name = f"{extract}.csv"
            connection.execute(
                "insert into ops.load values (?, ?, ?, 1000, 999, 1, 2, 3, '2025-01-01', ?, 'increment')",
                [number, extract, name, f"hash of {name}"],
            )
            connection.execute(
                "insert into ops.file values (?, 'aa', 10, '2025-01-01', ?, 'loaded', ?, null)", [name, RUN_ID, extract]
            )
            told_by = "warehouse" if number % 2 else "manifest"
            connection.execute(
                "insert into ops.load_control values (?, 'b', ?, if(? = 'manifest', null, 'li'), if(? = 'manifest', null, now()))",
                [number, told_by, told_by, told_by],
            )
        connection.execute(
            "insert into ops.load_month select 1, 'setl_d', 202400 + month, 80 from range(1, 13) as months (month)"
        )
        connection.execute(
            "insert into ops.delivery values ('setl_d', '202402', 'county', '520102', true, true, 200, 2000, true, true, 210, 2100, null, null)"
        )
        connection.execute(
            "insert into ops.rule_count values (1, 'setl_d', 'I2', 'fund_pay_sumamt', 'error', 0, 1000, 0)"
        )
        for rule in catalogue().values():
            if rule.stage == "core":
                connection.execute("insert into core.rule_count values (?, 'fct', 0, 1000, 0, 202401)", [rule.id])
        connection.execute("insert into cube.cube_fund values (2024, '310', '统筹', 'E01', '支出', 1000)")
        # A reversed pair, which comes to nothing, is larger than the bridge is wide.
        connection.execute(
            "insert into cube.cube_settlement values (202401, '310', 'live', 990), (202401, '310', 'reversed', 400), "
            "(202402, '310', 'reversing', -400)"
        )
        connection.execute(
            "insert into indicator.own_identity values ('N01', 2024, true), ('parts:scheme', 2024, true), "
            "('regions', 2024, true), ('within_tiers', 2024, true)"
        )
        connection.execute("insert into indicator.identity_result values ('N01', 2024, 'a + b = c', 0, 'holds', '')")
        connection.execute(
            "insert into indicator.year_on_year values ('insured', '520000', 'province', 2024, 0.1, 0.09, 11.1, null)"
        )
        connection.execute(
            "insert into ops.indicator_dictionary values ('insured', 'count', '万人', 'enrolment', 1, 10000, 'Y'), "
            "('pay_ratio', 'ratio', '%', null, 100, 1, 'Y'), ('mean_cost', 'ratio', '元', null, 1, 1, 'Y')"
        )
        for indicator, year, region, level, tier, numerator, denominator, value, unit in _VALUES:
            connection.execute(
                "insert into indicator.indicator_value values (?, 'd1', '2025-01-01_draft', ?, null, ?, ?, 'total', 'total', "
                "?, 'total', 'total', 'total', 'total', 'year', ?, ?, ?, ?, 'provisional', null, 100)",
                [indicator, year, region, level, tier, numerator, denominator, value, unit],
            )
        connection.execute("create table publication.indicator_value as select * from indicator.indicator_value")
    return settings


def execute(settings: Settings, *statements: str) -> None:
    """Run statements on the home's warehouse, to break it."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)


def write_json(path: Path, content: object) -> None:
    """A JSON file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
