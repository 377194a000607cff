"""One run over a landing folder: what is new is taken in, everything else is said.

Belongs here: the order of files, what was loaded before, refusals, the report. Does not belong here: one file (`load.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest import codes
from dagster_project.ingest.discover import LandedFile, Landing, check_listing, find_files
from dagster_project.ingest.keys import key_of_warehouse
from dagster_project.ingest.load import load_file, record_file
from dagster_project.ingest.report import FileOutcome, IngestReport, Refusal
from dagster_project.ingest.source import digest
from dagster_project.ingest.store import prepare_warehouse, refresh_views, sweep
from dagster_project.ingest.versions import settle_versions
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

Progress = Callable[[int, int, str], None]
# Regions first: codes of every other extract are judged by them (R17). Then extracts that tell the home's province.
FIRST = ("admdvs_dim_a", "insu_emp_info_b", "psn_insu_d", "setl_d", "mdtrt_d")


def ingest_landing(settings: Settings, run_id: str, on_progress: Progress | None = None) -> IngestReport:
    """Take in every new file of the home's landing folder.

    Raises UserError (exit 2) when there is nothing to take in and nothing was loaded before, and (exit 3) for a lost or
    wrong key; a file that cannot be taken in is an outcome with its reason, not an error.
    """
    with connect(settings) as connection:
        prepare_warehouse(connection)
        sweep(connection, settings)
        found = _find(connection, settings)
        key = key_of_warehouse(connection, settings)
        work = settings.home / "tmp" / f"intake-{run_id}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, mode=0o700)
        run = _Run(connection, settings, run_id, key, work, on_progress or (lambda done, total, what: None))
        try:
            run.take(found)
        finally:
            with durable_step("ingest.remove_work"):
                shutil.rmtree(work, ignore_errors=True)
        run.report.touched_months = settle_versions(connection)
        refresh_views(connection)
    return run.report


def _find(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Landing:
    landing = settings.landing
    found = find_files(landing) if landing.is_dir() else Landing()
    if found.files:
        return found
    loads = connection.execute("select count(*) from ops.load").fetchone()
    if loads and loads[0]:
        return found
    if not landing.is_dir():
        what = Text("没有来源文件夹。", "There is no landing folder.")
    else:
        what = Text("来源文件夹是空的。", "The landing folder is empty.")
    raise UserError(
        what,
        where=str(landing),
        todo=Text(
            "把数据中心交来的文件放进该文件夹，例如 setl_d_202401.csv 或 psn_insu_d.parquet，然后重新运行；"
            "想先看样本，运行 make bulletin。",
            "Put the data centre's files there, for instance setl_d_202401.csv or psn_insu_d.parquet, and run again; to "
            "see a sample first, run `make bulletin`.",
        ),
    )


class _Run:
    """State of one run."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        settings: Settings,
        run_id: str,
        key: bytes,
        work: Path,
        on_progress: Progress,
    ):
        self.connection = connection
        self.settings = settings
        self.run_id = run_id
        self.key = key
        self.work = work
        self.on_progress = on_progress
        self.report = IngestReport()
        rows = connection.execute("select sha256, source_file from ops.load").fetchall()
        self.loaded = {str(sha): str(source) for sha, source in rows}
        self.seen = {
            (str(source), int(size), int(modified)): str(sha)
            for source, size, modified, sha in connection.execute(
                "select source_file, bytes, modified_ns, sha256 from ops.file "
                "where status in ('loaded', 'duplicate') and modified_ns is not null"
            ).fetchall()
        }

    def take(self, found: Landing) -> None:
        """All files, each to its outcome."""
        self._note_withdrawn(found)
        refused = self._refused_batches(found)
        files = sorted(found.files, key=_order)
        codes.register(self.connection, self.settings, codes.delivered_regions(self.connection))
        regions_due = False
        for place, file in enumerate(files):
            self.on_progress(place, len(files), file.source_file)
            if regions_due and file.extract != "admdvs_dim_a":
                refresh_views(self.connection)
                codes.register(self.connection, self.settings, codes.delivered_regions(self.connection))
                regions_due = False
            outcome = self._take_one(file, refused)
            self.report.files.append(outcome)
            regions_due |= outcome.status == "loaded" and outcome.extract == "admdvs_dim_a"
        self.on_progress(len(files), len(files), "")

    def _refused_batches(self, found: Landing) -> dict[Path, Text]:
        refused = {}
        for manifest in found.manifests:
            mine = [
                file for file in found.files if file.manifest is not None and file.manifest.folder == manifest.folder
            ]
            try:
                check_listing(manifest, mine, self.settings.landing, set(self.loaded.values()))
            except Refusal as refusal:
                refused[manifest.folder] = refusal.reason
        return refused

    def _note_withdrawn(self, found: Landing) -> None:
        """A file that was refused and is gone now is no longer an open matter."""
        here = {file.source_file for file in found.files}
        rows = self.connection.execute(
            "select source_file, extract from ops.file qualify row_number() over "
            "(partition by source_file order by seen_at desc, status) = 1 and status in ('refused', 'unknown')"
        ).fetchall()
        for source, extract in rows:
            if source not in here:
                gone = LandedFile(self.settings.landing / str(source), str(source), extract)
                self._record(gone, "withdrawn", Text("文件已从来源文件夹移走", "no longer in the landing folder"))

    def _record(
        self, file: LandedFile, status: str, reason: Text | None, sha: str | None = None, size: int = 0, at: int = 0
    ) -> None:
        with durable_step("ingest.record_file"):
            record_file(
                self.connection, file, status=status, reason=reason, run_id=self.run_id, digest=sha, size=size,
                modified_ns=at,
            )  # fmt: skip

    def _take_one(self, file: LandedFile, refused: dict[Path, Text]) -> FileOutcome:
        if file.extract is None:
            reason = unknown_name(file)
            self._record(file, "unknown", reason)
            return FileOutcome(file.source_file, None, "unknown" if file.is_data else "ignored", reason)
        sha, size, at = None, 0, 0
        try:
            if file.problem is not None:
                raise Refusal(file.problem)
            if not file.is_data:
                raise Refusal(
                    Text(
                        "不支持的格式；请另存为 csv、txt、tsv、parquet 或 xlsx（可压缩为 gz、zip、zst）。",
                        "Not a supported format; save it as csv, txt, tsv, parquet or xlsx (gz, zip, zst allowed).",
                    )
                )
            status = file.path.stat()
            size, at = status.st_size, status.st_mtime_ns
            sha = self.seen.get((file.source_file, size, at)) or digest(file)[0]
            if sha in self.loaded:
                reason = Text(
                    f"内容相同的文件已入库（{self.loaded[sha]}），本次跳过",
                    f"the same content was loaded before ({self.loaded[sha]}); passed over",
                )
                self._record(file, "duplicate", reason, sha, size, at)
                return FileOutcome(file.source_file, file.extract, "duplicate", reason)
            if file.manifest is not None and file.manifest.folder in refused:
                raise Refusal(refused[file.manifest.folder])
            self._check_digest(file, sha)
            outcome = load_file(
                self.connection, self.settings, file, load_contracts()[file.extract], key=self.key, digest=sha,
                size=size, modified_ns=at, run_id=self.run_id, work=self._folder(),
            )  # fmt: skip
            self.loaded[sha] = file.source_file
            return outcome
        except Refusal as refusal:
            self._record(file, "refused", refusal.reason, sha, size, at)
            return FileOutcome(file.source_file, file.extract, "refused", refusal.reason)

    def _folder(self) -> Path:
        """An empty folder for one file's work."""
        folder = self.work / "file"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def _check_digest(self, file: LandedFile, sha: str) -> None:
        listed = file.entry.get("sha256")
        whole = file.archive_entry.get("sha256")
        if file.member and whole and not listed:
            listed, sha = whole, digest(LandedFile(file.path, file.source_file, file.extract))[0]
        if listed and str(listed).lower() != sha:
            raise Refusal(
                Text(
                    "文件内容与清单的 sha256 不符（S8）；可能拷贝中断，请重新拷贝。",
                    "The content differs from the manifest's sha256 (S8); copying may have been cut short, copy it again.",
                )
            )


def _order(file: LandedFile) -> tuple[int, str]:
    place = FIRST.index(file.extract) if file.extract in FIRST else len(FIRST)
    return place, file.source_file


def unknown_name(file: LandedFile) -> Text:
    """What to say of a file whose name is no extract's."""
    if Path(file.inner_name).name.lower().startswith("outmed_"):
        return Text(
            "outmed_ 开头的是就医地数据，不属于首批抽取，也不与参保人合计相加；未入库。",
            "outmed_ files are treatment-side data: not part of this intake, never added to insured totals; left out.",
        )
    tables = ", ".join(load_contracts())
    return Text(
        f"文件名不是任何抽取表；应为“表名”或“表名_任意”，如 setl_d_202401.csv。可用表名：{tables}（S7）。",
        f"The name is no extract's; it must be a table name or start with one and '_', like setl_d_202401.csv. "
        f"Tables: {tables} (S7).",
    )
