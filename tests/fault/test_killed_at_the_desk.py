"""Real kills (SIGKILL) of the verbs that change what has been taken in: core, cubes and indicators as undisturbed after the next run.

What the verbs recompute is left to a build afterwards: its kills are those of `run` (`test_killed_for_real.py`).
"""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path
from random import Random

import openpyxl
import pytest

from dagster_project.errors import ExitCode
from dagster_project.verbs import quarantine
from tests.fault.test_command_faults import contents
from tests.fault.test_killed_for_real import KILLS_OF_A_VERB, command
from tests.intake_world import row, rows, text
from tests.rulings.landed import make_world
from tests.state import differences, tables
from tests.warehouse_api import build_home, build_models, settings_of

HELD = "setl_d_held.csv"
# Nobody's number, so that the file may lie beside a synthetic sample (L19).
NOBODY = "99000000000000000001"
DECIDED = ["--by", "test", "--no-build"]
UNLOAD = ["unload", HELD, "--reason", "wrong month", *DECIDED]
# The verb by what it does, and what was done before it; {book} is the workbook put right.
VERBS = {
    "unload": (UNLOAD, []),
    "undo": ([*UNLOAD, "--undo"], UNLOAD),
    "take": (["quarantine", "--take", "{book}", "--no-build"], []),
    "map": (["codes", "map", "insutype", "888", "390", *DECIDED], []),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built home with rows held for a code and for a cell that is no number, beside it a workbook with that cell put right."""
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    county = make_world(home, ["test_stay_rulings"]).area("L4").county
    place = {"psn_no": NOBODY, "insu_admdvs": county, "fix_blng_admdvs": county, "fixmedins_code": f"H{county}00001"}
    held = [row("setl_d", 4, insutype="888", **place), row("setl_d", 5, psn_pay="x", **place)]
    (home / "landing" / HELD).write_text(text([*rows("setl_d", 3, **place), *held]), encoding="utf-8")
    build_home(home)
    path = home.parent / "held.xlsx"
    quarantine.show(settings_of(home), None, path, False)
    book = openpyxl.load_workbook(path)
    (cell,) = (cell for line in book["setl_d"].iter_rows() for cell in line if cell.value == "x")
    cell.value = "40.00"
    book.save(path)
    return home


def accounts(home: Path, key: Path) -> dict[str, str]:
    """Core, cubes and indicators once built, and every file of landing and of raw rows by its content."""
    build_models(home, key)
    files = {f"{part}/{path}": told for part in ("landing", "raw") for path, told in contents(home / part).items()}
    return tables(home / "warehouse.duckdb") | files


@pytest.mark.long
@pytest.mark.parametrize("name", VERBS)
def test_kills_at_the_desk_lose_nothing(whole: Path, name: str) -> None:
    draw, key = Random(f"{name} 20251122"), whole.parent / "home.key"
    verb, before = ([word.format(book=whole.parent / "held.xlsx") for word in words] for words in VERBS[name])
    begun = Path(shutil.copytree(whole, whole.parent / name / "begun", symlinks=True))
    if before:
        done = command(begun, key, 0, before)
        assert done.returncode == 0, done.stdout + done.stderr
    undisturbed, killed = (
        Path(shutil.copytree(begun, begun.parent / part, symlinks=True)) for part in ("undisturbed", "killed")
    )
    done = command(undisturbed, key, 0, verb)
    steps = int(re.findall(r"durable steps: (\d+)", done.stdout)[0])
    assert done.returncode == 0, done.stdout + done.stderr
    expected = accounts(undisturbed, key)
    assert differences(expected, accounts(begun, key)), "the verb must change something"

    # Earlier steps first, three of four amid the write of a step. A verb that a kill has left done says so (exit 2); what follows from
    # it the next run completes, which is then killed in its stead.
    hit = 0
    for step in sorted(draw.sample(range(1, steps + 1), min(KILLS_OF_A_VERB, steps))):
        delay = draw.choice([0, draw.uniform(0, 2), draw.uniform(0, 5), draw.uniform(5, 20)])
        for words in (verb, ["ingest"]):
            last = command(killed, key, step, words, delay)
            assert "Traceback" not in last.stdout + last.stderr
            if last.returncode != ExitCode.BAD_INPUT:
                break
        hit += last.returncode == -signal.SIGKILL
    assert hit, "nobody was killed"
    for again in (verb, ["ingest"]):
        last = command(killed, key, 0, again)
        assert last.returncode in (ExitCode.DONE, ExitCode.BAD_INPUT), last.stdout + last.stderr
        assert "Traceback" not in last.stdout + last.stderr
    assert differences(accounts(killed, key), expected) == []
