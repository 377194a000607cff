"""The desk's part of the `bulletin` command: what a person decides about data that have come in.

Belongs here: options and help of these verbs. Does not belong here: work (`verbs/desk.py`), the frame of a verb (`cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dagster_project.errors import ExitCode, UserError
from dagster_project.given_days import given_day, given_month
from dagster_project.language import Text
from dagster_project.settings import Settings

BY = click.option("--by", "who", required=True, metavar="NAME", help="经手人，将被记录。 Who decides it, recorded.")
REASON = click.option("--reason", required=True, help="理由，将被记录。 Why, recorded.")
NO_BUILD = click.option(
    "--no-build", is_flag=True, help="不立即重算，留待下一次 bulletin run。 Leave recomputing to the next run."
)


def add_desk(verb: Callable[..., Callable[[Callable[..., ExitCode]], click.Command]]) -> None:
    """Add the desk's verbs to the command line."""

    @verb(
        click.argument("target", metavar="LOAD|FILE"),
        REASON,
        BY,
        click.option("--undo", "back", is_flag=True, help="取回撤出的文件。 Take an unloaded file back."),
        NO_BUILD,
    )
    def unload(settings: Settings, target: str, no_build: bool, **options: Any) -> ExitCode:
        """撤出一个发错的文件并重算。 Take a wrong file out again, on record, and recompute what it touched.

        LOAD|FILE 是入库编号，或来源文件夹里的文件名；结果等于从未收到过这个文件，定稿不变。
        LOAD|FILE is the number of a load or the name of a landed file. The state is that of a home that never saw it.
        """
        from dagster_project.verbs import desk

        return desk.unload(settings, target, build=not no_build, **options)

    @verb(
        click.option("--extract", default=None, help="只看这一个表。 Only this extract."),
        click.option(
            "--export", "to", type=click.Path(path_type=Path), metavar="FILE.xlsx",
            help="导出成 xlsx，标出出错的单元格。 Write the rows to a workbook, the cell that broke marked.",
        ),
        click.option(
            "--originals", is_flag=True,
            help="导出时显示个人标识原值（从来源文件读取）。 Show identifiers as delivered, read from the landed file.",
        ),
        click.option(
            "--take", "book", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.xlsx",
            help="取回改好的工作簿，作为新的入库。 Take the corrected workbook back, as a new load.",
        ),
        NO_BUILD,
    )  # fmt: skip
    def quarantine(
        settings: Settings, extract: str | None, to: Path | None, originals: bool, book: Path | None, no_build: bool
    ) -> ExitCode:
        """列出隔离区；导出更正，改好取回。 List what is held by rule and file, export it, take corrections back.

        在导出的工作簿里改出错的单元格（*** 不必改），再用 --take 取回；整份更正文件也可直接放入 landing，按键自动核销。
        Correct the marked cells (leave *** as it is) and hand the workbook in with --take; a whole corrected file may be landed
        as usual and answers for the held rows of its keys.
        """
        from dagster_project.verbs import quarantine as desk

        if book is not None and (to is not None or originals):
            raise UserError(
                Text("--take 不与 --export 同用。", "--take does not go with --export."), where="--take, --export"
            )
        return desk.take(settings, book, not no_build) if book else desk.show(settings, extract, to, originals)

    @verb(
        click.argument("words", nargs=-1, metavar="[map SET CODE TARGET | reread | history]"),
        click.option(
            "--by", "who", default="", metavar="NAME", help="map 时必填：谁定的，将被记录。 Who maps it, recorded."
        ),
        click.option("--note", default="", help="备注，将被记录。 A note, recorded."),
        NO_BUILD,
    )
    def codes(settings: Settings, words: tuple[str, ...], no_build: bool, **options: Any) -> ExitCode:
        """未映射代码：列出、映射、重读。 List unmapped codes; map one for the province and read the held rows again.

        \b
        bulletin codes                                列出代码、行数、金额、月份  list codes with rows, money, months
        bulletin codes map insutype 888 310 --by 王敏  一省只映射一次，随即重读被隔离的行  map once, held rows are read again
        bulletin codes reread                         重读已在别处登记的代码  read again what the YAML has declared since
        bulletin codes history                        谁在何时映射了什么  who mapped what, and when
        """
        from dagster_project.verbs import codes as desk

        return desk.codes(settings, words, build=not no_build, **options)

    @verb(
        click.argument("check", required=False),
        click.option("--revoke", "waiver_id", type=int, help="撤销这个编号的豁免。 Revoke the waiver of this number."),
        REASON,
        BY,
        click.option(
            "--until", metavar="YYYY-MM-DD",
            help="有效至该日（含），到期恢复阻断。 Last day on which it holds; afterwards the finding blocks again.",
        ),
        click.option("--region", default="", help="只豁免这个地区的行。 Only the rows of this region."),
        click.option("--month", default="", help="只豁免这个月份的行（yyyymm）。 Only the rows of this month."),
    )  # fmt: skip
    def waive(
        settings: Settings,
        check: str | None,
        waiver_id: int | None,
        until: str | None,
        region: str,
        month: str,
        **told: Any,
    ) -> ExitCode:
        """豁免一个已知问题，到期恢复。 Take a known finding (CHECK as on the page of checks) as it is until a day.

        问题照常检查、照常列出，并写明谁、为何、到何时；只是不再阻断。数目变多或超出所写地区、月份的部分仍会阻断。
        有效期内它既不阻断运行，也不阻断定稿（不必再用 --accept）；定稿的检查页和 release.json 写明谁、为何、到何时。
        It is judged and shown as before, with who, why and until when, and only no longer blocks; more of it than now does.
        While it lasts it stops neither runs nor freezes (no --accept is needed); a frozen bulletin names who, why and until when.
        """
        from dagster_project.verbs import waivers

        if waiver_id is not None and check is None:
            return waivers.revoke(settings, waiver_id, **told)
        if check is None or until is None or waiver_id is not None:
            raise _no_whole_waiver(check, until, waiver_id)
        month = given_month(month, "--month") if month else ""
        return waivers.waive(settings, check, region, month, until=given_day(until, "--until"), **told)

    @verb()
    def waivers(settings: Settings) -> ExitCode:
        """列出全部豁免。 List every waiver with reason, owner, last day and state."""
        from dagster_project.verbs import waivers as desk

        return desk.listed(settings)


def _no_whole_waiver(check: str | None, until: str | None, waiver_id: int | None) -> UserError:
    """What a line lacks that is to make a waiver or to revoke one."""
    lacking = [
        *([Text("检查名称", "the name of the check")] if check is None else []),
        *([Text("--until", "--until")] if until is None else []),
    ]
    return UserError(
        Text("--revoke 后只写编号，不写检查名称。", "--revoke takes a number, and no name of a check beside it.")
        if waiver_id is not None
        else Text(
            f"没有写 {' 和 '.join(one.zh for one in lacking)}。", f"Missing: {' and '.join(one.en for one in lacking)}."
        ),
        where="bulletin waive",
        todo=Text(
            "例如 bulletin waive delivery_area_missing --until 2026-12-31 --reason 写明理由 --by 张三；"
            "撤销：bulletin waive --revoke 3 --reason 写明理由 --by 张三；检查名称见 checks.html。",
            "For instance bulletin waive delivery_area_missing --until 2026-12-31 --reason WHY --by NAME; to revoke: "
            "bulletin waive --revoke 3 --reason WHY --by NAME; checks.html names the checks.",
        ),
    )
