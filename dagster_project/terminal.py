"""What a person sees on the terminal: progress with time left, the summary of a run, messages in one language.

Belongs here: printing. Does not belong here: deciding anything.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from dagster_project import progress
from dagster_project.language import Text
from dagster_project.run import RunSummary
from dagster_project.settings import Settings

STATUS = {
    "pass": Text("通过", "passed"),
    "warn": Text("提示", "warned"),
    "fail": Text("未通过", "failed"),
    "error": Text("未能运行", "could not run"),
    "not_applicable": Text("不适用", "not applicable"),
}
FILE_STATUS = {
    "loaded": Text("入库", "loaded"),
    "refused": Text("拒收", "refused"),
    "duplicate": Text("已入库过，跳过", "loaded before, passed over"),
    "unknown": Text("不认识的文件", "unknown"),
}
SHOWN = 12


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(text: Text | str, language: str, error: bool = False) -> None:
    """Print one message."""
    shown = text.in_language(language) if isinstance(text, Text) else text
    print(shown, file=sys.stderr if error else sys.stdout, flush=True)


@dataclass
class LineReporter:
    """One line a stage, for logs and pipes."""

    language: str

    def started(self, stage: str) -> None:
        """Nothing: the line comes when the stage is over."""

    def advanced(self, stage: str, fraction: float, detail: str) -> None:
        """Nothing: a log wants no moving parts."""

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        """The stage, its seconds and what it came to."""
        name = progress.STAGES[stage].in_language(self.language)
        say(f"{name}  {seconds:.1f} s  {detail}".rstrip(), self.language)


@dataclass
class BarReporter:
    """A bar with the running stage, what it is at, and the time left."""

    settings: Settings
    _begun: float = field(default_factory=time.monotonic)
    _bar: Any = None
    _task: Any = None

    def __post_init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._expected = progress.expected_seconds(self.settings)
        self._bar = Progress(
            TextColumn("{task.fields[stage]}"), BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[left]}"), TextColumn("[dim]{task.fields[detail]}", justify="left"),
            transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("run", total=1.0, stage="", left="", detail="")
        self._bar.start()
        self.started("start")

    def _update(self, stage: str, fraction: float, detail: str) -> None:
        spent = time.monotonic() - self._begun
        left = progress.seconds_left(self._expected, stage, fraction, spent)
        word = Text("剩余", "left").in_language(self.settings.language)
        self._bar.update(
            self._task, completed=spent / (spent + left) if spent + left else 0.0, detail=detail[:48],
            stage=progress.STAGES[stage].in_language(self.settings.language), left=f"{word} {clock(left)}",
        )  # fmt: skip

    def started(self, stage: str) -> None:
        """Show the stage that begins."""
        self._update(stage, 0.0, "")

    def advanced(self, stage: str, fraction: float, detail: str) -> None:
        """Move the bar within a stage."""
        self._update(stage, fraction, detail)

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        """Leave a line behind above the bar."""
        name = progress.STAGES[stage].in_language(self.settings.language)
        self._bar.console.print(f"[green]✓[/] {name}  [dim]{seconds:.1f} s  {detail}", highlight=False)
        self._update(stage, 1.0, "")

    def close(self) -> None:
        """Take the bar off the screen."""
        self._bar.stop()


def print_summary(summary: RunSummary, language: str, seconds: float) -> None:
    """What a run came to: files, checks by status, what needs attention, where the bulletin lies."""

    def line(zh: str, en: str) -> None:
        say(Text(zh, en), language)

    if summary.synthetic:
        line("合成数据：以下数字不是真实统计。", "Synthetic data: no number below is real.")
    files = ", ".join(
        f"{FILE_STATUS[s].in_language(language)} {n}" for s, n in summary.files.items() if s in FILE_STATUS
    )
    line(
        f"文件：{files or '没有新文件'}；读 {summary.rows_read:,} 行，隔离 {summary.rows_quarantined:,} 行",
        f"Files: {files or 'none new'}; {summary.rows_read:,} rows read, {summary.rows_quarantined:,} quarantined",
    )
    for name, reason in summary.left_out[:SHOWN]:
        line(f"  未入库 {name}：{_side(reason, 'zh')}", f"  left out {name}: {_side(reason, 'en')}")
    if len(summary.left_out) > SHOWN:
        rest = len(summary.left_out) - SHOWN
        line(f"  ……另有 {rest} 个，见 ops.file", f"  … and {rest} more, see ops.file")
    if summary.checks:
        counts = ", ".join(f"{STATUS[s].in_language(language)} {n}" for s, n in summary.checks.items() if s in STATUS)
        line(f"检查：{counts}", f"Checks: {counts}")
    for check in summary.not_passed[:SHOWN]:
        shown = STATUS[check.status].in_language(language)
        say(f"  {shown} {check.table_name} {check.check_name}  {check.unexpected}/{check.total}", language)
    for path in summary.documents:
        line(f"公报：{path}", f"Bulletin: {path}")
    line(f"用时 {seconds:.0f} 秒；运行号 {summary.run_id}", f"{seconds:.0f} seconds; run {summary.run_id}")


def _side(text: str, language: str) -> str:
    """One language of a text stored as 'zh / en'."""
    parts = text.split(" / ", 1)
    return parts[0] if language == "zh" or len(parts) == 1 else parts[1]
