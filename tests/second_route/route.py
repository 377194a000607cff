"""The second route from end to end: landed files in, headline indicators out.

Belongs here: the order of the steps. Does not belong here: any rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import polars as pl

from tests.second_route import measures
from tests.second_route.constants import COLUMNS, POOLED_AT_PROVINCE, POPULATION_SHOULD_BE_ENROLLED, SCHEME
from tests.second_route.enrolment import insured_at, natural_persons, subsidised_premiums
from tests.second_route.family_aid import family_aid
from tests.second_route.files import landed_files
from tests.second_route.identity_list import triple_protection
from tests.second_route.indicators import evaluate
from tests.second_route.outsiders import outsiders
from tests.second_route.settlements import labelled, prefecture_of
from tests.second_route.stays import assistance, stays
from tests.second_route.validate import Codes, Outcome, judge
from tests.second_route.versions import standing
from tests.second_route.working_definitions import exams, referrals


@dataclass
class Parts:
    """Labelled rows of every kind that the measures are summed from."""

    settlements: pl.DataFrame
    stays: pl.DataFrame
    enrolment: pl.DataFrame
    assistance: pl.DataFrame
    ledger: pl.DataFrame
    allowances: pl.DataFrame
    subsidies: pl.DataFrame
    triple_protection: pl.DataFrame
    exams: pl.DataFrame
    referrals: pl.DataFrame

    def only(self, column: str, label: str) -> Parts:
        """The rows that carry a label; kinds of rows that do not know the breakdown have none."""
        return Parts(
            *(
                frame.filter(pl.col(column) == label) if column in frame.columns else frame.clear()
                for frame in (getattr(self, field.name) for field in fields(self))
            )
        )


@dataclass
class SecondRoute:
    """What the second route found: indicators, labelled rows for comparison, the fate of every file, people insured elsewhere, whom accounts helped."""

    frame: pl.DataFrame
    parts: Parts
    outcomes: list[Outcome]
    places: Places
    outsiders: pl.DataFrame
    family_aid: pl.DataFrame

    def broken_down(self, column: str, labels: Iterable[str]) -> pl.DataFrame:
        """The indicators by one breakdown, with the label in a column of the breakdown's name."""
        return pl.concat(
            _indicators(self.parts.only(column, label), self.places).with_columns(pl.lit(label).alias(column))
            for label in labels
        )


@dataclass
class Places:
    """Years, province, its regions and their population: the rows every result has."""

    province: str
    years: list[int]
    regions: list[str]
    population: pl.DataFrame


def _empty(table: str) -> pl.LazyFrame:
    kinds = {"decimal": pl.Int64, "date": pl.Date, "datetime": pl.Datetime("us")}
    schema = {column.name: kinds.get(column.kind, pl.String) for column in COLUMNS[table]}
    extra = {
        "_delivered": pl.Datetime("us"),
        "_row": pl.UInt32,
        "_file": pl.String,
        "_batch": pl.String,
        "_full": pl.Boolean,
    }
    return pl.LazyFrame(schema=schema | extra)


def _current(outcomes: list[Outcome], table: str) -> pl.LazyFrame:
    frames = [o.accepted.lazy() for o in outcomes if o.table == table and not o.refused]
    return standing(table, pl.concat([_empty(table), *frames], how="diagonal_relaxed"))


def _ledger(rows: pl.LazyFrame, prefectures: dict[str, str]) -> pl.DataFrame:
    factor = pl.col("unit").replace_strict({"元": 1, "万元": 10_000}, return_dtype=pl.Int64)
    scheme_label = pl.col("insutype").replace_strict(SCHEME, default="unknown", return_dtype=pl.String).alias("scheme")
    return rows.select(
        "insutype",
        "fund_type",
        scheme_label,
        "item_code",
        "dirc",
        year=pl.col("ym").str.slice(0, 4).cast(pl.Int32),
        month=pl.col("ym").str.slice(4, 2).cast(pl.Int32),
        prefecture=_region("admdvs", prefectures),
        fen=pl.col("amt") * factor,
    ).collect()


def _region(name: str, prefectures: dict[str, str]) -> pl.Expr:
    return pl.col(name).replace_strict(prefectures, default=pl.col(name).str.slice(0, 4) + "00", return_dtype=pl.String)


def _allowances(rows: pl.LazyFrame, prefectures: dict[str, str]) -> pl.DataFrame:
    return (
        rows.filter((pl.col("vali_flag") == "1") & (pl.col("matn_alwn_sumamt") > 0))
        .select(
            year=pl.col("opt_time").dt.year(),
            prefecture=_region("poolarea_no", prefectures),
            amount="matn_alwn_sumamt",
        )
        .collect()
    )


def _population(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(pl.col("pop_kind").is_in(POPULATION_SHOULD_BE_ENROLLED)).select(
        year=pl.col("year").cast(pl.Int32), region_code="admdvs", should_be_enrolled="persons"
    )


def _with_persons(rows: pl.DataFrame, persons: pl.LazyFrame) -> pl.DataFrame:
    """Settlements with their natural person: the certificate of the number, or the number itself (R15)."""
    certificates = natural_persons(persons).select("psn_no", "person").collect()
    found = rows.join(certificates, on="psn_no", how="left", maintain_order="left")
    return found.with_columns(person=pl.coalesce("person", "psn_no"))


def _rate_base(frame: pl.DataFrame) -> pl.DataFrame:
    """Base of the hospitalisation rate: employees by the mean of two year-ends, residents by the year-end."""
    before = frame.select(
        "region_code", year=pl.col("year") + 1, employee_before=pl.col("employee_insured").cast(pl.Float64)
    )
    return frame.join(before, on=["year", "region_code"], how="left").with_columns(
        employee_rate_base=(pl.col("employee_insured") + pl.col("employee_before")) / 2,
        resident_rate_base=pl.col("resident_insured").cast(pl.Float64),
    )


def second_route(
    landing: Path,
    years: Iterable[int],
    province: str = "520000",
    care_types: dict[str, str] | None = None,
    pooled_at_province: dict[str, str] | None = None,
    identities: dict[str, str] | None = None,
) -> SecondRoute:
    """Compute the headline indicators of a landing folder for the province and its prefecture-level regions.

    `care_types` maps the province's own care types to care groups, `identities` its codes of identities to population
    groups; `pooled_at_province` says from which day a region (or the whole province) pools at provincial level.
    """
    pooled = {k: date.fromisoformat(v) for k, v in (pooled_at_province or POOLED_AT_PROVINCE).items()}
    years = sorted(years)
    codes = Codes(care_types=care_types or {})
    first = [judge(item, codes) for item in landed_files(landing, {"admdvs_dim_a"})]
    regions = _current(first, "admdvs_dim_a").collect()
    codes.regions = set(regions["admdvs"].to_list())
    outcomes = first + [judge(item, codes) for item in landed_files(landing, set(COLUMNS) - {"admdvs_dim_a"})]
    prefectures = prefecture_of(regions)
    rows = labelled(_current(outcomes, "setl_d"), codes.group_of(), prefectures, pooled, identities)
    groups = _current(outcomes, "drg_dip_group_result")
    merged = stays(rows, groups)
    spells = pl.concat([_current(outcomes, "psn_insu_d"), _current(outcomes, "psn_insu_his_d")], how="diagonal_relaxed")
    payments = pl.concat(
        [_current(outcomes, "staf_psn_clct_detl_d"), _current(outcomes, "rsdt_psn_clct_detl_d")], how="diagonal_relaxed"
    )
    persons, employers = _current(outcomes, "psn_info_b"), _current(outcomes, "insu_emp_info_b")
    enrolment = pl.concat(
        insured_at(date(year, 12, 31), spells, payments, persons, employers, prefectures, identities)
        for year in [years[0] - 1, *years]
    )
    subsidies = pl.concat(
        subsidised_premiums(year, spells, payments, persons, prefectures, identities) for year in years
    )
    settlements = _with_persons(rows, persons)
    identified = _current(outcomes, "psn_idet_info_b")
    parts = Parts(
        settlements=settlements,
        stays=merged,
        enrolment=enrolment,
        assistance=assistance(rows),
        ledger=_ledger(_current(outcomes, "fund_ledger_m"), prefectures),
        allowances=_allowances(_current(outcomes, "matn_alwn_crtf_d"), prefectures),
        subsidies=subsidies,
        triple_protection=triple_protection(settlements, identified, persons, spells, identities),
        exams=exams(settlements, _current(outcomes, "fee_list_d"), groups),
        referrals=referrals(
            merged,
            settlements,
            _current(outcomes, "out_appy_d"),
            groups,
            _current(outcomes, "fixmedins_b"),
            prefectures,
        ),
    )
    regions_here = sorted({p for p in prefectures.values() if p[:2] == province[:2]} | {province})
    population = _population(_current(outcomes, "population_ref")).collect()
    places = Places(province, years, regions_here, population)
    elsewhere = outsiders(_current(outcomes, "outmed_setl_d"), codes.group_of(), prefectures)
    helped = family_aid(_current(outcomes, "acct_pay_detl_d"), persons, prefectures)
    return SecondRoute(_indicators(parts, places), parts, outcomes, places, elsewhere, helped)


def _indicators(parts: Parts, places: Places) -> pl.DataFrame:
    """Indicators of labelled rows for every year and region of the province."""
    sums = [
        measures.of_settlements(parts.settlements),
        measures.of_stays(parts.stays),
        measures.of_stay_ends(parts.stays),
        measures.of_enrolment(parts.enrolment),
        measures.of_assistance(parts.assistance),
        measures.of_ledger(parts.ledger.lazy()),
        measures.of_allowances(parts.allowances.lazy()),
        measures.of_subsidies(parts.subsidies.lazy()),
        measures.of_triple_protection(parts.triple_protection.lazy()),
        measures.of_exams(parts.exams.lazy()),
        measures.of_referrals(parts.referrals.lazy()),
    ]
    years = [places.years[0] - 1, *places.years]
    frame = pl.LazyFrame({"region_code": places.regions}).join(
        pl.LazyFrame({"year": years}, schema={"year": pl.Int32}), how="cross"
    )
    placed = [measures.with_province(part, places.province) for part in sums]
    for part in (*placed, measures.of_persons(parts.settlements, places.province)):
        frame = frame.join(part, on=["year", "region_code"], how="left")
    frame = frame.join(places.population.lazy(), on=["year", "region_code"], how="left")
    return evaluate(_rate_base(frame.collect()).filter(pl.col("year").is_in(places.years)))
