"""What a home knows of contents: which load a landed file equals, and whether it may be passed over for that.

Belongs here: loads and unloads by the hash of their file, the comparison of such a file with its manifest and with what it was
loaded as. Does not belong here: reading a file that is new (`load.py`), recording (`taking.py`), what a trial says (`trial.py`).

Run and trial ask the same two questions here, so that they cannot differ. A file is not read again to compare it: rows and sums of
its content were recorded when it was loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePosixPath

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.ingest import decide
from dagster_project.ingest.archives import told
from dagster_project.ingest.discover import PACKED_SUFFIXES, LandedFile
from dagster_project.ingest.load import Prepared
from dagster_project.ingest.released import Desk, read_desk
from dagster_project.ingest.report import Refusal, unloaded_text
from dagster_project.ingest.source import check_digest
from dagster_project.ingest.store import UNLOADED
from dagster_project.ingest.whole_batches import breaking_the_batch
from dagster_project.language import Text

# A month or a day as names carry it: 202401, 2024-01, 20240131, 2024年01月.
_PERIOD = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})[-_.年]?(0[1-9]|1[0-2])(?:[-_.月]?(0[1-9]|[12][0-9]|3[01]))?(?![0-9])"
)


@dataclass(frozen=True)
class KnownLoad:
    """A load as far as a file of the same content is compared with it; `totals` are sums by column."""

    load_id: int
    extract: str
    source_file: str
    batch: str | None
    rows: int
    totals: Mapping[str, Decimal]


@dataclass
class Known:
    """Loads by SHA-256 of their file: those that count, and those taken out with what is said of them."""

    loaded: dict[str, KnownLoad] = field(default_factory=dict)
    unloaded: dict[str, tuple[KnownLoad, Text]] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)
    taken_out: set[str] = field(default_factory=set)  # names under which unloaded contents were seen

    @property
    def sources(self) -> set[str]:
        """Files that a manifest's list may name or leave out, for they are no new ones (S8)."""
        return {load.source_file for load in self.loaded.values()} | self.taken_out

    def of(self, sha: str) -> KnownLoad | None:
        """The load of a content, in or out."""
        return self.loaded.get(sha) or (self.unloaded[sha][0] if sha in self.unloaded else None)

    def says(self, sha: str) -> tuple[str, Text] | None:
        """What becomes of a file of a known content, and why: `duplicate` or `unloaded`; None for a new content."""
        if (load := self.loaded.get(sha)) is not None:
            return "duplicate", Text(
                f"内容相同的文件已入库（{load.source_file}），本次跳过",
                f"the same content was loaded before ({load.source_file}); passed over",
            )
        return ("unloaded", self.unloaded[sha][1]) if sha in self.unloaded else None


def known_files(connection: duckdb.DuckDBPyConnection) -> Known:
    """Everything a warehouse has loaded or taken out; of a content that has several loads (rows read again) the first."""
    known = Known(loaded=_loads(connection, ""), desk=read_desk(connection))
    out = _loads(connection, UNLOADED)
    for sha, who, reason in connection.execute(
        "select sha256, who, reason from ops.unload where undone_at is null order by load_id desc"
    ).fetchall():
        if str(sha) in out:
            known.unloaded[str(sha)] = out[str(sha)], unloaded_text(str(who), str(reason))
    known.taken_out = {
        str(source)
        for source, sha in connection.execute(
            "select distinct source_file, sha256 from ops.file where status in ('loaded', 'duplicate', 'unloaded')"
        ).fetchall()
        if str(sha) in known.unloaded
    }
    return known


def _loads(connection: duckdb.DuckDBPyConnection, side: str) -> dict[str, KnownLoad]:
    rows = connection.execute(
        f"with sums as (select load_id, map(list(column_name), list(total)) as totals from ops.{side}control_total group by 1) "
        "select sha256, load_id, extract, source_file, batch, rows_read, totals "
        f"from ops.{side}load left join sums using (load_id) order by load_id desc"
    ).fetchall()
    return {
        str(sha): KnownLoad(int(load_id), str(extract), str(source), batch, int(count), totals or {})
        for sha, load_id, extract, source, batch, count, totals in rows
    }


def loaded_now(prepared: Prepared) -> KnownLoad:
    """A load that has just been recorded, as `known_files` would find it."""
    file, result = prepared.file, prepared.result
    batch = file.manifest.batch if file.manifest else None
    return KnownLoad(
        prepared.load_id, prepared.contract.name, file.source_file, batch, result.rows_read, dict(result.totals)
    )


def compare_known(file: LandedFile, sha: str, load: KnownLoad, was_seen: bool = False) -> None:
    """A file of a known content against its manifest (S8), then against what it was loaded as (L43).

    An archive that `was_seen` as it is now is not hashed again for a member of it. Raises Refusal, of the batch where the manifest
    is contradicted.
    """
    is_listed = bool(file.entry or file.archive_entry)
    with breaking_the_batch() if is_listed else nullcontext():
        if not (was_seen and file.member and not file.entry.get("sha256")):
            check_digest(file, sha)
        _compare_numbers(file, load)
        _require_same_data(file, load, is_listed)


def _compare_numbers(file: LandedFile, load: KnownLoad) -> None:
    """Rows and sums of the manifest's entry with those recorded; a sum that no load records is not asked for."""
    contract = load_contracts()[load.extract]
    amounts = {column.name for column in contract.columns if column.type == "decimal"}
    recorded = {column.name for column in contract.columns if column.type == "decimal" and column.landed == "as_is"}
    wanted = dict(file.entry.get("sums") or {})
    if load.rows and not load.totals:
        wanted = {}
    wanted = {name: value for name, value in wanted.items() if name not in amounts - recorded}
    entry = {"rows": file.entry.get("rows"), "sums": wanted}
    decide.compare(entry, load.rows, set(load.totals) if load.rows else recorded, load.totals)


def _require_same_data(file: LandedFile, load: KnownLoad, is_listed: bool) -> None:
    """Raise Refusal for a content that comes again as other data than it was loaded as (L43)."""
    if file.source_file == load.source_file:
        return
    is_other = file.extract != load.extract
    if not is_other and load.rows == 0:
        return  # a header is the same in every month
    if not is_other and not (is_listed and _stands_beside(file, load)):
        if decide.delivery(file, load_contracts()[load.extract]) == "full":
            return  # a state that has not changed
        batch = file.manifest.batch if file.manifest else None
        here, there = period(file.source_file, batch), period(load.source_file, load.batch)
        if here and there:
            if here.startswith(there) or there.startswith(here):
                return
        elif not is_listed or base_name(file.source_file) == base_name(load.source_file):
            return
    zh = f"内容与已入库的 {load.source_file}（装载 {load.load_id}，{load.rows:,} 行）完全相同，却以另一个月份或名称交付"
    en = (
        f"The content is that of {load.source_file} (load {load.load_id}, {load.rows:,} rows), which is in the warehouse, yet it "
        "comes under another month or name"
    )
    if is_listed:
        zh, en = f"{zh}，清单应有的数据并没有来", f"{en}: what the manifest promises has not come"
    raise Refusal(
        Text(
            f"{zh}。请数据中心核对后重新交付；确是同一份数据的，把它移出文件夹和清单（S8、L43）。",
            f"{en}. Have the data centre look and deliver again; if it is the same data, take it out of the folder and of the "
            "manifest (S8, L43).",
        )
    )


def _stands_beside(file: LandedFile, load: KnownLoad) -> bool:
    """Whether the manifest that lists a file lists the one of the load, too, as another file."""
    if file.manifest is None or not file.manifest.files:
        return False
    own = told(file.path, file.manifest.folder)
    folder = file.source_file.removesuffix(f"/{file.member}" if file.member else "").removesuffix(own)
    if not load.source_file.startswith(folder):
        return False
    inside = load.source_file.removeprefix(folder)
    return inside in file.manifest.files or str(PurePosixPath(inside).parent) in file.manifest.files


def base_name(source_file: str) -> str:
    """A file's own name, whatever folder it lies in and however it is packed."""
    name = source_file.rpartition("/")[2].lower()
    return name.removesuffix(next((suffix for suffix in PACKED_SUFFIXES if name.endswith(suffix)), ""))


def period(source_file: str, batch: str | None) -> str:
    """The month, or day, that a file is named after: by its own name, else by the nearest folder, else by its batch; '' for none."""
    for name in (*reversed(source_file.split("/")), batch or ""):
        if (found := _PERIOD.search(name)) is not None:
            return "".join(part for part in found.groups() if part)
    return ""
