"""A content that the home knows already: compared with its manifest all the same, and never taken for other data (S8, L43).

What a trial says and what a run does are held against each other over every situation of a file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.desk import targets, unloading
from dagster_project.desk.corrections import land_corrections
from dagster_project.ingest import try_file
from dagster_project.ingest.known import period
from dagster_project.verbs.trial import trial_lines
from dagster_project.warehouse import connect
from tests.intake_world import Home, row, rows, sha256

JANUARY, SUMS = rows("setl_d", 3), {"medfee_sumamt": "300.00"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a January that a manifest told of."""
    home = Home(tmp_path_factory.mktemp("first") / "home")
    path = home.put_rows("2024-01/setl_d_202401.csv", JANUARY)
    told = {"file": path.name, "rows": 3, "sha256": sha256(path), "sums": SUMS}
    home.manifest("2024-01", files=[told])
    assert [file.status for file in home.run().files] == ["loaded"]
    return home


@pytest.fixture
def home(first: Home, tmp_path: Path) -> Home:
    """That home, to go on with."""
    shutil.copytree(first.settings.home, tmp_path / "home")
    return Home(tmp_path / "home", key=first.settings.key_file)


def again(home: Home, folder: str, name: str, extract: str = "setl_d", **told: Any) -> Path:
    """January once more, as a batch of its own, beside institutions of that batch."""
    home.put_rows(f"{folder}/fixmedins_b.csv", rows("fixmedins_b", 2))
    path = home.put_rows(f"{folder}/{name}", JANUARY)
    home.manifest(folder, files=[{"file": "fixmedins_b.csv"}, {"file": name} | told])
    return path


WRONG: list[dict[str, Any]] = [{"rows": 4}, {"sha256": "0" * 64}, {"sums": {"medfee_sumamt": "300.01"}}]


@pytest.mark.parametrize("wrong", WRONG, ids=["rows", "sha256", "sums"])
def test_S8_a_known_content_is_compared_with_its_manifest_all_the_same(home: Home, wrong: dict[str, Any]) -> None:
    path = again(home, "again", "setl_d_202401.csv", **wrong)
    tried = try_file(home.settings, path).files[0].refusal
    found = {file.source_file: file for file in home.run().files}
    assert found["again/setl_d_202401.csv"].status == "refused" and "S8" in str(found["again/setl_d_202401.csv"].reason)
    assert found["again/fixmedins_b.csv"].status == "refused", "the batch whole"
    assert found["2024-01/setl_d_202401.csv"].status == "duplicate"
    assert tried == found["again/setl_d_202401.csv"].reason
    # Right figures let the batch in, and the repeated file is passed over.
    again(home, "again", "setl_d_202401.csv", rows=3, sums=SUMS)
    assert {file.status for file in home.run().files} == {"duplicate", "loaded"}


def test_S8_a_manifest_that_is_changed_afterwards_is_compared_again(home: Home) -> None:
    home.manifest("2024-01", files=[{"file": "setl_d_202401.csv", "rows": 30}])
    (file,) = home.run().files
    assert file.status == "refused" and "30" in str(file.reason)
    assert home.value("select count(*) from ops.load") == 1, "what was loaded stays, and the finding holds the release"


@pytest.mark.parametrize("name", ["setl_d_202402.csv", "setl_d_2024年02月.csv", "setl_d_20240229.csv"])
def test_L43_january_sent_again_as_february_refuses_the_batch_and_names_the_load(home: Home, name: str) -> None:
    path = home.landing / "2024-02" / name
    again(home, "2024-02", name, rows=3, sums=SUMS)
    home.manifest(
        "2024-02", files=[{"file": "fixmedins_b.csv"}, {"file": name, "rows": 3, "sha256": sha256(path), "sums": SUMS}]
    )
    tried = try_file(home.settings, path).files[0]
    found = {file.source_file: file for file in home.run().files}
    assert {name: file.status for name, file in found.items()} == {
        "2024-01/setl_d_202401.csv": "duplicate", f"2024-02/{name}": "refused", "2024-02/fixmedins_b.csv": "refused",
    }  # fmt: skip
    reason = found[f"2024-02/{name}"].reason
    assert reason is not None and "2024-01/setl_d_202401.csv" in reason.zh and "load 1" in reason.en
    assert tried.refusal == reason


def test_L43_a_month_is_told_by_the_folder_where_the_name_has_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for month in ("2024-01", "2024-02"):
        home.put_rows(f"{month}/setl_d.csv", JANUARY)
        home.manifest(month)
    assert home.outcome() == {"2024-01/setl_d.csv": ("loaded", 3, 0), "2024-02/setl_d.csv": ("refused", 0, 0)}
    assert period("2024-05/setl_d_202403_export20240502.csv", None) == "202403", (
        "the file's own name first, then folders"
    )
    assert (period("a/setl_d.csv", "batch 202404"), period("setl_d_520100.csv", None)) == ("202404", "")


def test_L43_two_files_of_one_batch_are_never_the_same_data(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("b/setl_d_202401_1.csv", JANUARY)
    home.put_rows("b/setl_d_202401_2.csv", JANUARY)
    home.manifest("b")
    assert {file.status for file in home.run().files} == {"refused"}
    assert home.value("select count(*) from ops.load") == 0


def test_L43_what_may_well_be_the_same_again_is_passed_over(home: Home) -> None:
    """The month delivered anew without a change, an empty month, a list that did not change."""
    home.put_rows("2024-03/setl_d_202401.csv", JANUARY)
    header = JANUARY[0]
    for name in ("2024-01/setl_d_20240131_none.csv", "2024-03/setl_d_202402.csv"):
        home.put(name, ",".join(header) + "\n")
    for month in ("2024-01", "2024-03"):
        home.put_rows(f"{month}/fixmedins_b_{month.replace('-', '')}.csv", rows("fixmedins_b", 2))
        home.manifest(month, extracted_at=f"{month}-28T00:00:00")
    report = home.run()
    assert not report.refused, [str(file.reason) for file in report.refused]
    assert len(report.loaded) == 2 and len(report.duplicates) == 4


def test_a_duplicate_without_a_manifest_of_another_month_is_refused_and_of_another_name_listed(home: Home) -> None:
    home.put_rows("setl_d_202402.csv", JANUARY)
    home.put_rows("setl_d_copy.csv", JANUARY)
    found = {file.source_file: file.status for file in home.run().files}
    assert (found["setl_d_202402.csv"], found["setl_d_copy.csv"]) == ("refused", "duplicate")


def new(home: Home) -> Path:
    return home.put_rows("setl_d_202402.csv", rows("setl_d", 2, start=10))


def duplicate(home: Home) -> Path:
    return home.put_rows("again/setl_d_202401.csv", JANUARY)


def unloaded(home: Home) -> Path:
    with connect(home.settings) as connection:
        target = targets.find_target(connection, home.settings, "setl_d_202401.csv")
        unloading.unload(connection, home.settings, target, "Li", "wrong", "run")
    return home.landing / "2024-01/setl_d_202401.csv"


def held(home: Home) -> Path:
    return home.put_rows("setl_d_202403.csv", [*rows("setl_d", 9, start=20), row("setl_d", 30, med_type="777")])


def too_bad(home: Home) -> Path:
    return home.put_rows("setl_d_202404.csv", rows("setl_d", 9, start=40, medfee_sumamt="x"))


def wrong_rows(home: Home) -> Path:
    return again(home, "again", "setl_d_202401.csv", rows=9)


def other_month(home: Home) -> Path:
    return again(home, "2024-02", "setl_d_202402.csv")


def unloaded_as_other_month(home: Home) -> Path:
    unloaded(home)
    return again(home, "2024-02", "setl_d_202402.csv")


def unlisted(home: Home) -> Path:
    path = home.put_rows("b/setl_d_202405.csv", rows("setl_d", 2, start=50))
    home.manifest("b", files=[{"file": "setl_d_9.csv"}])
    return path


def corrected(home: Home) -> Path:
    home.put_rows("setl_d_202403.csv", [*rows("setl_d", 9, start=20), row("setl_d", 30, psn_pay="x")])
    home.run()
    return handed_in(home)


def handed_in(home: Home) -> Path:
    """The file that the desk makes of the held row."""
    with connect(home.settings) as connection:
        landed = land_corrections(connection, home.settings, {"2:10": {"psn_pay": "40.00"}}, "held.xlsx", "run")
    assert landed.folder is not None
    return next(landed.folder.glob("*.csv"))


def corrected_by_another(home: Home) -> Path:
    """A batch of the data centre that says it corrects what the desk has not looked at."""
    home.put_rows("setl_d_202403.csv", [*rows("setl_d", 9, start=20), row("setl_d", 30, psn_pay="x")])
    home.run()
    path = home.put_rows("b/setl_d_202406.csv", rows("setl_d", 1, start=70))
    home.manifest("b", files=[{"file": path.name, "corrects": {"load": 2, "rows": [10]}}])
    return path


def taken_in_again(home: Home) -> Path:
    path = corrected(home)
    home.run()
    return path


SITUATIONS: dict[Callable[[Home], Path], str] = {
    new: "loaded", duplicate: "duplicate", unloaded: "unloaded", held: "loaded", too_bad: "refused", wrong_rows: "refused",
    other_month: "refused", unloaded_as_other_month: "refused", unlisted: "refused", corrected: "loaded",
    corrected_by_another: "refused", taken_in_again: "duplicate",
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_a_trial_says_what_a_run_does(home: Home, situation: Callable[[Home], Path]) -> None:
    path = situation(home)
    report = try_file(home.settings, path)
    (file,) = report.files
    first_line = trial_lines(report)[0].zh
    done = next(one for one in home.run().files if one.source_file == file.source_file)
    assert done.status == SITUATIONS[situation], str(done.reason)
    said = {"loaded": "可以入库", "duplicate": "已入库过", "unloaded": "已撤出", "refused": "整份拒收"}[done.status]
    assert first_line.startswith(said)
    assert file.refusal == (done.reason if done.status == "refused" else None)
    if done.status == "loaded":
        assert (file.rows_read, file.rows_accepted, file.rows_quarantined) == (
            done.rows_read, done.rows_accepted, done.rows_quarantined,
        )  # fmt: skip
    if done.status == "unloaded":
        assert file.unloaded == done.reason and "undo" in trial_lines(report)[1].zh


def test_L31_only_a_file_of_the_desk_releases_held_rows(home: Home) -> None:
    path = corrected_by_another(home)
    assert (
        "quarantine --take" in {file.source_file: str(file.reason) for file in home.run().files}["b/setl_d_202406.csv"]
    )
    assert home.value("select count(*) from quarantine.rejected_row") == 1
    # Nor does the desk's own file for other rows than the desk wrote down.
    handed = handed_in(home)
    manifest = json.loads((handed.parent / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][0]["corrects"]["rows"] = [1, 10]
    (handed.parent / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert path.exists() and home.value("select count(*) from ops.handed_in") == 1
    assert {file.source_file: file.status for file in home.run().files}[
        handed.relative_to(home.landing).as_posix()
    ] == "refused"
