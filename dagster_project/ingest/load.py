"""Taking in one file: read it, then move it in and record it in one transaction.

Belongs here: the accounting (S4), the renames and the commit. Does not belong here: which files there are (`landing.py`),
how they are scanned (`scan.py`) and judged (`decide.py`), versions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.content_hash import hash_of
from dagster_project.contracts import Contract
from dagster_project.durable import durable_step
from dagster_project.ingest import codes, controls, decide, doubts, noise, records, scan, synthetic
from dagster_project.ingest.answers import Corrected, release_rows
from dagster_project.ingest.column_names import ColumnNames, names_for, with_names
from dagster_project.ingest.columnar import PARQUET, other_rows
from dagster_project.ingest.damage import told_when_pages_are_broken
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.entries import entries_of
from dagster_project.ingest.header import HeaderMatch, checked, folded
from dagster_project.ingest.identifiers import require_uncut
from dagster_project.ingest.keys import fingerprint, pads
from dagster_project.ingest.persons import register_persons
from dagster_project.ingest.plain import Plain, kept_values, plain_columns
from dagster_project.ingest.plan import FEW_ROWS, Plan
from dagster_project.ingest.readable import Source
from dagster_project.ingest.released import corrected_rows
from dagster_project.ingest.report import FileOutcome, Refusal
from dagster_project.ingest.source import open_source
from dagster_project.ingest.store import QUARANTINE, append, get_meta, literal, set_meta
from dagster_project.ingest.whole_batches import breaking_the_batch, folder_of
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.warehouse import roll_back

REJECTED = "quarantine.parquet"  # work file of the rows that are not accepted


@dataclass(frozen=True)
class Examined:
    """A file that can be read, with its plan."""

    source: Source
    header: HeaderMatch
    plan: Plan
    kind: synthetic.Kind
    invented: int  # people that cannot exist
    renamed: tuple[tuple[str, str], ...] = ()  # names that only the province's file of names knows, with their columns


def examine(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    contract: Contract,
    work: Path,
    key: bytes,
    names: ColumnNames,
) -> Examined:
    """Open a file, match its header, find out whose people it holds. Raises Refusal."""
    province = (file.manifest.province if file.manifest else None) or get_meta(connection, "province")
    own = names_for(names, contract.name, province)
    contract = with_names(contract, own)
    source = open_source(connection, file, contract, work)
    header = checked(source.header, contract)
    renamed = [(source.header[place].strip(), name) for name, place in header.columns.items()]
    renamed = [(given, name) for given, name in renamed if folded(given) in own]
    added = codes.provincial_sets(connection)
    with told_when_pages_are_broken(source.dialect == PARQUET):
        entries = entries_of(source)
        plain = plain_columns(connection, contract, source, header, entries)
        # Working out what a column may hold takes as long as writing some ten thousand of its cells.
        kept = kept_values(connection, contract, header, entries, plain) if source.rows > FEW_ROWS else {}
        plan = _plan(contract, source, header, file, province, added, plain, kept)
        if province is None:
            plan = _plan(contract, source, header, file, _home_province(connection, plan), added, plain, kept)
        require_uncut(connection, plan)
        persons, invented = register_persons(connection, plan, pads(key)) if source.rows else (0, 0)
    marked = source.is_marked or synthetic.is_listed(file) or synthetic.is_named(file, contract)
    kind = synthetic.kind_of(marked, persons, invented)
    return Examined(source, header, plan, kind, invented, tuple(renamed))


def _plan(
    contract: Contract,
    source: Source,
    header: HeaderMatch,
    file: LandedFile,
    province: str | None,
    added: set[str],
    plain: dict[str, Plain],
    kept: dict[str, list[str]],
) -> Plan:
    return Plan(
        contract, source, header, source_file=file.source_file, code_names=codes.code_names(), province=province,
        provincial_sets=added, plain=plain, kept=kept,
    )  # fmt: skip


def _home_province(connection: duckdb.DuckDBPyConnection, plan: Plan) -> str | None:
    """Province of most rows, from the insured's region (of the place of treatment where the insured are others'); None when the
    extract does not know it."""
    place = plan.contract.place_by[0]
    if place not in plan.header.columns or not plan.source.rows:
        return None
    row = connection.execute(
        f"select left(\"{place}\", 2) || '0000' as province from ({plan.typed(only=(place,))}) "
        f"where regexp_matches(\"{place}\", '^[0-9]{{6}}$') group by 1 order by count(*) desc, 1 limit 1"
    ).fetchone()
    return str(row[0]) if row else None


def scan_file(
    connection: duckdb.DuckDBPyConnection, examined: Examined, key: bytes, load_id: int, work: Path
) -> scan.ScanResult:
    """All scans of one file; rejected rows stay in the temporary table rejected_row."""
    is_parquet = examined.source.dialect == PARQUET
    with told_when_pages_are_broken(is_parquet), ThreadPoolExecutor(max_workers=1) as hashing:
        result = scan.write_accepted(connection, examined.plan, pads(key), load_id, work)
        # What was written is final: its hashes are worked out beside the scans that follow.
        hashes = hashing.submit(lambda: {path: hash_of(path) for path in sorted(set(result.files.values()))})
        scan.count_accepted(connection, examined.plan, result)
        scan.read_rejected(connection, examined.plan, result)
        controls.add_rejected(connection, examined.plan, result)
        result.hashes = hashes.result()
        result.rules += noise.removed(connection, examined.plan)
    result.rules += [
        scan.RuleCount(doubts.RULE, doubt.subject, "profile", 1, Decimal(0)) for doubt in examined.source.doubts
    ]
    if is_parquet and result.rows_read != result.accepted + result.rejected:
        raise other_rows(result.rows_read, result.accepted + result.rejected)
    if result.rows_read != result.accepted + result.rejected:
        raise AssertionError(f"rows read {result.rows_read} <> {result.accepted} + {result.rejected}")
    return result


@dataclass(frozen=True)
class Prepared:
    """A file read and judged, its rows in work files: all that is left is to move them in and record them."""

    file: LandedFile
    contract: Contract
    examined: Examined
    result: scan.ScanResult
    delivered_at: datetime | None
    load_id: int
    work: Path
    hashes: dict[Path, str]  # SHA-256 of the work files that are to be kept
    corrects: Corrected | None = None  # the quarantined rows that its manifest says it corrects
    told_as: int | None = None  # the load whose manifest, or whose confirmation, answers for this one, too


def prepare(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    contract: Contract,
    key: bytes,
    load_id: int,
    work: Path,
    home: synthetic.Kind | None,
    names: ColumnNames,
) -> Prepared:
    """Read and judge one file for a home of a kind; changes nothing but the work folder. Raises Refusal."""
    examined = examine(connection, file, contract, work, key, names)
    synthetic.never_mixed(home, examined.source.rows_read, examined.kind, examined.invented)
    result = scan_file(connection, examined, key, load_id, work)
    refusal = decide.over_threshold(contract, result)
    if refusal is not None:
        raise Refusal(refusal)
    with breaking_the_batch():
        decide.check_manifest(connection, file, examined.plan, result)
    delivered = decide.delivered_at(connection, file, contract, result)
    return ready(connection, file, contract, examined, result, delivered, load_id, work, corrected_rows(file))


def ready(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    contract: Contract,
    examined: Examined,
    result: scan.ScanResult,
    delivered: datetime | None,
    load_id: int,
    work: Path,
    corrects: Corrected | None,
) -> Prepared:
    """A scanned file with its rejected rows in a work file and the hashes of what is to be kept."""
    if result.rejected:
        columns = {
            **{name: f'"{name}"' for name in QUARANTINE},
            "load_id": str(load_id),
            "extract": literal(contract.name),
            "codes": scan.shown_codes("codes"),
            "source_file": literal(file.source_file),
        }
        listed = ", ".join(f'cast({sql} as {QUARANTINE[name]}) as "{name}"' for name, sql in columns.items())
        connection.execute(
            f"copy (select {listed} from rejected_row order by source_row) to {literal(work / REJECTED)} (format parquet)"
        )
    hashes = dict(result.hashes)
    if result.rejected:
        hashes[work / REJECTED] = hash_of(work / REJECTED)
    return Prepared(file, contract, examined, result, delivered, load_id, work, hashes, corrects)


def record(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    prepared: Prepared,
    *,
    key: bytes,
    digest: str,
    size: int,
    modified_ns: int,
    run_id: str,
) -> FileOutcome:
    """Move a prepared file in and record it, whole or not at all."""
    file, contract, examined, result = prepared.file, prepared.contract, prepared.examined, prepared.result
    # Files are prepared side by side: another one may have decided meanwhile what this home holds.
    home = synthetic.kind_of_home(get_meta(connection, "synthetic"), ())
    synthetic.never_mixed(home, result.rows_read, examined.kind, examined.invented)
    places, stored = _move_in(settings, prepared)
    notes = decide.notes(result, examined.header, examined.source.doubts, examined.renamed)
    load_id = prepared.load_id
    loads = [
        load_id, contract.name, file.source_file, digest, file.manifest.batch if file.manifest else None,
        examined.source.encoding, prepared.delivered_at, decide.delivery(file, contract), result.rows_read,
        result.accepted, result.rejected, None, result.warned, now(),
    ]  # fmt: skip
    months = [[load_id, contract.name, month, result.months[month], place] for month, place in places.items()]
    rules = [
        [load_id, contract.name, r.rule_id, r.column, r.severity, r.unexpected, result.rows_read, r.money]
        for r in result.rules
    ]
    concerned = [[load_id, contract.name, *which, count] for which, count in result.concerned.items() if count]
    unmapped = [[load_id, contract.name, c.column, c.code_set, c.code, c.rows, c.money] for c in result.codes]
    areas = [[load_id, contract.name, area.month, area.region, area.rows, area.money] for area in result.areas]
    is_listed = file.manifest is not None and file.manifest.files is not None
    open_batch = [[load_id, folder_of(file.manifest.folder, settings.landing)]] if is_listed and file.manifest else []
    connection.execute("begin")
    try:
        for table, rows in (
            ("load", [loads]),
            ("load_month", months),
            ("stored_file", stored),
            ("rule_count", rules),
            ("row_concerned", concerned),
            ("unmapped_code", unmapped),
            ("load_region", areas),
            ("open_batch", open_batch),
            ("load_control", [records.row_of(load_id, file, settings.landing)]),
        ):
            append(connection, table, rows)
        if prepared.told_as is not None:
            records.tell_as(connection, load_id, prepared.told_as)
        release_rows(connection, contract, load_id, prepared.corrects)
        append(connection, "control_total", [[load_id, name, total] for name, total in result.totals.items()])
        record_file(
            connection, file, status="loaded", reason=notes, run_id=run_id, digest=digest, size=size,
            modified_ns=modified_ns, examined=examined,
        )  # fmt: skip
        if get_meta(connection, "synthetic") is None and result.rows_read:
            set_meta(connection, "synthetic", "true" if examined.kind == "synthetic" else "false")
        if get_meta(connection, "province") is None and examined.plan.home_province:
            set_meta(connection, "province", examined.plan.home_province)
        if get_meta(connection, "key_fingerprint") is None:
            set_meta(connection, "key_fingerprint", fingerprint(key))
        with durable_step("ingest.commit_load"):
            connection.execute("commit")
    except duckdb.Error:
        roll_back(connection)
        raise
    return FileOutcome(
        file.source_file, contract.name, "loaded", notes, result.rows_read, result.accepted, result.rejected, load_id
    )


def _move_in(settings: Settings, prepared: Prepared) -> tuple[dict[str, str], list[list[object]]]:
    """Rename the finished files to their places; returns month → path relative to the home, and rows for ops.stored_file."""
    places, stored = {}, []

    def kept(source: Path, place: Path) -> str:
        path = place.relative_to(settings.home).as_posix()
        stored.append([prepared.load_id, path, place.stat().st_size, prepared.hashes[source]])
        return path

    for month, path in sorted(prepared.result.files.items()):
        place = settings.raw / prepared.contract.name / month / f"{prepared.load_id}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        with durable_step("ingest.rename_raw"):
            path.replace(place)
        places[month] = kept(path, place)
    if prepared.result.rejected:
        place = settings.quarantine / prepared.contract.name / f"{prepared.load_id}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        with durable_step("ingest.rename_quarantine"):
            (prepared.work / REJECTED).replace(place)
        kept(prepared.work / REJECTED, place)
    return places, stored


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
