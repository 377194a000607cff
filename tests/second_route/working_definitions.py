"""The two figures that have no official definition: repeated exams on large equipment (L87), unreasonable referrals (L88).

Belongs here: which exam repeats another, which stays were referred out and could have been treated at home; person by person, in
plain Python. Does not belong here: sums.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import polars as pl

from tests.second_route.constants import EXAM_KIND, HOSPITAL_TIER, TREATABLE

_OPERATION = frozenset("ABCDEFGHIJ")
_DAYS = timedelta(days=30)
_LABELS = ["scheme", "prefecture", "year"]


def _disease_groups(results: pl.LazyFrame) -> dict[str, tuple[str, str]]:
    """DRG and DIP code of each settlement by its newest grouping run."""
    order = pl.col("run_id").str.replace("YE$", "99")
    newest = results.sort(order).unique(subset=["setl_id"], keep="last", maintain_order=True)
    rows = newest.select("setl_id", pl.col("drg_code", "dip_code").fill_null("")).collect().iter_rows()
    return {number: (drg, dip) for number, drg, dip in rows}


def exams(settlements: pl.DataFrame, lines: pl.LazyFrame, results: pl.LazyFrame) -> pl.DataFrame:
    """One row a settlement that counts and kind of exam: labels, charge in fen and whether it repeats another."""
    charged = (
        lines.filter((pl.col("vali_flag") == "1") & pl.col("hilist_code").is_in(list(EXAM_KIND)))
        .with_columns(exam=pl.col("hilist_code").replace_strict(EXAM_KIND, return_dtype=pl.String))
        .group_by("setl_id", "exam")
        .agg(fee=pl.col("det_item_fee_sumamt").sum(), day=pl.col("fee_ocur_time").min().dt.date())
        .filter(pl.col("fee") > 0)
    )
    found = (
        settlements.lazy()
        .filter(pl.col("counts"))
        .join(charged, on="setl_id")
        .select("setl_id", "mdtrt_id", "person", "exam", "day", "fee", "care_group", *_LABELS)
        .sort("person", "exam", "day", "setl_id")
        .collect()
    )
    operated = {number for number, (drg, _) in _disease_groups(results).items() if drg[1:2] in _OPERATION}
    before: dict[tuple[str, str], list[tuple[date, str, bool]]] = defaultdict(list)
    repeats = []
    columns = ("setl_id", "mdtrt_id", "person", "exam", "day", "care_group")
    for number, encounter, person, exam, day, care in found.select(columns).iter_rows():
        history = before[person, exam]
        is_repeat = (
            care != "emergency"
            and not exam.endswith("_other")
            and any(
                day - former <= _DAYS and other != encounter and not was_operation
                for former, other, was_operation in history
            )
        )
        repeats.append(is_repeat)
        history.append((day, encounter, number in operated))
    return found.with_columns(is_repeat=pl.Series(repeats, dtype=pl.Boolean))


def referrals(
    stays: pl.DataFrame,
    settlements: pl.DataFrame,
    filings: pl.LazyFrame,
    results: pl.LazyFrame,
    institutions: pl.LazyFrame,
    prefectures: dict[str, str],
) -> pl.DataFrame:
    """Stays away from the prefecture for which the person filed a referral, and whether hospitals at home could have treated them."""
    away = stays.filter(
        pl.col("travel_class").is_in(["in_province", "cross_province"]) & (pl.col("visit_type") == "inpatient")
    )
    filed: dict[str, list[tuple[str, date, date]]] = defaultdict(list)
    valid = filings.filter((pl.col("vali_flag") == "1") & (pl.col("rloc_rea").str.zfill(2) == "06"))
    spans = valid.select(
        "psn_no",
        pl.col("rloc_admdvs").fill_null(""),
        pl.col("begndate").dt.date(),
        pl.col("enddate").dt.date().fill_null(date.max),
    ).collect()
    for person, goal, begin, end in spans.iter_rows():
        filed[person].append((goal[:2], begin, end))
    groups = _disease_groups(results)
    tiers = _tiers(institutions, prefectures)
    rows = away.join(settlements.select("setl_id", "psn_no", day=pl.col("setl_time").dt.date()), on="setl_id")
    referred, treatable = [], []
    columns = ("setl_id", "psn_no", "treated", "begin", "prefecture", "day")
    for number, person, treated, begin, home, day in rows.select(columns).iter_rows():
        started = begin.date() if hasattr(begin, "date") else begin
        referred.append(any(goal == treated[:2] and first <= started <= last for goal, first, last in filed[person]))
        drg, dip = groups.get(number, ("", ""))
        able = {tier for tier, first, last in tiers[home] if first <= day <= last}
        treatable.append(any({drg[:3], dip} & TREATABLE[tier] for tier in able if tier in TREATABLE))
    found = rows.with_columns(
        is_referred=pl.Series(referred, dtype=pl.Boolean), is_treatable=pl.Series(treatable, dtype=pl.Boolean)
    )
    return found.filter("is_referred")


def _tiers(institutions: pl.LazyFrame, prefectures: dict[str, str]) -> dict[str, list[tuple[str, date, date]]]:
    """By prefecture the tiers of its hospitals, each with the days of one registration; a later one ends the former."""
    found: dict[str, list[tuple[str, date, date]]] = defaultdict(list)
    rows = (
        institutions.filter(pl.col("fixmedins_code").str.starts_with("H"))
        .select(
            "fixmedins_code",
            "fix_blng_admdvs",
            "hosp_lv",
            begin=pl.col("begntime").dt.date(),
            end=pl.col("endtime").dt.date(),
        )
        .sort("fixmedins_code", "begin")
        .collect()
        .rows()
    )
    for place, (code, region, grade, begin, end) in enumerate(rows):
        after = rows[place + 1] if place + 1 < len(rows) else None
        last = end or date.max
        if after is not None and after[0] == code:
            last = min(last, after[3] - timedelta(days=1))
        if (grade or "") in HOSPITAL_TIER:
            found[prefectures.get(region, region[:4] + "00")].append((HOSPITAL_TIER[grade], begin, last))
    return found
