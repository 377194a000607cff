"""The state of a warehouse as texts that can be compared byte for byte.

Belongs here: telling every table of core, cube and indicator, and where two tellings differ. Does not belong here: how a
state came about, expectations.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

# What a run notes about its own steps; everything else in these schemas is compared.
OF_THE_RUN = {"settlement_rebuild", "settlement_cube_rebuild", "code_domain"}


def tables(warehouse: Path, load_name: str = "source_file") -> dict[str, str]:
    """Every table of core, cube and indicator as sorted CSV; a load is called by its file (or `sha256`), a code by its text."""
    told = {}
    with duckdb.connect(str(warehouse)) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('core', 'cube', 'indicator') order by all"
        ).fetchall()
        for schema, name in names:
            if name in OF_THE_RUN:
                continue
            cells = []
            for column, kind in connection.execute(
                "select column_name, data_type from duckdb_columns() where schema_name = $1 and table_name = $2 "
                "order by column_index",
                [schema, name],
            ).fetchall():
                if column.endswith("load_id"):
                    cells.append(f"(select {load_name} from ops.load where load.load_id = t.{column}) as {column}")
                else:
                    cells.append(f"t.{column}::varchar as {column}" if str(kind).startswith("ENUM") else f"t.{column}")
            query = f"select {', '.join(cells)} from {schema}.{name} as t order by all"
            told[f"{schema}.{name}"] = connection.execute(query).pl().write_csv()
    return told


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names of tables that differ, with the first lines that only one side has."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        here, there = one.get(name, "").splitlines(), other.get(name, "").splitlines()
        if here != there:
            only = [line for line in here if line not in set(there)][:2]
            missing = [line for line in there if line not in set(here)][:2]
            found.append(f"{name}: increment only {only}; at once only {missing}")
    return found
