"""The unmapped codes desk (S1, L33): what is listed, mapped once, recorded, and read again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dagster_project.checks import run_stage
from dagster_project.contracts import load_contracts
from dagster_project.desk import codes as desk
from dagster_project.desk.codes import list_unmapped
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.dictionary import load_province
from dagster_project.dictionary.code_map import read_decisions, sets_to_code
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import mark_built, prepare_warehouse
from dagster_project.settings import PROJECT_ROOT
from dagster_project.verbs import codes as verb
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, row

DRIVES_MAP = ("desk.map_code",)
FEBRUARY = {"setl_time": "2024-02-20 10:00:00", "enddate": "2024-02-20"}


def landed(home: Home) -> Home:
    """Settlements with a scheme and a care type of the province's own, one of them broken besides, and an odd grade."""
    home.put_rows(
        "b1/setl_d_1.csv",
        [
            row("setl_d", 1), row("setl_d", 2, insutype="888"), row("setl_d", 3, insutype="888", **FEBRUARY),
            row("setl_d", 4, insutype="888", psn_pay="x"), row("setl_d", 5, med_type="9977"), row("setl_d", 6, hosp_lv="77"),
        ],
    )  # fmt: skip
    home.manifest("b1", extracted_at="2024-03-01T00:00:00", files=[{"file": "setl_d_1.csv"}])
    # Delivered later and mapped nowhere: the newer version of a held row, already in raw.
    home.put_rows("b2/setl_d_2.csv", [row("setl_d", 2, emp_no="new")])
    home.manifest("b2", extracted_at="2024-04-01T00:00:00")
    return home


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that holds rows for two codes, and beside it the delivery that comes later."""
    home = landed(Home(tmp_path_factory.mktemp("codes") / "home"))
    (home.landing / "b2").rename(home.settings.home.parent / "b2")
    home.run()
    return home


@pytest.fixture
def home(taken_in: Home, tmp_path: Path) -> Home:
    """That home, to be changed."""
    shutil.copytree(taken_in.settings.home.parent / "b2", tmp_path / "b2")
    return taken_in.copy(tmp_path / "home")


def unmapped(home: Home) -> dict[tuple[str, str], tuple[bool, int, str, str, str]]:
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        found = list_unmapped(connection, home.settings)
    return {
        (one.code_set, one.code): (one.is_held, one.rows, one.first_month, one.last_month, one.target) for one in found
    }


def mapped(home: Home, *words: str) -> ExitCode:
    return verb.codes(home.settings, ["map", *words], "王敏", "按省局通知", build=False)


def current(home: Home) -> list[tuple[object, ...]]:
    return home.query(
        "select setl_id, insutype, emp_no, delivered_at from raw.setl_d inner join ops.load using (load_id) "
        "anti join ops.superseded using (load_id, source_row) order by all"
    )


def test_S1_codes_are_listed_with_rows_money_and_months(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert unmapped(home) == {
        ("insutype", "888"): (True, 3, "202401", "202402", ""),
        ("med_type", "9977"): (True, 1, "202401", "202401", ""),
        ("hosp_lv", "77"): (False, 1, "202401", "202401", ""),
    }
    assert verb.codes(home.settings, [], "", "", True) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "888" in told and "3 行" in told and "202401–202402" in told and "归入“未知”" in told


def test_L33_a_mapped_code_is_read_again_as_if_it_had_been_known_from_the_start(home: Home, tmp_path: Path) -> None:
    with connect(home.settings) as connection:
        mark_built(connection)
    assert mapped(home, "insutype", "888", "310") == ExitCode.DONE
    # Three rows read again, one of which is broken besides and stays held, now under the new load.
    assert home.query(
        "select rows_read, rows_accepted, rows_quarantined, delivery from ops.load order by load_id desc limit 1"
    ) == [(3, 2, 1, "increment")]
    assert home.query("select distinct corrects_load_id, load_id from ops.released_row") == [(1, 2)]
    assert home.query("select load_id, source_row, rule_ids from quarantine.rejected_row order by all") == [
        (1, 5, ["code_unknown"]), (2, 4, ["number_form"]),
    ]  # fmt: skip
    assert home.query("select load_id, told_by from ops.load_control order by 1") == [(1, "manifest"), (2, "manifest")]
    assert home.query("select settlement_month from ops.touched_month order by 1") == [(202401,), (202402,)]
    assert ("insutype", "888") not in unmapped(home)
    known = Home(tmp_path / "known", key=home.settings.key_file)
    known.settings.provinces.mkdir(parents=True)
    shutil.copytree(home.settings.provinces, known.settings.provinces, dirs_exist_ok=True)
    landed(known).run()
    shutil.move(tmp_path / "b2", home.landing / "b2")
    home.run()
    assert current(home) == current(known), "the rows keep the time at which they were delivered"
    assert [line[:3] for line in current(home) if line[0] == "set2"] == [
        ("set2", home.value("select insutype from raw.setl_d where setl_id = 'set1'"), "new")
    ]


def test_S1_a_decision_is_recorded_and_a_later_one_is_a_new_dated_row(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")
    mapped(home, "med_type", "9977", "14")
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-02T00:00:00+00:00")
    mapped(home, "med_type", "9977", "inpatient")
    decisions = read_decisions(home.settings.provinces, "520000")
    assert [(one.code, one.target, one.mapped_at[:10], one.mapped_by, one.note) for one in decisions] == [
        ("9977", "chronic_outpatient", "2026-03-01", "王敏", "按省局通知"), ("9977", "inpatient", "2026-03-02", "王敏", "按省局通知"),
    ]  # fmt: skip
    assert load_province(home.settings, "520000").care_type_map["9977"] == "inpatient"
    capsys.readouterr()
    verb.codes(home.settings, ["history"], "", "", True)
    assert capsys.readouterr().out.count("王敏") == 2
    # Another file with the code is taken in at once.
    home.put_rows("setl_d_9.csv", rows_of_next_month := [row("setl_d", 9, med_type="9977")])
    assert home.run().loaded[0].rows_accepted == len(rows_of_next_month)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("insutype", "888", "999"), "no 999"),
        (("med_type", "9977", "dentist"), "no dentist"),
        (("insutype", "310", "390"), "national set"),
        (("admdvs", "528877", "520102"), "cannot be mapped"),
        (("insu_admdvs", "528877", "520102"), "cannot be mapped"),
        (("hosp_lv", "77", "nothing"), "no nothing"),
        (("med_type", "9101", "inpatient"), "YAML"),
    ],
)
def test_S1_what_cannot_be_mapped_is_refused_and_nothing_is_written(
    home: Home, words: tuple[str, ...], told: str
) -> None:
    home.settings.provinces.mkdir(parents=True, exist_ok=True)
    (home.settings.provinces / "520000.yml").write_text(
        "care_type_map: {'9101': ordinary_outpatient}\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match=told):
        mapped(home, *words)
    assert (
        read_decisions(home.settings.provinces, "520000") == [] and home.value("select max(load_id) from ops.load") == 1
    )


def test_S1_codes_of_every_set_that_is_held_or_counted_can_be_mapped(home: Home) -> None:
    for column, code, target in (("hosp_lv", "77", "02"), ("emp_type", "9x", "10"), ("ledger_item", "X", "I01")):
        with connect(home.settings) as connection:
            desk.map_code(connection, home.settings, column, code, target, "王敏", "")
    decided = load_province(home.settings, "520000").code_map
    assert (decided["hosp_lv"], decided["emp_type_group"]) == ({"77": "02"}, {"9x": "10"})
    assert unmapped(home)["hosp_lv", "77"][4] == "02"
    # What intake takes for known by a map must be put in its place by staging: column by column, as the contracts name the sets.
    for contract in load_contracts().values():
        staging = (PROJECT_ROOT / "dbt" / "models" / "staging" / f"stg_{contract.name}.sql").read_text(encoding="utf-8")
        if "staged_settlements(" in staging:  # one list of columns for both sides
            staging = (PROJECT_ROOT / "dbt" / "macros" / "staged_settlements.sql").read_text(encoding="utf-8")
        for column in contract.landed:
            if column.code_set in sets_to_code() and column.unknown != "lawful":
                told = f"'{column.name}'" + (f", '{column.code_set}'" if column.name != column.code_set else "")
                assert f"mapped_code(mapped, {told}) }}}} as {column.name}," in staging, (contract.name, column.name)


def test_S1_without_the_landed_file_the_map_stands_and_the_rows_wait(home: Home, tmp_path: Path) -> None:
    (home.landing / "b1").rename(tmp_path / "b1")
    assert mapped(home, "insutype", "888", "310") == ExitCode.PARTLY
    assert unmapped(home)["insutype", "888"][4] == "310"
    (tmp_path / "b1").rename(home.landing / "again")
    assert verb.codes(home.settings, ["reread"], "", "", False) == ExitCode.DONE
    assert ("insutype", "888") not in unmapped(home)
    assert verb.codes(home.settings, ["reread"], "", "", False) == ExitCode.DONE, "nothing is left to read"
    # The file and what was read again of it go together.
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        target = find_target(connection, home.settings, "setl_d_1.csv")
        assert len(target.loads) == 2
        unload(connection, home.settings, target, "a", "b", "run")
    assert home.value("select count(*) from ops.load") == 0 and unmapped(home) == {}


@pytest.mark.parametrize("side", SIDES)
def test_a_stopped_map_was_made_or_not(home: Home, side: str) -> None:
    kill_at(*DRIVES_MAP, side, lambda: mapped(home, "insutype", "888", "310"))
    assert len(read_decisions(home.settings.provinces, "520000")) == (side == "after")
    if side == "before":
        mapped(home, "insutype", "888", "310")
    else:
        assert verb.codes(home.settings, ["reread"], "", "", False) == ExitCode.DONE
    assert ("insutype", "888") not in unmapped(home)


def test_S1_codes_outside_their_set_are_counted_by_the_map_of_today(home: Home) -> None:
    """A row accepted as `unknown` before its code was mapped is no finding afterwards; its load's account stays as it was."""

    def outside() -> tuple[str, int]:
        results = run_stage(home.settings, "landing", "run")
        (result,) = [one for one in results if one.check_name == "code_outside_set"]
        return result.status, result.unexpected or 0

    home.put_rows("setl_d_3.csv", [row("setl_d", 31, hosp_lv="78"), row("setl_d", 32, hosp_lv="77", clr_way="zz")])
    home.run()
    assert mapped(home, "hosp_lv", "77", "02") == ExitCode.DONE
    assert outside() == ("warn", 2), "78, and the row whose other code is still unknown"
    assert mapped(home, "hosp_lv", "78", "03") == ExitCode.DONE
    assert outside() == ("warn", 1)
    assert (
        home.value("select sum(unexpected) from ops.rule_count where column_name = 'hosp_lv' and severity = 'warning'")
        == 3
    )
