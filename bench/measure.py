"""Running a command in a process of its own and watching what it and whatever it starts cost.

Belongs here: wall and processor seconds, peak memory, bytes written, as a whole and between two moments. Reads /proc, so
it needs Linux. Does not belong here: which commands (`product.py`, `run.py`), what the numbers mean.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05  # seconds between two looks: shorter than any stage that matters
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Look:
    """What a process had used at one moment (seconds of the epoch)."""

    at: float
    processor: float
    resident: int
    peak: int
    written: int


@dataclass(frozen=True)
class Cost:
    """What a piece of work cost; bytes as the kernel counts them towards the disk."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    written_bytes: int

    def as_json(self) -> dict[str, float]:
        """Rounded, for a result file."""
        return {
            "seconds": round(self.seconds, 2),
            "processor_seconds": round(self.processor_seconds, 2),
            "peak_bytes": self.peak_bytes,
            "written_bytes": self.written_bytes,
        }


@dataclass(frozen=True)
class Watched:
    """A finished command: its exit code, what it said, and the looks at it."""

    code: int
    output: str
    begun: float
    ended: float
    looks: list[Look]

    @property
    def whole(self) -> Cost:
        """The cost from the start of the process to its end."""
        last = self.looks[-1]
        return Cost(self.ended - self.begun, last.processor, max(look.peak for look in self.looks), last.written)

    def between(self, begun: float, ended: float) -> Cost:
        """The cost of the time between two moments; whatever else the process did then is in it."""
        inside = [look.resident for look in self.looks if begun <= look.at <= ended]
        first, last = self._at(begun), self._at(ended)
        return Cost(
            ended - begun,
            last.processor - first.processor,
            max([*inside, first.resident, last.resident]),
            last.written - first.written,
        )

    def _at(self, moment: float) -> Look:
        """The look nearest to a moment."""
        place = bisect_left(self.looks, moment, key=lambda look: look.at)
        near = self.looks[max(0, place - 1) : place + 1]
        return min(near, key=lambda look: abs(look.at - moment))


def watch(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Watched:
    """Run a command to its end. The exit code is the caller's to judge."""
    with tempfile.TemporaryFile() as said:
        begun = time.time()
        child = subprocess.Popen(command, env=dict(environment), cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        looks = [Look(begun, 0.0, 0, 0, 0)]
        while child.poll() is None:
            looks += _look(child.pid, looks[-1])
            time.sleep(EVERY)
        ended = time.time()
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    return Watched(child.returncode, output, begun, ended, looks)


def _look(pid: int, before: Look) -> list[Look]:
    """One look at a process and what it has started, or none when it has just ended."""
    own = _one(pid)
    if not own:
        return []
    found = own + [look for child in _below(pid) for look in _one(child)]
    resident = sum(look.resident for look in found)
    return [
        Look(
            time.time(),
            # What a child has used is lost when nobody waits for it; a sum never goes back.
            max(before.processor, sum(look.processor for look in found)),
            resident,
            max(resident, own[0].peak),
            max(before.written, sum(look.written for look in found)),
        )
    ]


def _below(pid: int) -> list[int]:
    """All that a process has started, and what these have."""
    found: list[int] = []
    with suppress(OSError):
        for task in (Path("/proc") / str(pid) / "task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_below(child)]
    return found


def _one(pid: int) -> list[Look]:
    """One process, or nothing when it has ended (and perhaps waits for its parent to notice)."""
    place = Path("/proc") / str(pid)
    try:
        lines = (place / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
        written = dict(line.split(": ") for line in (place / "io").read_text().splitlines())
        # The name in brackets may hold blanks. After it come, 12th to 15th: own user and system ticks, those of children
        # that have ended. What ended children have written the kernel adds to their parent by itself.
        ticks = (place / "stat").read_text().rpartition(")")[2].split()[11:15]
        return [
            Look(
                time.time(),
                sum(map(int, ticks)) / _TICK,
                _kilobytes(status["VmRSS"]),
                _kilobytes(status["VmHWM"]),
                int(written["write_bytes"]),
            )
        ]
    except (OSError, KeyError):
        return []


def _kilobytes(text: str) -> int:
    return int(text.split()[0]) * 1024
