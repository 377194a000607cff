"""China time: what names, days and moments that people read go by.

Belongs here: from the one clock (`settings.now`, UTC) to China's day and hour, in Python and in SQL. Does not belong here: the clock
itself, what is stored (UTC in operations, naive China time in data, see `docs/decisions`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from dagster_project.settings import now

_AHEAD = timedelta(hours=8)  # all year round and in all of the country
ZONE = timezone(_AHEAD)
# SQL of when a load became known, in China time: deliveries carry it, the moment of loading is UTC.
KNOWN_AT = "coalesce(delivered_at, loaded_at + interval 8 hours)"


def today() -> date:
    """The day in China."""
    return in_china(now()).date()


def in_china(moment: datetime) -> datetime:
    """A moment as naive China time; naive ones are UTC, as operations store them."""
    return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo is not None else moment + _AHEAD


def shown(moment: datetime | str) -> str:
    """A stored moment (or its ISO text) for people, to the minute; a text that is no moment stays as it is."""
    try:
        told = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        return str(moment)
    return in_china(told).strftime("%Y-%m-%d %H:%M")
