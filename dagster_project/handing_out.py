"""Files handed out at a place that a person names: whole or not at all, and refused in words where there is no such place.

Belongs here: which places are taken, the durable steps of a file and of a copied folder. Does not belong here: what is in them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dagster_project.durable import durable_step
from dagster_project.errors import UserError, told_of_the_disk
from dagster_project.language import Text
from dagster_project.settings import Settings

_DESCRIPTOR = "release.json"  # by which a folder of documents is known


def require_place(to: Path) -> None:
    """A file or folder can be made under this name; nothing is made by asking.

    Raises UserError (exit 2) when the folder it is to lie in is missing or not to be written to: a misspelt path is not made.
    """
    folder = to.absolute().parent
    if not folder.is_dir():
        raise UserError(
            Text("没有这个文件夹，未写出任何文件。", "There is no such folder; nothing was written."),
            where=str(folder),
            todo=Text("先建好该文件夹，或换一个路径。", "Make the folder first, or name another."),
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            Text("没有写入这个文件夹的权限，未写出任何文件。", "There is no right to write to this folder; nothing was written."),
            where=str(folder),
            todo=Text("换一个文件夹，或请人授权。", "Name another folder, or have the right granted."),
        )  # fmt: skip


def require_workbook(to: Path) -> None:
    """An Excel workbook can be written there. Raises UserError (exit 2) for another kind of name, and see `require_place`."""
    if to.suffix.lower() != ".xlsx":
        raise UserError(
            Text(f"结果写成 Excel 工作簿，文件名应以 .xlsx 结尾：{to.name}", f"The answer is a workbook; name it *.xlsx: {to.name}"),
            where=str(to),
        )  # fmt: skip
    require_place(to)


def require_place_of_copies(settings: Settings, to: Path, targets: Sequence[Path]) -> None:
    """Folders can be copied to these targets in `to`. Raises UserError (exit 2) also for the home's own publications, which only
    runs write, and where a folder of that name is something else than an earlier copy."""
    from dagster_project.bulletin.folder import recover

    require_place(to)
    if to.exists():
        require_place(to / "any")
    if to.resolve().is_relative_to(settings.publication.resolve()):
        raise UserError(
            Text("这是出版物自己的文件夹，不能另存到这里；未做任何改动。", "This is the folder of the publications themselves; nothing was done."),
            where=str(to),
            todo=Text("另存到家目录的 publication 以外。", "Name a folder outside of publication in the home."),
        )  # fmt: skip
    for target in targets:
        recover(target)  # what an earlier copy left when it was stopped
        if target.exists() and not (target / _DESCRIPTOR).is_file() and any(target.iterdir()):
            raise UserError(
                Text("已有同名文件夹，不是以前另存的公报；未做任何改动。", "A folder of this name holds something else than an earlier copy; nothing was done."),
                where=str(target),
                todo=Text("换一个文件夹，或先将它改名。", "Name another folder, or rename that one first."),
            )  # fmt: skip


@contextmanager
def whole_file(to: Path) -> Iterator[Path]:
    """A path to write to that becomes `to` when the block ends well; an older file of that name stays as it was otherwise.

    Raises UserError: (exit 2) see `require_place`, (exit 3) when the disk takes it not.
    """
    require_place(to)
    part = to.with_name(f".{to.name}.part")
    with told_of_the_disk(to):
        try:
            yield part
            with durable_step("handing_out.rename_file"):
                part.replace(to)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def copy_folder(source: Path, target: Path) -> None:
    """A folder as `target`, which becomes it in one step; files that somebody added to an earlier copy stay in it.

    Copies can be written to, also those of a frozen vintage. Raises UserError (exit 3) when the disk takes it not.
    """
    from dagster_project.bulletin.folder import replaced

    with told_of_the_disk(target), replaced(target) as aside:
        for folder in (target, source):
            for path in sorted(folder.rglob("*")):
                place = aside / path.relative_to(folder)
                if path.is_dir():
                    place.mkdir(parents=True, exist_ok=True)
                else:
                    shutil.copyfile(path, place)
