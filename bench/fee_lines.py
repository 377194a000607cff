"""Charge lines of one month through intake: rows a second, peak memory, bytes a line, and what a year would take.

`python -m bench.fee_lines` with BENCH_LINES (1000000; the documented run has 100000000, about a month of a province), BENCH_DIR,
BULLETIN_THREADS and BULLETIN_MEMORY_LIMIT; writes bench/fee_lines.json and the page. Belongs here: the lines, their intake, whether
they still add up to their settlements. Does not belong here: the check of the product that says so (`lines_differ`), the page.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bench import machine, page, product
from bench.run import LIMITS, RESULTS, environment_of, scratch, tell
from dagster_project.language import Text
from dagster_project.run import code_version

TARGET = Path(__file__).with_name("fee_lines.json")
MONTH = "202503"
LINES_A_FILE = 5_000_000
YEAR = (1_000_000_000, 2_000_000_000)  # lines of a province-year
# Landed (25 bytes), kept (18) and the settlements that belong to them; the rest is room for the engine.
BYTES_A_LINE = 150
_AMOUNTS = {
    "det_item_fee_sumamt": "medfee_sumamt",
    "fulamt_ownpay_amt": "fulamt_ownpay_amt",
    "overlmt_selfpay": "overlmt_selfpay",
    "preselfpay_amt": "preselfpay_amt",
    "inscp_amt": "inscp_amt",
}


def measure(lines: int, scale: str = "0.01") -> dict[str, Any]:
    """At least this many lines, copies of the lines of a sample's month, taken in by one `bulletin ingest`.

    Raises UserError for a short disk before anything is written, RuntimeError when the command fails.
    """
    described = machine.describe()
    with scratch() as folder:
        machine.require_bytes(folder, lines * BYTES_A_LINE, Text(f"{lines:,} 行明细", f"{lines:,} charge lines"))
        work = folder / "work"
        work.mkdir()
        environment = environment_of(work)
        product.write_sample(environment, work / "sample", "--scale", scale, "--years", MONTH[:4])
        home, settlements = work / "home", work / "settlements.parquet"
        sample = work / "sample" / f"b{MONTH}"
        before = differing([sample / f"fee_list_d_{MONTH}.parquet"], sample / f"setl_d_{MONTH}.parquet")
        copies = write(sample, home / "landing" / f"b{MONTH}", settlements, lines)
        shutil.rmtree(work / "sample")
        landed = product.size(home / "landing")
        tell(Text("入库 ……", "intake ..."))
        watched = product.bulletin(environment, "ingest", "--home", str(home))
        intake = next(line for line in product.stage_lines(home) if line["stage"] == "intake")
        cost = watched.between(intake["ended"] - intake["seconds"], intake["ended"])
        files = sorted((home / "raw" / "fee_list_d").rglob("*.parquet"))
        kept, columns = rows_and_columns(files)
        after = differing(files, settlements)
        raw_bytes = product.size(home / "raw")
    return {
        "day": date.today().isoformat(),
        "code": code_version(),
        "machine": described,
        "limits": {key: environment[key] for key in LIMITS if key in environment},
        "lines": kept,
        "settlements": after[0],
        "columns": columns,
        "intake": cost.as_json(),
        "lines_per_second": round(kept / cost.seconds),
        "landed_bytes_a_line": round(landed / kept, 1),
        "raw_bytes_a_line": round(raw_bytes / kept, 1),
        "year": [
            {
                "lines": year,
                "hours": round(year / kept * cost.seconds / 3600, 2),
                "raw_gigabytes": round(year / kept * raw_bytes / 1e9, 1),
            }
            for year in YEAR
        ],
        # Settlements whose lines do not add up, found and expected: intake may lose or change nothing.
        "differing": after[1],
        "differing_expected": before[1] * copies,
    }


def write(sample: Path, landing: Path, settlements: Path, lines: int) -> int:
    """Files of copies of a month's lines, with identifiers and persons of their own, and their settlements; the number of copies."""
    landing.mkdir(parents=True)
    source = sample / f"fee_list_d_{MONTH}.parquet"
    with duckdb.connect() as connection:
        row = connection.execute(f"select count(*) from '{source}'").fetchone()
        base = int(row[0]) if row else 0
        copies, step = -(-lines // base), max(1, LINES_A_FILE // base)
        for number, first in enumerate(range(0, copies, step), 1):
            connection.execute(
                "copy (select source.* replace (bkkp_sn || mark as bkkp_sn, init_feedetl_sn || mark as init_feedetl_sn, "
                "setl_id || mark as setl_id, mdtrt_id || mark as mdtrt_id, psn_no || mark as psn_no) "
                f"from '{source}' as source cross join {_marks(first, min(first + step, copies))}) "
                f"to '{landing / f'fee_list_d_{MONTH}_{number:03}.parquet'}' (format parquet)"
            )
        connection.execute(
            f"copy (select setl_id || mark as setl_id, {', '.join(_AMOUNTS.values())} "
            f"from '{sample / f'setl_d_{MONTH}.parquet'}' cross join {_marks(0, copies)}) to '{settlements}' (format parquet)"
        )
    return copies


def differing(lines: Sequence[Path], settlements: Path) -> tuple[int, int]:
    """How many settlements have lines, and of how many these do not add up to total and parts (identity I6)."""
    sums = ", ".join(f"sum(coalesce({line}, 0)) as {line}" for line in _AMOUNTS)
    differs = " or ".join(
        f"abs(coalesce(headers.{header}, 0) - sums.{line}) > 0.01" for line, header in _AMOUNTS.items()
    )
    with duckdb.connect() as connection:
        connection.execute("set temp_directory = ?", [str(settlements.parent / "spill")])
        row = connection.execute(
            f"select count(*), count(*) filter ({differs}) from (select setl_id, {sums} from read_parquet($1::varchar[]) "
            f"where vali_flag = '1' group by setl_id) as sums inner join '{settlements}' as headers using (setl_id)",
            [[str(path) for path in lines]],
        ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def rows_and_columns(files: Sequence[Path]) -> tuple[int, int]:
    """Rows of the files of a table and its columns."""
    with duckdb.connect() as connection:
        relation = connection.read_parquet([str(path) for path in files])
        row = relation.aggregate("count(*)").fetchone()
        return (int(row[0]) if row else 0), len(relation.columns)


def _marks(first: int, last: int) -> str:
    # Not from 0: a number that ends in zeros looks as if a spreadsheet had cut it.
    return f"(select lpad(cast(number as varchar), 5, '0') as mark from range({first + 1}, {last + 1}) as numbers (number))"


def main() -> int:
    """Measure and write; exit code 1 when the lines no longer add up as they did."""
    result = measure(int(os.environ.get("BENCH_LINES") or "1000000"))
    TARGET.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.write(RESULTS)
    speed, peak = result["lines_per_second"], result["intake"]["peak_bytes"] / 1e9
    tell(
        Text(
            f"{result['lines']:,} 行明细：每秒 {speed:,} 行，内存峰值 {peak:.1f} GB",
            f"{result['lines']:,} charge lines: {speed:,} a second, peak memory {peak:.1f} GB",
        )
    )
    return 0 if result["differing"] == result["differing_expected"] else 1


if __name__ == "__main__":
    sys.exit(main())
