"""Publication and serving as Dagster assets: the documents of each year, then the database that BI tools open.

Belongs here: keys, order, metadata with the paths of what was made. Does not belong here: making documents
(`bulletin/`), the served tables (`serving/`).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dagster_project import drafts, progress, run
from dagster_project.assets.common import GROUPS, POOL, BulletinHome, count, markdown_table, step
from dagster_project.language import Text
from dagster_project.warehouse import connect

VALUES = dg.AssetKey(["publication", "indicator_value"])
DECISIONS = dg.AssetKey(["publication", "disclosure_decision"])
BULLETIN = dg.AssetKey(["publication", "bulletin"])
SERVING = dg.AssetKey(["serving", "medical_insurance"])


def bulletin_assets(deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """Disclosed values and the draft bulletin of each published year, as one step."""
    specs = [
        dg.AssetSpec(key, deps=deps, group_name=GROUPS["publication"], kinds=kinds, description=text)
        for key, kinds, text in (
            (
                VALUES,
                {"duckdb"},
                "披露控制之后的指标值，含已定稿版次 · indicator values after disclosure control, frozen vintages too",
            ),
            (DECISIONS, {"duckdb"}, "披露控制的每一项处理 · every decision of disclosure control"),
            (
                BULLETIN,
                {"html", "docx", "xlsx"},
                "统计公报：网页、Word、工作簿与发布说明（草稿版次）· "
                "The bulletin as web page, Word file, workbook and release descriptor (draft vintage)",
            ),
        )
    ]

    @dg.multi_asset(name="bulletin_documents", specs=specs, pool=POOL)
    def bulletin(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        with step(context, home, "publication") as settings:
            years = run.publication_years(settings, home.years)
            folders = drafts.publish(settings, years, context.run_id)
            with connect(settings) as connection:
                for key in (VALUES, DECISIONS):
                    rows = count(connection, *key.path)
                    yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})
            listing = [
                (path.relative_to(folder.parent.parent), path.stat().st_size)
                for folder in folders
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            ]
            yield dg.MaterializeResult(
                asset_key=BULLETIN,
                metadata={
                    "年份 years": ", ".join(map(str, years)),
                    "文件 files": len(listing),
                    "目录 folder": dg.MetadataValue.path(str(drafts.place_of(settings, folders[-1]))),
                    "清单 contents": markdown_table(["file", "bytes"], listing),
                },
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
    def serving(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        from dagster_project.serving import publish_serving

        with step(context, home, "serving") as settings:
            report = publish_serving(settings, context.run_id)
            rows = sum(report.tables.values())
            progress.conclude(
                Text(f"{len(report.tables)} 张表，{rows:,} 行", f"{len(report.tables)} tables, {rows:,} rows")
            )
            yield dg.MaterializeResult(
                metadata={
                    "文件 file": dg.MetadataValue.path(str(settings.serving_file)),
                    "字节 bytes": report.size,
                    "dagster/row_count": sum(report.tables.values()),
                    "各表 tables": markdown_table(["table", "rows"], list(report.tables.items())),
                }
            )
        run.finish(settings, context.run_id, "done")

    return serving
