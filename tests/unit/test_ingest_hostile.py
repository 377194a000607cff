"""What no file may do: lead out of its folder, fill memory or disk, take hours, or stop the files beside it.

Belongs here: bounds that need more than a file to see. Does not belong here: odd files one by one (the corpus).
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from dagster_project.contracts import load_contracts
from dagster_project.ingest import archives, delimited
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.sheets import require_bounded
from dagster_project.ingest.trial import try_file
from dagster_project.verbs.trial import trial_lines
from tests.corpus.odd import good, workbook
from tests.intake_world import Home, rows, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_L35_a_link_that_leads_out_is_not_followed_and_one_inside_is(home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(text(rows("setl_d", 2)), encoding="utf-8")
    (home.landing / "setl_d_out.csv").symlink_to(secret)
    (home.landing / "setl_d_passwd.csv").symlink_to("/etc/passwd")
    home.put("kept/setl_d_in.csv", text(rows("setl_d", 2, start=5)))
    (home.landing / "setl_d_link.csv").symlink_to(home.landing / "kept/setl_d_in.csv")
    os.link(secret, home.landing / "setl_d_hard.csv")
    found = {file.source_file: file for file in home.run().files}
    assert {name: file.status for name, file in found.items()} == {
        "setl_d_out.csv": "refused", "setl_d_passwd.csv": "refused", "setl_d_hard.csv": "loaded",
        "kept/setl_d_in.csv": "loaded", "setl_d_link.csv": "duplicate",
    }  # fmt: skip
    assert all("out of the landing folder" in str(found[f"setl_d_{name}.csv"].reason) for name in ("out", "passwd"))
    assert "root:" not in "".join(str(file.reason) for file in found.values())


def test_a_landing_folder_that_is_a_link_itself_is_followed(tmp_path: Path) -> None:
    elsewhere = Home(tmp_path / "elsewhere")
    elsewhere.put_rows("setl_d.csv", rows("setl_d", 2))
    home = Home(tmp_path / "home")
    home.landing.rmdir()
    home.landing.symlink_to(elsewhere.landing)
    assert home.outcome() == {"setl_d.csv": ("loaded", 2, 0)}


def test_what_does_not_fit_on_the_disk_is_refused_and_the_rest_taken_in(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_ALWAYS", 1 << 10)
    monkeypatch.setattr(archives, "_TIMES", 1 << 20)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda path: os.terminal_size((0, 0)) and _Full())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("setl_d_1.csv", text(rows("setl_d", 40)))
    home.put("setl_d.zip", buffer.getvalue())
    home.put_rows("setl_d_2.csv", rows("setl_d", 2, start=90))
    found = {file.source_file: file for file in home.run().files}
    assert "does not fit on the disk" in str(found["setl_d.zip/setl_d_1.csv"].reason)
    assert found["setl_d_2.csv"].status == "loaded"


class _Full:
    free = 0


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", b"x" * 5000)
        archive.filelist = archive.filelist * 3  # the same bytes, listed three times
    path = tmp_path / "setl_d.zip"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(Refusal, match="overlap"):
        archives.members(path)


def test_numbers_of_rows_cost_the_same_however_many_rows_had_another_width_before() -> None:
    gone = list(range(1, 4_000_000, 2))
    begun = time.process_time()
    for start in range(3_900_001, 4_000_000, 2_000):
        assert delimited._numbers(start, 900, gone)[:2].tolist() == [start + 1, start + 3]
    assert time.process_time() - begun < 1


def test_a_file_of_nothing_but_misshapen_rows_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_MOST_MISSHAPEN", 100)
    path = tmp_path / "file.csv"
    path.write_text(text(rows("setl_d", 2)) + "x,y\n" * 500, encoding="utf-8")
    with pytest.raises(Refusal, match="not read to its end"):
        delimited.rewrite(path, load_contracts()["setl_d"], tmp_path / "out.parquet")


@pytest.mark.parametrize("place", ["", ' r = "XFD1048576"', ' s="1" r="XFD1"', " r='A1048576'"])
def test_a_sheet_is_measured_however_its_cells_are_written(tmp_path: Path, place: str) -> None:
    """Two cells, one of them far away; a cell without a place stands behind the one before it."""
    path = tmp_path / "population_ref.xlsx"
    with zipfile.ZipFile(io.BytesIO(workbook(good("population_ref", 1)))) as old, zipfile.ZipFile(path, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                far = b'<row r="1048576"><c r="XFD1048576"/></row>' if place.endswith("'") or 'XFD1"' in place else b""
                cell = f"<row><c{place}/></row>".encode()
                content = content.replace(b"</sheetData>", cell + far + b"</sheetData>")
            new.writestr(part, content)
    if place:
        with pytest.raises(Refusal, match="too large"):
            require_bounded(path)
    else:
        require_bounded(path)


def test_the_extra_columns_of_a_file_are_recorded_short(home: Home) -> None:
    home.put_rows("setl_d.csv", [line | {"x" * 5000: "1"} for line in rows("setl_d", 2)])
    (file,) = home.run().loaded
    assert len(str(file.reason)) < 300
    assert home.value("select max(length(name)) from (select unnest(extra_columns) as name from ops.file)") == 200


def test_a_long_text_that_every_cell_shares_counts_once_a_cell(tmp_path: Path) -> None:
    def book(name: str, note: str, cells: int) -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(str(path)) as made:
            sheet = made.add_worksheet()
            for number in range(cells):
                sheet.write_string(number, 0, note)
            sheet.write_string(0, 1, "x" * 32_000)
        return path

    require_bounded(book("one_long_note.xlsx", "a", 60_000))
    with pytest.raises(Refusal, match="too large"):
        require_bounded(book("many_long_notes.xlsx", "n" * 32_000, 60_000))


def test_folders_and_files_named_in_gbk_are_what_the_manifest_calls_them(home: Home) -> None:
    folder = os.fsdecode("贵阳".encode("gbk"))
    for number, name in ((1, "fixmedins_b_1.csv"), (5, os.fsdecode("fixmedins_b_一月.csv".encode("gbk")))):
        home.put(f"{folder}/{name}", text(rows("fixmedins_b", 2, start=number)))
    assert home.outcome() == {
        "贵阳/fixmedins_b_1.csv": ("loaded", 2, 0),
        "贵阳/fixmedins_b_一月.csv": ("loaded", 2, 0),
    }
    home.put(f"{folder}/fixmedins_b_3.csv", text(rows("fixmedins_b", 2, start=9)))
    listed = ("fixmedins_b_1.csv", "fixmedins_b_一月.csv", "fixmedins_b_3.csv")
    home.manifest(folder, files=[{"file": name} for name in listed])
    assert home.outcome()["贵阳/fixmedins_b_3.csv"] == ("loaded", 2, 0)


def test_a_trial_prints_no_cell_without_end_and_nothing_that_a_terminal_carries_out(home: Home) -> None:
    table = rows("fixmedins_b", 3)
    table[0]["fixmedins_name"], table[1]["uscc"] = "x" * 300_000, "\x1b[31m" + "y" * 60
    report = try_file(home.settings, home.put_rows("fixmedins_b.csv", [line | {"\x1b[2J": "1"} for line in table]))
    said = "".join(line.zh for line in trial_lines(report))
    assert report.files[0].rows_quarantined == 2 and len(said) < 2000 and "\x1b" not in said
