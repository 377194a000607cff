"""The part of the `bulletin` command for analysts: areas compared, pages of indicators, vintages
against each other, others' figures against ours.

Belongs here: options and help of these verbs. Does not belong here: work (`verbs/`), the frame of a verb (`cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

_WORKBOOK = click.Path(dir_okay=False, path_type=Path)


def add_analysis(verb: Callable[..., Callable[[Callable[..., ExitCode]], click.Command]]) -> None:
    """Add these verbs to the command line."""

    @verb(
        click.option("--year", type=int, help="年份；默认最近一年。 Year; by default the newest."),
        click.option("--to", type=_WORKBOOK, help="写成 Excel 工作簿。 Keep it as a workbook."),
    )
    def pooling(settings: Settings, year: int | None, to: Path | None) -> ExitCode:
        """统筹区之间的差异、基金余缺、就医流向与一项测算。 How unequal the pooling areas are, what flows between them, one what-if."""
        from dagster_project.verbs import pooling as areas

        return areas.pooling(settings, year, to)

    @verb(
        click.option(
            "--to",
            type=click.Path(file_okay=False, path_type=Path),
            required=True,
            help="写入的目录。 Folder to write.",
        ),
        click.option("--region", default=None, help="哪个地区的数字，默认全省。 Whose figures; default the province."),
    )
    def indicators(settings: Settings, to: Path, region: str | None) -> ExitCode:
        """每个指标一页：定义、算法、口径、断点、公布数与本库数、图。 A page an indicator, own figures beside published ones."""
        from dagster_project.verbs import indicators as pages

        return pages.indicators(settings, to, region)

    @verb(
        click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--year", type=int, help="表里没写年份时的年份。 Year of figures whose sheets name none."),
        click.option("--to", type=_WORKBOOK, help="全部写成 Excel 工作簿。 Keep all of it as a workbook."),
        click.option("--template", "example", type=_WORKBOOK, help="写一份样表。 Write an example of the workbook."),
    )
    def reconcile(
        settings: Settings, file: Path | None, year: int | None, to: Path | None, example: Path | None
    ) -> ExitCode:
        """把已公布的数与本库核对，列出不符的和能解释它的口径。 Compare published figures with ours; name the definition that explains it."""
        from dagster_project.verbs import reconciling

        return reconciling.reconcile(settings, file, year, to, example)

    @verb(
        click.option("--year", type=click.IntRange(1990, 2100), required=True, help="年份。 Year."),
        click.option(
            "--quarter", type=click.IntRange(1, 4), default=None,
            help="年初累计到第几季，默认数据所到的季。 Cumulated up to this quarter; by default the last delivered.",
        ),
        click.option("--region", default=None, help="地区代码或名称，默认全省。 Region, by code or name; default the province."),
        click.option(
            "--definitions", "variant", default="present", show_default=True, metavar="NAME",
            help="按哪套口径填，如 bureau 为地市经办报表口径。 Under which definitions; bureau is a prefecture bureau's way.",
        ),
        click.option(
            "--to", type=_WORKBOOK, required=True, metavar="FILE.xlsx|csv",
            help="写成工作簿；.csv 为全部地区和季度的长表。 Write a workbook, or a CSV of all regions and quarters.",
        ),
    )  # fmt: skip
    def forms(
        settings: Settings, year: int, quarter: int | None, region: str | None, variant: str, to: Path
    ) -> ExitCode:
        """填写月报与 HI、MI、SI 报表并做表间审核；内部报表，不得公开。 Fill the official forms and check them; internal, not for publication."""
        from dagster_project.verbs import forms as returns

        return returns.forms(settings, year, quarter, region, variant, to)

    @verb(
        click.option("--year", type=click.IntRange(1990, 2100), required=True, help="年份。 Year."),
        click.argument("old", required=False),
        click.argument("new", required=False),
        click.option("--from", "start", default=None, metavar="VINTAGE", help="旧的版次，同 OLD。 The older one, as OLD."),
        click.option(
            "--to", "ends", multiple=True, metavar="VINTAGE|FILE.csv|xlsx",
            help="新的版次，同 NEW；或把全部差异另存为 CSV 或工作簿；可写两次。 The newer one, as NEW, or a CSV file or workbook for all of "
            "them; may be repeated.",
        ),
        click.option(
            "--causes", is_flag=True,
            help="把每个数的变动按原因拆分：撤出、迟到、更正、冲销、口径变更。在仓库副本里逐步重算，用时约为重算有关月份的几倍，另需与仓库一样大的磁盘空间。 "
            "Split the change of each number by cause. Each step is computed in a copy of the warehouse: some times as long as the "
            "months concerned take in a run, and as much room on the disk as the warehouse.",
        ),
    )  # fmt: skip
    def diff(
        settings: Settings,
        year: int,
        old: str | None,
        new: str | None,
        start: str | None,
        ends: tuple[str, ...],
        causes: bool,
    ) -> ExitCode:
        """比较同一年两个版次（默认最新定稿与草稿），列出变了的数。 List the numbers that differ between two vintages of a year, by
        default the newest frozen one and the draft.

        版次写名称（2026-03-01_bulletin）或种类（quick_report，取该年最新的一份）。 A vintage is given by its name, or by its kind: the
        newest of that kind.

        \b
        bulletin diff --year 2025 --from quick_report --to bulletin --causes --to changes.xlsx
        """
        from dagster_project.verbs import differing

        files = [Path(one) for one in ends if one.lower().endswith((".csv", ".xlsx"))]
        named = [one for one in ends if not one.lower().endswith((".csv", ".xlsx"))]
        if len(files) > 1 or len(named) > 1 or (old and start) or (new and named):
            raise UserError(
                Text(
                    "旧版次、新版次和要写的文件各只写一个。",
                    "Name one older vintage, one newer one and one file to write.",
                ),
                where="--from, --to",
            )
        later = new or next(iter(named), None)
        return differing.diff(settings, year, old or start, later, next(iter(files), None), causes)
