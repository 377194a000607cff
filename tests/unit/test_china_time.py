"""At 17:00 UTC it is the next day in China: every name and day that people read is of that day."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from dagster_project.bulletin.reading import as_of_date
from dagster_project.checks.page import _moment
from dagster_project.china_time import KNOWN_AT, in_china, shown, today
from dagster_project.contracts import request_sheet
from dagster_project.keeping.backup import backup
from dagster_project.verbs import deliveries
from tests.intake_world import Home, rows

EVENING = "2025-12-31T17:00:00+00:00"


def test_names_and_days_are_those_of_china(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BULLETIN_NOW", EVENING)
    home = Home(tmp_path / "home")
    home.put_rows("population_ref.csv", rows("population_ref", 1))
    home.run()
    assert today() == date(2026, 1, 1)
    assert as_of_date(pl.DataFrame({"vintage": [None]})) == date(2026, 1, 1), "the name of a draft"
    assert backup(home.settings, tmp_path / "disk").folder.name == "home_20260101T010000"
    assert home.value("select loaded_at from ops.load") == datetime(2025, 12, 31, 17), "what is stored stays UTC"
    assert home.value(f"select {KNOWN_AT} from ops.load") == datetime(2026, 1, 1, 1), "--as-of asks by China's days"
    deliveries.manifest(home.settings, None, None, "")
    deliveries.deliveries(home.settings, None, None, tmp_path / "matrix.csv")
    assert "2026-01-01" in capsys.readouterr().out
    assert ",202601," in (tmp_path / "matrix.csv").read_text(encoding="utf-8-sig")
    asked: list[list[int]] = []
    monkeypatch.setattr(request_sheet, "_sql", lambda years: asked.append(years) or "")
    monkeypatch.setattr(request_sheet, "_workbook", lambda path, _: path.touch())
    request_sheet.write_request_sheet(tmp_path)
    assert asked == [[2023, 2024, 2025]], "the last three full years"


def test_moments_are_shown_in_china_time() -> None:
    assert _moment(datetime(2025, 12, 31, 17)) == "2026-01-01 01:00 北京时间 China time"
    assert shown("2025-12-31T17:00:00Z") == shown("2025-12-31T17:00:00") == "2026-01-01 01:00"
    assert shown("") == "" and in_china(datetime.fromisoformat("2026-01-01T01:00:00+08:00")).hour == 1
