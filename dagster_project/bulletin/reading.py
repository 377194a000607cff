"""What the bulletin is made from, read in one go and disclosed before anything else sees it.

Belongs here: the few selects on indicator, ops, core and seed tables, and the frames they end in. Does not belong here:
any computation on figures; SQL beyond reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb
import polars as pl

from dagster_project.china_time import today
from dagster_project.disclosure import SUPPRESSED, Parameters, suppress_comparisons, suppress_indicators
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text

_VINTAGE = re.compile(r"^(\d{4}-\d{2}-\d{2})_")

# Registers that enrich the bulletin and may be absent in a home that has less; the columns each must offer then.
_OPTIONAL = {
    "ops.meta": ("key", "value"),
    "ops.load": ("load_id", "extract", "source_file", "sha256", "rows_read", "rows_accepted", "rows_quarantined"),
    "ops.run": ("run_id", "code_version", "started_at"),
    "core.dim_region": ("region_code", "region_name", "region_level", "valid_from", "valid_to"),
    "indicator.year_on_year": ("indicator_id", "region_code", "year", "value", "previous_value", "change", "growth_percent", "break_id", "note"),
    "indicator.published_reference": ("indicator_id", "geography", "year", "vintage", "value", "qualifier", "unit", "source", "note", "derived"),
    "indicator.identity_result": ("identity_id", "year"),
    "core.fct_reported": ("period", "year", "region_code", "indicator_id", "measure_kind", "value", "unit", "department", "as_of_date"),
    "indicator.definition": ("definition_id", "switch", "value"),
    "ops.definition_choice": ("province", "year", "switch", "value"),
    "seed.policy_target": ("indicator_id", "year", "value", "qualifier", "source_zh", "source_en"),
    "seed.series_break": ("break_id", "year", "indicator_ids", "what_changed", "effect", "certainty", "breaks_comparison"),
}  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """Disclosed values and registers of one home, for one year; frames are never changed after reading."""

    province: str
    region: str  # whose bulletin it is: the province itself, or a prefecture of it
    region_names: dict[str, str]
    prefectures: tuple[str, ...]
    year: int
    as_of: date
    synthetic: bool
    values: pl.DataFrame
    comparisons: pl.DataFrame
    dictionary: pl.DataFrame
    registers: dict[str, pl.DataFrame]
    cubes: Mapping[str, pl.DataFrame] = field(default_factory=dict)  # the served cubes after disclosure control
    is_recalled: bool = False  # a past state, recomputed from what had been delivered by `as_of`

    def register(self, name: str) -> pl.DataFrame:
        """One optional register, empty where the home has none."""
        return self.registers[name]

    def choices(self) -> dict[str, str]:
        """The definition choices in force in the reporting year, by switch; those that the home records."""
        register = self.register("ops.definition_choice").select("province", "year", "switch", "value")
        return {
            switch: str(value)
            for province, year, switch, value in register.iter_rows()
            if int(year) == self.year and province == self.province
        }


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    schema, table = name.split(".")
    query = "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
    found = connection.execute(query, [schema, table]).fetchone()
    return bool(found and found[0])


def _read_optional(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    if _has_table(connection, name):
        return connection.execute(f"select * from {name} order by all").pl()
    return pl.DataFrame(schema={column: pl.Int32 if column == "year" else pl.String for column in _OPTIONAL[name]})


def read_raw_values(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All working indicator values in a fixed order, before disclosure control: nothing but it may use them.

    Raises UserError when the indicators have not been built.
    """
    if not _has_table(connection, "indicator.indicator_value"):
        raise _not_built(Text("指标表还不存在。", "There is no indicator table yet."))
    frame = connection.execute("select * from indicator.indicator_value").pl()
    keys = [name for name in frame.columns if name not in ("numerator", "denominator", "value")]
    return frame.sort(keys, nulls_last=True, maintain_order=True)


def _not_built(what: Text) -> UserError:
    todo = Text("请先运行 bulletin run（或 bulletin build）。", "Run `bulletin run` (or `bulletin build`) first.")
    return UserError(what, where="indicator.indicator_value", todo=todo)


def read_sources(
    connection: duckdb.DuckDBPyConnection,
    year: int,
    parameters: Parameters,
    values: pl.DataFrame | None = None,
    region: str | None = None,
    cubes: Mapping[str, pl.DataFrame] | None = None,
) -> Sources:
    """Everything one bulletin needs; `values` are all working values after disclosure control, read here when not given.

    `cubes` are the served cubes that were disclosed with them.
    `region` is the place that the bulletin is about, by default the province. Raises UserError when no annual value of that
    year exists, or none of that place.
    """
    values = suppress_indicators(read_raw_values(connection), parameters) if values is None else values
    annual = values.filter(pl.col("period_kind") == "year")
    years = sorted(set(annual["year"].drop_nulls().to_list()))
    if not years:
        raise UserError(
            Text(
                "没有算出任何指标：已入库的文件里没有参保、结算、缴费或基金数据。",
                "No indicator was computed: the files taken in hold no enrolment, settlements, contributions or ledger.",
            ),
            where="ops.load",
            todo=Text(
                "放入 setl_d、psn_insu_d、fund_ledger_m 等文件后重新运行；已入库的文件保留。",
                "Land setl_d, psn_insu_d, fund_ledger_m and the like and run again; what was taken in stays.",
            ),
            code=ExitCode.PARTLY,
        )
    if year not in years:
        found = "、".join(str(one) for one in years)
        raise _not_built(
            Text(f"没有 {year} 年的年度指标（现有：{found}）。", f"No annual values of {year} (found: {years}).")
        )
    registers = {name: _read_optional(connection, name) for name in _OPTIONAL}
    meta = dict(registers["ops.meta"].select("key", "value").iter_rows())
    levels = annual.select("region_code", "region_level").unique().sort("region_code")
    provinces = levels.filter(pl.col("region_level") == "province")["region_code"].to_list()
    province = meta.get("province") or (provinces[0] if provinces else "")
    if region is not None and region not in levels["region_code"].to_list():
        raise UserError(
            Text(f"没有地区 {region} 的指标。", f"There are no figures of region {region}."),
            where="--region",
            todo=Text(
                f"有指标的地区：{'、'.join(levels['region_code'])}。",
                f"Regions that have figures: {', '.join(levels['region_code'])}.",
            ),
        )
    # Comparisons are of wholes: a part that is withheld takes nothing away from them.
    wholes = annual.filter(pl.col("breakdown") == "total") if "breakdown" in annual.columns else annual
    hidden = wholes.filter(pl.col("status") == SUPPRESSED).select("indicator_id", "region_code", "year")
    return Sources(
        province=province,
        region=region or province,
        region_names=_region_names(registers["core.dim_region"], year),
        prefectures=tuple(levels.filter(pl.col("region_level") == "prefecture")["region_code"].to_list()),
        year=year,
        as_of=date.fromisoformat(meta["as_of"]) if "as_of" in meta else as_of_date(values),
        is_recalled="as_of" in meta,
        synthetic=str(meta.get("synthetic", "")).lower() == "true",
        values=annual,
        cubes=cubes or {},
        comparisons=suppress_comparisons(registers["indicator.year_on_year"], hidden),
        dictionary=_read_dictionary(connection),
        registers=registers,
    )


def _read_dictionary(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    if not _has_table(connection, "ops.indicator_dictionary"):
        raise _not_built(Text("指标词典还没有载入。", "The indicator dictionary has not been loaded yet."))
    return connection.execute("select * from ops.indicator_dictionary").pl()


def _region_names(regions: pl.DataFrame, year: int) -> dict[str, str]:
    """Name of each region as at the end of the year, the latest name where it has none then."""
    if regions.is_empty():
        return {}
    end = f"{year}-12-31"
    ranked = regions.with_columns(
        _valid=(pl.col("valid_from").cast(pl.String).fill_null("") <= end)
        & (pl.col("valid_to").cast(pl.String).fill_null("9999") >= end),
        _from=pl.col("valid_from").cast(pl.String).fill_null(""),
    ).sort("_valid", "_from", "region_name")
    return dict(ranked.select("region_code", "region_name").iter_rows())


def as_of_date(values: pl.DataFrame) -> date:
    """The date before the kind in the working vintage, today in China where the working values carry no such name."""
    names = values["vintage"].drop_nulls().unique().to_list() if "vintage" in values.columns else []
    dates = [match.group(1) for name in names if (match := _VINTAGE.match(str(name)))]
    return date.fromisoformat(max(dates)) if dates else today()
