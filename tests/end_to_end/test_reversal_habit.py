"""How areas write their reversals, told from the sample with all its kinds (R1, R31)."""

from __future__ import annotations

import pytest

from dagster_project.errors import ExitCode
from dagster_project.verbs.reversals import reversals
from tests.conftest import SampleHome
from tests.warehouse_api import query, settings_of

KINDS = (
    "same_month_count", "other_month_count", "other_year_count", "pair_flagged_count", "mirror_only_count",
    "without_original_count", "reversal_reversed_count", "flagged_alone_count",
)  # fmt: skip


def test_every_kind_is_counted_and_nothing_is_lost(sample_home: SampleHome) -> None:
    counted = query(
        sample_home.warehouse,
        f"select sum(mirror_count), {', '.join(f'sum({kind})' for kind in KINDS)} from core.reversal_habit",
    )[0]
    mirrors, kinds = counted[0], dict(zip(KINDS, counted[1:], strict=True))
    assert all(kinds.values()), "the generator plants every kind"
    linked = query(
        sample_home.warehouse,
        "select count(*) filter (where is_mirror), count(*) filter (where reversal_class = 'flagged_alone') "
        "from core.settlement_link where is_valid",
    )[0]
    assert (mirrors, kinds["flagged_alone_count"]) == linked
    assert mirrors == kinds["pair_flagged_count"] + kinds["mirror_only_count"] + kinds["without_original_count"]


def test_the_habits_are_shown_by_area(sample_home: SampleHome, capsys: pytest.CaptureFixture[str]) -> None:
    assert reversals(settings_of(sample_home.home), 2025) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "How areas wrote their reversals in 2025" in told
    assert "pair, original flagged" in told and "520100" in told
