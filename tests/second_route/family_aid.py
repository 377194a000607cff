"""Family use of personal accounts by account payments (L69).

Belongs here: whom accounts helped. Does not belong here: the family account payment of settlements.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.enrolment import natural_persons

LABELS = ["year", "prefecture", "relation"]
_RELATION = {"1": "spouse", "2": "parent", "3": "child", "4": "other_relative"}


def family_aid(payments: pl.LazyFrame, persons: pl.LazyFrame, prefectures: dict[str, str]) -> pl.DataFrame:
    """Pairs of a holder and a person helped to whom something was left in a year, their uses and fen, by `LABELS`."""
    certificates = natural_persons(persons).select("psn_no", "person").unique("psn_no")
    helping = payments.filter(
        (pl.col("vali_flag") == "1")
        & pl.col("mulaid_psn_no").is_not_null()
        & (pl.col("mulaid_psn_no") != pl.col("psn_no"))
    )
    named = (
        helping.join(certificates.rename({"person": "holder"}), on="psn_no", how="left")
        .join(certificates.rename({"person": "helped", "psn_no": "mulaid_psn_no"}), on="mulaid_psn_no", how="left")
        .with_columns(
            holder=pl.coalesce("holder", "psn_no"),
            helped=pl.coalesce("helped", "mulaid_psn_no"),
            year=pl.col("crte_time").dt.year(),
        )
        .sort("crte_time", "acct_pay_detl_id")
    )
    amount, use = pl.col("pay_sumamt"), pl.col("acct_incexpd_type")
    pairs = (
        named.group_by("year", "holder", "helped")
        .agg(
            place=pl.col("insu_admdvs").last(),
            code=pl.col("psn_rlts").last(),
            left=amount.sum(),
            uses=(amount > 0).sum().cast(pl.Int64) - (amount < 0).sum().cast(pl.Int64),
            care=amount.filter(use == "2").sum(),
            premium=amount.filter(use == "3").sum(),
        )
        .filter(pl.col("left") > 0)
    )
    return (
        pairs.with_columns(
            prefecture=pl.col("place").replace_strict(
                prefectures, default=pl.col("place").str.slice(0, 4) + "00", return_dtype=pl.String
            ),
            relation=pl.col("code")
            .replace_strict(_RELATION, default="unknown", return_dtype=pl.String)
            .fill_null("unknown"),
        )
        .group_by(LABELS)
        .agg(
            pairs=pl.len().cast(pl.Int64),
            uses=pl.col("uses").sum(),
            care=pl.col("care").sum(),
            premium=pl.col("premium").sum(),
        )
        .collect()
    )
