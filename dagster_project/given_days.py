"""Days and months as a person types them on the command line.

Belongs here: their one form each, and what to say where a text is none. Does not belong here: forms of dates in files (`ingest/values.py`),
what a verb asks of a day (that it is not past, that something had been delivered by then).
"""

from __future__ import annotations

from datetime import date, datetime

from dagster_project.errors import UserError
from dagster_project.language import Text

_YEARS = range(1900, 2101)  # as in the data (S10)


def given_day(given: str, option: str) -> date:
    """The day that was typed for an option. Raises UserError (exit 2) for what is no day of the calendar in the form YYYY-MM-DD."""
    day = _read(given, "%Y-%m-%d", 10)
    if day is None:
        raise UserError(
            Text(f"“{given}”不是日期，未做任何改动。", f"“{given}” is no day; nothing was done."),
            where=option,
            todo=Text(
                "写成 YYYY-MM-DD，且是存在的日子，如 2025-07-31。",
                "Write an existing day as YYYY-MM-DD, such as 2025-07-31.",
            ),
        )
    return day


def given_month(given: str, option: str) -> str:
    """The month that was typed for an option, as yyyymm. Raises UserError (exit 2) for what is none in this form."""
    if _read(given, "%Y%m", 6) is None:
        raise UserError(
            Text(f"“{given}”不是月份，未做任何改动。", f"“{given}” is no month; nothing was done."),
            where=option,
            todo=Text("写成六位年月 yyyymm，如 202507。", "Write it in six digits as yyyymm, such as 202507."),
        )
    return given


def _read(given: str, form: str, length: int) -> date | None:
    try:
        day = datetime.strptime(given, form).date() if len(given) == length and given.isascii() else None
    except ValueError:
        return None
    return day if day is not None and day.year in _YEARS else None
