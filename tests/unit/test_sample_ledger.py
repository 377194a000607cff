"""The sample's fund ledger: it follows from the payments that were drawn, closes exactly, and overdraws no fund."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.sample import stories
from tests.second_route.files import landed_files
from tests.small_sample import YEARS


def _paid(small_home: Path) -> pl.DataFrame:
    """Fen paid by pool, account and assistance, by year and scheme, read back from the delivered settlements."""
    frames = [
        landed.frame.select(pl.exclude("^_ragged$")) for landed in landed_files(small_home / "landing", {"setl_d"})
    ]
    broken = f"{stories.NAMES.index('broken') + 1:02d}"
    return (
        pl.concat(frames, how="diagonal")
        .filter(pl.col("setl_id").fill_null("").str.slice(10, 2).is_in(["", broken]).not_())
        .sort("updt_time", maintain_order=True)
        .unique("setl_id", keep="last", maintain_order=True)
        .filter(pl.col("vali_flag") == "1")
        .with_columns(
            scheme=pl.col("insutype").replace({"510": "310"}), year=pl.col("setl_time").cast(pl.String).str.slice(0, 4)
        )
        .group_by("year", "scheme")
        .agg(pool=_fen("hifp_pay").sum(), account=_fen("acct_pay").sum(), aid=_fen("maf_pay").sum())
    )


def _fen(name: str) -> pl.Expr:
    return (pl.col(name).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


def test_ledger_rolls_forward_exactly(small_home: Path) -> None:
    frames = [
        landed.frame.with_columns(pl.lit(landed.file).alias("file"))
        for landed in landed_files(small_home / "landing", {"fund_ledger_m"})
    ]
    rows = pl.concat(frames, how="diagonal").with_columns(
        yuan=pl.col("amt").cast(pl.Decimal(18, 2)) * pl.when(pl.col("unit") == "万元").then(10_000).otherwise(1)
    )
    assert set(rows["unit"]) == {"元", "万元"}
    rows = rows.sort("as_of").unique(["ym", "poolarea_no", "insutype", "fund_type", "item_code"], keep="last")
    for _, pool in rows.filter(pl.col("fund_type") != "生育").group_by("poolarea_no", "insutype", "fund_type"):
        months = list(_months(pool))
        for before, after in pairwise(months):
            assert after["balance"] == before["balance"] + after["flow"], (before, after)


def test_the_ledger_follows_from_the_payments_that_were_drawn(small_home: Path, small_truth: dict[str, Any]) -> None:
    paid = _paid(small_home)
    bridge = small_truth["cells"]["fund_bridge"]
    for year in YEARS:
        rows = {row["scheme"]: row for row in paid.filter(pl.col("year") == str(year)).to_dicts()}

        def settled(*funds: tuple[str, str]) -> int:
            return sum(
                c["settled"]
                for c in bridge
                if c["year"] == year and (c["scheme_code"], c["fund_type"]) in funds  # noqa: B023
            )

        assert settled(("310", "统筹")) == rows["310"]["pool"]
        assert settled(("390", "统筹")) == rows["390"]["pool"]
        assert settled(("310", "个人账户")) == rows["310"]["account"]
        assert settled(("399", "救助")) == sum(row["aid"] for row in rows.values())


def test_the_parts_of_the_bridge_add_up_to_the_ledger_and_stay_small(small_truth: dict[str, Any]) -> None:
    bridge, fund = small_truth["cells"]["fund_bridge"], small_truth["cells"]["fund"]
    names = ("year", "prefecture", "scheme_code", "fund_type", "item_code")
    booked = {tuple(c[name] for name in names): c["amount"] for c in fund}
    assert bridge
    for cell in bridge:
        parts = sum(cell[part] for part in ("settled", "allowance", "outside", "timing"))
        assert parts == booked[tuple(cell[name] for name in names)], cell
    allowances = sum(cell["amount"] for cell in small_truth["cells"]["maternity_allowance"])
    assert sum(c["allowance"] for c in bridge if c["fund_type"] == "统筹") == allowances
    for scheme in ("310", "390"):
        for year in YEARS:
            mine = [c for c in bridge if (c["year"], c["scheme_code"], c["fund_type"]) == (year, scheme, "统筹")]
            settled = sum(c["settled"] for c in mine)
            spent = sum(booked[tuple(c[name] for name in names)] for c in mine)
            assert 0.9 * spent < settled < 1.1 * spent, "the finding ledger_bridge would report it"


def test_no_fund_is_overdrawn_and_premiums_are_paid_on(small_truth: dict[str, Any]) -> None:
    fund = small_truth["cells"]["fund"]
    assert all(cell["amount"] > 0 for cell in fund if cell["item_code"] == "BAL")
    for year in (2022, *YEARS):
        amounts: Counter[tuple[str, str]] = Counter()
        for cell in (c for c in fund if c["year"] == year and c["fund_type"] in ("统筹", "大病")):
            amounts[cell["scheme_code"], cell["item_code"]] += cell["amount"]
        assert amounts["390", "E02"] > amounts["392", "I01"] > 0


def _months(pool: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Closing balance and income − expenditure + adjustment of each month, in order."""
    sign = pl.when(pl.col("dirc") == "支出").then(-1).otherwise(1)
    closing = pl.col("item_code") == "BAL"
    grouped = pool.group_by("ym").agg(
        balance=pl.col("yuan").filter(closing).sum(), flow=(pl.col("yuan") * sign).filter(~closing).sum()
    )
    yield from grouped.sort("ym").iter_rows(named=True)
