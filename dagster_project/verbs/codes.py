"""`bulletin codes`: the codes that no set knows, mapping one, reading the held rows again.

Belongs here: the order of the steps, what is printed. Does not belong here: what may be mapped (`desk/codes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.china_time import shown
from dagster_project.desk.codes import Unmapped
from dagster_project.desk.rereading import Reread
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.desk import REBUILD
from dagster_project.verbs.quarantine import telling_what_moved
from dagster_project.verbs.running import own_run, reporting, require_loaded, run_checks
from dagster_project.warehouse import connect


def codes(settings: Settings, words: Sequence[str], who: str, note: str, build: bool) -> ExitCode:
    """`` (list), `map SET CODE TARGET`, `reread` or `history`."""
    match list(words):
        case []:
            return show(settings)
        case ["history"]:
            return history(settings)
        case ["map", code_set, code, target] if who.strip():
            return map_code(settings, code_set, code, target, who.strip(), note.strip(), build)
        case ["reread"]:
            return reread(settings, build)
        case ["map", code_set, code, target]:
            raise UserError(
                Text("没有写 --by（谁定的，将被记录）。", "Missing --by (who maps it, recorded)."),
                where="bulletin codes map",
                todo=Text(
                    f"例如 bulletin codes map {code_set} {code} {target} --by 张三",
                    f"For instance bulletin codes map {code_set} {code} {target} --by NAME",
                ),
            )
    raise UserError(
        Text("用法有误。", "Not a use of this command."),
        where=f"bulletin codes {' '.join(words)}",
        todo=Text(
            "bulletin codes｜bulletin codes map 代码集 代码 目标 --by 姓名｜bulletin codes reread｜bulletin codes history",
            "bulletin codes | bulletin codes map SET CODE TARGET --by NAME | bulletin codes reread | bulletin codes history",
        ),
    )


def show(settings: Settings) -> ExitCode:
    """Print the unmapped codes."""
    from dagster_project.desk.codes import list_unmapped
    from dagster_project.ingest import prepare_warehouse
    from dagster_project.keeping.verify import told_when_not_whole

    require_loaded(settings)
    with connect(settings) as connection, told_when_not_whole(connection, settings, "quarantine/"):
        prepare_warehouse(connection)
        found = list_unmapped(connection, settings)
    if not found:
        say(Text("没有未映射的代码。", "There is no unmapped code."), settings.language)
    for one in found:
        say(_line(one), settings.language)
    return ExitCode.DONE


def _line(one: Unmapped) -> Text:
    months = one.first_month + (f"–{one.last_month}" if one.last_month != one.first_month else "")
    state = (
        Text("已隔离", "held in quarantine")
        if one.is_held
        else Text("已接收，归入“未知”", "accepted, classed as unknown")
    )
    if one.target and not one.is_held:
        state = Text(f"已接收，映射为 {one.target}", f"accepted, mapped to {one.target}")
    elif one.target:
        state = Text(f"{state.zh}；已映射为 {one.target}", f"{state.en}; mapped to {one.target}")
    zh = "，".join(
        part for part in (f"{one.rows:,} 行", f"{one.money:,.2f} 元" if one.money else "", months, state.zh) if part
    )
    en = ", ".join(
        part for part in (f"{one.rows:,} rows", f"{one.money:,.2f} yuan" if one.money else "", months, state.en) if part
    )
    return Text(
        f"  {one.code_set}  {one.code}  {one.extract}.{one.column}  {zh}",
        f"  {one.code_set}  {one.code}  {one.extract}.{one.column}  {en}",
    )


def history(settings: Settings) -> ExitCode:
    """Print who mapped what, and when."""
    from dagster_project.dictionary.code_map import read_decisions
    from dagster_project.verbs.asking import home_province

    require_loaded(settings)
    for row in read_decisions(settings.provinces, home_province(settings)):
        note = f"（{row.note}）" if row.note else ""
        told = f"{shown(row.mapped_at)}  {row.code_set} {row.code} → {row.target}  {row.mapped_by}{note}"
        say(Text(told, told), settings.language)
    return ExitCode.DONE


def map_code(settings: Settings, code_set: str, code: str, target: str, who: str, note: str, build: bool) -> ExitCode:
    """Map a code for the province, read the rows again that it held, recompute."""
    from dagster_project.desk import codes as desk

    require_loaded(settings)
    with (
        reporting(settings, ["landing_checks", *REBUILD]),
        own_run(settings, f"bulletin codes map {code_set} {code}") as run_id,
    ):
        with connect(settings) as connection:
            decision = desk.map_code(connection, settings, code_set, code, target, who, note)
        say(
            Text(
                f"{code_set} {code} 今后即 {decision.target}（{who}，{shown(decision.mapped_at)}）。",
                f"{code_set} {code} means {decision.target} from now on ({who}, {shown(decision.mapped_at)}).",
            ),
            settings.language,
        )
        return _read_again(settings, run_id, [(code_set, code)], build)


def reread(settings: Settings, build: bool) -> ExitCode:
    """Read rows again that are held for codes which are known meanwhile, without taking in anything new."""
    from dagster_project.desk.rereading import known_by_now

    require_loaded(settings)
    with reporting(settings, ["landing_checks", *REBUILD]), own_run(settings, "bulletin codes reread") as run_id:
        with connect(settings) as connection:
            known = known_by_now(connection, settings)
        if not known:
            say(Text("没有可以重读的行。", "There is no row to read again."), settings.language)
            return ExitCode.DONE
        return _read_again(settings, run_id, known, build)


def _read_again(settings: Settings, run_id: str, wanted: Sequence[tuple[str, str]], build: bool) -> ExitCode:
    from dagster_project.desk.rereading import take_again

    with telling_what_moved(settings, run_id, build):
        with connect(settings) as connection:
            found = take_again(connection, settings, wanted, run_id)
        for one in found:
            say(_reread_line(one), settings.language, error=one.outcome is None)
        run_checks(settings, run_id, ["landing"])
    return ExitCode.PARTLY if any(one.outcome is None for one in found) else ExitCode.DONE


def _reread_line(one: Reread) -> Text:
    if one.outcome is None:
        problem = one.problem or Text("", "")
        return Text(
            f"  [{one.corrects}] {one.source_file}：{problem.zh}", f"  [{one.corrects}] {one.source_file}: {problem.en}"
        )
    done = one.outcome
    return Text(
        f"  [{one.corrects}] {one.source_file}：重读 {done.rows_read:,} 行，接收 {done.rows_accepted:,}，仍隔离 "
        f"{done.rows_quarantined:,}（新入库编号 {done.load_id}）",
        f"  [{one.corrects}] {one.source_file}: {done.rows_read:,} rows read again, {done.rows_accepted:,} accepted, "
        f"{done.rows_quarantined:,} still held (load {done.load_id})",
    )
