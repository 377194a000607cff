"""Files one by one: what is new is read, everything else is said.

Belongs here: order, what was loaded before, refusals, reading small files side by side. Does not belong here: one file's
content (`load.py`).

DuckDB reads a file of one row group on one core, and planning a wide scan takes longer than a small file; so small files
are read side by side, each on a connection of its own, and recorded one after the other in the order of their names.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest import codes
from dagster_project.ingest.batches import refused_batches
from dagster_project.ingest.column_names import load_column_names
from dagster_project.ingest.decide import delivery
from dagster_project.ingest.digests import Digests
from dagster_project.ingest.discover import LandedFile, Landing, unknown_name
from dagster_project.ingest.known import compare_known, known_files, loaded_now
from dagster_project.ingest.load import Prepared, prepare, record, record_file
from dagster_project.ingest.released import require_corrected_file
from dagster_project.ingest.report import FileOutcome, IngestReport, Refusal
from dagster_project.ingest.source import check_digest, check_readable
from dagster_project.ingest.steady import require_unchanged, size_and_time
from dagster_project.ingest.store import get_meta, refresh_views
from dagster_project.ingest.synthetic import Kind, kind_of_home
from dagster_project.ingest.whole_batches import BatchRefusal, because_of, breaking_the_batch, close_batches, folder_of
from dagster_project.language import Text
from dagster_project.settings import Settings

Progress = Callable[[int, int, str], None]
# Regions first: codes of every other extract are judged by them (R17). Then extracts that tell the home's province.
FIRST = ("admdvs_dim_a", "insu_emp_info_b", "psn_insu_d", "setl_d", "mdtrt_d")
# Above this size a file has the machine, and its memory, for itself.
SMALL_FILE = 32 << 20


@dataclass
class Job:
    """A new file on its way."""

    file: LandedFile
    sha: str
    size: int
    modified_ns: int
    load_id: int
    work: Path
    prepared: Future[Prepared] | None = None


class Taking:
    """State of one run over the files of a landing folder."""

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
        # Folders of batches of which a file is not what the manifest says.
        self.broken: dict[Path, Text] = {}
        self.provincial_codes = codes.provincial_codes(settings)
        self.column_names = load_column_names(settings)
        self.known = known_files(connection)
        self.seen = {
            (str(source), int(size), int(modified)): str(sha)
            for source, size, modified, sha in connection.execute(
                "select source_file, bytes, modified_ns, sha256 from ops.file "
                "where status in ('loaded', 'duplicate', 'unloaded') and modified_ns is not null"
            ).fetchall()
        }
        # The number of an unloaded load is not given again: its raw files keep it.
        row = connection.execute(
            "select coalesce(max(load_id), 0) from (select load_id from ops.load union all select load_id from ops.unload)"
        ).fetchone()
        self.last_load_id = int(row[0]) if row else 0
        self.total = 0
        self.settled = False  # the home's province is known
        self.kind: Kind | None = None  # what the home holds
        self.planned = (0, "")  # threads of one scan, and what the engine's planner leaves out
        self.queue: deque[Job] = deque()
        self.readers: list[duckdb.DuckDBPyConnection] = []
        self.free: list[duckdb.DuckDBPyConnection] = []
        self.digests = Digests()

    def take(self, found: Landing) -> None:
        """All files, each to its outcome."""
        self._note_withdrawn(found)
        refused = refused_batches(found, self.settings.landing, self.known.sources)
        self.kind = kind_of_home(get_meta(self.connection, "synthetic"), found.files)
        files = sorted(found.files, key=_order)
        self.total = len(files)
        codes.register(self.connection, codes.delivered_regions(self.connection), self.provincial_codes)
        self._plan_for_large()
        regions = [file for file in files if file.extract == "admdvs_dim_a"]
        for file in regions:
            self._take_one(file, refused, None)
        if any(outcome.status == "loaded" for outcome in self.report.files):
            refresh_views(self.connection)
            codes.register(self.connection, codes.delivered_regions(self.connection), self.provincial_codes)
        with ThreadPoolExecutor(max_workers=max(1, self.settings.threads)) as pool:
            try:
                rest = files[len(regions) :]
                for file, following in zip_longest(rest, rest[1:]):
                    self._take_one(file, refused, pool, following)
                self._finish(0)
            finally:
                for job in self.queue:
                    if job.prepared is not None:
                        job.prepared.cancel()
                pool.shutdown(wait=True)
                self.digests.close()
                for reader in self.readers:
                    reader.close()
        self._close_batches()
        self._plan_for_large()
        self.connection.execute("reset disabled_optimizers")
        self.on_progress(self.total, self.total, "")

    def _close_batches(self) -> None:
        """Refuse the files of a broken batch that were recorded before the one that broke it."""
        broken = {folder_of(folder, self.settings.landing): reason for folder, reason in self.broken.items()}
        taken_back = {one.load_id: one for one in close_batches(self.connection, self.settings, broken, self.run_id)}
        for place, outcome in enumerate(self.report.files):
            if (one := taken_back.pop(outcome.load_id or 0, None)) is not None:
                self.report.files[place] = FileOutcome(one.source_file, one.extract, "refused", one.reason)
        for one in taken_back.values():  # taken in by a run that was stopped
            self._conclude(FileOutcome(one.source_file, one.extract, "refused", one.reason))

    def _reader(self) -> duckdb.DuckDBPyConnection:
        reader = self.connection.cursor()
        codes.register(reader, codes.delivered_regions(self.connection), self.provincial_codes)
        return reader

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

    def _hash_ahead(self, file: LandedFile | None) -> None:
        """Begin to hash the file that comes next, unless it was seen before or cannot be read."""
        if file is None or file.extract is None or not file.is_data or file.problem is not None:
            return
        with suppress(Refusal):  # told when it is its turn
            if (file.source_file, *size_and_time(file)) not in self.seen:
                self.digests.begin(file)

    def _take_one(
        self,
        file: LandedFile,
        refused: dict[Path, Text],
        pool: ThreadPoolExecutor | None,
        following: LandedFile | None = None,
    ) -> None:
        if file.extract is None:
            reason = unknown_name(file)
            outcome = "unknown" if file.is_data or file.problem is not None else "ignored"
            self._record(file, outcome, reason)
            self._conclude(FileOutcome(file.source_file, None, outcome, reason))
            return
        sha, size, at = None, 0, 0
        try:
            check_readable(file)
            size, at = size_and_time(file)
            sha = self.seen.get((file.source_file, size, at)) or self.digests.of(file, (size, at))
            self._hash_ahead(following)
            if any(job.sha == sha for job in self.queue):
                self._finish(0)
            if (load := self.known.of(sha)) is not None:
                compare_known(file, sha, load, was_seen=(file.source_file, size, at) in self.seen)
            if (said := self.known.says(sha)) is not None:
                status, reason = said
                self._record(file, status, reason, sha, size, at)
                if status == "duplicate":
                    self._note_redelivery(file, sha)
                self._conclude(FileOutcome(file.source_file, file.extract, status, reason))
                return
            if file.manifest is not None and file.manifest.folder in refused:
                raise Refusal(refused[file.manifest.folder])
            if file.manifest is not None and file.manifest.folder in self.broken:
                raise Refusal(self.broken[file.manifest.folder])
            with breaking_the_batch():
                check_digest(file, sha)
            require_corrected_file(self.known.desk, file, sha)
        except Refusal as refusal:
            self._refuse(file, refusal, sha, size, at)
            return
        self.last_load_id += 1
        job = Job(file, sha, size, at, self.last_load_id, self.work / str(self.last_load_id))
        # Without a manifest the first files decide which province the home is of: one after the other until then.
        # Whether it is synthetic is asked again where a file is recorded.
        manifest = file.manifest
        self.settled = self.settled or get_meta(self.connection, "province") is not None
        settled = self.settled or (manifest is not None and manifest.province is not None)
        if pool is None or not settled or size > SMALL_FILE:
            self._finish(0)
            self._plan_for_large()
            self.queue.append(job)
            self._finish(0)
            return
        self._plan_for_small()
        if not self.readers:
            self.readers = [self._reader() for _ in range(max(1, self.settings.threads))]
            self.free = list(self.readers)
        job.prepared = pool.submit(self._prepare_aside, job)
        self.queue.append(job)
        self._finish(2 * len(self.readers))

    def _note_redelivery(self, file: LandedFile, sha: str) -> None:
        """A newer full delivery may repeat a file: its rows are not absent from it."""
        moment = file.manifest.extracted_at if file.manifest else None
        if moment is None or delivery(file, load_contracts()[str(file.extract)]) != "full":
            return
        with durable_step("ingest.record_redelivery"):
            self.connection.execute(
                "insert into ops.redelivered select load_id, $2 from ops.load where sha256 = $1 and delivered_at < $2 "
                "and not exists (select 1 from ops.redelivered as r where r.load_id = load.load_id and r.delivered_at = $2)",
                [sha, moment],
            )

    def _plan_for_large(self) -> None:
        """All threads for one file. Rows are looked up among people, not people among rows, whichever are fewer: the rows keep
        their order, which halves the size of their numbers in raw, and the table that is made in memory stays narrow."""
        self._plan(self.settings.threads, "build_side_probe_side")

    def _plan_for_small(self) -> None:
        """One thread a file while several are read side by side. Planning takes longer than reading there, and a fifth of it is
        the search for what a statement works out twice."""
        self._plan(1, "build_side_probe_side,common_subexpressions")

    def _plan(self, threads: int, without: str) -> None:
        if (threads, without) != self.planned:
            self.connection.execute(f"set threads = {int(threads)}")
            self.connection.execute(f"set disabled_optimizers = '{without}'")
            self.planned = (threads, without)

    def _prepare(self, connection: duckdb.DuckDBPyConnection, job: Job) -> Prepared:
        job.work.mkdir(mode=0o700)
        contract = load_contracts()[str(job.file.extract)]
        return prepare(connection, job.file, contract, self.key, job.load_id, job.work, self.kind, self.column_names)

    def _prepare_aside(self, job: Job) -> Prepared:
        reader = self.free.pop()  # as many readers as workers: there is always one
        try:
            return self._prepare(reader, job)
        finally:
            self.free.append(reader)

    def _prepared(self, job: Job) -> Prepared:
        try:
            return job.prepared.result() if job.prepared else self._prepare(self.connection, job)
        except Exception:
            # Whatever went wrong in a file that somebody was writing to or took away, that is the reason.
            require_unchanged(job.file, job.size, job.modified_ns)
            raise

    def _finish(self, at_most: int) -> None:
        """Record waiting files, oldest first, until so many are left."""
        while len(self.queue) > at_most:
            job = self.queue[0]
            self.on_progress(len(self.report.files), self.total, job.file.source_file)
            try:
                prepared = self._prepared(job)
                require_unchanged(job.file, job.size, job.modified_ns)
                outcome = record(
                    self.connection, self.settings, prepared, key=self.key, digest=job.sha, size=job.size,
                    modified_ns=job.modified_ns, run_id=self.run_id,
                )  # fmt: skip
                self.known.loaded[job.sha] = loaded_now(prepared)
                self._conclude(outcome)
            except Refusal as refusal:
                self._refuse(job.file, refusal, job.sha, job.size, job.modified_ns)
            finally:
                self.queue.popleft()
                shutil.rmtree(job.work, ignore_errors=True)

    def _refuse(self, file: LandedFile, refusal: Refusal, sha: str | None, size: int, at: int) -> None:
        reason = refusal.reason
        if isinstance(refusal, BatchRefusal) and file.manifest is not None:
            self.broken.setdefault(file.manifest.folder, because_of(file.source_file, reason))
        self._record(file, "refused", reason, sha, size, at)
        self._conclude(FileOutcome(file.source_file, file.extract, "refused", reason))

    def _conclude(self, outcome: FileOutcome) -> None:
        self.report.files.append(outcome)


def _order(file: LandedFile) -> tuple[int, str]:
    place = FIRST.index(file.extract) if file.extract in FIRST else len(FIRST)
    return place, file.source_file
