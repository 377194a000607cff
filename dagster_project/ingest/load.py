"""Taking in one file: scan, decide, and record it in one transaction.

Belongs here: the decision on a file (S2, S8), the accounting (S4), the renames and the commit. Does not belong here:
which files there are (`landing.py`), how they are scanned (`scan.py`), versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract
from dagster_project.durable import durable_step
from dagster_project.ingest import codes, scan
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.header import HeaderMatch, checked
from dagster_project.ingest.keys import fingerprint, pads
from dagster_project.ingest.plan import REGION_COLUMNS, Plan
from dagster_project.ingest.report import FileOutcome, Refusal
from dagster_project.ingest.source import Source, open_source
from dagster_project.ingest.store import QUARANTINE, get_meta, literal, set_meta
from dagster_project.language import Text
from dagster_project.settings import Settings, now

_DAY_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?![0-9])")


@dataclass(frozen=True)
class Examined:
    """A file that can be read, with its plan."""

    source: Source
    header: HeaderMatch
    plan: Plan
    synthetic: bool


def examine(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, work: Path, key: bytes
) -> Examined:
    """Open a file, match its header, find out whose people it holds. Raises Refusal."""
    source = open_source(connection, file, contract, work)
    header = checked(source.header, contract)
    province = (file.manifest.province if file.manifest else None) or get_meta(connection, "province")
    plan = _plan(contract, source, header, file, province)
    if province is None:
        plan = _plan(contract, source, header, file, _home_province(connection, plan))
    invented = bool(scan.register_persons(connection, plan, pads(key))) if source.rows else False
    return Examined(source, header, plan, file.synthetic_marker or invented)


def _plan(contract: Contract, source: Source, header: HeaderMatch, file: LandedFile, province: str | None) -> Plan:
    return Plan(
        contract, source, header, source_file=file.source_file, code_names=codes.code_names(), province=province
    )


def _home_province(connection: duckdb.DuckDBPyConnection, plan: Plan) -> str | None:
    """Province of most rows, from the insured's region; None when the extract does not know it."""
    if "insu_admdvs" not in plan.header.columns or not plan.source.rows:
        return None
    row = connection.execute(
        f"select left(\"{REGION_COLUMNS[0]}\", 2) || '0000' as province from ({plan.typed()}) "
        f"where regexp_matches(\"{REGION_COLUMNS[0]}\", '^[0-9]{{6}}$') group by 1 order by count(*) desc, 1 limit 1"
    ).fetchone()
    return str(row[0]) if row else None


def scan_file(
    connection: duckdb.DuckDBPyConnection, examined: Examined, key: bytes, load_id: int, work: Path
) -> scan.ScanResult:
    """All scans of one file; rejected rows stay in the temporary table rejected_row."""
    result = scan.write_accepted(connection, examined.plan, pads(key), load_id, work)
    scan.count_accepted(connection, examined.plan, result)
    scan.read_rejected(connection, examined.plan, result)
    if result.rows_read != result.accepted + result.rejected:
        raise AssertionError(f"rows read {result.rows_read} <> {result.accepted} + {result.rejected}")
    return result


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
    connection: duckdb.DuckDBPyConnection, file: LandedFile, examined: Examined, result: scan.ScanResult
) -> None:
    """Rows and control totals against the manifest's entry (S8). Raises Refusal."""
    entry = file.entry
    if entry.get("rows") is not None and int(entry["rows"]) != result.rows_read:
        raise Refusal(
            Text(
                f"清单写明 {entry['rows']} 行，文件有 {result.rows_read} 行（S8）；请重新拷贝或更正清单。",
                f"The manifest says {entry['rows']} rows, the file has {result.rows_read} (S8); copy it again or correct "
                "the manifest.",
            )
        )
    wanted = {str(name): value for name, value in (entry.get("sums") or {}).items()}
    numbers = {column.name for column in examined.plan.present if column.type == "decimal"}
    known = [name for name in wanted if name in numbers]
    found = scan.sums(connection, examined.plan, known) if known and examined.source.rows else {}
    for name, value in wanted.items():
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


def load_file(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: LandedFile,
    contract: Contract,
    *,
    key: bytes,
    digest: str,
    size: int,
    modified_ns: int,
    run_id: str,
    work: Path,
) -> FileOutcome:
    """Take in one file, whole or not at all. Raises Refusal with nothing changed."""
    examined = examine(connection, file, contract, work, key)
    _never_mixed(connection, examined)
    row = connection.execute("select coalesce(max(load_id), 0) + 1 from ops.load").fetchone()
    load_id = int(row[0]) if row else 1
    result = scan_file(connection, examined, key, load_id, work)
    refusal = over_threshold(contract, result)
    if refusal is not None:
        raise Refusal(refusal)
    check_manifest(connection, file, examined, result)
    delivered = delivered_at(connection, file, contract, result)
    places = _move_in(connection, settings, contract, file, result, load_id, work)

    notes = _notes(contract, result, examined)
    connection.execute("begin")
    try:
        connection.execute(
            "insert into ops.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?, ?)",
            [
                load_id, contract.name, file.source_file, digest, file.manifest.batch if file.manifest else None,
                examined.source.encoding, delivered, _delivery(file, contract), result.rows_read, result.accepted,
                result.rejected, result.warned, now(),
            ],
        )  # fmt: skip
        for month, place in places.items():
            connection.execute(
                "insert into ops.load_month values (?, ?, ?, ?, ?)",
                [load_id, contract.name, month, result.months[month], place],
            )
        for rule in result.rules:
            connection.execute(
                "insert into ops.rule_count values (?, ?, ?, ?, ?, ?, ?, ?)",
                [load_id, contract.name, rule.rule_id, rule.column, rule.severity, rule.unexpected,
                 result.rows_read, rule.money],
            )  # fmt: skip
        for code in result.codes:
            connection.execute(
                "insert into ops.unmapped_code values (?, ?, ?, ?, ?, ?, ?)",
                [load_id, contract.name, code.column, code.code_set, code.code, code.rows, code.money],
            )
        record_file(
            connection, file, status="loaded", reason=notes, run_id=run_id, digest=digest, size=size,
            modified_ns=modified_ns, examined=examined,
        )  # fmt: skip
        if get_meta(connection, "synthetic") is None and result.rows_read:
            set_meta(connection, "synthetic", "true" if examined.synthetic else "false")
        if get_meta(connection, "province") is None and examined.plan.home_province:
            set_meta(connection, "province", examined.plan.home_province)
        if get_meta(connection, "key_fingerprint") is None:
            set_meta(connection, "key_fingerprint", fingerprint(key))
        with durable_step("ingest.commit_load"):
            connection.execute("commit")
    except duckdb.Error:
        connection.execute("rollback")
        raise
    return FileOutcome(
        file.source_file, contract.name, "loaded", notes, result.rows_read, result.accepted, result.rejected, load_id
    )


def _delivery(file: LandedFile, contract: Contract) -> str:
    listed = file.entry.get("delivery") or file.archive_entry.get("delivery")
    return str(listed or (file.manifest.delivery if file.manifest else None) or contract.delivery)


def _never_mixed(connection: duckdb.DuckDBPyConnection, examined: Examined) -> None:
    home = get_meta(connection, "synthetic")
    if home is None or not examined.source.rows_read or (home == "true") == examined.synthetic:
        return
    if examined.synthetic:
        raise Refusal(
            Text(
                "这是合成数据，而本主目录装的是真实数据，两者绝不混放；请把它放到另一个主目录（--home）。",
                "These are synthetic data and this home holds real ones; the two never mix: use another home (--home).",
            )
        )
    raise Refusal(
        Text(
            "本主目录装的是合成数据，而该文件没有合成标记，视为真实数据；请把它放到另一个主目录（--home）。",
            "This home holds synthetic data and the file carries no mark of them, so it counts as real; use another home "
            "(--home).",
        )
    )


def _move_in(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: Contract,
    file: LandedFile,
    result: scan.ScanResult,
    load_id: int,
    work: Path,
) -> dict[str, str]:
    """Rename the finished files to their places; returns month → path relative to the home."""
    places = {}
    for month, path in sorted(result.files.items()):
        place = settings.raw / contract.name / month / f"{load_id}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        with durable_step("ingest.rename_raw"):
            path.replace(place)
        places[month] = place.relative_to(settings.home).as_posix()
    if result.rejected:
        part = work / "quarantine.parquet"
        columns = {
            **{name: f'"{name}"' for name in QUARANTINE},
            "load_id": str(load_id),
            "extract": literal(contract.name),
            "source_file": literal(file.source_file),
        }
        listed = ", ".join(f'cast({sql} as {QUARANTINE[name]}) as "{name}"' for name, sql in columns.items())
        connection.execute(
            f"copy (select {listed} from rejected_row order by source_row) to {literal(part)} (format parquet)"
        )
        place = settings.quarantine / contract.name / f"{load_id}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        with durable_step("ingest.rename_quarantine"):
            part.replace(place)
    return places


def _notes(contract: Contract, result: scan.ScanResult, examined: Examined) -> Text | None:
    """What a person should know about a loaded file."""
    zh, en = [], []
    if not result.rows_read:
        zh.append("只有表头，载入 0 行")
        en.append("a header only: zero rows loaded")
    if result.rejected:
        zh.append(f"{result.rejected} 行进入隔离区")
        en.append(f"{result.rejected} rows quarantined")
    if result.held:
        zh.append(f"其中 {result.held} 行因代码未知暂存，补录省级代码后重读")
        en.append(f"{result.held} of them held for unknown codes, to be read again once the codes are declared")
    if examined.header.extra:
        zh.append(f"契约外的列未入库：{'、'.join(examined.header.extra[:10])}")
        en.append(f"columns outside the contract left out: {', '.join(examined.header.extra[:10])}")
    return Text("；".join(zh), "; ".join(en)) if zh else None


def record_file(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    *,
    status: str,
    reason: Text | None,
    run_id: str,
    digest: str | None = None,
    size: int = 0,
    modified_ns: int = 0,
    examined: Examined | None = None,
) -> None:
    """One row of ops.file; inside the caller's transaction."""
    connection.execute(
        "insert into ops.file values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.source_file, digest, size, now(), run_id, status, file.extract, str(reason) if reason else None,
            examined.source.encoding if examined else None, examined.source.dialect if examined else None,
            examined.header.extra if examined else None,
            examined.header.missing if examined else None, modified_ns,
        ],
    )  # fmt: skip
