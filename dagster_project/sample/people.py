"""The people of the synthetic province: every attribute a pure function of (seed, category, rank).

Belongs here: categories, birth dates, sex, home region, employer, certificate parts, and which events a life holds.
Nobody is kept in memory. Does not belong here: spells and payments (`lives.py`), visits (`visits.py`).

Categories: ACTIVE and RETIRED members of the employee scheme, RESIDENT members born before the first year, NEWBORN
residents born in the sample's years. `rank` counts within a category; `rank % 1024` is the slot that decides a life's
events, so shares of events hold at every scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.calendar import day_number
from dagster_project.sample.calibration import Calibration
from dagster_project.sample.geography import Geography
from dagster_project.sample.hashing import Bits, Integers, below, bits, choose, part

ACTIVE, RETIRED, RESIDENT, NEWBORN = 0, 1, 2, 3
SLOTS = 1024
EMPLOYERS_PER_REGION = 400
ENTERPRISE, GOVERNMENT, FLEXIBLE, UNKNOWN_EMPLOYER = 0, 1, 2, 3
_EMPLOYER_WEIGHTS = (0.53, 0.235, 0.23, 0.005)
_STREAM_HOME, _STREAM_EVENT, _STREAM_EMPLOYER = 11, 12, 13
# Slots of people who move to another prefecture with their insurance.
MOVE_SLOTS = {ACTIVE: (6, 10), RESIDENT: (0, 8)}
# Slots whose life event changes region, scheme or status on one day; `lives.py` says how.
EVENT_SLOTS = {
    ACTIVE: (0, 17),  # retire 0–5, move 6–9, lose job 10–12, two schemes 13–15, die 16
    RETIRED: (0, 8),  # die
    RESIDENT: (0, 28),  # move 0–7, become employee 8–14, two registrations 15–18, die 20–27
}


@dataclass(frozen=True)
class People:
    """Sizes and attribute functions of one synthetic province."""

    seed: int
    geography: Geography
    calibration: Calibration
    scale: float
    first_year: int
    last_year: int

    @cached_property
    def counts(self) -> tuple[int, int, int, int]:
        """Persons per category."""
        persons = self.calibration.parameters["persons"]
        years = self.last_year - self.first_year + 1
        sizes = (persons["active"], persons["retired"], persons["resident"], persons["newborn_per_year"] * years)
        active, retired, resident, newborn = (max(SLOTS, round(size * self.scale)) for size in sizes)
        return active, retired, resident, newborn

    @cached_property
    def _birth_spans(self) -> tuple[tuple[int, int], ...]:
        """First birth day and number of birth days per category; disjoint for ACTIVE and RETIRED."""
        start = day_number(self.first_year)
        young, border, old = (
            day_number(self.first_year - 20),
            day_number(self.first_year - 58),
            day_number(self.first_year - 88),
        )
        end = day_number(self.last_year + 1)
        return (border, young - border), (old, border - old), (old, start - old), (start, end - start)

    def birth_days(self, category: NDArray[np.integer], rank: Integers) -> Integers:
        """Day of birth: ranks walk over the category's days by a step coprime to their number."""
        first = np.array([span[0] for span in self._birth_spans], dtype=np.int64)[category]
        days = np.array([span[1] for span in self._birth_spans], dtype=np.int64)[category]
        # 7919 is prime, so within one round of `days` ranks every day comes once: pairs of (day, round) are unique.
        step = rank * 7919 + rank // days
        day: Integers = first + step % days
        return day

    def certificate_sequence(self, category: NDArray[np.integer], rank: Integers) -> Integers:
        """Pair number 0–499 within a birth day, or -1 where 18 digits have no number left (scale near 1)."""
        days = np.array([span[1] for span in self._birth_spans], dtype=np.int64)[category]
        pair = rank // days
        limit = np.array([250, 250, 250, 500], dtype=np.int64)[category]
        base = np.array([0, 0, 250, 0], dtype=np.int64)[category]
        return np.where(pair < limit, base + pair, -1)

    def home_bits(self, category: NDArray[np.integer], rank: Integers) -> Bits:
        """Bits that decide sex (48) and home region (0–15)."""
        return bits(rank * 4 + category, self.seed, _STREAM_HOME)

    def sex(self, home: Bits) -> Integers:
        """1 male, 2 female."""
        return part(home, 48, 1) + 1

    def home_region(self, category: NDArray[np.integer], home: Bits) -> Integers:
        """Position of the insured region."""
        employee = choose(home, 0, self.geography.employee_weights)
        resident = choose(home, 0, self.geography.resident_weights)
        return np.where(category <= RETIRED, employee, resident).astype(np.int64)

    def other_region(self, region: Integers, source: Bits) -> Integers:
        """A region of another prefecture, never the province-run unit: the first drawn one that differs, else any."""
        prefecture_of = self.geography.prefecture_of
        result = np.full(len(region), -1, dtype=np.int64)
        for shift in (0, 16, 32):
            drawn = choose(source, shift, self.geography.resident_weights).astype(np.int64)
            fits = (result < 0) & (prefecture_of[drawn] != prefecture_of[region])
            result[fits] = drawn[fits]
        fallback = (prefecture_of[region] + 1) % max(1, len(self.geography.prefectures) - 1)
        first_of = np.array([int(np.argmax(prefecture_of == p)) for p in range(len(self.geography.prefectures))])
        return np.where(result < 0, first_of[fallback], result)

    def employer(self, rank: Integers, region: Integers) -> Integers:
        """Employer number: region position × EMPLOYERS_PER_REGION + number within the region."""
        drawn = below(bits(rank, self.seed, _STREAM_EMPLOYER), EMPLOYERS_PER_REGION)
        return region * EMPLOYERS_PER_REGION + drawn

    def employer_group(self, employer: Integers) -> NDArray[np.int16]:
        """ENTERPRISE, GOVERNMENT, FLEXIBLE or UNKNOWN_EMPLOYER of each employer."""
        return choose(bits(employer, self.seed, _STREAM_EMPLOYER, 1), 0, _EMPLOYER_WEIGHTS)

    def event_bits(self, category: NDArray[np.integer], rank: Integers) -> Bits:
        """Bits for the events of a life."""
        return bits(rank * 4 + category, self.seed, _STREAM_EVENT)

    def event_day(self, source: Bits) -> Integers:
        """Day of the life event: 20 January of the first year to 10 December of the last."""
        first, last = day_number(self.first_year, 1, 20), day_number(self.last_year, 12, 10)
        return first + part(source, 0, 20) % (last - first)
