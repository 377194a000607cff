"""Waivers (L34): a known finding stays visible with who, why and until when, and blocks again after its day or when it grows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from dagster_project import gate, run
from dagster_project.bulletin import release
from dagster_project.checks import CheckResult, run_stage
from dagster_project.checks.page import render_checks_page
from dagster_project.checks.store import newest_results
from dagster_project.checks.waivers import all_waivers
from dagster_project.errors import ExitCode, UserError
from dagster_project.settings import Settings
from dagster_project.terminal import print_summary
from dagster_project.verbs import waivers as verb
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.unit.checks_home import RUN_ID, execute, whole_home

DRIVES_MAKING = ("waiver.make",)
DRIVES_REVOKING = ("waiver.revoke",)
UNTIL = date(2026, 3, 31)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a check that blocks the run, one that holds the release, and one whose rows have months."""
    home = tmp_path_factory.mktemp("waived") / "home"
    settings = whole_home(home)
    execute(
        settings,
        "update ops.load set rows_accepted = 990 where load_id = 2",
        "insert into ops.rule_count values (1, 'setl_d', 'code_unknown', 'med_type', 'error', 37, 1000, 9.5)",
        "insert into ops.row_concerned values (1, 'setl_d', 'code_unknown', 'error', 37)",
        "delete from ops.load_month where month in ('202403', '202404')",
    )
    run_stage(settings, "landing", RUN_ID)
    return home


@pytest.fixture
def home(checked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A copy of it, in March 2026."""
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")
    # The home is made by hand of what the checks ask: the frame of a run would look for its files.
    monkeypatch.setattr(verb, "own_run", lambda *_: nullcontext(RUN_ID))
    yield Settings(home=Path(shutil.copytree(checked, tmp_path / "home")))


def finding(home: Settings, name: str) -> CheckResult:
    with connect(home) as connection:
        (found,) = [one for one in newest_results(connection) if one.check_name == name]
    return found


def waive(home: Settings, name: str, region: str = "", month: str = "") -> ExitCode:
    return verb.waive(home, name, region, month, "数据中心四月补送", "王敏", UNTIL)


def test_L34_a_waived_finding_is_told_everywhere_and_does_not_block(
    home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finding(home, "load_rows_accounted").blocking and finding(home, "code_unknown").holds_release
    assert waive(home, "landing.load_rows_accounted") == ExitCode.DONE
    assert "不阻断运行，也不阻断定稿（各类版次）" in capsys.readouterr().out
    assert waive(home, "code_unknown") == ExitCode.DONE
    assert "正式公报可以定稿，不必再用 --accept" in capsys.readouterr().out
    for name in ("load_rows_accounted", "code_unknown"):
        found = finding(home, name)
        assert not found.blocking and not found.holds_release and found.status in ("fail", "warn")
    gate.require_passed(
        "landing", [one for one in run_stage(home, "landing", RUN_ID) if one.check_name == "load_rows_accounted"]
    )
    told = ("王敏", "数据中心四月补送", "2026-03-31")
    for page, is_published in (("home.html", False), ("published.html", True)):
        html = render_checks_page(home, home.home / page, is_published=is_published).read_text(encoding="utf-8")
        assert all(word in html for word in told) and html.count("已豁免<i>waived</i>") == 2
    with connect(home) as connection:
        described = release._checks(newest_results(connection))
        shown = run._not_passed(connection, RUN_ID)
    assert [one["who"] for one in described["waived"]] == ["王敏"] * 2 and not described["blocking_failures"]
    capsys.readouterr()
    print_summary(run.RunSummary(RUN_ID, "done", {}, [], 0, 0, {"fail": 1}, shown), "zh", 1)
    printed = capsys.readouterr().out.splitlines()
    for name in ("load_rows_accounted", "code_unknown"):
        (line,) = [one for one in printed if name in one]
        assert all(word in line for word in told) and "定稿前须处理" not in line


def test_L34_it_blocks_again_after_its_day_and_when_it_grows(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    waive(home, "load_rows_accounted")
    for moment, is_blocking in (("2026-03-31T15:59:00", False), ("2026-03-31T16:00:00", True)):  # midnight in China
        monkeypatch.setenv("BULLETIN_NOW", f"{moment}+00:00")
        assert finding(home, "load_rows_accounted").blocking == is_blocking
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-02T00:00:00+00:00")
    assert not finding(home, "load_rows_accounted").blocking
    execute(home, "update ops.load set rows_accepted = 990 where load_id = 3")
    held = [one for one in run_stage(home, "landing", RUN_ID) if one.blocking]
    assert (
        [one.check_name for one in held]
        == ["load_rows_accounted"]
        == [one.check_name for one in [finding(home, "load_rows_accounted")] if one.blocking]
    )


def test_L34_one_month_may_be_waived_and_the_others_hold(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = finding(home, "delivered_month_gap")
    assert before.holds_release == (before.blocks == "release") and before.unexpected == 2
    waive(home, "delivered_month_gap", month="202403")
    assert not finding(home, "delivered_month_gap").waivers, "April is missing, too"
    assert "之外还有这个问题，仍照常阻断" in capsys.readouterr().out
    waive(home, "delivered_month_gap", month="202404")
    assert len(finding(home, "delivered_month_gap").waivers) == 2
    with pytest.raises(UserError, match="no row of that"):
        waive(home, "delivered_month_gap", month="202406")
    with pytest.raises(UserError, match="not told by region"):
        waive(home, "delivered_month_gap", region="520100")


def test_L34_as_many_rows_of_another_month_are_another_finding(home: Settings) -> None:
    waive(home, "delivered_month_gap")
    assert len(finding(home, "delivered_month_gap").waivers) == 1
    # March has come, and May is missing in its place.
    execute(home, "update ops.load_month set month = '202403' where month = '202405'")
    (again,) = [one for one in run_stage(home, "landing", RUN_ID) if one.check_name == "delivered_month_gap"]
    assert again.unexpected == 2 and not again.waivers
    execute(
        home,
        "insert into ops.load_month select * replace ('202405' as month) from ops.load_month where month = '202403'",
    )
    (again,) = [one for one in run_stage(home, "landing", RUN_ID) if one.check_name == "delivered_month_gap"]
    assert again.unexpected == 1 and len(again.waivers) == 1, "fewer than were taken"


def test_L34_a_waiver_made_before_cells_were_kept_goes_by_its_count(home: Settings) -> None:
    waive(home, "delivered_month_gap")
    execute(home, "alter table ops.waiver drop column known_cells")
    assert len(finding(home, "delivered_month_gap").waivers) == 1


def test_L34_revoking_is_recorded(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    waive(home, "code_unknown")
    assert verb.revoke(home, 1, "已补送", "李强") == ExitCode.DONE
    assert finding(home, "code_unknown").holds_release
    with connect(home) as connection:
        (made,) = all_waivers(connection)
    assert (made.who, made.revoked_by, made.revoked_reason, made.known) == ("王敏", "李强", "已补送", 37)
    capsys.readouterr()
    verb.listed(home)
    assert "已撤销（李强：已补送）" in capsys.readouterr().out
    with pytest.raises(UserError, match="No waiver 1"):
        verb.revoke(home, 1, "again", "x")


def test_L34_what_cannot_be_waived_is_refused(home: Settings) -> None:
    for name in ("load_without_rows", "nothing"):
        with pytest.raises(UserError, match="no open finding"):
            waive(home, name)
    with pytest.raises(UserError, match="passed"):
        verb.waive(home, "code_unknown", "", "", "x", "y", date(2026, 2, 28))
    with pytest.raises(UserError):
        verb.waive(home, "code_unknown", "", "", " ", "y", UNTIL)


@pytest.mark.parametrize("side", SIDES)
def test_a_stopped_waiver_was_made_or_not(home: Settings, side: str) -> None:
    kill_at(*DRIVES_MAKING, side, lambda: waive(home, "code_unknown"))
    assert bool(finding(home, "code_unknown").waivers) == (side == "after")
    waive(home, "code_unknown")
    kill_at(*DRIVES_REVOKING, side, lambda: verb.revoke(home, 1, "x", "y"))
    with connect(home) as connection:
        assert (all_waivers(connection)[0].revoked_at is not None) == (side == "after")
