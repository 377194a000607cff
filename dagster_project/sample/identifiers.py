"""Identifiers of things that do not exist: settlement, encounter, person and certificate numbers.

Belongs here: how numbers become fixed-width text, and the GB 11643 check digit. Every person number and certificate
begins with 990000, a region that nobody has. Does not belong here: who gets which number.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.sample.hashing import Bits, Integers

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)


@cache
def _four_digits() -> NDArray[np.uint32]:
    """The texts 0000 to 9999 as four bytes each: a number is formatted by look-up, four digits a step."""
    return np.frombuffer(b"".join(b"%04d" % i for i in range(10_000)), dtype=np.uint32)


@cache
def _four_hex_digits() -> NDArray[np.uint32]:
    """The texts 0000 to ffff as four bytes each."""
    return np.frombuffer(b"".join(b"%04x" % i for i in range(65_536)), dtype=np.uint32)


def _text(groups: NDArray[np.uint32], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Rows of four-byte groups as a string array."""
    return fixed_width(np.ascontiguousarray(groups).view(np.uint8), missing)


def fixed_width(matrix: NDArray[np.uint8], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """A string array over a matrix of bytes, one row a string."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    validity = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), rows, [validity, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))]
    )


def _groups(prefix: bytes, rows: int, *numbers: tuple[Integers | int, int]) -> NDArray[np.uint32]:
    """A four-byte prefix and, for each (number, digits), its digits in groups of four."""
    table = _four_digits()
    columns = sum(digits // 4 for _, digits in numbers)
    groups = np.empty((rows, columns + 1), dtype=np.uint32)
    groups[:, 0] = np.frombuffer(prefix, dtype=np.uint32)[0]
    at = 1
    for number, digits in numbers:
        for power in range(digits // 4 - 1, -1, -1):
            groups[:, at] = table[number // 10 ** (4 * power) % 10_000]
            at += 1
    return groups


def event_text(
    prefix: str,
    month: Integers,
    stream: Integers,
    number: Integers,
    role: Integers | int,
    missing: NDArray[np.bool_] | None = None,
) -> pa.Array:
    """24 characters: prefix of four, yyyymm, stream (2), number (11), role (1)."""
    head = month * 100 + stream
    return _text(_groups(prefix.encode(), len(month), (head, 8), (number * 10 + role, 12)), missing)


def numbered_text(prefix: str, number: Integers, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """A prefix of four and eight digits."""
    return _text(_groups(prefix.encode(), len(number), (number, 8)), missing)


def row_key_text(source: Bits) -> pa.Array:
    """rid: sixteen hexadecimal digits. Of mixed bits, so that a row's key differs from all others and tells nothing."""
    table = _four_hex_digits()
    groups = [table[((source >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)] for shift in (48, 32, 16, 0)]
    return _text(np.column_stack(groups))


def person_text(
    category: Integers, rank: Integers, registration: Integers, missing: NDArray[np.bool_] | None = None
) -> pa.Array:
    """psn_no: 990000, two zeros' worth of category, eight digits of rank, one of registration; 16 characters."""
    return _text(_groups(b"9900", len(rank), (category * 10**9 + rank * 10 + registration, 12)), missing)


def relation_text(
    category: Integers, rank: Integers, spell: Integers, missing: NDArray[np.bool_] | None = None
) -> pa.Array:
    """psn_insu_rlts_id: RLTS and twelve digits that end in the spell, so a later spell has the larger id."""
    return _text(_groups(b"RLTS", len(rank), (category * 10**9 + rank * 10 + spell, 12)), missing)


def certificate_text(
    birth: Integers,
    sequence: Integers,
    sex: Integers,
    card: Integers,
    wrong_check: NDArray[np.bool_],
    wrong_date: NDArray[np.bool_],
) -> pa.Array:
    """certno of 18 characters: a valid GB 11643 number, or 990000 and the card number where `sequence` is -1.

    `wrong_check` raises the check digit by one place, `wrong_date` writes month 13 (with a valid check digit).
    """
    rows = len(birth)
    days = birth.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year = months.astype(np.int64) // 12 + 1970
    month = np.where(wrong_date, 13, months.astype(np.int64) % 12 + 1)
    day = (days - months).astype(np.int64) + 1
    # The last digit of the sequence is odd for men.
    number = np.maximum(sequence, 0) * 2 + (sex == 1)
    body = np.empty((rows, 18), dtype=np.uint8)
    body[:, :6] = np.frombuffer(b"990000", dtype=np.uint8)
    digits = ((year * 100 + month) * 100 + day) * 1000 + number
    digits = np.where(sequence < 0, card, digits)
    for place in range(16, 5, -1):
        body[:, place] = digits % 10 + 48
        digits = digits // 10
    total = (body[:, :17].astype(np.int64) - 48) @ _WEIGHTS
    body[:, 17] = _CHECKS[(total + wrong_check) % 11]
    return fixed_width(body)
