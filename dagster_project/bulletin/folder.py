"""Publication folders: written aside, put in place by a rename, the older one put away.

Belongs here: where a folder stands, its durable steps and clearing up after a kill. Does not belong here: what is in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.durable import durable_step

REGIONS = "region"  # publications of prefectures stand in a folder of their own, beside the years of the province


def place_within(root: Path, region: str | None, year: int, vintage: str) -> Path:
    """<root>/<year>/<vintage>, or <root>/region/<code>/<year>/<vintage> for the bulletin of a part of the province."""
    return (root / REGIONS / region if region else root) / str(year) / vintage


def drafts_below(root: Path) -> list[Path]:
    """All publication folders with a release descriptor, the province's by year and vintage, then the prefectures'."""
    patterns = ("*/*/release.json", f"{REGIONS}/*/*/*/release.json")
    return [path.parent for pattern in patterns for path in sorted(root.glob(pattern))]


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def recover(target: Path) -> None:
    """Finish what a killed run left: the older folder comes back when the new one did not make it."""
    old = _old(target)
    if old.exists() and not target.exists():
        with durable_step("publication.restore"):
            old.rename(target)
    for leftover in (old, _aside(target)):
        if leftover.exists():
            with durable_step("publication.clear"):
                shutil.rmtree(leftover)


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """A folder to write into that becomes `target` when the block ends well; `target` stays as it was otherwise."""
    recover(target)
    aside = _aside(target)
    aside.mkdir(parents=True)
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    put_in_place(aside, target)


def put_in_place(finished: Path, target: Path) -> None:
    """Make a finished folder `target`, in place of an older one of that name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = _old(target)
    if target.exists():
        with durable_step("publication.put_away"):
            target.rename(old)
    with durable_step("publication.put_in_place"):
        finished.rename(target)
    if old.exists():
        with durable_step("publication.remove_old"):
            shutil.rmtree(old)
