"""The sample as files: same bytes for the same seed, marks of synthetic data, other provinces, memory, refusals."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from dagster_project.errors import UserError
from dagster_project.sample import geography, write_sample
from dagster_project.sample.calendar import add_months, day_number
from dagster_project.sample.calibration import load_calibration
from dagster_project.sample.identifiers import certificate_text
from dagster_project.sample.settlement_files import write_delivery
from dagster_project.sample.world import World, build_world
from tests.second_route.validate import certificate_fails


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _truth(home: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    return content


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("first", 7), ("second", 7), ("third", 8)):
        write_sample(tmp_path / name, scale=0.0001, years=(2024,), seed=seed)
    first, second, third = (_hashes(tmp_path / name) for name in ("first", "second", "third"))
    assert first == second
    assert first.keys() == third.keys() and first != third


def test_two_processes_write_the_bytes_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for processes in (1, 2):
        monkeypatch.setattr("dagster_project.sample.units.PROCESSES", processes)
        monkeypatch.setattr("dagster_project.sample.units._FEW_ROWS", 0)
        write_sample(tmp_path / str(processes), scale=0.0001, years=(2023, 2024), seed=7)
    assert _hashes(tmp_path / "1") == _hashes(tmp_path / "2")


def test_history_comes_by_half_years_and_the_last_year_by_months(tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", scale=0.0001)
    batches = sorted(path.name for path in (tmp_path / "landing").glob("b*") if not path.name.endswith("_master"))
    history = [f"b{year}{end}" for year in (2023, 2024) for end in ("06", "06_late", "12", "12_late")]
    last = [f"b2025{month:02d}" for month in range(1, 13)] + ["b202506_late", "b202512_late"]
    assert batches == sorted(history + last)
    texts = {path.name for path in (tmp_path / "landing").glob("b*/setl_d_*") if path.suffix != ".parquet"}
    assert texts == {"setl_d_202405.csv", "setl_d_202502.txt.gz"}
    moments = [
        json.loads((tmp_path / "landing" / batch / "manifest.json").read_text(encoding="utf-8"))["extracted_at"]
        for batch in batches
    ]
    assert moments == sorted(moments)


def test_everything_says_it_is_synthetic(tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", scale=0.0001, years=(2024,))
    assert json.loads((tmp_path / "landing" / "synthetic.json").read_text(encoding="utf-8"))["synthetic"] is True
    assert _truth(tmp_path)["synthetic"] is True
    parquet = sorted((tmp_path / "landing").rglob("*.parquet"))
    assert parquet
    for path in parquet:
        assert (pq.read_metadata(path).metadata or {}).get(b"synthetic") == b"true", path
    formats = {"".join(path.suffixes) for path in (tmp_path / "landing").rglob("*.*") if path.suffix != ".json"}
    assert formats >= {".parquet", ".csv", ".txt.gz", ".xlsx", ".zip"}


def test_another_province(tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", scale=0.0001, years=(2024,), province="370000")
    truth = _truth(tmp_path)
    regions = {cell["prefecture"] for cell in truth["cells"]["enrolment"]}
    assert "370100" in regions and "379900" in regions and all(code.startswith("37") for code in regions)
    rows = pl.concat(
        pl.read_parquet(p, columns=["insu_admdvs"]) for p in (tmp_path / "landing").glob("*/setl_d_*.parquet")
    )
    assert rows["insu_admdvs"].str.starts_with("37").all()


def test_a_municipality_is_one_area_and_pools_as_a_whole(tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", scale=0.0001, years=(2024,), province="310000")
    cells = _truth(tmp_path)["cells"]
    assert {cell["prefecture"] for table in ("settlement", "enrolment", "fund") for cell in cells[table]} == {"310100"}
    assert {cell["travel_class"] for cell in cells["away"]} == {"cross_province"}, "there is no other prefecture"
    rows = pl.concat(
        pl.read_parquet(p, columns=["insu_admdvs", "poolarea_no"])
        for p in (tmp_path / "landing").glob("*/setl_d_*.parquet")
    )
    assert set(rows["insu_admdvs"]) - {"318877"} == {"310100"}, "beside the planted code"
    assert set(rows["poolarea_no"]) == {"310000"}


def test_counties_directly_below_a_municipality_belong_to_its_one_area(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"name_en": "", "kind": "division", "certainty": "", "note": "", "level": "3", "parent_code": "310000"}
    counties = [plain | {"code": code, "name_zh": f"区{code}"} for code in ("310101", "310151")]
    rows = geography.read_regions() + counties
    monkeypatch.setattr(geography, "read_regions", lambda: rows)
    shanghai = geography.build_geography("310000", load_calibration())
    insured = dict(zip(shanghai.region_codes, shanghai.prefecture_of.tolist(), strict=False))
    assert (insured["310101"], insured["310151"]) == (0, 0) and shanghai.prefectures[0] == "310100"
    assert shanghai.employee_weights[-1] == 0, "no province-run unit beside the municipality itself"


@pytest.mark.parametrize(
    ("province", "pooled"), [("520000", [False, True]), ("370000", [False, False]), ("310000", [True, True])]
)
def test_pools_follow_the_definitions_of_the_province(province: str, pooled: list[bool]) -> None:
    days = np.array([day_number(2024, 11, 30), day_number(2024, 12, 1)])
    assert build_world(3, 0.0001, (2024,), province, ()).geography.is_pooled_by_province(days).tolist() == pooled


def test_a_second_sample_replaces_the_first_and_foreign_files_are_left_alone(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    write_sample(landing, scale=0.0001, years=(2023,))
    write_sample(landing, scale=0.0001, years=(2024,))
    assert not list(landing.glob("b202301*")) and not (landing / ".partial").exists()
    (landing / "setl_d_real.csv").write_text("setl_id\n")
    with pytest.raises(UserError):
        write_sample(landing, scale=0.0001, years=(2024,))
    assert (landing / "setl_d_real.csv").exists() and list(landing.glob("b2024*"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": 0.0},
        {"years": (2022, 2024)},
        {"years": ()},
        *({"province": code} for code in ("990000", "810000", "520100", "37")),
    ],
    ids=lambda w: "-".join(map(str, next(iter(w.items())))),
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError) as raised:
        write_sample(tmp_path / "landing", **wrong)
    assert not (tmp_path / "landing").exists()
    if "province" in wrong:
        said = raised.value.message("en")
        assert wrong["province"] in said and "370000" in said and "310000" in said and "810000, " not in said


def _peak(world: World, folder: Path) -> tuple[int, int]:
    tracemalloc.start()
    files, _ = write_delivery(world, folder, 2024010)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return files[0].rows, peak


def test_memory_does_not_grow_with_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the rows of a month in chunks of a fixed size: hardly more memory at the peak."""
    monkeypatch.setattr("dagster_project.sample.settlement_files.CHUNK", 4_096)
    monkeypatch.setattr("dagster_project.sample.files.SMALL_GROUP", 2_048)
    small, large = (build_world(5, scale, (2024,), "520000", ()) for scale in (0.001, 0.004))
    _peak(small, tmp_path / "warm")
    rows, memory = _peak(small, tmp_path / "small")
    more_rows, more_memory = _peak(large, tmp_path / "large")
    assert more_rows > 3.8 * rows
    assert more_memory < 1.5 * memory


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write_sample(tmp_path, scale=0.0001, years=(2024,), on_progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, len(told) + 1)) and told[-1][1] == told[-1][2]


def test_certificates_pass_the_check_digit() -> None:
    world = build_world(3, 0.0001, (2024,), "520000", ())
    for category in range(4):
        rank = np.arange(500, dtype=np.int64)
        kind = np.full(500, category, dtype=np.int64)
        birth, home = world.people.birth_days(kind, rank), world.people.home_bits(kind, rank)
        sequence, sex = world.people.certificate_sequence(kind, rank), world.people.sex(home)
        no = np.zeros(500, dtype=np.bool_)
        numbers = certificate_text(birth, sequence, sex, rank, no, no).to_pylist()
        assert len(set(numbers)) == 500
        assert not any(certificate_fails(number) for number in numbers)
        assert [int(number[16]) % 2 for number in numbers] == (sex % 2).tolist()
        assert all(certificate_fails(n) for n in certificate_text(birth, sequence, sex, rank, ~no, no).to_pylist())
        assert all(certificate_fails(n) for n in certificate_text(birth, sequence, sex, rank, no, ~no).to_pylist())


def test_months_move_over_new_year() -> None:
    assert add_months(202412, 1) == 202501 and add_months(202401, -1) == 202312
