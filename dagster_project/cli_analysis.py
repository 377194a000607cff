"""The part of the `bulletin` command for analysts: areas compared, pages of indicators, others' figures against ours.

Belongs here: options and help of these verbs. Does not belong here: work (`verbs/`), the frame of a verb (`cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from dagster_project.errors import ExitCode
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
