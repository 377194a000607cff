"""Intake of text files: CSV in UTF-8 against DuckDB's bare read_csv of the same file, and GB18030 in megabytes a second.

Belongs here: writing the two files, taking them in with all rules, reading one bare. Does not belong here: scales.

Bare is `create temp table as select * from read_csv(file)`: the whole file read, typed by the engine's own guess, and kept.
The product's time is its own `intake` of a home that has only this file: encoding, separator, header, types, rules,
pseudonyms, quarantine, versions, Parquet, records.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import duckdb

from bench import product
from dagster_project.contracts import load_contracts

SCALE = "0.01"
MONTH = "202503"
COPIES = 20  # a fifth of a province's month: 1.9 million settlements, so that what a run costs whatever its rows weighs little


def measure(work: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Both formats; seconds, megabytes a second, and the share of bare speed that intake reaches."""
    landing = work / "sample" / "landing"
    product.write_sample(environment, landing, "--scale", SCALE, "--years", MONTH[:4])
    utf8, gb18030 = work / f"setl_d_{MONTH}.csv", work / f"setl_d_{MONTH}_gb18030.csv"
    rows = _write(landing / f"b{MONTH}" / f"setl_d_{MONTH}.parquet", utf8, gb18030)
    shutil.rmtree(work / "sample")
    bare = _bare_seconds(utf8, environment)
    found: dict[str, Any] = {"rows": rows, "bare_read_csv": _speed(utf8, bare)}
    for name, file in (("utf8", utf8), ("gb18030", gb18030)):
        found[name] = _speed(file, _intake_seconds(file, work / "home", environment))
        file.unlink()
    found["utf8_share_of_bare"] = round(bare / found["utf8"]["seconds"], 3)
    return found


def _write(source: Path, utf8: Path, gb18030: Path) -> int:
    """The same settlements with the platform's names in UTF-8, and with Chinese names in GB18030."""
    with duckdb.connect() as connection:
        written = connection.execute(
            f"copy (select settlements.* replace (setl_id || copy as setl_id) from '{source}' as settlements "
            f"cross join range({COPIES}) as copies (copy)) to '{utf8}' (format csv, header true)"
        ).fetchone()
    names = {column.name: column.name_zh for column in load_contracts()["setl_d"].columns}
    with utf8.open(encoding="utf-8", newline="") as text, gb18030.open("w", encoding="gb18030", newline="") as out:
        out.write(",".join(names[name] for name in text.readline().rstrip().split(",")) + "\n")
        shutil.copyfileobj(text, out)
    return int(written[0]) if written else 0


def _bare_seconds(file: Path, environment: dict[str, str]) -> float:
    with duckdb.connect() as connection:
        if "BULLETIN_THREADS" in environment:
            connection.execute(f"set threads = {int(environment['BULLETIN_THREADS'])}")
        begun = time.monotonic()
        connection.execute("create temp table bare as select * from read_csv($1)", [str(file)])
        return time.monotonic() - begun


def _intake_seconds(file: Path, home: Path, environment: dict[str, str]) -> float:
    (home / "landing").mkdir(parents=True)
    target = home / "landing" / file.name
    os.link(file, target)  # a link that leads out of the landing folder is not followed
    product.bulletin(environment, "ingest", "--home", str(home))
    seconds = next(line["seconds"] for line in product.stage_lines(home) if line["stage"] == "intake")
    shutil.rmtree(home)
    return float(seconds)


def _speed(file: Path, seconds: float) -> dict[str, float]:
    size = file.stat().st_size
    return {"bytes": size, "seconds": round(seconds, 3), "megabytes_per_second": round(size / seconds / 1e6, 1)}
