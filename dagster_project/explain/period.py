"""What a person narrows a value by, and how its period is called.

Belongs here: the breakdown of a question, its months, the words for year, month and year to date. Does not belong here: values.
"""

from __future__ import annotations

from dagster_project.language import Text

# A label and its member; the whole of an indicator has none. A month is `month` or `year_to_date` and yyyymm.
Breakdown = tuple[str, str]
MONTH, TO_DATE = "month", "year_to_date"


def months_of(breakdown: Breakdown | None) -> list[int]:
    """The months of a month or of a year to date as yyyymm; none of anything else."""
    if breakdown is None or breakdown[0] not in (MONTH, TO_DATE):
        return []
    last = int(breakdown[1])
    return [last] if breakdown[0] == MONTH else list(range(last // 100 * 100 + 1, last + 1))


def cells_of(breakdown: Breakdown | None) -> tuple[str, list[str]]:
    """Breakdown and members by which cells are chosen; a year to date is the sum of its months."""
    months = months_of(breakdown)
    if breakdown is None:
        return "total", ["total"]
    return (MONTH, [str(month) for month in months]) if months else (breakdown[0], [breakdown[1]])


def when(year: int, kind: str, month: int | None) -> Text:
    """A year, a month of it, or the year up to a month (1-12 or yyyymm)."""
    if month is None:
        return Text(f"{year} 年", f"{year}")
    last = month % 100
    if kind == TO_DATE:
        return Text(f"{year} 年 1–{last} 月累计", f"{year}-01 to {year}-{last:02d}, year to date")
    return Text(f"{year} 年 {last} 月当月", f"{year}-{last:02d}, single month")
