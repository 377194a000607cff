"""Cells of our own files never become formulas."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from dagster_project.bulletin.data_tables import csv_text
from dagster_project.contracts import request_sheet
from dagster_project.inert import inert


@pytest.mark.parametrize("cell", ["=1+1", '=cmd|" /C calc"!A0', "@SUM(A1)", "+cmd", "-2+3|x", "\t=1", "\r=1"])
def test_what_begins_like_a_formula_stands_behind_an_apostrophe(cell: str) -> None:
    assert inert(cell) == f"'{cell}" and csv_text([["name", cell]]).split(",", 1)[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["", "-", "—", "-1", "+1.50", "-1,234.5 %", "1e-5", "-1e5", "贵阳市", "a=b", "'x"])
def test_numbers_and_words_stay(cell: str) -> None:
    assert inert(cell) == cell


def test_the_request_sheet_holds_no_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_sheet, "MANIFEST", "=1+1")
    book, _ = request_sheet.write_request_sheet(tmp_path, [2024])
    with zipfile.ZipFile(io.BytesIO(book.read_bytes())) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "sheet" in name)
