"""Cases of the rulings about files: thresholds, names, manifests, headers, encodings, separators.

Belongs here: tiny landing folders taken in on their own, without a build. Does not belong here: rows and numbers.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from tests.warehouse_api import query, take_in

HEADER = "admdvs,admdvs_name,prnt_admdvs,admdvs_lv,begndate,enddate"
REGIONS = [HEADER, "980000,甲省,,1,2000-01-01,", "980100,乙市,980000,2,2000-01-01,"]
TEXT = "\n".join(REGIONS) + "\n"


def land(home: Path, files: dict[str, bytes | str], manifest: dict[str, object] | None = None) -> Path:
    """Write files of one batch."""
    folder = home / "landing" / "b1"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    if manifest is not None:
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return home


def outcome(home: Path) -> dict[str, str]:
    """Status of every file after intake, by its name."""
    take_in(home)
    return {
        Path(name).name: status
        for name, status in query(home / "warehouse.duckdb", "select source_file, status from ops.file")
    }


def regions(rows: int, broken: int) -> str:
    """A region file in which some rows have no date where one belongs."""
    lines = [
        f"98{number:04d},县{number},980000,3,{'soon' if number < broken else '2000-01-01'}," for number in range(rows)
    ]
    return "\n".join([HEADER, *lines]) + "\n"


@pytest.mark.parametrize(
    ("rows", "broken", "status"),
    [(100, 5, "loaded"), (100, 6, "refused"), (199, 5, "loaded"), (400, 4, "loaded"), (400, 5, "refused")],
)
def test_S2_a_file_above_its_threshold_is_refused_whole(tmp_path: Path, rows: int, broken: int, status: str) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a.csv": regions(rows, broken)})
    assert outcome(home) == {"admdvs_dim_a.csv": status}
    held = query(home / "warehouse.duckdb", "select rows_read, rows_accepted, rows_quarantined from ops.load")
    assert held == ([(rows, rows - broken, broken)] if status == "loaded" else [])


@pytest.mark.parametrize(
    ("name", "extract"),
    [
        ("admdvs_dim_a.csv", "admdvs_dim_a"),
        ("admdvs_dim_a_2024.v1.csv", "admdvs_dim_a"),
        ("admdvs_dim_abc.csv", None),
        ("regions.csv", None),
        ("psn_insu_his_d_1.csv", "psn_insu_his_d"),
    ],
)
def test_S7_the_longest_table_name_wins(tmp_path: Path, name: str, extract: str | None) -> None:
    home = land(tmp_path / "home", {f"setl_d_folder/{name}": TEXT})
    take_in(home)
    ((found, status),) = query(home / "warehouse.duckdb", "select extract, status from ops.file")
    assert found == extract
    if extract is None:
        assert status == "unknown"


def test_S7_an_archive_or_its_member_may_carry_the_name(tmp_path: Path) -> None:
    home = land(tmp_path / "home", {})
    folder = home / "landing" / "b1"
    with zipfile.ZipFile(folder / "delivery.zip", "w") as archive:
        archive.writestr("admdvs_dim_a.csv", TEXT)
    with zipfile.ZipFile(folder / "admdvs_dim_a_2.zip", "w") as archive:
        archive.writestr("data.csv", TEXT.replace("980100", "980200"))
    (folder / "admdvs_dim_a_3.txt.gz").write_bytes(gzip.compress(TEXT.replace("980100", "980300").encode()))
    take_in(home)
    assert query(home / "warehouse.duckdb", "select extract, rows_read from ops.load") == [("admdvs_dim_a", 2)] * 3


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([{"file": "admdvs_dim_a.csv", "rows": 2}], "loaded"),
        ([{"file": "admdvs_dim_a.csv"}], "loaded"),
        ([{"file": "admdvs_dim_a.csv", "rows": 3}], "refused"),
        ([{"file": "admdvs_dim_a.csv", "sha256": "0" * 64}], "refused"),
        ([{"file": "admdvs_dim_a.csv"}, {"file": "setl_d_1.csv"}], "refused"),
        ([], "refused"),
    ],
)
def test_S8_a_batch_must_be_what_its_manifest_says(tmp_path: Path, files: list[object], status: str) -> None:
    manifest = {"batch": "b1", "extracted_at": "2025-01-10T00:00:00", "files": files}
    home = land(tmp_path / "home", {"admdvs_dim_a.csv": TEXT}, manifest)
    assert outcome(home)["admdvs_dim_a.csv"] == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (" ADMDVS ,医保区划名称,prnt_admdvs,admdvs_lv,begndate,enddate", "loaded"),
        ("admdvs,admdvs_name,prnt_admdvs,admdvs_lv,begndate,remark", "loaded"),
        ("admdvs,admdvs_name,admdvs_name,admdvs_lv,begndate,enddate", "refused"),
        ("code,admdvs_name,prnt_admdvs,admdvs_lv,begndate,enddate", "refused"),
    ],
)
def test_S11_headers_by_any_of_their_names(tmp_path: Path, header: str, status: str) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a.csv": "\n".join([header, *REGIONS[1:]]) + "\n"})
    assert outcome(home) == {"admdvs_dim_a.csv": status}
    if "remark" in header:
        ((extra,),) = query(home / "warehouse.duckdb", "select cast(extra_columns as varchar) from ops.file")
        assert "remark" in extra
        columns = query(home / "warehouse.duckdb", "select column_name from (describe select * from raw.admdvs_dim_a)")
        assert ("remark",) not in columns


def test_S11_a_header_alone_loads_nothing_and_an_empty_file_is_refused(tmp_path: Path) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a_1.csv": HEADER + "\n", "admdvs_dim_a_2.csv": ""})
    assert outcome(home) == {"admdvs_dim_a_1.csv": "loaded", "admdvs_dim_a_2.csv": "refused"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_S12_encodings_are_found_and_recorded(tmp_path: Path, encoding: str) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a.csv": TEXT.replace("乙市", "乙𠮷市").encode(encoding)})
    assert outcome(home) == {"admdvs_dim_a.csv": "loaded"}
    names = {row[0] for row in query(home / "warehouse.duckdb", "select admdvs_name from raw.admdvs_dim_a")}
    assert names == {"甲省", "乙𠮷市"}
    ((recorded,),) = query(home / "warehouse.duckdb", "select encoding from ops.load")
    assert recorded.lower().replace("-", "").startswith(encoding.replace("-", "")[:4])


def test_S12_bytes_of_no_encoding_refuse_the_file(tmp_path: Path) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a.csv": TEXT.encode() + b"\xff\xff\xff\xff,\n"})
    report = take_in(home)
    (file,) = report.files
    assert file.status == "refused"
    assert str(len(TEXT.encode())) in str(file.reason), "the first offset is named"


@pytest.mark.parametrize("separator", [",", "\t", "|", ";"])
def test_S13_separators_are_told_from_the_header(tmp_path: Path, separator: str) -> None:
    home = land(tmp_path / "home", {"admdvs_dim_a.txt": TEXT.replace(",", separator)})
    assert outcome(home) == {"admdvs_dim_a.txt": "loaded"}
    assert query(home / "warehouse.duckdb", "select count(distinct admdvs) from raw.admdvs_dim_a") == [(2,)]
