"""Two vintages of a year against each other: the numbers that changed, appeared or went.

Belongs here: finding the vintages and comparing them. A frozen vintage is the Parquet beside its documents; the draft is
what the warehouse holds now. Does not belong here: why a number changed (`trace.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

KEY = [
    "indicator_id", "year", "month", "region_code", "scheme", "member_status", "hospital_tier", "visit_type",
    "travel_class", "other_dimension", "other_member", "period_kind",
]  # fmt: skip
COMPARED = ["value", "numerator", "denominator", "status", "definition_id"]
FROZEN_FILE = "values.parquet"
# A status that only says how final a vintage is does not make a number different.
SETTLED = ["provisional", "final"]
SHOWN = 60


@dataclass(frozen=True)
class Difference:
    """What changed between two vintages of a year; `changes` has the key, both values and both statuses."""

    year: int
    old: str
    new: str
    compared: int
    changes: pl.DataFrame


def vintages_of(settings: Settings, year: int) -> list[str]:
    """Names of the vintages of a year, frozen ones by date, then the draft in the warehouse."""
    folder = settings.publication / str(year)
    frozen = sorted(path.parent.name for path in folder.glob(f"*/{FROZEN_FILE}"))
    return [*frozen, *_draft(settings, year)]


def _draft(settings: Settings, year: int) -> list[str]:
    if not settings.warehouse.exists():
        return []
    with connect(settings) as connection:
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'publication' and table_name = 'indicator_value'"
        ).fetchone()
        if not known:
            return []
        rows = connection.execute(
            "select distinct vintage from publication.indicator_value where year = ? and vintage like '%\\_draft' escape '\\'",
            [year],
        ).fetchall()
    return sorted(str(row[0]) for row in rows)


def compare(settings: Settings, year: int, old: str | None = None, new: str | None = None) -> Difference:
    """Compare two vintages of a year, by default the newest frozen one with the draft.

    Raises UserError (exit 2) when there are not two vintages, or one is not known.
    """
    known = vintages_of(settings, year)
    chosen = [name for name in (old, new) if name]
    for name in chosen:
        if name not in known:
            raise _unknown(year, name, known)
    if not chosen:
        chosen = known[-2:]
    elif len(chosen) == 1:
        chosen += [name for name in known[-1:] if name not in chosen]
    if len(chosen) < 2:
        raise _unknown(year, "", known)
    before, after = (_values(settings, year, name) for name in chosen)
    joined = before.join(after, on=KEY, how="full", suffix="_new", coalesce=True, nulls_equal=True)
    different = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in ("value", "numerator", "denominator", "kind")
    )
    changes = joined.filter(different).sort(KEY, nulls_last=False)
    return Difference(year, chosen[0], chosen[1], joined.height, changes)


def _values(settings: Settings, year: int, vintage: str) -> pl.DataFrame:
    """Values of one vintage, as (key, value, numerator, denominator, status, definition_id, kind)."""
    path = settings.publication / str(year) / vintage / FROZEN_FILE
    if path.exists():
        frame = pl.read_parquet(path)
    else:
        with connect(settings) as connection:
            frame = connection.execute(
                "select * from publication.indicator_value where vintage = ? and year in (?, ?)",
                [vintage, year - 1, year],
            ).pl()
    kind = pl.when(pl.col("status").is_in(SETTLED)).then(pl.lit("settled")).otherwise(pl.col("status"))
    return frame.select(*KEY, *COMPARED, kind=kind)


def _unknown(year: int, name: str, known: list[str]) -> UserError:
    what = (
        Text(f"{year} 年没有版次 {name}。", f"There is no vintage {name} of {year}.")
        if name
        else Text(f"{year} 年不足两个版次，无从比较。", f"There are not two vintages of {year} to compare.")
    )
    return UserError(
        what,
        where=str(year),
        todo=Text(
            f"现有版次：{'、'.join(known) or '无'}。用 bulletin freeze 定稿后再比较。",
            f"Vintages: {', '.join(known) or 'none'}. Make one with bulletin freeze.",
        ),
    )


def render(difference: Difference, language: str = "zh") -> str:
    """The changed numbers as lines of text; annual whole numbers of the province first."""
    heading = Text(
        f"{difference.year} 年：{difference.old} → {difference.new}，比较 {difference.compared:,} 个数，"
        f"{difference.changes.height:,} 个不同",
        f"{difference.year}: {difference.old} -> {difference.new}, {difference.compared:,} numbers compared, "
        f"{difference.changes.height:,} differ",
    )
    lines = [heading.in_language(language)]
    for row in difference.changes.head(SHOWN).iter_rows(named=True):
        scope = [
            f"{name}={row[name]}"
            for name in ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "other_member")
            if row[name] not in (None, "total")
        ]
        month = f"-{row['month']:02d}" if row["month"] else ""
        place = " ".join([row["indicator_id"], f"{row['year']}{month}", row["region_code"], *scope])
        lines.append(f"  {place}: {_shown(row, '')} -> {_shown(row, '_new')}")
    if difference.changes.height > SHOWN:
        rest = difference.changes.height - SHOWN
        lines.append(Text(f"  ……另有 {rest:,} 个", f"  … and {rest:,} more").in_language(language))
    return "\n".join(lines)


def _shown(row: dict[str, object], suffix: str) -> str:
    value, status = row[f"value{suffix}"], row[f"status{suffix}"]
    return f"{value:,.6g}" if isinstance(value, float) else str(status or "–")
