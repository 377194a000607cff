"""What goes wrong at the door: one clear message, the right exit code, nothing half-loaded, never a traceback."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from dagster_project.dictionary.variants import read_variant
from dagster_project.indicator_trial import trial
from tests.rulings.landed import make_world
from tests.rulings.world import PROVINCE
from tests.warehouse_api import Spoken, build_home, bulletin, query, settings_of

BAD_INPUT, PARTLY = 2, 1
GOOD_REGIONS = "admdvs,admdvs_name,prnt_admdvs,admdvs_lv\n980000,省,,1\n980100,市,980000,2\n"


def landing_of(home: Path) -> Path:
    """An empty landing folder."""
    folder = home / "landing" / "b1"
    folder.mkdir(parents=True)
    return folder


def ingest(home: Path) -> Spoken:
    """Take in a home through the command line, with a key of the test's own."""
    return bulletin("ingest", "--home", str(home), key=home.parent / "test.key")


def loaded(home: Path) -> list[str]:
    """Files that count as loaded."""
    if not (home / "warehouse.duckdb").exists():
        return []
    return [row[0] for row in query(home / "warehouse.duckdb", "select source_file from ops.load")]


def expect(said: Spoken, code: int, *words: str) -> None:
    """The exit code, no insides, and every word in the message."""
    assert not said.has_traceback, said.text
    assert said.code == code, said.text
    for word in words:
        assert word.lower() in said.text.lower(), f"{word!r} is not in:\n{said.text}"


def test_a_wrong_folder_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "nowhere"
    expect(bulletin("run", "--home", str(home), key=tmp_path / "test.key"), BAD_INPUT, str(home), "what to do")
    assert not home.exists()


@pytest.mark.parametrize("verb", ["run", "ingest"])
def test_an_empty_landing_folder_is_said_and_nothing_is_made(tmp_path: Path, verb: str) -> None:
    home = tmp_path / "home"
    (landing_of(home) / "manifest.json").write_text("{}", encoding="utf-8")
    expect(bulletin(verb, "--home", str(home), key=tmp_path / "test.key"), BAD_INPUT, "landing", "what to do")
    assert [path.name for path in home.iterdir()] == ["landing"]
    assert not (tmp_path / "test.key").exists()


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("settlements_2024.csv", b"a,b\n1,2\n", "settlements_2024.csv"),
        ("setl_d_2024.csv", b"setl_id,psn_no\n1,2\n", "mdtrt_id"),
        ("setl_d_2024.csv", b"", "empty"),
        ("admdvs_dim_a.csv", b"admdvs,admdvs_name,admdvs_name\n1,2,3\n", "admdvs_name"),
        ("admdvs_dim_a.parquet", b"PAR1 this is not parquet", "admdvs_dim_a.parquet"),
        ("admdvs_dim_a.xlsx", b"PK this is no workbook", "admdvs_dim_a.xlsx"),
        ("admdvs_dim_a.csv.gz", b"\x1f\x8b broken", "admdvs_dim_a.csv.gz"),
        ("admdvs_dim_a.zip", b"PK broken", "admdvs_dim_a.zip"),
        ("admdvs_dim_a.csv", b"admdvs,admdvs_name\n980000,\xff\xff\xff\xff\n", "admdvs_dim_a.csv"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_in_is_named(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    home = tmp_path / "home"
    (landing_of(home) / name).write_bytes(content)
    expect(ingest(home), BAD_INPUT, name, word)
    assert loaded(home) == []


def test_a_folder_and_a_link_to_nothing_are_named_like_any_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = landing_of(home)
    (folder / "admdvs_dim_a.csv").write_text(GOOD_REGIONS, encoding="utf-8")
    (folder / "setl_d_202501.parquet").mkdir()
    (folder / "setl_d_202502.parquet").symlink_to(tmp_path / "gone.parquet")
    expect(ingest(home), PARTLY, "setl_d_202501.parquet", "folder", "setl_d_202502.parquet", "points at nothing")
    told = query(home / "warehouse.duckdb", "select source_file, status from ops.file order by 1")
    assert [(Path(name).name, status) for name, status in told] == [
        ("admdvs_dim_a.csv", "loaded"), ("setl_d_202501.parquet", "refused"), ("setl_d_202502.parquet", "refused"),
    ]  # fmt: skip


def test_one_bad_file_does_not_keep_the_rest_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = landing_of(home)
    (folder / "admdvs_dim_a.csv").write_text(GOOD_REGIONS, encoding="utf-8")
    (folder / "setl_d_2024.csv").write_text("setl_id,psn_no\n1,2\n", encoding="utf-8")
    expect(ingest(home), PARTLY, "setl_d_2024.csv")
    assert [Path(name).name for name in loaded(home)] == ["admdvs_dim_a.csv"]


def test_a_register_alone_is_kept_and_what_is_wanted_besides_is_said(tmp_path: Path) -> None:
    landing = tmp_path / "home" / "landing"
    landing.mkdir(parents=True)
    text = "年度,医保区划,人口口径,人数,来源\n2024,370000,resident,101000000,公报\n"
    (landing / "population_ref_2024.csv").write_bytes(text.encode("gb18030"))
    said = bulletin("run", "--home", str(landing.parent), key=tmp_path / "test.key")
    assert said.code == 1 and not said.has_traceback, said.text
    assert "No indicator was computed" in said.text and "setl_d" in said.text
    assert query(landing.parent / "warehouse.duckdb", "select count(*) from raw.population_ref") == [(1,)]


def test_try_says_what_would_happen_and_loads_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = landing_of(home) / "admdvs_dim_a.csv"
    file.write_text(GOOD_REGIONS, encoding="utf-8")
    said = bulletin("try", str(file), "--home", str(home), key=tmp_path / "test.key")
    expect(said, 0, "admdvs_dim_a")
    assert loaded(home) == []


def test_try_says_that_a_file_would_be_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = landing_of(home) / "setl_d_2024.csv"
    file.write_text("setl_id,psn_no\n1,2\n", encoding="utf-8")
    expect(bulletin("try", str(file), "--home", str(home), key=tmp_path / "test.key"), BAD_INPUT, "mdtrt_id")


def test_usage_errors_are_said(tmp_path: Path) -> None:
    expect(bulletin("run", "--year", "twenty", "--home", str(tmp_path)), BAD_INPUT, "twenty")
    expect(bulletin("dance"), BAD_INPUT, "dance")


@pytest.fixture(scope="module")
def home_of_settlements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with little but settlements."""
    home = tmp_path_factory.mktemp("settlements") / "home"
    home.mkdir()
    make_world(home, ["test_settlement_rulings"])
    build_home(home)
    return home


def test_indicators_without_their_extracts_say_why_and_the_rest_is_computed(home_of_settlements: Path) -> None:
    home = home_of_settlements
    assert not list((home / "landing").rglob("fund_ledger_m*"))
    rows = query(
        home / "warehouse.duckdb",
        "select indicator_id, status, reason, value from indicator.indicator_value "
        "where year = 2024 and region_level = 'province' and month is null",
    )
    of: dict[str, list[tuple[str, str | None, float | None]]] = {}
    for indicator, status, reason, value in rows:
        of.setdefault(indicator, []).append((status, reason, value))
    for indicator in ("employee_fund_income", "pool_cumulative_balance_total", "coverage_rate"):
        assert of[indicator]
        for status, reason, value in of[indicator]:
            assert status == "not_computable" and value is None, indicator
            assert reason and ("fund_ledger_m" in reason or "population_ref" in reason or "psn_" in reason), reason
    assert any(value for _, _, value in of["employee_outpatient_visits"])


def test_L67_without_the_list_what_goes_by_it_says_so(home_of_settlements: Path) -> None:
    settings = settings_of(home_of_settlements)
    variant = "ma_visit_rule=identity_list,poverty_identity=maf_pay_ne0"
    with trial(settings) as layer:
        chosen = layer.values(read_variant(settings, variant, PROVINCE).province, 2024)
    reasons = dict(chosen.select("indicator_id", "reason").unique().iter_rows())
    assert "psn_idet_info_b" in reasons["ma_visits"] and "psn_idet_info_b" in reasons["ma_avg_inpatient"]
    assert reasons["triple_protection_visits"] is None


def test_a_month_that_is_delivered_again_is_passed_over(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = landing_of(home)
    (folder / "admdvs_dim_a.csv").write_text(GOOD_REGIONS, encoding="utf-8")
    expect(ingest(home), 0)
    shutil.copytree(folder, home / "landing" / "b2")
    expect(ingest(home), 0)
    assert len(loaded(home)) == 1
    with (folder / "admdvs_dim_a.csv").open(encoding="utf-8") as handle:
        assert len(list(csv.reader(handle))) == 3, "the landing folder is never written to"
