"""What would happen to a file, without loading it (`bulletin try`).

Belongs here: the trial and its report. Does not belong here: its wording (`verbs/trial.py`), anything that changes a home.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.errors import UserError
from dagster_project.ingest import codes, decide
from dagster_project.ingest.batches import refused_batches
from dagster_project.ingest.column_names import ColumnNames, load_column_names
from dagster_project.ingest.discover import NO_ORDINARY_FILE, LandedFile, Landing, describe, find_files, unknown_name
from dagster_project.ingest.known import Known, compare_known, known_files
from dagster_project.ingest.load import Examined, examine, scan_file
from dagster_project.ingest.released import require_corrected_file
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.scan import RuleCount, ScanResult, UnmappedCode
from dagster_project.ingest.source import check_digest, check_readable, digest
from dagster_project.ingest.store import get_meta, literal, prepare_warehouse, set_meta
from dagster_project.ingest.synthetic import Kind, kind_of_home, never_mixed
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import keep_within

# Rows named for each way of being broken; the counts are always of all rows.
NAMED = 5
_LONGEST_CELL = 80


@dataclass(frozen=True)
class Reason:
    """What is wrong with a row; the cells are those of the first such row, masked where they identify somebody."""

    rule_id: str
    cells: tuple[tuple[str, str], ...]  # column, value
    text: Text


@dataclass(frozen=True)
class BrokenRows:
    """Rows that would be quarantined for the same reasons: how many, and where the first ones stand.

    `records` count the data from 1, as `source_row` does everywhere; `lines` are the lines of the file as an editor or a
    spreadsheet numbers them, and empty where a format has none.
    """

    reasons: tuple[Reason, ...]
    rows: int
    records: tuple[int, ...]
    lines: tuple[int, ...]


@dataclass
class TrialFile:
    """The trial of one data file (an archive has several)."""

    source_file: str
    extract: str | None
    extract_name: Text | None = None
    encoding: str = ""
    dialect: str = ""
    matched: list[tuple[str, str]] = field(default_factory=list)  # (name in the file, column of the contract)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_held: int = 0
    rows_warned: int = 0
    synthetic: bool = False
    warnings: list[tuple[RuleCount, Text]] = field(default_factory=list)  # of accepted rows, with what the rule asks
    codes: list[UnmappedCode] = field(default_factory=list)  # of accepted rows
    broken: list[BrokenRows] = field(default_factory=list)
    notes: Text | None = None  # what the load record would say
    loaded_as: str | None = None  # the file of the same content that was loaded before
    unloaded: Text | None = None  # who took it out again, and why
    refusal: Text | None = None  # why the file would be refused whole; None when it would be loaded


@dataclass
class TryReport:
    """What would happen to a path."""

    files: list[TrialFile] = field(default_factory=list)
    home_is_busy: bool = False  # what the home has loaded could not be asked

    @property
    def refused(self) -> bool:
        """Whether a file would be left out whole."""
        return any(file.refusal is not None for file in self.files)


@dataclass
class _Home:
    """What the trial must know of the home."""

    kind: Kind | None = None
    province: str | None = None
    known: Known = field(default_factory=Known)
    is_busy: bool = False
    names: ColumnNames = field(default_factory=dict)


def try_file(settings: Settings, path: Path | str) -> TryReport:
    """Read a file as intake of this home would, by its contract, codes and what it holds, and change nothing.

    Raises UserError (exit 2) when the path is no file.
    """
    path = _existing(Path(path))
    landed = find_files(settings.landing)
    home = _home(settings, landed)
    inside = path.is_relative_to(settings.landing)
    landing = settings.landing if inside else path.parent
    batch = landed if inside else find_files(landing) if (landing / "manifest.json").exists() else Landing()
    found = [file for file in batch.files if file.path == path] or describe(path, landing)
    refused = refused_batches(batch, landing, home.known.sources if inside else set())
    report = TryReport(home_is_busy=home.is_busy)
    with duckdb.connect() as connection:
        keep_within(connection, settings, is_aside=True)
        prepare_warehouse(connection)
        if home.province is not None:
            set_meta(connection, "province", home.province)
        codes.register(connection, _delivered(connection, settings), codes.provincial_codes(settings))
        for file in found:
            reason = refused.get(file.manifest.folder) if file.manifest else None
            report.files.append(_try_one(connection, file, home, reason))
    return report


def _existing(path: Path) -> Path:
    if path.is_dir():
        todo = Text("给出其中一个文件的路径；逐个文件预检。", "Name one file in it; files are tried one by one.")
        raise UserError(Text("这是文件夹，不是文件。", "This is a folder, not a file."), where=str(path), todo=todo)
    if path.exists() and not path.is_file():
        raise UserError(NO_ORDINARY_FILE, where=str(path))
    if not path.is_file():
        todo = Text("检查路径和文件名。", "Check the path and the name.")
        raise UserError(Text("没有这个文件。", "There is no such file."), where=str(path), todo=todo)
    return path.parent.resolve() / path.name


def _home(settings: Settings, landed: Landing) -> _Home:
    """Kind, province and loaded files of the home; the warehouse is opened for a moment and only to be read."""
    home, recorded = _Home(names=load_column_names(settings)), None
    if settings.warehouse.exists():
        try:
            with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
                recorded, home.province = get_meta(connection, "synthetic"), get_meta(connection, "province")
                home.known = known_files(connection)
        except duckdb.Error:
            home.is_busy = True
    home.kind = kind_of_home(recorded, landed.files)
    return home


def _delivered(connection: duckdb.DuckDBPyConnection, settings: Settings) -> set[str]:
    """Landed regions, from the files: the warehouse itself may be in use."""
    files = [literal(file) for file in sorted((settings.raw / "admdvs_dim_a").rglob("*.parquet"))]
    if not files:
        return set()
    rows = connection.execute(f"select distinct admdvs from read_parquet([{', '.join(files)}])").fetchall()
    return {str(row[0]) for row in rows}


def _try_one(connection: duckdb.DuckDBPyConnection, file: LandedFile, home: _Home, batch: Text | None) -> TrialFile:
    trial = TrialFile(file.source_file, file.extract)
    if file.extract is None:
        trial.refusal = unknown_name(file)
        return trial
    contract = load_contracts()[file.extract]
    trial.extract_name = Text(contract.name_zh, contract.name_en)
    work = Path(tempfile.mkdtemp(prefix="bulletin-try-"))
    try:
        check_readable(file)
        sha = digest(file)[0]
        if (load := home.known.of(sha)) is not None:
            compare_known(file, sha, load)
            trial.loaded_as = load.source_file
            trial.unloaded = home.known.unloaded[sha][1] if sha not in home.known.loaded else None
        else:
            if batch is not None:
                raise Refusal(batch)
            check_digest(file, sha)
            if not home.is_busy:
                require_corrected_file(home.known.desk, file, sha)
        _read(connection, file, contract, work, trial, home.kind, home.names)
    except Refusal as refusal:
        trial.refusal = refusal.reason
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return trial


def _read(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    contract: Contract,
    work: Path,
    trial: TrialFile,
    home: Kind | None,
    names: ColumnNames,
) -> None:
    # Nothing of the trial stays, so any key will do; the home's own need not exist yet.
    key = secrets.token_bytes(32)
    examined = examine(connection, file, contract, work, key, names)
    header = examined.header
    trial.encoding, trial.dialect = examined.source.encoding, examined.source.dialect
    trial.matched = [(examined.source.header[place].strip(), name) for name, place in header.columns.items()]
    trial.missing, trial.extra = header.missing, header.extra
    trial.synthetic = examined.kind == "synthetic"
    if trial.loaded_as is None:
        never_mixed(home, examined.source.rows_read, examined.kind, examined.invented)
    result = scan_file(connection, examined, key, 0, work)
    trial.rows_read, trial.rows_accepted = result.rows_read, result.accepted
    trial.rows_quarantined, trial.rows_held, trial.rows_warned = result.rejected, result.held, result.warned
    _fill_findings(connection, contract, examined, result, trial)
    if trial.loaded_as is None:  # what a run passes over it does not judge
        refusal = decide.over_threshold(contract, result)
        if refusal is not None:
            raise Refusal(refusal)
        decide.check_manifest(connection, file, examined.plan, result)
    trial.notes = decide.notes(result, header, examined.source.doubts, examined.renamed)


def _fill_findings(
    connection: duckdb.DuckDBPyConnection, contract: Contract, examined: Examined, result: ScanResult, trial: TrialFile
) -> None:
    """Every finding once: rows to quarantine by their reasons, then codes and rules of accepted rows."""
    groups = connection.execute(
        "select rule_ids, columns, case when list_contains(rule_ids, 'code_unknown') then codes end as shown, count(*), "
        f"list_sort(list(source_row))[:{NAMED}], min_by(row_text, source_row) from rejected_row "
        "group by rule_ids, columns, shown order by 4 desc, 5"
    ).fetchall()
    records = sorted({int(record) for group in groups for record in group[4]})
    lines = examined.source.lines_of(records) if examined.source.lines_of and records else {}
    for rule_ids, places, _, count, first, row_text in groups:
        cells = json.loads(row_text)
        reasons = [
            Reason(
                str(rule),
                tuple((name, _short(str(cells.get(name) or ""))) for name in str(place).split(", ")),
                contract.rule_text(str(rule)),
            )
            for rule, place in zip(rule_ids, places, strict=True)
        ]
        found = tuple(lines[record] for record in first if record in lines)
        trial.broken.append(BrokenRows(tuple(reasons), int(count), tuple(int(record) for record in first), found))
    trial.warnings = [
        (rule, contract.rule_text(rule.rule_id))
        for rule in result.rules
        if rule.severity == "warning" and rule.unexpected and rule.rule_id != "code_unknown"
    ]
    accepted = {rule.column for rule in result.rules if (rule.rule_id, rule.severity) == ("code_unknown", "warning")}
    trial.codes = [code for code in result.codes if code.column in accepted]


def _short(cell: str) -> str:
    """A cell as it may stand in a line: no longer than that, nothing in it that a terminal would carry out."""
    cell = "".join(letter if letter.isprintable() else "\ufffd" for letter in cell[:_LONGEST_CELL])
    return cell + "…" if len(cell) == _LONGEST_CELL else cell
