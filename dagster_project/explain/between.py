"""What came between two vintages: the rows by cause, and the definitions that are others (L70).

Belongs here: which rows of the loads between are late, take something back, correct or are gone. Does not belong here: which
numbers changed (`vintages.py`), wording (`differences.py`).

Only files that came or went between the two are read, and of the others those that hold a version which a flagged row replaced:
who won over whom stands in ops.superseded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.explain.vintages import Difference, descriptor_of
from dagster_project.ingest.store import UNLOADED, home_of, read_files
from dagster_project.model_inputs import relations
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

CAUSES = ("late", "reversal", "corrected", "taken_out")
SETTLEMENTS = "setl_d"


@dataclass(frozen=True)
class Between:
    """Files that came and went between two vintages, their rows by extract and cause (see L70), whatever year they are of.

    `choices` are the switches that differ: (switch, value, value in the new vintage), with the number of changed figures made
    under them; `unnamed` figures are made under another definition that the vintages do not describe. `programs` are the
    versions of the program that computed the two.
    """

    came: int
    went: int
    rows: dict[str, Counter[str]]
    choices: Counter[tuple[str, str, str]]
    unnamed: int
    programs: tuple[str, str]


def between(settings: Settings, difference: Difference) -> Between | None:
    """What lies between the two vintages of a difference; None where they or the home do not hold the loads of both."""
    told = [descriptor_of(settings, difference.year, one.name) for one in (difference.old, difference.new)]
    then, here = ({(one["load_id"], one["sha256"]) for one in release.get("inputs", ())} for release in told)
    programs = (str(told[0].get("code_version", "")), str(told[1].get("code_version", "")))
    if not then or not here or not settings.warehouse.exists():
        return None
    with connect(settings) as connection:
        if not {("ops", "load"), ("ops", f"{UNLOADED}load"), ("ops", "superseded")} <= set(relations(connection)):
            return None
        known = connection.execute(
            f"select load_id, sha256, extract from ops.load union select load_id, sha256, extract from ops.{UNLOADED}load"
        ).fetchall()
        extract_of = {(load_id, sha256): str(extract) for load_id, sha256, extract in known}
        if not then | here <= set(extract_of):
            return None  # a home that was filled anew numbers its loads anew
        if any(not (settings.home / file).exists() for file in _files(connection, [one[0] for one in then | here])):
            return None  # numbers can be compared without raw files; that some are gone is told by `bulletin verify`
        moved = {extract_of[one] for one in then ^ here}
        rows = {
            contract.name: _rows(
                connection,
                contract,
                *([one[0] for one in part if extract_of[one] == contract.name] for part in (then, here)),
            )
            for contract in in_order(connection, moved)
        }
    return Between(len(here - then), len(then - here), rows, *_choices(difference, *told), programs)


def in_order(connection: duckdb.DuckDBPyConnection, extracts: Iterable[str]) -> list[Contract]:
    """Contracts of these extracts in the order in which `classify` asks for them: settlements tell the others what they take back."""
    connection.execute("create or replace temp table taking_back (setl_id varchar)")
    return [load_contracts()[name] for name in sorted(extracts, key=lambda name: (name != SETTLEMENTS, name))]


def _rows(connection: duckdb.DuckDBPyConnection, contract: Contract, then: list[int], here: list[int]) -> Counter[str]:
    """Rows of one extract by cause."""
    closed = classify(connection, contract, then, here)
    found = dict(connection.execute("select cause, count(*) from fresh group by 1").fetchall())
    taken_out = closed + _count(connection, "select count(*) from gone anti join fresh using (key)")
    return Counter({cause: int(found.get(cause, 0)) for cause in CAUSES} | {"taken_out": taken_out})


def classify(connection: duckdb.DuckDBPyConnection, contract: Contract, then: list[int], here: list[int]) -> int:
    """Make the temporary tables `fresh` (load_id, source_row, key, cause), the rows of one extract that count with the loads `here`
    and came after `then`, and `gone`, the keys of files taken out; returns how many rows a full delivery closed.

    Settlements leave the numbers of those that take something back in `taking_back`.
    """
    came, gone = sorted(set(here) - set(then)), sorted(set(then) - set(here))
    key = ", ".join(f'"{name}"' for name in contract.identity)
    connection.execute(
        "create or replace temp table beaten as select load_id, source_row, by_load_id, by_source_row from ops.superseded "
        "where extract = $1 and list_contains($2::integer[], load_id) and list_contains($2::integer[], by_load_id)",
        [contract.name, here],
    )
    connection.execute(
        "create or replace temp table won as with recursive won as ("
        "select by_load_id as load_id, by_source_row as source_row, load_id as lost_load_id, source_row as lost_source_row "
        "from beaten where list_contains($1::integer[], load_id) and list_contains($2::integer[], by_load_id) "
        "and by_source_row is not null union "
        "select next.by_load_id, next.by_source_row, won.lost_load_id, won.lost_source_row "
        "from won join beaten as next using (load_id, source_row) where next.by_source_row is not null) "
        "select * from won anti join beaten using (load_id, source_row) where list_contains($2::integer[], load_id)",
        [then, came],
    )
    closed = _count(
        connection,
        "select count(*) from beaten where by_source_row is null and list_contains($1::integer[], load_id) "
        "and list_contains($2::integer[], by_load_id)",
        [then, came],
    )
    connection.execute(
        "create or replace temp table fresh as select raw.load_id, raw.source_row, "
        f"hash({key}) as key, {_taking_back(connection, contract)} as takes_back from {raw_rows(connection, contract, came)} as raw "
        "anti join beaten using (load_id, source_row)"
    )
    connection.execute(
        f"create or replace temp table gone as select distinct hash({key}) as key from {raw_rows(connection, contract, gone)}"
    )
    if contract.name == SETTLEMENTS:
        _leave_numbers(connection, contract)
    connection.execute(
        "create or replace temp table fresh as select load_id, source_row, key, case when takes_back then 'reversal' "
        "when (load_id, source_row) in (select (load_id, source_row) from won) or key in (select key from gone) "
        "then 'corrected' else 'late' end as cause from fresh"
    )
    return closed


def raw_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, loads: list[int]) -> str:
    """SQL of the raw rows of some loads, in or out of the accounts; no row without any."""
    files = _files(connection, loads, contract.name)
    if not files:
        return f"(select * from raw.{contract.name} where false)"
    # The view lends the columns that older files lack.
    return (
        f"(select * from raw.{contract.name} where false union all by name "
        f"select * from {read_files(files, home_of(connection))})"
    )


def _files(connection: duckdb.DuckDBPyConnection, loads: list[int], extract: str | None = None) -> list[str]:
    rows = connection.execute(
        f"select raw_file from (select * from ops.load_month union all by name select * from ops.{UNLOADED}load_month) "
        "where extract = coalesce($1, extract) and list_contains($2::integer[], load_id) order by 1",
        [extract, loads],
    ).fetchall()
    return [str(file) for (file,) in rows]


def _taking_back(connection: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """SQL that is true for a row that takes something back: a mirror or a flagged settlement (R1, R31), and its details."""
    if contract.name == SETTLEMENTS:
        mapped: list[tuple[Any, ...]] = []
        if ("ops", "code_map") in relations(connection):
            mapped = connection.execute(
                "select code from ops.code_map where code_set = 'refd_setl_flag' and target = '1'"
            ).fetchall()
        flags = ", ".join("'" + str(code).replace("'", "''") + "'" for code in ["1", *(code for (code,) in mapped)])
        return f"init_setl_id is not null or coalesce(refd_setl_flag in ({flags}), false)"
    if any(column.name == "setl_id" for column in contract.landed):
        return "coalesce(setl_id in (select setl_id from taking_back), false)"
    return "false"


def _leave_numbers(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """A row that replaces one which took the same back already corrects it; the numbers of all others go into `taking_back`."""
    lost = connection.execute(
        "select distinct lost_load_id from won where (load_id, source_row) in "
        "(select (load_id, source_row) from fresh where takes_back)"
    ).fetchall()
    connection.execute(
        "update fresh set takes_back = false where (load_id, source_row) in (select (won.load_id, won.source_row) from won join "
        f"{raw_rows(connection, contract, [int(load_id) for (load_id,) in lost])} as old "
        "on old.load_id = won.lost_load_id and old.source_row = won.lost_source_row "
        f"where {_taking_back(connection, contract)})"
    )
    loads = [
        int(one) for (one,) in connection.execute("select distinct load_id from fresh where takes_back").fetchall()
    ]
    connection.execute(
        f"insert into taking_back select setl_id from {raw_rows(connection, contract, loads)} "
        "semi join (select * from fresh where takes_back) as those using (load_id, source_row)"
    )


def _count(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None) -> int:
    return int(connection.execute(query, parameters or []).fetchall()[0][0])


def _choices(
    difference: Difference, old: dict[str, Any], new: dict[str, Any]
) -> tuple[Counter[tuple[str, str, str]], int]:
    """Switches that the definitions of changed figures differ in, with the number of these figures; and how many figures have
    another definition that the descriptors, which hold those of printed figures, do not describe."""
    told: Counter[tuple[str, str, str]] = Counter()
    unnamed = 0
    for before, after in difference.changes.select("definition_id", "definition_id_new").iter_rows():
        if before is None or after is None or before == after:
            continue
        then, here = old.get("definitions", {}).get(before, {}), new.get("definitions", {}).get(after, {})
        changed = [(name, then[name], here[name]) for name in then if name in here and here[name] != then[name]]
        told.update(changed)
        unnamed += not changed
    return told, unnamed
