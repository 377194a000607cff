"""The main job and its parts from the command line.

Belongs here: starting them, progress, the summary. Does not belong here: what a stage does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dagster_project import alerts, gate, progress, run, run_lock, stages, workload
from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.preflight import require_ready
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.terminal import BarReporter, LineReporter, print_summary, say
from dagster_project.verbs.guard import unexpected

WHOLE = tuple(progress.STAGES)


@contextmanager
def reporting(settings: Settings, stages: Sequence[str] = WHOLE) -> Iterator[None]:
    """Progress on the terminal through these stages: a bar for a person, one line a stage for anything else."""
    reporter: BarReporter | LineReporter
    reporter = BarReporter(settings, stages) if sys.stdout.isatty() else LineReporter(settings.language)
    progress.set_reporter(reporter)
    try:
        yield
    finally:
        progress.set_reporter(None)
        if isinstance(reporter, BarReporter):
            reporter.close()


def run_job(settings: Settings, years: Sequence[int], full_refresh: bool) -> ExitCode:
    """The Dagster job `bulletin`, in this process."""
    begun = time.monotonic()
    progress.begin()
    require_home(settings)
    require_ready(settings, years)
    command = " ".join(["bulletin run", *(f"--year {year}" for year in years), *(["--full-refresh"] * full_refresh)])
    run_id = str(uuid.uuid4())
    with reporting(settings):
        begin(settings, run_id, command)
        stages.begin_landing(settings, run_id, full_refresh)
        try:
            from dagster_project.assets.execute import execute

            done = execute(settings, "bulletin", years, full_refresh, command, run_id=run_id)
        except BaseException as error:
            _close_failed(settings, run_id, error, command)
            raise
    for notice in run.take_notices():
        say(notice, settings.language, error=True)
    return conclude(settings, done.run_id, done.success, done.error, time.monotonic() - begun)


def conclude(settings: Settings, run_id: str, success: bool, error: BaseException | None, seconds: float) -> ExitCode:
    """Print how a run ended and give its exit code."""
    if isinstance(error, UserError):
        if error.code == ExitCode.PARTLY:
            print_summary(run.summarise(settings, run_id), settings.language, seconds)
        say(error.message(settings.language), settings.language, error=True)
        return error.code
    if not success:
        return unexpected(settings, error or RuntimeError("the job failed without an error"))
    summary = run.summarise(settings, run_id)
    print_summary(summary, settings.language, seconds)
    return run.exit_code(summary, success)


def require_home(settings: Settings) -> None:
    """A home to work on: a landing folder, and in a new home a file in it; raises UserError (exit 2) and makes nothing."""
    if not settings.landing.is_dir():
        raise UserError(
            Text("找不到来源文件夹，未做任何改动。", "There is no landing folder; nothing was done."),
            where=str(settings.landing),
            todo=Text(
                "检查 --home；首次使用时新建该文件夹并放入来源文件，或用 bulletin sample 生成样本。",
                "Check --home; the first time make this folder and drop the extracts there, or use bulletin sample.",
            ),
        )
    if not os.access(settings.landing, os.R_OK | os.X_OK):
        raise UserError(
            Text(
                "没有读取来源文件夹的权限，未做任何改动。",
                "There is no right to read the landing folder; nothing was done.",
            ),
            where=str(settings.landing),
            todo=Text("检查该文件夹的权限。", "Check the rights of that folder."),
            code=ExitCode.BROKEN_INSTALLATION,
        )
    from dagster_project.ingest.discover import find_files
    from dagster_project.ingest.landing import nothing_landed

    if not settings.warehouse.exists() and not find_files(settings.landing).files:
        raise nothing_landed(settings)


def _alert(settings: Settings, run_id: str, error: BaseException, command: str) -> None:
    """Raise the alert of a failed run, unless whoever typed the command has stopped it, or asked for what cannot be."""
    is_a_mistake = isinstance(error, UserError) and error.code == ExitCode.BAD_INPUT
    if not isinstance(error, KeyboardInterrupt) and not is_a_mistake:
        for text in alerts.run_failed(settings, run_id, error, command):
            say(text, settings.language, error=True)


def _close_failed(settings: Settings, run_id: str, error: BaseException, command: str) -> None:
    """Note that a run failed, give the home back and raise the alert, also where a full disk does not even take the note."""
    try:
        run.finish(settings, run_id, "failed")
    finally:
        run_lock.release(settings)
        _alert(settings, run_id, error, command)


def begin(settings: Settings, run_id: str, command: str) -> None:
    """Begin a run and say what a person should know of it; a home that is not whole raises the alert."""
    try:
        run.begin(settings, run_id, command)
    except UserError as error:
        if error.code == ExitCode.BROKEN_INSTALLATION:
            _alert(settings, run_id, error, command)
        raise
    for notice in run.take_notices():
        say(notice, settings.language, error=True)


@contextmanager
def own_run(settings: Settings, command: str) -> Iterator[str]:
    """The frame of a run outside Dagster, for the verbs that do one part of it."""
    run_id = str(uuid.uuid4())
    begin(settings, run_id, command)
    try:
        yield run_id
    except BaseException as error:
        _close_failed(settings, run_id, error, command)
        raise
    run.finish(settings, run_id, "done")


def ingest(settings: Settings) -> ExitCode:
    """Take in what lies in the landing folder, then the landing checks."""
    begun = time.monotonic()
    require_home(settings)
    require_ready(settings)
    with reporting(settings, ["landing", "landing_checks"]), own_run(settings, "bulletin ingest") as run_id:
        with progress.stage(settings, "landing"):
            stages.land(settings, run_id)
        held = run_checks(settings, run_id, ["landing"])
    summary = run.summarise(settings, run_id)
    print_summary(summary, settings.language, time.monotonic() - begun)
    say_where_checks_are(settings, run_id, held, "bulletin ingest")
    return run.exit_code(summary, not held)


def build(settings: Settings, full_refresh: bool) -> ExitCode:
    """Definitions, core, cubes and indicators with their gates, from what has been loaded."""
    begun = time.monotonic()
    require_loaded(settings)
    require_valid_files(settings)
    steps = ["definitions", "core", "core_checks", "indicator", "indicator_checks"]
    with reporting(settings, steps), own_run(settings, "bulletin build") as run_id:
        workload.tell(settings, full_refresh or stages.models_changed(settings)[0])
        stages.build_all(settings, run_id, full_refresh)
    summary = run.summarise(settings, run_id)
    print_summary(summary, settings.language, time.monotonic() - begun)
    return run.exit_code(summary, True)


def check(settings: Settings, chosen: Sequence[str]) -> ExitCode:
    """Run the checks of the chosen stages, all by default."""
    begun = time.monotonic()
    require_loaded(settings)
    wanted = chosen or ("landing", "core", "indicator", "publication")
    with reporting(settings, [f"{stage}_checks" for stage in wanted]), own_run(settings, "bulletin check") as run_id:
        held = run_checks(settings, run_id, wanted)
    print_summary(run.summarise(settings, run_id), settings.language, time.monotonic() - begun)
    say_where_checks_are(settings, run_id, held, "bulletin check")
    return ExitCode.PARTLY if held else ExitCode.DONE


def run_checks(settings: Settings, run_id: str, wanted: Sequence[str]) -> list[Any]:
    """Results that block, over all the stages; they are on the page of checks afterwards."""
    held: list[Any] = []
    for stage in wanted:
        with progress.stage(settings, f"{stage}_checks"):
            held += [result for result in gate.judge(settings, stage, run_id) if result.blocking]  # type: ignore[arg-type]
    gate.write_check_pages(settings, run_id)
    return held


def say_where_checks_are(settings: Settings, run_id: str, held: Sequence[Any], command: str) -> None:
    """Where to read what the checks found, what to do when some of them block, and the alert of those."""
    for text in alerts.check_blocked(settings, run_id, held, command):
        say(text, settings.language, error=True)
    page = settings.home / "checks.html"
    say(Text(f"检查页：{page}", f"Page of checks: {page}"), settings.language)
    if held:
        say(
            Text(
                f"{len(held)} 项阻断性检查未通过：检查页逐项写明含义、样例行和处理办法；处理后运行 bulletin run。在此之前不能定稿。",
                f"{len(held)} blocking checks did not pass: the page says of each what it means, which rows and what to do; "
                "then run `bulletin run`. Until then nothing can be frozen.",
            ),
            settings.language,
            error=True,
        )


def require_loaded(settings: Settings) -> None:
    """Raises UserError (exit 2) when the home has no warehouse yet."""
    if settings.warehouse.exists():
        return
    if not settings.home.is_dir():
        raise UserError(
            Text("找不到家目录，未做任何改动。", "There is no such home folder; nothing was done."),
            where=str(settings.home),
            todo=Text(
                "检查 --home（或 BULLETIN_HOME）、磁盘是否已挂载。",
                "Check --home (or BULLETIN_HOME), and that the disk is mounted.",
            ),
        )
    raise UserError(
        Text("这个家目录还没有入库数据。", "Nothing has been loaded in this home."),
        where=str(settings.home),
        todo=Text("先运行 bulletin run 或 bulletin ingest。", "Run bulletin run or bulletin ingest first."),
    )


def serve_ui(settings: Settings, port: int, watch: bool = False) -> ExitCode:
    """`dagster dev` for this home, until it is stopped; `watch` switches the sensor on the landing folder on."""
    from dagster_project.assets.execute import instance_folder, tidy_instance

    settings.landing.mkdir(parents=True, exist_ok=True)
    tidy_instance(settings)
    environment = {
        **os.environ,
        "BULLETIN_HOME": str(settings.home),
        "DAGSTER_HOME": str(instance_folder(settings)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        **({"BULLETIN_WATCH": "1"} if watch else {}),
    }
    say(
        Text(f"Dagster：http://127.0.0.1:{port}（Ctrl+C 停止）", f"Dagster: http://127.0.0.1:{port} (Ctrl+C stops)"),
        settings.language,
    )
    command = [
        sys.executable, "-m", "dagster", "dev", "-w", str(PROJECT_ROOT / "workspace.yaml"),
        "-h", "127.0.0.1", "-p", str(port), "--log-level", "warning",
    ]  # fmt: skip
    outcome = subprocess.run(command, env=environment, cwd=PROJECT_ROOT, check=False)
    return ExitCode.DONE if outcome.returncode in (0, -2, 130) else ExitCode.BROKEN_INSTALLATION
