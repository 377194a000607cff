"""The sensor on the landing folder: new files that have stopped growing start one run, never beside another."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import run_lock
from dagster_project.assets.sensors import landing_sensor
from dagster_project.landing_watch import decide, look
from dagster_project.settings import Settings


def test_a_file_starts_a_run_once_it_has_stopped_growing(tmp_path: Path) -> None:
    cursor: str | None = None

    def tick(is_busy: bool = False) -> bool:
        nonlocal cursor
        decision = decide(cursor, look(tmp_path), is_busy)
        cursor = decision.cursor
        assert bool(decision.run_key) == decision.start
        return decision.start

    assert not tick(), "an empty folder"
    path = tmp_path / "b1" / "setl_d_1.csv"
    path.parent.mkdir()
    path.write_text("a", encoding="utf-8")
    assert not tick(), "it has just come"
    path.write_text("ab", encoding="utf-8")
    assert not tick(), "it has grown"
    assert not tick(is_busy=True), "another run is at work"
    assert tick(), "it stands still"
    assert not tick() and not tick(), "one run for it"
    (tmp_path / ".setl_d_2.csv.part").write_text("hidden", encoding="utf-8")
    assert not tick() and not tick()
    os.utime(path, ns=(5, 5))
    other = tmp_path / "setl_d_3.csv"
    other.write_text("c", encoding="utf-8")
    assert not tick() and tick() and not tick(), "two changes, one run"
    other.unlink()
    assert not tick() and not tick(), "what is taken away starts nothing"
    other.write_text("c", encoding="utf-8")
    assert not tick() and tick(), "what comes back does"
    cursor = "not a cursor"
    assert not tick() and tick(), "a lost cursor costs one look"


def test_a_name_in_another_encoding_is_looked_at(tmp_path: Path) -> None:
    name = os.fsdecode("setl_d_贵阳.csv".encode("gbk"))
    (tmp_path / name).write_text("setl_id\n", encoding="utf-8")
    assert len(look(tmp_path)) == 1


def test_a_growing_file_does_not_let_the_settled_ones_go_alone(tmp_path: Path) -> None:
    (tmp_path / "setl_d_1.csv").write_text("a", encoding="utf-8")
    first = decide(None, look(tmp_path), False)
    (tmp_path / "setl_d_2.csv").write_text("b", encoding="utf-8")
    second = decide(first.cursor, look(tmp_path), False)
    assert not first.start and not second.start, "a batch comes file by file"
    assert decide(second.cursor, look(tmp_path), False).start


def test_looking_whether_a_home_is_busy_keeps_nobody_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert not run_lock.is_busy(settings) and not settings.home.exists()
    run_lock.hold(settings)
    assert run_lock.is_busy(settings)
    run_lock.release(settings)
    assert not run_lock.is_busy(settings)
    run_lock.hold(settings)
    run_lock.release(settings)


def test_the_sensor_asks_for_one_run_of_the_main_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_HOME", str(tmp_path))
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "setl_d_1.csv").write_text("a", encoding="utf-8")
    sensor = landing_sensor()
    assert sensor.job_name == "bulletin" and sensor.default_status == dg.DefaultSensorStatus.STOPPED
    with dg.DagsterInstance.ephemeral() as instance:
        asked: list[int] = []
        cursor = None
        for _ in range(4):
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            answer = sensor.evaluate_tick(context)
            cursor = answer.cursor
            asked.append(len(answer.run_requests or ()))
            if not asked[-1]:
                assert answer.skip_message and "·" in answer.skip_message
            else:
                assert "bulletin/command" in (answer.run_requests or [])[0].tags
        assert asked == [0, 1, 0, 0]
    monkeypatch.setenv("BULLETIN_WATCH", "1")
    assert landing_sensor().default_status == dg.DefaultSensorStatus.RUNNING
