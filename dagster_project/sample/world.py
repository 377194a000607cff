"""Everything the drawing functions need to know about one synthetic province, in one frozen object.

Belongs here: putting calibration, geography, people and institutions together, and the number of rows a month has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dagster_project.sample.calendar import day_number
from dagster_project.sample.calibration import Calibration, load_calibration
from dagster_project.sample.geography import Geography, build_geography
from dagster_project.sample.institutions import Institutions, build_institutions
from dagster_project.sample.people import People


@dataclass(frozen=True, eq=False)
class World:
    """One synthetic province: a seed, a scale, a span of years, and what follows from them."""

    seed: int
    scale: float
    years: tuple[int, ...]
    line_months: tuple[int, ...]
    calibration: Calibration
    geography: Geography
    institutions: Institutions
    people: People

    @property
    def base_year(self) -> int:
        """The year before the first: enrolment, contributions and ledger only."""
        return self.years[0] - 1

    @property
    def all_years(self) -> tuple[int, ...]:
        """The base year and the years with settlements."""
        return (self.base_year, *self.years)

    @cached_property
    def months(self) -> tuple[int, ...]:
        """Settlement months, yyyymm."""
        return tuple(year * 100 + month for year in self.years for month in range(1, 13))

    @property
    def first_day(self) -> int:
        """1 January of the first year: no stay is discharged before it."""
        return day_number(self.years[0])

    def has_lines(self, month: int) -> bool:
        """Whether all charge lines are written: listed months of the last year, as bureaus ask for lines where a form needs them.

        In the other months those of some stays are, for the uses of negotiated drugs.
        """
        return month // 100 == self.years[-1] and month % 100 in self.line_months

    def rows_of_month(self, month: int) -> int:
        """Ordinary settlement rows of a month (stories come on top and are taken off here)."""
        weights: list[int] = self.calibration.parameters["month_weights"]
        yearly = float(self.calibration.parameters["settlements_per_year"]) * self.scale
        return max(200, round(yearly * weights[month % 100 - 1] / sum(weights) * 0.995))

    def story_count(self, name: str, month: int) -> int:
        """Events of one story kind in a month; at least one."""
        return max(1, round(self.rows_of_month(month) * self.calibration.story_rate(name)))


def build_world(seed: int, scale: float, years: tuple[int, ...], province: str, line_months: tuple[int, ...]) -> World:
    """The synthetic province for a seed, a scale and consecutive years."""
    calibration = load_calibration()
    geography = build_geography(province, calibration)
    return World(
        seed=seed,
        scale=scale,
        years=years,
        line_months=line_months,
        calibration=calibration,
        geography=geography,
        institutions=build_institutions(geography, seed, years[len(years) // 2]),
        people=People(seed, geography, calibration, scale, years[0], years[-1]),
    )
