"""Stays and assistance encounters: several settlements that are one event.

Belongs here: merging by encounter (R8, R30), bed-days, disease payment (L14), assistance (L2, L11). Does not belong
here: labels of single settlements.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.constants import PER_DIEM, STAY_GROUPS, UNGROUPED

DISCHARGE_LABELS = [
    "scheme",
    "member_status",
    "prefecture",
    "tier",
    "visit_type",
    "care_group",
    "travel_class",
    "destination",
    "payment_place",
    "is_out_of_area",
    "year",
    "month",
    "clr_way",
    "insu_admdvs",
    "treated",
    "setl_id",
    "enddate",
]


def _paid_by_disease(groups: pl.LazyFrame) -> pl.LazyFrame:
    """Newest grouping result of every stay: whether it was grouped for DRG or DIP payment."""
    order = pl.col("run_id").str.replace("YE$", "99")
    return (
        groups.sort(order, "setl_id")
        .unique(subset=["mdtrt_id"], keep="last", maintain_order=True)
        .select(
            "mdtrt_id",
            paid_by_disease=pl.col("pay_kind").str.to_uppercase().is_in(["DRG", "DIP"])
            & ~pl.col("case_kind").is_in(UNGROUPED),
        )
    )


def stays(rows: pl.DataFrame, groups: pl.LazyFrame) -> pl.DataFrame:
    """One row a stay that has a discharge settlement: its labels, bed-days and the money of all its rows."""
    live = rows.lazy().filter(pl.col("counts") & pl.col("care_group").is_in(STAY_GROUPS))
    discharge = (
        live.filter(~pl.col("is_interim") & ~pl.col("is_supplementary"))
        .sort("setl_time", "setl_id")
        .unique(subset=["mdtrt_id"], keep="last", maintain_order=True)
        .select("mdtrt_id", *DISCHARGE_LABELS)
    )
    whole = live.group_by("mdtrt_id").agg(
        begin=pl.col("begndate").filter(~pl.col("is_supplementary")).min(),
        total_fee=pl.col("total_fee").sum(),
        fund_pay=pl.col("fund_pay").sum(),
        pool_pay=pl.col("pool_pay").sum(),
        assistance_pay=pl.col("assistance_pay").sum(),
    )
    days = (pl.col("enddate") - pl.col("begin")).dt.total_days()
    same_province = pl.col("treated").str.slice(0, 2) == pl.col("insu_admdvs").str.slice(0, 2)
    return (
        discharge.join(whole, on="mdtrt_id")
        .join(_paid_by_disease(groups), on="mdtrt_id", how="left")
        .with_columns(
            end_year=pl.col("enddate").dt.year(),
            bed_days_min1=pl.max_horizontal(days, pl.lit(1)),
            bed_days_plus1=pl.max_horizontal(days + 1, pl.lit(1)),
            is_maternity=pl.col("care_group") == "maternity_inpatient",
        )
        .with_columns(
            eligible=same_province.fill_null(False)
            & ~pl.col("clr_way").fill_null("").is_in(PER_DIEM)
            & pl.col("bed_days_min1").is_between(3, 60),
        )
        .with_columns(paid_by_disease=pl.col("eligible") & pl.col("paid_by_disease").fill_null(False))
        .collect()
    )


def assistance(rows: pl.DataFrame) -> pl.DataFrame:
    """Assistance by year, prefecture, scheme and setting: encounters in the year of their first payment, money by row."""
    labels = ["year", "prefecture", "scheme", "setting", "population_group"]
    paid = (
        rows.lazy()
        .filter(pl.col("counts"))
        .with_columns(
            setting=pl.when(pl.col("care_group").is_in(["inpatient", "maternity_inpatient"]))
            .then(pl.lit("inpatient"))
            .otherwise(pl.lit("outpatient"))
        )
    )
    first = (
        paid.filter(pl.col("assistance_pay") > 0)
        .sort("setl_time", "setl_id")
        .unique(subset=["mdtrt_id"], keep="first", maintain_order=True)
        .group_by(labels)
        .agg(encounters=pl.len())
    )
    money = (
        paid.filter(pl.col("assistance_pay") != 0)
        .group_by(labels)
        .agg(payments=pl.len(), amount=pl.col("assistance_pay").sum())
    )
    return (
        money.join(first, on=labels, how="full", coalesce=True).with_columns(pl.exclude(labels).fill_null(0)).collect()
    )
