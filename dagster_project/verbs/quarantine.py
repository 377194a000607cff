"""`bulletin quarantine`: what is held, and corrected rows taken back.

Belongs here: the order of the steps, what is printed. Does not belong here: the quarantine itself (`desk/`), the workbook of what is
held (`quarantine_export.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from dagster_project import progress, stages
from dagster_project.china_time import shown
from dagster_project.desk.corrections import Landed
from dagster_project.desk.quarantine import Held
from dagster_project.errors import ExitCode
from dagster_project.ingest.report import FileOutcome
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.desk import REBUILD, headline_values, rebuild
from dagster_project.verbs.running import own_run, reporting, require_loaded, run_checks
from dagster_project.warehouse import connect

_FILES = 3  # shown below a rule


def show(settings: Settings, extract: str | None, to: Path | None, originals: bool) -> ExitCode:
    """Print what is held by extract, rule and file, and export the rows where asked."""
    from dagster_project.desk import quarantine
    from dagster_project.ingest import prepare_warehouse
    from dagster_project.keeping.verify import told_when_not_whole
    from dagster_project.verbs import quarantine_export

    require_loaded(settings)
    place = None if to is None else quarantine_export.place_for(to)
    with connect(settings) as connection, told_when_not_whole(connection, settings, "quarantine/"):
        prepare_warehouse(connection)
        # Whoever asks for one extract wants every file of it; whoever exports has them all in the workbook.
        most = _FILES if extract is None else None
        held, counted = quarantine.list_held(connection, extract), quarantine.count_held(connection, extract)
        if place is None:
            for line in held_lines(held, *counted, most, extract):
                say(line, settings.language)
        else:
            say(held_heading(held, *counted, extract), settings.language)
            quarantine_export.export(connection, settings, extract, place, originals)
    return ExitCode.DONE


def held_heading(held: Sequence[Held], rows: int, money: Decimal, extract: str | None = None) -> Text:
    """How much is open, in a sentence of its own; of one extract where one is asked for."""
    place = f"隔离区里 {extract} " if extract else "隔离区"
    of_extract = f" of {extract}" if extract else ""
    if not held:
        empty = f"隔离区里没有 {extract} 的行。" if extract else "隔离区是空的。"
        return Text(empty, f"Nothing{of_extract} is in quarantine.")
    return Text(
        f"{place}还有 {rows:,} 行，金额 {money:,.2f} 元。",
        f"{rows:,} rows{of_extract} in quarantine, {money:,.2f} yuan.",
    )


def held_lines(
    held: Sequence[Held], rows: int, money: Decimal, most: int | None = None, extract: str | None = None
) -> list[Text]:
    """The open rows: the sum, a line a rule with the most rows first, and below it the files, `most` of them where that is given."""
    heading = held_heading(held, rows, money, extract)
    if not held:
        return [heading]
    lines = [
        Text(
            f"{heading.zh[:-1]}（违反几条规则的行在每条下各列一次）：",
            f"{heading.en[:-1]} (a row that breaks several rules stands under each):",
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
            taken = [file for file in report.loaded if file.source_file.startswith(f"{landed.folder.name}/")]
            for line in _taken_lines(settings, taken):
                say(line, settings.language)
        for file in report.refused:
            say(Text(f"拒收 {file.source_file}：{file.reason.zh if file.reason else ''}",
                     f"refused {file.source_file}: {file.reason.en if file.reason else ''}"), settings.language, True)  # fmt: skip
    return report.exit_code


def _taken_lines(settings: Settings, taken: Sequence[FileOutcome]) -> list[Text]:
    """What became of the corrected rows: how many were accepted, how many are held again and by which rule."""
    from dagster_project.desk.quarantine import list_held

    rows, accepted = sum(file.rows_read for file in taken), sum(file.rows_accepted for file in taken)
    loads = "、".join(str(file.load_id) for file in taken) or "–"
    lines = [
        Text(
            f"更正了 {rows:,} 行：接收 {accepted:,} 行，仍被隔离 {rows - accepted:,} 行（新入库编号 {loads}）",
            f"{rows:,} rows corrected: {accepted:,} accepted, {rows - accepted:,} still held (load {loads.replace('、', ', ')})",
        )
    ]
    if rows == accepted:
        return lines
    with connect(settings) as connection:
        held = [one for one in list_held(connection) if one.load_id in {file.load_id for file in taken}]
    return lines + [
        Text(
            f"  仍被隔离：{one.rule_id}（{one.column}：{one.rule.zh}）{one.rows:,} 行",
            f"  still held: {one.rule_id} ({one.column}: {one.rule.en}) {one.rows:,} rows",
        )
        for one in held
    ]


def _say_landed(settings: Settings, landed: Landed) -> None:
    count = sum(landed.corrected.values())
    numbers = "、".join(str(load_id) for load_id in landed.corrected)
    if landed.folder is not None:
        first = Text(
            f"交回 {count:,} 行更正（原入库编号 {numbers}），作为新的一批放入 {landed.folder}。",
            f"{count:,} corrected rows handed in (of load {numbers.replace('、', ', ')}), as a batch of their own: {landed.folder}.",
        )
    elif landed.answered:
        first = Text(
            "这份工作簿里的更正已经取回过，未再做任何事。",
            "The corrections in this workbook were taken before; nothing was done.",
        )
    else:
        first = Text("没有一行有改动，未做任何事。", "No row was changed; nothing was done.")
    say(first, settings.language, error=landed.folder is None)
    for one in landed.answered:
        still = Text(
            f"；该入库仍有 {one.held:,} 行被隔离，重新导出后再改",
            f"; {one.held:,} rows of that load are held: export anew",
        )
        say(
            Text(
                f"  {one.rows:,} 行已于 {shown(one.loaded_at)} 入库，入库编号 {one.load_id}（{one.source_file}）"
                + still.zh * bool(one.held),
                f"  {one.rows:,} rows were taken in on {shown(one.loaded_at)} as load {one.load_id} ({one.source_file})"
                + still.en * bool(one.held),
            ),
            settings.language,
        )
    if landed.unchanged:
        say(
            Text(
                f"  {landed.unchanged:,} 行未改，仍留在隔离区。",
                f"  {landed.unchanged:,} rows were not changed and stay.",
            ),
            settings.language,
        )
    if unknown := len(landed.settled) - sum(one.rows for one in landed.answered):
        say(
            Text(
                f"  {unknown:,} 行不在本家目录的隔离区（所属文件已撤出，或工作簿来自别处），略过。",
                f"  {unknown:,} rows are not in the quarantine of this home (their file was unloaded, or the workbook is another "
                "home's); passed over.",
            ),
            settings.language,
        )


@contextmanager
def telling_what_moved(settings: Settings, run_id: str, build: bool) -> Iterator[None]:
    """Rows and money in quarantine, and the headline figures of the province, before and after what is done meanwhile."""
    from dagster_project.desk.quarantine import count_held

    with connect(settings) as connection:
        rows, money = count_held(connection)
    before = headline_values(settings)
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
    rebuild(settings, run_id, build, before)
