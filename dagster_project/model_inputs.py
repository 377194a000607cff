"""What each dbt model was last built from, so that a run passes over those whose inputs have not moved.

Belongs here: fingerprints of sources and models, what is stale, remembering what was built. Does not belong here: running
dbt (`dbt_build.py`), the order of stages (`stages.py`).

A fingerprint of a model is made of the texts of all models, of its seeds' bytes and of its sources: the loads of an extract
with the rows superseded in them, the content of a small `ops` table, of the definition choices those that the model's SQL
names or, where it takes their names from a table, all. It asks no fact what it holds, so it costs milliseconds whatever the scale. What is to be built is forgotten
before dbt begins and noted when it has ended whole: a kill in between costs a rebuild and never hides one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from dagster_project.durable import durable_step

# Months to rebuild or to compare again are an order, not an input: while there are any, whatever follows from them is due.
ORDERS = ("touched_month", "touched_source_month")
# Those that wait while chosen ones are rebuilt are orders for later.
PUT_OFF = "put_off_month"
# Rows of an extract that are no longer current count with the loads of that extract.
SUPERSEDED = "superseded"
CHOICES = "definition_choice"
# Codes mapped at the desk; staging names the sets that it reads them for.
CODE_MAP, MAPPED = "code_map", "mapped_codes()"
# Enumerations say how a fact is stored; that one of them grew changes no fact that was written before.
STORAGE_ONLY = "code_domain"


def fingerprints(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], code: str) -> dict[str, str]:
    """Fingerprint of every model and seed by unique id; `code` stands for the texts of all models and macros."""
    nodes, sources = manifest["nodes"], manifest["sources"]
    content = _remembering(lambda table: _content(connection, table))
    loads = _remembering(lambda extract: _loads(connection, extract))
    found: dict[str, str] = {}

    def of_source(unique_id: str, reader: str) -> str:
        source = sources[unique_id]
        table = str(source["name"])
        if source["schema"] == "raw":
            return loads(table)
        if table in (*ORDERS, PUT_OFF, SUPERSEDED):
            return ""
        if table == CHOICES:
            switches = connection.execute(f"select distinct switch from ops.{CHOICES}").fetchall()
            return content(_choices_read([str(switch) for (switch,) in switches], _text(manifest, reader)))
        text = _text(manifest, reader) if table == CODE_MAP else ""
        if MAPPED in text:
            sets = connection.execute(f"select distinct code_set from ops.{CODE_MAP}").fetchall()
            named = [str(code_set) for (code_set,) in sets if f"'{code_set}'" in text]
            return content(
                f"(select * from ops.{CODE_MAP} where code_set in ({', '.join(_literals(named)) or 'null'}))"
            )
        return content(f"{source['schema']}.{table}")

    def of_node(unique_id: str) -> str:
        if unique_id not in found:
            node = nodes[unique_id]
            parts = [code, unique_id, str(node.get("checksum", {}).get("checksum", ""))]
            for parent in sorted(set(node.get("depends_on", {}).get("nodes", []))):
                if parent in sources:
                    parts.append(f"{parent}={of_source(parent, unique_id)}")
                elif parent in nodes and nodes[parent]["name"] != STORAGE_ONLY:
                    parts.append(f"{parent}={of_node(parent)}")
            found[unique_id] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return found[unique_id]

    for unique_id, node in nodes.items():
        if node["resource_type"] in ("model", "seed"):
            of_node(unique_id)
    return found


def relations(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Schema and name of every table and view of the database that a connection uses."""
    return set(
        connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database() union all "
            "select schema_name, view_name from duckdb_views() where database_name = current_database()"
        ).fetchall()
    )


def unchanged(
    connection: duckdb.DuckDBPyConnection,
    now: Mapping[str, str],
    manifest: Mapping[str, Any],
    there: set[tuple[str, str]] | None = None,
) -> set[str]:
    """Models and seeds that stand in the warehouse, built whole from these very inputs, with no month due in them.

    `there` are the relations of the warehouse, asked of the connection when not given.
    """
    known = {str(node): str(mark) for node, mark in connection.execute("select * from ops.model_input").fetchall()}
    standing = relations(connection) if there is None else there
    due: set[str] = set()
    for order_of_months in ORDERS:
        if connection.execute(f"select count(*) from ops.{order_of_months}").fetchone() != (0,):
            due |= _following(manifest, order_of_months)
    return {
        unique_id
        for unique_id, mark in now.items()
        if unique_id not in due
        and known.get(unique_id) == mark
        and (manifest["nodes"][unique_id]["schema"], manifest["nodes"][unique_id]["name"]) in standing
    }


@dataclass(frozen=True)
class Selection:
    """Nodes of a stage: those to build with the tests to run on them, and those that stand as they are."""

    due: list[str]
    passed_over: list[str]


def selection(manifest: Mapping[str, Any], tags: Iterable[str], standing: set[str]) -> Selection:
    """What a build of these tags has to do when the models and seeds of `standing` need nothing.

    A test belongs to the stage that makes the last of its tables, and runs again when one of them is made again.
    """
    nodes, wanted = manifest["nodes"], set(tags)
    of_stage = {
        name
        for name, node in nodes.items()
        if node["resource_type"] in ("model", "seed") and wanted & set(node.get("tags", ()))
    }
    reachable, waiting = set(of_stage), list(of_stage)
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in reachable:
                reachable.add(parent)
                waiting.append(parent)
    due = {name for name in of_stage if name not in standing}
    passed_over = of_stage - due
    for name, node in nodes.items():
        tables = {parent for parent in node["depends_on"].get("nodes", ()) if parent in nodes}
        if node["resource_type"] == "test" and tables & of_stage and tables <= reachable:
            (due if tables & due else passed_over).add(name)
    return Selection(sorted(due), sorted(passed_over))


def choices_of_facts(manifest: Mapping[str, Any], switches: Iterable[str]) -> set[str]:
    """Definition choices that a model below the indicator layer reads: another value of one of them needs the facts."""
    texts = [
        _text(manifest, unique_id)
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and "indicator" not in node["tags"]
        and any(manifest["sources"].get(name, {}).get("name") == CHOICES for name in node["depends_on"]["nodes"])
    ]
    asked = [re.findall(r"choice_of\('(\w+)'\)|switch = '(\w+)'", text) for text in texts]
    named = {name for pairs in asked for pair in pairs for name in pair}
    return named & set(switches)


def order(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Place of every node in one order in which each comes after what it reads."""
    nodes = manifest["nodes"]
    graph = {
        name: [parent for parent in sorted(manifest["parent_map"].get(name, [])) if parent in nodes]
        for name in sorted(nodes)
    }
    return {name: place for place, name in enumerate(TopologicalSorter(graph).static_order())}


def forget(connection: duckdb.DuckDBPyConnection, nodes: Iterable[str]) -> None:
    """What is about to be built is not built from anything until it has ended."""
    with durable_step("run.forget_inputs"):
        connection.execute("delete from ops.model_input where list_contains($1::varchar[], unique_id)", [list(nodes)])


def drop_former(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> None:
    """Take away what models left that are no longer in the project: nobody would renew it, and it may be large.

    Of core and cubes alone: other schemas hold tables that are no models.
    """
    models = [f"{node['schema']}.{node['alias']}" for node in manifest["nodes"].values()]
    former = connection.execute(
        "select case table_type when 'VIEW' then 'view' else 'table' end, table_schema, table_name "
        "from information_schema.tables where table_catalog = current_database() and table_schema in ('core', 'cube') "
        "and not list_contains($1::varchar[], table_schema || '.' || table_name)",
        [models],
    ).fetchall()
    for kind, schema, name in former:
        with durable_step("run.drop_former"):
            connection.execute(f'drop {kind} "{schema}"."{name}"')


def note(connection: duckdb.DuckDBPyConnection, now: Mapping[str, str], nodes: Iterable[str]) -> None:
    """These nodes were built whole from these inputs."""
    rows = sorted((node, now[node]) for node in set(nodes) if node in now)
    with durable_step("run.note_inputs"):
        connection.execute(
            "insert or replace into ops.model_input select unnest($1::varchar[]), unnest($2::varchar[])",
            [[node for node, _ in rows], [mark for _, mark in rows]],
        )


def _following(manifest: Mapping[str, Any], table: str) -> set[str]:
    """Nodes that read a source table, and all that read those."""
    reached = {unique_id for unique_id, source in manifest["sources"].items() if source["name"] == table}
    waiting = list(reached)
    while waiting:
        for child in manifest["child_map"].get(waiting.pop(), []):
            if child not in reached:
                reached.add(child)
                waiting.append(child)
    return reached


def _loads(connection: duckdb.DuckDBPyConnection, extract: str) -> str:
    row = connection.execute(
        "select (select list(load_id order by load_id) from ops.load where extract = $1), count(*), "
        "bit_xor(hash(load_id, source_row)) from ops.superseded where extract = $1",
        [extract],
    ).fetchone()
    return str(row)


def _choices_read(switches: Iterable[str], text: str) -> str:
    """The definition choices that a model of this text reads, as a relation.

    Those that it names; every one where it takes the names from another table, as terms of indicators do; of none more than the
    provinces where it speaks of no switch.
    """
    if named := [switch for switch in switches if switch in text]:
        return f"(select * from ops.{CHOICES} where switch in ({', '.join(_literals(named))}))"
    return f"ops.{CHOICES}" if "switch" in text else f"(select distinct province from ops.{CHOICES})"


def _content(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    return str(connection.execute(f"select count(*), sum(hash(content)) from {relation} as content").fetchone())


def _text(manifest: Mapping[str, Any], unique_id: str) -> str:
    """The SQL of a model and of every macro it calls, unrendered."""
    texts, waiting, seen = [], [unique_id], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        part = manifest["nodes"].get(name) or manifest["macros"].get(name) or {}
        texts.append(str(part.get("raw_code") or part.get("macro_sql") or ""))
        waiting += [macro for macro in part.get("depends_on", {}).get("macros", []) if ".medical_insurance." in macro]
    return "\n".join(texts)


def _literals(names: Iterable[str]) -> list[str]:
    return ["'" + name.replace("'", "''") + "'" for name in sorted(names)]


def _remembering(ask: Callable[[str], str]) -> Callable[[str], str]:
    known: dict[str, str] = {}

    def answer(name: str) -> str:
        if name not in known:
            known[name] = ask(name)
        return known[name]

    return answer
