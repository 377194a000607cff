"""Every check passes on a whole home and answers when its rule is broken; none is silent when it cannot look."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from dagster_project.checks import STAGES, CheckResult, catalogue, read_results, release_blockers, run_stage
from dagster_project.settings import PROJECT_ROOT, Settings
from tests.unit.checks_home import RUN_ID, execute, whole_home

VALUE = "update indicator.indicator_value set "
OTHER_YEAR = "where indicator_id = 'insured' and year = 2024"

# rule id → statements that break it, the status it must then have, and the number of violations
BROKEN: dict[str, tuple[tuple[str, ...], str, int]] = {
    "load_rows_accounted": (("update ops.load set rows_accepted = 990 where load_id = 2",), "fail", 1),
    "load_parts_within_accepted": (("update ops.load set rows_superseded = 1001 where load_id = 2",), "fail", 1),
    "file_refused": (("update ops.file set status = 'refused', reason = 'x' where \"extract\" = 'mdtrt_d'",), "warn", 1),
    "file_unknown": (("insert into ops.file values ('a.csv', 'b', 1, now(), 'r', 'unknown', null, 'x')",), "warn", 1),
    "file_repeats_another": (
        (
            "insert into ops.file select 'setl_d_other.csv', sha256, 1, now(), 'r', 'duplicate', \"extract\", 'x' "
            "from ops.load where load_id = 1",
        ),
        "warn",
        1,
    ),
    "file_form_doubtful": (
        ("insert into ops.rule_count values (1, 'setl_d', 'form_doubtful', 'encoding', 'profile', 1, 1, 0)",), "warn", 1,
    ),
    "key_twice_same_version": (
        ("insert into ops.tied_row values (1, 7), (1, 8), (1, 9)",  # the second lost to a row that lost, the third came back
         "insert into ops.superseded values ('setl_d', 1, 7, now(), 1, 6), ('setl_d', 1, 8, now(), 1, 5), "
         "('setl_d', 1, 5, now(), 2, 1)"), "warn", 1,
    ),
    "quarantine_share": (("update ops.load set rows_quarantined = 11, rows_accepted = 989 where load_id = 2",), "warn", 27),
    "code_unknown": (
        (
            "insert into ops.rule_count values (1, 'setl_d', 'code_unknown', 'med_type', 'error', 37, 1000, 9.5)",
            "insert into ops.rule_count values (1, 'setl_d', 'code_unknown', 'pay_loc', 'error', 5, 1000, 9.5)",
            "insert into ops.row_concerned values (1, 'setl_d', 'code_unknown', 'error', 37)",
            "insert into ops.unmapped_code values (1, 'setl_d', 'med_type', 'med_type', '9988', 37, 9.5)",
        ),
        "warn",
        37,
    ),
    "code_outside_set": (
        (
            "insert into ops.rule_count values (1, 'setl_d', 'code_unknown', 'hosp_lv', 'warning', 4, 1000, 9.5)",
            "insert into ops.row_concerned values (1, 'setl_d', 'code_unknown', 'warning', 4)",
            "insert into ops.unmapped_code values (1, 'setl_d', 'hosp_lv', 'hosp_lv', '77', 4, 9.5)",
        ),
        "warn",
        4,
    ),
    "row_rule_quarantined": (
        ("update ops.rule_count set unexpected = 2",
         "insert into ops.rule_count values (1, 'setl_d', 'I1', 'x', 'error', 2, 1000, 0)",
         "insert into ops.row_concerned values (1, 'setl_d', 'row_rule', 'error', 2)"),
        "warn",
        2,
    ),
    "row_rule_warned": (
        ("insert into ops.rule_count values (1, 'setl_d', 'I4', 'x', 'warning', 20, 1000, 0)",
         "insert into ops.row_concerned values (1, 'setl_d', 'row_rule', 'warning', 20)"),
        "warn",
        20,
    ),
    "required_extract_missing": (("delete from ops.load where \"extract\" = 'population_ref'",), "warn", 1),
    "delivered_month_gap": (("delete from ops.load_month where month in ('202403', '202404')",), "warn", 2),
    "load_without_rows": (
        ("update ops.load set rows_read = 0, rows_accepted = 0, rows_quarantined = 0, rows_superseded = 0, "
         "rows_warned = 0 where load_id = 2",),
        "warn",
        1,
    ),
    "delivery_area_missing": (('update ops.delivery set "rows" = 0, money = 0',), "warn", 1),
    "delivery_area_changed": (('update ops.delivery set "rows" = 104',), "warn", 1),
    "batch_unconfirmed": (("update ops.load_control set confirmed_by = null, confirmed_at = null where load_id in (1, 3)",), "warn", 1),
    "own_identity_broken": (("insert into indicator.own_identity values ('V1', 2024, false)",), "fail", 1),
    "published_identity_broken": (
        ("insert into indicator.identity_result values ('N03', 2024, 'x', 9, 'fails', '')",), "fail", 1,
    ),
    "published_identity_exception": (
        ("insert into indicator.identity_result values ('N02p', 2024, 'x', 1, 'known_exception', 'misprint')",), "warn", 1,
    ),
    "ratio_out_of_range": ((VALUE + "value = 101, numerator = 101 where indicator_id = 'pay_ratio'",), "fail", 1),
    "reported_ratio_out_of_range": (
        (
            "insert into ops.indicator_term values ('pay_ratio', 'reported')",
            VALUE + "value = 101, numerator = 101 where indicator_id = 'pay_ratio'",
        ),
        "warn",
        1,
    ),
    "count_negative": ((VALUE + "value = -0.1 " + OTHER_YEAR + " and region_code = '520000'",), "fail", 1),
    "value_missing": ((VALUE + "value = null " + OTHER_YEAR + " and region_code = '520100'",), "fail", 1),
    "reason_missing": ((VALUE + "status = 'not_computable', value = null where indicator_id = 'pay_ratio'",), "fail", 1),
    "value_is_not_the_ratio": ((VALUE + "value = 71 where indicator_id = 'pay_ratio'",), "fail", 1),
    "region_code_malformed": ((VALUE + "region_code = '5201' " + OTHER_YEAR + " and region_code = '520100'",), "fail", 1),
    "parts_are_not_the_whole": (("insert into indicator.own_identity values ('parts:scheme', 2024, false)",), "fail", 1),
    "province_is_not_its_parts": (("insert into indicator.own_identity values ('regions', 2024, false)",), "fail", 1),
    "tier_means_outside": (("insert into indicator.own_identity values ('within_tiers', 2024, null)",), "fail", 1),
    "year_on_year_jump": (
        ("insert into indicator.year_on_year values ('insured', '520100', 'prefecture', 2024, 3, 2, 50, null), "
         "('insured', '520200', 'prefecture', 2024, 3, 2, 50, 'B1')",),
        "warn",
        1,
    ),
    "group_vanished": ((VALUE + "numerator = 0, value = 0 " + OTHER_YEAR + " and region_code = '520200'",), "fail", 1),
    "ledger_bridge": (("update cube.cube_settlement set pool_pay_yuan = 500",), "warn", 1),
    "small_cell_published": (
        ("update publication.indicator_value set support_count = 9 where indicator_id = 'pay_ratio'",), "fail", 1,
    ),
    "suppressed_still_valued": (
        ("update publication.indicator_value set status = 'suppressed' where indicator_id = 'pay_ratio'",), "fail", 1,
    ),
}  # fmt: skip
CORE = [rule.id for rule in catalogue().values() if rule.stage == "core"]
# What is read back from a publication has homes and broken cases of its own (test_checks_documents, test_checks_withheld).
READ_BACK = ("ops.document_file", "ops.document_figure", "ops.withheld_cell")
DOCUMENTS = [r.id for r in catalogue().values() if r.table in READ_BACK]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return whole_home(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def home(whole: Settings, tmp_path: Path) -> Settings:
    shutil.copy(whole.warehouse, tmp_path / "warehouse.duckdb")
    return Settings(home=tmp_path, threads=1)


def result_of(settings: Settings, rule_id: str) -> CheckResult:
    results = run_stage(settings, catalogue()[rule_id].stage, RUN_ID)
    return next(result for result in results if result.check_name == rule_id)


def test_L27_a_year_is_held_against_the_one_before_once_it_has_its_december(home: Settings) -> None:
    execute(
        home,
        f"{VALUE} numerator = 0, value = 0 {OTHER_YEAR} and region_code = '520200'",
        "insert into indicator.year_on_year values ('insured', '520100', 'prefecture', 2024, 3, 2, 50, null)",
        "delete from ops.load_month where month = '202412'",
    )
    assert result_of(home, "group_vanished").status == "pass"
    assert result_of(home, "year_on_year_jump").status == "pass"
    execute(home, "insert into ops.load_month values (1, 'setl_d', '202412', 80)")
    assert result_of(home, "group_vanished").status == "fail"
    assert result_of(home, "year_on_year_jump").status == "warn"


def test_L36_a_count_below_zero_is_lawful_where_reversals_count_as_booked(home: Settings) -> None:
    execute(
        home,
        *BROKEN["count_negative"][0],
        "insert into indicator.definition values ('d1', 'reversal_measure', 'as_known')",
    )
    assert result_of(home, "count_negative").status == "fail"
    execute(home, "update indicator.definition set value = 'ledger'")
    assert result_of(home, "count_negative").status == "pass"


@pytest.mark.parametrize("stage", STAGES)
def test_a_whole_home_passes_every_check(home: Settings, stage: str) -> None:
    results = run_stage(home, stage, RUN_ID)  # type: ignore[arg-type]
    wrong = {r.check_name: (r.status, r.help) for r in results if r.status != "pass" and r.check_name not in DOCUMENTS}
    assert not wrong
    assert [r.check_name for r in results] == [rule.id for rule in catalogue().values() if rule.stage == stage]


@pytest.mark.parametrize("rule_id", sorted(BROKEN))
def test_a_broken_rule_is_found_and_its_query_lists_the_rows(home: Settings, rule_id: str) -> None:
    statements, status, unexpected = BROKEN[rule_id]
    execute(home, *statements)
    found = result_of(home, rule_id)
    assert (found.status, found.unexpected) == (status, unexpected), found.help
    assert found.severity == ("error" if status == "fail" else "warning")
    assert found.samples
    with duckdb.connect(str(home.warehouse)) as connection:
        assert connection.execute(found.rows_query).fetchall()


def test_every_rule_has_a_case_that_breaks_it() -> None:
    assert set(BROKEN) | set(CORE) | set(DOCUMENTS) == set(catalogue())


@pytest.mark.parametrize("rule_id", CORE)
def test_a_counted_rule_is_judged_by_its_threshold_in_each_month(home: Settings, rule_id: str) -> None:
    rule = catalogue()[rule_id]
    execute(home, f"insert into core.rule_count values ('{rule_id}', 'fct', 500, 1000, 77.5, 202402)")
    found = result_of(home, rule_id)
    assert (found.status, found.unexpected, found.total) == ("fail" if rule.severity == "error" else "warn", 500, 2000)
    assert [row["month"] for row in found.samples] == [202402]


@pytest.mark.parametrize("rule_id", ["fund_split_differs", "mirror_amounts_differ"])
def test_s3_a_number_below_the_threshold_is_a_finding_and_does_not_block(home: Settings, rule_id: str) -> None:
    execute(home, f"update core.rule_count set unexpected = 1, total = 10000 where rule_id = '{rule_id}'")
    found = result_of(home, rule_id)
    assert (found.status, found.blocking, found.percent, found.threshold) == ("warn", False, 0.01, 0.1)


def test_s1_an_unknown_code_holds_the_release_and_not_the_run(home: Settings) -> None:
    execute(home, *BROKEN["code_unknown"][0])
    found = result_of(home, "code_unknown")
    assert not found.blocking
    assert found.samples[0] == {
        "extract": "setl_d", "column_name": "med_type", "code_set": "med_type", "code": "9988", "row_count": 37,
        "money_yuan": "9.50",
    }  # fmt: skip
    with duckdb.connect(str(home.warehouse)) as connection:
        assert [result.check_name for result in release_blockers(connection)] == ["code_unknown"]


def test_s1_the_help_promises_no_release_of_rows_that_are_held() -> None:
    todo = catalogue()["code_unknown"].todo
    for told in (todo.zh, todo.en):
        assert all(word in told for word in ("care_type_map", "identity_map", "--accept"))
    assert "放行" not in todo.zh and "run again" not in todo.en


def test_a_missing_table_or_extract_makes_a_check_not_applicable(home: Settings) -> None:
    execute(home, "drop table ops.load_month", "delete from ops.load where \"extract\" = 'setl_fund_sbit_d'")
    assert result_of(home, "delivered_month_gap").status == "not_applicable"
    found = result_of(home, "fund_split_differs")
    assert (found.status, found.blocking) == ("not_applicable", False)
    assert "setl_fund_sbit_d" in found.help


def test_a_check_that_cannot_run_is_an_error_and_blocks(home: Settings) -> None:
    execute(home, "alter table ops.load drop column rows_accepted")
    found = result_of(home, "load_rows_accounted")
    assert (found.status, found.blocking, found.unexpected) == ("error", True, None)
    assert "rows_accepted" in found.help
    assert result_of(home, "load_without_rows").status == "error"
    assert result_of(home, "file_refused").status == "pass", "one broken table must not spoil the others"


def test_a_rule_without_rows_to_look_at_does_not_apply(home: Settings) -> None:
    execute(home, "delete from core.rule_count where rule_id = 'stay_several_persons'")
    assert result_of(home, "stay_several_persons").status == "not_applicable"


def test_every_core_rule_is_counted_by_a_model() -> None:
    models = (PROJECT_ROOT / "dbt" / "models" / "core").glob("*rule_count.sql")
    text = "".join(model.read_text(encoding="utf-8") for model in models)
    assert [rule_id for rule_id in CORE if f"'{rule_id}'" not in text] == []


def test_a_home_without_anything_has_only_checks_that_do_not_apply(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, threads=1)
    for stage in STAGES:
        assert {result.status for result in run_stage(settings, stage, RUN_ID)} == {"not_applicable"}


def test_results_are_stored_once_and_read_back_as_they_were(home: Settings) -> None:
    run_stage(home, "landing", RUN_ID)
    results = run_stage(home, "landing", RUN_ID) + run_stage(home, "core", RUN_ID)
    with duckdb.connect(str(home.warehouse)) as connection:
        assert read_results(connection, RUN_ID) == results
        assert read_results(connection, "another run") == []


def test_the_file_is_free_for_other_processes_afterwards(home: Settings) -> None:
    import subprocess

    run_stage(home, "landing", RUN_ID)
    script = f"import duckdb; duckdb.connect({str(home.warehouse)!r}).execute('create table ops.t as select 1')"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_checks_run_beside_another_connection_of_the_process(home: Settings) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        assert run_stage(home, "landing", RUN_ID)
        planned = sum(rule.stage == "landing" for rule in catalogue().values())
        assert connection.execute("select count(*) from ops.check_result").fetchone() == (planned,)
