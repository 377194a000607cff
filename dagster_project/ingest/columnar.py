"""Parquet as delivered: what its footer says, and whether that can be believed.

Belongs here: header, types and number of rows of a Parquet file. Does not belong here: its pages, which SQL reads later; damage
in them is told where they are read (`load.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract
from dagster_project.ingest import synthetic
from dagster_project.ingest.damage import told_when_pages_are_broken
from dagster_project.ingest.header import match
from dagster_project.ingest.readable import Source
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text

PARQUET = "parquet"
ROW_NUMBER = "file_row_number"
# A column kept as a dictionary of few entries: too small for its values to stand in its pages. Only time hangs on it.
_IS_CODED = "dictionary_page_offset is not null and total_uncompressed_size < 2 * num_values + 4096"
_NESTED = re.compile(r"^(STRUCT|MAP|UNION|BIT|INTERVAL|VARIANT|GEOMETRY)|\]$")


def open_parquet(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Source:
    """The table of a Parquet file. Raises Refusal for one that is broken, nested, or at odds with itself."""
    if path.stat().st_size == 0:
        raise Refusal(Text("文件为空（0 字节）；请重新导出。", "The file is empty (0 bytes); export it again."))
    # What a folder is called is no column, whatever it looks like (S7).
    read = f"read_parquet({literal(path)}, hive_partitioning = false"
    with told_when_pages_are_broken():
        described = connection.execute(f"describe select * from {read})").fetchall()
        promised = connection.execute(f"select sum(num_rows) from parquet_file_metadata({literal(path)})").fetchone()
        groups = connection.execute(
            f"select any_value(row_group_num_rows), list(column_id) filter ({_IS_CODED}) "
            f"from parquet_metadata({literal(path)}) group by row_group_id"
        ).fetchall()
        nodes = connection.execute(f"select name, num_children from parquet_schema({literal(path)})").fetchall()
        is_marked = synthetic.parquet_says(connection, path)
    rows = sum(int(count) for count, _ in groups)
    coded = set.intersection(*(set(places or ()) for _, places in groups)) if groups else set()
    if promised is not None and int(promised[0] or 0) != rows:
        raise other_rows(int(promised[0] or 0), rows)
    names = [str(row[0]) for row in described]
    types = [str(row[1]).upper() for row in described]
    # SQL renames a column that stands twice; the header is the file's own.
    written = _top_names([(str(name), int(children or 0)) for name, children in nodes])
    header = written if len(written) == len(names) else names
    _require_plain(header, types, contract)
    return Source(
        relation=f"{read}, file_row_number = true)",
        row="file_row_number + 1",
        header=header,
        columns=names,
        types=types,
        coded=frozenset(coded),
        rows=rows,
        parquet=path,
        dialect=PARQUET,
        is_marked=is_marked,
    )


def other_rows(promised: int, found: int) -> Refusal:
    """The refusal of a Parquet file whose parts disagree on how many rows there are."""
    return Refusal(
        Text(
            f"Parquet 文件自称有 {promised} 行，读出 {found} 行，内容不可信；请重新导出。",
            f"The Parquet file says that it has {promised} rows and yields {found}; export it again.",
        )
    )


def _top_names(nodes: list[tuple[str, int]]) -> list[str]:
    """Names of the columns of a Parquet schema, which lists a tree from its root, every node before its children."""
    names, left = [], [nodes[0][1]] if nodes else []
    for name, children in nodes[1:]:
        if len(left) == 1:
            names.append(name)
        left[-1] -= 1
        left.append(children)
        while len(left) > 1 and not left[-1]:
            left.pop()
    return names


def _require_plain(header: list[str], types: list[str], contract: Contract) -> None:
    if ROW_NUMBER in {name.casefold() for name in header}:
        raise Refusal(
            Text(
                f"列名 {ROW_NUMBER} 与行号冲突；请去掉或改名后重新导出。",
                f"A column is named {ROW_NUMBER}, as the number of a row is; leave it out or rename it.",
            )
        )
    found = match(header, contract).columns
    nested = [f"{name} {types[place][:40]}" for name, place in found.items() if _NESTED.search(types[place])]
    if nested:
        raise Refusal(
            Text(
                f"Parquet 中这些列是嵌套类型，不是单个值：{'、'.join(nested[:5])}；请按契约的类型重新导出。",
                f"Columns of nested types, which hold no single value: {', '.join(nested[:5])}; export them in the contract's "
                "types.",
            )
        )
