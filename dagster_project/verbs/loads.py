"""`bulletin deliveries --files`: every load of the home with its number, those that were taken out among them.

Belongs here: printing. Does not belong here: the matrix of months and areas (`deliveries.py`), taking a load out (`desk.py`).
"""

from __future__ import annotations

from dagster_project.china_time import shown
from dagster_project.errors import ExitCode
from dagster_project.ingest import prepare_warehouse
from dagster_project.ingest.store import UNLOADED
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.deliveries import require_extract
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect


def listed(settings: Settings, extract: str | None) -> ExitCode:
    """Print number, extract, file, rows and moment of every load, in the order in which they came."""
    require_loaded(settings)
    require_extract(extract)
    with connect(settings) as connection:
        prepare_warehouse(connection)
        rows = connection.execute(
            "select load_id, extract, source_file, rows_accepted, rows_quarantined, loaded_at, is_out from "
            f"(select *, false as is_out from ops.load union all by name select *, true as is_out from ops.{UNLOADED}load) "
            "where $1 is null or extract = $1 order by load_id",
            [extract],
        ).fetchall()
    if not rows:
        say(Text("没有入库的文件。", "No file has been loaded."), settings.language)
    for load_id, table, source, accepted, held, moment, is_out in rows:
        out = Text("  已撤出", "  unloaded") if is_out else Text("", "")
        say(
            Text(
                f"{load_id}  {table}  {source}  接收 {accepted:,} 行，隔离 {held:,} 行  {shown(moment)}{out.zh}",
                f"{load_id}  {table}  {source}  {accepted:,} rows accepted, {held:,} held  {shown(moment)}{out.en}",
            ),
            settings.language,
        )
    return ExitCode.DONE
