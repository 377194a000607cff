"""What would happen to a file, without loading it (`bulletin try`).

Belongs here: the trial and its report. Does not belong here: anything that changes a home.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.errors import UserError
from dagster_project.ingest import codes
from dagster_project.ingest.decide import check_manifest, over_threshold
from dagster_project.ingest.discover import LandedFile, describe, unknown_name
from dagster_project.ingest.load import examine, scan_file
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.scan import RuleCount, UnmappedCode
from dagster_project.ingest.store import literal, prepare_warehouse
from dagster_project.language import Text
from dagster_project.settings import Settings

# Rows shown; the counts are always of all rows.
SHOWN = 200
LISTED = 20  # of them in the printed message


@dataclass(frozen=True)
class RejectedCell:
    """One reason to quarantine one row; the value of an identifier is masked."""

    row: int
    rule_id: str
    columns: str
    value: str
    text: Text


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
    rules: list[RuleCount] = field(default_factory=list)
    codes: list[UnmappedCode] = field(default_factory=list)
    rejected: list[RejectedCell] = field(default_factory=list)
    refusal: Text | None = None  # why the file would be refused whole; None when it would be loaded


@dataclass
class TryReport:
    """What would happen to a path."""

    files: list[TrialFile] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether a file would be left out whole."""
        return any(file.refusal is not None for file in self.files)

    def message(self, language: str) -> str:
        """The report in one language, as lines for a terminal."""
        return "\n\n".join(_lines(file, language) for file in self.files)


def try_file(settings: Settings, path: Path | str) -> TryReport:
    """Read a file as intake would, by the contract and codes of this home, and change nothing.

    Raises UserError (exit 2) when the path is no file.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            Text("没有这个文件。", "There is no such file."),
            where=str(path),
            todo=Text("检查路径；文件夹请逐个文件试读。", "Check the path; try the files of a folder one by one."),
        )
    path = path.resolve()
    landing = settings.landing if path.is_relative_to(settings.landing) else path.parent
    report = TryReport()
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {int(settings.threads)}")
        prepare_warehouse(connection)
        codes.register(connection, _delivered(connection, settings), codes.care_types(settings))
        for file in describe(path, landing):
            report.files.append(_try_one(connection, file))
    return report


def _delivered(connection: duckdb.DuckDBPyConnection, settings: Settings) -> set[str]:
    """Landed regions, from the files: the warehouse itself may be in use."""
    files = [literal(file) for file in sorted((settings.raw / "admdvs_dim_a").rglob("*.parquet"))]
    if not files:
        return set()
    rows = connection.execute(f"select distinct admdvs from read_parquet([{', '.join(files)}])").fetchall()
    return {str(row[0]) for row in rows}


def _try_one(connection: duckdb.DuckDBPyConnection, file: LandedFile) -> TrialFile:
    trial = TrialFile(file.source_file, file.extract)
    if file.extract is None:
        trial.refusal = unknown_name(file)
        return trial
    contract = load_contracts()[file.extract]
    trial.extract_name = Text(contract.name_zh, contract.name_en)
    work = Path(tempfile.mkdtemp(prefix="bulletin-try-"))
    try:
        if file.problem is not None:
            raise Refusal(file.problem)
        _read(connection, file, contract, work, trial)
    except Refusal as refusal:
        trial.refusal = refusal.reason
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return trial


def _read(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, work: Path, trial: TrialFile
) -> None:
    # Nothing of the trial stays, so any key will do; the home's own need not exist yet.
    key = secrets.token_bytes(32)
    examined = examine(connection, file, contract, work, key)
    header = examined.header
    trial.encoding, trial.dialect = examined.source.encoding, examined.source.dialect
    trial.matched = [(examined.source.header[place].strip(), name) for name, place in header.columns.items()]
    trial.missing, trial.extra, trial.synthetic = header.missing, header.extra, examined.synthetic
    result = scan_file(connection, examined, key, 0, work)
    trial.rows_read, trial.rows_accepted = result.rows_read, result.accepted
    trial.rows_quarantined, trial.rows_held, trial.rows_warned = result.rejected, result.held, result.warned
    trial.rules, trial.codes = result.rules, result.codes
    trial.rejected = _shown(connection, contract)
    refusal = over_threshold(contract, result)
    if refusal is not None:
        raise Refusal(refusal)
    check_manifest(connection, file, examined.plan, result)


def _shown(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[RejectedCell]:
    rows = connection.execute(
        "select source_row, rule_id, place, list_aggregate([coalesce(json_extract_string(row_text, '$.\"' || name || '\"'), "
        "'') for name in string_split(place, ', ')], 'string_agg', ', ') from (select source_row, "
        "unnest(rule_ids) as rule_id, unnest(columns) as place, row_text from "
        f"(select * from rejected_row order by source_row limit {SHOWN})) order by source_row"
    ).fetchall()
    return [
        RejectedCell(int(row), str(rule), str(place), str(value), contract.rule_text(str(rule)))
        for row, rule, place, value in rows
    ]


def _lines(file: TrialFile, language: str) -> str:
    def say(zh: str, en: str) -> str:
        return Text(zh, en).in_language(language)

    name = f" {file.extract}（{file.extract_name.in_language(language)}）" if file.extract_name else ""
    lines = [f"{file.source_file}:{name}"]
    if file.matched:
        form = ", ".join(part for part in (file.encoding, file.dialect) if part)
        lines.append(
            say(f"格式 {form}；对上 {len(file.matched)} 列", f"Read as {form}; {len(file.matched)} columns matched")
        )
        renamed = [f"{given} → {column}" for given, column in file.matched if given.lower() != column]
        if renamed:
            lines.append(say("按别名对应：", "By alias: ") + "，".join(renamed))
        if file.missing:
            lines.append(say("缺少的可选列：", "Optional columns missing: ") + ", ".join(file.missing))
        if file.extra:
            lines.append(
                say("契约外的列（不入库）：", "Columns outside the contract (not stored): ") + ", ".join(file.extra)
            )
        lines.append(
            say(
                f"读入 {file.rows_read} 行：可入库 {file.rows_accepted}（其中提示 {file.rows_warned}），"
                f"隔离 {file.rows_quarantined}（其中代码未知暂存 {file.rows_held}）",
                f"{file.rows_read} rows read: {file.rows_accepted} acceptable ({file.rows_warned} with a warning), "
                f"{file.rows_quarantined} to quarantine ({file.rows_held} held for unknown codes)",
            )
        )
    for code in file.codes:
        lines.append(
            say(
                f"代码未登记：{code.column} = {code.code}（代码集 {code.code_set}），{code.rows} 行",
                f"Code not in its set: {code.column} = {code.code} (set {code.code_set}), {code.rows} rows",
            )
        )
    for cell in file.rejected[:LISTED]:
        lines.append(
            say(
                f"第 {cell.row} 行 {cell.columns}：{cell.rule_id}，{cell.text.zh}；值 {cell.value}",
                f"Row {cell.row} {cell.columns}: {cell.rule_id}, {cell.text.en}; value {cell.value}",
            )
        )
    if file.rows_quarantined > LISTED and len(file.rejected) > LISTED:
        lines.append(say("……（其余行从略）", "… (more rows left out)"))
    if file.refusal is not None:
        lines.append(say("结论：不会入库。", "Verdict: it would be left out. ") + file.refusal.in_language(language))
    else:
        lines.append(say("结论：可以入库。", "Verdict: it would be taken in."))
    return "\n".join(lines)
