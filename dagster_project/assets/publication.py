"""Publication and serving as Dagster assets: the documents of each year, then the database that BI tools open.

Belongs here: keys, order, metadata with the paths of what was made. Does not belong here: making documents
(`bulletin/`), the served tables (`serving/`).
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dagster_project import progress, run, stages
from dagster_project.assets.common import GROUPS, POOL, BulletinHome, markdown_table, step

BULLETIN = dg.AssetKey(["publication", "bulletin"])
SERVING = dg.AssetKey(["serving", "medical_insurance"])


def bulletin_asset(deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The draft bulletin of each published year."""

    @dg.asset(
        key=BULLETIN,
        deps=deps,
        group_name=GROUPS["publication"],
        kinds={"html", "docx", "xlsx"},
        pool=POOL,
        description="统计公报：网页、Word、工作簿与发布说明（草稿版次）· "
        "The bulletin as web page, Word file, workbook and release descriptor (draft vintage)",
    )
    def bulletin(context: dg.AssetExecutionContext, home: BulletinHome) -> dg.MaterializeResult:
        with step(context, home, "publication_documents") as settings:
            years = run.publication_years(settings, home.years)
            folders = stages.publish(settings, years, context.run_id)
            progress.conclude(", ".join(str(folder) for folder in folders))
            files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
            rows = [(path.relative_to(settings.publication), path.stat().st_size) for path in files]
            return dg.MaterializeResult(
                metadata={
                    "years": ", ".join(map(str, years)),
                    "files": len(files),
                    "folder": dg.MetadataValue.path(str(folders[-1])),
                    "contents": markdown_table(["file", "bytes"], rows),
                }
            )

    return bulletin


def serving_asset(deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The database for BI tools, replaced in one rename."""

    @dg.asset(
        key=SERVING,
        deps=deps,
        group_name=GROUPS["serving"],
        kinds={"duckdb"},
        pool=POOL,
        description="BI 工具连接的数据库（披露控制之后；整体替换，读者不被锁）· "
        "The database that BI tools open, after disclosure control; replaced as a whole, readers are never locked",
    )
    def serving(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[dg.MaterializeResult]:
        from dagster_project.serving import publish_serving

        with step(context, home, "serving") as settings:
            report = publish_serving(settings, context.run_id)
            progress.conclude(f"{len(report.tables)} tables, {sum(report.tables.values()):,} rows")
            yield dg.MaterializeResult(
                metadata={
                    "file": dg.MetadataValue.path(str(settings.serving_file)),
                    "bytes": report.size,
                    "dagster/row_count": sum(report.tables.values()),
                    "tables": markdown_table(["table", "rows"], list(report.tables.items())),
                }
            )
        run.finish(settings, context.run_id, "done")

    return serving
