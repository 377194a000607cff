"""The desk's part of the `bulletin` command: what a person decides about data that have come in.

Belongs here: options and help of these verbs. Does not belong here: work (`verbs/desk.py`), the frame of a verb (`cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dagster_project.errors import ExitCode
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
