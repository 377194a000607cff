"""Drafts of the bulletin: made aside, judged there, brought to their places when nothing blocking was found.

Belongs here: where a draft lies between the two. Does not belong here: making documents (`bulletin/`), judging (`checks/`).

What is blocked must not stand where a finished bulletin stands, and the draft of an earlier run stays until there is a
better one; so drafts begin in HOME/publication/.unchecked. A blocked one is left there to be looked at, until the next run.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from dagster_project import progress
from dagster_project.durable import durable_step
from dagster_project.settings import Settings


def publish(settings: Settings, years: Sequence[int], run_id: str, region: str | None = None) -> list[Path]:
    """Make the draft bulletin of each year aside; returns the folders, which are places already where frozen.

    `region` is the code of a prefecture whose own bulletin it is to be, by default that of the province.
    """
    from dagster_project.bulletin import make_publication

    _clear(settings)
    folders = []
    for place, year in enumerate(years):

        def tell(fraction: float, detail: str, place: int = place) -> None:
            progress.advance((place + fraction) / len(years), detail)

        report = make_publication(
            settings, year, run_id=run_id, on_progress=tell, root=settings.unchecked, region=region
        )
        folders.append(report.folder)
    progress.conclude("、".join(f"{folder.parent.name}/{folder.name}" for folder in folders))
    return folders


def place_of(settings: Settings, folder: Path) -> Path:
    """Where a folder that `publish` made stands once it has passed."""
    if not folder.is_relative_to(settings.unchecked):
        return folder
    return settings.publication / folder.relative_to(settings.unchecked)


def bring_out(settings: Settings) -> None:
    """Put the drafts that have passed in their places."""
    from dagster_project.bulletin.folder import drafts_below, put_in_place, recover

    for folder in drafts_below(settings.unchecked):
        target = place_of(settings, folder)
        recover(target)
        put_in_place(folder, target)
    _clear(settings)


def _clear(settings: Settings) -> None:
    if settings.unchecked.exists():
        with durable_step("draft.clear"):
            shutil.rmtree(settings.unchecked)
