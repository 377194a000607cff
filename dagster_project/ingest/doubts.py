"""A decision on a file's form that may be wrong: what was decided, and what speaks against it.

Belongs here: the type, and the rule under which it is counted. Does not belong here: deciding (`encoding.py`, `quotes.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from dagster_project.language import Text

# Counted once a file, under the subject of the decision as its column; the check of landing lists the files.
RULE = "form_doubtful"


@dataclass(frozen=True)
class Doubt:
    """What was decided on (`encoding` or `dialect`), and why somebody should look."""

    subject: str
    text: Text
