"""What the dictionaries of a file hold: all cells that a column of few values can have.

Belongs here: reading them, whatever they are. Does not belong here: what a cell is taken for (`values.py`), which columns need no
care (`plain.py`).

SQL cannot ask a Parquet file for its dictionaries. Arrow hands a column on as numbers of entries, which costs a tenth of one SQL
aggregate over its cells, and works the rest out once an entry.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.ingest.readable import Source

# More entries than this are no few values; a file may begin with few and go on with many.
_MOST = 5000
# Rows at once, and bytes of a column that are read ahead: what is held does not grow with the file.
_AT_ONCE, _AHEAD = 1 << 17, 1 << 20


def entries_of(source: Source) -> dict[int, list[str]]:
    """Entries of the columns of text that a file keeps as dictionaries, by place.

    Empty where Arrow cannot read what SQL may: nothing but time hangs on it, and damage is told where the rows are read.
    """
    if source.parquet is None or not source.rows:
        return {}
    try:
        return _read(source, source.parquet)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return {}


def _read(source: Source, path: Path) -> dict[int, list[str]]:
    schema = pq.read_schema(path)
    # A name that stands twice, or belongs to a struct, is not this column's alone.
    places = {
        source.columns[place]: place
        for place in sorted(source.coded)
        if source.types[place] == "VARCHAR" and schema.names.count(source.columns[place]) == 1
    }
    if not places:
        return {}
    found: dict[str, set[str]] = {name: set() for name in places}
    with pq.ParquetFile(path, read_dictionary=list(places), buffer_size=_AHEAD) as file:
        for batch in file.iter_batches(_AT_ONCE, columns=list(places)):
            for name in list(found):
                column = batch.column(name) if name in batch.schema.names else None
                if not isinstance(column, pa.DictionaryArray) or not pa.types.is_string(column.type.value_type):
                    del found[name]
                    continue
                # A writer may list values that no row has; numbers as wide as those would make raw a hundredth larger.
                used = column.dictionary.take(column.indices.unique())
                found[name].update(entry for entry in used.to_pylist() if entry is not None)
                if len(found[name]) > _MOST:
                    del found[name]
    return {places[name]: sorted(entries) for name, entries in found.items()}
