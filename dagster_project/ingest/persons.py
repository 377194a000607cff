"""Pseudonyms of people: each person hashed once a run where that is cheaper than once a row.

Belongs here: whom the files so far have made known, and how a file finds its people there. Does not belong here: the
pseudonym itself (`keys.py`), which columns hold one (contracts).

The first extract with one row a person makes its people known, the extracts with many rows a person whom they bring beside; all
others look their people up and hash whom they do not find. Joins are written for an engine that makes its table of the right
side (see `taking.py`): of the few, or of the people, never of the rows.
"""

from __future__ import annotations

import threading

import duckdb

from dagster_project.ingest.keys import pseudonym_sql
from dagster_project.ingest.plan import Plan
from dagster_project.ingest.store import literal
from dagster_project.ingest.synthetic import IMPOSSIBLE_REGION

# Extracts whose people are collected, counted and made known before their rows are read.
COLLECTED = {"psn_insu_d", "setl_d", "mdtrt_d", "fee_list_d"}
# People who are kept from file to file: three gigabytes at most, which DuckDB may put on the disk.
_MOST_KNOWN = 50_000_000
# A database of its own in memory, because all connections of a run share it.
_KNOWN = "met.known_person"
_alone = threading.Lock()
# With fewer rows than that for each known person, hashing the rows costs less than looking through everybody.
_FEWEST_ROWS = 0.25


def is_number_of_a_person(name: str, longest: int) -> str:
    """SQL that is true where a text can be the number of somebody: a cell that cannot (a header repeated amid the file, a text that
    slipped into the column) says nothing of whose people a file holds; such a row is judged by the contract like any other."""
    return f"length({name}) <= {longest} and regexp_full_match({name}, '[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*')"


def register_persons(connection: duckdb.DuckDBPyConnection, plan: Plan, pads: dict[str, bytes]) -> tuple[int, int]:
    """Decide where the file's plan finds its people; the number of people, and of those that cannot exist.

    People are counted, or rows with one where no distinct numbers are needed; (0, 0) without a person column.
    """
    names = [name for name in ("psn_no", "certno") if name in plan.header.columns]
    if "psn_no" not in names:
        return 0, 0
    known = _known(connection)
    if plan.contract.name in COLLECTED:
        # One look at everybody for the few of this file; its rows are then joined to these alone.
        connection.execute(
            "create or replace temp table person_here as "
            "select here.psn_no, known.psn_no is null as is_new, "
            f"coalesce(known.pseudonym, {pseudonym_sql('here.psn_no')}) as pseudonym "
            f"from {_KNOWN} as known right join ({plan.persons()}) as here using (psn_no)",
            pads,
        )
        new = "select psn_no, pseudonym from person_here where is_new and psn_no is not null"
        if connection.execute(f"select count(*) from ({new})").fetchone() != (0,):
            with _alone:  # files are read side by side: nobody may become known twice
                connection.execute(
                    f"insert into {_KNOWN} select new.psn_no, new.pseudonym from {_KNOWN} as known "
                    f"right join ({new}) as new using (psn_no) where known.psn_no is null"
                )
        plan.people = "person_here"
        counted = is_number_of_a_person("psn_no", plan.contract.column("psn_no").length)
        test = (
            f"select count_if({counted}), count_if(starts_with(psn_no, {literal(IMPOSSIBLE_REGION)})) from person_here"
        )
    else:
        plan.people = _KNOWN if plan.source.rows > known * _FEWEST_ROWS > 0 else None
        starts = " or ".join(f'coalesce(starts_with("{name}", {literal(IMPOSSIBLE_REGION)}), false)' for name in names)
        counted = " or ".join(is_number_of_a_person(f'"{name}"', plan.contract.column(name).length) for name in names)
        test = f"select count_if({counted}), count_if({starts}) from ({plan.typed(only=names)})"
    row = connection.execute(test).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _known(connection: duckdb.DuckDBPyConnection) -> int:
    """How many people are known; makes their table, and empties it when it has grown too large."""
    with _alone:
        connection.execute("attach if not exists ':memory:' as met")
        connection.execute(f"create table if not exists {_KNOWN} (psn_no varchar, pseudonym uuid)")
        row = connection.execute(f"select count(*) from {_KNOWN}").fetchone()
        if row is not None and row[0] > _MOST_KNOWN:
            connection.execute(f"truncate {_KNOWN}")
            return 0
    return int(row[0]) if row else 0
