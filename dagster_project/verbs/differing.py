"""`bulletin diff`: what changed between two vintages, and by how much each cause moved it.

Belongs here: the order of the steps, what goes to the terminal and to a file. Does not belong here: comparing and wording
(`explain/`), computing the steps between (`causes/`).
"""

from __future__ import annotations

from pathlib import Path

from dagster_project import progress
from dagster_project.errors import ExitCode
from dagster_project.explain import difference_book
from dagster_project.explain.between import Between, between
from dagster_project.explain.cause_lines import STEP_NAMES
from dagster_project.explain.differences import render
from dagster_project.explain.vintages import Difference, compare
from dagster_project.explain.waterfall import Waterfall
from dagster_project.handing_out import require_place, whole_file
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import clock, say
from dagster_project.verbs.running import require_loaded


def diff(settings: Settings, year: int, old: str | None, new: str | None, to: Path | None, causes: bool) -> ExitCode:
    """Print the numbers that differ between two vintages of a year, and write them all where asked; with `causes` in parts.

    PARTLY where the parts were asked for and cannot be told.
    """
    if causes or not settings.publication.is_dir():  # frozen vintages can be compared without a warehouse
        require_loaded(settings)
    if to is not None:
        require_place(to)
    result = compare(settings, year, old, new)
    came = between(settings, result)
    waterfall = _waterfall(settings, result, came) if causes else None
    say(render(result, settings.language, came, waterfall), settings.language)
    if to is not None:
        with whole_file(to) as part:
            difference_book.write(result, waterfall, part, to.suffix)
        say(Text(f"全部差异：{to}", f"All differences: {to}"), settings.language)
    return ExitCode.PARTLY if waterfall is not None and waterfall.reason is not None else ExitCode.DONE


def _waterfall(settings: Settings, difference: Difference, came: Between | None) -> Waterfall:
    from dagster_project.causes import split

    if difference.changes.is_empty():
        return Waterfall()
    if came is None:
        reason = Text(
            "两版所记的来源文件与这个家目录的不符，或其 raw 文件已不在",
            "the source files that both vintages record are not those of this home, or their raw files are gone",
        )
        return Waterfall(reason=reason)
    last = sum(progress.node_seconds(settings).values())

    def on_step(step: int, place: int, of: int) -> None:
        if place == 1:
            most = clock(max(last, 1) * of)
            told = Text(
                f"按原因拆分：在仓库的副本里重算 {of} 步，至多约 {most}；这期间不能运行其他任务，仓库不变。",
                f"Split by cause: {of} steps are computed in a copy of the warehouse, about {most} at most; nothing else can run "
                "meanwhile, and the warehouse stays as it is.",
            )
            say(told, settings.language)
        name = STEP_NAMES[step]
        say(Text(f"  {place}/{of} {name.zh}", f"  {place}/{of} {name.en}"), settings.language)

    found = split(settings, difference, on_step)
    took = clock(sum(found.seconds.values()))
    say(Text(f"  重算用时 {took}", f"  computed in {took}"), settings.language)
    return found
