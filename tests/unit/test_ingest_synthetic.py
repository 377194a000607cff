"""Invented and real data never meet in one home (L19): marks of files, kinds of homes, and that `try` and `run` agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dagster_project.contracts import load_contracts
from dagster_project.errors import ExitCode
from dagster_project.ingest import try_file
from dagster_project.sample import write_sample
from tests.intake_world import Home, Row, parquet, row, rows, sha256
from tests.intake_world import text as delimited
from tests.missing_extracts import extract_of
from tests.unit.test_ingest_identifiers import with_check_digit

NOBODY = "9900001234"
KIND = "select value from ops.meta where key = 'synthetic'"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def synthetic_batch(home: Home, folder: str = "b1", start: int = 1, **manifest: Any) -> Path:
    """A batch as `bulletin sample` writes it, of an extract that names nobody."""
    path = home.put_rows(f"{folder}/population_ref_1.csv", [row("population_ref", year=str(2020 + start))])
    listed = [{"file": path.name, "sha256": sha256(path)}]
    home.manifest(folder, **{"synthetic": True, "files": listed} | manifest)
    return path


def sample_home(home: Home) -> Home:
    """A home that `bulletin sample` wrote and a run took in: batches with manifests, and the marker beside them."""
    synthetic_batch(home)
    home.put("synthetic.json", "{}")
    assert [file.status for file in home.run().files] == ["loaded"]
    return home


def real_home(home: Home) -> Home:
    """A home that holds real data."""
    home.put_rows("setl_d_1.csv", rows("setl_d", 1))
    assert [file.status for file in home.run().files] == ["loaded"]
    return home


def test_L19_a_real_file_in_a_sample_home_is_refused_whatever_the_folder_says(home: Home) -> None:
    sample_home(home)
    path = home.put_rows("setl_d_2.csv", rows("setl_d", 1, start=2))
    report = home.run()
    (refused,) = report.refused
    assert report.exit_code == ExitCode.PARTLY and home.value("select count(*) from raw.setl_d") == 0
    assert refused.reason is not None
    for text in (refused.reason.zh, refused.reason.en):
        assert "L19" in text and "--home" in text and "manifest.json" in text
    assert try_file(home.settings, path).files[0].refusal == refused.reason


def test_L19_a_real_file_without_people_is_refused_too(home: Home) -> None:
    sample_home(home)
    home.put_rows("b1x/fixmedins_b_2.csv", rows("fixmedins_b", 2))
    assert [file.source_file for file in home.run().refused] == ["b1x/fixmedins_b_2.csv"]


def test_L19_a_copied_marker_makes_no_real_file_synthetic(home: Home) -> None:
    for place in ("synthetic.json", "../synthetic.json", "b1/synthetic.json"):
        home.put(place, '{"synthetic": true}')
    home.put_rows("b1/setl_d_1.csv", rows("setl_d", 1))
    assert [file.status for file in home.run().files] == ["loaded"] and home.value(KIND) == "false"


def test_L19_a_deleted_marker_makes_no_synthetic_file_real(tmp_path: Path) -> None:
    home = sample_home(Home(tmp_path / "sample"))
    (home.landing / "synthetic.json").unlink()
    synthetic_batch(home, "b2", 2)
    assert [file.source_file for file in home.run().loaded] == ["b2/population_ref_1.csv"] and home.value(
        KIND
    ) == "true"
    real = real_home(Home(tmp_path / "real"))
    synthetic_batch(real, "b3", 3)
    assert [file.source_file for file in real.run().refused] == ["b3/population_ref_1.csv"]


@pytest.mark.parametrize("manifest", [{"synthetic": False}, {"synthetic": "true"}])
def test_L19_a_manifest_marks_only_what_it_calls_synthetic_and_lists(home: Home, manifest: dict[str, Any]) -> None:
    synthetic_batch(home, **manifest)
    assert [file.status for file in home.run().files] == ["loaded"] and home.value(KIND) == "false"


def test_L19_a_waiting_synthetic_batch_decides_for_a_home_that_has_loaded_nothing(home: Home) -> None:
    """A file that sorts before the sample must not make a sample's home real."""
    home.put_rows("admdvs_dim_a.csv", [row("admdvs_dim_a", 1, admdvs="520000", admdvs_name="省", admdvs_lv="1")])
    synthetic_batch(home)
    found = {file.source_file: file.status for file in home.run().files}
    assert found == {"admdvs_dim_a.csv": "refused", "b1/population_ref_1.csv": "loaded"} and home.value(KIND) == "true"


def _marked_parquet(home: Home) -> Path:
    path = home.landing / "population_ref_9.parquet"
    parquet(path, [row("population_ref", year="2031")])
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"synthetic": "true"}), path)
    return path


def _marked_workbook(home: Home) -> Path:
    path = home.landing / "population_ref_9.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"comments": "合成数据 synthetic data"})
    cells = row("population_ref", year="2031")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(cells))
    sheet.write_row(1, 0, list(cells.values()))
    book.close()
    return path


def _impossible_people(home: Home) -> Path:
    return home.put_rows("setl_d_9.csv", rows("setl_d", 2, start=9, psn_no=NOBODY))


def _impossible_certificate(home: Home) -> Path:
    nobody = row("psn_info_b", 1, psn_no="52", certno=with_check_digit("99000019700317001"))
    return home.put_rows("psn_info_b_9.csv", [nobody])


def _listed(home: Home) -> Path:
    return synthetic_batch(home, "b9", 9)


def _named(home: Home) -> Path:
    return home.put_rows("population_ref_9_synthetic.csv", [row("population_ref", year="2031")])


MARKS = [_marked_parquet, _marked_workbook, _impossible_people, _impossible_certificate, _listed, _named]


@pytest.mark.parametrize("mark", MARKS)
def test_L19_whatever_carries_a_mark_of_its_own_goes_into_a_sample_home_only(tmp_path: Path, mark: Any) -> None:
    sample, real = sample_home(Home(tmp_path / "sample")), real_home(Home(tmp_path / "real"))
    trials = {home: try_file(home.settings, mark(home)).files[0] for home in (sample, real)}
    assert trials[sample].refusal is None and trials[sample].synthetic
    assert len(sample.run().loaded) == 1
    (refused,) = real.run().refused
    assert refused.reason is not None and "L19" in refused.reason.zh and refused.reason == trials[real].refusal
    assert real.value(KIND) == "false"


@pytest.mark.parametrize("make", [sample_home, real_home, None])
def test_L19_a_file_of_real_and_impossible_people_goes_nowhere(home: Home, make: Any) -> None:
    if make is not None:
        make(home)
    people = [*rows("setl_d", 3, start=5), row("setl_d", 9, psn_no=NOBODY)]
    path = home.put_rows("setl_d_9.csv", people)
    (refused,) = home.run().refused
    assert refused.reason is not None and "990000" in refused.reason.zh and NOBODY not in str(refused.reason)
    assert try_file(home.settings, path).files[0].refusal == refused.reason


def _with_header_again(table: list[Row]) -> str:
    lines = delimited(table).splitlines()
    return "\n".join([*lines[:3], lines[0], *lines[3:]]) + "\n"


@pytest.mark.parametrize("extract", ["setl_d", "psn_info_b", "psn_insu_d"])
def test_L19_what_can_be_nobodys_number_makes_no_file_mixed(home: Home, extract: str) -> None:
    """The names of the columns once more, and a cell of 5 MB: rows that break the contract, and are held for that."""
    sample_home(home)
    people = [row(extract, n, psn_no=f"{NOBODY}{n}") for n in range(1, 9)]
    again = home.put(f"{extract}_8.csv", _with_header_again(people))
    gigantic = row(extract, 9, psn_no="7" * 5_000_000)
    if "certno" in gigantic:
        gigantic["certno"] = with_check_digit("99000019700317001")
    huge = home.put_rows(f"{extract}_9.csv", [*people, gigantic])
    trials = {path.name: try_file(home.settings, path).files[0] for path in (again, huge)}
    found = {file.source_file: (file.status, file.rows_read, file.rows_quarantined) for file in home.run().files}
    assert found[again.name] == found[huge.name] == ("loaded", 9, 1)
    held = dict(home.query("select source_file, rule_ids from quarantine.rejected_row"))
    assert held == {again.name: ["header_again"], huge.name: ["length"]}
    assert home.value("select count(*) from ops.unmapped_code") == 0, "a name of a column is no code"
    assert all(trial.refusal is None and trial.synthetic for trial in trials.values())
    assert [reason.rule_id for broken in trials[again.name].broken for reason in broken.reasons] == ["header_again"]


def test_L19_a_file_with_its_header_again_is_told_by_its_people_all_the_same(home: Home) -> None:
    real_home(home)
    home.put("setl_d_8.csv", _with_header_again([row("setl_d", n, psn_no=f"{NOBODY}{n}") for n in range(1, 9)]))
    (refused,) = home.run().refused
    assert refused.reason is not None and "合成标记" in refused.reason.zh and refused.source_file == "setl_d_8.csv"


def test_L19_a_replaced_file_of_a_sample_does_not_pass_for_it(home: Home) -> None:
    path = synthetic_batch(sample_home(home), "b2", 2)
    path.write_text(path.read_text(encoding="utf-8").replace("6000000", "7000000"), encoding="utf-8")
    (refused,) = home.run().refused
    assert "sha256" in str(refused.reason) and try_file(home.settings, path).files[0].refusal == refused.reason


@pytest.mark.parametrize("name", ["synthetic_1.csv", "setl_d_synthetic_1.csv", "setl_d_2_synthetic.csv"])
def test_L19_no_name_makes_people_synthetic(home: Home, name: str) -> None:
    """Whoever can exist stays real, whatever a file of people is called; so does a name that only holds the word."""
    sample_home(home)
    extract = "setl_d" if name.startswith("setl_d") else "fixmedins_b"
    path = home.put_rows(name if extract == "setl_d" else f"fixmedins_b_{name}", rows(extract, 1, start=2))
    assert [file.source_file for file in home.run().refused] == [path.name]


def test_L19_every_file_of_a_sample_is_synthetic_by_itself(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    write_sample(home.landing, scale=0.0001, years=(2024,))
    for manifest in [*home.landing.rglob("manifest.json"), home.landing / "synthetic.json"]:
        manifest.unlink()
    kinds = {(extract_of(path.name), path.suffix): path for path in sorted(home.landing.rglob("*.*"))}
    assert {extract for extract, _ in kinds} == set(load_contracts()) and len(kinds) > len(load_contracts())
    trials = {path.name: trial for path in kinds.values() for trial in try_file(home.settings, path).files}
    assert [name for name, trial in trials.items() if trial.rows_read and not trial.synthetic] == []
    assert len([trial for trial in trials.values() if trial.rows_read]) >= len(load_contracts())


def test_L19_a_refusal_speaks_one_language_a_side(tmp_path: Path) -> None:
    for make, mark in ((real_home, _named), (sample_home, _impossible_half), (sample_home, _unmarked)):
        home = make(Home(tmp_path / mark.__name__))
        mark(home)
        (refused,) = home.run().refused
        assert refused.reason is not None
        assert "家目录" in refused.reason.zh or "分开导出" in refused.reason.zh
        assert "主目录" not in refused.reason.zh and not re.search("[\u4e00-\u9fff]", refused.reason.en)


def _impossible_half(home: Home) -> Path:
    return home.put_rows("setl_d_9.csv", [*rows("setl_d", 3, start=5), row("setl_d", 9, psn_no=NOBODY)])


def _unmarked(home: Home) -> Path:
    return home.put_rows("fixmedins_b_9.csv", rows("fixmedins_b", 1))
