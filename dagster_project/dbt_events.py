"""dbt's own events inside a run: only those that somebody hears become messages.

Belongs here: which they are. Does not belong here: what is done with them (`dbt_build.py`).

A build fires thousands of events, and dbt makes a message of each by way of JSON before it asks who listens: a tenth of its
seconds. Nobody does but ours, to nodes that have finished; warnings and errors go dbt's own way, because they can stop it.
"""

from __future__ import annotations

from typing import Any

from dbt.events.types import NodeFinished
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

_LOUD = (EventLevel.WARN, EventLevel.ERROR)


class FewMessages(EventManager):
    """An event manager that makes messages of finished nodes, warnings and errors, and of all events once there is a log."""

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        """Pass an event on, or let it go unheard."""
        if (
            self.loggers
            or force_warn_or_error_handling
            or isinstance(e, NodeFinished)
            or (level or e.level_tag()) in _LOUD
        ):
            super().fire_event(e, level, node, force_warn_or_error_handling)


def hear_few() -> None:
    """From now on dbt of this process makes few messages."""
    ctx_set_event_manager(FewMessages())
