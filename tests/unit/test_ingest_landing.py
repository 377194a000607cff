"""Which files are taken in: names, archives, batches and manifests, repeated and refused files."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import try_file
from dagster_project.ingest.discover import extract_of
from dagster_project.ingest.likely_names import likely_names
from tests.intake_world import Home, rows, sha256, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_S7_names_decide_the_extract(home: Home) -> None:
    home.put_rows("setl_d.csv", rows("setl_d", 1))
    home.put_rows("x/setl_d_part_2.csv", rows("setl_d", 1, start=2))
    home.put_rows("psn_insu_d_2024.csv", rows("psn_insu_d", 1, psn_no="p"))
    home.put_rows("psn_insu_his_d/psn_insu_his_d_2024.csv", rows("psn_insu_his_d", 1, insutype="310"))
    home.put_rows("setl_d_folder/other.csv", rows("setl_d", 1, start=3))
    home.put_rows("outmed_setl_d.csv", rows("setl_d", 1, start=4))
    home.put_rows("outmed_mdtrt_d.csv", rows("mdtrt_d", 1, start=4))
    home.put_rows("setl_data.csv", rows("setl_d", 1, start=5))
    home.put("readme.md", "notes")
    with zipfile.ZipFile(home.landing / "mdtrt_d_202401.zip", "w") as archive:
        archive.writestr("part1.csv", text(rows("mdtrt_d", 2)))
        archive.writestr("setl_d_late.csv", text(rows("setl_d", 1, start=6)))
    report = home.run()
    found = {file.source_file: (file.extract, file.status) for file in report.files}
    assert found["setl_d.csv"] == found["x/setl_d_part_2.csv"] == ("setl_d", "loaded")
    assert found["psn_insu_d_2024.csv"] == ("psn_insu_d", "loaded")
    assert found["psn_insu_his_d/psn_insu_his_d_2024.csv"] == ("psn_insu_his_d", "loaded")
    assert found["mdtrt_d_202401.zip/part1.csv"] == ("mdtrt_d", "loaded")
    assert found["mdtrt_d_202401.zip/setl_d_late.csv"] == ("setl_d", "loaded")
    assert found["outmed_setl_d.csv"] == ("outmed_setl_d", "loaded"), "not our own insured (L71)"
    assert (
        found["setl_d_folder/other.csv"] == found["setl_data.csv"] == found["outmed_mdtrt_d.csv"] == (None, "unknown")
    )
    assert found["readme.md"] == (None, "ignored")
    assert dict(home.query("select source_file, status from ops.file"))["readme.md"] == "ignored", "no open matter"
    assert "treatment-side" in str(
        next(file.reason for file in report.unknown if file.source_file.startswith("outmed"))
    )
    assert report.exit_code == ExitCode.PARTLY
    assert dict(home.query("select source_file, status from ops.file"))["setl_data.csv"] == "unknown"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("setl_d-202401.csv", ["setl_d_202401.csv"]), ("SETL_D 2024-01.csv", ["setl_d_202401.csv"]),
        ("结算202401.csv", ["setl_d_202401.csv", "setl_fund_sbit_d_202401.csv"]), ("setld_202401.csv.gz", ["setl_d_202401.csv.gz"]),
        ("结算信息表2024年1月.xlsx", ["setl_d_202401.xlsx"]), ("202403_setl_fund_sbit_d.txt", ["setl_fund_sbit_d_202403.txt"]),
        ("人员基本信息.xlsx", ["psn_info_b.xlsx"]), ("缴费明细.csv", ["rsdt_psn_clct_detl_d.csv", "staf_psn_clct_detl_d.csv"]),
        ("说明.csv", []), ("data.csv", []), ("notes_2024.csv", []),
    ],
)  # fmt: skip
def test_S7_a_name_that_is_nearly_one_tells_which(name: str, meant: list[str]) -> None:
    assert likely_names(name) == meant
    assert all(extract_of(one) for one in meant) and extract_of(name) is None


def test_what_is_no_file_is_named_and_refused(home: Home) -> None:
    elsewhere = home.settings.home / "share"
    elsewhere.mkdir()
    (home.landing / "setl_d_202501.parquet").mkdir()
    (home.landing / "mdtrt_d_202501.parquet").mkdir()
    home.put("mdtrt_d_202501.parquet/part-00000.parquet", b"PAR1")
    (home.landing / "setl_d_202502.csv").symlink_to(elsewhere / "gone.csv")
    (home.landing / "setl_d_202503.csv").symlink_to(home.landing / "setl_d_202503.csv")
    (home.landing / "b202504").symlink_to(elsewhere)  # a whole batch by a link to its folder
    (home.landing / "b202505").symlink_to(elsewhere / "gone")
    os.mkfifo(home.landing / "setl_d_202506.csv")
    os.mkfifo(home.landing / "data.csv")
    (home.landing / "psn_insu_d").mkdir()  # an ordinary folder, and one that is no less a batch for its name
    home.put_rows("setl_d_2024.zip/setl_d_202401.csv", rows("setl_d", 1))
    (home.landing / ".DS_Store").symlink_to(elsewhere / "gone")
    report = home.run()
    found = {file.source_file: (file.extract, file.status) for file in report.files}
    assert found == {
        "setl_d_2024.zip/setl_d_202401.csv": ("setl_d", "loaded"),
        "setl_d_202501.parquet": ("setl_d", "refused"),
        "mdtrt_d_202501.parquet": ("mdtrt_d", "refused"),
        "setl_d_202502.csv": ("setl_d", "refused"),
        "setl_d_202503.csv": ("setl_d", "refused"),
        "setl_d_202506.csv": ("setl_d", "refused"),
        "data.csv": (None, "unknown"),
        "b202504": (None, "unknown"),
        "b202505": (None, "unknown"),
    }
    reasons = {file.source_file: file.reason for file in report.files}
    for name, word in {
        "setl_d_202501.parquet": "folder, not a file",
        "setl_d_202502.csv": "points at nothing",
        "setl_d_202503.csv": "points at nothing",
        "setl_d_202506.csv": "no ordinary file",
        "data.csv": "no ordinary file",
        "b202504": "link to a folder",
        "b202505": "points at nothing",
    }.items():
        assert (reason := reasons[name]) is not None and word in reason.en, name
    with pytest.raises(UserError, match="no ordinary file"):
        try_file(home.settings, home.landing / "data.csv")
    assert report.exit_code == ExitCode.PARTLY
    told = home.query("select source_file, status from ops.file where status <> 'loaded' order by 1")
    assert told == sorted((name, status) for name, (_, status) in found.items() if status != "loaded")
    # Put right, they are open matters no more.
    for path in (home.landing / "setl_d_202502.csv", home.landing / "b202504"):
        path.unlink()
    home.put_rows("setl_d_202502.csv", rows("setl_d", 1, start=9))
    home.run()
    last = dict(home.query("select source_file, max_by(status, (seen_at, run_id)) from ops.file group by 1"))
    assert (last["setl_d_202502.csv"], last["b202504"]) == ("loaded", "withdrawn")


def test_S8_a_listed_file_that_is_a_link_to_nothing_is_absent(home: Home) -> None:
    home.put_rows("b1/setl_d_1.csv", rows("setl_d", 2))
    (home.landing / "b1/setl_d_2.csv").symlink_to(home.landing / "gone.csv")
    home.manifest("b1", files=[{"file": "setl_d_1.csv"}, {"file": "setl_d_2.csv"}])
    home.put_rows("b2/setl_d_3.csv", rows("setl_d", 2, start=5))
    (home.landing / "b2/manifest.json").symlink_to(home.landing / "gone.json")
    reasons = home.reasons()
    assert "absent" in reasons["b1/setl_d_1.csv"] and "setl_d_2.csv" in reasons["b1/setl_d_1.csv"]
    assert "points at nothing" in reasons["b1/setl_d_2.csv"]
    assert "manifest.json cannot be used" in reasons["b2/setl_d_3.csv"]


def test_S8_manifests(home: Home) -> None:
    for batch in ("b1", "b2", "b3", "b4", "b6"):
        home.put_rows(f"{batch}/setl_d_1.csv", rows("setl_d", 4, start=10 * int(batch[1])))
    good = {
        "file": "setl_d_1.csv",
        "rows": 4,
        "sha256": sha256(home.landing / "b1/setl_d_1.csv"),
        "sums": {"medfee_sumamt": "400"},
    }
    home.manifest("b1", batch="one", extracted_at="2024-02-01T08:00:00+08:00", files=[good])
    home.manifest("b2", files=[{"file": "setl_d_1.csv", "rows": 5}])
    home.manifest("b3", files=[{"file": "setl_d_1.csv", "sums": {"medfee_sumamt": "399.99"}}])
    home.manifest("b4", files=[{"file": "setl_d_1.csv"}, {"file": "setl_d_2.csv"}])
    home.put("b6/manifest.json", "{not json")
    report = home.run()
    found = {file.source_file: file for file in report.files}
    assert found["b1/setl_d_1.csv"].status == "loaded"
    assert home.query("select batch, delivered_at::varchar from ops.load") == [("one", "2024-02-01 08:00:00")]
    for name, word in {
        "b2": "5",
        "b3": "399.99",
        "b4": "setl_d_2.csv",
        "b6": "manifest.json",
    }.items():
        assert found[f"{name}/setl_d_1.csv"].status == "refused" and word in str(
            found[f"{name}/setl_d_1.csv"].reason
        ), name
    # Files loaded before do not count: the batch may be emptied, and grow by a listed file.
    (home.landing / "b1/setl_d_1.csv").unlink()
    home.put_rows("b1/setl_d_9.csv", rows("setl_d", 1, start=99))
    home.manifest("b1", files=[good, {"file": "setl_d_9.csv"}])
    assert {f.source_file: f.status for f in home.run().files}["b1/setl_d_9.csv"] == "loaded"
    home.put_rows("b7/setl_d_7.csv", rows("setl_d", 1, start=77))
    home.manifest("b7", files=[{"file": "setl_d_7.csv", "sha256": "0" * 64}])
    assert "sha256" in home.reasons()["b7/setl_d_7.csv"]


def test_S8_a_manifest_that_lists_no_file_refuses_its_batch(home: Home) -> None:
    listed = [{"file": "setl_d_1.csv", "rows": 5}]
    told = {"b1": {"files": []}, "b2": {"batch": "2"}, "b3": {"file_list": listed}, "b4": {"files": None}}
    for batch, content in told.items():
        home.put_rows(f"{batch}/setl_d_1.csv", rows("setl_d", 4, start=10 * int(batch[1])))
        home.put(f"{batch}/manifest.json", json.dumps(content))
    reasons = home.reasons()
    assert len(reasons) == 4
    assert all("没有列出任何文件" in reason and "lists no file" in reason for reason in reasons.values())
    for batch in told:
        (home.landing / batch / "manifest.json").unlink()
    assert {file.status for file in home.run().files} == {"loaded"}
    home.put("b1/manifest.json", "{}")
    assert not home.run().refused, "no new file is concerned"


@pytest.mark.parametrize(
    "content",
    [
        '{"extracted_at": "0001-01-01T00:00:00+23:00"}',
        '{"extracted_at": "9999-12-31T23:59:59-12:00"}',
        "[" * 100_000,
        '{"files": [{"file": "setl_d_1.csv", "rows": "' + "9" * 5000 + '"}]}',
    ],
    ids=["before time", "after time", "brackets", "rows"],
)
def test_S8_one_impossible_manifest_keeps_nothing_else_out(home: Home, content: str) -> None:
    home.put_rows("bad/setl_d_1.csv", rows("setl_d", 4, start=10))
    home.put("bad/manifest.json", content)
    home.put_rows("good/setl_d_2.csv", rows("setl_d", 4, start=20))
    found = {file.source_file: file for file in home.run().files}
    assert found["good/setl_d_2.csv"].status == "loaded"
    assert found["bad/setl_d_1.csv"].status == "refused"
    assert "manifest.json" in str(found["bad/setl_d_1.csv"].reason)


def test_a_loaded_content_is_passed_over(home: Home) -> None:
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    home.put_rows("setl_d_2.csv", rows("setl_d", 3))
    first = home.run()
    assert [file.status for file in first.files] == ["loaded", "duplicate"]
    assert "setl_d_1.csv" in str(first.files[1].reason)
    again = home.run()
    assert [file.status for file in again.files] == ["duplicate", "duplicate"] and again.exit_code == ExitCode.DONE
    os.utime(home.landing / "setl_d_1.csv", (1, 1))
    assert home.run().loaded == [] and home.value("select count(*) from ops.load") == 1


@pytest.mark.parametrize("made", [False, True])
def test_nothing_to_take_in_is_one_clear_message(tmp_path: Path, made: bool) -> None:
    home = Home(tmp_path / "home")
    if not made:
        home.landing.rmdir()
    with pytest.raises(UserError) as raised:
        home.run()
    assert raised.value.code == ExitCode.BAD_INPUT and "setl_d_202401.csv" in raised.value.message("zh")


def test_only_refused_files_is_exit_2(home: Home) -> None:
    home.put("setl_d.csv", "")
    assert home.run().exit_code == ExitCode.BAD_INPUT
    (home.landing / "setl_d.csv").unlink()
    home.put_rows("setl_d_2.csv", rows("setl_d", 1))
    assert home.run().exit_code == ExitCode.DONE
    assert home.query("select status from ops.file where source_file = 'setl_d.csv' order by seen_at, status") == [
        ("refused",), ("withdrawn",),
    ]  # fmt: skip
