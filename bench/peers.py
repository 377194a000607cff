"""The settlement part on other engines: a documented run, not part of `make bench`.

Belongs here: files for the engines, running them one after the other, comparing their answers. Does not belong here: the
engines themselves (`peer_engines.py`).

Polars apart, none of the other engines is in the project's pins. Make an environment of their own and name it:

    python3 -m venv peers && peers/bin/pip install duckdb==1.5.5 polars==2.1.0 chdb pyspark   (Spark needs Java 17)
    PEERS_PYTHON=peers/bin/python make bench-peers PEERS="duckdb polars chdb spark postgresql"

An engine that is not there is said and left out. PostgreSQL 15 is a running server that `psql` reaches by PGHOST, PGUSER,
PGDATABASE; it gets a tenth of the rows. PEERS_SCALE (0.1) is the scale of the others, BENCH_DIR the scratch folder. Writes bench/peers.json and docs/bench.md.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bench import machine, page, product
from bench.measure import watch
from bench.peer_engines import NOT_HERE
from bench.run import RESULTS, environment_of, scratch, tell
from dagster_project.language import Text
from dagster_project.settings import PROJECT_ROOT

TARGET = Path(__file__).with_name("peers.json")
SCRIPT = Path(__file__).with_name("peer_engines.py")
ON_A_TENTH = "postgresql"
KNOWN = ("duckdb", "polars", "chdb", "spark", ON_A_TENTH)


def measure(engines: list[str], scale: float) -> dict[str, Any]:
    """Run the engines; one that fails or is not here is recorded with the last line it said."""
    described = machine.describe()
    rows: list[dict[str, Any]] = []
    with scratch() as folder:
        work = folder / "work"
        work.mkdir()
        environment = environment_of(work)
        wanted = [(scale, [engine for engine in engines if engine != ON_A_TENTH])]
        if ON_A_TENTH in engines:
            wanted.append((scale / 10, ["duckdb", ON_A_TENTH]))
        for at, chosen in wanted:
            files = settlements(at, work / str(at), environment, as_text=ON_A_TENTH in chosen)
            for engine in chosen:
                tell(Text(f"规模 {at}：{engine} ……", f"scale {at}: {engine} ..."))
                rows.append({"scale": at, "rows": count(files), **on(engine, files, environment)})
    return {"day": date.today().isoformat(), "machine": described, "engines": agreed(rows)}


def settlements(scale: float, folder: Path, environment: dict[str, str], as_text: bool) -> Path:
    """A year's settlements that were delivered as Parquet; for PostgreSQL also as CSV with their columns as SQL."""
    machine.require_room(folder.parent, scale)
    product.write_sample(environment, folder / "landing", "--scale", str(scale), "--years", "2025")
    files = folder / "settlements"
    files.mkdir()
    for path in (folder / "landing").glob("*/setl_d_*.parquet"):
        path.rename(files / path.name)
    if as_text:
        with duckdb.connect() as connection:
            described = connection.execute(f"describe select * from read_parquet('{files}/*.parquet')").fetchall()
            for path in files.glob("*.parquet"):
                connection.execute(f"copy (from read_parquet('{path}')) to '{path.with_suffix('.csv')}' (header true)")
        columns = ", ".join(f"{row[0]} {row[1]}" for row in described)
        (files / "columns.sql").write_text(columns, encoding="utf-8")
    return files


def count(files: Path) -> int:
    """Rows of the Parquet files."""
    with duckdb.connect() as connection:
        row = connection.execute(f"select count(*) from read_parquet('{files}/*.parquet')").fetchone()
    return int(row[0]) if row else 0


def on(engine: str, files: Path, environment: dict[str, str]) -> dict[str, Any]:
    """One engine in a process of its own."""
    python = os.environ.get("PEERS_PYTHON") or sys.executable
    watched = watch([python, str(SCRIPT), engine, str(files)], environment, PROJECT_ROOT)
    last = watched.output.strip().splitlines()[-1:] or [""]
    if watched.code != 0:
        return {"engine": engine, "missing" if watched.code == NOT_HERE else "failed": last[0][:200]}
    said = json.loads(last[0][last[0].rindex('{"version"') :])
    return {
        "engine": engine,
        "version": said["version"],
        "seconds": round(said["seconds"], 2),
        "peak_bytes": watched.whole.peak_bytes if engine != ON_A_TENTH else None,  # the server is not our process
        "answer": said["answer"],
    }


def agreed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with whether its answer is DuckDB's on the same rows; of an engine that is not here nobody knows."""
    ours = {row["scale"]: row.get("answer") for row in rows if row["engine"] == "duckdb"}
    return [
        row | {"agrees": None if "missing" in row else row.get("answer") == ours.get(row["scale"], "")} for row in rows
    ]


def as_text(result: dict[str, Any]) -> str:
    """A result as its file has it."""
    return json.dumps(result, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Engines from the command line, all by default; exit code 1 when one failed or has another answer, not when it is missing."""
    engines = sys.argv[1:] or list(KNOWN)
    unknown = sorted(set(engines) - set(KNOWN))
    if unknown:
        print(Text(f"未知引擎：{' '.join(unknown)}", f"unknown engines: {' '.join(unknown)}; known: {' '.join(KNOWN)}"))
        return 2
    result = measure(engines, float(os.environ.get("PEERS_SCALE") or "0.1"))
    TARGET.write_text(as_text(result), encoding="utf-8")
    page.write(RESULTS)
    for row in result["engines"]:
        tell(_said(row))
    return 1 if any(row["agrees"] is False for row in result["engines"]) else 0


def _said(row: dict[str, Any]) -> Text:
    """One engine in a line."""
    name = f"{row['engine']} {row.get('version', '')}".strip()
    if "missing" in row:
        return Text(f"{name}：未安装，略过（{row['missing']}）", f"{name}: not installed, left out ({row['missing']})")
    if "failed" in row:
        return Text(f"{name}：失败：{row['failed']}", f"{name}: failed: {row['failed']}")
    return Text(
        f"{name}：{row['rows']:,} 行，{row['seconds']} 秒，{'结果相同' if row['agrees'] else '结果不同'}",
        f"{name}: {row['rows']:,} rows, {row['seconds']} s, {'same answer' if row['agrees'] else 'another answer'}",
    )


if __name__ == "__main__":
    sys.exit(main())
