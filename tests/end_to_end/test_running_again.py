"""A run without news: no model is built again, everything else is done, and the numbers stay byte for byte."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import bulletin, query, sorted_csv


def test_a_run_without_news_leaves_the_models_and_does_the_rest(sample_home: SampleHome, tmp_path: Path) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    warehouse = home / "warehouse.duckdb"
    before = {table: sorted_csv(warehouse, table) for table in ("indicator.indicator_value", "cube.cube_settlement")}
    said = bulletin("run", "--home", str(home), key=sample_home.key)
    assert said.code == 0, said.text
    assert "no new file" in said.text
    assert said.text.count("nothing has changed, the last results stand: ") == 2, said.text
    assert {table: sorted_csv(warehouse, table) for table in before} == before
    first, again = query(
        warehouse,
        "select string_agg(stage || check_name || status, ',' order by stage, check_name) from ops.check_result "
        "group by run_id",
    )
    assert first == again
    assert query(warehouse, "select status, count(*) from ops.run group by all") == [("done", 2)]
