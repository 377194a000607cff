"""Rows that come before the list of their regions count once it has come, as if it had been there from the start (S1, L33)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project import stages
from dagster_project.errors import ExitCode
from dagster_project.verbs import desk
from dagster_project.warehouse import connect
from tests.intake_world import Home, row

# Neither is in the shipped list of the province.
COUNTY, TREATED = "520177", "520188"


def region(code: str, parent: str, level: str) -> dict[str, str]:
    return row("admdvs_dim_a", admdvs=code, admdvs_name=f"县{code}", prnt_admdvs=parent, admdvs_lv=level)


def settlements(home: Home) -> None:
    home.put_rows(
        "b1/setl_d_1.csv",
        [
            row("setl_d", 1), row("setl_d", 2, fix_blng_admdvs=COUNTY), row("setl_d", 3, fix_blng_admdvs="520166"),
            row("setl_d", 4, fix_blng_admdvs="", fixmedins_code=f"H{TREATED}00001"), row("setl_d", 5, fix_blng_admdvs=COUNTY, psn_pay="x"),
        ],
    )  # fmt: skip
    home.manifest("b1", extracted_at="2024-03-01T00:00:00")


def regions(home: Home) -> None:
    places = [("520000", "100000", "1"), ("520100", "520000", "2"), ("520102", "520100", "3")]
    places += [(COUNTY, "520100", "3"), (TREATED, "520100", "3")]
    home.put_rows("b2/admdvs_dim_a.csv", [region(*place) for place in places])
    home.manifest("b2", extracted_at="2024-04-01T00:00:00")


def state(home: Home) -> tuple[list[tuple[str, str]], list[tuple[int, list[str]]]]:
    """Settlements taken in with the moment of their delivery, and records held with their reasons."""
    with connect(home.settings) as connection:
        taken = connection.execute(
            "select setl_id, cast(delivered_at as varchar) from raw.setl_d join ops.load using (load_id) order by 1"
        ).fetchall()
        from dagster_project.ingest.store import rejected_rows

        held = connection.execute(
            f"select source_row, rule_ids from ({rejected_rows(connection, 'setl_d')}) order by 1"
        ).fetchall()
    return taken, held


def test_L33_rows_that_came_before_their_region_are_read_again(tmp_path: Path) -> None:
    after, before = Home(tmp_path / "after"), Home(tmp_path / "before", key=tmp_path / "after.key")
    settlements(after)
    assert [held for held, _ in run(after)[1]] == [2, 3, 4, 5]
    regions(after)
    told = run(after)
    for batch in (regions, settlements):
        batch(before)
    assert run(before) == told
    taken, held = told
    assert [setl_id for setl_id, _ in taken] == ["set1", "set2", "set4"]
    assert held == [(3, ["code_unknown"]), (5, ["number_form"])]
    assert run(after) == told, "nothing is read again twice"


@pytest.mark.parametrize("moment", ["2024-03-01T00:00:00", None])
def test_L33_of_two_that_neither_version_nor_delivery_tells_apart_the_readable_one_stands_in_both_orders(
    tmp_path: Path, moment: str | None
) -> None:
    """A row that is held for its place and the same one with another content: none is newer, so the order of loading may not decide."""
    held = ("a", [row("setl_d", 7, fix_blng_admdvs=COUNTY, emp_no="held")])
    good = ("b", [row("setl_d", 7, emp_no="good"), row("setl_d", 8, emp_no="good")])
    told = []
    for order in ((held, good), (good, held)):
        home = Home(tmp_path / order[0][0], key=tmp_path / "key")
        for name, table in order:
            home.put_rows(f"{name}/setl_d_{name}.csv", table)
            home.manifest(name, **({"extracted_at": moment} if moment else {}))
            run(home)
        open_rows = home.query("select sum(unexpected) from ops.rule_count where rule_id = 'code_unknown'")
        assert home.query("from quarantine.rejected_row") == [] and open_rows == [(0,)]
        assert home.value('select sum("rows") from ops.unmapped_code') == 0
        regions(home)
        run(home)
        told.append(home.query("select setl_id, emp_no from raw.setl_d order by all"))
    assert told[0] == told[1] == [("set7", "good"), ("set8", "good")]


NEWER, OLDER = "2024-02-20 00:00:00", "2024-02-01 00:00:00"


def re_extracted(home: Home) -> None:
    """Two of the settlements once more, delivered later: one as it had been before, one in a version newer still."""
    home.put_rows(
        "b3/setl_d_3.csv",
        [row("setl_d", 7, updt_time=OLDER), row("setl_d", 8, updt_time="2024-03-02 00:00:00")],
    )
    home.manifest("b3", extracted_at="2024-03-15T00:00:00")


def newest_from_an_unknown_place(home: Home) -> None:
    home.put_rows(
        "b1/setl_d_1.csv", [row("setl_d", number, fix_blng_admdvs=COUNTY, updt_time=NEWER) for number in (7, 8)]
    )
    home.manifest("b1", extracted_at="2024-03-01T00:00:00")


def counted(home: Home) -> list[tuple[str, str]]:
    """The settlements that count, with the version that does."""
    with connect(home.settings) as connection:
        return connection.execute(
            "select setl_id, cast(updt_time as varchar) from raw.setl_d where (load_id, source_row) not in "
            "(select (load_id, source_row) from ops.superseded where extract = 'setl_d') order by 1"
        ).fetchall()


def test_L33_an_older_version_delivered_later_does_not_answer_for_a_newer_one_that_is_held(tmp_path: Path) -> None:
    stepwise, at_once = Home(tmp_path / "stepwise"), Home(tmp_path / "at_once", key=tmp_path / "stepwise.key")
    for batch, still_held in ((newest_from_an_unknown_place, 2), (re_extracted, 1), (regions, 0)):
        batch(stepwise)
        assert len(run(stepwise)[1]) == still_held, batch.__name__
    for batch in (newest_from_an_unknown_place, re_extracted, regions):
        batch(at_once)
    run(at_once)
    assert counted(stepwise) == counted(at_once) == [("set7", NEWER), ("set8", "2024-03-02 00:00:00")]


def test_L33_a_row_that_a_file_taken_out_had_answered_for_is_read_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer version, delivered by mistake, stood for a row held for its region; meanwhile the region is known."""
    home = Home(tmp_path / "home")
    newest_from_an_unknown_place(home)
    run(home)
    home.put_rows("b3/setl_d_3.csv", [row("setl_d", number, updt_time="2024-03-02 00:00:00") for number in (7, 8)])
    home.manifest("b3", extracted_at="2024-03-15T00:00:00")
    run(home)
    regions(home)
    assert run(home)[1] == [], "the newer version answers"
    seen: list[list[tuple[str, str]]] = []
    monkeypatch.setattr(stages, "build_all", lambda *_words, **_options: seen.append(counted(home)))
    done = desk.unload(home.settings, "setl_d_3.csv", "发错了", "王工", back=False, build=True)
    assert done == ExitCode.DONE
    assert seen == [[("set7", NEWER), ("set8", NEWER)]]


def test_L33_a_file_taken_back_does_not_answer_twice_for_rows_that_were_read_again_meanwhile(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    newest_from_an_unknown_place(home)
    run(home)
    home.put_rows("b3/setl_d_3.csv", [row("setl_d", number, updt_time="2024-03-02 00:00:00") for number in (7, 8)])
    home.manifest("b3", extracted_at="2024-03-15T00:00:00")
    run(home)
    counts = (
        "select sum(unexpected) from ops.rule_count where rule_id = 'code_unknown' and severity = 'error'",
        "select sum(\"rows\") from ops.row_concerned where kind = 'code_unknown' and severity = 'error'",
        'select sum("rows") from ops.unmapped_code',
    )

    def told() -> list[int]:
        return [int(home.value(sql) or 0) for sql in counts]

    assert told() == [0, 0, 0]
    assert desk.unload(home.settings, "setl_d_3.csv", "发错了", "王工", back=False, build=False) == ExitCode.DONE
    assert told() == [2, 2, 2], "nobody answers for the two rows any more"
    regions(home)
    assert run(home)[1] == [] and told() == [0, 0, 0], "they were read again"
    assert desk.unload(home.settings, "setl_d_3.csv", "没有错", "王工", back=True, build=False) == ExitCode.DONE
    assert told() == [0, 0, 0]
    assert desk.unload(home.settings, "setl_d_1.csv", "发错了", "王工", back=False, build=False) == ExitCode.DONE
    assert told() == [0, 0, 0], "what is out is not counted, nor taken off"
    assert desk.unload(home.settings, "setl_d_1.csv", "没有错", "王工", back=True, build=False) == ExitCode.DONE
    assert told() == [0, 0, 0]


def run(home: Home) -> tuple[list[tuple[str, str]], list[tuple[int, list[str]]]]:
    home.runs += 1
    stages.land(home.settings, f"run{home.runs}")
    return state(home)
