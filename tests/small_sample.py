"""A small sample that several test modules look at.

Belongs here: its size. Does not belong here: expectations.
"""

from __future__ import annotations

SCALE, YEARS, SEED = 0.0002, (2023, 2024), 11
