"""What a person sees on the terminal: progress with time left, the summary of a run, messages in one language.

Belongs here: printing. Does not belong here: deciding anything.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project import progress
from dagster_project.language import Text
from dagster_project.run import RunSummary
from dagster_project.settings import Settings
from dagster_project.time_left import TimeLeft, Work

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
    "unloaded": Text("已撤出，跳过", "unloaded, passed over"),
    "unknown": Text("不认识的文件", "unknown"),
}
HOLDS_RELEASE = Text("定稿前须处理", "to be dealt with before a freeze")
SHOWN = 12


def clock(seconds: float) -> str:
    """Seconds as m:ss, from an hour on as h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def say(text: Text | str, language: str, error: bool = False) -> None:
    """Print one message."""
    shown = text.in_language(language) if isinstance(text, Text) else text
    print(shown, file=sys.stderr if error else sys.stdout, flush=True)


@dataclass
class LineReporter(progress.Reporter):
    """One line a stage, for logs and pipes, which want no moving parts."""

    language: str

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        """The stage, its seconds and what it came to."""
        name = progress.STAGES[stage].in_language(self.language)
        say(f"{name}  {seconds:.1f} s  {detail}".rstrip(), self.language)


class BarReporter(progress.Reporter):
    """A bar with the running stage, what it is at, and the time left, which goes on between two signs of life."""

    def __init__(self, settings: Settings, stages: Sequence[str]) -> None:
        from rich.live import Live

        self._language = settings.language
        self._begun = time.monotonic()
        self._estimate = TimeLeft(stages, progress.measured(settings))
        self._stage, self._detail, self._done = stages[0], "", 0.0
        self._live = Live(get_renderable=self._line, refresh_per_second=2, transient=True)
        self._live.start()

    def _at(self) -> float:
        return time.monotonic() - self._begun

    def _name(self, stage: str) -> str:
        return progress.STAGES[stage].in_language(self._language)

    def _line(self) -> Any:
        from rich.cells import cell_len
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text as Words

        at = self._at()
        left = self._estimate.left(at)
        # What turns out to take longer makes the bar stand still, not go back.
        self._done = max(self._done, at / (at + left) if at + left else 0.0)
        line = Table.grid(padding=(0, 1), expand=True)
        # As wide as the longest name, so that the bar stands still when the stage changes.
        line.add_column(no_wrap=True, min_width=max(cell_len(self._name(stage)) for stage in progress.STAGES))
        for _ in range(3):
            line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        word = Text("剩余", "left").in_language(self._language)
        line.add_row(
            self._name(self._stage), ProgressBar(total=1.0, completed=self._done, width=20), f"{self._done:4.0%}",
            f"{word} {clock(left)}", Words(self._detail, style="dim"),
        )  # fmt: skip
        return line

    def expected(self, work: Work) -> None:
        """More is known of what is in front."""
        self._estimate.expect(work)

    def planned(self, stage: str, share: float) -> None:
        """Only a part of a stage is to be done."""
        self._estimate.planned(stage, share)

    def started(self, stage: str) -> None:
        """Show the stage that begins."""
        self._estimate.started(stage, self._at())
        self._stage, self._detail = stage, ""

    def advanced(self, stage: str, fraction: float, detail: str) -> None:
        """Move on within a stage, which may be one that works beside the running one."""
        self._estimate.advanced(stage, fraction, self._at())
        if stage == self._stage:
            self._detail = detail

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        """Leave a line behind above the bar."""
        from rich.text import Text as Words

        self._estimate.finished(stage, self._at())
        self._live.console.print(
            Words.assemble(("✓ ", "green"), self._name(stage), (f"  {seconds:.1f} s  {detail}".rstrip(), "dim")),
            highlight=False,
        )

    def close(self) -> None:
        """Take the bar off the screen."""
        self._live.stop()


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
        line(
            f"  ……另有 {rest} 个，见检查页（checks.html）", f"  … and {rest} more, see the page of checks (checks.html)"
        )
    if summary.checks:
        counts = ", ".join(f"{STATUS[s].in_language(language)} {n}" for s, n in summary.checks.items() if s in STATUS)
        line(f"检查：{counts}", f"Checks: {counts}")
    for check in summary.not_passed[:SHOWN]:
        shown = STATUS[check.status].in_language(language)
        waived = "".join(f"  {told.in_language(language)}" for told in check.waivers)
        holds = f"  {HOLDS_RELEASE.in_language(language)}" if check.holds_release else ""
        say(
            f"  {shown} {check.table_name} {check.check_name}  {check.unexpected}/{check.total}{holds}{waived}",
            language,
        )
    if summary.account:
        year, told = summary.account
        line(f"指标（{year} 年）：{told.zh}", f"Indicators ({year}): {told.en}")
    for path in summary.documents:
        line(f"公报：{path}", f"Bulletin: {path}")
    line(f"用时 {seconds:.0f} 秒；运行号 {summary.run_id}", f"{seconds:.0f} seconds; run {summary.run_id}")


def _side(text: str, language: str) -> str:
    """One language of a text stored as 'zh / en'."""
    parts = text.split(" / ", 1)
    return parts[0] if language == "zh" or len(parts) == 1 else parts[1]
