"""A home whose indicator tables hold plausible made-up numbers, so that documents can be made without a whole run.

Belongs here: filling the tables that the bulletin reads, from the shipped dictionary and seeds. Does not belong here: asserts.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dagster_project.bulletin.reading import Sources
from dagster_project.checks.store import prepare as prepare_results
from dagster_project.dictionary import load_dictionary
from dagster_project.settings import PROJECT_ROOT, Settings

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
PROVINCE = "520000"
REGIONS = {
    "520000": "贵州省", "520100": "贵阳市", "520200": "六盘水市", "520300": "遵义市", "520400": "安顺市", "520500": "毕节市",
    "520600": "铜仁市", "522300": "黔西南布依族苗族自治州", "522600": "黔东南苗族侗族自治州", "522700": "黔南布依族苗族自治州",
    "529900": "贵州省本级",
}  # fmt: skip
YEARS = (2023, 2024, 2025)
RUN_ID = "run-of-the-fixture"
SMALL_REGION = "529900"
TIERS = ("tertiary", "secondary", "primary_and_below", "unknown")
# Printed by a choice of definition instead of their like, though not headline indicators themselves.
CHOSEN = ("all_current_balance_incl_account", "all_cumulative_balance_incl_account")
_FACTORS = {"亿": 10**8, "万": 10**4}
_SIZES = {
    "人": 41_000, "人次": 90_000, "元": 160_000_000, "天": 8, "%": 70,
}  # fmt: skip
_SCHEMA = {
    "indicator_id": pl.String, "definition_id": pl.String, "vintage": pl.String, "year": pl.Int32, "month": pl.Int32,
    "region_code": pl.String, "region_level": pl.String, "scheme": pl.String, "member_status": pl.String,
    "hospital_tier": pl.String, "visit_type": pl.String, "travel_class": pl.String, "other_dimension": pl.String,
    "other_member": pl.String, "period_kind": pl.String, "numerator": pl.Decimal(38, 2), "denominator": pl.Decimal(38, 2),
    "value": pl.Float64, "unit": pl.String, "status": pl.String, "reason": pl.String, "support_count": pl.Int64,
}  # fmt: skip


def _share(*parts: object) -> float:
    """A number between 0.6 and 1.4, the same for the same parts on every machine."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return 0.6 + 0.8 * int.from_bytes(digest[:4], "big") / 2**32


def _unit(text: str) -> tuple[str, int]:
    for prefix, factor in _FACTORS.items():
        if text.startswith(prefix):
            return text[1:], factor
    return text, 1


def _row(entry: dict[str, Any], definition: str, year: int, region: str, scale: float, **labels: str) -> dict[str, Any]:
    indicator = entry["indicator_id"]
    base, factor = _unit(entry["unit"])
    growth = 1 + 0.02 * (year - 2024) * (1 if _share(indicator) > 0.8 else -1)
    size = _SIZES.get(base, 100) * _share(indicator, region, *sorted(labels.items())) * growth
    is_mean = base in ("%", "天") or (base == "元" and factor == 1)
    if base == "元" and is_mean:
        size = 6_000 * _share(indicator, region, *sorted(labels.items())) * growth
    numerator: Decimal | None
    denominator: Decimal | None
    if is_mean:
        denominator = Decimal(round(1000 * scale) or 4)
        numerator = Decimal(str(round(size * float(denominator) / (100 if base == "%" else 1), 2)))
        value = float(numerator / denominator) * (100 if base == "%" else 1)
        support: int | None = int(denominator)
    else:
        numerator = Decimal(round(size * scale))
        denominator, value, support = None, float(numerator) / factor, int(numerator)
    if base == "元" and not is_mean and ("fund" in indicator or "balance" in indicator):
        support = None
    status, reason = "provisional", None
    if indicator == "xprov_direct_settlement_rate":
        numerator = denominator = None
        value, support, status, reason = None, None, "not_computable", "缺少来源表 mdtrt_d"
    return {
        **dict.fromkeys(_SCHEMA), "indicator_id": indicator, "definition_id": definition, "vintage": None, "year": year,
        "region_code": region, "region_level": "province" if region == PROVINCE else "prefecture",
        **dict.fromkeys(("scheme", "member_status", "hospital_tier", "visit_type", "travel_class"), "total"),
        "other_dimension": "total", "other_member": "total", "period_kind": "year", "numerator": numerator,
        "denominator": denominator, "value": value, "unit": entry["unit"], "status": status, "reason": reason,
        "support_count": support, **labels,
    }  # fmt: skip


def _labels(indicator: str) -> dict[str, str]:
    scheme = next((name for name in ("employee", "resident") if indicator.startswith(f"{name}_")), "total")
    labels = {"scheme": scheme}
    for suffix, tier in (("_tertiary", TIERS[0]), ("_secondary", TIERS[1]), ("_primary", TIERS[2])):
        if indicator.endswith(suffix):
            labels["hospital_tier"] = tier
    return labels


def indicator_rows(dictionary: pl.DataFrame, definitions: dict[tuple[str, int], str]) -> pl.DataFrame:
    """Annual rows of every indicator that a bulletin may print, with breakdowns by tier and place of treatment."""
    rows = []
    for entry in dictionary.filter((pl.col("headline") == "Y") | pl.col("indicator_id").is_in(CHOSEN)).iter_rows(
        named=True
    ):
        indicator = entry["indicator_id"]
        own = _labels(indicator)
        for year in YEARS:
            definition = definitions.get((indicator, year), "")
            for region in REGIONS:
                scale = 1.0 if region == PROVINCE else 0.00005 if region == SMALL_REGION else 0.1
                rows.append(_row(entry, definition, year, region, scale, **own))
            if indicator.endswith(("_avg_length_of_stay", "_catalog_pay_ratio")):
                rows += [_row(entry, definition, year, PROVINCE, 0.3, **own, hospital_tier=tier) for tier in TIERS]
            if indicator.startswith("outarea_"):
                classes = ("in_province", "cross_province")
                rows += [_row(entry, definition, year, PROVINCE, 0.5, **own, travel_class=name) for name in classes]
    return pl.DataFrame(rows, schema=_SCHEMA)


def make_home(folder: Path, synthetic: bool = True, definitions: str = "") -> Settings:
    """A home with a warehouse that has everything the bulletin reads and nothing else; `definitions` as in a province's file."""
    settings = Settings(home=folder, key_file=folder.parent / "key", language="zh", threads=2)
    folder.mkdir(parents=True, exist_ok=True)
    if definitions:
        settings.provinces.mkdir()
        (settings.provinces / f"{PROVINCE}.yml").write_text(f"definitions: {{{definitions}}}\n", encoding="utf-8")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema ops; create schema core; create schema indicator; create schema seed")
        load_dictionary(connection, settings, [YEARS[0] - 1, *YEARS], [PROVINCE])
        connection.execute("create table ops.meta as select * from (values ('synthetic', ?), ('province', ?)) as t(key, value)",
                           [str(synthetic).lower(), PROVINCE])  # fmt: skip
        connection.execute(
            "create table ops.load as select 1 as load_id, 'setl_d' as extract, 'setl_d.csv' as source_file, 'ab12' as sha256, "
            "1000 as rows_read, 990 as rows_accepted, 10 as rows_quarantined"
        )
        connection.execute(
            "create table ops.run as select ? as run_id, '0.1.0-test' as code_version, timestamp '2026-03-01' as started_at",
            [RUN_ID],
        )
        prepare_results(connection)
        connection.execute(
            "insert into ops.check_result values "
            "(?, 'core', 'core.fct_stay', 'stay_several_persons', 'error', 0, 10, 0, 0, 'pass', '', '')", [RUN_ID],
        )  # fmt: skip
        regions = pl.DataFrame({"region_code": list(REGIONS), "region_name": list(REGIONS.values())})
        connection.register("regions", regions.to_arrow())
        connection.execute(
            "create table core.dim_region as select *, 'prefecture' as region_level, date '2000-01-01' as valid_from, "
            "null::date as valid_to from regions"
        )
        for schema, name, source in (
            ("seed", "series_break", "series_break.csv"), ("seed", "policy_target", "policy_target.csv"), ("indicator", "published_reference", "published.csv"),
        ):  # fmt: skip
            connection.execute(
                f"create table {schema}.{name} as select * from read_csv('{SEEDS / source}', header = true)"
            )
        connection.execute("alter table indicator.published_reference alter geography type varchar")
        connection.execute("create table indicator.definition as select * from ops.definition")
        connection.execute("create table indicator.identity_result as select * from ops.identity_result")
        definitions = {
            (indicator, year): definition
            for indicator, year, definition in connection.execute(
                "select indicator_id, year, definition_id from ops.indicator_definition"
            ).fetchall()
        }
        rows = indicator_rows(connection.execute("select * from ops.indicator_dictionary").pl(), definitions)
        connection.register("made_up", rows.to_arrow())
        connection.execute("create table indicator.indicator_value as select * from made_up")
        connection.execute(
            "create table indicator.year_on_year as select n.indicator_id, n.region_code, n.year, n.value, "
            "p.value as previous_value, n.value - p.value as change, 100 * (n.value / nullif(p.value, 0) - 1) as growth_percent, "
            "null::varchar as break_id, null::varchar as note from made_up n join made_up p on n.indicator_id = p.indicator_id "
            "and n.region_code = p.region_code and n.year = p.year + 1 and n.hospital_tier = p.hospital_tier "
            "and n.travel_class = p.travel_class where n.travel_class = 'total' "
            "and (n.hospital_tier = 'total' or regexp_matches(n.indicator_id, '_(tertiary|secondary|primary)$'))"
        )
    return settings


def with_break(sources: Sources, break_id: str) -> Sources:
    """The same sources with one entry of the break register stopping comparisons."""
    register = sources.register("seed.series_break")
    stops = pl.when(pl.col("break_id") == break_id).then(pl.lit("Y")).otherwise("breaks_comparison")
    marked = register.with_columns(stops.alias("breaks_comparison"))
    return replace(sources, registers={**sources.registers, "seed.series_break": marked})
