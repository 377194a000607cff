"""`bulletin pooling`: how unequal the pooling areas are.

Belongs here: choosing the year, printing, keeping. Does not belong here: the tables (`explain/pooling.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.pooling import pooling_sheets, years_with_areas
from dagster_project.handing_out import require_workbook, whole_file
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.sheets import book_of, print_sheet
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect


def pooling(settings: Settings, year: int | None, to: Path | None) -> ExitCode:
    """Print the tables of a year, by default the newest, or keep them as a workbook."""
    require_loaded(settings)
    if to is not None:
        require_workbook(to)
    with connect(settings) as connection:
        try:
            years = years_with_areas(connection)
        except duckdb.CatalogException:
            years = []
        chosen = year if year is not None else max(years, default=None)
        if chosen is None or chosen not in years:
            raise UserError(
                Text(
                    f"没有{f' {year} 年' if year else ''}各统筹区的指标。",
                    f"No figures of areas{f' in {year}' if year else ''}.",
                ),
                where="--year" if year else str(settings.warehouse),
                todo=Text(f"已有年份：{'、'.join(map(str, years))}。", f"Years found: {', '.join(map(str, years))}.")
                if years
                else Text("先运行 bulletin run 或 bulletin build。", "Run bulletin run or bulletin build first."),
            )
        sheets = pooling_sheets(connection, chosen)
    if to is None:
        for sheet in sheets:
            print_sheet(sheet, settings.language)
        return ExitCode.DONE
    with whole_file(to) as place:
        place.write_bytes(book_of(sheets, settings.language, now()))
    say(
        Text(
            f"已写入 {to}（内部分析，未经披露控制，不得公开）",
            f"Written to {to} (internal: not disclosure-controlled, do not publish)",
        ),
        settings.language,
    )
    return ExitCode.DONE
