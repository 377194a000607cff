"""Running a plan over one file: accepted rows to Parquet, rejected rows with their reasons, the counts of both.

Belongs here: the scans and their results. Does not belong here: deciding on the file (`load.py`), versions.

Scan 1 writes accepted rows. Scan 2 looks for warnings in what was written: typed and narrow, so it costs little. Rejected rows
are read again only when scan 1 wrote fewer rows than the file has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.ingest import controls, restored
from dagster_project.ingest.codes import REGIONS
from dagster_project.ingest.plan import REJECTED_CELLS, ROW, Plan
from dagster_project.ingest.store import literal

# A cell that looks like a certificate or a mobile number is masked wherever it stands.
_LOOKS_PERSONAL = "[0-9]{15}|[0-9]{17}[0-9Xx]|1[3-9][0-9]{9}"
_ROW_GROUP = 122880
# Of a month's rows so few may wait; cells of settlements take about so many bytes while they do.
_FEWEST_WAITING, _BYTES_A_CELL = 8192, 16
# A column of more than some thousand values, or of another one in nearly every row, gains nothing from a dictionary, and making one
# costs time: half of writing a file of five thousand rows. So do bloom filters, which nobody asks: raw is read month by month, not
# by key. Version 2 knows differences of neighbours: a tenth off writing, a quarter off reading, at the same size.
PARQUET = (
    f"format parquet, compression zstd, compression_level 1, row_group_size {_ROW_GROUP}, write_bloom_filter false, "
    "parquet_version v2"
)
_MOST_ENTRIES, _FEWEST_ENTRIES, _ROWS_AN_ENTRY = 5000, 100, 8
# Below so many rows, planning a second wide statement costs more than sorting all rows into months.
_MANY_ROWS = 250_000


@dataclass(frozen=True)
class RuleCount:
    """Rows that break one rule, and the money in them."""

    rule_id: str
    column: str
    severity: str
    unexpected: int
    money: Decimal


@dataclass(frozen=True)
class UnmappedCode:
    """One code outside its set."""

    column: str
    code_set: str
    code: str
    rows: int
    money: Decimal


@dataclass
class ScanResult:
    """Counts of one file."""

    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    held: int = 0  # of the rejected: unknown codes only, which never refuse a file (S1)
    money: Decimal = Decimal(0)
    money_rejected: Decimal = Decimal(0)
    money_held: Decimal = Decimal(0)
    warned: int = 0
    months: dict[str, int] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)  # month to the work file of its accepted rows
    hashes: dict[Path, str] = field(default_factory=dict)  # SHA-256 of these files
    rules: list[RuleCount] = field(default_factory=list)
    codes: list[UnmappedCode] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)  # sums of the amounts of all rows, by column
    areas: list[controls.AreaCount] = field(default_factory=list)
    concerned: dict[tuple[str, str], int] = field(default_factory=dict)  # rows by (row_rule or code_unknown, severity)


def write_accepted(
    connection: duckdb.DuckDBPyConnection, plan: Plan, pads: dict[str, bytes], load_id: int, folder: Path
) -> ScanResult:
    """Scan 1: accepted rows into one work file a month."""
    result = ScanResult(rows_read=plan.source.rows_read)
    if plan.source.rows == 0:
        return result

    entries = min(_MOST_ENTRIES, max(_FEWEST_ENTRIES, plan.source.rows // _ROWS_AN_ENTRY))

    def copy(rows: str, target: Path, by_month: bool = False) -> int:
        query, how = plan.accepted(load_id, rows), ""
        if by_month:
            query, how = (
                f"select *, {_month_name(plan)} as month_of_row from ({query})",
                ", partition_by (month_of_row)",
            )
        used = {name: pad for name, pad in pads.items() if f"${name}" in query}
        form = f"{PARQUET}, dictionary_size_limit {entries}{how}"
        written = connection.execute(f"copy ({query}) to {literal(target)} ({form})", used).fetchone()
        return int(written[0]) if written else 0

    one = folder / "one.parquet"
    if not plan.contract.month_by:
        result.accepted = copy("", one)
        if result.accepted:
            controls.measure(connection, plan, one, "all", result)
        return result
    months = _months_before(connection, plan)
    own, others = "", ""
    if len(months) > 1 and plan.source.rows > _MANY_ROWS:
        own, others = plan.split_by_month(max(months, key=lambda month: months[month]))
    files = []
    if own or len(months) < 2:
        result.accepted = copy(own, one)
        files.append(one)
    if len(months) > 1:
        # Rows are sorted into months by way of a row format, which costs half as much again as writing: only those beside the
        # month that most rows are of.
        # Few rows wait in memory per month, and every month stays one file.
        connection.execute(f"set partitioned_write_flush_threshold = {_waiting_rows(connection, plan, len(months))}")
        connection.execute("set partitioned_write_max_open_files = 1200")
        result.accepted += copy(others, folder / "months", by_month=True)
        files += sorted((folder / "months").rglob("*.parquet"))
    for file in files:
        controls.measure(connection, plan, file, "", result)
    return result


def _waiting_rows(connection: duckdb.DuckDBPyConnection, plan: Plan, months: int) -> int:
    """Rows of a month that wait until they are written: a row group, unless half of the memory would not hold that for every
    month and thread. What does not fit is written out and read back many times over."""
    row = connection.execute(
        "select parse_formatted_bytes(current_setting('memory_limit')), current_setting('threads')"
    ).fetchone()
    assert row is not None
    room = int(row[0]) // 2 // (months * int(row[1]) * _BYTES_A_CELL * len(plan.contract.landed))
    return min(_ROW_GROUP, max(_FEWEST_WAITING, room // 2048 * 2048))


def _month_name(plan: Plan) -> str:
    return f"strftime(\"{plan.contract.month_by}\", '%Y%m')"


def _months_before(connection: duckdb.DuckDBPyConnection, plan: Plan) -> dict[str, int]:
    """Months of the file's rows with their numbers of rows, bad ones left out, from the month column alone."""
    rows = connection.execute(
        f"select {_month_name(plan)}, count(*) from ("
        f'select date_trunc(\'month\', "{plan.contract.month_by}") as "{plan.contract.month_by}" from ({plan.typed(only=[plan.contract.month_by])})) group by all'
    ).fetchall()
    return {str(name): int(count) for name, count in rows if name is not None}


def count_accepted(connection: duckdb.DuckDBPyConnection, plan: Plan, result: ScanResult) -> None:
    """Scan 2: money, warnings and codes outside their sets, over the rows just written."""
    contract = plan.contract
    money = f'coalesce(abs("{contract.money}"), 0)' if contract.money else "0"
    warnings = [
        (rule.id, ", ".join(rule.columns), rule.severity, rule.violated())
        for rule in contract.rules
        if rule.severity != "error" and all(contract.column(name).landed != "drop" for name in rule.columns)
    ]
    coded = [
        column
        for column in contract.landed
        if column.code_set
        and column.unknown == "warn"
        and column.name in plan.header.columns
        and not plan.is_known(column)
    ]
    warnings += [(restored.RULE, name, "warning", sql) for name, sql in restored.restored_columns(connection, plan)]
    warnings += [("code_unknown", column.name, "warning", plan.unknown_code(column)) for column in coded]
    if not result.accepted:
        result.rules += [
            RuleCount(rule, column, severity, 0, Decimal(0))
            for rule, column, severity, _ in warnings
            if rule != "code_unknown"
        ]
        return
    files = ", ".join(literal(file) for file in sorted(set(result.files.values())))
    relation = f"read_parquet([{files}], hive_partitioning = false)"
    # Warned rows are few, as a rule: everything that is counted of them is counted in a table of their own.
    flags = [f"coalesce(({sql}), false)" for *_, sql in warnings] or ["false"]
    marked = ", ".join(f"{flag} as w{place}" for place, flag in enumerate(flags))
    shown = "".join(f', "{column.name}"' for column in coded)
    connection.execute(
        f"create or replace temp table warned_row as select {money} as money, {marked}{shown} from {relation} "
        f"where {' or '.join(flags)}"
    )
    kinds: dict[str, list[str]] = {"row_rule": [], "code_unknown": []}
    for place, (rule_id, _, severity, _) in enumerate(warnings):
        if severity == "warning":
            kinds[rule_id if rule_id in kinds else "row_rule"].append(f"w{place}")
    # A row that breaks several rules is one row.
    either = [flag for kind in kinds.values() for flag in kind]
    parts = [f"count(*) filter ({' or '.join(kind) or 'false'})" for kind in (either, *kinds.values())]
    for place in range(len(warnings)):
        parts += [f"count(*) filter (w{place})", f"coalesce(sum(money) filter (w{place}), 0)"]
    row = connection.execute(f"select {', '.join(parts)} from warned_row").fetchone()
    assert row is not None
    result.warned = int(row[0])
    result.concerned |= {(kind, "warning"): int(count) for kind, count in zip(kinds, row[1:3], strict=True)}
    for place, (rule_id, name, severity, _) in enumerate(warnings):
        unexpected, worth = int(row[3 + 2 * place]), Decimal(row[4 + 2 * place])
        if rule_id != "code_unknown" or unexpected:
            result.rules.append(RuleCount(rule_id, name, severity, unexpected, worth))
        if rule_id == "code_unknown" and unexpected:
            found = connection.execute(
                f'select case when length("{name}") > 12 then \'***\' else "{name}" end, count(*), sum(money) '
                f"from warned_row where w{place} group by 1 order by 1"
            ).fetchall()
            code_set = contract.column(name).code_set or ""
            result.codes += [UnmappedCode(name, code_set, str(c), int(n), Decimal(m or 0)) for c, n, m in found]


def shown_codes(codes: str) -> str:
    """SQL of a list of codes as they may be kept and shown: what is longer than any code may be somebody's number."""
    return f"list_transform({codes}, lambda code: case when length(code) > 12 then '***' else code end)"


def read_rejected(connection: duckdb.DuckDBPyConnection, plan: Plan, result: ScanResult) -> None:
    """Rejected rows into the temporary table rejected_row, and their counts into the result."""
    contract = plan.contract
    empty = {(rule.id, ", ".join(rule.columns)): (0, Decimal(0)) for rule in contract.rules if rule.severity == "error"}
    connection.execute(
        "create or replace temp table rejected_row (source_row bigint, rule_ids varchar[], columns varchar[], "
        "codes varchar[], money decimal(18, 2), row_text varchar)"
    )
    if plan.source.rows == result.accepted and not plan.source.misshapen:
        result.concerned |= {("row_rule", "error"): 0, ("code_unknown", "error"): 0}
        result.rules += [RuleCount(rule, column, "error", n, worth) for (rule, column), (n, worth) in empty.items()]
        return
    if plan.source.misshapen:
        connection.execute(
            "insert into rejected_row select unnest($1::bigint[]), ['row_shape'], ['*'], [''], 0, '{}'",
            [plan.source.misshapen],
        )
    if plan.source.rows > result.accepted:
        _read_again(connection, plan, result)
    held = "list_distinct(rule_ids) = ['code_unknown']"
    row = connection.execute(
        f"select count(*), count(*) filter ({held}), coalesce(sum(money), 0), coalesce(sum(money) filter ({held}), 0), "
        "count(*) filter (len(rule_ids) = 0), count(*) filter (len(rule_ids) > len(list_filter(rule_ids, lambda rule: "
        "rule = 'code_unknown'))), count(*) filter (list_contains(rule_ids, 'code_unknown')) from rejected_row"
    ).fetchone()
    assert row is not None and row[4] == 0, "a rejected row without a reason"
    result.rejected, result.held = int(row[0]), int(row[1])
    result.concerned |= {("row_rule", "error"): int(row[5]), ("code_unknown", "error"): int(row[6])}
    result.money_rejected, result.money_held = Decimal(row[2]), Decimal(row[3])
    result.money += result.money_rejected
    broken = {
        (str(rule), str(column)): (int(count), Decimal(worth))
        for rule, column, count, worth in connection.execute(
            "select rule_id, column_name, count(*), sum(money) from (select unnest(rule_ids) as rule_id, "
            "unnest(columns) as column_name, money from rejected_row) group by 1, 2 order by 1, 2"
        ).fetchall()
    }
    counted = empty | broken
    result.rules += [RuleCount(rule, column, "error", n, worth) for (rule, column), (n, worth) in counted.items()]
    for column, code, count, worth in connection.execute(
        "select column_name, case when length(code) > 12 then '***' else code end, count(*), sum(money) from ("
        "select unnest(rule_ids) as rule_id, unnest(columns) as column_name, unnest(codes) as code, money "
        "from rejected_row) where rule_id = 'code_unknown' group by 1, 2 order by 1, 2"
    ).fetchall():
        code_set = contract.column(str(column)).code_set or REGIONS
        result.codes.append(UnmappedCode(str(column), code_set, str(code), int(count), Decimal(worth or 0)))


def _read_again(connection: duckdb.DuckDBPyConnection, plan: Plan, result: ScanResult) -> None:
    source, contract = plan.source, plan.contract
    numbers = f"select {source.row} as source_row from {source.relation}"
    if result.files:
        files = ", ".join(literal(file) for file in sorted(set(result.files.values())))
        taken = f"select source_row from read_parquet([{files}], hive_partitioning = false)"
        numbers = f"select n.source_row from ({numbers}) as n anti join ({taken}) as taken using (source_row)"
    connection.execute(f"create or replace temp table rejected_number as {numbers}")
    wanted = f"where {source.row} in (select source_row from rejected_number)"
    connection.execute(f"create or replace temp table {REJECTED_CELLS} as {plan.typed(wanted)}")
    conditions = plan.reasons()
    hits = ", ".join(
        f"case when {c.sql} then {{'rule': {literal(c.rule_id)}, 'place': {literal(c.column)}, "
        f"'code': {c.value or chr(39) * 2}}} end"
        for c in conditions
    )
    cells = []
    for column in plan.present:
        text = f'cast("{column.name}.text" as varchar)'
        if column.is_identifier:
            shown = f"case when {text} is not null then '***' end"
        else:
            shown = f"case when regexp_full_match({text}, {literal(_LOOKS_PERSONAL)}) then '***' else {text} end"
        cells.append(f"{literal(column.name)}, {shown}")
    money = f'coalesce(abs("{contract.money}"), 0)' if contract.money else "0"
    connection.execute(
        "insert into rejected_row select source_row, [hit.rule for hit in hits], [hit.place for hit in hits], "
        "[hit.code for hit in hits], money, row_text from ("
        f"select {ROW} as source_row, list_filter([{hits}], lambda hit: hit is not null) as hits, {money} as money, "
        f"cast(json_object({', '.join(cells)}) as varchar) as row_text from ({plan.flagged(REJECTED_CELLS)}))"
    )


def sums(connection: duckdb.DuckDBPyConnection, plan: Plan, columns: list[str]) -> dict[str, Decimal]:
    """Control totals over all rows of the file, broken ones included as far as their cell is a number."""
    parts = ", ".join(f'coalesce(sum("{name}"), 0)' for name in columns)
    row = connection.execute(f"select {parts} from ({plan.typed(only=columns)})").fetchone()
    assert row is not None
    return {name: Decimal(value) for name, value in zip(columns, row, strict=True)}
