"""The decision on a scanned file: thresholds (S2), manifest (S8), time of delivery, and what to tell.

Belongs here: judging counts. Does not belong here: scanning (`scan.py`) and recording (`load.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.contracts import Contract
from dagster_project.ingest import noise, scan
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.doubts import Doubt
from dagster_project.ingest.header import HeaderMatch
from dagster_project.ingest.plan import Plan
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text

_SHOWN = 40  # letters of a name
_DAY_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?![0-9])")


def over_threshold(contract: Contract, result: scan.ScanResult) -> Text | None:
    """Why a file is refused whole (S2), or None. Unknown codes hold their rows and never refuse a file."""
    limit = contract.thresholds
    bad = result.rejected - result.held
    money = result.money_rejected - result.money_held
    if result.rows_read < limit.small_file:
        if bad <= limit.small_rows:
            return None
        allowed = Text(f"小文件上限 {limit.small_rows} 行", f"small files: {limit.small_rows} rows")
    elif bad > limit.rows * result.rows_read:
        allowed = Text(f"上限为行数的 {limit.rows:.0%}", f"limit {limit.rows:.0%} of rows")
    elif contract.money and money > Decimal(str(limit.money)) * result.money:
        allowed = Text(f"上限为金额的 {limit.money:.0%}", f"limit {limit.money:.0%} of money")
    elif narrow := [r for r in result.rules if r.unexpected > limit.rules.get(r.rule_id, 1) * result.rows_read]:
        rule = max(narrow, key=lambda r: r.unexpected)
        share = limit.rules[rule.rule_id]
        allowed = Text(
            f"规则 {rule.rule_id} 的上限（行数的 {share:.2%}，有 {rule.unexpected} 行）",
            f"limit of rule {rule.rule_id}: {share:.2%} of rows, {rule.unexpected} rows",
        )
    else:
        return None
    worst = sorted(
        (r for r in result.rules if r.severity == "error" and r.unexpected and r.rule_id != "code_unknown"),
        key=lambda r: -r.unexpected,
    )[:3]
    zh = "；".join(f"{r.rule_id}（{r.column}：{contract.rule_text(r.rule_id).zh}）{r.unexpected} 行" for r in worst)
    en = "; ".join(f"{r.rule_id} ({r.column}: {contract.rule_text(r.rule_id).en}) {r.unexpected} rows" for r in worst)
    return Text(
        f"{result.rows_read} 行中有 {bad} 行违反契约，超过{allowed.zh}，整个文件未入库（S2）。主要原因：{zh}。"
        "用 bulletin try 查看行号，更正后重新放入。",
        f"{bad} of {result.rows_read} rows break the contract ({allowed.en}); the whole file was refused (S2). Mostly: "
        f"{en}. See the rows with `bulletin try`, correct and land it again.",
    )


def check_manifest(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, plan: Plan, result: scan.ScanResult
) -> None:
    """Rows and control totals against the manifest's entry (S8). Raises Refusal."""
    numbers = {column.name for column in plan.present if column.type == "decimal"}
    known = [name for name in file.entry.get("sums") or {} if name in numbers]
    found = scan.sums(connection, plan, known) if known and plan.source.rows else {}
    compare(file.entry, result.rows_read, numbers, found)


def compare(entry: Mapping[str, Any], rows: int, numbers: Set[str], found: Mapping[str, Decimal]) -> None:
    """A manifest's entry against a file's rows and the sums `found` of its amounts, which are named by `numbers`. Raises Refusal."""
    if entry.get("rows") is not None and int(entry["rows"]) != rows:
        raise Refusal(
            Text(
                f"清单写明 {entry['rows']} 行，文件有 {rows} 行（S8）；请重新拷贝或更正清单。",
                f"The manifest says {entry['rows']} rows, the file has {rows} (S8); copy it again or correct the manifest.",
            )
        )
    for name, value in (entry.get("sums") or {}).items():
        try:
            agrees = name in numbers and Decimal(str(value)) == found.get(name, Decimal(0))
        except InvalidOperation:
            agrees = False
        if not agrees:
            raise Refusal(
                Text(
                    f"控制合计不符：{name} 清单为 {value}，文件为 {found.get(name, '（无此列）')}（S8）。",
                    f"Control total differs: {name} is {value} in the manifest, {found.get(name, '(no such column)')} in "
                    "the file (S8).",
                )
            )


def delivered_at(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, result: scan.ScanResult
) -> datetime | None:
    """When the data centre made the delivery: manifest, else as_of or run_id in the rows, else the day in the name,
    else the last update among the rows. Never when it was loaded, nor when the file was copied."""
    if file.manifest is not None and file.manifest.extracted_at is not None:
        return file.manifest.extracted_at
    columns = {column.name for column in contract.landed}
    files = ", ".join(literal(path) for path in sorted(set(result.files.values())))
    for name in ("as_of", "run_id", "", "updt_time"):
        if not name:
            named = _DAY_IN_NAME.search(Path(file.member or file.path.name).name)
            if named:
                try:
                    return datetime.strptime(named.group(1), "%Y%m%d")
                except ValueError:
                    continue
        elif name in columns and files:
            row = connection.execute(
                f'select max("{name}") from read_parquet([{files}], hive_partitioning = false)'
            ).fetchone()
            moment = _moment(row[0]) if row else None
            if moment is not None:
                return moment
    return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    match = re.fullmatch(r"([0-9]{4})(0[1-9]|1[0-2]|YE)", str(value))
    if match is None:
        return None
    # A run of a month is made after it; the year-end run after all months.
    year, month = int(match.group(1)), 12 if match.group(2) == "YE" else int(match.group(2))
    return datetime(year, month, 28, 23 if match.group(2) == "YE" else 0)


def delivery(file: LandedFile, contract: Contract) -> str:
    listed = file.entry.get("delivery") or file.archive_entry.get("delivery")
    return str(listed or (file.manifest.delivery if file.manifest else None) or contract.delivery)


def notes(
    result: scan.ScanResult,
    header: HeaderMatch,
    doubts: Sequence[Doubt] = (),
    renamed: Sequence[tuple[str, str]] = (),
) -> Text | None:
    """What a person should know about a loaded file: doubts on its form, names of columns that its province's file explained."""
    zh, en = [doubt.text.zh for doubt in doubts], [doubt.text.en for doubt in doubts]
    if renamed:
        listed = ", ".join(f"{given}→{column}" for given, column in renamed)
        zh.append(f"按省列名对照读入 {len(renamed)} 列：{listed}")
        en.append(f"{len(renamed)} columns by the province's file of column names: {listed}")
    if not result.rows_read:
        zh.append("只有表头，载入 0 行")
        en.append("a header only: zero rows loaded")
    if result.rejected:
        zh.append(f"{result.rejected} 行进入隔离区")
        en.append(f"{result.rejected} rows quarantined")
    if result.held:
        zh.append(f"其中 {result.held} 行因代码未知暂存，补录省级代码后重读")
        en.append(f"{result.held} of them held for unknown codes, to be read again once the codes are declared")
    if cells := sum(rule.unexpected for rule in result.rules if rule.rule_id == noise.RULE):
        zh.append(f"{cells} 个金额带有二进制小数的尾差，已还原（L81）")
        en.append(f"{cells} amounts freed of the tail of a binary fraction (L81)")
    if header.extra:
        zh.append(f"契约外的列未入库：{'、'.join(name[:_SHOWN] for name in header.extra[:10])}")
        en.append(f"columns outside the contract left out: {', '.join(name[:_SHOWN] for name in header.extra[:10])}")
    return Text("；".join(zh), "; ".join(en)) if zh else None
