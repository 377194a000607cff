"""What the stages of a run do, one function each, for the Dagster assets, the re-run jobs and the command line alike.

Belongs here: calling intake and dbt in the right way and judging whether a stage is whole. Does not belong here: the row of a
run and its summary (`run.py`), checks (`gate.py`), drafts (`drafts.py`), Dagster, the work itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dagster_project import dbt_build, dbt_parse, gate, model_inputs, progress, run, workload, years
from dagster_project.dbt_build import NodeResult
from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError, about_memory
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

if TYPE_CHECKING:
    from dagster_project.ingest import IngestReport
    from dagster_project.ingest.report import FileOutcome

CORE = "tag:core"
INDICATOR = "tag:cube tag:indicator"
SHOWN = 20
MODELS_KEY = "models_fingerprint"
_begun: dict[str, Future[IngestReport]] = {}


def warm_up(settings: Settings, run_id: str) -> None:
    """Import and parse what later stages need while intake waits for the disk and the engine."""
    begun = _begun.get(run_id)

    def work() -> None:
        # Whatever goes wrong here goes wrong again where it is needed, and is reported there.
        with suppress(Exception):
            from dagster_project.checks.gx_adapter import install

            install()
        with suppress(Exception):
            # Intake that is through by now has most likely found nothing, and then dbt may have nothing to do.
            if begun is None or not begun.done() or _is_anything_due(settings):
                dbt_parse.parse(settings)
                dbt_parse.make_ready()

    threading.Thread(target=work, name="warm-up", daemon=True).start()


def _is_anything_due(settings: Settings) -> bool:
    """Whether a build would make a model or seed anew, by the definitions as they were loaded last."""
    manifest = dbt_parse.manifest(settings)
    with connect(settings) as connection:
        inputs = model_inputs.fingerprints(connection, manifest, dbt_parse.models_fingerprint())
        return len(model_inputs.unchanged(connection, inputs, manifest)) < len(inputs)


def begin_landing(settings: Settings, run_id: str, full_refresh: bool = False) -> None:
    """Start intake of a run that has begun, in a thread of its own; `land` of the same run waits for it.

    The command line calls this before it imports Dagster and dbt, which keep one core busy for seconds.
    """
    begun: Future[IngestReport] = Future()

    def work() -> None:
        try:
            begun.set_result(take_in(settings, run_id, full_refresh))
        except BaseException as error:
            begun.set_exception(error)

    _begun[run_id] = begun
    # A daemon, so that Ctrl+C ends the process at once: intake goes on from any point where it was stopped.
    threading.Thread(target=work, name="landing", daemon=True).start()


def _require_years(settings: Settings, years: Sequence[int], report: IngestReport) -> None:
    """Raises UserError for a year without data: exit 1 when files were taken in, which stays done, else exit 2."""
    try:
        run.publication_years(settings, years)
    except UserError as error:
        if not report.loaded:
            raise
        raise UserError(
            Text(
                f"来源文件已入库；{error.what.zh}没有做任何计算。",
                f"The files were taken in. {error.what.en} Nothing was computed.",
            ),
            where=error.where,
            todo=error.todo,
            code=ExitCode.PARTLY,
        ) from error


def take_in(settings: Settings, run_id: str, full_refresh: bool = False) -> IngestReport:
    """Intake of the landing folder, and of held rows whose codes are known by now."""
    from dagster_project.ingest import ingest_landing, prepare_warehouse

    begun = time.monotonic()
    with connect(settings) as connection:
        prepare_warehouse(connection)
    everything = full_refresh or models_changed(settings)[0]
    share = workload.IntakeShare(workload.tell_before_intake(settings, everything))
    report = ingest_landing(settings, run_id, on_progress=share)
    if again := read_held_rows(settings, run_id):
        report.files += again
        report.touched_months = _settled(settings)
    seconds = time.monotonic() - begun
    progress.log(settings, "intake", seconds)
    progress.took("landing", seconds)
    workload.tell(settings, everything, taken=sum(file.rows_read for file in report.loaded))
    return report


def read_held_rows(settings: Settings, run_id: str) -> list[FileOutcome]:
    """Rows held for codes that are known by now: whatever came first, the rows or their codes. Returns the files read again.

    Also after a file was taken out that had answered for such rows: they are held once more, and must not wait.
    """
    from dagster_project.desk.rereading import known_by_now, take_again

    with connect(settings) as connection:
        known = known_by_now(connection, settings)
        if not known:
            return []
        told = Text("此前因代码未知暂存的行，重读", "rows that were held for unknown codes, read again")
        return [
            replace(one.outcome, reason=told)
            for one in take_again(connection, settings, known, run_id)
            if one.outcome is not None
        ]


def _settled(settings: Settings) -> list[int]:
    from dagster_project.ingest.versions import settle_versions

    with connect(settings) as connection:
        return settle_versions(connection)


def land(settings: Settings, run_id: str, years: Sequence[int] = ()) -> IngestReport:
    """Take in the landing folder, or wait for what `begin_landing` began. `years` are those that the run is to publish.

    Raises UserError when not one file could be taken in and nothing was loaded before, and for a year without data.
    """
    begun = _begun.pop(run_id, None)
    report = begun.result() if begun is not None else take_in(settings, run_id)
    rows = sum(file.rows_read for file in report.loaded)
    loaded = Text(f"{len(report.loaded)} 个文件，{rows:,} 行", f"{len(report.loaded)} files, {rows:,} rows")
    if report.loaded:
        progress.conclude(loaded)
    else:
        progress.pass_over(Text("没有新文件", "no new file"))
    if report.exit_code == ExitCode.BAD_INPUT and not _is_anything_loaded(settings):
        left_out = [*report.refused, *report.unknown]
        raise UserError(
            Text("没有一个文件可以入库，未做任何计算。", "Not one file could be taken in; nothing was computed."),
            where="\n".join(f"{file.source_file}: {file.reason}" for file in left_out[:SHOWN]),
            todo=Text("按所列原因更正文件后重新运行。", "Correct the files for the reasons given and run again."),
        )
    if years:
        _require_years(settings, years, report)
    return report


def _is_anything_loaded(settings: Settings) -> bool:
    with connect(settings) as connection:
        return connection.execute("select count(*) from ops.load").fetchone() != (0,)


def require_taken_in(settings: Settings) -> None:
    """Raises UserError (exit 2) when intake was stopped before it had settled what it loaded: versions, batches (S8).

    Whoever builds without taking in would count older versions, and files of a batch that may yet be refused.
    """
    with connect(settings) as connection:
        open_loads = connection.execute(
            "select count(*) from ops.load where rows_superseded is null or load_id in (select load_id from ops.open_batch)"
        ).fetchone()
    if open_loads == (0,):
        return
    raise UserError(
        Text(
            "上次入库没有做完，还不能计算；未做任何改动。",
            "The last intake was stopped before its end; nothing was computed.",
        ),
        where=str(settings.home),
        todo=Text("先运行 bulletin ingest 或 bulletin run。", "Run `bulletin ingest` or `bulletin run` first."),
    )


def load_definitions(settings: Settings) -> None:
    """The province's definition choices and the indicator dictionary, from their files into ops."""
    from dagster_project.dictionary import load_dictionary

    with connect(settings) as connection:
        load_dictionary(
            connection, settings, years.definition_years(connection), [run.province(connection)],
            register_year=years.register_year(connection),
        )  # fmt: skip


def build_models(
    settings: Settings, select: str, full_refresh: bool = False, with_tests: bool = True
) -> list[NodeResult]:
    """Build a dbt selection, telling progress after each node; failed nodes are results, see `require_whole`.

    Without tests nothing says that the tables are what a run would take for whole: for states that nobody goes on from.

    Everything is rebuilt when models have changed since the last whole build of the home: an increment would put rows of
    two definitions into one table, or fail on a new column. Otherwise what was built from the same inputs stands.
    """
    changed, because = models_changed(settings)
    tags = {part.removeprefix("tag:") for part in select.split() if part.startswith("tag:")}
    named = len(tags) < len(select.split())  # somebody picked these very models: they are built whatever their inputs
    manifest = dbt_parse.manifest(settings)
    with connect(settings) as connection:
        inputs = model_inputs.fingerprints(connection, manifest, dbt_parse.models_fingerprint())
        standing = set() if full_refresh or changed or named else model_inputs.unchanged(connection, inputs, manifest)
        chosen = model_inputs.selection(manifest, tags, standing)
        if not with_tests:
            chosen = replace(chosen, due=[name for name in chosen.due if name in inputs])
        picked = {name for name in inputs if manifest["nodes"][name]["name"] in select.split()}
        model_inputs.forget(connection, picked if named else chosen.due)
        if full_refresh or changed:
            model_inputs.drop_former(connection, manifest)
    weights = dbt_build.weights(manifest, progress.node_seconds(settings))
    total = sum(weights[name] for name in chosen.due)
    standing_weight = sum(weights[name] for name in chosen.passed_over)
    progress.plan(total / (total + standing_weight) if standing_weight else 1.0)
    done = 0.0

    def on_node(unique_id: str, _status: str) -> None:
        nonlocal done
        done += weights.get(unique_id, 0.0)
        progress.advance(done / max(total, done) if done else 0.0, unique_id.split(".")[2])

    results: list[NodeResult] = []
    if named or not standing:
        results = dbt_build.build(
            settings, select, full_refresh=full_refresh or changed, on_node=on_node, with_tests=with_tests
        )
    elif chosen.due:
        names = " ".join(manifest["nodes"][name]["name"] for name in chosen.due)
        results = dbt_build.build(settings, names, on_node=on_node, with_tests=False)
    if not named and not any(result.failed for result in results):
        with connect(settings) as connection:
            model_inputs.note(connection, inputs, [result.unique_id for result in results])
        progress.remember_nodes(settings, {result.unique_id: result.seconds for result in results})
    if chosen.passed_over:
        place = model_inputs.order(manifest)
        results += dbt_build.passed_over(settings, chosen.passed_over)
        results.sort(key=lambda result: place[result.unique_id])
    _tell(because, results)
    return results


def _tell(because: Text, results: Sequence[NodeResult]) -> None:
    """How many models and tests a build came to; one that had nothing to do is no measure of the next."""
    tests = sum(result.kind == "test" for result in results)
    rows = sum(result.rows or 0 for result in results)
    models = len(results) - tests
    unchanged = sum(result.status == "unchanged" for result in results)
    if models and unchanged == models:
        progress.pass_over(
            Text(
                f"没有变化，沿用上次结果：{models} 个模型，{tests} 项测试，{rows:,} 行",
                f"nothing has changed, the last results stand: {models} models, {tests} tests, {rows:,} rows",
            )
        )
        return
    progress.conclude(
        Text(
            f"{because.zh}{models} 个模型（{unchanged} 个输入未变），{tests} 项测试，{rows:,} 行",
            f"{because.en}{models} models ({unchanged} with unchanged inputs), {tests} tests, {rows:,} rows",
        )
    )


def models_changed(settings: Settings) -> tuple[bool, Text]:
    """Whether no whole build by these very models has ended in this home, and the words for it when another one has."""
    with connect(settings) as connection:
        row = connection.execute("select value from ops.meta where key = ?", [MODELS_KEY]).fetchone()
        built = connection.execute("select count(*) from ops.built_load").fetchone()
    changed = row != (dbt_parse.models_fingerprint(),)
    told = changed and built != (0,)
    return changed, Text("模型已更改，全部重建：", "models changed, full refresh: ") if told else Text("", "")


def require_whole(results: Sequence[NodeResult], missing: Sequence[str] = (), not_run: Sequence[str] = ()) -> None:
    """Raises UserError when a node failed, an expected table was not made or an expected test did not run.

    Exit 1 when only tests failed (the data are at fault), exit 3 when a model did (the installation is).
    """
    failed = [result for result in results if result.failed]
    if not failed and not missing and not not_run:
        return
    lines = [f"{result.schema}.{result.name}: {result.status} {result.message}" for result in failed[:SHOWN]]
    if missing:
        lines.append(f"未生成 / not made: {', '.join(sorted(missing)[:SHOWN])}")
    if not_run:
        lines.append(f"未执行的检验 / tests not run: {', '.join(sorted(not_run)[:SHOWN])}")
    models_failed = any(result.kind != "test" and result.status != "skipped" for result in failed)
    tests_failed = any(result.kind == "test" for result in failed)
    raise UserError(
        Text("这一步没有完成，下游没有执行。", "This step did not complete; nothing after it ran."),
        where="\n".join(lines),
        todo=about_memory("\n".join(result.message for result in failed))
        or Text(
            "原因在上面各行；模型编译后的 SQL 在家目录 dbt_target/compiled/。修正数据或模型后重新运行。",
            "The reasons are the lines above; the SQL of the models lies in dbt_target/compiled/ of the home. Correct the data or the model and run again.",
        ),
        code=ExitCode.PARTLY if tests_failed and not models_failed else ExitCode.BROKEN_INSTALLATION,
    )


def mark_cubes_built(settings: Settings) -> None:
    """Tell intake that every load so far is in core and in the cubes.

    Not earlier: the cubes, too, are rebuilt only for the months of loads that are not marked.
    """
    from dagster_project.ingest import mark_built

    with connect(settings) as connection:
        # First, so that a kill in between costs a needless increment and never leaves rows of older models.
        with durable_step("run.models"):
            connection.execute(
                "insert or replace into ops.meta values (?, ?)", [MODELS_KEY, dbt_parse.models_fingerprint()]
            )
        mark_built(connection)


def build_all(settings: Settings, run_id: str, full_refresh: bool) -> None:
    """Definitions, core, cubes, indicators and their gates, from what has been loaded."""
    require_taken_in(settings)
    with progress.stage(settings, "definitions"):
        load_definitions(settings)
    with progress.stage(settings, "core"):
        require_whole(build_models(settings, CORE, full_refresh))
    gate.run_gate(settings, "core", run_id)
    with progress.stage(settings, "indicator"):
        require_whole(build_models(settings, INDICATOR, full_refresh))
        mark_cubes_built(settings)
    gate.run_gate(settings, "indicator", run_id)


@contextmanager
def only_months_touched(settings: Settings, months: Sequence[int]) -> Iterator[None]:
    """Let the next build take exactly these months; what was due before is due again afterwards, however it ends.

    The due months wait in ops.put_off_month: a killed rebuild loses none of them, the next run takes them back.
    """
    from dagster_project.ingest import take_back_months

    with connect(settings) as connection:
        take_back_months(connection)
        connection.execute("begin")
        connection.execute("insert into ops.put_off_month select settlement_month from ops.touched_month")
        connection.execute("delete from ops.touched_month")
        connection.execute("insert into ops.touched_month select unnest($1::integer[])", [list(months)])
        with durable_step("run.touched_months"):
            connection.execute("commit")
    are_rebuilt = False
    try:
        yield
        are_rebuilt = True
    finally:
        with connect(settings) as connection:
            take_back_months(connection, are_rebuilt)
