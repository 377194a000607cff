"""How long a run has yet to go: what its stages cost, corrected by the home's last runs and by the pace of this one.

Belongs here: arithmetic on seconds and rows. Does not belong here: measuring and telling (`progress.py`), what a run has in
front of it (`workload.py`), drawing (`terminal.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# A stage that finds nothing to do still looks.
IDLE = 0.5
# Nothing is ever quite over: a stage that has used up its time is taken to need this part of it yet.
OVERRUN = 0.3
# What was known before counts as much as one stage of this run.
RESERVE = 1.0


@dataclass(frozen=True)
class Work:
    """Rows that a run has in front of it: new ones to take in, those of months to be rebuilt, all of the home."""

    new: float = 0.0
    due: float = 0.0
    all: float = 0.0


@dataclass(frozen=True)
class Measured:
    """Seconds of a stage, and the rows it was about."""

    seconds: float
    rows: float = 0.0


@dataclass(frozen=True)
class Cost:
    """Seconds of a stage: a fixed part, and one that grows with rows of a kind, a field of `Work`."""

    fixed: float
    per_million: float = 0.0
    kind: str = "all"
    is_never_idle: bool = False

    def rows(self, work: Work) -> float:
        """The rows that this stage is about."""
        return float(getattr(work, self.kind))

    def seconds(self, rows: float) -> float:
        """Seconds for so many rows; a stage that is about new or due rows has nothing to do without any."""
        if rows <= 0 and not (self.kind == "all" or self.is_never_idle):
            return IDLE
        return self.fixed + self.per_million * rows / 1e6


# Seconds on two cores at 2.1 GHz, fitted to samples of 0.3 to 55 million rows: only their proportions matter for long, since
# a run finds its own pace, and the home's last run says how far each stage is from this.
COSTS = {
    "start": Cost(5.0, kind="new", is_never_idle=True),  # slower with intake beside it, whatever its size
    "landing": Cost(3.0, 2.7, "new"),
    "landing_checks": Cost(0.4),
    "definitions": Cost(0.4),
    "core": Cost(3.2, 1.0, "due"),
    "core_checks": Cost(0.7),
    "indicator": Cost(2.8, 0.14, "due"),
    "indicator_checks": Cost(0.7),
    "publication": Cost(3.2, 0.04),
    "publication_checks": Cost(1.0, 0.02),
    "serving": Cost(0.6),
}


@dataclass
class TimeLeft:
    """The estimate for one run; moments are seconds since it began.

    `stages` are those that the run goes through, in order. The stage `landing` is at work from its first sign on, beside
    the start: its seconds are those of intake, not those that the run waits for it.
    """

    stages: Sequence[str]
    measured: Mapping[str, Measured] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    _begun: dict[str, float] = field(default_factory=dict)
    _fraction: dict[str, float] = field(default_factory=dict)
    _spent: dict[str, float] = field(default_factory=dict)  # until that fraction was told
    _share: dict[str, float] = field(default_factory=dict)
    _took: dict[str, float] = field(default_factory=dict)
    _is_started: bool = False

    def expect(self, work: Work) -> None:
        """More is known of what is in front."""
        self.work = work

    def planned(self, stage: str, share: float) -> None:
        """Only this part of a stage's work is to be done."""
        self._share[stage] = share

    def started(self, stage: str, at: float) -> None:
        """A stage begins; with the first one the start is over."""
        if not self._is_started and stage != "start":
            self._is_started = True
            self._took["start"] = at
        self._begun.setdefault(stage, at)

    def advanced(self, stage: str, fraction: float, at: float) -> None:
        """So much of a stage is done."""
        begun = self._begun.setdefault(stage, at)
        if fraction > self._fraction.get(stage, 0.0):
            self._fraction[stage], self._spent[stage] = fraction, at - begun
        if fraction >= 1:
            self.finished(stage, at)

    def finished(self, stage: str, at: float) -> None:
        """A stage is over; one that works beside the start may be so before the run comes to it."""
        self._took.setdefault(stage, at - self._begun.get(stage, at))

    def expected(self, stage: str) -> float:
        """Seconds of a stage at the pace of the home's last run."""
        cost, share = COSTS[stage], self._share.get(stage, 1.0)
        rows = cost.rows(self.work)
        if rows <= 0 and stage in self._share:  # models are due for another reason than rows
            rows = self.work.all
        seconds = cost.seconds(rows)
        if (known := self._known(stage)) is not None:
            seconds *= known.seconds / cost.seconds(known.rows)
        return max(seconds * share, min(seconds, IDLE))

    def _known(self, stage: str) -> Measured | None:
        """What the home remembers of a stage, if it had something to do then as it has now."""
        known, cost = self.measured.get(stage), COSTS[stage]
        if known is None or cost.kind == "all" or (cost.rows(self.work) > 0) == (known.rows > 0):
            return known
        return None

    def pace(self) -> float:
        """Seconds of this run for a second that was expected: the geometric mean over the stages that have told.

        One stage far off says more about itself than about the others, so the mean counts logarithms, and something that
        went as expected besides; what takes about a second or has nothing to do says little, and a stage that the home has
        not met says nothing about those that it has.
        """
        total, weights = 0.0, RESERVE
        for stage in self.stages:
            if self.measured and self._known(stage) is None:
                continue
            done = 1.0 if stage in self._took else self._fraction.get(stage, 0.0)
            known = self.expected(stage) * done
            if known > IDLE:
                spent = self._took.get(stage, self._spent.get(stage, 0.0))
                weight = known / (known + 1.0)
                total, weights = total + weight * math.log(max(spent, IDLE) / known), weights + weight
        return math.exp(total / weights)

    def left(self, at: float) -> float:
        """Estimated seconds to the end."""
        pace = self.pace()
        rest = {stage: self._stage_left(stage, at, pace) for stage in self.stages if stage not in self._took}
        beside = min(rest.get("start", 0.0), rest.get("landing", 0.0))
        return sum(rest.values()) - beside

    def _stage_left(self, stage: str, at: float, pace: float) -> float:
        """By the clock while little of a stage is done, by its own progress when most of it is."""
        expected = self.expected(stage) * pace
        if stage == "start":
            return max(expected - at, expected * OVERRUN)
        if stage not in self._begun:
            return expected
        elapsed, done = at - self._begun[stage], self._fraction.get(stage, 0.0)
        whole = expected
        if done > 0:
            whole = (1 - done) * expected + self._spent[stage]
        return max(whole - elapsed, OVERRUN * (1 - done) * max(expected, elapsed))
