"""What the asset modules share: the home as a resource, groups and pools, errors that read well in the UI.

Belongs here: small helpers on Dagster's types. Does not belong here: assets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb
from pydantic import Field

from dagster_project import progress, run
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

# One writing process at a time: DuckDB shuts out every other one. dagster.yaml sets the limit of the pool to 1.
POOL = "duckdb_writer"

# Numbered, because the UI sorts groups by name and a reader expects the way of the data.
GROUPS = {
    "raw": "g1_landing",
    "quarantine": "g1_landing",
    "ops": "g1_landing",
    "seed": "g2_reference",
    "staging": "g3_staging",
    "core": "g4_core",
    "cube": "g5_cube",
    "indicator": "g6_indicator",
    "publication": "g7_publication",
    "serving": "g8_serving",
}
KINDS = {"duckdb"}


class BulletinHome(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home folder that a run works on, and which years it publishes."""

    path: str | None = Field(default=None, description="家目录；空为 BULLETIN_HOME / Home folder; empty: BULLETIN_HOME")
    years: list[int] = Field(default=[], description="出版年份；空为最近一年 / Years to publish; empty: the latest")
    full_refresh: bool = Field(default=False, description="全部重建 / Rebuild everything from raw")

    def settings(self) -> Settings:
        """The settings of this home."""
        return Settings(home=self.path) if self.path else Settings()  # type: ignore[arg-type]


def command_of(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> str:
    """How the run was started, for ops.run: the tag that the command line sets, else the job's name."""
    return context.run.tags.get("bulletin/command") or f"dagster:{context.run.job_name}"


@contextmanager
def step(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, home: BulletinHome, stage: str
) -> Iterator[Settings]:
    """Frame of one step: the run's row exists, progress is told, a user's mistake becomes a readable failure."""
    settings = home.settings()
    try:
        with run.remembered_errors(), progress.stage(settings, stage):
            run.begin(settings, context.run_id, command_of(context))
            for notice in run.take_notices():
                context.log.warning(both(notice))
            yield settings
    except UserError as error:
        raise dg.Failure(description=f"{error.message('zh')}\n\n{error.message('en')}", allow_retries=False) from error


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """A table that the UI renders; cells as text, null as an empty cell."""

    def line(cells: Sequence[Any]) -> str:
        shown = ["" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells]
        return "| " + " | ".join(shown) + " |"

    lines = [line(header), "|" + "---|" * len(header), *[line(row) for row in rows]]
    return dg.MetadataValue.md("\n".join(lines))


def count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    """Rows of a table or view."""
    row = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
    return int(row[0]) if row else 0


def bars(values: Sequence[int]) -> str:
    """Row counts over runs as a line of blocks, oldest first."""
    blocks = "▁▂▃▄▅▆▇█"
    top = max(values, default=0)
    return "".join(blocks[round((len(blocks) - 1) * value / top)] if top else blocks[0] for value in values)


def both(text: Text) -> str:
    """Chinese and English in one line, for descriptions and metadata."""
    return f"{text.zh} · {text.en}"
