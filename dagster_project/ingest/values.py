"""SQL of one cell: from what was delivered to the contract's type (S9, S10, S14), as expressions over names.

Belongs here: forms of numbers, dates, codes and nulls. Does not belong here: which column has which type (`plan.py`).

An expression yields null where the form is not allowed; the caller tells "no value" from "not allowed" by the cleaned
text beside it. DuckDB's own casts are wider than the rulings (they round, take `1_000`, `infinity` or a time zone), so
each of them is fenced in.
"""

from __future__ import annotations

from dagster_project.contracts import Column, null_words
from dagster_project.ingest.store import literal

OPEN_END = "date '9999-12-31'"
_BLANKS = " \t\r\n\u3000\ufeff\u00a0"
_TIME = r"([ T]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?)?"
_DATE = r"(-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}|[0-9]{4})"
_MOMENT = f"({_DATE}{_TIME}|[0-9]{{4}}([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])"
# Years of a date; where a far one means open, any.
YEARS, _ANY_YEAR = "(19[0-9]{2}|20[0-9]{2}|2100)", "[0-9]{4}"
# A month as text.
MONTH_FORM = "(19|20|21)[0-9]{2}(0[1-9]|1[0-2])"
_WIDE_MOMENT = ("０１２３４５６７８９－／：", "0123456789-/:")
_WIDE_CODE = ("０１２３４５６７８９", "0123456789")
_WIDE = ("０１２３４５６７８９．－＋ｅＥ", "0123456789.-+eE")
# A number as spreadsheets and programs write it when it is too long for them; "1E5" alone may be a code and is none.
_SCIENTIFIC = r"[+-]?[0-9]+([.][0-9]*[eE][+-]?|[eE][+])[0-9]{1,5}"
# Whole numbers up to here are exact in a binary fraction.
_EXACT = {"DOUBLE": 2**53, "FLOAT": 2**24}
# A binary fraction carries noise far below the last decimal of an amount, at most so much (of numbers above 100,000, in proportion).
NOISE, _NOISE_UP_TO = 1e-9, 1e5
_INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}


def is_text(kind: str) -> bool:
    """Whether a delivered type holds text cells."""
    return kind in ("VARCHAR", "BLOB") or kind.startswith("ENUM")


def trimmed(name: str, kind: str, of_few: bool = False) -> str:
    """A text cell without the blanks around it; other types as they are. Two forms of one meaning, whichever is quicker: for cells
    `of_few` rows the shorter one, since planning the longer for seventy columns takes as long as trimming tens of thousands of rows."""
    if kind == "BLOB":  # text that its writer did not mark as text; what is no text becomes no value
        name = f"try(decode({name}))"
    if is_text(kind):
        text = name if kind == "VARCHAR" else f"cast({name} as varchar)"
        if of_few:
            return f"trim({text}, {literal(_BLANKS)})"
        # Comparing the ends costs a tenth of trimming, and nearly no cell has anything to trim.
        ends = " or ".join(f"ends_with({text}, {literal(blank)})" for blank in _BLANKS[:4])
        blank = f"{text} < '!' or {ends} or strlen({text}) <> length({text})"
        return f"case when {blank} then trim({text}, {literal(_BLANKS)}) else {text} end"
    return name


def without_null_words(name: str, kind: str) -> str:
    """Null where the cell says that there is no value."""
    if is_text(kind):
        words = " or ".join(f"{name} = {literal(word)}" for word in null_words())
        return f"case when {words} then null else {name} end"
    if kind in ("DOUBLE", "FLOAT"):
        return f"case when isnan({name}) then null else {name} end"
    return name


def typed(name: str, kind: str, column: Column, names_of_codes: dict[str, str]) -> str:
    """A cleaned cell in the contract's type, null where its form is not allowed."""
    if column.type == "varchar":
        return _text(name, kind, column, names_of_codes)
    if column.type == "decimal":
        return _number(name, kind, column)
    return _moment(name, kind, column)


def typed_plainly(name: str, column: Column) -> str:
    """The same of a cell of text that is known to be plain (`plain.py`)."""
    return name if column.type == "varchar" else f"try_cast({name} as {column.sql_type})"


def _text(name: str, kind: str, column: Column, names_of_codes: dict[str, str]) -> str:
    value = name if is_text(kind) else _as_text(name, kind)
    short = bool(column.code_set or column.pad or column.form or column.length <= 6)
    if short and (is_text(kind) or kind.startswith("DECIMAL")):
        value = (
            f"case when contains({value}, '.') then regexp_replace({value}, '^([0-9]+)\\.0+$', '\\1') else {value} end"
        )
    if (column.code_set or column.pad or column.form) and is_text(kind):
        narrow = f"translate({name}, '{_WIDE_CODE[0]}', '{_WIDE_CODE[1]}')"
        value = f"case when strlen({name}) <> length({name}) then {narrow} else {value} end"
    if column.pad:
        value = (
            f"case when length({value}) < {column.pad} and regexp_full_match({value}, '[0-9]+') "
            f"then lpad({value}, {column.pad}, '0') else {value} end"
        )
    if column.by_name and names_of_codes:
        cases = " ".join(f"when {literal(zh)} then {literal(code)}" for zh, code in names_of_codes.items())
        value = f"case {value} {cases} else {value} end"
    if column.name == "certno":
        value = f"upper({value})"
    return value


def _as_text(name: str, kind: str) -> str:
    if kind in _EXACT:
        # Whole numbers beyond what is exact have lost digits already: they are no identifiers any more.
        return (
            f"case when {name} = trunc({name}) and abs({name}) < {_EXACT[kind]} "
            f"then cast(cast({name} as bigint) as varchar) when {name} <> trunc({name}) then cast({name} as varchar) end"
        )
    if kind == "BOOLEAN":
        return f"case when {name} then '1' when not {name} then '0' end"
    return f"cast({name} as varchar)"


def rounded(name: str, kind: str, column: Column) -> str:
    """SQL that is true where a cell of text (typed as `name`, delivered as `name`.text) was a number that lost digits; "" where
    none can have.

    A look for two letters costs little; the pattern is asked of the few cells that hold one of them.
    """
    if kind in _EXACT:
        return f'"{name}.text" is not null and "{name}" is null'
    if not (column.may_be_rounded and is_text(kind)):
        return ""
    return (
        f"case when contains(\"{name}\", '.') or contains(\"{name}\", '+') "
        f"then regexp_full_match(\"{name}\", '{_SCIENTIFIC}') else false end"
    )


def _number(name: str, kind: str, column: Column) -> str:
    target = column.sql_type
    room = 38 - (column.precision - column.scale) - 1
    if is_text(kind):
        # Plain digits with no more decimals than the scale cannot be rounded by the cast; the rest is looked at closely.
        plain = f"not regexp_matches({name}, '[^0-9.-]|[.].{{{column.scale + 1}}}')"
        narrow = f"translate({name}, '{_WIDE[0]}', '{_WIDE[1]}')"
        wide = f"try_cast({narrow} as decimal(38, {room}))"
        exact = f"try_cast({wide} as {target})"
        return (
            f"case when {plain} then try_cast({name} as {target}) "
            f"when contains({name}, '_') then null when {wide} = {exact} then {exact} end"
        )
    if kind in _INTEGERS:
        return f"try_cast({name} as {target})"
    if kind.startswith("DECIMAL"):
        precision, scale = (int(part) for part in kind[len("DECIMAL(") : -1].split(","))
        if scale <= column.scale and precision - scale <= column.precision - column.scale:  # nothing to round, all fits
            return f"cast({name} as {target})"
        return f"case when {name} = try_cast({name} as {target}) then try_cast({name} as {target}) end"
    if kind in ("DOUBLE", "FLOAT"):
        # What is above the noise is a decimal too many.
        _, near, is_image = _image(name, kind, column)
        return f"case when isinf({name}) then null when {is_image} then try_cast({near} as {target}) end"
    return f"cast(null as {target})"


def _image(name: str, kind: str, column: Column) -> tuple[str, str, str]:
    """A binary fraction, the value of the column's decimals beside it, and whether it is the image of that, as SQL."""
    value = f"cast(cast({name} as varchar) as double)" if kind == "FLOAT" else name
    near = f"round({value}, {column.scale})"
    return value, near, f"abs({value} - {near}) <= {NOISE} * greatest(1, abs({value}) / {_NOISE_UP_TO})"


def is_noisy(name: str, kind: str, column: Column) -> str:
    """SQL that is true for a binary fraction that is read as an amount of fewer decimals than it was delivered with; "" for other cells."""
    if column.type != "decimal" or kind not in ("DOUBLE", "FLOAT"):
        return ""
    value, near, is_image = _image(name, kind, column)
    return f"isfinite({value}) and {value} <> {near} and {is_image}"


def without_noise(value: float, scale: int) -> float:
    """A binary fraction as the value of so many decimals that it is the image of, itself where it is none: as Parquet's are read."""
    near = round(value, scale)
    return near if abs(value - near) <= NOISE * max(1, abs(value) / _NOISE_UP_TO) else value


def _moment(name: str, kind: str, column: Column) -> str:
    target = column.type
    if is_text(kind):
        value = _moment_of_text(name, column)
    elif kind in _INTEGERS or kind in ("DOUBLE", "FLOAT") or (kind.startswith("DECIMAL(") and kind.endswith(",0)")):
        value = _moment_of_text(f"cast(try_cast({name} as bigint) as varchar)", column)
    elif kind == "DATE" or (kind.startswith("TIMESTAMP") and "ZONE" not in kind):
        value = f"cast({name} as {target})"
    else:  # times of day, booleans, and instants with a zone (S10: the data carry naive China time)
        value = f"cast(null as {target})"
    if column.open_end:
        end = f"cast({OPEN_END} as {target})"
        return (
            f"case when cast({value} as date) in (date '2099-12-31', {OPEN_END}) then {end} "
            f"when {_is_of_years(value)} then {value} end"
        )
    if is_text(kind):
        return value  # its forms know no other years
    return f"case when {_is_of_years(value)} then {value} end"


def _is_of_years(moment: str) -> str:
    """SQL that is true for the years 1900 to 2100; comparing costs a tenth of asking every moment for its year."""
    return f"{moment} >= date '1900-01-01' and {moment} < date '2101-01-01'"


def _moment_of_text(name: str, column: Column) -> str:
    target, years = column.type, _ANY_YEAR if column.open_end else YEARS
    narrow = f"translate({name}, '{_WIDE_MOMENT[0]}', '{_WIDE_MOMENT[1]}')"
    careful = (
        f"case when strlen({name}) = length({name}) then {_careful(name, years)} else {_careful(narrow, years)} end"
    )
    first, behind = ("0000", "9999:") if column.open_end else ("1900", "2101")
    in_years = f"{name} >= '{first}' and {name} < '{behind}'"
    if target == "date":
        plain = f"strlen({name}) = 10 and substr({name}, 5, 1) = '-' and substr({name}, 8, 1) = '-' and {in_years}"
        return f"case when {plain} then try_cast({name} as date) else cast({careful} as date) end"
    # A pattern of places costs a tenth of looking at each; midnight as 24:00 is no time of day.
    plain = f"strlen({name}) = 19 and {name} like '____-__-_____:__:__' and {name} not like '___________24:%' and {in_years}"
    return f"case when {plain} then try_cast({name} as timestamp) else {careful} end"


def _careful(name: str, years: str) -> str:
    """A timestamp of any form that is allowed, null where it is none."""
    digits = (
        f"case when strpos({name}, '/') > 0 then replace({name}, '/', '-') when substr({name}, 5, 1) = '-' then {name} "
        f"else substr({name}, 1, 4) || '-' || substr({name}, 5, 2) || '-' || case when length({name}) = 14 "
        f"then substr({name}, 7, 2) || ' ' || substr({name}, 9, 2) || ':' || substr({name}, 11, 2) || ':' || substr({name}, 13) "
        f"else substr({name}, 7) end end"
    )
    return f"case when regexp_full_match({name}, '{years}{_MOMENT}') then try_cast({digits} as timestamp) end"


def final(name: str, column: Column) -> str:
    """The typed cell as it may lie in raw (pseudonyms excepted): open ends null, birth dates cut to their month."""
    if column.open_end:
        return f"nullif({name}, cast({OPEN_END} as {column.type}))"
    if column.landed == "month":
        return f"cast(date_trunc('month', {name}) as date)"
    return name
