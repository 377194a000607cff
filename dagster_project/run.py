"""The frame of one run, the same for the command line, the Dagster UI and `dagster job execute`.

Belongs here: the row of ops.run, which years are computed and published, the summary at the end and the exit code.
Does not belong here: what the stages do (their own packages), the order of stages (`assets/`), printing (`cli.py`).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import duckdb

from dagster_project import alerts, run_lock
from dagster_project.china_time import shown
from dagster_project.dictionary.account import Account, take_account
from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import PROJECT_ROOT, Settings, clock, go_on_from, now
from dagster_project.warehouse import clear_work, connect
from dagster_project.years import data_years, years_without_settlements

_last_error: list[BaseException] = []
_begun: set[tuple[Path, str]] = set()
_notices: list[Text] = []


@dataclass(frozen=True)
class FailedCheck:
    """A check that did not pass, or that holds the release, as the terminal shows it."""

    stage: str
    table_name: str
    check_name: str
    severity: str
    status: str
    unexpected: int | None
    total: int | None
    waivers: tuple[Text, ...] = ()  # who takes it as it is, until when and why
    holds_release: bool = False


@dataclass(frozen=True)
class RunSummary:
    """What one run came to: files, checks by status, where the bulletin lies."""

    run_id: str
    status: str
    files: dict[str, int]
    left_out: list[tuple[str, str]]  # file that was refused or that no extract knows, reason
    rows_read: int
    rows_quarantined: int
    checks: dict[str, int]
    not_passed: list[FailedCheck]
    documents: list[Path] = field(default_factory=list)
    synthetic: bool = False
    account: tuple[int, Text] | None = None  # the year and where the indicators of the dictionary stand in it


def code_version() -> str:
    """Version of the package and, inside a git checkout, the commit (with + when files differ from it)."""
    number = version("medical-insurance-bulletin")
    if not (PROJECT_ROOT / ".git").exists():
        return number
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return number
    return f"{number}-{commit}"


def begin(settings: Settings, run_id: str, command: str) -> None:
    """Take the home's lock, make the ops tables when missing, write the row of this run; once a run in a process.

    Every step of a run calls it; only the first may touch the catalogue, since intake may be at work on it by then.
    """
    if (settings.home, run_id) in _begun:
        return
    from dagster_project.ingest import prepare_warehouse, take_back_months
    from dagster_project.keeping.verify import require_warehouse, require_whole

    require_warehouse(settings)
    run_lock.hold(settings)
    clear_work(settings)

    with connect(settings) as connection:
        try:
            require_whole(connection, settings)
        except UserError:
            run_lock.release(settings)
            raise
        prepare_warehouse(connection)
        if connection.execute("select count(*) from ops.run where run_id = ?", [run_id]).fetchone() != (0,):
            _begun.add((settings.home, run_id))
            return
        take_back_months(connection)
        _go_on_from_last(connection)
        end_left(connection, settings)
        with durable_step("run.begin"):
            connection.execute(
                "insert into ops.run (run_id, command, started_at, finished_at, status, code_version) "
                "values (?, ?, ?, null, 'running', ?)",
                [run_id, command, now(), code_version()],
            )
    _begun.add((settings.home, run_id))


def end_left(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Note runs as interrupted that were killed, once each, with a notice and the alert that is set; returns their ids.

    For who holds the home's lock: nothing else can be running then, and a run that was killed cannot say so itself.
    """
    try:
        left = connection.execute(
            "select run_id, command, started_at from ops.run where status = 'running' order by started_at"
        ).fetchall()
    except duckdb.CatalogException:  # killed in the first moment of a home
        return []
    for run_id, command, started in left:
        _notices.extend(alerts.run_left(settings, run_id, command, started))
        with durable_step("run.end_left"):
            connection.execute("update ops.run set status = 'interrupted' where run_id = ?", [run_id])
    return [str(run_id) for run_id, *_ in left]


def _go_on_from_last(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "select greatest((select max(greatest(started_at, finished_at)) from ops.run), "
        "(select max(seen_at) from ops.file), (select max(loaded_at) from ops.load))"
    ).fetchone()
    last = row[0] if row else None
    behind = go_on_from(last)
    if behind and last is not None:
        _notices.append(
            Text(
                f"系统时钟（北京时间 {shown(clock())}）比上一次记录（{shown(last)}）还早，时钟被调回过。本次的时间从上一次记录接着"
                "记，行的版本按交付的时间取舍，不受影响；请校准系统时间。",
                f"The machine's clock ({shown(clock())}, China time) is behind what was recorded last ({shown(last)}): it "
                "has been put back. The times of this run go on from there, and versions go by the time of delivery as ever; "
                "set the clock right.",
            )
        )


def note(text: Text) -> None:
    """Something that whoever watches the run should be told."""
    _notices.append(text)


def take_notices() -> list[Text]:
    """What a person should know of the run beside what its stages say; told once."""
    taken, _notices[:] = list(_notices), []
    return taken


def finish(settings: Settings, run_id: str, status: str) -> None:
    """Close the row of a run with 'done' or 'failed'; a finished row stays as it is."""
    with connect(settings) as connection, durable_step("run.finish"):
        connection.execute(
            "update ops.run set status = ?, finished_at = ? where run_id = ? and status = 'running'",
            [status, now(), run_id],
        )
    _begun.discard((settings.home, run_id))
    run_lock.release(settings)


@contextmanager
def remembered_errors() -> Iterator[None]:
    """Keep the original exception of a step: an orchestrator hands on only its text."""
    try:
        yield
    except BaseException as error:
        _last_error.append(error)
        raise


def first_error() -> BaseException | None:
    """The first exception since the last call of `forget_errors`."""
    return _last_error[0] if _last_error else None


def forget_errors() -> None:
    """Start anew before a run."""
    _last_error.clear()


def province(connection: duckdb.DuckDBPyConnection) -> str:
    """Code of the province whose data this home holds, '' before anything has landed."""
    row = connection.execute("select value from ops.meta where key = 'province'").fetchone()
    return str(row[0]) if row else ""


def publication_years(settings: Settings, wanted: Sequence[int]) -> list[int]:
    """Years whose bulletin this run makes: the wanted ones, else the latest year whose twelve months have landed.

    A year of which only late claims or a few months are there is not a year to publish unless somebody asks for it.

    Raises UserError (exit 2) for a year without data.
    """
    with connect(settings) as connection:
        years = data_years(connection) or years_without_settlements(connection)
        whole = connection.execute(
            "select cast(left(month, 4) as integer) from ops.load_month where extract = 'setl_d' "
            "and regexp_matches(month, '^[0-9]{6}$') group by 1 having count(distinct month) = 12 order by 1"
        ).fetchall()
    missing = [year for year in wanted if year not in years]
    if missing:
        raise UserError(
            Text(
                f"仓库中没有 {'、'.join(map(str, missing))} 年的数据。",
                f"The warehouse has no data of {', '.join(map(str, missing))}.",
            ),
            where="--year",
            todo=Text(f"可选年份：{'、'.join(map(str, years))}。", f"Choose from {', '.join(map(str, years))}."),
        )
    return sorted(set(wanted)) or [int(row[0]) for row in whole][-1:] or years[-1:]


def account_of(connection: duckdb.DuckDBPyConnection, year: int) -> Account | None:
    """Where every indicator of the dictionary stands in a year, by the figures of the province; None before there are any."""
    known = "select 1 from duckdb_tables() where schema_name = 'indicator' and table_name = 'indicator_value'"
    if not connection.execute(known).fetchone():
        return None
    valued = connection.execute(
        "select distinct indicator_id from indicator.indicator_value where year = ? and region_level = 'province' "
        "and breakdown = 'total' and period_kind = 'year' and status <> 'not_computable'",
        [year],
    ).fetchall()
    return take_account({str(row[0]) for row in valued}, province(connection))


def summarise(settings: Settings, run_id: str) -> RunSummary:
    """Read back from ops what a run did; the same for every way of starting it."""
    folders = folders_of_run(settings, run_id)
    year = max((int(folder.parent.name) for folder in folders), default=None)
    with connect(settings) as connection:
        run = connection.execute("select status from ops.run where run_id = ?", [run_id]).fetchone()
        files = connection.execute(
            "select status, count(*) from ops.file where run_id = ? group by all order by all", [run_id]
        ).fetchall()
        left_out = connection.execute(
            "select source_file, coalesce(reason, '') from ops.file "
            "where run_id = ? and status in ('refused', 'unknown') order by 1",
            [run_id],
        ).fetchall()
        rows = connection.execute(
            "select coalesce(sum(rows_read), 0), coalesce(sum(rows_quarantined), 0) from ops.load "
            "where sha256 in (select sha256 from ops.file where run_id = ? and status = 'loaded')",
            [run_id],
        ).fetchone()
        synthetic = connection.execute("select value from ops.meta where key = 'synthetic'").fetchone()
        checks: list[tuple[str, int]] = []
        not_passed: list[FailedCheck] = []
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'check_result'"
        ).fetchone()
        if known:
            checks = connection.execute(
                "select status, count(*) from ops.check_result where run_id = ? group by all order by all", [run_id]
            ).fetchall()
            not_passed = _not_passed(connection, run_id)
        account = account_of(connection, year) if year else None
    return RunSummary(
        run_id=run_id,
        status=run[0] if run else "unknown",
        files={str(status): int(count) for status, count in files},
        left_out=[(str(name), str(reason)) for name, reason in left_out],
        rows_read=int(rows[0]) if rows else 0,
        rows_quarantined=int(rows[1]) if rows else 0,
        checks={str(status): int(count) for status, count in checks},
        not_passed=not_passed,
        documents=[folder / "bulletin.html" for folder in folders],
        synthetic=bool(synthetic and str(synthetic[0]).lower() == "true"),
        account=(year, account.sentence()) if year and account else None,
    )


def _not_passed(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[FailedCheck]:
    """Checks that failed, and those that only warn but hold the release; errors first, each with its waivers."""
    from dagster_project.checks.store import read_results
    from dagster_project.checks.waivers import with_waivers

    results = with_waivers(connection, read_results(connection, run_id))
    shown = [
        one for one in results if one.status in ("fail", "error") or (one.status == "warn" and one.blocks == "release")
    ]
    return [
        FailedCheck(
            one.stage, one.table_name, one.check_name, one.severity, one.status, one.unexpected, one.total,
            waivers=tuple(waiver.told for waiver in one.waivers), holds_release=one.holds_release,
        )
        for one in sorted(shown, key=lambda one: (one.severity, one.stage, one.table_name, one.check_name))
    ]  # fmt: skip


def folders_of_run(settings: Settings, run_id: str, root: Path | None = None) -> list[Path]:
    """Publication folders that a run made, by year; frozen ones are nobody's to touch. `root`: those below another folder."""
    from dagster_project.bulletin.folder import drafts_below  # brings libraries that most verbs have no time for

    found = []
    for folder in drafts_below(root or settings.publication):
        release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
        if release.get("run_id") == run_id and not release.get("frozen"):
            found.append(folder)
    return found


def exit_code(summary: RunSummary, success: bool) -> ExitCode:
    """Exit code of a run that got through to its checks: refused files and failed blocking checks are 'partly'."""
    if not success or summary.left_out:
        return ExitCode.PARTLY
    return ExitCode.DONE
