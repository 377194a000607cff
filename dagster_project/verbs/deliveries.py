"""Verbs on what was delivered: records that wait to be confirmed, the matrix of extracts, months and areas.

Belongs here: printing. Does not belong here: records (`ingest/records.py`), the matrix (`deliveries.py`).
"""

from __future__ import annotations

from dagster_project import run_lock
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import prepare_warehouse, records
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect


def manifest(settings: Settings, action: str | None, batch: str | None, by: str) -> ExitCode:
    """List batches that nobody has confirmed, or confirm one."""
    require_loaded(settings)
    if action is None:
        return _list(settings)
    if batch is None:
        raise UserError(
            Text("请写明确认哪个批次。", "Say which batch to confirm."),
            where="bulletin manifest confirm BATCH --by NAME",
            todo=Text("bulletin manifest 列出待确认的批次。", "`bulletin manifest` lists those that wait."),
        )
    run_lock.hold(settings)
    try:
        with connect(settings) as connection:
            prepare_warehouse(connection)
            files = records.confirm(connection, settings, batch, by)
    finally:
        run_lock.release(settings)
    say(
        Text(
            f"已记录：{by} 确认批次 {batch} 的 {files} 个文件。",
            f"On record: {by} confirmed {files} files of batch {batch}.",
        ),
        settings.language,
    )
    return ExitCode.DONE


def _list(settings: Settings) -> ExitCode:
    with connect(settings) as connection:
        prepare_warehouse(connection)
        waiting = records.unconfirmed(connection)
    if not waiting:
        say(Text("没有待确认的批次。", "No batch waits to be confirmed."), settings.language)
        return ExitCode.DONE
    say(
        Text(
            "没有数据中心清单、仓库自行记录的批次（. 是 landing 本身）；请与数据中心的行数和合计核对：",
            "Batches without a manifest, recorded by the warehouse (. is landing itself); compare with the data centre's rows and "
            "totals:",
        ),
        settings.language,
    )
    for one in waiting:
        day = f"{one.first:%Y-%m-%d}" + (f"–{one.last:%Y-%m-%d}" if one.last.date() != one.first.date() else "")
        say(
            Text(
                f"  {one.folder}  {one.files} 个文件  {one.rows:,} 行  {one.money:,.2f} 元  入库 {day}",
                f"  {one.folder}  {one.files} files  {one.rows:,} rows  {one.money:,.2f} yuan  loaded {day}",
            ),
            settings.language,
        )
    say(
        Text(
            f"逐个文件的行数、sha256 和金额合计：{settings.home / 'manifests'}\n核对无误后：bulletin manifest confirm 批次 --by 姓名",
            f"Rows, sha256 and sums file by file: {settings.home / 'manifests'}\nOnce they agree: "
            "bulletin manifest confirm BATCH --by NAME",
        ),
        settings.language,
    )
    return ExitCode.DONE
