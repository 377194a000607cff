"""The job launched from the Dagster UI and by its sensor: queued, run in a process of its own, the same numbers as the command line."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SampleHome
from tests.warehouse_api import FIXED_NOW, query, sorted_csv

LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
RUNS = "query { runsOrError { ... on Runs { results { status tags { key value } } } } }"
pytestmark = pytest.mark.long


@contextmanager
def served(home: Path, key: Path, *words: str, **variables: str) -> Iterator[str]:
    """`bulletin ui` for a home: the address that answers questions; stopped as a service manager stops it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"BULLETIN_KEY_FILE": str(key), "BULLETIN_NOW": FIXED_NOW} | variables
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_project.cli", "ui", "--home", str(home), "--port", str(port), *words],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}/graphql"
        server.terminate()  # the one process
        assert server.wait(timeout=60) == 0
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def ui(sample_home: SampleHome, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A home with the sample landed and nothing taken in, and the address of its UI."""
    home = tmp_path / "home"
    shutil.copytree(sample_home.landing, home / "landing", copy_function=os.link)
    with served(home, sample_home.key) as address:
        yield home, address


def ask(address: str, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """One GraphQL question, asked as the browser asks it."""
    body = json.dumps({"query": text, "variables": variables}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found["data"]


def patiently(seconds: float, question: Any) -> Any:
    """The first answer that is neither an error nor empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := question():
                return found
        except OSError:
            pass
        time.sleep(2)
    raise AssertionError("no answer in time")


def test_the_job_from_the_ui_gives_the_same_numbers(ui: tuple[Path, str], sample_home: SampleHome) -> None:
    home, address = ui
    selector = {"repositoryLocationName": "bulletin", "repositoryName": "__repository__", "jobName": "bulletin"}
    params = {"p": {"selector": selector, "runConfigData": "{}", "mode": "default"}}

    def launch() -> str:
        answer = ask(address, LAUNCH, params)["launchRun"]
        return str(answer["run"]["runId"]) if answer["__typename"] == "LaunchRunSuccess" else ""

    run_id = patiently(120, launch)

    def ended() -> str:
        status = str(ask(address, STATUS, {"id": run_id})["runOrError"]["status"])
        return status if status in ("SUCCESS", "FAILURE", "CANCELED") else ""

    assert patiently(600, ended) == "SUCCESS"
    assert query(home / "warehouse.duckdb", "select run_id, command, status from ops.run") == [
        (run_id, "dagster:bulletin", "done")
    ]
    for table in ("indicator.indicator_value", "publication.indicator_value"):
        assert sorted_csv(home / "warehouse.duckdb", table) == sorted_csv(sample_home.warehouse, table)


def test_files_that_land_start_a_run_and_one_that_fails_raises_an_alert(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    home, alerts = tmp_path / "home", tmp_path / "alerts"
    writes = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')"
    hook = shlex.join([sys.executable, "-c", writes, str(alerts)])
    with served(home, sample_home.key, "--watch", BULLETIN_ALERT_COMMAND=hook) as address:
        patiently(120, (home / "landing").is_dir)
        (home / "landing" / "setl_d_202401.csv").write_text("", encoding="utf-8")
        patiently(300, alerts.exists)
        (alert,) = [json.loads(line) for line in alerts.read_text(encoding="utf-8").splitlines()]
        assert alert["event"] == "run_failed" and "没有一个文件" in alert["reason"]["zh"], alert
        (home / "landing" / "setl_d_202401.csv").unlink()
        shutil.copytree(sample_home.landing, home / "landing", copy_function=os.link, dirs_exist_ok=True)

        def done() -> list[str]:  # asked of Dagster: whoever opens the warehouse keeps a run out
            runs = ask(address, RUNS, {})["runsOrError"]["results"]
            return [run["tags"] for run in runs if run["status"] == "SUCCESS"]

        (tags,) = patiently(600, done)
        assert any(tag["key"] == "bulletin/command" and tag["value"].startswith("sensor: ") for tag in tags), tags
        assert len(alerts.read_text(encoding="utf-8").splitlines()) == 1
    assert query(home / "warehouse.duckdb", "select status from ops.run order by started_at") == [
        ("failed",),
        ("done",),
    ]
    assert sorted_csv(home / "warehouse.duckdb") == sorted_csv(sample_home.warehouse)
