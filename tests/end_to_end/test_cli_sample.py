"""The verbs on a finished home: what they print, what they leave behind."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.checks import catalogue
from dagster_project.errors import UserError
from dagster_project.explain import explain_value
from dagster_project.explain.sources import deciding_rows
from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import bulletin, query, settings_of


def test_a_run_says_files_checks_and_where_the_bulletin_lies(sample_home: SampleHome) -> None:
    text = sample_home.run.text
    assert "Synthetic data" in text
    assert "rows read" in text
    assert "Checks: " in text
    pages = [line.split("Bulletin: ")[1].strip() for line in text.splitlines() if line.startswith("Bulletin: ")]
    assert pages
    assert all(Path(page).is_file() for page in pages)
    assert not sample_home.run.has_traceback


def test_each_refused_file_is_named_with_its_reason(sample_home: SampleHome) -> None:
    refused = query(sample_home.warehouse, "select source_file from ops.file where status = 'refused'")
    for (name,) in refused:
        assert name in sample_home.run.text
    assert sample_home.run.code == (1 if refused else 0)


def test_the_run_is_recorded(sample_home: SampleHome) -> None:
    rows = query(
        sample_home.warehouse, "select command, status, finished_at is not null from ops.run order by started_at"
    )
    assert rows[0] == ("bulletin run", "done", True)


def test_checks_page_lies_in_the_home_and_beside_the_bulletin(sample_home: SampleHome) -> None:
    assert (sample_home.home / "checks.html").is_file()
    assert list((sample_home.home / "publication").glob("*/*/checks.html"))


def test_try_tells_columns_and_rows(sample_home: SampleHome) -> None:
    file = sorted(sample_home.landing.rglob("setl_d_*.parquet"))[0]
    said = bulletin("try", str(file), "--home", str(sample_home.home), key=sample_home.key)
    assert "columns matched" in said.text
    assert "rows read" in said.text or "would be refused" in said.text


def test_L19_a_real_file_in_the_samples_home_is_refused_by_try_and_run_alike(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    shutil.copy(sample_home.landing / "synthetic.json", home / "landing")
    real = home / "landing" / "population_ref_2027.csv"
    real.write_text("year,admdvs,pop_kind,persons,source_doc\n2027,520000,resident,38000000,公报\n", encoding="utf-8")
    tried = bulletin("try", str(real), "--home", str(home), key=sample_home.key)
    ran = bulletin("ingest", "--home", str(home), key=sample_home.key)
    assert (tried.code, ran.code) == (2, 1), ran.text
    for said in (tried, ran):
        assert "population_ref_2027.csv" in said.text and "L19" in said.text and "another home" in said.text
    assert query(home / "warehouse.duckdb", "select count(*) from raw.population_ref where year = '2027'") == [(0,)]


def test_only_planted_codes_are_outside_their_sets(sample_home: SampleHome) -> None:
    found = query(
        sample_home.warehouse,
        "select distinct u.column_name, u.code from ops.unmapped_code as u join ops.rule_count as r using (load_id, column_name) "
        "where r.rule_id = 'code_unknown' and r.severity = 'warning'",
    )
    assert found
    assert {column for column, _ in found}.isdisjoint({"resd_natu", "revs_flag"})
    assert all(set(code) in ({"7"}, {"9"}) for _, code in found), "planted codes are sevens or nines"


def test_explain_walks_from_a_number_to_files(sample_home: SampleHome) -> None:
    words = ["explain", "resident_avg_inpatient_cost", "--year", "2024", "--region", "520100"]
    said = bulletin(*words, "--home", str(sample_home.home), key=sample_home.key)
    assert said.code == 0, said.text
    assert "setl_d" in said.text
    unknown = bulletin("explain", "no_such_indicator", "--year", "2024", "--home", str(sample_home.home))
    assert unknown.code == 2
    assert not unknown.has_traceback


def test_explain_lists_every_table_that_decides_who_is_insured(sample_home: SampleHome) -> None:
    files = explain_value(settings_of(sample_home.home), "insured_total", 2024).files
    rows = {
        part: {file.extract: 0 for file in files if file.part == part} for part in ("counted", "deciding", "register")
    }
    for file in files:
        rows[file.part][file.extract] += file.rows
        assert len(file.sha256) == 64
    assert set(rows["counted"]) == {"psn_insu_d", "psn_insu_his_d"}
    assert set(rows["deciding"]) == {"psn_info_b", "staf_psn_clct_detl_d", "rsdt_psn_clct_detl_d"}
    assert set(rows["register"]) == {"admdvs_dim_a"}
    # As many people as the number counts; residents have one payment each, retired employees none.
    counted = query(
        sample_home.warehouse,
        "select count(*), count(*) filter (scheme = 'resident'), count(*) filter (has_person_row) "
        "from core.fct_enrolment_date where reference_year = 2024",
    )
    ((persons, residents, registered),) = counted
    assert sum(rows["counted"].values()) == persons
    assert rows["deciding"]["psn_info_b"] == registered
    assert rows["deciding"]["rsdt_psn_clct_detl_d"] >= residents > 0
    assert 0 < rows["deciding"]["staf_psn_clct_detl_d"] < persons - residents
    by_disease = explain_value(settings_of(sample_home.home), "disease_pay_fund_share", 2024).files
    assert {"setl_d", "drg_dip_group_result"} == {file.extract for file in by_disease if file.part == "deciding"}


def test_explain_never_compares_every_row_with_every_row(sample_home: SampleHome) -> None:
    """A condition that is no equality made the search for deciding rows take minutes at scale 0.005."""
    cubes = ["enrolment", "settlement", "visit", "stay", "stay_end", "assistance"]
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        connection.execute(
            "create temporary table traced as select cube, load_id, source_row, year as reference_year "
            "from indicator.trace_row limit 100"
        )
        query = f"explain (format json) {deciding_rows(cubes)} select * from counted"
        ((_, plan),) = connection.execute(query, [*cubes, ["psn_info_b"]]).fetchall()
    assert "HASH_JOIN" in plan
    assert "NL_JOIN" not in plan


def test_explain_of_a_year_to_date_is_the_sum_of_its_months(sample_home: SampleHome) -> None:
    settings = settings_of(sample_home.home)
    months = [explain_value(settings, "employee_benefit_visits", 2024, month=month) for month in (1, 2, 3)]
    so_far = explain_value(settings, "employee_benefit_visits", 2024, month=3, to_date=True)
    assert so_far.numerator == sum(month.numerator for month in months if month.numerator is not None)
    assert so_far.numerator == sum(term.amount for term in so_far.terms)
    counted = [sum(file.rows for file in one.files if file.part == "counted") for one in (*months, so_far)]
    assert counted[3] == sum(counted[:3]) == so_far.numerator
    for wrong in ({"month": 202303}, {"month": 13}, {"to_date": True}, {"month": 3, "scheme": "resident"}):
        with pytest.raises(UserError):
            explain_value(settings, "employee_benefit_visits", 2024, **wrong)  # type: ignore[arg-type]


def test_export_copies_the_documents_elsewhere(sample_home: SampleHome, tmp_path: Path) -> None:
    home = str(copy_of(sample_home, tmp_path / "home"))  # a year without a draft gets one, with checks of its own
    asked = ("explain", "resident_avg_inpatient_cost", "--year", "2023", "--home", home)
    before = bulletin(*asked).text
    said = bulletin("export", "--year", "2024", "--to", str(tmp_path), "--home", home)
    assert said.code == 0, said.text
    assert bulletin(*asked).text == before, "checks of stages that the export did not judge still stand"
    assert (tmp_path / "2024" / "bulletin.html").is_file()
    release = json.loads((tmp_path / "2024" / "release.json").read_text(encoding="utf-8"))
    assert release["synthetic"] is True
    for page in (Path(home) / "checks.html", *Path(home).glob("publication/2024/*/checks.html")):
        shown = set(re.findall(r'data-check="\w+" id="(\w+)"', page.read_text(encoding="utf-8")))
        assert shown == set(catalogue()), "the page keeps the results of the stages that an export does not judge"
    wrong = bulletin("export", "--year", "1999", "--home", home)
    assert wrong.code == 2
    assert "2024" in wrong.text


@pytest.fixture(scope="module")
def frozen(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished home, so that a frozen vintage stays out of the other tests."""
    return copy_of(sample_home, tmp_path_factory.mktemp("frozen") / "home")


def test_a_vintage_is_frozen_once_and_compared(frozen: Path) -> None:
    year = sorted(path.name for path in (frozen / "publication").iterdir())[-1]
    lonely = bulletin("diff", "--year", year, "--home", str(frozen))
    assert lonely.code == 2
    assert "not two vintages" in lonely.text
    first = bulletin("freeze", "--year", year, "--kind", "quick_report", "--home", str(frozen))
    assert first.code == 0, first.text
    served = frozen / "serving" / "medical_insurance.duckdb"
    vintages = {name for (name,) in query(served, "select distinct vintage from indicator_value")}
    assert {name.rpartition("_")[2] for name in vintages} == {"draft", "report"}, "served at once"
    page = frozen / "checks.html"
    page.unlink()
    checked = bulletin("check", "--stage", "publication", "--home", str(frozen))
    assert checked.code == 0, "every figure of the frozen documents is found in the frozen values\n" + checked.text
    assert f"Page of checks: {page}" in checked.text and page.is_file()
    second = bulletin("freeze", "--year", year, "--kind", "quick_report", "--home", str(frozen))
    assert second.code == 2
    same = bulletin("diff", "--year", year, "--home", str(frozen))
    assert same.code == 0
    assert " 0 differ" in same.text
    query(
        frozen / "warehouse.duckdb",
        "update publication.indicator_value set value = value + 1 where vintage like '%draft' and "
        "indicator_id = 'resident_avg_inpatient_cost' and region_level = 'province' and value is not null",
    )
    changed = bulletin("diff", "--year", year, "--home", str(frozen))
    assert "resident_avg_inpatient_cost" in changed.text
