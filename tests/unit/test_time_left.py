"""The time left that a run tells is right within a factor of two from its first quarter on, whatever its size and machine."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from dagster_project import progress, workload
from dagster_project.ingest import prepare_warehouse
from dagster_project.settings import Settings
from dagster_project.terminal import BarReporter, clock
from dagster_project.time_left import Measured, TimeLeft, Work
from dagster_project.warehouse import connect
from tests.timelines import Timeline, recorded

FACTOR, FROM = 2.0, 0.25
# A person reads whole seconds; so near to the end a ratio says nothing.
SECONDS = 2.0
RECORDED = recorded()
# Rows and seconds of stages of first runs on a quiet machine with two cores: start (intake beside it), intake, and so on.
ROWS = {"0.0005": 322e3, "0.01": 5.5e6, "0.1": 55e6}
QUIET = {
    "0.0005": [5, 7.4, 0.3, 0.4, 3.5, 0.6, 2.6, 0.6, 2.9, 0.9, 0.5],
    "0.01": [5, 20, 0.4, 0.4, 8.4, 0.7, 4.4, 0.7, 4, 1.4, 0.6],
    "0.1": [5, 156, 0.4, 0.4, 58, 0.7, 10, 0.7, 5, 2, 0.6],
}


def far_off(timeline: Timeline) -> list[str]:
    """Moments after the first quarter at which the estimate was off by more than the factor."""
    found = []
    for at, left in timeline.estimates():
        true = timeline.seconds - at
        is_near = true / FACTOR <= left <= true * FACTOR or abs(left - true) <= SECONDS
        if at >= FROM * timeline.seconds and not is_near:
            found.append(f"{at:.1f} of {timeline.seconds:.1f} s: {left:.1f} told, {true:.1f} were left")
    return found


def a_run(rows: float, seconds: list[float], measured: dict[str, Measured], guess: float = 1.0) -> Timeline:
    """What a first run of so many rows would tell, each stage at even speed; its landing folder seems `guess` times as large."""
    told: list[tuple[float, str, list[object]]] = [(0.5, "expect", [rows * guess] * 3)]
    start, intake, *others = seconds
    steps = [(0.5 + (intake - 0.5) * part / 100, part / 100) for part in range(1, 101)]
    told += [(at, "advanced", ["landing", part]) for at, part in steps]
    told += [(start, "started", ["landing"]), (intake, "expect", [rows] * 3), (intake, "finished", ["landing"])]
    at = intake
    for stage, spent in zip(list(progress.STAGES)[2:], others, strict=True):
        told.append((at, "started", [stage]))
        if stage in ("core", "indicator"):
            told += [(at + spent * part / 20, "advanced", [stage, part / 20]) for part in range(1, 20)]
        at += spent
        told.append((at, "finished", [stage]))
    return Timeline(measured, sorted(told, key=lambda one: one[0]), at)


def remembered(size: str) -> dict[str, Measured]:
    """What a home knows after a run of that size."""
    seconds = dict(zip(progress.STAGES, QUIET[size], strict=True))
    return {stage: Measured(one, 0 if stage == "start" else ROWS[size]) for stage, one in seconds.items()}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_runs_were_told_right(name: str) -> None:
    assert far_off(RECORDED[name]) == []


def test_recorded_runs_are_of_three_sizes_and_of_nothing_new() -> None:
    rows = {name: [arguments for _, what, arguments in run.told if what == "expect"] for name, run in RECORDED.items()}
    first = sorted(told[-1][0] for told in rows.values() if told[-1][0] > 0)
    assert len(first) >= 3 and first[-1] > 7 * first[0]
    assert [name for name, told in rows.items() if told[-1][:2] == [0, 0]]


@pytest.mark.parametrize("size", QUIET)
@pytest.mark.parametrize("pace", [0.5, 0.67, 1.0, 2.0, 3.0])
def test_a_first_run_is_told_right_on_faster_and_slower_machines(size: str, pace: float) -> None:
    assert far_off(a_run(ROWS[size], [one * pace for one in QUIET[size]], {})) == []


@pytest.mark.parametrize("size", QUIET)
@pytest.mark.parametrize("stage", ["landing", "core"])
def test_a_stage_that_became_faster_is_no_surprise(size: str, stage: str) -> None:
    place = list(progress.STAGES).index(stage)
    seconds = [one / 1.6 if number == place else one for number, one in enumerate(QUIET[size])]
    assert far_off(a_run(ROWS[size], seconds, {})) == []


@pytest.mark.parametrize("before", QUIET)
@pytest.mark.parametrize("now", QUIET)
def test_a_run_of_another_size_than_the_last_is_told_right(before: str, now: str) -> None:
    assert far_off(a_run(ROWS[now], QUIET[now], remembered(before))) == []


@pytest.mark.parametrize("guess", [0.3, 3.0])
def test_files_whose_rows_are_wider_or_narrower_than_thought_are_told_right(guess: float) -> None:
    assert far_off(a_run(ROWS["0.1"], QUIET["0.1"], {}, guess)) == []


def test_the_estimate_of_a_fixed_total_would_be_caught() -> None:
    """The one this test replaces knew the sample's seconds and neither rows nor pace."""
    timeline = a_run(ROWS["0.1"], QUIET["0.1"], {})
    timeline.told = [one for one in timeline.told if one[1] != "expect"]
    assert far_off(timeline)


def test_only_the_stages_of_the_verb_are_counted() -> None:
    work = Work(all=5e6)
    whole = TimeLeft(list(progress.STAGES), work=work).left(0.0)
    assert TimeLeft(["publication", "publication_checks"], work=work).left(0.0) < whole / 2
    assert TimeLeft(["serving"], work=work).left(0.0) < 2


def test_models_that_stand_cost_nothing_and_those_that_do_not_cost_their_share() -> None:
    estimate = TimeLeft(["core"], work=Work(due=50e6, all=50e6))
    estimate.started("core", 0.0)
    whole = estimate.left(0.0)
    estimate.planned("core", 0.25)
    assert estimate.left(0.0) == pytest.approx(whole / 4)
    nothing = TimeLeft(["core"], work=Work(due=0, all=50e6))
    assert nothing.left(0.0) < 1
    nothing.planned("core", 1.0)  # for another reason than new rows
    assert nothing.left(0.0) == pytest.approx(whole)


def test_it_goes_down_between_two_signs_of_life_and_never_to_nothing() -> None:
    estimate = TimeLeft(["core"], work=Work(due=50e6, all=50e6))
    estimate.started("core", 0.0)
    told = [estimate.left(at) for at in (0.0, 10.0, 30.0, 300.0)]
    assert told[0] > told[1] > told[2] > 0 and told[3] > 0


# ---------------------------------------------------------------- what a run has in front of it


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, language="en")
    for name, size in (("setl_d_202401.parquet", 33_000), ("setl_d_202402.csv", 25_000), ("notes.txt", 10)):
        (tmp_path / "landing").mkdir(exist_ok=True)
        (tmp_path / "landing" / name).write_bytes(b"x" * size)
    with connect(settings) as connection:
        prepare_warehouse(connection)
    return settings


def test_new_files_count_by_their_bytes_and_their_form(home: Settings) -> None:
    with connect(home) as connection:
        assert workload.new_rows(connection, home) == {"setl_d_202401.parquet": 1000, "setl_d_202402.csv": 100}
        status = (home.landing / "setl_d_202401.parquet").stat()
        connection.execute(
            "insert into ops.file (source_file, sha256, bytes, modified_ns, status) values ($1, 'a', $2, $3, 'loaded')",
            ["setl_d_202401.parquet", status.st_size, status.st_mtime_ns],
        )
        assert workload.new_rows(connection, home) == {"setl_d_202402.csv": 100}
        # What the home has learnt counts: 3,300 rows were in that file, so a row of a Parquet file has ten bytes.
        connection.execute(
            "insert into ops.load (source_file, sha256, rows_read) values ('setl_d_202401.parquet', 'a', 3300)"
        )
        (home.landing / "setl_d_202403.parquet").write_bytes(b"x" * 500)
        assert workload.new_rows(connection, home)["setl_d_202403.parquet"] == 50


def test_due_are_the_rows_of_touched_months_and_of_loads_not_built(home: Settings) -> None:
    with connect(home) as connection:
        connection.execute("insert into ops.load (load_id) values (1), (2), (3)")
        connection.execute("insert into ops.built_load values (1), (2)")
        connection.execute(
            'insert into ops.load_month (load_id, month, "rows") values (1, 202401, 1000), (2, 202402, 500), (3, 202402, 20)'
        )
        assert workload.in_front(connection, 0, False) == Work(new=0, due=20, all=1520)
        connection.execute("insert into ops.touched_month values (202402)")
        assert workload.in_front(connection, 0, False) == Work(new=0, due=520, all=1520)
        assert workload.in_front(connection, 0, True) == Work(new=0, due=1520, all=1520)


def test_intake_is_told_by_rows_and_not_by_files(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(progress.Reporter):
        seen: list[tuple[str, float]] = []  # noqa: RUF012

        def advanced(self, stage: str, fraction: float, detail: str) -> None:
            self.seen.append((stage, fraction))

    monkeypatch.setattr(progress, "_reporter", Told())
    share = workload.IntakeShare({"small": 10.0, "large": 90.0})
    for number, name in enumerate(["small", "known before", "large", ""]):
        share(number, 3, name)
    assert Told.seen == [("landing", 0.0), ("landing", 0.1), ("landing", 0.1), ("landing", 1.0)]


# ---------------------------------------------------------------- what a home remembers


def test_a_home_remembers_seconds_with_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(progress, "_reporter", None)
    progress.begin()
    progress.expect(Work(new=7, due=8, all=9))
    progress.took("landing", 60.0)
    for name in ("landing", "core", "publication"):
        with progress.stage(settings, name):
            pass
    found = progress.measured(settings)
    assert found["landing"] == Measured(60.0, 7)
    assert [found[name].rows for name in ("core", "publication")] == [8, 9]
    assert 0 <= found["start"].seconds < 60


def test_notes_of_an_older_version_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "stage_seconds.json").write_text(json.dumps({"core": 3.0, "gone": {"seconds": 1}}))
    settings = Settings(home=tmp_path)
    assert progress.measured(settings) == {}
    progress.remember(settings, "core", 2.0, 10)
    assert progress.measured(settings) == {"core": Measured(2.0, 10)}


# ---------------------------------------------------------------- what a person sees


@pytest.fixture
def bar(tmp_path: Path) -> Iterator[BarReporter]:
    reporter = BarReporter(Settings(home=tmp_path, language="zh"), list(progress.STAGES))
    yield reporter
    reporter.close()


def shown(bar: BarReporter, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(bar._line())
    return out.getvalue()


def test_the_bar_is_one_line_that_keeps_its_place(bar: BarReporter) -> None:
    bar.expected(Work(new=1e6, due=1e6, all=1e6))
    first = shown(bar, 80)
    bar.started("publication")
    bar.advanced("publication", 0.5, "shape_" + "很长的名字" * 20)
    second = shown(bar, 80)
    assert first.count("\n") == second.count("\n") == 1
    assert "剩余" in first and "%" in first
    places = [cell_len(line[: line.index("%")]) for line in (first, second)]
    assert places[0] == places[1]
    assert "…" in second


def test_the_bar_never_goes_back(bar: BarReporter, monkeypatch: pytest.MonkeyPatch) -> None:
    bar.expected(Work(new=1e5, due=1e5, all=1e5))
    monkeypatch.setattr(bar, "_at", lambda: 10.0)
    shown(bar, 80)
    before = bar._done
    bar.expected(Work(new=5e7, due=5e7, all=5e7))  # much more than it had seemed
    shown(bar, 80)
    assert bar._done == before > 0


def test_hours_are_told_as_hours() -> None:
    assert [clock(seconds) for seconds in (5, 65, 3599, 3600, 7325)] == ["0:05", "1:05", "59:59", "1:00:00", "2:02:05"]
