"""Markdown that the bench's pages share.

Belongs here: tables, the line about the machine. Does not belong here: what stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [" | ".join(header), "|".join(["---", *["---:"] * (len(header) - 1)])]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)


def machine_line(result: dict[str, Any]) -> str:
    """Processor, cores, memory, and a word on the load."""
    machine = result["machine"]
    return (
        f"{machine['processor']} · {machine['cores']} cores · {machine['memory_bytes'] / 2**30:.0f} GB · "
        f"开始时负载 load {machine['load_before']}"
    )
