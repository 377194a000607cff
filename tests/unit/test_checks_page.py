"""checks.html: readable alone, in both languages, with rows and what to do, and without any identifier."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from dagster_project import gate
from dagster_project.checks import STAGES, catalogue, run_stage, stage_check_specs
from dagster_project.checks.page import render_checks_page
from dagster_project.checks.samples import MASK, sample_rows
from dagster_project.errors import ExitCode
from dagster_project.settings import Settings
from dagster_project.verbs import running
from dagster_project.warehouse import connect
from tests.unit.checks_home import RUN_ID, execute, whole_home

IDENTIFIER = "99000019900101123X"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    settings = whole_home(folder)
    execute(
        settings,
        "update ops.load set rows_accepted = 990 where load_id = 2",
        f"update ops.file set status = 'refused', reason = '<b>x</b> {IDENTIFIER}' where \"extract\" = 'mdtrt_d'",
        "alter table core.rule_count drop column total",
    )
    for stage in STAGES:
        run_stage(settings, stage, RUN_ID)
    return render_checks_page(settings, folder / "out" / "checks.html").read_text(encoding="utf-8")


def test_every_result_is_on_the_page_once_with_both_titles(page: str) -> None:
    for rule in catalogue().values():
        assert page.count(f'id="{rule.id}"') == 1, rule.id
        assert rule.title.zh in page
    assert "Rows read = accepted + quarantined" in page


def test_what_failed_shows_rows_query_and_what_to_do(page: str) -> None:
    card = re.search(r'<article[^>]*id="load_rows_accounted">.*?</article>', page, re.DOTALL)
    assert card
    for part in ("未通过", "阻断", "mdtrt_d.csv", "990", "保留来源文件", "keep the source file", "from ops.load"):
        assert part in card[0], part


def test_a_check_that_could_not_run_says_so(page: str) -> None:
    card = re.search(r'<article[^>]*id="fund_split_differs">.*?</article>', page, re.DOTALL)
    assert card
    assert "未能运行" in card[0] and "could not run" in card[0] and "阻断" in card[0]


def test_the_page_needs_no_network_marks_invented_data_and_escapes(page: str) -> None:
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "合成数据" in page and "Synthetic" in page
    assert "<b>x</b>" not in page
    assert IDENTIFIER not in page and MASK in page


def _card(page: str, check: str) -> str:
    found = re.search(rf'<(article|tr)[^>]*id="{check}">.*?</\1>', page, re.DOTALL)
    assert found, check
    return found[0]


def test_L29_the_page_beside_a_publication_gives_no_person_away(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    execute(
        settings,
        "update ops.load set rows_accepted = 990 where load_id = 2",
        "update core.rule_count set unexpected = 4, total = 5000 where rule_id = 'dead_insured'",
        "update core.rule_count set unexpected = 4996, total = 5000 where rule_id = 'unknown_tier'",
        "update core.rule_count set unexpected = 120, total = 5000 where rule_id = 'person_type_unknown'",
        "update core.rule_count set unexpected = 0, total = 7 where rule_id = 'reversal_in_circle'",
        f"update ops.file set status = 'refused', reason = '行 {IDENTIFIER}' where \"extract\" = 'mdtrt_d'",
    )
    for stage in STAGES:
        run_stage(settings, stage, RUN_ID)
    full = render_checks_page(settings, tmp_path / "checks.html").read_text(encoding="utf-8")
    public = render_checks_page(settings, tmp_path / "p" / "checks.html", True).read_text(encoding="utf-8")
    assert "<b>4</b> / 5,000" in _card(full, "dead_insured") and "For internal use" in full
    for check, shown in (
        ("dead_insured", "<b>—</b> / 5,000"),
        ("unknown_tier", "<b>—</b> / 5,000"),
        ("person_type_unknown", "<b>120</b> / 5,000"),
        ("reversal_in_circle", "<b>—</b> / —"),
    ):
        card = _card(public, check)
        assert shown in card and ("%" in re.sub("阈值[^<]*", "", card)) == ("120" in card), check
    assert '<div class="rows">' not in public and "<pre>" not in public and "行 " not in _card(public, "file_refused")
    assert '<div class="rows">' in full and "<pre>" in full
    assert "<b>1</b> / " in _card(public, "load_rows_accounted"), "a file that does not add up identifies nobody"
    for rule in catalogue().values():
        assert public.count(f'id="{rule.id}"') == 1, rule.id


def test_L29_the_gate_puts_the_full_page_in_the_home_and_the_other_beside_the_bulletin(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    execute(settings, "update core.rule_count set unexpected = 4 where rule_id = 'dead_insured'")
    draft = settings.publication / "2025" / "2026-03-01_draft"
    draft.mkdir(parents=True)
    (draft / "release.json").write_text(json.dumps({"run_id": RUN_ID}), encoding="utf-8")
    run_stage(settings, "core", RUN_ID)
    pages = {page: page.read_text(encoding="utf-8") for page in gate.write_check_pages(settings, RUN_ID)}
    assert set(pages) == {settings.home / "checks.html", draft / "checks.html"}
    assert "<b>4</b> / " in _card(pages[settings.home / "checks.html"], "dead_insured")
    assert "<b>—</b> / " in _card(pages[draft / "checks.html"], "dead_insured")


def test_L29_what_a_check_said_when_it_broke_stays_in_the_home(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    execute(settings, "alter table core.rule_count drop column total")
    run_stage(settings, "core", RUN_ID)
    full = render_checks_page(settings, tmp_path / "checks.html").read_text(encoding="utf-8")
    public = render_checks_page(settings, tmp_path / "p" / "checks.html", True).read_text(encoding="utf-8")
    assert '<p class="note">' in full and '<p class="note">' not in public
    assert "未能运行" in _card(public, "fund_split_differs")


def judged_line(page: str, stage: str) -> str:
    found = re.search(rf'<li id="judged-{stage}">.*?</li>', page)
    assert found, stage
    return found[0]


def test_the_page_keeps_all_stages_when_a_later_run_judges_one(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    execute(
        settings,
        "create table ops.run as select 'export' as run_id, timestamp '2026-03-02 08:30' as started_at",
        "update ops.file set status = 'refused', reason = 'r' where \"extract\" = 'mdtrt_d'",
    )
    for stage in STAGES:
        run_stage(settings, stage, RUN_ID)
    run_stage(settings, "publication", "export")
    draft = settings.publication / "2025" / "2026-03-01_draft"
    draft.mkdir(parents=True)
    (draft / "release.json").write_text(json.dumps({"run_id": "export"}), encoding="utf-8")
    for written in gate.write_check_pages(settings, "export"):
        text = written.read_text(encoding="utf-8")
        assert len(re.findall(r'data-check="\w+" id="', text)) == len(catalogue())
        assert "不能定稿" in _card(text, "file_refused") and "没有阻断性问题" not in text
        assert "2026-03-02 16:30 北京时间 China time · 运行 run export" in judged_line(text, "publication")
        assert all(f"run {RUN_ID}" in judged_line(text, stage) for stage in STAGES[:-1])
        assert "older than" not in text.partition("</ul>")[0]


def test_a_stage_that_was_judged_before_the_one_above_it_says_so(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    for stage in ("landing", "core", "indicator"):
        run_stage(settings, stage, RUN_ID)  # type: ignore[arg-type]
    run_stage(settings, "core", "later")
    page = render_checks_page(settings, tmp_path / "checks.html").read_text(encoding="utf-8")
    assert "run later" in judged_line(page, "core") and "older than" not in judged_line(page, "core")
    assert "older than the stage before it" in judged_line(page, "indicator")
    assert "not judged yet" in judged_line(page, "publication")


def test_check_writes_the_page_and_says_where_it_is_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = whole_home(tmp_path)
    execute(
        settings,
        "create table ops.run as select 'checked' as run_id, 'running' as status, timestamp '2026-03-02' as started_at",
        "update ops.load set rows_accepted = 990 where load_id = 2",
    )
    for stage in STAGES:
        run_stage(settings, stage, RUN_ID)
    monkeypatch.setattr(running, "own_run", lambda *_: nullcontext("checked"))
    assert running.check(settings, ["landing"]) == ExitCode.PARTLY
    said = capsys.readouterr()
    assert str(tmp_path / "checks.html") in said.out and "处理后运行 bulletin run" in said.err
    page = (tmp_path / "checks.html").read_text(encoding="utf-8")
    assert "未通过" in _card(page, "load_rows_accounted") and "run checked" in judged_line(page, "landing")
    assert f"run {RUN_ID}" in judged_line(page, "core") and 'id="figure_without_trace"' in page


def test_a_result_whose_rule_is_gone_still_stands_on_the_page(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    run_stage(settings, "core", RUN_ID)
    execute(
        settings,
        "update ops.check_result set check_name = 'older_rule', status = 'fail' where check_name = 'dead_insured'",
    )
    page = render_checks_page(settings, tmp_path / "checks.html").read_text(encoding="utf-8")
    assert "阻断" in _card(page, "older_rule")


def test_a_home_of_real_data_carries_no_mark(tmp_path: Path) -> None:
    settings = whole_home(tmp_path)
    execute(settings, "update ops.meta set value = 'false' where key = 'synthetic'")
    run_stage(settings, "landing", RUN_ID)
    text = render_checks_page(settings, tmp_path / "checks.html").read_text(encoding="utf-8")
    assert "合成数据" not in text
    assert "没有阻断性问题" in text


def test_a_run_without_results_has_a_page_that_says_so(tmp_path: Path) -> None:
    text = render_checks_page(Settings(home=tmp_path), tmp_path / "checks.html").read_text(encoding="utf-8")
    assert "没有检查结果" in text


def test_sample_rows_never_hold_identifiers(tmp_path: Path) -> None:
    with connect(Settings(home=tmp_path)) as connection:
        row = sample_rows(
            connection,
            f"select 'p1' as psn_no, 7 as person_key, uuid() as anything, 's1' as setl_id, 'n' as settlement_id, "
            f"'证件 {IDENTIFIER} 有误' as reason, 520100 as region, 1.50::decimal(8, 2) as total_fee_yuan, true as holds",
        )[0]
    masked = dict.fromkeys(("psn_no", "person_key", "anything", "setl_id", "settlement_id"), MASK)
    assert row == {
        **masked, "reason": f"证件 {MASK} 有误", "region": 520100, "total_fee_yuan": "1.50", "holds": True,
    }  # fmt: skip


def test_specs_are_known_without_great_expectations() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from dagster_project.checks import stage_check_specs as s; "
        "print(sum(len(s(x)) for x in ('landing', 'core', 'indicator', 'publication')), 'great_expectations' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert told == [str(len(catalogue())), "False"]


def test_every_rule_says_what_it_means_what_to_do_and_whom_it_hurts_in_both_languages() -> None:
    for rule in catalogue().values():
        for text in (rule.title, rule.meaning, rule.todo, rule.hurts):
            assert re.search(r"[一-鿿]", text.zh) and re.search(r"[A-Za-z]", text.en), rule.id
            assert "{" not in text.zh + text.en, rule.id
        assert (rule.blocks == "run") == (rule.severity == "error"), rule.id
    names = [spec.check_name for stage in STAGES for spec in stage_check_specs(stage)]
    assert len(names) == len(set(names)) == len(catalogue())
