"""Errors a user may meet, and their exit codes.

Belongs here: the one exception type that the command line turns into a message, and the exit codes of the stable
interface. Does not belong here: errors of programming, which stay ordinary exceptions and end as exit code 3.
"""

from __future__ import annotations

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
