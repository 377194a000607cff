"""What can be known before a run begins, and is refused there: another key, a wrong file of definitions, a year without data.

Belongs here: asking, in the first second, what later stages would ask after half a minute of work. Does not belong here: the
rules themselves (`ingest/keys.py`, `dictionary/`, `run.py`), the landing folder as such (`verbs/running.py`).

Nothing is changed: the warehouse is only read, a key that does not exist yet is left for intake to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project import run_lock
from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import reading_working
from dagster_project.years import data_years, may_hold, years_told

if TYPE_CHECKING:
    import duckdb

    from dagster_project.ingest.discover import LandedFile

SHOWN = 12


def require_ready(settings: Settings, years: Sequence[int] = ()) -> None:
    """Refuse a run that cannot come to an end: key first, then files of definitions, then the wanted years.

    Raises UserError: exit 3 for another or a lost key, exit 2 for the rest and while another run is at work.
    """
    from dagster_project.ingest.column_names import load_column_names

    loaded: list[int] = []
    others_loaded = False
    new: list[LandedFile] | None = None
    if settings.warehouse.exists():
        run_lock.hold(settings)
        try:
            with reading_working(settings) as working:
                if _is_prepared(working):
                    _require_key(settings, working)
                    loaded = data_years(working)
                    others_loaded = working.execute("select count(*) from ops.load").fetchone() != (0,)
                    new = _new_files(settings, working) if years else []
        finally:
            run_lock.release(settings)
    else:
        _require_key(settings, None)
    require_valid_files(settings)
    load_column_names(settings)
    if years:
        new = _new_files(settings, None) if new is None else new
        settlements = [file for file in new if file.extract == "setl_d"]
        # Settlements decide which years there are (`run.publication_years`); only without any do other extracts, and of those
        # that were loaded before intake has to be asked.
        if loaded or settlements:
            _require_years(loaded, settlements, years)
        elif not others_loaded:
            _require_years(loaded, new, years)


def _is_prepared(working: duckdb.DuckDBPyConnection) -> bool:
    """Whether the warehouse has its tables: a run killed in its first moment leaves a file without them."""
    found = working.execute(
        "select count(*) from duckdb_tables() where database_name = 'working' and schema_name = 'ops' "
        "and table_name in ('meta', 'load', 'load_month', 'file')"
    ).fetchone()
    return found == (4,)


def _require_key(settings: Settings, working: duckdb.DuckDBPyConnection | None) -> None:
    from dagster_project.ingest.keys import key_of_warehouse, open_key
    from dagster_project.ingest.store import get_meta

    if working is not None and get_meta(working, "key_fingerprint") is not None:
        key_of_warehouse(working, settings)
    elif settings.key_file.exists():
        open_key(settings)


def _new_files(settings: Settings, working: duckdb.DuckDBPyConnection | None) -> list[LandedFile]:
    """Files of extracts that were not taken in under this name, size and time."""
    from dagster_project.ingest.discover import find_files

    seen: set[tuple[str, int, int]] = set()
    if working is not None:
        seen = {
            (str(source), int(size), int(modified))
            for source, size, modified in working.execute(
                "select source_file, bytes, modified_ns from ops.file "
                "where status in ('loaded', 'duplicate') and modified_ns is not null"
            ).fetchall()
        }
    new = []
    for file in find_files(settings.landing).files:
        if file.extract is None or file.problem is not None:
            continue
        status = file.path.stat()
        if (file.source_file, status.st_size, status.st_mtime_ns) not in seen:
            new.append(file)
    return new


def _require_years(loaded: Sequence[int], telling: Sequence[LandedFile], wanted: Sequence[int]) -> None:
    missing = [year for year in wanted if year not in loaded and not any(may_hold(file, year) for file in telling)]
    if not missing:
        return
    known = sorted({*loaded, *(year for file in telling for year in years_told(file))})[-SHOWN:]
    raise UserError(
        Text(
            f"没有 {'、'.join(map(str, missing))} 年的数据：仓库里没有，来源文件夹里也没有哪个新文件写明这一年；未做任何改动。",
            f"There are no data of {', '.join(map(str, missing))}: the warehouse holds none, and no new file in the landing "
            "folder says that it brings any; nothing was done.",
        ),
        where="--year",
        todo=Text(
            f"可选年份：{'、'.join(map(str, known))}。文件里确有这一年而文件名没有写明时，先运行 bulletin ingest。",
            f"Choose from {', '.join(map(str, known))}. If a file does hold that year and its name does not say so, run "
            "bulletin ingest first.",
        ),
    )
