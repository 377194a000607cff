"""No indicator is checked against itself alone: its parts follow from the generator's truth, or a test elsewhere says what checks it."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests.conftest import YEARS, SampleHome
from tests.truth_cells import Cells
from tests.truth_dictionary import NotTold, Reader, rows

TESTS = Path(__file__).resolve().parents[1]
# Indicators that the cells of the truth do not tell, and the test that compares them with something else than themselves.
ELSEWHERE: dict[str, tuple[str, ...]] = {}


@pytest.fixture(scope="module")
def found(sample_home: SampleHome) -> dict[tuple[str, int, str], tuple[Fraction | None, Fraction | None]]:
    """Numerators and denominators of the warehouse: annual wholes that could be computed."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        values = connection.execute(
            "select indicator_id, year, region_code, numerator, denominator from indicator.indicator_value "
            "where period_kind = 'year' and breakdown = 'total' and status <> 'not_computable'"
        ).fetchall()
    exact = [
        tuple(None if part is None else Fraction(part) for part in parts)
        for *_, *parts in ((r[0], r[3], r[4]) for r in values)
    ]
    return {(row[0], int(row[1]), row[2]): parts for row, parts in zip(values, exact, strict=True)}


def test_every_indicator_follows_from_the_truth_or_is_checked_elsewhere(sample_home: SampleHome, found: dict) -> None:
    cells = Cells(sample_home.truth)
    wrong, untold, told = [], set(), set()
    for (indicator, year, region), (above, below) in sorted(found.items()):
        if year not in YEARS:
            continue
        try:
            numerator, denominator = Reader(cells, year, region).parts(indicator)
        except NotTold as why:
            untold.add((indicator, str(why)))
            continue
        told.add(indicator)
        if (numerator, denominator) != (above, below):
            wrong.append(f"{indicator} {year} {region}: {above} / {below}, truth {numerator} / {denominator}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:60])
    assert len(told) >= 150
    listed = {name for names in ELSEWHERE.values() for name in names}
    left = {name: why for name, why in untold if name not in told | listed}
    assert not left, left


def test_the_tests_that_check_the_rest_exist() -> None:
    for place in ELSEWHERE:
        path, _, name = place.partition("::")
        assert re.search(rf"^def {name}\(", (TESTS / path).read_text(encoding="utf-8"), re.MULTILINE), place
    computed = {name for name, row in rows().items() if row["kind"] not in ("alias", "not_yet", "not_applicable")}
    assert {name for names in ELSEWHERE.values() for name in names} <= computed
