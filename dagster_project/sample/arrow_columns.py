"""Numpy columns as Arrow columns, without a Python object per row.

Belongs here: coded text as dictionaries, money as decimals, days as dates. Does not belong here: which columns a table has.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.sample.hashing import Integers

MONEY = pa.decimal64(16, 2)


def coded(position: NDArray[np.integer], values: tuple[str, ...]) -> pa.Array:
    """Text by position; an empty text in `values` and any negative position become null.

    Every text stands once in the dictionary: Parquet's index width follows the distinct texts, so a text that stood
    there twice would be written with too few bits.
    """
    distinct = tuple(dict.fromkeys(value for value in values if value)) or ("-",)
    at = {value: index for index, value in enumerate(distinct)}
    place = np.array([at.get(value, -1) for value in values] + [-1], dtype=np.int32)
    index = place[np.maximum(position, -1)]
    missing = index < 0
    index = np.where(missing, np.int32(0), index)
    indices = pa.array(index, mask=missing) if missing.any() else pa.array(index)
    return pa.DictionaryArray.from_arrays(indices, pa.array(distinct, pa.string()))


def constant(value: str, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([value], pa.string()))


def money(fen: Integers) -> pa.Array:
    """Fen as DECIMAL(16,2) yuan, sharing the buffer."""
    return pa.Array.from_buffers(MONEY, len(fen), [None, pa.py_buffer(np.ascontiguousarray(fen, dtype=np.int64))])


def decimals(units: Integers, precision: int, scale: int) -> pa.Array:
    """Integers in units of 10^-scale as a decimal of at most 18 digits."""
    return pa.Array.from_buffers(
        pa.decimal64(precision, scale), len(units), [None, pa.py_buffer(np.ascontiguousarray(units, dtype=np.int64))]
    )


def days(number: Integers, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Day numbers as dates."""
    return pa.array(number.astype(np.int32), mask=missing).view(pa.date32())


def moments(day: Integers, second: Integers | int, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Day numbers and seconds of the day as timestamps."""
    values = (day * 86_400 + second) * 1000
    return pa.array(values.astype(np.int64), mask=missing).view(pa.timestamp("ms"))
