"""Settlements: what counts, what kind of visit it is, where and for whom.

Belongs here: reversals by link (R1, R31, L6), providers before care types (R2), labels of S16, travel by geography.
Does not belong here: stays (see `stays`), sums.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from tests.second_route.constants import (
    HOSPITAL_TIER,
    MEMBER_OF_PSN_TYPE,
    POPULATION_GROUP,
    SCHEME,
    TWO_DISEASE,
    TWO_DISEASE_CARE,
    VISIT_TYPE,
)

AMOUNTS = {
    "total_fee": "medfee_sumamt",
    "full_own_pay": "fulamt_ownpay_amt",
    "pre_pay": "preselfpay_amt",
    "over_limit_pay": "overlmt_selfpay",
    "in_scope_fee": "inscp_amt",
    "pool_pay": "hifp_pay",
    "fund_pay": "fund_pay_sumamt",
    "assistance_pay": "maf_pay",
    "personal_pay": "psn_pay",
    "account_pay": "acct_pay",
    "serious_illness_pay": "hifmi_pay",
    "family_account_pay": "acct_mulaid_pay",
    "cash_pay": "cash_payamt",
}


def standing_mirrors(valid: pl.DataFrame) -> pl.DataFrame:
    """For every valid row: whether it is a mirror, whether one points at it, whether a standing mirror undoes it.

    A mirror stands unless a standing mirror undoes it (R31), so the tail of a chain is settled first.
    """
    links = valid.select("setl_id", "init_setl_id", "refd_setl_flag").with_columns(
        is_mirror=pl.col("init_setl_id").is_not_null()
    )
    mirrors = links.filter(pl.col("is_mirror"))
    pointed = set(mirrors["init_setl_id"].to_list())
    target_of = dict(zip(mirrors["setl_id"].to_list(), mirrors["init_setl_id"].to_list(), strict=True))
    pointers: dict[str, list[str]] = {}
    for mirror, target in target_of.items():
        pointers.setdefault(target, []).append(mirror)
    stands: dict[str, bool] = {}

    def settle(row: str, above: frozenset[str]) -> bool:
        if row not in stands:
            below = above | {row}
            stands[row] = not any(settle(m, below) for m in pointers.get(row, []) if m not in below)
        return stands[row]

    undone = [row for row in sorted(pointed) if not settle(row, frozenset())]
    return links.with_columns(
        is_pointed=pl.col("setl_id").is_in(sorted(pointed)),
        is_undone=pl.col("setl_id").is_in(undone),
    ).with_columns(
        counts=~pl.col("is_mirror") & ~pl.col("is_undone") & (pl.col("is_pointed") | (pl.col("refd_setl_flag") != "1")),
    )


def prefecture_of(regions: pl.DataFrame) -> dict[str, str]:
    """Prefecture-level region of every delivered region code; provincial levels and province-run units are their own."""
    parent = dict(zip(regions["admdvs"].to_list(), regions["prnt_admdvs"].to_list(), strict=True))
    codes = set(parent)
    result: dict[str, str] = {}
    for region in codes:
        prefecture = region[:4] + "00"
        own = region.endswith("0000") or (parent.get(region) or "").endswith("0000") or prefecture not in codes
        result[region] = region if own else prefecture
    return result


def _to_prefecture(name: str, prefectures: dict[str, str]) -> pl.Expr:
    region = pl.col(name)
    return region.replace_strict(prefectures, default=region.str.slice(0, 4) + "00", return_dtype=pl.String)


def labelled(
    current: pl.LazyFrame,
    care_groups: dict[str, str],
    prefectures: dict[str, str],
    pooled_from: dict[str, date],
    identities: dict[str, str] | None = None,
) -> pl.DataFrame:
    """Valid settlements with their labels and whether they count; amounts in fen."""
    valid = current.filter(pl.col("vali_flag") == "1").collect()
    marks = standing_mirrors(valid).select("setl_id", "counts")
    grade = pl.col("hosp_lv").str.zfill(2)
    located = pl.coalesce(
        "fix_blng_admdvs",
        pl.when(pl.col("fixmedins_code").str.slice(1, 6).str.contains(r"^\d{6}$")).then(
            pl.col("fixmedins_code").str.slice(1, 6)
        ),
    )
    return (
        valid.lazy()
        .join(marks.lazy(), on="setl_id", how="left")
        .with_columns(
            year=pl.col("setl_time").dt.year(),
            month=pl.col("setl_time").dt.month(),
            scheme=pl.col("insutype")
            .replace_strict(SCHEME, default="unknown", return_dtype=pl.String)
            .fill_null("unknown"),
            member_status=pl.col("psn_type")
            .str.slice(0, 2)
            .replace_strict(MEMBER_OF_PSN_TYPE, default="unknown", return_dtype=pl.String)
            .fill_null("unknown"),
            provider_kind=pl.when(pl.col("fixmedins_code").str.starts_with("P"))
            .then(pl.lit("pharmacy"))
            .otherwise(pl.lit("hospital")),
            tier=pl.when(grade.is_null())
            .then(pl.lit("primary_and_below"))
            .otherwise(grade.replace_strict(HOSPITAL_TIER, default="unknown", return_dtype=pl.String)),
            treated=located,
            is_supplementary=pl.col("setl_type").fill_null("") == "3",
            is_interim=pl.col("mid_setl_flag").fill_null("0") == "1",
            payment_place=pl.col("pay_loc").fill_null("unknown"),
            population_group=pl.col("sp_psn_type")
            .replace_strict(POPULATION_GROUP | (identities or {}), default="unknown", return_dtype=pl.String)
            .fill_null("unknown"),
        )
        .with_columns(
            two_disease=pl.when(pl.col("med_type").replace_strict(care_groups, default="") == "chronic_outpatient")
            .then(
                pl.coalesce(
                    pl.col("dise_no").replace_strict(TWO_DISEASE, default=None, return_dtype=pl.String),
                    pl.when(pl.col("med_type").is_in(TWO_DISEASE_CARE)).then(pl.lit("unspecified")),
                    pl.lit("none"),
                )
            )
            .otherwise(pl.lit("none")),
            care_group=pl.when(pl.col("provider_kind") == "pharmacy")
            .then(pl.lit("pharmacy"))
            .otherwise(pl.col("med_type").replace_strict(care_groups, default="unknown", return_dtype=pl.String)),
            prefecture=_to_prefecture("insu_admdvs", prefectures),
            treated_prefecture=_to_prefecture("treated", prefectures),
        )
        .with_columns(
            visit_type=pl.col("care_group").replace_strict(VISIT_TYPE, default="unknown", return_dtype=pl.String),
            travel_class=pl.when(pl.col("treated").is_null())
            .then(pl.lit("unknown"))
            .when(pl.col("treated").str.slice(0, 2) != pl.col("insu_admdvs").str.slice(0, 2))
            .then(pl.lit("cross_province"))
            .when(pl.col("treated_prefecture") != pl.col("prefecture"))
            .then(pl.lit("in_province"))
            .otherwise(pl.lit("local")),
        )
        .with_columns(
            destination=pl.when(pl.col("travel_class") == "cross_province")
            .then(pl.col("treated").str.slice(0, 2) + "0000")
            .when(pl.col("travel_class") == "in_province")
            .then(pl.col("treated_prefecture"))
            .otherwise("travel_class")
        )
        .with_columns(is_out_of_area=out_of_area(pl.col("setl_time").dt.date(), pooled_from))
        .with_columns(pl.col(source).fill_null(0).alias(name) for name, source in AMOUNTS.items())
        .collect()
    )


def out_of_area(day: pl.Expr, pooled_from: dict[str, date]) -> pl.Expr:
    """Treated outside the pooling area, by the level in force on the first day of the month (L7)."""
    month = day.dt.month_start()
    pooled = pl.lit(False)
    for region, start in pooled_from.items():
        place = pl.lit(True) if region.endswith("0000") else pl.col("prefecture") == region
        inside = pl.col("insu_admdvs").str.slice(0, 2) == region[:2]
        pooled = pooled | (inside & place & (month >= pl.lit(start)))
    return (pl.col("travel_class") == "cross_province") | ((pl.col("travel_class") == "in_province") & ~pooled)
