"""What the desk says of the numbers that it moved is what moved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dagster_project.dictionary import load_indicators
from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import bulletin, query, sorted_csv

Figures = dict[tuple[Any, ...], Any]


def headline(warehouse: Path) -> Figures:
    """The province's annual totals of the headline indicators, by indicator and year."""
    rows = query(
        warehouse,
        "select indicator_id, year, value, numerator, denominator, status from indicator.indicator_value "
        "where breakdown = 'total' and period_kind = 'year' and region_level = 'province'",
    )
    names = {name for name, one in load_indicators().items() if one.headline}
    return {row[:2]: row[2:] for row in rows if row[0] in names}


def told(text: str) -> int:
    (count,) = re.findall(r"Headline indicators of the province and the year: (\d+) changed", text)
    return int(count)


def test_a_file_taken_out_and_back_says_how_many_headline_figures_moved(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    warehouse = home / "warehouse.duckdb"
    (file,) = (path for path in sample_home.landing.rglob("setl_d_202508*") if path.is_file())
    before, whole = headline(warehouse), sorted_csv(warehouse)
    decided = ("--reason", "r", "--by", "王敏", "--home", str(home))
    out = bulletin("unload", file.name, *decided, key=sample_home.key)
    assert out.code == 0, out.text
    without = headline(warehouse)
    moved = [key for key in before.keys() | without.keys() if before.get(key) != without.get(key)]
    assert told(out.text) == len(moved) > 10
    names = re.findall(r"\[(\w+) \d{6}\]", out.text)
    assert 0 < len(names) <= len(moved) and set(names) <= {name for name, _ in moved}
    back = bulletin("unload", file.name, "--undo", *decided, key=sample_home.key)
    assert back.code == 0 and told(back.text) == len(moved), back.text
    assert sorted_csv(warehouse) == whole
