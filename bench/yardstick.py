"""Runs `yardstick.sql` over a landing folder and says how long each of its sections took.

Belongs here: file lists, the few encodings that SQL cannot read, the key, the clock. Does not belong here: anything that
makes a number (`yardstick.sql`). Run as `python -m bench.yardstick LANDING DATABASE`; the last line printed is JSON.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from python_calamine import CalamineWorkbook

from dagster_project.contracts import load_contracts
from dagster_project.ingest.header import match
from dagster_project.ingest.keys import pads
from dagster_project.settings import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("yardstick.sql")
CODE_SETS = PROJECT_ROOT / "dbt" / "seeds" / "code_set.csv"
_CHUNK = 1 << 22
# Both sides whole, so that a figure that only one of them has shows too.
_COMPARED = """
    with ours as (
        select indicator_id, year, region_code, numerator, denominator, value
        from warehouse.indicator.indicator_value
        semi join warehouse.ops.indicator_dictionary as headline
            on indicator_value.indicator_id = headline.indicator_id and headline.headline = 'Y'
        where vintage = 'working' and breakdown = 'total' and region_level in ('province', 'prefecture')
    )

    select
        coalesce(ours.indicator_id, theirs.indicator_id) as indicator_id,
        coalesce(ours.year, theirs.year) as year,
        coalesce(ours.region_code, theirs.region_code) as region_code,
        ours.indicator_id is null
        or theirs.indicator_id is null
        or ours.numerator is distinct from theirs.numerator
        or ours.denominator is distinct from theirs.denominator
        or ours.value is distinct from theirs.value as is_different
    from ours
    full join yardstick.indicator_value as theirs
        on
            ours.indicator_id = theirs.indicator_id
            and ours.year = theirs.year
            and ours.region_code = theirs.region_code
"""
_SECTION = re.compile(r"^-- section: (\w+)$", re.MULTILINE)


def sections() -> dict[str, str]:
    """The sections of the script by name, in order."""
    parts = _SECTION.split(SCRIPT.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def run(
    landing: Path, database: Path, key: bytes, threads: int, memory_limit: str | None = None
) -> list[dict[str, object]]:
    """Run the script into a new database file; name, begin, end (seconds of the epoch) of each section."""
    timed: list[dict[str, object]] = []
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set temp_directory = ?", [str(database.parent / "spill")])
        if memory_limit:
            connection.execute("set memory_limit = ?", [memory_limit])
        for name, text in sections().items():
            begun = time.time()
            if name == "intake":
                _set_variables(connection, landing, database.parent / "recoded", key)
            connection.execute(text)
            timed.append({"stage": name, "ended": time.time(), "seconds": time.time() - begun})
    return timed


@dataclass(frozen=True)
class Comparison:
    """Headline indicators of the yardstick beside those of the warehouse; `different` lists what is not equal."""

    headlines: int
    regions: int
    compared: int
    different: list[tuple[object, ...]]


def compare(database: Path, warehouse: Path) -> Comparison:
    """Numerator, denominator and value of every headline indicator, year, province and prefecture, in both directions."""
    with duckdb.connect() as connection:
        for name, path in (("yardstick", database), ("warehouse", warehouse)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        rows = connection.execute(_COMPARED).fetchall()
    return Comparison(
        headlines=len({row[0] for row in rows}),
        regions=len({row[2] for row in rows}),
        compared=len(rows),
        different=[row[:3] for row in rows if row[3]],
    )


def _set_variables(connection: duckdb.DuckDBPyConnection, landing: Path, work: Path, key: bytes) -> None:
    for name, pad in pads(key).items():
        connection.execute(f"set variable {name} = $1", [pad])
    connection.execute("set variable code_sets = $1", [str(CODE_SETS)])
    work.mkdir(exist_ok=True)
    for name, files in _files(landing, work).items():
        connection.execute(f"set variable {name} = $1::varchar[]", [[str(file) for file in files]])


def _files(landing: Path, work: Path) -> dict[str, list[Path]]:
    """Files of each table by form: <table>_parquet, _csv, _tsv."""
    tables = sorted(load_contracts(), key=len, reverse=True)
    found: dict[str, list[Path]] = {}
    for path in sorted(landing.rglob("*")):
        table = next((name for name in tables if path.name.startswith(name)), None)
        if table is None or path.suffix == ".zip":  # only filings come packed so, which no headline indicator needs
            continue
        kind = "parquet" if path.suffix == ".parquet" else "tsv" if ".txt" in path.suffixes else "csv"
        readable = path
        if path.suffix == ".xlsx":
            readable = _workbook_as_csv(path, work)
        elif kind == "csv" and not _is_utf8(path):
            readable = _recoded(path, table, work)
        found.setdefault(f"{table}_{kind}", []).append(readable)
    return found


def _is_utf8(path: Path) -> bool:
    """Whether a file is UTF-8, as far as its first pages tell."""
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Path, table: str, work: Path) -> Path:
    """A GB18030 file as UTF-8, its Chinese header as the platform's names."""
    target = work / path.name
    with path.open(encoding="gb18030", newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        cells = source.readline().rstrip("\r\n").split(",")
        places = match(cells, load_contracts()[table]).columns
        names = {place: name for name, place in places.items()}
        out.write(",".join(names.get(place, cell) for place, cell in enumerate(cells)) + "\n")
        while chunk := source.read(_CHUNK):
            out.write(chunk)
    return target


def _workbook_as_csv(path: Path, work: Path) -> Path:
    target = work / f"{path.stem}.csv"
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return target


def main() -> None:
    """Command line: landing folder and database file; the key comes from BULLETIN_KEY_FILE."""
    parser = argparse.ArgumentParser()
    parser.add_argument("landing", type=Path)
    parser.add_argument("database", type=Path)
    options = parser.parse_args()
    key = Path(os.environ["BULLETIN_KEY_FILE"]).read_bytes()
    threads = int(os.environ.get("BULLETIN_THREADS") or os.cpu_count() or 2)
    timed = run(options.landing, options.database, key, threads, os.environ.get("BULLETIN_MEMORY_LIMIT"))
    print(json.dumps({"stages": timed}))


if __name__ == "__main__":
    main()
