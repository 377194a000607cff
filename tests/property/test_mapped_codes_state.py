"""A code mapped late = a code known from the start: core, cubes and indicators end in the same bytes (S1, L33)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dagster_project.verbs import codes as verb
from tests.changing_world import ChangingWorld, Row
from tests.property.test_increment import differences, tables
from tests.warehouse_api import build_home, build_models, query, settings_of, take_in


def own_codes(made: ChangingWorld) -> None:
    """Settlements, encounters and spells under a scheme and a care type that only this province has."""
    for area, _ in list(made.settled[:2]):
        made.settle(area, 2024, 6, fee=777, insutype="888")
        made.settle(area, 2025, 1, fee=555, med_type="9977")
        made.settle(area, 2025, 2, fee=444, hosp_lv="77", psn_type="9901")

    def spells() -> list[Row]:
        return [row for (_, table, _), rows in made.world.rows.items() if table == "psn_insu_d" for row in rows]

    for row in spells()[:2]:
        row["insutype"] = "888"


@pytest.mark.long
def test_L33_a_code_mapped_late_and_mapped_again_ends_where_one_known_from_the_start_does(tmp_path: Path) -> None:
    made = ChangingWorld()
    own_codes(made)
    late, known, key = tmp_path / "late", tmp_path / "known", tmp_path / "key"
    made.write(late / "landing")
    shutil.copytree(late / "landing", known / "landing")
    take_in(late, key)
    settings = settings_of(late, key)
    assert query(late / "warehouse.duckdb", "select count(*) from quarantine.rejected_row")[0][0] >= 6
    for words in (
        ["insutype", "888", "390"], ["med_type", "9977", "chronic_outpatient"], ["hosp_lv", "77", "02"], ["psn_type", "9901", "1101"],
    ):  # fmt: skip
        verb.codes(settings, ["map", *words], "test", "", build=False)
    assert query(late / "warehouse.duckdb", "select count(*) from quarantine.rejected_row") == [(0,)]
    build_models(late, key)
    first = tables(late / "warehouse.duckdb")
    # A grade that no row has: the enumerations of the facts must know it in months that received no row.
    for words in (["insutype", "888", "310"], ["med_type", "9977", "inpatient"], ["hosp_lv", "77", "09"]):
        verb.codes(settings, ["map", *words], "test", "", build=False)
    build_models(late, key)
    told = tables(late / "warehouse.duckdb")
    assert differences(first, told), "a later decision must change something"
    assert query(
        late / "warehouse.duckdb", "select count(*) from core.fct_settlement where scheme_code::varchar = '888'"
    ) == [(0,)]

    shutil.copytree(late / "provinces", known / "provinces")
    build_home(known, key)
    assert differences(told, tables(known / "warehouse.duckdb")) == []
