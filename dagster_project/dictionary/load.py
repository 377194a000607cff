"""Dictionary and definitions into the `ops` tables that dbt reads.

Belongs here: `load_dictionary` and the shape of its tables; all of them are replaced in one transaction, so a run sees
either the old dictionary or the new one. Does not belong here: what the rows mean (`compile.py`, `definitions.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, fields
from typing import Any

import duckdb
import polars as pl

from dagster_project.contracts import load_contracts
from dagster_project.dictionary.breakdowns import find_gaps, stated_gaps
from dagster_project.dictionary.compile import Compiled, Compiler, Term
from dagster_project.dictionary.continuity import ContinuityRule
from dagster_project.dictionary.definitions import Province, load_province, load_switches
from dagster_project.dictionary.indicators import (
    LABELS,
    WITHOUT_FIGURE,
    Indicator,
    load_indicators,
    load_units,
    read_rows,
)
from dagster_project.dictionary.own import load_own_identities
from dagster_project.dictionary.pooling import CROSS_REGION_BASE, describe_pooling
from dagster_project.dictionary.published import evaluate_identities
from dagster_project.dictionary.selection import Selections
from dagster_project.durable import durable_step
from dagster_project.settings import Settings
from dagster_project.warehouse import roll_back

# Choices are resolved from here on: facts may carry older months than the statistics years.
FIRST_YEAR = 2000
# Extracts that facts by month of settlement are made of: a code mapped in them makes months due, in others only what is made anew.
MONTHLY_FACTS_READ = ("setl_d", "setl_fund_sbit_d", "fee_list_d", "acct_pay_detl_d")
# Cubes whose figures do not come from units that could be small (ledgers, populations, returns).
WITHOUT_UNITS = frozenset(("fund", "population", "reported", "told", "payment"))


def load_dictionary(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    years: Iterable[int],
    provinces: Iterable[str] | None = None,
    register_year: int | None = None,
) -> None:
    """Write definition_choice, pooling_level, care_type_map, indicator_dictionary, indicator_term and their helpers.

    `years` are the years for which indicators are computed, `provinces` codes such as 520000 (default: those of the
    home), `register_year` the newest year whose end the register of insured persons has reached (L27; None: no limit).

    Raises UserError when a province's file is wrong (nothing is written then).
    """
    codes = sorted(set(provinces if provinces is not None else home_provinces(connection)))
    write_dictionary(connection, [load_province(settings, code) for code in codes], years, register_year)


def write_dictionary(
    connection: duckdb.DuckDBPyConnection,
    chosen: list[Province],
    years: Iterable[int],
    register_year: int | None,
) -> None:
    """The tables of `load_dictionary` for definitions that somebody else has read; lists of the sample only where the data are synthetic."""
    if not _holds_synthetic_data(connection):
        chosen = [province.of_real_data() for province in chosen]
    tables = {**_definitions(chosen, sorted(set(years)), register_year), **_indicators(), **_identities()}
    connection.execute("begin transaction")
    try:
        connection.execute("create schema if not exists ops")
        for name, frame in tables.items():
            connection.register("dictionary_frame", frame)
            connection.execute(f"create or replace table ops.{name} as select * from dictionary_frame")
            connection.unregister("dictionary_frame")
    except BaseException:
        roll_back(connection)
        raise
    with durable_step("dictionary.commit"):
        connection.execute("commit")


def _holds_synthetic_data(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the home that a connection uses, or has attached beside itself, is recorded as synthetic."""
    homes = connection.execute(
        "select database_name from duckdb_tables() where schema_name = 'ops' and table_name = 'meta'"
    ).fetchall()
    marks = [
        connection.execute(f"select value from \"{name}\".ops.meta where key = 'synthetic'").fetchone()
        for (name,) in homes
    ]
    return ("true",) in marks


def home_provinces(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Provinces of a home: as noted at the first load, else those that the landed rows name."""
    found = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
    }
    if "ops.meta" in found:
        noted = connection.execute("select value from ops.meta where key = 'province'").fetchone()
        if noted and noted[0]:
            return [str(noted[0])]
    tables = [name for name in ("raw.psn_insu_d", "raw.setl_d", "raw.fund_ledger_m") if name in found]
    query = " union ".join(f"select province from {name} where province is not null" for name in tables)
    return [str(row[0]) for row in connection.execute(query).fetchall()] if query else []


def _frame(rows: Sequence[Sequence[Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def definition_id(pairs: Iterable[tuple[str, str]]) -> str:
    """Short hash of switches with their values, the same in every run and province."""
    text = "\n".join(f"{switch}={value}" for switch, value in sorted(pairs))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _definitions(provinces: list[Province], years: list[int], register_year: int | None) -> dict[str, pl.DataFrame]:
    switches, indicators = load_switches(), load_indicators()
    last = max(years, default=FIRST_YEAR) + 1
    choices: list[tuple[str, int, str, str]] = []
    by_indicator: list[tuple[str, str, int, str]] = []
    spelt: dict[tuple[str, str], tuple[str, ...]] = {}
    for province in provinces:
        ours = [row for row in indicators.values() if row.alias_geography in ("", province.code)]
        for year in range(FIRST_YEAR, last + 1):
            values = {switch: province.choice(switch, year) for switch in switches}
            values[CROSS_REGION_BASE] = describe_pooling(province, year)
            choices += [(province.code, year, switch, value) for switch, value in values.items()]
            if year not in years:
                continue
            for indicator in ours:
                if indicator.kind in WITHOUT_FIGURE:
                    continue
                pairs = [(switch, values[switch]) for switch in indicator.switches]
                identifier = definition_id(pairs)
                by_indicator.append((indicator.indicator_id, province.code, year, identifier))
                for switch, value in pairs:
                    spelt[identifier, switch] = (identifier, switch, value, *_labels(switch, value))
    text, whole = pl.String, pl.Int32
    of_settlements = {c.code_set for name in MONTHLY_FACTS_READ for c in load_contracts()[name].landed if c.code_set}
    pooling = {(p.region_code, p.valid_from, p.level) for province in provinces for p in province.pooling}
    return {
        "definition_choice": _frame(choices, {"province": text, "year": whole, "switch": text, "value": text}),
        "pooling_level": _frame(sorted(pooling), {"region_code": text, "valid_from": pl.Date, "level": text}),
        "continuity_rule": _frame(
            [(p.code, *astuple(rule)) for p in provinces for rule in p.continuity],
            {"province": text} | {entry.name: whole for entry in fields(ContinuityRule)},
        ),
        "premium_assistance": _frame(
            [(p.code, row.from_year, row.identity_group) for p in provinces for row in p.premium_assistance],
            {"province": text, "from_year": whole, "identity_group": text},
        ),
        "care_type_map": _frame(
            [(p.code, code, group) for p in provinces for code, group in sorted(p.care_type_map.items())],
            {"province": text, "code": text, "care_group": text},
        ),
        "identity_map": _frame(
            [(p.code, code, group) for p in provinces for code, group in sorted(p.identity_map.items())],
            {"province": text, "code": text, "identity_group": text},
        ),
        "two_disease_map": _frame(
            [(p.code, code, disease) for p in provinces for code, disease in sorted(p.two_disease_map.items())],
            {"province": text, "code": text, "two_disease": text},
        ),
        "large_exam_map": _frame(
            [(p.code, code, kind) for p in provinces for code, kind in sorted(p.large_exam_map.items())],
            {"province": text, "code": text, "exam_kind": text},
        ),
        "referral_capability": _frame(
            [(p.code, tier, group) for p in provinces for tier, group in p.referral_capability],
            {"province": text, "tier": text, "disease_group": text},
        ),
        "code_map": _frame(
            [
                (p.code, name, code, target, name in of_settlements)
                for p in provinces
                for name, codes in sorted(p.code_map.items())
                for code, target in sorted(codes.items())
            ],
            {"province": text, "code_set": text, "code": text, "target": text, "is_of_settlements": pl.Boolean},
        ),
        "dummy_creator": _frame(
            [(p.code, creator) for p in provinces for creator in p.dummy_creators], {"province": text, "crter_id": text}
        ),
        "statistics_year": _frame(
            [(p.code, y, register_year) for p in provinces for y in years],
            {"province": text, "year": whole, "register_year": whole},
        ),
        "indicator_definition": _frame(
            by_indicator, {"indicator_id": text, "province": text, "year": whole, "definition_id": text}
        ),
        "definition": _frame(
            [spelt[key] for key in sorted(spelt)],
            dict.fromkeys(("definition_id", "switch", "value", "switch_zh", "switch_en", "value_zh", "value_en"), text),
        ),
    }


def _labels(switch: str, value: str) -> tuple[str, str, str, str]:
    if switch == CROSS_REGION_BASE:
        return ("统筹层次", "Pooling level", value, value)
    known = load_switches()[switch]
    words = known.text(value)
    return (known.label.zh, known.label.en, words.zh, words.en)


def _indicators() -> dict[str, pl.DataFrame]:
    indicators, units, switches = load_indicators(), load_units(), load_switches()
    compiler = Compiler(indicators, switches)
    computed = [row for row in indicators.values() if row.kind not in WITHOUT_FIGURE]
    rows = read_rows()
    dictionary = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_columns(
        pl.col("display_decimals").cast(pl.Int32),
        pl.col("scale").cast(pl.Int64),
        unit_factor=pl.Series([int(units[row["unit"]]) for row in rows], dtype=pl.Int64),
        position=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
    )
    compiled = [compiler.compile(row.indicator_id) for row in computed]
    selections = Selections(compiled, {row.indicator_id: ("total", *_breakdowns(row)) for row in computed})
    terms = [term for one in compiled for term in _term_rows(one, selections)]
    text = pl.String
    conditions = dict.fromkeys(("switch", "switch_value", "second_switch", "second_switch_value"), text)
    return {
        "indicator_dictionary": dictionary,
        "indicator_term": _frame(
            terms,
            {
                "indicator_id": text, "term_number": pl.Int32, "role": text, "cube": text, "measure": text,
                "coefficient": pl.Decimal(8, 2), "lag_years": pl.Int32, "first_year": pl.Int32, "last_year": pl.Int32,
                "is_opening": pl.Boolean, **conditions, "counts_units": pl.Boolean,
                "selection_id": pl.Int32,
                **dict.fromkeys(LABELS, text),
            },
        ),
        "selection": _frame(
            selections.rows(), {"selection_id": pl.Int32, "cube": text, **dict.fromkeys(LABELS, text)}
        ),
        "selection_breakdown": _frame(
            selections.breakdown_rows(), {"selection_id": pl.Int32, "breakdown": text}
        ),
        "indicator_breakdown": _frame(
            [(row.indicator_id, label) for row in computed for label in ("total", *_breakdowns(row))],
            {"indicator_id": text, "breakdown": text},
        ),
        "breakdown_gap": _frame(
            [
                (gap.indicator_id, gap.label, f"{gap.reason.zh} / {gap.reason.en}")
                for gap in find_gaps(indicators, compiler, stated_gaps())
            ],
            {"indicator_id": text, "breakdown": text, "reason": text},
        ),
        "indicator_extract": _frame(
            [(row.indicator_id, extract) for row in computed for extract in row.extracts],
            {"indicator_id": text, "extract": text},
        ),
        "extract": _frame(
            [(contract.name, contract.name_zh, contract.name_en) for contract in load_contracts().values()],
            {"extract": text, "name_zh": text, "name_en": text},
        ),
    }  # fmt: skip


def _breakdowns(row: Indicator) -> list[str]:
    return [label for label in row.breakdown_labels if label != "region"]


def _term_rows(compiled: Compiled, selections: Selections) -> Iterable[tuple[Any, ...]]:
    number = 0
    for role, terms in (("numerator", compiled.numerator), ("denominator", compiled.denominator)):
        # Two measures of the same cells are the same units: only the first of them counts units.
        counted: set[tuple[Any, ...]] = set()
        for term in terms:
            number += 1
            cells = (term.cube, term.lag_years, term.conditions, term.labels)
            counts = term.cube not in WITHOUT_UNITS and cells not in counted
            counted.add(cells)
            yield (compiled.indicator_id, number, role, *_term_columns(term, counts, selections.number(term)))


def _term_columns(term: Term, counts_units: bool, selection_id: int) -> tuple[Any, ...]:
    conditions: list[str | None] = [part for pair in term.conditions for part in pair]
    conditions += [None] * (4 - len(conditions))
    labels = dict(term.labels)
    return (
        term.cube,
        term.measure,
        term.coefficient,
        term.lag_years,
        term.first_year,
        term.last_year,
        term.is_opening,
        *conditions,
        counts_units,
        selection_id,
        *(labels.get(label) for label in LABELS),
    )


def _identities() -> dict[str, pl.DataFrame]:
    own = load_own_identities(load_indicators())
    return {
        "identity_result": pl.DataFrame([asdict(result) for result in evaluate_identities()], infer_schema_length=None),
        "own_identity": _frame(
            [(one.identity_id, one.statement, one.comparison, one.note) for one in own],
            dict.fromkeys(("identity_id", "statement", "comparison", "note"), pl.String),
        ),
        "own_identity_term": pl.DataFrame(
            [asdict(term) for one in own for term in one.terms], schema_overrides={"coefficient": pl.Int32}
        ),
    }
