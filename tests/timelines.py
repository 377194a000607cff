"""What runs told of their progress, recorded with the moments, so that an estimate can be put to the test without running.

Belongs here: recording a run (`python -m tests.timelines NAME FILE run --home HOME`), replaying it. Does not belong here:
expectations.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dagster_project import progress
from dagster_project.time_left import Measured, TimeLeft, Work

RECORDED = Path(__file__).parent / "unit" / "timelines.json"


@dataclass
class Timeline:
    """One run: what its home remembered, what it told and when (seconds from the start), how long it took."""

    measured: dict[str, Measured]
    told: list[tuple[float, str, list[Any]]] = field(default_factory=list)
    seconds: float = 0.0

    def estimates(self) -> Iterator[tuple[float, float]]:
        """Moments all over the run, fifty of them, each with the seconds left as the terminal would have told them."""
        estimate = TimeLeft(list(progress.STAGES), self.measured)
        waiting = list(self.told)
        for step in range(1, 50):
            at = self.seconds * step / 50
            while waiting and waiting[0][0] <= at:
                moment, what, arguments = waiting.pop(0)
                if what == "expect":
                    estimate.expect(Work(*arguments))
                elif what == "planned":
                    estimate.planned(*arguments)
                else:
                    getattr(estimate, what)(*arguments, moment)
            yield at, estimate.left(at)


def recorded() -> dict[str, Timeline]:
    """The committed timelines by name."""
    return {
        name: Timeline(
            {stage: Measured(*one) for stage, one in told["measured"].items()},
            [(float(at), str(what), list(arguments)) for at, what, *arguments in told["told"]],
            float(told["seconds"]),
        )
        for name, told in json.loads(RECORDED.read_text(encoding="ascii")).items()
    }


class Recorder(progress.Reporter):
    """Writes down what a run tells, without names of files and models."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.told: list[list[Any]] = []

    def _note(self, what: str, *arguments: Any) -> None:
        self.told.append([round(time.monotonic() - self.begun, 2), what, *arguments])

    def expected(self, work: Work) -> None:
        self._note("expect", *(round(rows) for rows in asdict(work).values()))

    def planned(self, stage: str, share: float) -> None:
        self._note("planned", stage, round(share, 3))

    def started(self, stage: str) -> None:
        self._note("started", stage)

    def advanced(self, stage: str, fraction: float, detail: str) -> None:
        last = self.told[-1] if self.told else []
        if last[1:3] == ["advanced", stage] and fraction - last[3] < 0.01:
            return
        self._note("advanced", stage, round(fraction, 3))

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        self._note("finished", stage)


def record(name: str, target: Path, words: list[str]) -> None:
    """Run the command line and add its timeline to a file."""
    from dagster_project.cli import main
    from dagster_project.settings import Settings

    recorder = Recorder()
    measured = progress.measured(Settings(home=Path(words[words.index("--home") + 1])))
    install = progress.set_reporter

    def instead(reporter: progress.Reporter | None) -> None:
        install(recorder if reporter is not None else None)
        if reporter is None:  # the process ends at once, without coming back here
            known = json.loads(target.read_text(encoding="ascii")) if target.exists() else {}
            known[name] = {
                "measured": {stage: [one.seconds, one.rows] for stage, one in measured.items()},
                "seconds": round(time.monotonic() - recorder.begun, 2),
                "told": recorder.told,
            }
            lines = [f"{json.dumps(key)}: {json.dumps(known[key])}" for key in sorted(known)]
            target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")

    progress.set_reporter = instead
    sys.argv = ["bulletin", *words]
    main()


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
