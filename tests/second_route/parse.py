"""From delivered text to typed values, with the rule that a value breaks.

Belongs here: forms of numbers (S9) and dates (S10), null words, code cleaning, open ends (S14). Money becomes integer
fen so that sums are exact. Does not belong here: rules about more than one column.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import polars as pl

from tests.second_route.constants import COLUMNS, NULL_WORDS, OPEN_END, Column

FULL_WIDTH = {chr(0xFF10 + digit): str(digit) for digit in range(10)} | {"．": ".", "－": "-", "＋": "+"}
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)$"
SCIENTIFIC = r"^[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+$"
DATE_FORMS = [
    r"^(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})",
    r"^(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})",
    r"^(?<y>\d{4})/(?<m>\d{1,2})/(?<d>\d{1,2})",
]
CLOCK = r"(?:[ T](?<hh>\d{1,2}):(?<mm>\d{2})(?::(?<ss>\d{2})(?:\.\d+)?)?)?$"


def trimmed(name: str) -> pl.Expr:
    """Text without surrounding blanks and tabs; null words are null."""
    text = pl.col(name).str.strip_chars(" \t\r\n　")
    return pl.when(text.is_in(NULL_WORDS)).then(None).otherwise(text).alias(name)


def _exact(text: str, scale: int) -> int | None:
    try:
        scaled = Decimal(text).scaleb(scale)
    except InvalidOperation:
        return None
    return int(scaled) if scaled == scaled.to_integral_value() and abs(scaled) < 2**62 else None


def scaled_integer(name: str, scale: int) -> pl.Expr:
    """Decimal text as an integer count of its smallest unit; null where the text is no such number."""
    text = pl.col(name).str.replace_many(list(FULL_WIDTH), list(FULL_WIDTH.values()))
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    whole = text.str.extract(r"^[+-]?(\d*)", 1)
    part = text.str.extract(r"\.(\d*)$", 1).fill_null("").str.strip_chars_end("0")
    digits = (pl.lit("0") + whole + part.str.pad_end(scale, "0")).cast(pl.Int64, strict=False)
    fits = text.str.contains(NUMBER) & (part.str.len_chars() <= scale)
    plain = pl.when(fits).then(sign * digits)
    return plain.alias(name)


def _scientific(frame: pl.DataFrame, name: str, scale: int, typed: pl.Series) -> pl.Series:
    """Fill in the rare numbers written with an exponent."""
    texts = frame[name]
    mask = texts.str.contains(SCIENTIFIC).fill_null(False)
    if not mask.any():
        return typed
    values = [
        _exact(text, scale) if hit and text else value for text, hit, value in zip(texts, mask, typed, strict=True)
    ]
    return pl.Series(name, values, dtype=pl.Int64)


def moment(name: str) -> pl.Expr:
    """Date or date and time in one of the accepted forms; null where it is none of them."""
    parts = [pl.col(name).str.extract_groups(form + CLOCK) for form in DATE_FORMS]

    def piece(field: str) -> pl.Expr:
        return pl.coalesce([part.struct.field(field) for part in parts]).cast(pl.Int32, strict=False)

    clock = {field: piece(field).fill_null(0) for field in ("hh", "mm", "ss")}
    fits = (
        piece("y").is_between(1900, 2100)
        & piece("m").is_between(1, 12)
        & (clock["hh"] <= 23)
        & (clock["mm"] <= 59)
        & (clock["ss"] <= 59)
    )
    day = pl.format("{}-{}-{}", piece("y"), piece("m"), piece("d")).str.to_date("%Y-%m-%d", strict=False)
    seconds = clock["hh"].cast(pl.Int64) * 3600 + clock["mm"].cast(pl.Int64) * 60 + clock["ss"]
    return pl.when(fits).then(day.cast(pl.Datetime("us")) + pl.duration(seconds=seconds)).alias(name)


def code(name: str) -> pl.Expr:
    """A code as text: '.0' of a spreadsheet cut off, upper case kept, one-digit grades padded by the caller."""
    return pl.col(name).str.replace(r"^(\d+)\.0+$", "${1}").alias(name)


def _typed(frame: pl.DataFrame, column: Column) -> pl.Series:
    if column.kind == "decimal":
        typed = frame.select(scaled_integer(column.name, column.scale)).to_series()
        return _scientific(frame, column.name, column.scale, typed)
    if column.kind in ("date", "datetime"):
        typed = frame.select(moment(column.name)).to_series()
        return typed.dt.date() if column.kind == "date" else typed
    return frame.select(code(column.name) if column.code_set else pl.col(column.name)).to_series()


def typed_rows(table: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Typed frame of a file, and for each rule of form a mask of the rows that break it."""
    names = [column.name for column in COLUMNS[table]]
    text = frame.with_columns(trimmed(name) for name in names)
    ends = [
        pl.when(pl.col(name).str.contains(r"^(?:2099|9999)[-/]?12[-/]?31"))
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name in OPEN_END.get(table, [])
    ]
    text = text.with_columns(ends)
    broken: dict[str, pl.Series] = {"row_shape": frame["_ragged"]}
    typed: dict[str, pl.Series] = {}
    for column in COLUMNS[table]:
        series = _typed(text, column).alias(column.name)
        typed[column.name] = series
        lost = text[column.name].is_not_null() & series.is_null()
        found = {"number" if column.kind == "decimal" else "date": lost}
        if column.required:
            found["required"] = text[column.name].is_null()
        if column.kind == "varchar":
            found["length"] = (series.str.len_chars() > column.length).fill_null(False)
        for rule, mask in found.items():
            if mask.any():
                broken[rule] = broken[rule] | mask if rule in broken else mask
    return pl.DataFrame(typed).with_columns(frame["_row"]), broken
