"""Cases of one person, one file: merging of numbers, order of spells, years of cover.

Belongs here: `rows_X` writes the rows of a case into its own prefecture, `test_X_…` states the answer worked out by hand.
Does not belong here: who counts as insured on a day (`test_enrolment_rulings.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.rulings.answers import Warehouse
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, YEAR, Area, certificate

RESIDENT = {"insutype": "390", "psn_type": "1501", "insutype_retr_flag": ""}


def in_area(built: Warehouse, case: str, columns: str) -> list[tuple[object, ...]]:
    """Columns of the files whose counting spell lies in the county of a case, in order."""
    county = built.world.areas[case].county
    return built.query(f"select {columns} from core.person_file where insured_region = ? order by all", [county])


def rows_L60(area: Area) -> None:
    agreeing = certificate(401, region="990002")
    area.insure(certno=agreeing)
    area.insure(certno=agreeing.lower(), **RESIDENT)
    short = certificate(402, region="990001")
    area.insure(certno=short)
    area.insure(certno=short[:6] + short[8:17], **RESIDENT)  # 15 digits of the same person
    other_month = certificate(403, region="990002")
    area.insure(certno=other_month)
    area.insure(certno=other_month, brdy="1980-02-01", **RESIDENT)
    other_sex = certificate(404, region="990002")
    area.insure(certno=other_sex)
    area.insure(certno=other_sex, gend="2", **RESIDENT)
    silent = certificate(405, region="990002")
    area.insure(certno=silent)
    area.insure(certno=silent, gend="9", brdy="", **RESIDENT)
    somebody_else = certificate(406, region="990002")
    area.insure(certno=somebody_else)
    area.insure(certno=somebody_else, brdy="1949-02-01", gend="2", **RESIDENT)


def test_L60_numbers_of_one_certificate_are_merged_unless_they_contradict_each_other(built: Warehouse) -> None:
    files = in_area(built, "L60", "number_count, open_spell_count, scheme::varchar")
    assert files == [(1, 1, "employee"), (1, 1, "resident"), *[(2, 2, "employee")] * 5]


def test_L60_every_merge_has_its_reason(built: Warehouse) -> None:
    county = built.world.areas["L60"].county
    reasons = built.query(
        "select merge_reason, is_merged, count(*) from core.person_merge join core.fct_enrolment using (person_key) "
        "where insured_region = ? group by all order by all",
        [county],
    )
    assert reasons == [
        ("birth_month_differs", True, 1),
        ("certificate_alone", True, 1),
        ("certificate_birth_sex", True, 8),
        ("contradicted", False, 1),
        ("sex_differs", True, 1),
    ]


def test_L60_figures_keep_one_person_a_certificate(built: Warehouse) -> None:
    county = built.world.areas["L60"].county
    insured = built.query(
        "select count(*) from core.fct_enrolment_date where reference_year = ? and insured_region = ?", [YEAR, county]
    )
    assert insured == [(6,)]


def test_L60_a_merge_is_taken_back_by_leaving_its_rows_out(built: Warehouse) -> None:
    """Every number keeps its own spells: of each file they are those of its numbers, none lost, none doubled."""
    lost, doubled, foreign, files = built.query(
        """
        with spells as (
            select *, load_id || '/' || source_row || '/' || is_history as row_name from core.fct_enrolment
            where is_counted_scheme and spell_end_date >= spell_begin_date
        ),
        own as (
            select coalesce(m.file_person_key, p.natural_person_key) as file_person_key, s.row_name
            from spells as s join core.dim_person as p using (person_key) left join core.person_merge as m using (person_key)
        ),
        filed as (
            select file_person_key, load_id || '/' || source_row || '/' || is_history as row_name
            from core.person_interval
            union
            select file_person_key, load_id || '/' || source_row || '/' || is_history from core.person_spell
        )
        select
            (select count(*) from (select * from own except select * from filed)),
            (select count(*) - count(distinct row_name) from filed),
            (select count(*) from (select * from filed except select * from own)),
            (select count(*) from core.person_file where number_count > 1)
        """
    )[0]
    assert (lost, doubled, foreign) == (0, 0, 0)
    assert files > 5


def rows_R15c(area: Area) -> None:
    """A resident who works for two years, and a person enrolled twice in a row with a hole between."""
    worker = certificate(151, region="990002")
    area.insure(certno=worker, crt_insu_date="2010-01-01", **RESIDENT)
    area.insure(certno=worker, crt_insu_date="2021-03-01", paus_insu_date="2022-06-30", table="psn_insu_his_d")
    leaver = certificate(152, region="990002")
    area.insure(certno=leaver, crt_insu_date="2010-01-01", paus_insu_date="2012-12-31", table="psn_insu_his_d")
    area.insure(certno=leaver, crt_insu_date="2013-03-01", **RESIDENT)


def test_R15_spells_follow_each_other_without_overlap(built: Warehouse) -> None:
    county = built.world.areas["R15c"].county
    found = built.query(
        "select spell_number, scheme::varchar, begin_date::varchar, end_date::varchar from core.person_spell "
        "where insured_region = ? order by begin_date, end_date",
        [county],
    )
    assert found == [
        (1, "employee", "2010-01-01", "2012-12-31"),
        (1, "resident", "2010-01-01", "2021-02-28"),
        (2, "resident", "2013-03-01", "9999-12-31"),
        (2, "employee", "2021-03-01", "2022-06-30"),
        (3, "resident", "2022-07-01", "9999-12-31"),
    ]
    assert in_area(built, "R15c", "gap_count, gap_days") == [(0, 0), (1, 59)]


def test_R15_the_row_that_counts_is_told_with_its_reason(built: Warehouse) -> None:
    county = built.world.areas["R15c"].county
    found = built.query(
        "select counting_scheme::varchar, other_scheme::varchar, reason, begin_date::varchar, end_date::varchar "
        "from core.person_overlap where counting_region = ?",
        [county],
    )
    assert found == [("employee", "resident", "employee_before_resident", "2021-03-01", "2022-06-30")]


def test_R15_no_file_has_two_spells_on_one_day(built: Warehouse) -> None:
    crossing = built.query(
        "select count(*) from core.person_spell as one join core.person_spell as other using (file_person_key) "
        "where one.spell_number < other.spell_number and one.end_date >= other.begin_date"
    )
    assert crossing == [(0,)]


def rows_L61(area: Area) -> None:
    spell = area.insure(crt_insu_date="2015-01-01", years=[YEAR], **RESIDENT)
    area.world.pay(area, spell, 2001, "2001-01-15 09:00:00")
    area.insure(surv_stas="2", paid=False)


def test_L61_a_stray_payment_does_not_silence_the_register(built: Warehouse) -> None:
    covered = in_area(built, "L61", "covered_years & (1 << 1) <> 0, covered_years & (1 << 15) <> 0")
    assert (True, True) in covered, "the stray year counts for the person; 2015 is told by the register"


def test_L61_the_dead_with_an_open_enrolment_are_told(built: Warehouse) -> None:
    assert in_area(built, "L61", "is_dead, open_spell_count") == [(False, 1), (True, 1)]


def rows_L62(area: Area) -> None:
    area.insure(crt_insu_date="2020-05-01", years=[FIRST_YEAR, NEXT_YEAR], **RESIDENT)
    area.insure(crt_insu_date="2015-05-01", years=[FIRST_YEAR, YEAR, NEXT_YEAR], **RESIDENT)
    area.insure(crt_insu_date="2020-05-01", years=[FIRST_YEAR, NEXT_YEAR])


def test_L62_who_comes_back_waits_and_who_stays_gains(built: Warehouse) -> None:
    columns = "scheme::varchar, continuous_years, lapsed_years, waiting_months, incentive_yuan"
    assert sorted(map(str, in_area(built, "L62", columns))) == sorted(
        map(
            str,
            [
                ("employee", 1, 1, None, None),
                ("resident", 1, 1, 4, None),
                ("resident", 11, 0, None, 21_000),
            ],
        )
    )


def test_L62_totals_of_the_files(built: Warehouse) -> None:
    found = built.query(
        "select sum(persons), sum(waiting_persons), sum(waiting_months), sum(incentive_persons), sum(incentive_yuan) "
        "from cube.cube_person_file where insured_region = ?",
        [built.world.areas["L62"].county],
    )
    assert found == [(3, 1, 4, 1, 21_000)]


MODELS = ("person_merge", "person_interval", "person_file")


@pytest.mark.parametrize("seed", range(3))
def test_L60_the_order_of_rows_does_not_matter(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The models' own SQL over the same rows in another order gives the same files."""
    compiled = built.path.parent / "dbt_target" / "compiled" / "medical_insurance" / "models" / "core"
    # Views know the warehouse by its name and raw by its place.
    shuffled = tmp_path / built.path.name
    monkeypatch.chdir(built.path.parent)
    shuffled.write_bytes(built.path.read_bytes())
    with duckdb.connect(str(shuffled)) as connection:
        connection.execute(f"select setseed({seed / 10})")
        before = {name: connection.execute(f"select * from core.{name} order by all").fetchall() for name in MODELS}
        for name in ("fct_enrolment", "dim_person"):
            connection.execute(f"create or replace table core.{name} as select * from core.{name} order by random()")
        for name in MODELS:
            sql = (compiled / f"{name}.sql").read_text(encoding="utf-8")
            connection.execute(f"create or replace table core.{name} as {sql}")
            assert connection.execute(f"select * from core.{name} order by all").fetchall() == before[name], name
