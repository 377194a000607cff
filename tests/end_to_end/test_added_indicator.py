"""Adding an indicator that the cubes can express is one row of the dictionary and nothing else."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import openpyxl
import pytest

from dagster_project.settings import PROJECT_ROOT
from tests.conftest import FIXED_NOW, YEARS, SampleHome, copy_of

ADDED = "resident_cross_province_stays_tertiary"
NAME = "居民医保跨省三级医疗机构住院人次"
LIKE = "employee_inpatient_visits"
CHANGES = {
    "indicator_id": ADDED, "name_zh": NAME, "name_en": "Residents' stays in tertiary hospitals of other provinces",
    "section": "1.2 居民医保", "headline": "", "unit": "人次", "display_decimals": "0", "breakdowns": "region",
    "breakdown_labels": "region", "filter": "scheme=resident; visit_type=inpatient; travel_class=cross_province; hospital_tier=tertiary",
    "scheme_label": "resident", "tier_label": "tertiary",
}  # fmt: skip

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which one row has been added to one file."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("dagster_project", "dbt"):
        shutil.copytree(
            PROJECT_ROOT / folder, root / folder, ignore=shutil.ignore_patterns("target", "__pycache__", "logs")
        )
    shutil.copy(PROJECT_ROOT / "pyproject.toml", root)
    path = root / "dbt" / "seeds" / "indicator_dictionary.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        rows, columns = list(reader), list(reader.fieldnames or ())
    like = next(row for row in rows if row["indicator_id"] == LIKE)
    with path.open("a", encoding="utf-8", newline="") as handle:
        csv.DictWriter(handle, columns, lineterminator="\n").writerow(like | CHANGES)
    return root


@pytest.fixture(scope="module")
def home(sample_home: SampleHome, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample run by that project."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("added") / "home")
    environment = os.environ | {
        "PYTHONPATH": str(project), "BULLETIN_NOW": FIXED_NOW, "BULLETIN_KEY_FILE": str(sample_home.key),
    }  # fmt: skip
    pages = str(home / "pages")
    for words in (["build"], ["export", "--year", str(YEARS[-1])], ["serve"], ["indicators", "--to", pages]):
        done = subprocess.run(
            [sys.executable, "-m", "dagster_project.cli", *words, "--home", str(home)],
            env=environment, cwd=project, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return home


def test_it_stands_in_the_table(home: Path, sample_home: SampleHome) -> None:
    expected = {
        year: sum(
            cell["stays"]
            for cell in sample_home.truth["cells"]["stay"]
            if (cell["year"], cell["scheme"], cell["visit_type"]) == (year, "resident", "inpatient")
            and (cell["travel_class"], cell["tier"]) == ("cross_province", "tertiary")
        )
        for year in YEARS
    }
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = dict(
            connection.execute(
                "select year, numerator from indicator.indicator_value where indicator_id = ? and region_level = 'province' "
                "and breakdown = 'total' and period_kind = 'year'",
                [ADDED],
            ).fetchall()
        )
    assert {year: int(count) for year, count in found.items()} == expected and any(expected.values())


def test_it_stands_in_the_annex_of_the_bulletin(home: Path) -> None:
    (path,) = (home / "publication" / str(YEARS[-1])).glob("*_draft/bulletin.xlsx")
    rows = openpyxl.load_workbook(path, read_only=True)["指标总账"].iter_rows(values_only=True)
    assert [row[1] for row in rows if row and row[0] == ADDED] == [NAME]


def test_it_stands_in_the_database_for_bi_tools(home: Path) -> None:
    with duckdb.connect(str(home / "serving" / "medical_insurance.duckdb"), read_only=True) as connection:
        tables = [
            (schema, table)
            for schema, table in connection.execute(
                "select distinct table_schema, table_name from information_schema.columns where column_name = 'indicator_id'"
            ).fetchall()
        ]
        holding = {
            table
            for schema, table in tables
            if connection.execute(
                f'select 1 from "{schema}"."{table}" where indicator_id = ? limit 1', [ADDED]
            ).fetchone()
        }
    assert any("value" in table for table in holding) and any(
        "dictionary" in table or "label" in table for table in holding
    ), holding


def test_it_has_a_page(home: Path) -> None:
    page = (home / "pages" / f"{ADDED}.html").read_text(encoding="utf-8")
    assert NAME in page and "cross_province" in page
    assert f'href="{ADDED}.html"' in (home / "pages" / "README.html").read_text(encoding="utf-8")
