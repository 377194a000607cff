"""Forms filled: every cell of every region, year and quarter, added up from the labelled cubes.

Belongs here: choosing cells by the declaration, adding them up, cumulating quarters, why a cell is blank. Does not belong here:
labels and amounts (dbt models `indicator.form_*`), cross-form rules (`rules.py`). Amounts are whole hundredths throughout, so
that sums are exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import duckdb
import polars as pl

from dagster_project.forms.model import Column, Condition, Form, Row, load_forms

QUARTERS = (1, 2, 3, 4)
# Sources by what the declaration calls them: the query, and whether they are known by month.
_SOURCES = {
    "care": ("select * exclude (province), (month % 100 + 2) // 3 as quarter from indicator.form_care", True),
    "transfer": ("select * exclude (province), (month % 100 + 2) // 3 as quarter from indicator.form_transfer", True),
    "charge": ("select * exclude (province), (month % 100 + 2) // 3 as quarter from indicator.form_charge", True),
    "control": ("select * exclude (province), (month % 100 + 2) // 3 as quarter from indicator.form_control", True),
    "enrolment": ("select *, 4 as quarter from indicator.labelled_enrolment", False),
    "ledger": ("select *, 4 as quarter from indicator.labelled_fund", False),
}
# Models of the layer that nothing but the forms reads: to be computed with it under other definitions.
MODELS = ("form_care", "form_charge", "form_control", "form_reported", "form_transfer")
# Sources of an extract that only forms need: why the cells of a year are blank of which nothing, or not enough, was delivered.
_LACKING = {"charge": "no_lines", "transfer": "no_transfers"}
_CELLS = {
    "form": pl.String, "row": pl.String, "column": pl.String, "region_code": pl.String, "year": pl.Int64,
    "quarter": pl.Int64, "unit": pl.String, "hundredths": pl.Int64, "reason": pl.String,
}  # fmt: skip
Place = tuple[str, int, int]  # region, year, quarter: from January to the end of that quarter


@dataclass(frozen=True)
class Filled:
    """Cells in long form (columns of `_CELLS`, one row a form, row, column, region, year and quarter) and what they are of.

    `hundredths` is null exactly where `reason` says why: a key of the reasons, '' for a cell with a value.
    """

    cells: pl.DataFrame
    province: str
    year: int
    last_quarter: int


def fill(connection: duckdb.DuckDBPyConnection, year: int, province: str) -> Filled:
    """The forms of a year and of the year before, as far as months have come, from an open warehouse or trial."""
    forms, _ = load_forms()
    frames = {name: _frame(connection, query, year) for name, (query, _) in _SOURCES.items()}
    last = {
        int(of): int(quarter)
        for of, quarter in frames["care"].group_by("year").agg(pl.col("quarter").max()).iter_rows()
    }
    regions = sorted({code for code in frames["care"]["region_code"].unique() if code} | {province})
    places = [(region, of, quarter) for of in sorted(last) for quarter in range(1, last[of] + 1) for region in regions]
    filler = _Filler(connection, frames, province, places)
    rows = [
        (form.key, row.key, column.key, *place, column.unit, value, reason)
        for form in forms
        for row in form.rows
        for column, by_place in filler.row(form, row)
        for place, (value, reason) in by_place.items()
    ]
    return Filled(pl.DataFrame(rows, schema=_CELLS, orient="row"), province, year, last.get(year, 0))


def _frame(connection: duckdb.DuckDBPyConnection, query: str, year: int) -> pl.DataFrame:
    frame = connection.execute(f"select * from ({query}) where year in ($1 - 1, $1)", [year]).pl()
    money = [name for name, kind in frame.schema.items() if kind.is_decimal()]
    return frame.with_columns([(pl.col(name) * 100).cast(pl.Int64) for name in money])


class _Filler:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, frames: dict[str, pl.DataFrame], province: str, places: list[Place]
    ) -> None:
        self._frames, self._province, self._places = frames, province, places
        years = sorted({year for _, year, _ in places})
        self._persons = _looked_up(
            connection.execute(
                "select scheme || '|' || paid_by || '|' || breakdown || '|' || member, region_code, year, persons "
                "from indicator.beneficiary where list_contains($1::integer[], year)", [years],
            ).fetchall()
        )  # fmt: skip
        self._reported = _looked_up(
            connection.execute("select cell, region_code, year, amount from indicator.form_reported").fetchall()
        )
        self._indicators = _looked_up(
            connection.execute(
                "select indicator_id, region_code, year, numerator from indicator.indicator_value "
                "where period_kind = 'year' and breakdown = 'total' and numerator is not null "
                "and list_contains($1::integer[], year)", [years],
            ).fetchall()
        )  # fmt: skip

    def row(self, form: Form, row: Row) -> Iterable[tuple[Column, dict[Place, tuple[int | None, str]]]]:
        """The columns of a row with value and reason by place."""
        made: dict[str, dict[Place, tuple[int | None, str]]] = {}
        for column in form.columns:
            made[column.key] = self._returned(form, row, column, self._column(row, column, made))
        return [(column, made[column.key]) for column in form.columns]

    def _column(
        self, row: Row, column: Column, made: dict[str, dict[Place, tuple[int | None, str]]]
    ) -> dict[Place, tuple[int | None, str]]:
        if row.blank or column.blank:
            return dict.fromkeys(self._places, (None, row.blank or column.blank))
        if column.positive_of:
            above, below = (made[key] for key in column.positive_of)
            return {place: (max((above[place][0] or 0) - (below[place][0] or 0), 0), "") for place in self._places}
        if row.indicator:
            return self._annual(
                lambda region, year: self._indicators.get((row.indicator, region, year)), "not_computed"
            )
        if column.source == "persons":
            if row.persons is None:
                return dict.fromkeys(self._places, (None, "persons_undivided"))
            wanted = "|".join(row.persons[name] for name in ("scheme", "paid_by", "breakdown", "member"))
            return self._annual(lambda region, year: self._persons.get((wanted, region, year), 0), "not_computed")
        return self._added(row, column)

    def _annual(self, value: Callable[[str, int], int | None], missing: str) -> dict[Place, tuple[int | None, str]]:
        found: dict[Place, tuple[int | None, str]] = {}
        for region, year, quarter in self._places:
            one = value(region, year) if quarter == QUARTERS[-1] else None
            reason = "" if one is not None else missing if quarter == QUARTERS[-1] else "year_only"
            found[region, year, quarter] = (one, reason)
        return found

    def _added(self, row: Row, column: Column) -> dict[Place, tuple[int | None, str]]:
        frame = self._frames[column.source]
        delivered = set(frame["year"])
        kept = _kept(frame, (*row.where, *column.where))
        names = [part.removeprefix("-") for part in column.parts]
        whole = [name for name in names if name in _COUNTS]
        amount = pl.sum_horizontal(
            [
                pl.col(name).cast(pl.Int64) * (100 if name in whole else 1) * (-1 if part.startswith("-") else 1)
                for part, name in zip(column.parts, names, strict=True)
            ]
        )
        sums: dict[tuple[str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        added = kept.group_by("region_code", "year", "quarter").agg(amount.sum().alias("amount"))
        for region, year, quarter, one in added.iter_rows():
            # The province takes every cell, those of no known prefecture too: rule X13 tells of them.
            for place in {region, self._province}:
                sums[place, year][quarter] += one
        if not _SOURCES[column.source][1]:
            return self._annual(lambda region, year: sums[region, year][QUARTERS[-1]], "not_computed")
        lacking = _LACKING.get(column.source, "")
        return {
            (region, year, quarter): (None, lacking)
            if lacking and year not in delivered
            else (sum(sums[region, year][one] for one in range(1, quarter + 1)), "")
            for region, year, quarter in self._places
        }

    def _returned(
        self, form: Form, row: Row, column: Column, filled: dict[Place, tuple[int | None, str]]
    ) -> dict[Place, tuple[int | None, str]]:
        """A blank cell that a department returns under its name takes that, for the year."""
        cell = f"{form.key}.{row.key}.{column.key}"
        return {
            place: (self._reported[cell, place[0], place[1]], "")
            if value is None and place[2] == QUARTERS[-1] and (cell, place[0], place[1]) in self._reported
            else (value, reason)
            for place, (value, reason) in filled.items()
        }


# Counted, not paid: hundredths are made of them here.
_COUNTS = ("visits", "settlements", "bed_days", "persons", "transfers")


def _looked_up(rows: Sequence[tuple[str, str, int, object]]) -> dict[tuple[str, str, int], int]:
    return {(key, region, year): round(float(str(value)) * 100) for key, region, year, value in rows}


def _kept(frame: pl.DataFrame, conditions: Sequence[Condition]) -> pl.DataFrame:
    """The cells that all conditions let through. Raises ValueError for a label that the source does not have."""
    tests = []
    for label, members in conditions:
        if label not in frame.columns:
            raise ValueError(f"forms.yml: no label {label} in this source")
        taken = [one for one in members if not one.startswith("!")]
        left_out = [one[1:] for one in members if one.startswith("!")]
        if taken:
            tests.append(pl.col(label).is_in(taken))
        if left_out:
            tests.append(~pl.col(label).is_in(left_out))
    return frame.filter(reduce(lambda left, right: left & right, tests)) if tests else frame
