"""Which extract a file is probably meant to be whose name is none's, and how it would have to be called.

Belongs here: the guess, which is told and never acted upon. Does not belong here: names that decide (`discover.py`, S7).
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from dagster_project.contracts import load_contracts

_MOST = 3  # extracts named in one message
_ALIKE = 0.8  # of a written table name, so that a letter may be missing or two joined
_CHINESE = re.compile("[\u4e00-\u9fff]{2,}")
_MONTH = re.compile(r"((?:19|20)[0-9]{2})(?:[-_.年]?(0[1-9]|1[0-2]|[1-9]))?")


def likely_names(name: str) -> list[str]:
    """Names that a file could have been meant to have, the likeliest first; none where nothing speaks for any extract."""
    path = Path(name)
    suffix = path.suffix
    if suffix.lower() in (".gz", ".zst", ".zip"):
        suffix = Path(path.stem).suffix + suffix
    stem = name[: -len(suffix)] if suffix else name
    month = _MONTH.search(stem)
    told = f"_{month.group(1)}{month.group(2).rjust(2, '0') if month.group(2) else ''}" if month else ""
    return [f"{table}{told}{suffix}" for table in _likely(stem)]


def _likely(stem: str) -> list[str]:
    contracts = load_contracts()
    words = "_".join(re.findall("[a-z]+", stem.casefold()))
    written = [table for table in contracts if re.search(rf"(?:^|_){table}(?:_|$)", words)]
    if written:
        return [max(written, key=len)]
    scores: dict[str, float] = {}
    for table, contract in contracts.items():
        score = difflib.SequenceMatcher(None, words, table).ratio() if words else 0.0
        if score >= _ALIKE:
            scores[table] = score
        for word in _CHINESE.findall(stem):
            both = difflib.SequenceMatcher(None, word, contract.name_zh).find_longest_match()
            if both.size >= 2:
                # All of the extract's own name says more than a word of it, and the longer word more than the shorter.
                scores[table] = max(scores.get(table, 0), both.size / len(contract.name_zh) + both.size)
    best = max(scores.values(), default=0)
    likely = sorted((table for table in scores if scores[table] >= best - 1), key=lambda table: -scores[table])
    return likely[:_MOST]
