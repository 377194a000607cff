"""The settlement part on one engine: `python peer_engines.py ENGINE FOLDER`, where FOLDER holds settlements as Parquet.

Belongs here: how each engine reads the files and runs `peers.sql` (polars says the same in its own words). Imports one
engine and nothing of the project, so that an environment with that engine alone will do. The last line printed is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

QUERY = Path(__file__).with_name("peers.sql")
THREADS = os.environ.get("BULLETIN_THREADS") or str(os.cpu_count() or 2)
Answer = tuple[Any, ...]
NOT_HERE = 3  # exit code where the engine itself is not installed


def _without_comments() -> str:
    return "\n".join(line for line in QUERY.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))


def on_duckdb(folder: Path) -> tuple[str, float, Answer]:
    """DuckDB, the engine of product and yardstick."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"set threads = {THREADS}")
        connection.execute(f"create view settlement as select * from read_parquet('{folder}/*.parquet')")
        begun = time.monotonic()
        answer = connection.execute(_without_comments()).fetchone()
        assert answer is not None
        return version("duckdb"), time.monotonic() - begun, answer


def on_chdb(folder: Path) -> tuple[str, float, Answer]:
    """ClickHouse in the process."""
    from chdb import session

    database = session.Session()
    database.query("set join_use_nulls = 1")
    database.query(f"set max_threads = {THREADS}")
    database.query(f"create view settlement as select * from file('{folder}/*.parquet', Parquet)")
    begun = time.monotonic()
    text = database.query(_without_comments(), "TabSeparated")
    seconds = time.monotonic() - begun
    return version("chdb"), seconds, tuple(str(text).strip().split("\t"))


def on_spark(folder: Path) -> tuple[str, float, Answer]:
    """Spark in local mode; its start is not part of the seconds."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    spark = (
        builder.master(f"local[{THREADS}]")
        .config("spark.driver.memory", os.environ.get("PEERS_SPARK_MEMORY", "8g"))
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", str(folder / "spill"))
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.read.parquet(*[str(path) for path in sorted(folder.glob("*.parquet"))]).createOrReplaceTempView("settlement")
    begun = time.monotonic()
    answer = tuple(spark.sql(_without_comments()).collect()[0])
    seconds = time.monotonic() - begun
    spark.stop()
    return version("pyspark"), seconds, answer


def on_postgresql(folder: Path) -> tuple[str, float, Answer]:
    """A PostgreSQL server that psql reaches by its own environment variables (PGHOST, PGDATABASE, ...).

    The files come as CSV with a header beside the Parquet; loading them is part of the seconds, because there is no
    reading without it.
    """

    def psql(text: str) -> str:
        done = subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t", "-v", "ON_ERROR_STOP=1"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    try:
        name = psql("show server_version")
    except RuntimeError as error:
        raise FileNotFoundError(f"no PostgreSQL server: {str(error).strip().splitlines()[-1]}") from error
    columns = (folder / "columns.sql").read_text(encoding="utf-8")
    psql(f"drop table if exists settlement; create unlogged table settlement ({columns})")
    begun = time.monotonic()
    copies = "\n".join(
        f"\\copy settlement from '{file}' with (format csv, header true)" for file in sorted(folder.glob("*.csv"))
    )
    psql(f"{copies}\nanalyze settlement;")
    limits = f"set work_mem = '1GB'; set max_parallel_workers_per_gather = {THREADS};"
    answer = psql(f"{limits}\n{_without_comments()};").split("\t")
    seconds = time.monotonic() - begun
    psql("drop table settlement")
    return name, seconds, tuple(answer)


def on_polars(folder: Path) -> tuple[str, float, Answer]:
    """Polars, its streaming engine."""
    import polars as pl

    def near(whole: str, *parts: str) -> pl.Expr:
        return (pl.col(whole) - sum((pl.col(part) for part in parts), pl.lit(0))).abs() <= 0.01

    money = [
        "fulamt_ownpay_amt", "inscp_amt", "fund_pay_sumamt", "maf_pay", "acct_mulaid_pay", "cash_payamt",
    ]  # fmt: skip
    begun = time.monotonic()
    delivered = (
        pl.scan_parquet(sorted(folder.glob("*.parquet")))
        .with_columns(pl.col("ownpay_hosp_part").fill_null(0))
        .filter(
            pl.col("setl_id").is_not_null()
            & near("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt")
            & near(
                "fund_pay_sumamt", "hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay",
                "othfund_pay",
            )
            & near("medfee_sumamt", "fund_pay_sumamt", "psn_pay", "ownpay_hosp_part")
        )
        .select(
            "setl_id", "init_setl_id", "refd_setl_flag", "vali_flag", "setl_type", "insu_admdvs", "insutype", "med_type",
            "hosp_lv", "medfee_sumamt", "updt_time", *money,
            settlement_year=pl.col("setl_time").dt.year(),
            treatment_region=pl.coalesce("fix_blng_admdvs", pl.col("fixmedins_code").str.slice(1, 6)),
            provider=pl.col("fixmedins_code").str.slice(0, 1),
        )
    )  # fmt: skip
    repeated = (
        delivered.group_by("setl_id").agg(pl.len(), pl.col("updt_time").max().alias("newest")).filter(pl.col("len") > 1)
    )
    newest = delivered.join(repeated.select("setl_id", "newest"), on="setl_id", how="left").filter(
        pl.col("newest").is_null() | (pl.col("newest") == pl.col("updt_time"))
    )
    # Versions with the same time are the same row delivered twice.
    once = pl.concat(
        [newest.filter(pl.col("newest").is_null()), newest.filter(pl.col("newest").is_not_null()).unique("setl_id")]
    )
    mirror = once.filter((pl.col("vali_flag") == "1") & pl.col("init_setl_id").is_not_null()).select(
        "setl_id", "init_setl_id"
    )
    pointed = mirror.select(setl_id="init_setl_id").unique()
    undone = mirror.join(pointed, on="setl_id", how="anti").select(setl_id="init_setl_id").unique()
    answer = (
        once.filter((pl.col("vali_flag") == "1") & pl.col("init_setl_id").is_null())
        .join(undone, on="setl_id", how="anti")
        .join(pointed.with_columns(is_pointed=True), on="setl_id", how="left")
        .filter((pl.col("refd_setl_flag") != "1") | pl.col("is_pointed").is_not_null())
        .group_by("settlement_year", "insu_admdvs", "treatment_region", "provider", "insutype", "med_type", "hosp_lv")
        .agg(
            visits=(pl.col("setl_type").fill_null("") != "3").sum(),
            total_fee=pl.col("medfee_sumamt").sum(),
            other_money=pl.sum_horizontal(pl.col(name).sum() for name in money),
        )
        .select(pl.len(), pl.col("visits", "total_fee", "other_money").sum())
        .collect(engine="streaming")
        .row(0)
    )
    return version("polars"), time.monotonic() - begun, answer


ENGINES: dict[str, Callable[[Path], tuple[str, float, Answer]]] = {
    "duckdb": on_duckdb,
    "polars": on_polars,
    "chdb": on_chdb,
    "spark": on_spark,
    "postgresql": on_postgresql,
}

if __name__ == "__main__":
    try:
        number, took, found = ENGINES[sys.argv[1]](Path(sys.argv[2]))
    except (ImportError, FileNotFoundError) as missing:  # a package, or psql
        print(missing)
        sys.exit(NOT_HERE)
    print(json.dumps({"version": number, "seconds": took, "answer": [f"{float(value):.2f}" for value in found]}))
