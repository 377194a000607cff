"""What intake tells its caller.

Belongs here: the result types. Does not belong here: printing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.errors import ExitCode
from dagster_project.language import Text


class Refusal(Exception):
    """A file that is not taken in, with the reason a person can act on."""

    def __init__(self, reason: Text):
        super().__init__(reason.en)
        self.reason = reason


def unloaded_text(who: str, reason: str) -> Text:
    """What is said of a file that was taken out again."""
    return Text(f"已撤出，不再入库（{who}：{reason}）", f"unloaded, not taken in again ({who}: {reason})")


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: loaded, refused, duplicate (same content was loaded before), unloaded or unknown."""

    source_file: str
    extract: str | None
    status: str
    reason: Text | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    load_id: int | None = None


@dataclass
class IngestReport:
    """All files of one run, in the order in which they were taken."""

    files: list[FileOutcome] = field(default_factory=list)
    touched_months: list[int] = field(default_factory=list)

    def _with(self, *status: str) -> list[FileOutcome]:
        return [file for file in self.files if file.status in status]

    @property
    def loaded(self) -> list[FileOutcome]:
        """Files loaded by this run."""
        return self._with("loaded")

    @property
    def refused(self) -> list[FileOutcome]:
        """Files refused whole by this run."""
        return self._with("refused")

    @property
    def duplicates(self) -> list[FileOutcome]:
        """Files whose content was loaded before."""
        return self._with("duplicate")

    @property
    def unknown(self) -> list[FileOutcome]:
        """Files whose name is no extract's."""
        return self._with("unknown")

    @property
    def exit_code(self) -> ExitCode:
        """0 everything taken, 1 something left out while the rest was done, 2 nothing done."""
        left_out = self._with("refused", "unknown")
        if not left_out:
            return ExitCode.DONE
        return ExitCode.PARTLY if self._with("loaded", "duplicate") else ExitCode.BAD_INPUT
