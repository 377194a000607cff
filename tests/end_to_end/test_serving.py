"""The served database: what it holds, what it must not, and readers that are never locked out nor lock anybody."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest

from dagster_project.disclosure import load_parameters
from dagster_project.serving import load_tables
from tests.conftest import SampleHome
from tests.warehouse_api import bulletin, settings_of

# Names under which the platform or anybody else keeps what identifies a person.
PERSONAL = re.compile(
    r"psn|cert|person_(?!s)|natural|pseudonym|birth|brdy|phone|tel$|addr|patient|setl_id|settlement_id|mdtrt|encounter|"
    r"stay_id|source_row|load_id|(?<!region)(?<!institution)_name$",
    re.IGNORECASE,
)
NAMES_OF_THINGS = {"region_name", "institution_name"}


@pytest.fixture(scope="module")
def served(sample_home: SampleHome) -> Path:
    """The served file of the sample."""
    path = sample_home.home / "serving" / "medical_insurance.duckdb"
    assert path.is_file(), sample_home.run.text
    return path


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query, read-only as a BI tool asks."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_no_file_of_a_person_is_served(served: Path) -> None:
    with duckdb.connect(str(served), read_only=True) as connection:
        tables = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    assert tables and not {name for name in tables if name.startswith("person_") or name == "cube_person_file"}


def test_exactly_the_listed_tables_and_columns_are_served(served: Path) -> None:
    found: dict[str, list[str]] = {}
    for table, column in ask(
        served,
        "select table_name, column_name from duckdb_columns() where not internal order by table_name, column_index",
    ):
        found.setdefault(str(table), []).append(str(column))
    assert found == {name: list(table.columns) for name, table in load_tables().items()}


def test_every_table_and_column_has_a_comment_in_both_languages(served: Path) -> None:
    comments = ask(
        served,
        "select table_name, '', comment from duckdb_tables() union all select table_name, column_name, comment from duckdb_columns() where not internal",
    )
    for table, column, comment in comments:
        assert comment, (table, column)
        assert re.search(r"[\u4e00-\u9fff]", str(comment)), (table, column)
        assert " / " in str(comment), (table, column)
        assert re.search(r"[A-Za-z]{2}", str(comment).split(" / ", 1)[1]), (table, column)


def test_no_column_identifies_a_person_nor_is_named_as_if_it_did(served: Path) -> None:
    columns = ask(served, "select table_name, column_name, data_type from duckdb_columns() where not internal")
    for table, column, kind in columns:
        assert column in NAMES_OF_THINGS or not PERSONAL.search(str(column)), (table, column)
        assert kind != "UUID", (table, column)


def test_no_value_looks_like_a_certificate_or_a_platform_person(served: Path) -> None:
    for table in load_tables():
        texts = [
            name
            for name, kind in ask(
                served, f"select column_name, data_type from duckdb_columns() where table_name = '{table}'"
            )
            if kind == "VARCHAR"
        ]
        for name in texts:
            hits = ask(
                served,
                f'select "{name}" from "{table}" where regexp_matches("{name}", \'(^|\\D)(99\\d{{13}}|\\d{{17}}[0-9X])(\\D|$)\') limit 1',
            )
            assert not hits, (table, name)


def test_invented_data_say_so(served: Path) -> None:
    about = dict(ask(served, "select item, value_zh from about"))
    assert "合成数据" in str(about["data"])
    for table, comment in ask(served, "select table_name, comment from duckdb_tables()"):
        assert "合成数据" in str(comment), table


def test_small_cells_are_withheld_and_never_zero(served: Path) -> None:
    smallest = load_parameters().min_cell
    for table in load_tables().values():
        for count in table.counts:
            assert ask(served, f'select count(*) from {table.name} where "{count}" between 1 and {smallest - 1}') == [
                (0,)
            ]
        if table.counts:
            withheld = f"select count(*) from {table.name} where is_suppressed"
            assert ask(served, withheld) != [(0,)], f"a small sample has small cells in {table.name}"
            valued = " or ".join(f'"{name}" is not null' for name in table.sums)
            assert ask(served, f"{withheld} and ({valued})") == [(0,)], "a withheld row carries no number at all"
    assert ask(served, "select count(*) from indicator_value where status = 'suppressed' and value is not null") == [
        (0,)
    ]
    assert ask(served, "select count(*) from indicator_value where status = 'suppressed'") != [(0,)]
    counts = f"unit in ('人', '人次', '例') and numerator between 1 and {smallest - 1}"
    assert ask(served, f"select count(*) from indicator_value where {counts}") == [(0,)]


def test_no_sole_withheld_part_is_left_to_be_computed(sample_home: SampleHome, served: Path) -> None:
    """The attack of a reader with a calculator: a known whole less its other parts."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        values = connection.execute(
            "select p.*, w.numerator as counted from publication.indicator_value as p "
            "join indicator.indicator_value as w using (indicator_id, year, month, region_code, breakdown, scheme, "
            "member_status, hospital_tier, visit_type, travel_class, other_member, period_kind) "
            "where p.month is null and p.status <> 'not_computable' union all by name "
            "select p.*, w.numerator as counted from publication.indicator_value as p "
            "join indicator.indicator_value as w using (indicator_id, year, month, region_code, breakdown, period_kind) "
            "where p.month is not null and p.status <> 'not_computable'"
        ).pl()
    values = values.filter(pl.col("counted") != 0).with_columns(hidden=pl.col("status") == "suppressed")
    additive = values.filter(pl.col("indicator_id").is_in(_counts(sample_home)))
    whole = additive.filter((pl.col("breakdown") == "total") & ~pl.col("hidden"))
    within = ["indicator_id", "year", "region_code"]
    parts = additive.filter((pl.col("breakdown") != "total") & (pl.col("period_kind") != "year_to_date"))
    alone = parts.group_by(*within, "breakdown").agg(pl.col("hidden").sum()).filter(pl.col("hidden") == 1)
    assert alone.join(whole, on=within, how="semi").is_empty()
    same = ["indicator_id", "year", "month", "breakdown", "period_kind", "scheme", "member_status", "hospital_tier",
            "visit_type", "travel_class", "other_member"]  # fmt: skip
    province = additive.filter((pl.col("region_level") == "province") & ~pl.col("hidden"))
    regions = additive.filter(pl.col("region_level") == "prefecture").group_by(same).agg(pl.col("hidden").sum())
    found = regions.filter(pl.col("hidden") == 1).join(province, on=same, how="semi", nulls_equal=True)
    assert found.is_empty(), found


def _counts(sample_home: SampleHome) -> list[str]:
    """Indicators that are a count or an amount on one's own cells: their parts and regions add up."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        rows = connection.execute(
            "select indicator_id from ops.indicator_term group by 1 "
            "having bool_and(role = 'numerator' and coefficient = 1 and cube in ('visit', 'settlement', 'stay', 'enrolment'))"
        ).fetchall()
    return [str(row[0]) for row in rows]


def test_a_served_cube_gives_no_withheld_indicator_away(sample_home: SampleHome, served: Path) -> None:
    """Visits of a scheme and kind, added up over the cube's rows, against the indicator of the same cells."""
    for scheme, indicator in (("employee", "employee_outpatient_visits"), ("resident", "resident_outpatient_visits")):
        found = ask(
            served,
            f"""
            with cube as (
                select year, region_code, hospital_tier, sum(is_suppressed::int) as hidden
                from cube_settlement where scheme = '{scheme}' and visit_type = 'outpatient' group by all
            )
            select v.year, v.region_code, v.hospital_tier, v.status, c.hidden
            from indicator_value as v join cube as c using (year, region_code, hospital_tier)
            where v.indicator_id = '{indicator}' and v.period_kind = 'year'
                and (v.status = 'suppressed') <> (c.hidden > 0) and c.hidden <= 1
            """,
        )
        assert not found, "one hidden row under a known sum, or none under a hidden one"


def test_L86_served_outsiders_and_the_workbooks_sheet_equal_the_truth(sample_home: SampleHome, served: Path) -> None:
    """Each shown row of the cube, and the sheet's whole, added up from what the generator drew."""
    names = {"origin_province": "origin", "hospital_tier": "tier", "visit_type": "visit_type", "settlement_way": "way"}
    ways = {"1": "manual", "3": "direct", "4": "direct"}
    cells = pl.DataFrame(sample_home.truth["cells"]["outsider"]).with_columns(
        way=pl.col("payment_place").replace_strict(ways)
    )
    rows = ask(
        served,
        f"select year, region_code, {', '.join(names)}, visits, row_count, cast(100 * total_fee_yuan as bigint), "
        "cast(100 * fund_pay_yuan as bigint) from cube_outsider where not is_suppressed",
    )
    assert len({row[1] for row in rows}) > 1 and len({row[2] for row in rows}) > 1, "more than wholes is shown"
    for year, region, *labels, visits, row_count, fee, fund in rows:
        mine = cells.filter((pl.col("year") == year) & ((pl.col("prefecture") == region) | (region == "520000")))
        for name, label in zip(names.values(), labels, strict=True):
            mine = mine if label == "total" else mine.filter(pl.col(name) == label)
        assert mine.select("visits", "rows", "fee", "fund").sum().row(0) == (visits, row_count, fee, fund)
    newest = max(year for year, *_ in rows)
    book = next((sample_home.home / "publication" / str(newest)).glob("*/bulletin.xlsx"))
    sheet = list(openpyxl.load_workbook(book, read_only=True)["外来就医"].iter_rows(values_only=True))
    printed = next(row for row in sheet if row[0] == "合计")
    whole = cells.filter(pl.col("year") == newest)
    assert printed[2] == whole["visits"].sum()
    assert printed[4] == pytest.approx(whole["fee"].sum() / 1_000_000, abs=0.006)
    by_kind = [row for row in sheet if row[0] == "按就医类别"]
    assert {row[1] for row in by_kind} >= {"住院", "药店购药"}


def test_goals_of_policy_and_published_figures_are_drawn_in_the_charts_of_a_run(sample_home: SampleHome) -> None:
    newest = max((sample_home.home / "publication").glob("*/*/charts"))
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in newest.glob("*.svg")}
    for chart, amounts in {"coverage": ["≥95%"], "inpatient_scope_ratio": ["约80%", "约70%"]}.items():
        assert drawn[chart].count(">2030年目标<") == len(amounts)
        assert all(f">{amount}<" in drawn[chart] for amount in amounts)
    for chart in ("employee_members", "employee_fund", "employee_visits", "employee_inpatient", "maternity", "outarea"):
        assert ">全国（已公布数）<" in drawn[chart], chart


def test_the_check_of_withheld_cells_ran_and_passed(sample_home: SampleHome) -> None:
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        results = connection.execute(
            "select status, total > 1000 from ops.check_result where check_name = 'withheld_cell_derivable'"
        ).fetchall()
    assert results == [("pass", True)]


# Columns whose values are codes or words that need no name: ids, dates, free text, regions (dim_region has their names).
NOT_LABELS = re.compile(
    r"_id$|_code$|_name$|^(item|value_.*|name_.*|vintage|reason|province|unit|section|breakdowns|numerator|denominator|formula|"
    r"definition_switches|traps|alias_of|reason_.*|switch|value|source|note|label|member)$"
)


def test_every_value_of_a_label_is_named_in_its_comment_or_in_a_dimension(served: Path) -> None:
    known = {(label, member) for label, member in ask(served, "select label, member from dim_label")}
    regions = {row[0] for row in ask(served, "select region_code from dim_region")}
    checked = 0
    for table in load_tables().values():
        for column in table.columns:
            kind = ask(
                served,
                f"select data_type, comment from duckdb_columns() where table_name = '{table.name}' and column_name = '{column}'",
            )[0]
            if kind[0] != "VARCHAR" or (NOT_LABELS.search(column) and column not in table.holds):
                continue
            named = str(kind[1])
            if column == "other_member":
                members = ask(served, f"select distinct other_dimension, other_member from {table.name}")
                nameless = {
                    (label, member)
                    for label, member in members
                    if label != "total" and (label, member) not in known and member not in regions
                }
            else:
                label = table.label_of(column)
                values = {row[0] for row in ask(served, f'select distinct "{column}" from {table.name}')} - {None}
                nameless = {one for one in values if (label, one) not in known and f"{one} " not in named}
            assert not nameless, (table.name, column, nameless)
            checked += 1
    assert checked > 30


def test_yes_and_no_are_served_as_booleans(served: Path) -> None:
    assert ask(served, "select count(*) from indicator_dictionary where headline") == [(64,)]
    assert ask(served, "select count(*) from indicator_dictionary where headline is null") == [(0,)]
    for table, column in ask(
        served, "select table_name, column_name from duckdb_columns() where not internal and data_type = 'VARCHAR'"
    ):
        values = {row[0] for row in ask(served, f'select distinct "{column}" from "{table}"')} - {None, ""}
        assert not values or not values <= {"Y", "N", "0", "1", "true", "false"}, (table, column)


def test_a_bi_user_finds_what_the_file_is(served: Path) -> None:
    about = {
        str(item): (str(zh), str(en)) for item, zh, en in ask(served, "select item, value_zh, value_en from about")
    }
    vintage = about["vintage"][0]
    assert ask(served, f"select count(*) > 0 from indicator_value where vintage = '{vintage}'") == [(True,)]
    assert vintage.startswith(about["as_of"][0])
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", about["made_at"][0])
    assert re.search(r"[0-9a-f]{12}", about["definition_set"][0])
    assert about["frozen_vintages"] == ("无", "none")
    assert "synthetic" in about["data"][1]


def test_served_values_are_the_published_ones(sample_home: SampleHome, served: Path) -> None:
    names = ", ".join(load_tables()["indicator_value"].columns)
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        published = connection.execute(f"select {names} from publication.indicator_value order by all").pl()
    with duckdb.connect(str(served), read_only=True) as connection:
        found = connection.execute(f"select {names} from indicator_value order by all").pl()
    assert published.equals(found)
    assert found.height > 1000


def test_an_open_reader_keeps_what_it_opened(sample_home: SampleHome, served: Path) -> None:
    from dagster_project.serving import publish_serving

    with duckdb.connect(str(served), read_only=True) as reader:
        before = reader.execute("select * from indicator_value order by all").pl()
        inode = served.stat().st_ino
        report = publish_serving(settings_of(sample_home.home, sample_home.key), "again")
        assert served.stat().st_ino != inode, "the file is replaced, not written to"
        assert report.tables["indicator_value"] == before.height
        assert reader.execute("select * from indicator_value order by all").pl().equals(before)
    again = ask(served, "select value_en from about where item = 'run_id'")
    assert again == [("again",)]
    assert [path.name for path in served.parent.iterdir()] == [served.name], "nothing is left lying about"


def test_serving_without_indicators_is_said(tmp_path: Path) -> None:
    (tmp_path / "home" / "landing").mkdir(parents=True)
    duckdb.connect(str(tmp_path / "home" / "warehouse.duckdb")).close()
    said = bulletin("serve", "--home", str(tmp_path / "home"))
    assert said.code == 2, said.text
    assert not said.has_traceback


def test_many_threads_of_one_client_read_while_it_is_replaced(sample_home: SampleHome, served: Path) -> None:
    from dagster_project.serving import publish_serving

    problems: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                ask(served, "select count(*) from indicator_value")
            except duckdb.Error as error:
                problems.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(3):
        publish_serving(settings_of(sample_home.home, sample_home.key), f"turn {turn}")
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_polars_user_gets_typed_columns(served: Path) -> None:
    with duckdb.connect(str(served), read_only=True) as connection:
        frame = connection.execute("select * from cube_settlement_month limit 10").pl()
    assert frame.schema["total_fee_yuan"].is_decimal()
    assert frame.schema["settlement_month"] == pl.Int32
