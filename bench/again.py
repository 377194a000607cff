"""What it costs to run again: nothing new, one corrected month, another definition, the documents alone.

Belongs here: the corrected delivery, the changed choice, the commands. Does not belong here: the first run (`scale.py`).
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench import product
from bench.compare import differing, take_headlines
from bench.measure import watch
from bench.wide_reads import judged, month_rows, read_scans
from dagster_project.settings import PROJECT_ROOT

MONTH = "202503"
# After all others by name and by time; each delivers the month again, the first to be timed, the second to be counted.
BATCHES = ("b202512_correction1", "b202512_correction2")
_PROVINCE = "520000"
_CHOICE = "definitions: {bed_day_rule: end_minus_begin_plus1}\n"


def measure_again(home: Path, headlines: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Costs after a first run whose headline numbers lie in `headlines`; leaves the landing folder as it was.

    A month is delivered again with the same content and newer times, so that every row of it is replaced and no number
    may change; `different` counts those that did.
    """
    nothing = product.bulletin(environment, "run", "--home", str(home))
    deliver_again(home / "landing", home / "landing", BATCHES[0])
    corrected = product.bulletin(environment, "run", "--home", str(home))
    deliver_again(home / "landing", home / "landing", BATCHES[1])
    reads = count_reads(home, environment)
    for batch in BATCHES:
        shutil.rmtree(home / "landing" / batch)
    again = home / "headlines_again.duckdb"
    take_headlines(home / "warehouse.duckdb", again)
    different = differing(headlines, again)
    documents = product.bulletin(environment, "export", "--home", str(home))
    _choose(home)
    definition = product.bulletin(environment, "build", "--home", str(home))
    return {
        "nothing_new": nothing.whole.as_json(),
        "corrected_month": corrected.whole.as_json() | {"different": different, "reads": reads},
        "documents": documents.whole.as_json(),
        "definition": definition.whole.as_json(),
    }


def count_reads(home: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What `bulletin run` reads of settlements after the month was delivered again. Raises RuntimeError when it fails."""
    found = home / "reads.jsonl"
    command = [sys.executable, "-m", "bench.reads", str(found), "run", "--home", str(home)]
    watched = watch(command, environment, PROJECT_ROOT)
    if watched.code != 0:
        raise RuntimeError(f"bulletin run ended with {watched.code}:\n{watched.output}")
    return judged(read_scans(found), month_rows(home / "warehouse.duckdb", MONTH))


def deliver_again(source: Path, landing: Path, batch: str) -> None:
    """A batch with all settlements of one month of a landing folder, each with a later update than before."""
    file = source / f"b{MONTH}" / f"setl_d_{MONTH}.parquet"
    folder = landing / batch
    folder.mkdir()
    with duckdb.connect() as connection:
        # A second a batch, so that what a late delivery has said of a settlement since stays the newest.
        connection.execute(
            f"copy (select * replace (updt_time + interval {batch[-1]} second as updt_time) from read_parquet('{file}')) "
            f"to '{folder / file.name}' (format parquet)"
        )
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in source.glob("b*/manifest.json")]
    last = max(datetime.fromisoformat(manifest["extracted_at"]) for manifest in manifests)
    content = manifests[0] | {
        "batch": batch,
        "extracted_at": (last + timedelta(days=1)).isoformat(),
        "files": [{"file": file.name}],
    }
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


def _choose(home: Path) -> None:
    """Another bed-day rule, which needs no facts: the province's shipped file with one more choice."""
    from dagster_project.dictionary.definitions import SHIPPED

    target = home / "provinces" / f"{_PROVINCE}.yml"
    target.parent.mkdir(exist_ok=True)
    text = (SHIPPED / target.name).read_text(encoding="utf-8")
    target.write_text(text.replace("definitions: {}\n", _CHOICE), encoding="utf-8")
