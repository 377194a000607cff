"""What the next run would do, found by doing its first steps in a scratch home that is thrown away (`bulletin run --dry-run`).

Belongs here: the scratch home, the plan that comes out of it. Does not belong here: its wording (`verbs/rehearsal.py`), the
steps themselves.

Intake, definitions and the two models that name the months to rebuild are those of a run, so that the plan cannot differ from
it; the scratch home has the raw files by hard link and looks at the facts of the working warehouse, which is only read.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import dbt_build, dbt_parse, model_inputs, run_lock, stages
from dagster_project.ingest import FileOutcome, ingest_landing, prepare_warehouse, take_back_months
from dagster_project.ingest.store import TABLES, get_meta, refresh_views
from dagster_project.keeping.verify import require_whole
from dagster_project.settings import Settings
from dagster_project.warehouse import connect, reading_working

# Models that name months to rebuild, with the relations of the last run that they look at.
MONTHS = {
    "settlement_rebuild": ("core", ("reversal_amount", "settlement_profile")),
    "settlement_cube_rebuild": ("cube", ("cube_settlement",)),
}


@dataclass
class Plan:
    """What the next run would do. `whole` says why everything would be rebuilt ('models', 'full_refresh'), '' if not."""

    files: list[FileOutcome] = field(default_factory=list)
    file_months: dict[str, list[str]] = field(default_factory=dict)  # by source file, those of its accepted rows
    months: dict[int, set[str]] = field(default_factory=dict)  # settlement months to rebuild, with the reasons
    compared: dict[int, set[str]] = field(default_factory=dict)  # others, compared again with their split and lines
    whole: str = ""
    due: list[str] = field(default_factory=list)  # names of models
    standing: list[str] = field(default_factory=list)


def rehearse(settings: Settings, full_refresh: bool = False) -> Plan:
    """The plan of the next run of a home; nothing in the home changes.

    Raises UserError like a run: nothing to take in (exit 2), another run at work (exit 2), a lost key (exit 3).
    """
    run_lock.hold(settings)
    try:
        with scratch(settings) as home, connect(home) as connection:
            prepare_warehouse(connection)
            if not settings.warehouse.exists():
                return _rehearsed(connection, home, full_refresh, set())
            with reading_working(settings) as working:
                require_whole(working, settings)
            with reading_working(settings, connection):
                _copy(connection, settings, home)
                there = _look_at_facts(connection)
                return _rehearsed(connection, home, full_refresh, there)
    finally:
        run_lock.release(settings)


@contextmanager
def scratch(settings: Settings, purpose: str = "rehearsal") -> Iterator[Settings]:
    """A home below HOME/tmp under a name that the next run sweeps away, should this one be killed."""
    folder = settings.home / "tmp"
    was_there = folder.exists()
    home = folder / f"intake-{purpose}-{uuid.uuid4()}"
    home.mkdir(parents=True, mode=0o700)
    try:
        # A key that nothing depends on yet must not be made by looking.
        key = settings.key_file if settings.key_file.exists() else home / "scratch.key"
        yield replace(settings, home=home, source_home=settings.home, key_file=key)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if not was_there and not any(folder.iterdir()):
            folder.rmdir()


def _copy(connection: duckdb.DuckDBPyConnection, settings: Settings, scratch: Settings) -> None:
    known = {name for (name,) in connection.execute(
        "select table_name from duckdb_tables() where database_name = 'working' and schema_name = 'ops'"
    ).fetchall()}  # fmt: skip
    for table in sorted(known & set(TABLES)):
        connection.execute(f"delete from ops.{table}")  # what a new home notes about itself
        connection.execute(f"insert into ops.{table} by name select * from working.ops.{table}")
    if get_meta(connection, "key_fingerprint") is not None and not settings.key_file.exists():
        from dagster_project.ingest.keys import key_of_warehouse

        key_of_warehouse(connection, settings)  # says what is wrong
    for folder in (settings.raw, settings.quarantine):
        for path in sorted(folder.rglob("*.parquet")):
            place = scratch.home / path.relative_to(settings.home)
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(path, place)
    take_back_months(connection)
    refresh_views(connection)


def _link(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:  # a file system without hard links
        place.symlink_to(path)


def _look_at_facts(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Relations of the working warehouse; those that the models of months look at are shown in the scratch one."""
    there = {
        (str(schema), str(name))
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'working' union all "
            "select schema_name, view_name from duckdb_views() where database_name = 'working'"
        ).fetchall()
    }
    for schema, names in MONTHS.values():
        connection.execute(f"create schema if not exists {schema}")
        for name in names:
            if (schema, name) in there:
                connection.execute(f"create view {schema}.{name} as select * from working.{schema}.{name}")
    return there


def _rehearsed(
    connection: duckdb.DuckDBPyConnection, scratch: Settings, full_refresh: bool, there: set[tuple[str, str]]
) -> Plan:
    report = ingest_landing(scratch, "rehearsal")
    plan = Plan(files=report.files, file_months=_months_of_files(connection))
    if connection.execute("select count(*) from ops.load").fetchone() == (0,):
        return plan
    stages.load_definitions(scratch)
    changed, because = stages.models_changed(scratch)
    plan.whole = "full_refresh" if full_refresh else "models" if changed and because.en else ""
    manifest = dbt_parse.manifest(scratch)
    asked = (connection, manifest, there)
    plan.months = _due(connection, "touched_month")
    if full_refresh or changed:
        for (month,) in connection.execute(
            "select distinct month::integer from ops.load_month where extract = 'setl_d' and regexp_matches(month, '^[0-9]{6}$')"
        ).fetchall():
            plan.months.setdefault(int(month), set()).update({plan.whole} - {""})
        plan.due = sorted(_models(manifest))
        return plan
    core = _standing(*asked, {"core"})
    if "settlement_rebuild" not in core:
        _add_months(connection, scratch, plan, "settlement_rebuild")
    beyond = _standing(*asked, {"cube", "indicator"})
    if "settlement_cube_rebuild" not in beyond:
        _add_months(connection, scratch, plan, "settlement_cube_rebuild")
        beyond = _standing(*asked, {"cube", "indicator"})
    compared = _due(connection, "touched_source_month")
    plan.compared = {month: why for month, why in compared.items() if month not in plan.months}
    plan.standing = sorted(core | beyond)
    plan.due = sorted(_models(manifest) - core - beyond)
    return plan


def _months_of_files(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = connection.execute(
        "select source_file, list(distinct month order by month) from ops.load join ops.load_month using (load_id) group by 1"
    ).fetchall()
    return {str(source): [str(month) for month in months] for source, months in rows}


def _due(connection: duckdb.DuckDBPyConnection, table: str) -> dict[int, set[str]]:
    """Months that intake made due, now or in a run that was stopped before it built them."""
    rows = connection.execute(
        f"select settlement_month, list(distinct reason) filter (where reason is not null) from ops.{table} "
        "left join ops.touched_reason using (settlement_month) group by 1 order by 1"
    ).fetchall()
    return {int(month): {str(reason) for reason in reasons or ()} for month, reasons in rows}


def _add_months(connection: duckdb.DuckDBPyConnection, scratch: Settings, plan: Plan, model: str) -> None:
    """Build a model of months from what it reads, and make its months due for what follows."""
    select = f"+{model}" if model == "settlement_rebuild" else model
    stages.require_whole(dbt_build.build(scratch, select, with_tests=False))
    schema, _ = MONTHS[model]
    rows = connection.execute(f"select settlement_month, reason from {schema}.{model} order by all").fetchall()
    for month, reason in rows:
        plan.months.setdefault(int(month), set()).update({str(reason)} - {"touched"})
    if model == "settlement_rebuild":
        connection.execute(
            f"insert into ops.touched_month select distinct settlement_month from {schema}.{model} "
            "where settlement_month not in (select settlement_month from ops.touched_month)"
        )


def _models(manifest: dict[str, Any], tags: set[str] | None = None) -> set[str]:
    return {
        str(node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and (tags is None or tags & set(node.get("tags", ())))
    }


def _standing(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], there: set[tuple[str, str]], tags: set[str]
) -> set[str]:
    now = model_inputs.fingerprints(connection, manifest, dbt_parse.models_fingerprint())
    names = {str(manifest["nodes"][node]["name"]) for node in model_inputs.unchanged(connection, now, manifest, there)}
    return names & _models(manifest, tags)
