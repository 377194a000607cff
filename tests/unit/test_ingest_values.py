"""Cells: numbers (S9), dates (S10), open ends (S14), codes, through the same SQL as intake."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import duckdb
import pytest

from dagster_project.contracts import Column
from dagster_project.ingest import values

AMOUNT = Column("amount", "", "", "decimal", precision=16, scale=2)
DAY = Column("day", "", "", "date")
MOMENT = Column("moment", "", "", "timestamp")
OPEN = Column("end", "", "", "timestamp", open_end=True)
BROKEN = "broken"


def convert(cell: Any, column: Column, kind: str = "VARCHAR") -> Any:
    """The value as it lies in raw; BROKEN where the form is not allowed."""
    with duckdb.connect() as connection:
        trimmed = values.trimmed("cell", kind)
        cleaned = values.without_null_words("cell", kind)
        typed = values.typed("cell", kind, column, {})
        found = connection.execute(
            f"select cell is not null and v is null, {values.final('v', column)} from (select cell, {typed} as v from "
            f"(select {cleaned} as cell from (select {trimmed} as cell from (select cast($1 as {kind}) as cell))))",
            [cell],
        ).fetchone()
    assert found is not None
    return BROKEN if found[0] else found[1]


@pytest.mark.parametrize("kind", ["VARCHAR", "BLOB"])
def test_cells_of_few_rows_and_of_many_are_trimmed_alike(kind: str) -> None:
    """Every text of up to four of these characters: all blanks that are trimmed, and some that are not."""
    texts = [
        "".join(drawn) for length in range(5) for drawn in product("a\u00e9.\v \t\r\n\u3000\ufeff\u00a0", repeat=length)
    ]
    few, many = (values.trimmed("cell", kind, of_few) for of_few in (True, False))
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select count(*), count(*) filter ({few} is distinct from {many}), count(*) filter ({few} <> decode(encode(text))) "
            f"from (select text, {'encode(text)' if kind == 'BLOB' else 'text'} as cell from (select unnest($1::varchar[]) as text))",
            [texts],
        ).fetchone()
    assert found is not None
    assert found[:2] == (len(texts), 0)
    assert found[2] > 0


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.50", "12.50"), (" +1.50\t", "1.50"), (".50", "0.50"), ("12.", "12.00"), ("１２．５０", "12.50"), ("1e3", "1000"),
        ("1.230e1", "12.30"), ("12.500", "12.50"), ("-0.01", "-0.01"), ("\u300012\u3000", "12"), ("99999999999999.99", "99999999999999.99"),
        ("1,234.50", BROKEN), ("12元", BROKEN), ("inf", BROKEN), ("12.345", BROKEN), ("1_000", BROKEN), ("1e-3", BROKEN),
        ("100000000000000.00", BROKEN), ("N/A", BROKEN), ("-", BROKEN), ("0x10", BROKEN), ("NAN", BROKEN), ("1 2", BROKEN),
        ("", None), ("null", None), ("NULL", None), ("nan", None), ("NaN", None), ("\\N", None), ("None", None), ("  ", None),
    ],
)  # fmt: skip
def test_S9_numbers_as_text(cell: str, value: str | None) -> None:
    found = convert(cell, AMOUNT)
    assert found == (value if value in (None, BROKEN) else Decimal(str(value)))


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        (0.1 + 0.2, "DOUBLE", "0.30"), (float("nan"), "DOUBLE", None), (float("inf"), "DOUBLE", BROKEN), (12.345, "DOUBLE", BROKEN),
        (1234567890.12, "DOUBLE", "1234567890.12"), (1234.56, "FLOAT", "1234.56"), (7, "INTEGER", "7"),
        (Decimal("1.2300"), "DECIMAL(18,4)", "1.23"), (Decimal("1.2345"), "DECIMAL(18,4)", BROKEN),
        (Decimal("1.2"), "DECIMAL(4,1)", "1.20"), (True, "BOOLEAN", BROKEN),
    ],
)  # fmt: skip
def test_S9_numbers_of_typed_columns(cell: Any, kind: str, value: str | None) -> None:
    found = convert(cell, AMOUNT, kind)
    assert found == (value if value in (None, BROKEN) else Decimal(str(value)))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024-01-05", datetime(2024, 1, 5)), ("20240105", datetime(2024, 1, 5)), ("2024/1/5", datetime(2024, 1, 5)),
        ("2024-01-05 10:11", datetime(2024, 1, 5, 10, 11)), ("2024-01-05T10:11:12", datetime(2024, 1, 5, 10, 11, 12)),
        ("20240105 10:11:12.5", datetime(2024, 1, 5, 10, 11, 12, 500000)), ("2024/1/5 9:05", datetime(2024, 1, 5, 9, 5)),
        ("2024-01-05 24:00:00", BROKEN), ("2024-01-05 10:11:12+08", BROKEN), ("2024-01-05 10:11+08", BROKEN),
        ("2024-01-05 10:11:12Z", BROKEN), ("2024-02-30", BROKEN), ("2024-13-45", BROKEN), ("24-01-05", BROKEN),
        ("1899-12-31", BROKEN), ("2101-01-01", BROKEN), ("infinity", BROKEN), ("45296", BROKEN), ("epoch", BROKEN), ("", None),
    ],
)  # fmt: skip
def test_S10_dates_as_text(cell: str, value: datetime | str | None) -> None:
    assert convert(cell, MOMENT) == value
    assert convert(cell, DAY) == (value.date() if isinstance(value, datetime) else value)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        (date(2024, 1, 5), "DATE", datetime(2024, 1, 5)),
        (datetime(2024, 1, 5, 1), "TIMESTAMP_NS", datetime(2024, 1, 5, 1)),
        (20240105, "INTEGER", datetime(2024, 1, 5)),
        (datetime(2024, 1, 5, 1), "TIMESTAMP WITH TIME ZONE", BROKEN),
        (date(1800, 1, 1), "DATE", BROKEN),
    ],
)
def test_S10_dates_of_typed_columns(cell: Any, kind: str, value: datetime | str) -> None:
    assert convert(cell, MOMENT, kind) == value


@pytest.mark.parametrize("cell", ["", "2099-12-31", "9999-12-31", "2099-12-31 00:00:00", "99991231", "9999/12/31"])
def test_S14_far_ends_are_open(cell: str) -> None:
    assert convert(cell, OPEN) is None
    assert convert("2030-01-01", OPEN) == datetime(2030, 1, 1)
    assert convert("9999-12-31", MOMENT) == BROKEN, "only the named columns have open ends"


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [("1", "VARCHAR", "01"), ("01", "VARCHAR", "01"), ("1.0", "VARCHAR", "01"), (1, "BIGINT", "01"), (1.0, "DOUBLE", "01"),
     ("11", "VARCHAR", "11"), ("A", "VARCHAR", "A"), ("53_04", "VARCHAR", "53_04"), ("1404\t", "VARCHAR", "1404"), (310, "INTEGER", "310")],
)  # fmt: skip
def test_codes_get_their_zeros_back(cell: Any, kind: str, value: str) -> None:
    assert convert(cell, Column("hosp_lv", "", "", "varchar", length=6, code_set="hosp_lv", pad=2), kind) == value


def test_birth_dates_keep_their_month_only() -> None:
    assert convert("1970-03-17", Column("brdy", "", "", "date", landed="month")) == date(1970, 3, 1)
