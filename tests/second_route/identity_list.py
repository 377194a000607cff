"""The list of low-income identities: who stood on it on a day, and what was settled for them.

Belongs here: the persons a recognition names (L64), settlements of rural low-income people under the three layers (L66). Does not
belong here: what counts as a settlement, sums.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.constants import POPULATION_GROUP, RURAL_LOW_INCOME
from tests.second_route.enrolment import certificate, natural_persons


def _rural_low_income(
    recognitions: pl.LazyFrame, persons: pl.LazyFrame, spells: pl.LazyFrame, identities: dict[str, str] | None
) -> pl.DataFrame:
    """Recognitions as rural low-income with their days and, as `person`, whom they name.

    That is whom the number names, in the register of persons or, without a row there, as somebody with a spell; else the
    certificate.
    """
    group = pl.col("psn_idet_type").replace_strict(
        POPULATION_GROUP | (identities or {}), default="unknown", return_dtype=pl.String
    )
    registered = natural_persons(persons).select("psn_no", "person")
    bare = spells.select("psn_no", person=pl.lit(None, dtype=pl.String)).unique()
    known = (
        pl.concat([registered, bare])
        .group_by("psn_no")
        .agg(pl.col("person").max())
        .with_columns(known=pl.coalesce("person", "psn_no"))
    )
    return (
        recognitions.filter((pl.col("rurl_flag") == "1") & group.is_in(RURAL_LOW_INCOME))
        .join(known.select("psn_no", "known"), on="psn_no", how="left")
        .select(
            "psn_no",
            person=pl.coalesce("known", certificate()),
            begin=pl.col("begntime").dt.date(),
            end=pl.col("endtime").dt.date(),
        )
        .collect()
    )


def triple_protection(
    settlements: pl.DataFrame,
    recognitions: pl.LazyFrame,
    persons: pl.LazyFrame,
    spells: pl.LazyFrame,
    identities: dict[str, str] | None = None,
) -> pl.DataFrame:
    """One row a settlement that counts, of somebody on the list that day for whom one of the three layers paid; fen."""
    relief = pl.col("pool_pay") + pl.col("serious_illness_pay") + pl.col("assistance_pay")
    paid = settlements.filter(pl.col("counts") & (pl.col("provider_kind") != "pharmacy") & (relief != 0)).select(
        "setl_id",
        "psn_no",
        "person",
        "scheme",
        "prefecture",
        "year",
        day=pl.col("setl_time").dt.date(),
        is_visit=~pl.col("is_supplementary") & ~pl.col("is_interim"),
        relief=relief,
    )
    listed = _rural_low_income(recognitions, persons, spells, identities)
    # By the natural person under any number, and by the number itself, which may be in no register.
    found = pl.concat(
        [
            paid.join(listed.select("person", "begin", "end"), on="person"),
            paid.join(listed.select("psn_no", "begin", "end"), on="psn_no"),
        ],
        how="diagonal",
    )
    on_list = (pl.col("begin") <= pl.col("day")) & (pl.col("end").is_null() | (pl.col("end") >= pl.col("day")))
    return found.filter(on_list).unique(subset=["setl_id"], keep="first", maintain_order=True)
