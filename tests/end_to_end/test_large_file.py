"""Memory is bounded whatever the size of a file: one text file of many times the memory, under a limit that is held.

The ordinary long run takes files of 400 MB under 1 GB of resident memory. The case of the order, 4 GB under 2 GB:

    BULLETIN_TEST_FILE_MB=4096 BULLETIN_TEST_MEMORY_MB=2048 pytest -m long tests/end_to_end/test_large_file.py

It needs three times the file's size on the disk of pytest's folder (--basetemp) and, on two cores, some ten minutes a form.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from tests.intake_world import Home, row

pytestmark = pytest.mark.long

FILE_MB = int(os.environ.get("BULLETIN_TEST_FILE_MB") or 400)
MEMORY_MB = int(os.environ.get("BULLETIN_TEST_MEMORY_MB") or 1024)
# What Python, Arrow's blocks and the engine's own code take beside what the engine is allowed.
BESIDE_MB = 500
# As far as Excel itself goes, in the case of the order.
SHEET_ROWS = 150_000 if FILE_MB < 4096 else 1_048_575
PROGRAM = """
import sys
from pathlib import Path
from dagster_project.ingest import ingest_landing
from dagster_project.settings import Settings
report = ingest_landing(Settings(home=Path(sys.argv[1]), key_file=Path(sys.argv[2])), 'large')
for file in report.files:
    print()
    print('file=' + file.status, file.rows_read, file.rows_accepted, file.rows_quarantined, ' '.join(str(file.reason or '').split()), sep='|')
print()
print('held=' + next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
"""


def written(path: Path, size_mb: int, encoding: str, months: int) -> int:
    """Write settlements until the text has its size, a few at a time; the number of rows."""
    line = row("setl_d", 0, fixmedins_code="H52010200001", emp_no="贵阳市某某单位")
    names = list(line)
    line |= {"setl_id": "S%(n)014d", "rid": "R%(n)014d", "psn_no": "5201%(p)016d", "mdtrt_id": "M%(n)014d"}
    line |= {"setl_time": "2024-%(m)02d-15 10:00:00", "begndate": "2024-%(m)02d-15", "enddate": "2024-%(m)02d-15"}
    template = ",".join(line.values()) + "\n"
    length = len((template % {"n": 0, "p": 0, "m": 1}).encode(encoding))
    count = size_mb * (1 << 20) // length
    people = max(1, count // 4)

    def pieces() -> Iterator[bytes]:
        yield (",".join(names) + "\n").encode(encoding)
        for begin in range(0, count, 20_000):
            cells = ({"n": n, "p": n % people, "m": n % months + 1} for n in range(begin, min(begin + 20_000, count)))
            yield "".join(template % cell for cell in cells).encode(encoding)

    with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as stream:
        for piece in pieces():
            stream.write(piece)
    return count


def taken(home: Home) -> tuple[list[str], int]:
    """The outcome of the only file, and the most memory in MB that the process ever held."""
    limit = {"BULLETIN_MEMORY_LIMIT": f"{MEMORY_MB - BESIDE_MB}MiB", "BULLETIN_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home.settings.home), str(home.settings.key_file)],
        env={**os.environ, **limit}, capture_output=True, text=True, timeout=7200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    outcome, held = (line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith(("file=", "held=")))
    print(f"{outcome}; VmHWM {int(held) >> 10} MB of {MEMORY_MB}")
    return outcome.split("|"), int(held) >> 10


@pytest.mark.parametrize(
    ("name", "encoding", "months"),
    [
        ("setl_d_202401.csv", "utf-8", 1),
        ("setl_d_2024.csv", "utf-8", 12),
        ("setl_d_202401_gb18030.csv", "gb18030", 1),
        ("setl_d_202401.csv.gz", "utf-8", 1),
    ],
)
def test_a_text_of_any_size_is_taken_in_within_the_limit(tmp_path: Path, name: str, encoding: str, months: int) -> None:
    home = Home(tmp_path / "home")
    count = written(home.landing / name, FILE_MB, encoding, months)
    (status, read, accepted, held, reason), memory = taken(home)
    assert (status, int(read), int(accepted), int(held)) == ("loaded", count, count, 0), reason
    assert memory < MEMORY_MB
    assert not list((home.settings.home / "tmp").glob("intake-*"))


def test_a_workbook_is_taken_in_within_the_limit_or_refused_before_it_is_read(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    line = row("fixmedins_b", 0)
    book = xlsxwriter.Workbook(str(home.landing / "fixmedins_b.xlsx"), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(line))
    for number in range(1, SHEET_ROWS + 1):
        sheet.write_row(number, 0, list((line | {"fixmedins_code": f"H{number:011d}"}).values()))
    book.close()
    (status, read, accepted, *_), memory = taken(home)
    assert (status, int(read), int(accepted)) == ("loaded", SHEET_ROWS, SHEET_ROWS)
    assert memory < MEMORY_MB
