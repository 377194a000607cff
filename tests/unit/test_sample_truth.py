"""The sample's truth against its own files, read back here and nowhere in the generator."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dagster_project.contracts import load_contracts
from dagster_project.sample import stories
from dagster_project.sample.world import build_world
from tests.second_route.files import landed_files
from tests.small_sample import SCALE, SEED, YEARS

KINDS = {
    "same_month",
    "cross_month",
    "cross_year",
    "mirror_without_original",
    "flagged_without_mirror",
    "partial_return",
    "reversal_of_reversal",
    "redo_after_reversal",
    "unflagged_original",
}


@pytest.fixture(scope="module")
def settlements(small_home: Path) -> pl.DataFrame:
    """All delivered settlement rows as text, with their file."""
    frames = [
        landed.frame.select(pl.exclude("^_ragged$")).with_columns(pl.lit(landed.file).alias("file"))
        for landed in landed_files(small_home / "landing", {"setl_d"})
    ]
    empty = pl.when(pl.col(pl.String) != "").then(pl.col(pl.String))
    return pl.concat(frames, how="diagonal").with_columns(empty.name.keep())


def _amount(name: str) -> pl.Expr:
    return (pl.col(name).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


def test_every_file_has_the_rows_the_truth_says(small_home: Path, small_truth: dict[str, Any]) -> None:
    told = {file["file"]: (file["extract"], file["rows_read"]) for file in small_truth["files"]}
    found = {}
    for landed in landed_files(small_home / "landing"):
        name = landed.file if not landed.file.endswith(".zip") else f"{landed.file}/{Path(landed.file).stem}.csv"
        found[name] = (landed.table, landed.frame.height)
    assert found == told
    assert {extract for extract, _ in told.values()} == set(load_contracts())


def test_manifests_list_rows_and_hashes(small_home: Path, small_truth: dict[str, Any]) -> None:
    rows = 0
    for path in (small_home / "landing").glob("*/manifest.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["synthetic"] is True
        rows += sum(file["rows"] for file in content["files"])
        assert {file["file"] for file in content["files"]} == {p.name for p in path.parent.iterdir()} - {path.name}
    assert rows == sum(file["rows_read"] for file in small_truth["files"])


def test_rows_of_cells_are_delivered_rows_less_what_does_not_count(
    small_truth: dict[str, Any], settlements: pl.DataFrame
) -> None:
    broken = sum(d["rows"] for d in small_truth["defects"] if d["extract"] == "setl_d")
    delivered = settlements.height - broken - small_truth["versions"]["setl_d"]["superseded"]
    events = small_truth["events"]
    pairs = ("same_month", "cross_month", "cross_year", "unflagged_original", "lost_stay", "redo_after_reversal")
    not_counting = sum(2 * events[name] for name in (*pairs, "redo_stay", "reversal_of_reversal"))
    not_counting += events["mirror_without_original"] + events["flagged_without_mirror"] + events["invalid"]
    assert sum(cell["rows"] for cell in small_truth["cells"]["settlement"]) == delivered - not_counting


def test_money_of_the_ledger_measure_is_the_money_of_the_valid_rows(
    small_truth: dict[str, Any], settlements: pl.DataFrame
) -> None:
    # The broken rows are told by their own flaws; everything else by key, newest update first.
    good = _good(settlements)
    newest = good.sort("updt_time", maintain_order=True).unique("setl_id", keep="last", maintain_order=True)
    valid = newest.filter(pl.col("vali_flag") == "1")
    assert valid.select(_amount("medfee_sumamt").sum()).item() == sum(
        cell["total_fee"] for cell in small_truth["cells"]["ledger_measure"]
    )


def _good(settlements: pl.DataFrame) -> pl.DataFrame:
    """Delivered rows without the planted broken ones: those of the stream that `broken` has."""
    stream = f"{stories.NAMES.index('broken') + 1:02d}"
    return settlements.filter(
        pl.col("setl_id").fill_null("").str.slice(10, 2).ne(stream) & pl.col("setl_id").is_not_null()
    )


def test_identities_hold_in_every_good_row(settlements: pl.DataFrame) -> None:
    good = _good(settlements)
    funds = ["hifp", "cvlserv", "hifes", "hifmi", "hifob", "hifdm", "maf"]
    fund_sum = sum((_amount(f"{f}_pay") for f in funds), start=_amount("othfund_pay"))
    parts = _amount("fulamt_ownpay_amt") + _amount("overlmt_selfpay") + _amount("preselfpay_amt") + _amount("inscp_amt")
    wrong = good.select(
        I1=(_amount("medfee_sumamt") != parts).sum(),
        I2=(_amount("fund_pay_sumamt") != fund_sum).sum(),
        I3=(
            _amount("medfee_sumamt") != _amount("fund_pay_sumamt") + _amount("psn_pay") + _amount("ownpay_hosp_part")
        ).sum(),
        I4a=(_amount("psn_pay") != _amount("acct_pay") + _amount("cash_payamt")).sum(),
    )
    assert wrong.row(0) == (0, 0, 0, 0)


def test_fund_split_adds_up_to_the_header(small_home: Path, settlements: pl.DataFrame) -> None:
    split = pl.concat(pl.read_parquet(p) for p in (small_home / "landing").glob("*/setl_fund_sbit_d_*.parquet"))
    assert split.select(pl.struct("setl_id", "fund_pay_type").is_duplicated().any()).item() is False
    sums = split.group_by("setl_id").agg(pl.col("fund_payamt").sum())
    headers = _good(settlements).sort("updt_time").unique("setl_id", keep="last", maintain_order=True)
    headers = headers.select("setl_id", pl.col("fund_pay_sumamt").cast(pl.Decimal(16, 2)))
    both = headers.join(sums, on="setl_id", how="full", coalesce=True).fill_null(0)
    assert both.filter(pl.col("fund_pay_sumamt") != pl.col("fund_payamt")).height == 0


def test_lines_add_up_to_their_headers_and_one_is_taken_back(small_home: Path, settlements: pl.DataFrame) -> None:
    lines = pl.concat(pl.read_parquet(p) for p in (small_home / "landing").glob("*/fee_list_d_*.parquet"))
    names = {
        "det_item_fee_sumamt": "medfee_sumamt",
        "fulamt_ownpay_amt": "fulamt_ownpay_amt",
        "overlmt_selfpay": "overlmt_selfpay",
        "preselfpay_amt": "preselfpay_amt",
        "inscp_amt": "inscp_amt",
    }
    sums = lines.group_by("setl_id").agg(pl.col(line).sum().alias(f"line_{line}") for line in names)
    headers = settlements.unique("setl_id", keep="first", maintain_order=True)
    both = sums.join(headers, on="setl_id", how="left")
    for line, header in names.items():
        assert both.filter(pl.col(f"line_{line}") != pl.col(header).cast(pl.Decimal(16, 2))).height == 0
    taken = lines.filter(pl.col("init_feedetl_sn").is_not_null())
    assert taken.height > 0 and taken.select((pl.col("cnt") < 0).all()).item()


def test_every_kind_of_reversal_is_there_as_often_as_told(
    small_truth: dict[str, Any], settlements: pl.DataFrame
) -> None:
    assert set(small_truth["reversals"]) == KINDS
    assert all(count > 0 for count in small_truth["reversals"].values())
    good = _good(settlements).sort("updt_time").unique("setl_id", keep="last", maintain_order=True)
    known = set(good["setl_id"])
    links = good.filter(pl.col("init_setl_id").is_not_null())
    orphans = links.filter(~pl.col("init_setl_id").is_in(list(known))).height
    assert orphans == small_truth["reversals"]["mirror_without_original"]
    pointed = set(links["init_setl_id"])
    alone = good.filter(
        (pl.col("refd_setl_flag") == "1") & pl.col("init_setl_id").is_null() & ~pl.col("setl_id").is_in(list(pointed))
    )
    assert alone.height == small_truth["reversals"]["flagged_without_mirror"]
    originals = good.filter(pl.col("setl_id").is_in(list(pointed)) & pl.col("init_setl_id").is_null())
    assert originals.filter(pl.col("refd_setl_flag") == "0").height == small_truth["reversals"]["unflagged_original"]
    times = dict(good.select("setl_id", "setl_time").iter_rows())
    years = [
        (times[origin][:4], time[:4])
        for origin, time in links.select("init_setl_id", "setl_time").iter_rows()
        if origin in times
    ]
    assert sum(first != second for first, second in years) == small_truth["reversals"]["cross_year"]


def test_mirrors_negate_every_amount(settlements: pl.DataFrame) -> None:
    good = _good(settlements).unique("setl_id", keep="first", maintain_order=True)
    pairs = good.filter(pl.col("init_setl_id").is_not_null()).join(good, left_on="init_setl_id", right_on="setl_id")
    assert pairs.height > 50
    for name in ("medfee_sumamt", "inscp_amt", "hifp_pay", "fund_pay_sumamt", "psn_pay", "acct_pay", "cash_payamt"):
        assert pairs.filter(_amount(name) != -_amount(f"{name}_right")).height == 0


def test_defects_stay_below_the_refusal_threshold(small_truth: dict[str, Any]) -> None:
    assert {d["kind"] for d in small_truth["defects"]} >= {
        "I1", "I2", "I3", "code_unknown", "required", "number_form", "date_form", "id_checksum",
    }  # fmt: skip
    for file in small_truth["files"]:
        if file["rows_quarantined"]:
            assert file["rows_quarantined"] < max(file["rows_read"] * 0.01, 6 if file["rows_read"] < 200 else 0), file


def test_each_person_is_insured_once(small_truth: dict[str, Any]) -> None:
    people = build_world(SEED, SCALE, YEARS, "520000", (3,)).people
    by_year: Counter[int] = Counter()
    for cell in small_truth["cells"]["enrolment"]:
        by_year[cell["year"]] += cell["persons"]
    assert sorted(by_year) == [2022, 2023, 2024]
    assert all(0.9 * sum(people.counts[:3]) < persons < sum(people.counts) for persons in by_year.values())


def test_nobody_is_real(small_home: Path) -> None:
    for landed in landed_files(small_home / "landing", {"psn_info_b", "psn_insu_d", "ltc_payment"}):
        assert landed.frame["psn_no"].str.starts_with("990000").all()
        if "certno" in landed.frame.columns:
            assert landed.frame["certno"].str.starts_with("990000").all()
