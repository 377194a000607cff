"""The desk's verbs: taking a file out again.

Belongs here: the order of a verb's steps, and what it prints. Does not belong here: what is done (`desk/`), options (`cli_desk.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project import stages, workload
from dagster_project.desk.unloading import Moved
from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import own_run, reporting, require_loaded
from dagster_project.warehouse import connect

if TYPE_CHECKING:
    import polars as pl

REBUILD = ("definitions", "core", "core_checks", "indicator", "indicator_checks")
_SHOWN = 15


def unload(settings: Settings, named: str, reason: str, who: str, back: bool, build: bool) -> ExitCode:
    """Take a load out (or `back` in) on record, then recompute what it touched unless that waits for the next run."""
    from dagster_project.desk import targets, unloading

    require_told(reason, who)
    require_loaded(settings)
    require_valid_files(settings)
    with reporting(settings, REBUILD), own_run(settings, f"bulletin unload {named}") as run_id:
        before = headline_values(settings)
        with connect(settings) as connection:
            target = targets.find_target(connection, settings, named, unloaded=back)
            move = unloading.undo if back else unloading.unload
            moved = move(connection, settings, target, who.strip(), reason.strip(), run_id)
        for line in _moved_lines(moved, back):
            say(line, settings.language)
        rebuild(settings, run_id, build and moved.loads_left > 0, before)
    return ExitCode.DONE


def headline_values(settings: Settings) -> pl.DataFrame | None:
    """The province's annual headline figures that the warehouse holds now; None before any were made."""
    from dagster_project.dictionary import load_indicators
    from dagster_project.explain.vintages import working_values

    return working_values(settings, [name for name, one in load_indicators().items() if one.headline])


def rebuild(settings: Settings, run_id: str, at_once: bool, before: pl.DataFrame | None) -> None:
    """Definitions, core, cubes and indicators with their gates, and how the headline figures moved from what they were `before`;
    or the word that the next run does it."""
    if at_once:
        workload.tell(settings, stages.models_changed(settings)[0])
        stages.read_held_rows(settings, run_id)
        stages.build_all(settings, run_id, full_refresh=False)
        told = Text(
            "核心表、汇总与指标已重算；公报草稿由下一次 bulletin run 重做。",
            "Core, cubes and indicators are recomputed; the next `bulletin run` makes the drafts anew.",
        )
    else:
        told = Text("下一次 bulletin run 重算。", "The next `bulletin run` recomputes it.")
    say(told, settings.language)
    if at_once and before is not None:
        _say_moved(settings, before)


def _say_moved(settings: Settings, before: pl.DataFrame) -> None:
    from dagster_project.explain.differences import changed_lines
    from dagster_project.explain.vintages import state_change

    after = headline_values(settings)
    if after is None:
        return
    moved = state_change(settings, before, after)
    if count := moved.changes.height:
        told = Text(
            f"主要指标（全省、全年）变了 {count} 个：",
            f"Headline indicators of the province and the year: {count} changed:",
        )
    else:
        told = Text("主要指标（全省、全年）没有变。", "No headline indicator of the province and the year changed.")
    say(told, settings.language)
    for line in changed_lines(moved, settings.language, _SHOWN):
        say(line, settings.language)


def require_told(reason: str, who: str) -> None:
    """What is decided by a person is recorded with the person and the reason."""
    if not reason.strip() or not who.strip():
        raise UserError(
            Text("请写明理由和经手人。", "Say why, and who decides it."),
            where="--reason, --by",
            todo=Text('例如 --reason "发错了月份" --by 王敏。', 'Such as --reason "wrong month" --by "Wang Min".'),
        )


def _moved_lines(moved: Moved, back: bool) -> list[Text]:
    target = moved.target
    numbers_zh, numbers_en = (between.join(str(load_id) for load_id in target.loads) for between in ("、", ", "))
    what = Text("已取回", "taken back") if back else Text("已撤出", "unloaded")
    lines = [
        Text(
            f"{what.zh}：{target.source_file}（{target.extract}，入库编号 {numbers_zh}，{target.rows:,} 行）",
            f"{what.en}: {target.source_file} ({target.extract}, load {numbers_en}, {target.rows:,} rows)",
        ),
        Text(
            f"  其他文件中重新生效 {moved.rows_back:,} 行，不再生效 {moved.rows_gone:,} 行；重算 {_months(moved.months, '、')}"
            + (f"，重新核对 {_months(moved.months_compared, '、')}" if moved.months_compared else ""),
            f"  of other files {moved.rows_back:,} rows are current again, {moved.rows_gone:,} no longer; to rebuild: "
            f"{_months(moved.months, ', ')}"
            + (f"; to compare again: {_months(moved.months_compared, ', ')}" if moved.months_compared else ""),
        ),
    ]
    if target.corrections:
        loads = [load_id for part in target.corrections for load_id in part.loads]
        rows = sum(part.rows for part in target.corrections)
        listed = ", ".join(f"{load_id}" for load_id in loads[:_SHOWN]) + (" …" if len(loads) > _SHOWN else "")
        lines.append(
            Text(
                f"  对它的更正（quarantine --take）一并{'取回' if back else '撤出'}：{len(loads)} 个入库（编号 {listed}），{rows:,} 行",
                f"  its corrections (quarantine --take) were {what.en} with it: {len(loads)} loads ({listed}), {rows:,} rows",
            )
        )
    if not back:
        lines.append(
            Text(
                "  来源文件夹里的这个文件不会再入库；要取回，用 --undo。原始 Parquet 保留在 raw/。",
                "  The file in the landing folder is not taken in again; --undo takes it back. Its Parquet stays in raw/.",
            )
        )
    if moved.answered_by:
        told = ", ".join(f"{load_id} {source}" for load_id, source in moved.answered_by[:_SHOWN])
        lines.append(
            Text(
                f"  替它的隔离行作答的入库仍然有效：{told}；若也有误，请同样撤出。",
                f"  Loads that answered for held rows of it stay: {told}; unload them, too, if they are wrong.",
            )
        )
    if moved.vintages:
        listed = ", ".join(moved.vintages[:_SHOWN])
        lines.append(
            Text(
                f"  用过这个文件的定稿保持不变：{listed}；差异用 bulletin diff 查看。",
                f"  Frozen vintages that used the file stay as they are: {listed}; `bulletin diff` tells the difference.",
            )
        )
    if not moved.loads_left:
        lines.append(Text("  家目录里已没有入库数据。", "  Nothing is loaded in this home any more."))
    return lines


def _months(months: Sequence[int], between: str) -> str:
    shown = between.join(str(month) for month in months[:_SHOWN]) or "–"
    return f"{shown} … ({len(months)})" if len(months) > _SHOWN else shown
