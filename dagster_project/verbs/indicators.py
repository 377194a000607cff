"""`bulletin indicators`: a page an indicator, with the home's own figures beside what was published.

Belongs here: choosing region and folder, saying what was written. Does not belong here: the pages (`reference/`).
"""

from __future__ import annotations

from pathlib import Path

from dagster_project import run
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.naming import figured_regions, place_name, region_of
from dagster_project.handing_out import require_place
from dagster_project.language import Text
from dagster_project.reference.own import own_points
from dagster_project.reference.write import CHARTS, INDEX, write_web_pages
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect


def indicators(settings: Settings, to: Path, region: str | None) -> ExitCode:
    """Write the pages into a folder, which is made anew; one that holds something else is left alone."""
    require_loaded(settings)
    if to.exists() and not ((to / f"{INDEX}.html").is_file() and (to / CHARTS).is_dir()):
        raise UserError(
            Text(f"目录已存在，里面不是指标说明：{to}", f"The folder exists and holds no pages of indicators: {to}"),
            where="--to",
            todo=Text("写一个新的目录名。", "Name a new folder."),
        )
    require_place(to)
    with connect(settings) as connection:
        code = region_of(connection, region) if region else run.province(connection) or ""
        own = own_points(connection, code)
        name = place_name(code, figured_regions(connection).get(code, ""), "zh")
        synthetic = connection.execute("select value from ops.meta where key = 'synthetic'").fetchone()
    heading = f"本库数字 own figures：{name}，经披露控制 after disclosure control。"
    if synthetic and synthetic[0] == "true":
        heading += "合成数据，非真实统计 synthetic data, not real statistics。"
    count = write_web_pages(to, own, heading)
    say(Text(f"{count} 页：{to / INDEX}.html", f"{count} pages: {to / INDEX}.html"), settings.language)
    return ExitCode.DONE
