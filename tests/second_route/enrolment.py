"""Who was insured at a date.

Belongs here: spells (R11), payments (R10, R14), one row a natural person (R13, R15). Does not belong here: rates.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from tests.second_route.constants import (
    ASSISTED_PREMIUMS,
    EMPLOYER_GROUP,
    FUND_MODE,
    POPULATION_GROUP,
    RETIRED_FLAG,
    RURAL_HOUSEHOLDS,
)


def certificate() -> pl.Expr:
    """The certificate in one spelling: upper case, 15 digits raised to 18."""
    number = pl.col("certno").str.to_uppercase()
    first17 = number.str.slice(0, 6) + pl.lit("19") + number.str.slice(6, 9)
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum((first17.str.slice(i, 1).cast(pl.Int32, strict=False) * w for i, w in enumerate(weights)), pl.lit(0))
    digit = (total % 11).replace_strict(dict(enumerate("10X98765432")), default=None, return_dtype=pl.String)
    short = number.str.contains(r"^\d{15}$")
    return pl.when(short).then(first17 + digit).otherwise(number)


def natural_persons(persons: pl.LazyFrame) -> pl.LazyFrame:
    """psn_no with its certificate in one spelling and its sex."""
    return persons.select("psn_no", "gend", "resd_natu", person=certificate())


def _named(column: str, names: dict[str, str]) -> pl.Expr:
    """The name of a code; unknown where it is not listed or not given."""
    return pl.col(column).replace_strict(names, default="unknown", return_dtype=pl.String).fill_null("unknown")


def _of_employees(column: str, names: dict[str, str]) -> pl.Expr:
    """The name of a code that says something of employees only."""
    return pl.when(pl.col("scheme") == "resident").then(pl.lit("none")).otherwise(_named(column, names))


def _resident_group() -> pl.Expr:
    """Adults, university students, other minors; by the first two characters of the category."""
    kind, head = pl.col("psn_type"), pl.col("psn_type").str.slice(0, 2)
    return (
        pl.when(pl.col("insutype") == "310")
        .then(pl.lit("none"))
        .when(kind == "1404")
        .then(pl.lit("college"))
        .when(head == "14")
        .then(pl.lit("pupil_child"))
        .when(head.is_in(["15", "16"]))
        .then(pl.lit("adult"))
        .otherwise(pl.lit("unknown"))
    )


def _household() -> pl.Expr:
    """Whether an employee's household is rural."""
    return (
        pl.when(pl.col("insutype") != "310")
        .then(pl.lit("none"))
        .when(pl.col("resd_natu").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("resd_natu").is_in(RURAL_HOUSEHOLDS))
        .then(pl.lit("rural"))
        .otherwise(pl.lit("not_rural"))
    )


def insured_at(
    day: date,
    spells: pl.LazyFrame,
    payments: pl.LazyFrame,
    persons: pl.LazyFrame,
    employers: pl.LazyFrame,
    prefectures: dict[str, str],
    identities: dict[str, str] | None = None,
) -> pl.DataFrame:
    """One row a natural person insured at the date, with scheme, status, groups, sex and prefecture.

    `identities` maps codes of identities to groups, beside those of the national list (L21).
    """
    month = f"{day.year}{day.month:02d}"
    paid = (
        payments.filter(
            (pl.col("clct_type") == "10")
            & (pl.col("clct_flag") == "1")
            & (pl.col("revs_flag") == "Z")
            & (pl.col("clct_time") < datetime(day.year + 1, 1, 1))
            & (pl.col("accrym_begn") <= month)
            & (pl.col("accrym_end") >= month)
        )
        .group_by("psn_insu_rlts_id")
        .agg(has_paid=pl.lit(True), identity=pl.col("psn_idet_type").max())
        # No identity in any payment of the year: the column was not delivered and says nothing.
        .with_columns(names_identities=pl.col("identity").is_not_null().any())
    )
    groups = POPULATION_GROUP | (identities or {})
    group = pl.col("identity").replace_strict(groups, default=None, return_dtype=pl.String)
    is_employee = pl.col("insutype") == "310"
    retired = is_employee & pl.col("insutype_retr_flag").is_in(["1", "2"])
    return (
        spells.filter(
            pl.col("insutype").is_in(["310", "390"])
            & (pl.col("crt_insu_date") <= day)
            & (pl.col("paus_insu_date").is_null() | (pl.col("paus_insu_date") >= day))
        )
        .join(paid, on="psn_insu_rlts_id", how="left")
        .filter(pl.col("has_paid").fill_null(False) | retired.fill_null(False))
        .join(natural_persons(persons), on="psn_no", how="left")
        .join(employers.select("emp_no", "emp_type"), on="emp_no", how="left")
        .with_columns(
            person=pl.coalesce("person", "psn_no"),
            rank=pl.when(is_employee).then(1).otherwise(0),
            scheme=pl.when(is_employee).then(pl.lit("employee")).otherwise(pl.lit("resident")),
        )
        .sort("rank", "crt_insu_date", "psn_insu_rlts_id")
        .unique(subset=["person"], keep="last", maintain_order=True)
        .select(
            "scheme",
            year=pl.lit(day.year),
            prefecture=pl.col("insu_admdvs").replace_strict(
                prefectures, default=pl.col("insu_admdvs").str.slice(0, 4) + "00", return_dtype=pl.String
            ),
            member_status=_of_employees("insutype_retr_flag", RETIRED_FLAG),
            employer_group=_of_employees("emp_type", EMPLOYER_GROUP),
            fund_mode=_of_employees("hi_type", FUND_MODE),
            premium_subsidy=pl.when(pl.col("scheme") == "employee")
            .then(pl.lit("none"))
            .when((group == "other") | (pl.col("identity").is_null() & pl.col("names_identities")))
            .then(pl.lit("not_subsidised"))
            .when(group.is_not_null())
            .then(pl.lit("subsidised"))
            .otherwise(pl.lit("unknown")),
            resident_group=_resident_group(),
            household=_household(),
            sex=_named("gend", {"1": "male", "2": "female"}),
        )
        .collect()
    )


def subsidised_premiums(
    year: int,
    spells: pl.LazyFrame,
    payments: pl.LazyFrame,
    persons: pl.LazyFrame,
    prefectures: dict[str, str],
    identities: dict[str, str] | None = None,
) -> pl.DataFrame:
    """One row a natural person whose premium of the year somebody subsidised, with source, group and prefecture (L63)."""
    groups = POPULATION_GROUP | (identities or {})
    newest = spells.sort("crt_insu_date").unique(subset=["psn_insu_rlts_id"], keep="last", maintain_order=True)
    return (
        payments.filter(
            (pl.col("insutype") == "390")
            & (pl.col("clct_type") == "10")
            & (pl.col("clct_flag") == "1")
            & (pl.col("revs_flag") == "Z")
            & (pl.col("clct_time") < datetime(year + 1, 1, 1))
            & (pl.col("accrym_begn") <= f"{year}12")
            & (pl.col("accrym_end") >= f"{year}01")
            & pl.col("psn_idet_type").is_not_null()
        )
        .with_columns(population_group=_named("psn_idet_type", groups))
        .filter(pl.col("population_group") != "other")
        .with_columns(
            subsidy_source=pl.when(pl.col("population_group") == "unknown")
            .then(pl.lit("unknown"))
            .when(pl.col("population_group").is_in(ASSISTED_PREMIUMS))
            .then(pl.lit("medical_assistance"))
            .otherwise(pl.lit("other_department")),
            day=pl.col("clct_time").dt.date(),
        )
        .join(newest.select("psn_insu_rlts_id", "insu_admdvs"), on="psn_insu_rlts_id", how="left")
        .join(natural_persons(persons), on="psn_no", how="left")
        .with_columns(
            person=pl.coalesce("person", "psn_no"),
            order=pl.col("subsidy_source").replace_strict(
                {"medical_assistance": 1, "other_department": 2, "unknown": 3}
            ),
        )
        .sort("order", "day", "psn_insu_rlts_id")
        .unique(subset=["person"], keep="first", maintain_order=True)
        .select(
            "subsidy_source",
            "population_group",
            year=pl.lit(year),
            prefecture=pl.col("insu_admdvs").replace_strict(
                prefectures, default=pl.col("insu_admdvs").str.slice(0, 4) + "00", return_dtype=pl.String
            ),
        )
        .collect()
    )
