"""Files damaged anywhere, and odd files in any company: a file is taken in with an account or refused in words, whatever it is."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.ingest import archives
from tests.corpus.cells import cells
from tests.corpus.columns import columns
from tests.corpus.containers import SMALL
from tests.corpus.odd import FORMS, Odd, good, zipped
from tests.intake_world import Home

_KEY = Path(tempfile.mkdtemp()) / "odd.key"
_ALONE = [odd for odd in (*cells(count(1)), *columns(count(5000))) if not odd.member]
_PACKED = {**FORMS, "zip": (".zip", lambda table: zipped({"a.csv": FORMS["comma"][1](table)}))}
DAMAGE = {
    "cut": lambda content, at, byte: content[:at],
    "overwritten": lambda content, at, byte: content[:at] + bytes([byte]) * 8 + content[at + 8 :],
    "inserted": lambda content, at, byte: content[:at] + bytes([byte]) + content[at:],
    "left out": lambda content, at, byte: content[:at] + content[at + 1 + byte % 40 :],
    "doubled": lambda content, at, byte: content[:at] + content,
}
HITS = st.lists(
    st.tuples(
        st.sampled_from(sorted(_PACKED)),
        st.sampled_from(sorted(DAMAGE)),
        st.integers(0, 999),
        st.sampled_from([0, 9, 10, 34, 44, 0x80, 0xFF]),
    ),
    min_size=12,
    max_size=12,
)
SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "derandomize": True}


@settings(max_examples=4, **SETTINGS)
@given(HITS)
def test_a_file_damaged_anywhere_has_an_account_or_a_reason(hits: list[tuple[str, str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home", key=_KEY)
        for number, (form, damage, place, byte) in enumerate(hits, 1):
            suffix, write = _PACKED[form]
            content = write(good("population_ref", number, 30))
            home.put(f"population_ref_{number}{suffix}", DAMAGE[damage](content, len(content) * place // 1000, byte))
        for file in home.run().files:
            assert file.status in ("loaded", "refused", "duplicate"), (hits, file)
            assert file.rows_read == file.rows_accepted + file.rows_quarantined
            assert file.status == "loaded" or (file.reason and file.reason.zh), (hits, file)


@settings(max_examples=3, **SETTINGS)
@given(st.lists(st.sampled_from(_ALONE), min_size=10, max_size=10, unique_by=lambda odd: odd.name))
def test_the_fate_of_a_file_does_not_depend_on_its_company(odds: list[Odd]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(archives, "_ALWAYS", SMALL)
        home = Home(Path(folder) / "home", key=_KEY)
        for odd in odds:
            home.put(odd.name, odd.content)
        found = {file.source_file: file for file in home.run().files}
        for odd in odds:
            file = found[odd.name]
            assert file.status == ("refused" if odd.kind == "refused" else "loaded"), (odd.operator, file)
            assert (file.rows_read, file.rows_quarantined) == (odd.rows, odd.held), (odd.operator, file)
