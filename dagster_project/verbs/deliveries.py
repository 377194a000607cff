"""Verbs on what was delivered: records that wait to be confirmed, the matrix of extracts, months and areas.

Belongs here: printing. Does not belong here: records (`ingest/records.py`), the matrix (`ingest/areas.py`), what is too little or
too much in it (`checks/deliveries.py`).
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import handing_out, run, run_lock
from dagster_project.checks import deliveries as judging
from dagster_project.checks.catalogue import catalogue, extract_uses
from dagster_project.checks.stages import filled
from dagster_project.china_time import in_china
from dagster_project.contracts import load_contracts
from dagster_project.errors import ExitCode, UserError
from dagster_project.inert import inert
from dagster_project.ingest import areas, prepare_warehouse, records
from dagster_project.ingest.codes import region_names
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect, is_read_only

MONTHS = 13  # a month beside the same month of the year before
SHOWN = 20
# The list of regions holds those of the whole country: pages of other provinces, whose data this home does not keep.
OF_THE_COUNTRY = "admdvs_dim_a"
FINDINGS = {
    "missing": Text("缺失", "missing"),
    "halved": Text("行数减半", "rows halved"),
    "doubled": Text("行数翻倍", "rows doubled"),
    "money_halved": Text("金额减半", "money halved"),
    "money_doubled": Text("金额翻倍", "money doubled"),
}


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
        first, last = in_china(one.first).date(), in_china(one.last).date()
        day = f"{first}" + (f"–{last}" if last != first else "")
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


def require_extract(extract: str | None) -> None:
    """Raise UserError (exit 2) for the name of no extract."""
    if extract is not None and extract not in load_contracts():
        raise UserError(
            Text(f"没有这张表：{extract}", f"There is no extract {extract}."),
            where="--extract",
            todo=Text(f"可选：{'、'.join(load_contracts())}。", f"Choose from {', '.join(load_contracts())}."),
        )


def deliveries(settings: Settings, extract: str | None, month: str | None, to: Path | None) -> ExitCode:
    """Print the matrix: by month for all areas together, or by area for one month; all of it into a CSV."""
    require_loaded(settings)
    require_extract(extract)
    if to is not None:
        handing_out.require_place(to)
    if not is_read_only(settings):
        run_lock.hold(settings)
    try:
        with connect(settings) as connection:
            prepare_warehouse(connection)
            areas.refresh(connection)
            chosen = [extract, month]
            condition = "($1 is null or extract = $1) and ($2 is null or month = $2)"
            if to is not None:
                return _write(connection, settings, condition, chosen, to)
            level = "level in ('prefecture', 'county', 'none')" if month else "level in ('province', 'none')"
            rows = connection.execute(
                f"select extract, month, region, rows, money, rows_before, rows_year_before from ops.delivery where {condition} "
                f"and {level} order by extract, region, month",
                chosen,
            ).fetchall()
            found = _findings(connection, extract, month)
            home = (run.province(connection) or "")[:2]
    finally:
        run_lock.release(settings)
    own = [row for row in rows if extract is not None or row[0] != OF_THE_COUNTRY or str(row[2]).startswith(home)]
    order = list(extract_uses())  # what every bulletin needs comes first
    own.sort(key=lambda row: order.index(row[0]) if row[0] in order else len(order))
    _print(settings, own, month is not None)
    if len(own) < len(rows):
        say(
            Text(
                f"{OF_THE_COUNTRY} 的外省区划未列，用 --extract {OF_THE_COUNTRY} 列出。",
                f"Regions of other provinces in {OF_THE_COUNTRY} are left out; --extract {OF_THE_COUNTRY} lists them.",
            ),
            settings.language,
        )
    _print_findings(settings, found)
    return ExitCode.DONE


def _findings(connection: duckdb.DuckDBPyConnection, extract: str | None, month: str | None) -> list[dict[str, Any]]:
    """What the checks list, in their words."""
    found = []
    for check in judging.checks():
        rule = catalogue()[check.rule]
        cursor = connection.execute(filled(check.bad, rule).replace("{batch}", rule.table))
        names = [column[0] for column in cursor.description or ()]
        found += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [one for one in found if extract in (None, one["extract"]) and month in (None, one["month"])]


def _print(settings: Settings, rows: list[tuple[Any, ...]], by_area: bool) -> None:
    if not rows:
        say(Text("没有可列的交付。", "There is no delivery to list."), settings.language)
    names, above = region_names(), None
    per_area: dict[tuple[str, str], int] = {}
    if not by_area:  # the newest months of each
        for extract, _, region, *_ in rows:
            per_area[extract, region] = per_area.get((extract, region), 0) + 1
    for extract, month, region, count, money, before, year_before in rows:
        if not by_area:
            per_area[extract, region] -= 1
            if per_area[extract, region] >= MONTHS:
                continue
        if (extract, region if not by_area else month) != above:
            above = (extract, region if not by_area else month)
            say(f"{extract}  {month if by_area else names.get(region, region)}", settings.language)
        place = f"{region} {names.get(region, '')}".strip() if by_area else month
        changes = Text(
            f"比上月 {_change(count, before)}，比上年同月 {_change(count, year_before)}",
            f"{_change(count, before)} on the month before, {_change(count, year_before)} on the year before",
        )
        say(
            f"  {place}  {count:,} {Text('行', 'rows').in_language(settings.language)}  {money:,.2f}  "
            f"{changes.in_language(settings.language)}",
            settings.language,
        )


def _change(now: int, before: int | None) -> str:
    if not before:
        return "–"
    return f"{Decimal(now - before) * 100 / before:+.1f}%"


def _print_findings(settings: Settings, found: list[dict[str, Any]]) -> None:
    if not found:
        say(
            Text("没有缺失、减半或翻倍的市县（裁定 L32）。", "No area is missing, halved or doubled (ruling L32)."),
            settings.language,
        )
        return
    names = region_names()
    say(
        Text(f"需要核实 {len(found)} 处（裁定 L32）：", f"{len(found)} to be looked into (ruling L32):"),
        settings.language,
    )
    for one in found[:SHOWN]:
        region = one["region_code"]
        what = FINDINGS[one["finding"]]
        amount = "money_yuan" if one["finding"].startswith("money") else "row_count"
        before = "money_before_yuan" if amount == "money_yuan" else "rows_before"
        year_before = "money_year_before_yuan" if amount == "money_yuan" else "rows_year_before"
        shown = [("–" if one[name] is None else f"{one[name]:,}") for name in (amount, before, year_before)]
        say(
            Text(
                f"  {one['extract']} {one['month']} {region} {names.get(region, '')} {what.zh}：{shown[0]}（上月 {shown[1]}，上年同月 "
                f"{shown[2]}）",
                f"  {one['extract']} {one['month']} {region} {names.get(region, '')} {what.en}: {shown[0]} (month before {shown[1]}, "
                f"year before {shown[2]})",
            ),
            settings.language,
        )
    if len(found) > SHOWN:
        say(
            Text(
                f"  ……另有 {len(found) - SHOWN} 处，见检查页",
                f"  … and {len(found) - SHOWN} more, see the page of checks",
            ),
            settings.language,
        )


def _write(
    connection: duckdb.DuckDBPyConnection, settings: Settings, condition: str, chosen: list[str | None], to: Path
) -> ExitCode:
    cursor = connection.execute(
        f"select * from ops.delivery where {condition} order by extract, month, region, level", chosen
    )
    header = [column[0] for column in cursor.description or ()]
    rows = cursor.fetchall()
    with handing_out.whole_file(to) as part, part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    say(Text(f"已写入 {to}：{len(rows):,} 行。", f"Written to {to}: {len(rows):,} rows."), settings.language)
    return ExitCode.DONE
