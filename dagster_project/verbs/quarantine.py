"""`bulletin quarantine`: what is held, the workbook of it, and corrected rows taken back.

Belongs here: the order of the steps, what is printed. Does not belong here: the quarantine itself (`desk/`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project import progress, stages
from dagster_project.desk.corrections import Landed
from dagster_project.desk.quarantine import Held, HeldRow
from dagster_project.errors import ExitCode
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.desk import REBUILD, rebuild
from dagster_project.verbs.running import own_run, reporting, require_loaded, run_checks
from dagster_project.warehouse import connect

_SHOWN = 15
_FILES = 3  # shown below a rule


def show(settings: Settings, extract: str | None, to: Path | None, originals: bool) -> ExitCode:
    """Print what is held by extract, rule and file, and export the rows where asked."""
    from dagster_project.desk import quarantine
    from dagster_project.ingest import prepare_warehouse

    require_loaded(settings)
    with connect(settings) as connection:
        prepare_warehouse(connection)
        # Whoever asks for one extract wants every file of it; whoever exports has them all in the workbook.
        most = _FILES if extract is None else None
        lines = held_lines(quarantine.list_held(connection, extract), *quarantine.count_held(connection), most)
        for line in lines if to is None else lines[:1]:
            say(line, settings.language)
        if to is not None:
            _export(connection, settings, extract, to, originals)
    return ExitCode.DONE


def held_lines(held: Sequence[Held], rows: int, money: Decimal, most: int | None = None) -> list[Text]:
    """The open rows: the sum, a line a rule with the most rows first, and below it the files, `most` of them where that is given."""
    if not held:
        return [Text("隔离区是空的。", "Nothing is in quarantine.")]
    lines = [
        Text(
            f"隔离区还有 {rows:,} 行，金额 {money:,.2f} 元（违反几条规则的行在每条下各列一次）：",
            f"{rows:,} rows in quarantine, {money:,.2f} yuan (a row that breaks several rules stands under each):",
        )
    ]
    by_rule: dict[tuple[str, str, str], list[Held]] = {}
    for one in held:
        by_rule.setdefault((one.extract, one.rule_id, one.column), []).append(one)
    for (extract, rule_id, column), files in sorted(
        by_rule.items(), key=lambda of: (-sum(f.rows for f in of[1]), of[0])
    ):
        told = _amounts(files)
        lines.append(
            Text(
                f"{extract}  {rule_id}（{column}：{files[0].rule.zh}）  {told.zh}",
                f"{extract}  {rule_id} ({column}: {files[0].rule.en})  {told.en}",
            )
        )
        files = sorted(files, key=lambda file: (-file.rows, file.load_id))
        for file in files[:most]:
            told = _amounts([file])
            place = f"[{file.load_id}] {file.source_file}"
            lines.append(Text(f"    {place}  {told.zh}", f"    {place}  {told.en}"))
        if most is not None and len(files) > most:
            more = len(files) - most
            lines.append(
                Text(
                    f"    另有 {more} 个文件，用 --extract {extract} 列全",
                    f"    and {more} more files, all of them with --extract {extract}",
                )
            )
    return lines


def _amounts(held: Sequence[Held]) -> Text:
    """Rows, money and months of some lines."""
    rows, money = sum(one.rows for one in held), sum((one.money for one in held), Decimal(0))
    first = min((one.first_month for one in held if one.first_month), default="")
    last = max((one.last_month for one in held if one.last_month), default="")
    months = first + (f"–{last}" if last != first else "")
    return Text(
        "，".join(part for part in (f"{rows:,} 行", f"{money:,.2f} 元" if money else "", months) if part),
        ", ".join(part for part in (f"{rows:,} rows", f"{money:,.2f} yuan" if money else "", months) if part),
    )


def _export(
    connection: duckdb.DuckDBPyConnection, settings: Settings, extract: str | None, to: Path, originals: bool
) -> None:
    from dagster_project.desk import quarantine, quarantine_book

    rows = quarantine.read_held(connection, extract, quarantine_book.MOST_ROWS)
    shown, gone = _originals(connection, settings, rows) if originals else ({}, [])
    quarantine_book.write_book(to, rows, shown)
    say(
        Text(
            f"已导出 {len(rows):,} 行：{to}（出错的单元格标红，批注写明规则）",
            f"{len(rows):,} rows exported: {to} (the cell that broke is red, its comment names the rule)",
        ),
        settings.language,
    )
    if originals:
        say(
            Text(
                "含个人标识原值，仅限经办人使用，用后删除。",
                "It holds identifiers of persons as delivered: for whoever corrects them alone; delete it afterwards.",
            ),
            settings.language,
        )
    for source in gone:
        say(
            Text(
                f"  来源文件夹里已没有 {source}，其标识仍以 *** 代替。",
                f"  {source} is no longer there; its identifiers stay masked.",
            ),
            settings.language,
        )


def _originals(
    connection: duckdb.DuckDBPyConnection, settings: Settings, rows: Sequence[HeldRow]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Cells as delivered by reference, and the files that are no longer there to be asked."""
    from dagster_project.desk.originals import find_landed, opened, read_records

    wanted: dict[int, list[HeldRow]] = {}
    for row in rows:
        wanted.setdefault(row.load_id, []).append(row)
    shown: dict[str, dict[str, str]] = {}
    gone = []
    for load_id, held in wanted.items():
        found = connection.execute("select sha256 from ops.load where load_id = ?", [load_id]).fetchone()
        file = find_landed(connection, settings, str(found[0])) if found else None
        if file is None:
            gone.append(held[0].source_file)
            continue
        with opened(connection, settings, file, held[0].extract, str(uuid.uuid4())) as landed:
            cells = read_records(connection, landed, [row.source_row for row in held])
        shown |= {row.reference: cells[row.source_row] for row in held if row.source_row in cells}
    return shown, gone


def take(settings: Settings, book: Path, build: bool) -> ExitCode:
    """Land the corrected rows of a workbook and take them in; rows, money and headline figures before and after."""
    from dagster_project.desk import corrections, quarantine_book

    require_loaded(settings)
    cells = quarantine_book.read_book(book)
    with (
        reporting(settings, ["landing", "landing_checks", *REBUILD]),
        own_run(settings, "bulletin quarantine --take") as run_id,
    ):
        with connect(settings) as connection:
            landed = corrections.land_corrections(connection, settings, cells, book.name, run_id)
        _say_landed(settings, landed)
        if landed.folder is None:
            return ExitCode.BAD_INPUT
        with telling_what_moved(settings, run_id, build):
            with progress.stage(settings, "landing"):
                report = stages.land(settings, run_id)
            run_checks(settings, run_id, ["landing"])
        for file in report.refused:
            say(Text(f"拒收 {file.source_file}：{file.reason.zh if file.reason else ''}",
                     f"refused {file.source_file}: {file.reason.en if file.reason else ''}"), settings.language, True)  # fmt: skip
    return report.exit_code


def _say_landed(settings: Settings, landed: Landed) -> None:
    count = sum(landed.corrected.values())
    numbers = "、".join(str(load_id) for load_id in landed.corrected)
    if landed.folder is not None:
        say(
            Text(
                f"更正了 {count:,} 行（原入库编号 {numbers}），已作为新的一批放入 {landed.folder}。",
                f"{count:,} rows corrected (of load {numbers}), landed as a batch of their own: {landed.folder}.",
            ),
            settings.language,
        )
    else:
        say(Text("没有一行有改动，未做任何事。", "No row was changed; nothing was done."), settings.language, True)
    if landed.unchanged and landed.folder is not None:
        say(
            Text(
                f"  {landed.unchanged:,} 行未改，仍留在隔离区。",
                f"  {landed.unchanged:,} rows were not changed and stay.",
            ),
            settings.language,
        )
    if landed.settled:
        say(
            Text(
                f"  {len(landed.settled):,} 行已不在隔离区，略过。",
                f"  {len(landed.settled):,} rows wait in quarantine no longer; passed over.",
            ),
            settings.language,
        )


@contextmanager
def telling_what_moved(settings: Settings, run_id: str, build: bool) -> Iterator[None]:
    """Rows and money in quarantine, and the headline figures of the province, before and after what is done meanwhile."""
    from dagster_project.desk.quarantine import count_held
    from dagster_project.dictionary import load_indicators
    from dagster_project.explain.differences import changed_lines
    from dagster_project.explain.vintages import state_change, working_values

    headline = [name for name, indicator in load_indicators().items() if indicator.headline]
    with connect(settings) as connection:
        rows, money = count_held(connection)
    before = working_values(settings, headline)
    yield
    with connect(settings) as connection:
        rows_now, money_now = count_held(connection)
    say(
        Text(
            f"隔离区：{rows:,} → {rows_now:,} 行，{money:,.2f} → {money_now:,.2f} 元",
            f"Quarantine: {rows:,} → {rows_now:,} rows, {money:,.2f} → {money_now:,.2f} yuan",
        ),
        settings.language,
    )
    rebuild(settings, run_id, build)
    after = working_values(settings, headline)
    if not build or before is None or after is None:
        return
    moved = state_change(settings, before, after)
    say(
        Text(
            f"主要指标（全省、全年）变了 {moved.changes.height} 个：",
            f"Headline indicators of the province and the year: {moved.changes.height} changed:",
        ),
        settings.language,
    )
    for line in changed_lines(moved, settings.language, _SHOWN):
        say(line, settings.language)
