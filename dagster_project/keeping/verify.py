"""Whether a home still holds what `ops` says it holds: quickly at the start of every run, in full when somebody asks.

Belongs here: comparing the inventory with the disk, the version of the tables, and what to say. Does not belong here: the
inventory (`inventory.py`), printing.

The quick form asks the file system for existence and size alone: a thousand files take some hundredths of a second. The full
form reads every file again (hash and rows), every table of the warehouse (its blocks carry checksums) and every file of a frozen
publication.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.content_hash import hash_of
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest.store import SCHEMA_KEY, SCHEMA_VERSION, home_of
from dagster_project.keeping.inventory import Kept, kept_files
from dagster_project.keeping.unreadable import unreadable_file, unreadable_table
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import told_when_closed

SHOWN = 12
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was recorded: where (relative to the home), what, and the delivered file it came from."""

    path: str
    what: Text
    source_file: str = ""

    def in_language(self, language: str) -> str:
        """One line for people."""
        origin = f"（{self.source_file}）" if language == "zh" else f" ({self.source_file})"
        return f"{self.path}{origin if self.source_file else ''}: {self.what.in_language(language)}"


@dataclass
class Verification:
    """What a full verification looked at and found."""

    files: int = 0
    bytes: int = 0
    tables: int = 0
    frozen: int = 0
    unrecorded: list[str] = field(default_factory=list)  # files without a recorded hash, of an earlier version
    faults: list[Fault] = field(default_factory=list)


def require_whole(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The quick form. Raises UserError (exit 3) that names the files which are missing or have another size."""
    _require_known_version(connection, settings)
    files = kept_files(connection)
    if not files:  # nothing to compare: a new home has no tables to ask where its files lie either
        return
    base = home_of(connection) or settings.home
    faults = [fault for kept in files if (fault := _glance(base, kept)) is not None]
    if faults:
        raise broken(settings, faults)


@contextmanager
def told_when_not_whole(connection: duckdb.DuckDBPyConnection, settings: Settings, folder: str) -> Iterator[None]:
    """For a verb that reads stored files outside a run: the quick form, and the content of the files below a folder of the home.

    Raises UserError (exit 3) that names the files, also where something else of the home turns out to be unreadable meanwhile.
    """
    require_whole(connection, settings)
    base = home_of(connection) or settings.home
    kept = [one for one in kept_files(connection) if one.path.startswith(folder)]
    changed = [fault for one in kept if (fault := _read_again(connection, base, one)) is not None]
    if changed:
        raise broken(settings, changed)
    try:
        yield
    except duckdb.Error as error:
        faults = verify(connection, settings).faults
        if not faults:
            raise
        raise broken(settings, faults) from error


def require_warehouse(settings: Settings) -> None:
    """Raises UserError (exit 3) for a home with raw files and no warehouse: a new one would take them for leftovers."""
    if settings.warehouse.exists() or next(settings.raw.rglob("*.parquet"), None) is None:
        return
    raise UserError(
        Text(
            "仓库文件不见了，而 raw/ 里还有入库的数据。",
            "The warehouse file is gone, and raw/ still holds what was taken in.",
        ),
        where=str(settings.warehouse),
        todo=Text(
            "用 bulletin restore 取回备份；来源文件都还在 landing 而想从头来过时，把 raw/ 和 quarantine/ 移走后再运行。",
            "Bring a backup back with `bulletin restore`; to begin anew from files that all still lie in landing, move raw/ and "
            "quarantine/ away and run again.",
        ),
        code=ExitCode.BROKEN_INSTALLATION,
    )


def broken(settings: Settings, faults: list[Fault]) -> UserError:
    """What to say of a home that does not hold what it recorded (exit 3)."""
    lines = [fault.in_language(settings.language) for fault in faults[:SHOWN]]
    if len(faults) > SHOWN:
        lines.append(f"… +{len(faults) - SHOWN}")
    return UserError(
        Text(
            f"仓库与记录不符：{len(faults)} 处缺失、被截断或被改动；未做任何计算。",
            f"The home is not what was recorded: {len(faults)} files or tables are missing, cut short or changed; nothing was "
            "computed.",
        ),
        where="\n".join([str(settings.home), *lines]),
        todo=Text(
            "从备份把所列文件按同样的路径拷回家目录（备份里的路径相同），再运行 bulletin verify；没有备份时不要删除任何文件，"
            "先检查磁盘和权限。",
            "Copy the files named here back from a backup, where they have the same paths, then run `bulletin verify`; without a "
            "backup delete nothing, and look at the disk and its rights first.",
        ),
        code=ExitCode.BROKEN_INSTALLATION,
    )


def verify(
    connection: duckdb.DuckDBPyConnection, settings: Settings, on_progress: Progress | None = None
) -> Verification:
    """The full form; reads everything and raises UserError (exit 3) only for tables of a newer version."""
    _require_known_version(connection, settings)
    base = home_of(connection) or settings.home
    tell = on_progress or (lambda done, total, what: None)
    found = Verification()
    kept = kept_files(connection)
    for place, one in enumerate(kept):
        tell(place, len(kept), one.path)
        fault = _glance(base, one) or _read_again(connection, base, one)
        if fault is not None:
            found.faults.append(fault)
            continue
        found.bytes += (base / one.path).stat().st_size
        if one.sha256 is None:
            found.unrecorded.append(one.path)
    found.files = len(kept)
    found.faults += _accounts(connection)
    for schema, table in _tables(connection):
        tell(len(kept), len(kept), f"{schema}.{table}")
        found.tables += 1
        try:
            connection.execute(f'select bit_xor(hash(one)) from "{schema}"."{table}" as one').fetchall()
        except duckdb.Error as error:
            found.faults.append(Fault(f"{schema}.{table}", unreadable_table(error)))
    for fault in frozen_files(settings, found):
        found.faults.append(fault)
    return found


def _require_known_version(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    try:
        with told_when_closed(settings):  # half a file can open as one and fail at its first table
            row = connection.execute("select value from ops.meta where key = ?", [SCHEMA_KEY]).fetchone()
    except duckdb.CatalogException:
        return  # a run killed in its first moment leaves a file without tables
    if row is None or int(row[0]) <= SCHEMA_VERSION:
        return
    raise UserError(
        Text(
            "这个仓库由更新的版本写成，本版本不能使用。", "This warehouse was written by a newer version than this one."
        ),
        where=f"{settings.warehouse} ({SCHEMA_KEY} {row[0]} > {SCHEMA_VERSION})",
        todo=Text("请升级后再运行；不要用旧版本写入。", "Upgrade and run again; do not write to it with this version."),
        code=ExitCode.BROKEN_INSTALLATION,
    )


def _glance(base: Path, kept: Kept) -> Fault | None:
    try:
        size = (base / kept.path).stat().st_size
    except OSError as error:
        what = Text("文件缺失", "missing")
        if not isinstance(error, FileNotFoundError):
            what = unreadable_file(error)
        return Fault(kept.path, what, kept.source_file)
    if kept.bytes is not None and size != kept.bytes:
        told = Text(f"{size:,} 字节，记录为 {kept.bytes:,} 字节", f"{size:,} bytes, recorded are {kept.bytes:,}")
        return Fault(kept.path, told, kept.source_file)
    return None


def _read_again(connection: duckdb.DuckDBPyConnection, base: Path, kept: Kept) -> Fault | None:
    path = base / kept.path
    try:
        if kept.sha256 is not None and hash_of(path) != kept.sha256:
            return Fault(
                kept.path, Text("内容与入库时不同（sha256）", "the content has changed (sha256)"), kept.source_file
            )
        row = connection.execute("select num_rows from parquet_file_metadata($1)", [str(path)]).fetchone()
    except (OSError, duckdb.Error) as error:
        return Fault(kept.path, unreadable_file(error), kept.source_file)
    if row is None or row[0] != kept.rows:
        told = "—" if row is None else f"{row[0]:,}"
        return Fault(
            kept.path,
            Text(f"{told} 行，记录为 {kept.rows:,} 行", f"{told} rows, recorded are {kept.rows:,}"),
            kept.source_file,
        )
    return None


def _accounts(connection: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    """Loads whose files do not hold the rows that were accepted."""
    try:
        rows = connection.execute(
            'select load_id, any_value(source_file), any_value(rows_accepted), coalesce(sum("rows"), 0) from ops.load '
            'left join ops.load_month using (load_id) group by load_id having any_value(rows_accepted) <> coalesce(sum("rows"), 0) '
            "order by load_id"
        ).fetchall()
    except duckdb.CatalogException:
        return
    for load_id, source, accepted, there in rows:
        told = Text(
            f"接收 {accepted:,} 行，各月合计 {there:,} 行",
            f"{accepted:,} rows accepted, {there:,} in the files of its months",
        )
        yield Fault(f"ops.load {load_id}", told, str(source))


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() and not temporary order by all"
    ).fetchall()


def frozen_files(settings: Settings, found: Verification) -> Iterator[Fault]:
    """Files of frozen publications that are gone or have changed since their release descriptor was written."""
    from dagster_project.bulletin import folder as folders  # brings libraries that the quick form has no time for
    from dagster_project.bulletin import release

    for folder in folders.drafts_below(settings.publication):
        descriptor = folder / release.FILE
        try:
            told = release.read(folder)
        except ValueError:
            yield Fault(_place(settings, descriptor), Text("无法解析", "cannot be parsed"))
            continue
        if not told.get("frozen"):
            continue
        found.frozen += 1
        for entry in told.get("files", ()):
            path = folder / entry["path"]
            if not path.is_file():
                yield Fault(_place(settings, path), Text("定稿文件缺失", "a frozen file is missing"))
            elif hash_of(path) != entry["sha256"]:
                yield Fault(
                    _place(settings, path), Text("定稿文件被改动（sha256）", "a frozen file has changed (sha256)")
                )


def _place(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.home).as_posix()
