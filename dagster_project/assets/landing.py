"""Landing: files into raw and quarantine, and the definitions of the province, as Dagster assets.

Belongs here: keys, descriptions from the contracts, metadata that a person reads. Does not belong here: reading files
(`ingest/`), definitions (`dictionary/`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb

from dagster_project import stages
from dagster_project.assets.common import GROUPS, POOL, BulletinHome, bars, count, markdown_table, step
from dagster_project.warehouse import connect

INTAKE_TABLES = {
    "meta": "这个家目录的标记 · marks of this home",
    "file": "每个见过的文件及其结果 · every file seen and what became of it",
    "load": "每个已入库的文件 · one row a loaded file",
    "load_month": "每次入库涉及的月份 · months of each load",
    "built_load": "已进入核心表的入库 · loads that core has",
    "rule_count": "入库时数出的违规 · violations counted on intake",
    "unmapped_code": "代码集里没有的代码 · codes that are in no code set",
    "touched_month": "需要重算的月份 · months to rebuild",
    "put_off_month": "重算指定月份期间暂缓的月份 · months that wait while chosen ones are rebuilt",
    "touched_source_month": "结算不变、基金分项或费用明细有变的月份 · months whose settlements stand and whose fund split or charge lines changed",
    "superseded": "被更新版本取代的行 · rows replaced by a newer version",
}


def raw_keys() -> dict[str, dg.AssetKey]:
    """Asset keys of the raw tables by extract."""
    from dagster_project.contracts import load_contracts

    return {name: dg.AssetKey(["raw", name]) for name in load_contracts()}


def landing_assets() -> dg.AssetsDefinition:
    """One step that takes in whatever lies in the landing folder."""
    from dagster_project.contracts import load_contracts

    contracts = load_contracts()
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["raw", name]),
            group_name=GROUPS["raw"],
            kinds={"parquet", "duckdb"},
            description=f"{contract.name_zh} · {contract.name_en}\n\n依据 / basis: {contract.basis}",
            metadata={"columns": len(contract.columns), "delivery": contract.delivery},
        )
        for name, contract in contracts.items()
    ]
    specs += [
        dg.AssetSpec(
            dg.AssetKey(["quarantine", "rejected_row"]),
            group_name=GROUPS["quarantine"],
            kinds={"parquet", "duckdb"},
            description="违反契约的行（标识已遮蔽）及所违规则 · rows that break a contract, identifiers masked, with the rule",
        ),
        *[
            dg.AssetSpec(
                dg.AssetKey(["ops", table]),
                group_name=GROUPS["ops"],
                kinds={"duckdb"},
                description=text,
            )
            for table, text in INTAKE_TABLES.items()
        ],
    ]

    @dg.multi_asset(name="landing", specs=specs, can_subset=True, pool=POOL)
    def landing(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        with step(context, home, "landing") as settings:
            stages.warm_up(settings, context.run_id)
            stages.land(settings, context.run_id, home.years)
            with connect(settings) as connection:
                for key in sorted(context.selected_asset_keys):
                    schema, table = key.path
                    about = (
                        raw_metadata(connection, table, context.run_id, contracts[table].columns)
                        if schema == "raw"
                        else {"dagster/row_count": count(connection, schema, table)}
                    )
                    yield dg.MaterializeResult(asset_key=key, metadata=about)

    return landing


def raw_metadata(
    connection: duckdb.DuckDBPyConnection, table: str, run_id: str, columns: Sequence[Any]
) -> dict[str, Any]:
    """Rows, quarantined rows, files, reasons, the loads over time and the first rows without person columns."""
    loads = connection.execute(
        "select source_file, encoding, rows_read, rows_accepted, rows_quarantined, rows_superseded, loaded_at "
        'from ops.load where "extract" = ? order by load_id desc',
        [table],
    ).fetchall()
    reasons = connection.execute(
        "select rule_id, column_name, severity, sum(unexpected) from ops.rule_count "
        'where "extract" = ? and unexpected > 0 group by all order by 4 desc limit 12',
        [table],
    ).fetchall()
    files = connection.execute(
        'select status, count(*), any_value(reason) from ops.file where run_id = ? and "extract" = ? group by all',
        [run_id, table],
    ).fetchall()
    about: dict[str, Any] = {
        "dagster/row_count": count(connection, "raw", table),
        "隔离 quarantined": int(sum(load[4] or 0 for load in loads)),
        "文件 files": len(loads),
    }
    if loads:
        history = bars([load[3] or 0 for load in reversed(loads)])
        about["各次行数 rows by load"] = history[-60:]
        about["入库记录 loads"] = markdown_table(
            ["file", "encoding", "read", "accepted", "quarantined", "superseded", "loaded (UTC)"], loads[:12]
        )
        # Where rows are about persons, only codes, dates and amounts are shown: other texts may be somebody's number.
        personal = any(c.landed == "pseudonym" for c in columns)
        shown = [
            c.name
            for c in columns
            if c.landed == "as_is" and (not personal or ((c.type != "varchar" or c.code_set) and not c.key))
        ][:10]
        if shown:
            names = ", ".join(f'"{name}"' for name in shown)
            rows = connection.execute(f'select {names} from raw."{table}" limit 5').fetchall()
            about["预览 preview"] = markdown_table(shown, rows)
    if reasons:
        about["原因 reasons"] = markdown_table(["rule", "column", "severity", "rows"], reasons)
    if files:
        about["本次 this run"] = markdown_table(["status", "files", "reason"], files)
    return about


def definition_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The province's dated definition choices and the indicator dictionary, from their files into ops.

    Its tables are the sources of schema ops that intake does not fill, described where dbt declares them.
    """
    sources = {s["name"]: s["description"] for s in manifest["sources"].values() if s["schema"] == "ops"}
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["ops", table]),
            deps=[dg.AssetKey(["raw", "setl_d"])],
            group_name="g2_reference",
            kinds={"yaml", "duckdb"},
            description=text or "口径与指标字典 · definitions and indicator dictionary",
        )
        for table, text in sorted(sources.items())
        if table not in INTAKE_TABLES
    ]

    @dg.multi_asset(name="definitions", specs=specs, can_subset=True, pool=POOL)
    def definitions(context: dg.AssetExecutionContext, home: BulletinHome) -> Iterator[Any]:
        with step(context, home, "definitions") as settings:
            stages.load_definitions(settings)
            with connect(settings) as connection:
                for key in sorted(context.selected_asset_keys):
                    yield dg.MaterializeResult(
                        asset_key=key, metadata={"dagster/row_count": count(connection, *key.path)}
                    )

    return definitions
