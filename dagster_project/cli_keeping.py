"""The part of the `bulletin` command about what came in and what is kept: records, deliveries, verification, backups.

Belongs here: options and help of these verbs. Does not belong here: work (`verbs/deliveries.py`, `verbs/keeping.py`), the frame of
a verb (`cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from dagster_project.errors import ExitCode, UserError
from dagster_project.given_days import given_month
from dagster_project.language import Text
from dagster_project.settings import Settings


def add_keeping(verb: Callable[..., Callable[[Callable[..., ExitCode]], click.Command]]) -> None:
    """Add these verbs to the command line."""

    @verb(
        click.argument("action", required=False, type=click.Choice(["confirm"])),
        click.argument("batch", required=False),
        click.option("--by", default="", metavar="NAME", help="由谁确认。 Who confirms."),
    )
    def manifest(settings: Settings, action: str | None, batch: str | None, by: str) -> ExitCode:
        """列出待确认的批次；manifest confirm 批次 --by 姓名 予以确认。 List unconfirmed batches; confirm BATCH --by NAME.

        没有数据中心清单的文件，仓库自己记下行数、sha256 和金额合计（HOME/manifests）；与数据中心核对后确认。
        Of files without a manifest the warehouse records rows, sha256 and sums itself; confirm them once they agree.
        """
        from dagster_project.verbs import deliveries

        return deliveries.manifest(settings, action, batch, by)

    @verb(
        click.option("--extract", default=None, help="只看一张表。 Only this extract."),
        click.option("--month", default=None, metavar="YYYYMM", help="列出该月各市县。 The areas of this month."),
        click.option(
            "--to", type=click.Path(dir_okay=False, path_type=Path), help="全部写成 CSV。 Write all of it as CSV."
        ),
        click.option(
            "--files", is_flag=True, help="改为列出全部入库的文件及编号。 List every load with its number instead."
        ),
    )
    def deliveries(
        settings: Settings, extract: str | None, month: str | None, to: Path | None, files: bool
    ) -> ExitCode:
        """交付矩阵：表 × 月 × 市县的行数与金额。 What was delivered by extract, month and area, beside the month and year before."""
        from dagster_project.verbs import deliveries as delivered

        if files:
            if month is not None or to is not None:
                raise UserError(
                    Text("--files 不与 --month、--to 同用。", "--files goes with neither --month nor --to."),
                    where="--files",
                )
            from dagster_project.verbs import loads

            return loads.listed(settings, extract)
        month = given_month(month, "--month") if month is not None else None
        return delivered.deliveries(settings, extract, month, to)

    @verb(click.option("--year", type=int, help="年份；默认最近一年。 Year; by default the newest."))
    def reversals(settings: Settings, year: int | None) -> ExitCode:
        """各统筹区的冲销写法：成对标记、只发负单等。 How each area writes its reversals, by kind and month."""
        from dagster_project.verbs import reversals as habits

        return habits.reversals(settings, year)

    @verb()
    def verify(settings: Settings) -> ExitCode:
        """核对家目录与记录是否一致。 Read every kept file again and compare it with what was recorded.

        每次运行开始时都会快速核对文件是否存在、大小是否一致；这里重读全部内容（sha256、行数、仓库的每张表、定稿文件）。
        Every run begins with existence and sizes; this reads all contents: hashes, rows, tables, frozen files.
        """
        from dagster_project.verbs import keeping

        return keeping.verify(settings)

    @verb(
        click.argument("target", type=click.Path(file_okay=False, path_type=Path)),
        click.option("--landing", is_flag=True, help="连同 landing/ 一起备份。 Copy landing/ too."),
    )
    def backup(settings: Settings, target: Path, landing: bool) -> ExitCode:
        """在 TARGET 下做一份核对过的备份。 Make a verified copy of the home in a new folder below TARGET; never the key."""
        from dagster_project.verbs import keeping

        return keeping.backup(settings, target, landing)

    @verb(click.argument("source", metavar="BACKUP", type=click.Path(file_okay=False, path_type=Path)))
    def restore(settings: Settings, source: Path) -> ExitCode:
        """从备份恢复到空的家目录。 Make the home from BACKUP; the home must be empty or absent, nothing is overwritten."""
        from dagster_project.verbs import keeping

        return keeping.restore(settings, source)
