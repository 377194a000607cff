"""People insured elsewhere and treated here: the treatment side, apart from everything else.

Belongs here: what counts of outmed_setl_d (L71) and what is a visit of it (L86). Does not belong here: our own insured.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.constants import STAY_GROUPS
from tests.second_route.settlements import labelled

LABELS = ["month", "prefecture", "origin", "scheme", "tier", "visit_type", "payment_place"]
_COUNTED_IN_STAYS = ("inpatient", "maternity_inpatient", "home_bed")


def outsiders(current: pl.LazyFrame, care_groups: dict[str, str], prefectures: dict[str, str]) -> pl.DataFrame:
    """Visits, rows and money in fen by `LABELS`; the prefecture is that of treatment."""
    valid = labelled(current, care_groups, prefectures, {})
    mirrors = valid.filter(pl.col("init_setl_id").is_not_null())
    taken_back_mirrors = mirrors["init_setl_id"].to_list()
    undone = mirrors.filter(~pl.col("setl_id").is_in(taken_back_mirrors))["init_setl_id"].to_list()
    standing = valid.filter(
        pl.col("init_setl_id").is_null() & (pl.col("refd_setl_flag") != "1") & ~pl.col("setl_id").is_in(undone)
    ).with_columns(
        month=pl.col("year") * 100 + pl.col("month"),
        prefecture="treated_prefecture",
        origin=pl.col("insu_admdvs").str.slice(0, 2) + "0000",
    )
    last = (
        standing.filter(pl.col("care_group").is_in(STAY_GROUPS) & ~pl.col("is_interim") & ~pl.col("is_supplementary"))
        .sort("setl_time", "setl_id")
        .unique(subset=["mdtrt_id"], keep="last", maintain_order=True)["setl_id"]
        .to_list()
    )
    in_stays = pl.col("visit_type").is_in(_COUNTED_IN_STAYS)
    return (
        standing.with_columns(
            visit=pl.when(in_stays).then(pl.col("setl_id").is_in(last)).otherwise(~pl.col("is_supplementary"))
        )
        .group_by(LABELS)
        .agg(visits=pl.col("visit").sum(), rows=pl.len(), fee=pl.col("total_fee").sum(), fund=pl.col("fund_pay").sum())
    )
