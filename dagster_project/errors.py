"""Errors a user may meet, and their exit codes.

Belongs here: the one exception type that the command line turns into a message, and the exit codes of the stable
interface. Does not belong here: errors of programming, which stay ordinary exceptions and end as exit code 3.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from dagster_project.language import Text


class ExitCode(IntEnum):
    """Exit codes that scripts rely on."""

    DONE = 0
    PARTLY = 1  # a blocking check failed, or a file was refused while the rest was done
    BAD_INPUT = 2  # bad input or usage; nothing was done
    BROKEN_INSTALLATION = 3  # broken installation or environment


class UserError(Exception):
    """Something the user can put right: what happened, where, and what to do about it.

    `where` names the file, row, column and rule as far as they are known. The text never holds an identifier.
    """

    def __init__(self, what: Text, *, where: str = "", todo: Text | None = None, code: ExitCode = ExitCode.BAD_INPUT):
        super().__init__(what.en)
        self.what = what
        self.where = where
        self.todo = todo
        self.code = code

    def message(self, language: str = "zh") -> str:
        """The whole message in one language, one line a part."""
        lines = [self.what.in_language(language)]
        if self.where:
            lines.append(("位置：" if language == "zh" else "Where: ") + self.where)
        if self.todo is not None:
            lines.append(("处理：" if language == "zh" else "What to do: ") + self.todo.in_language(language))
        return "\n".join(lines)


def of_the_disk(error: OSError, place: object) -> UserError | None:
    """What a disk refuses, as a message (exit 3): full, read-only, no rights; None for anything else that goes wrong there."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = Text(
            "磁盘已满，没有完成；原有内容未动。", "The disk is full; not completed, what was there is untouched."
        )
        todo = Text("腾出空间或换一个目标后重试。", "Make room or choose another target and try again.")
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        what = Text("不可写（只读或没有权限），没有完成。", "Read-only or no right to write there; not completed.")
        todo = Text(
            "检查磁盘怎样挂载、文件夹的权限，或换一个可写的目标。",
            "Look at how the disk is mounted and at the rights of the folder, or choose a place that can be written to.",
        )
    else:
        return None
    return UserError(what, where=str(error.filename or place), todo=todo, code=ExitCode.BROKEN_INSTALLATION)


@contextmanager
def told_of_the_disk(place: object) -> Iterator[None]:
    """Turn what a disk refuses into a message (exit 3): full, read-only, no rights."""
    try:
        yield
    except OSError as error:
        known = of_the_disk(error, place)
        if known is not None:
            raise known from error
        raise UserError(
            Text(
                f"读写失败：{error.strerror}；没有完成。",
                f"Reading or writing failed: {error.strerror}; not completed.",
            ),
            where=str(error.filename or place),
            todo=Text("检查磁盘和路径后重试。", "Check the disk and the path and try again."),
            code=ExitCode.BROKEN_INSTALLATION,
        ) from error


def about_memory(shown: str) -> Text | None:
    """What to do when a text tells of too little memory, or of no room for what does not fit into it; else None."""
    if "out of memory" not in shown.lower() and "memoryerror" not in shown.lower():
        return None
    if "max_temp_directory_size" in shown or "failed to offload" in shown.lower():
        return Text(
            "内存不够，家目录 tmp/ 所在磁盘也放不下中间数据：腾出磁盘空间，或调高 BULLETIN_MEMORY_LIMIT 后重试；已完成的步骤不会重做。",
            "What does not fit into memory does not fit on the disk of HOME/tmp either: make room there or raise "
            "BULLETIN_MEMORY_LIMIT and run again; what is done stays done.",
        )
    return Text(
        "内存不足：调高 BULLETIN_MEMORY_LIMIT（如 6GB；不设则用机器内存的一半），或设 BULLETIN_THREADS=1 减少同时占用后重试；"
        "已完成的步骤不会重做。",
        "Out of memory: raise BULLETIN_MEMORY_LIMIT (such as 6GB; without it half of the machine's memory is used), or set "
        "BULLETIN_THREADS=1 so that less is held at once, and run again; what is done stays done.",
    )
