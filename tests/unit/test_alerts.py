"""Alerts: what they say, where they go, and that a hook that fails breaks nothing."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from dagster_project import alerts, run, run_lock
from dagster_project.assets.execute import tidy_instance
from dagster_project.assets.sensors import landing_sensor
from dagster_project.checks import read_results, run_stage
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.verbs import keeping, running
from tests.intake_world import Home, rows
from tests.unit.checks_home import RUN_ID, execute, whole_home, write_json
from tests.warehouse_api import bulletin

FAILED = UserError(
    Text("文件坏了：13812345678", "Broken: 520102199013011234 of 52010200000000000001"),
    where="setl_d_20240101.csv\n520102199013011234.csv",
    todo=Text("重拷", "copy again"),
    code=ExitCode.PARTLY,
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("BULLETIN_ALERT_COMMAND", "BULLETIN_ALERT_WEBHOOK"):
        monkeypatch.delenv(name, raising=False)
    return Settings(home=tmp_path / "home", language="en")


def writer(path: Path) -> list[str]:
    """A command that keeps what it is given."""
    return [
        sys.executable,
        "-c",
        "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')",
        str(path),
    ]


def received(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


class Server:
    """A web address that keeps what is posted to it and gives an answer."""

    def __init__(self, answer: int) -> None:
        self.posted: list[dict[str, Any]] = []
        posted = self.posted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"].startswith("application/json")
                posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing on the terminal of the tests."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/alert"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(params=[204])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    made = Server(request.param)
    yield made
    made.close()


def test_without_a_hook_nothing_is_said(settings: Settings) -> None:
    assert alerts.run_failed(settings, "r", FAILED) == [] and not settings.home.exists()


def test_a_failed_run_reaches_command_and_web_address_once(settings: Settings, tmp_path: Path, server: Server) -> None:
    write_json(settings.home / alerts.FILE, {"command": writer(tmp_path / "got"), "webhook": server.address})
    told = alerts.run_failed(settings, "r1", FAILED, "bulletin run")
    assert [text.en for text in told] == ["An alert was sent (command).", "An alert was sent (webhook)."]
    assert alerts.run_failed(settings, "r1", FAILED) == [], "a run is told of once"
    (alert,) = received(tmp_path / "got")
    assert server.posted == [alert]
    assert (alert["event"], alert["run_id"], alert["command"]) == ("run_failed", "r1", "bulletin run")
    assert alert["todo"] == {"zh": "重拷", "en": "copy again"} and alert["home"] == str(settings.home)
    assert alert["reason"] == {"zh": "文件坏了：***", "en": "Broken: *** of ***"}, "no number of a person"
    assert alert["where"] == ["setl_d_20240101.csv", "***.csv"]


def test_what_the_machinery_quotes_does_not_go_out(settings: Settings, tmp_path: Path) -> None:
    write_json(settings.home / alerts.FILE, {"command": shlex.join(writer(tmp_path / "got"))})
    alerts.run_failed(settings, "r2", duckdb.ConversionException("Could not convert string '张三' to INT32"))
    (alert,) = received(tmp_path / "got")
    assert "张三" not in json.dumps(alert, ensure_ascii=False) and "ConversionException" in alert["reason"]["en"]


BAD: list[tuple[dict[str, Any] | str, str]] = [
    ({"command": ["/no/such/program"]}, "FileNotFoundError"),
    ({"command": [sys.executable, "-c", "import sys; sys.exit(3)"]}, "exit 3"),
    ({"webhook": "http://127.0.0.1:9/"}, "URLError"),
    ({"webhook": "file:///etc/passwd"}, "webhook"),
    ({"command": 3}, "command"),
    ("not json", "JSONDecodeError"),
]


@pytest.mark.parametrize(("content", "why"), BAD)
def test_a_hook_that_fails_is_said_and_breaks_nothing(
    settings: Settings, content: dict[str, Any] | str, why: str
) -> None:
    write_json(settings.home / alerts.FILE, content)
    if isinstance(content, str):
        (settings.home / alerts.FILE).write_text(content, encoding="utf-8")
    (told,) = alerts.run_failed(settings, f"bad {why}", FAILED)
    assert "not sent" in told.en and why in told.en and "没有发出" in told.zh
    assert why in (settings.home / "logs" / "alerts.log").read_text(encoding="utf-8")


def test_a_command_with_an_open_quote_is_said_and_breaks_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULLETIN_ALERT_COMMAND", "notify 'x")
    (told,) = alerts.run_failed(settings, "open quote", FAILED)
    assert "not sent" in told.en and "command" in told.en


def test_a_hook_that_hangs_is_left_behind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.2)
    write_json(settings.home / alerts.FILE, {"command": [sys.executable, "-c", "import time; time.sleep(30)"]})
    (told,) = alerts.run_failed(settings, "slow", FAILED)
    assert "still running" in told.en


@pytest.mark.parametrize("server", [500], indirect=True)
def test_an_address_that_refuses_is_said(settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_ALERT_WEBHOOK", server.address)
    (told,) = alerts.run_failed(settings, "r3", FAILED)
    assert "HTTP 500" in told.en and server.posted


def test_a_check_that_blocks_is_told_with_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = whole_home(tmp_path / "home")
    execute(settings, "update ops.load set rows_accepted = 990 where load_id = 2")
    monkeypatch.setenv("BULLETIN_ALERT_COMMAND", shlex.join(writer(tmp_path / "got")))
    held = [result for result in run_stage(settings, "landing", RUN_ID) if result.blocking]
    running.say_where_checks_are(settings, RUN_ID, held, "bulletin check")
    (alert,) = received(tmp_path / "got")
    assert alert["event"] == "check_blocked" and alert["command"] == "bulletin check"
    assert len(alert["where"]) == 1 and alert["where"][0].startswith(
        "landing · ops.load · load_rows_accounted · fail 1/"
    )
    with duckdb.connect(str(settings.warehouse)) as connection:
        assert read_results(connection, RUN_ID)


def test_a_run_outside_dagster_that_fails_and_a_home_that_is_broken_raise_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULLETIN_ALERT_COMMAND", shlex.join(writer(tmp_path / "got")))
    home = Home(tmp_path / "home")
    home.put_rows("setl_d_1.csv", rows("setl_d", 2))
    home.run()

    def fail(error: BaseException) -> None:
        with pytest.raises(type(error)), running.own_run(home.settings, "bulletin build"):
            raise error

    fail(FAILED)
    fail(RuntimeError("x"))
    fail(KeyboardInterrupt())
    fail(UserError(Text("没有", "none")))
    assert [alert["reason"]["en"] for alert in received(tmp_path / "got")] == [
        "Broken: *** of ***", "The environment failed: RuntimeError",
    ]  # fmt: skip
    next(home.settings.raw.rglob("*.parquet")).unlink()
    with pytest.raises(UserError), running.own_run(home.settings, "bulletin build"):
        pytest.fail("it must not begin")
    assert not run_lock.is_busy(home.settings), "a run that did not begin holds nothing"
    last = received(tmp_path / "got")[-1]
    assert "文件缺失" in "".join(last["where"]) and "setl_d_1.csv" in "".join(last["where"])


def killed_amid(settings: Settings, run_id: str) -> None:
    """A run that is killed after it has begun: the system drops its lock, and nobody says that it is over."""
    run.begin(settings, run_id, "bulletin build")
    run._begun.clear()
    run_lock._held.pop(settings.home / "run.lock").close()


def test_a_run_that_was_killed_raises_it_once_at_whatever_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BULLETIN_ALERT_COMMAND", shlex.join(writer(tmp_path / "got")))
    home = Home(tmp_path / "home").settings
    monkeypatch.setenv("BULLETIN_HOME", str(home.home))

    def next_run() -> None:
        with running.own_run(home, "bulletin check"):
            pass

    def look() -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            landing_sensor().evaluate_tick(dg.build_sensor_context(instance=instance))

    for number, following in enumerate((next_run, look, lambda: keeping.verify(home), lambda: tidy_instance(home)), 1):
        monkeypatch.setenv("BULLETIN_NOW", f"2026-03-0{number}T17:00:00+00:00")
        killed_amid(home, f"killed {number}")
        assert len(received(tmp_path / "got")) == number - 1 and run_lock.was_left(home)
        following()
        alert = received(tmp_path / "got")[-1]
        assert (alert["event"], alert["run_id"]) == ("run_left", f"killed {number}")
        assert f"bulletin build, begun 2026-03-0{number + 1} 01:00 China time" in alert["reason"]["en"]
        assert "重新运行即从中断处继续" in alert["todo"]["zh"]
        next_run()
        look()
        assert len(received(tmp_path / "got")) == number and not run_lock.was_left(home), "once"
    assert "2026-03-02 01:00（北京时间）开始" in capsys.readouterr().err, "whoever starts the next run reads it, too"


def test_bulletin_run_raises_it_through_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.put("setl_d_202401.csv", "")
    monkeypatch.setenv("BULLETIN_ALERT_COMMAND", shlex.join(writer(tmp_path / "got")))
    said = bulletin("run", "--home", str(home.settings.home), key=home.settings.key_file)
    assert said.code == ExitCode.BAD_INPUT and not said.has_traceback
    assert "An alert was sent (command)." in said.text
    (alert,) = received(tmp_path / "got")
    assert alert["event"] == "run_failed" and "Not one file" in alert["reason"]["en"]
    assert "setl_d_202401.csv" in alert["where"][0]
