"""Everything that leaves the house, after disclosure control, in one go: indicator values and served cubes share sums.

Belongs here: reading what disclosure control needs to know, and the shape of the units behind the cubes of the dictionary.
Does not belong here: what is withheld (`disclosure/`), which tables are served (`tables.yml`), writing.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from dagster_project.dictionary.compile import MONTHLY_LABELS
from dagster_project.dictionary.indicators import LABELS, OWN_COLUMNS
from dagster_project.disclosure import ALL, SUPPRESSED, Cube, Disclosed, Family, Linked, Parameters, disclose, link
from dagster_project.serving.tables import PLACE, ServedTable, load_tables


@dataclass(frozen=True)
class Source:
    """Where units are counted: a labelled table, its column of the year, the column behind each kind of unit, its labels."""

    name: str
    table: str
    kinds: dict[str, str]
    year: str = "year"
    dated: bool = False
    sets: tuple[str, ...] = ()
    labels: tuple[str, ...] = LABELS
    of_regions: bool = False


# Ways in which persons were paid: a column each of the labelled persons, and members of the label `paid_by`.
_RULES = ("any_settlement", "any_fund", "pool")
_PAYMENTS = (*_RULES, *(f"two_disease_{rule}" for rule in _RULES), "serious_illness")
# Visits, stays and settlements are units of the same cells: what is withheld is withheld of all of them.
_FAMILIES: dict[str, tuple[tuple[Source, ...], dict[str, str]]] = {
    "care": (
        (
            Source(
                "care", "indicator.labelled_settlement", {"visits": "visits", "settlements": "row_count"}, dated=True
            ),
            Source("care", "indicator.labelled_stay", {"visits": "stays", "settlements": "0"}, dated=True),
            Source("allowance", "indicator.labelled_allowance", {"visits": "payments", "settlements": "0"}),
        ),
        {"visit": "care", "stay": "care", "settlement": "care", "maternity_allowance": "allowance"},
    ),
    "stay_end": (
        (Source("stay_end", "indicator.labelled_stay", {"stays": "stays"}, year="end_year"),),
        {"stay_end": "stay_end"},
    ),
    "enrolment": (
        (Source("enrolment", "indicator.labelled_enrolment", {"persons": "persons"}),),
        {"enrolment": "enrolment"},
    ),
    "filing": (
        (Source("filing", "indicator.labelled_filing", {"filings": "filings"}),),
        {"filing": "filing"},
    ),
    "listed": (
        (Source("listed", "indicator.labelled_listed", {"persons": "persons"}),),
        {"listed": "listed"},
    ),
    "negotiated_drug": (
        (
            Source(
                "negotiated_drug",
                "indicator.labelled_negotiated_drug",
                {"settlements": "settlements", "drugs": "drug_settlements", "lines": "lines"},
            ),
        ),
        {"negotiated_drug": "negotiated_drug"},
    ),
    "large_exam": (
        (Source("large_exam", "indicator.labelled_large_exam", {"exams": "exams", "repeated": "repeated_exams"}),),
        {"large_exam": "large_exam"},
    ),
    "triple_protection": (
        (
            Source("triple_protection", "indicator.labelled_triple_protection", {"visits": "visits"}),
            Source("assisted_care", "indicator.labelled_assisted_care", {"visits": "visits"}),
        ),
        {"triple_protection": "triple_protection", "assisted_care": "assisted_care"},
    ),
    "assistance": (
        (
            Source("assistance", "indicator.labelled_assistance", {"encounters": "encounters"}),
            # Subsidised premiums are assistance events too: one figure adds both up.
            Source("subsidy", "indicator.labelled_premium_subsidy", {"encounters": "persons"}),
            Source("listed_care", "indicator.labelled_listed_care", {"encounters": "visits"}),
        ),
        {"assistance": "assistance", "premium_subsidy": "subsidy", "listed_care": "listed_care"},
    ),
    # People insured elsewhere are in no figure of the dictionary: their own table alone tells of them (L86).
    "outsider": (
        (
            Source(
                "outsider",
                "indicator.labelled_outsider",
                {"visits": "visits", "settlements": "row_count"},
                labels=("origin_province", "hospital_tier", "visit_type", "settlement_way"),
            ),
        ),
        {"outsider": "outsider"},
    ),
    # Nor does a figure of the dictionary tell whom accounts helped (L69).
    "family_aid": (
        (
            Source(
                "family_aid",
                "indicator.labelled_family_aid",
                {"pairs": "pairs", "uses": "uses"},
                labels=("aid_relation",),
            ),
        ),
        {"family_aid": "family_aid"},
    ),
    # Not the province's own persons but those of its regions: somebody who moved counts in two, and withholding the more for it.
    "person": (
        (Source("person", "indicator.labelled_person", {"persons": "persons"}, sets=_PAYMENTS, of_regions=True),),
        {"person": "person"},
    ),
}
# The cubes that disclosure control counts units of: those of the dictionary, of outsiders and of family accounts.
COUNTED_CUBES = frozenset(cube for _, cubes in _FAMILIES.values() for cube in cubes)
_TERMS = "indicator.indicator_term"
_MONTH = "month"
# How much a reader loses with a figure: headline indicators before others, wholes before parts, provinces before regions.
_HEADLINE, _WHOLE, _PART, _PROVINCE = 16, 4, 2, 4


def disclosed(connection: duckdb.DuckDBPyConnection, raw: pl.DataFrame, parameters: Parameters) -> Disclosed:
    """Indicator values (as computed, in the order given) and the served cubes after disclosure control.

    In a home that has indicators but not the tables they were added up from, small values themselves are withheld and no
    cube is given.
    """
    linked = read_links(connection, raw)
    if linked is None:
        return disclose(raw, {}, {}, None, parameters)
    tables = cubes()
    frames = {table.name: with_month(_cube(connection, table)) for table in tables}
    done = disclose(raw, frames, {table.name: table.sums for table in tables}, linked, parameters)
    served = {table.name: done.cubes[table.name].select(list(table.columns)) for table in tables}
    return Disclosed(done.values, done.decisions, served)


def cubes() -> list[ServedTable]:
    """The served cubes whose small cells are withheld."""
    return [table for table in load_tables().values() if table.control == "cells"]


def read_links(connection: duckdb.DuckDBPyConnection, values: pl.DataFrame) -> Linked | None:
    """The sums behind indicator values and served cubes; None where the tables they rest on are not there."""
    needed = {_TERMS, *(source.table for sources, _ in _FAMILIES.values() for source in sources)}
    if "breakdown" not in values.columns or not needed <= _tables(connection):
        return None
    families = {}
    for name, (sources, of_cube) in _FAMILIES.items():
        units = pl.concat([_units(connection, source) for source in sources], how="diagonal")
        monthly = tuple(sorted(MONTHLY_LABELS)) if any(source.dated for source in sources) else ()
        families[name] = Family(units, tuple(sources[0].kinds), of_cube, monthly, sources[0].sets, "paid_by")
    shapes = [Cube(table.name, table.cube, _labels(table), table.margins) for table in cubes()]
    terms = connection.execute(f"select * from {_TERMS}").pl()
    return link(_rows(values, _headline(connection)), terms, families, shapes)


def with_month(cube: pl.DataFrame) -> pl.DataFrame:
    """A served cube with the month as its links name it."""
    if "settlement_month" not in cube.columns:
        return cube
    return cube.with_columns((pl.col("settlement_month") % 100).cast(pl.String).alias(_MONTH))


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    query = "select table_schema || '.' || table_name from information_schema.tables"
    return {str(row[0]) for row in connection.execute(query).fetchall()}


def _units(connection: duckdb.DuckDBPyConnection, source: Source) -> pl.DataFrame:
    """Units by place and all labels, and by month where the source has months."""
    described = connection.execute(f"select * from {source.table} limit 0").description or ()
    labels = [column[0] for column in described if column[0] in (*source.labels, *source.sets)]
    month = ["cast(month % 100 as varchar) as month"] if source.dated else []
    kinds = [f"cast(sum({column}) as bigint) as {kind}" for kind, column in source.kinds.items()]
    chosen = ["province", "region_code", f"{source.year} as year", *month, *labels, *kinds]
    having = " or ".join(f"sum({column}) <> 0" for column in source.kinds.values())
    places = "where region_code <> province" if source.of_regions else ""
    query = f"select {', '.join(chosen)} from {source.table} {places} group by all having {having}"
    return connection.execute(query).pl().with_columns(source=pl.lit(source.name))


def _cube(connection: duckdb.DuckDBPyConnection, table: ServedTable) -> pl.DataFrame:
    """A cube at its served grain: summed over everything that is not served."""
    keys = ", ".join(table.from_source(name) for name in table.keys)
    sums = ", ".join(f'sum("{name}") as "{name}"' for name in table.sums)
    cells = connection.execute(f"select {keys}, {sums} from {table.source} group by all order by all").pl()
    return _by_margins(cells, table) if table.margins else cells


def _by_margins(cells: pl.DataFrame, table: ServedTable) -> pl.DataFrame:
    """Cells added up by each choice of labels, in every region and in the province; `ALL` stands for a label that was not chosen."""
    parts = cells.filter(pl.col("region_code") != pl.col("province"))
    placed = pl.concat([cells.with_columns(region_code=pl.col("province")), parts])
    sums = [pl.col(name).sum() for name in table.sums]
    chosen = [
        placed.group_by([*PLACE, *margin])
        .agg(sums)
        .with_columns(pl.lit(ALL).alias(label) for label in table.labels if label not in margin)
        .select(*table.keys, *table.sums)
        for margin in table.margins
    ]
    return pl.concat(chosen).sort(table.keys)


def _labels(table: ServedTable) -> tuple[str, ...]:
    """The labels of a cube, as its links name them."""
    return tuple(_MONTH if label == "settlement_month" else label for label in table.labels)


def _headline(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if "ops.indicator_dictionary" not in _tables(connection):
        return []
    query = "select indicator_id from ops.indicator_dictionary where headline = 'Y'"
    return [str(row[0]) for row in connection.execute(query).fetchall()]


def _rows(values: pl.DataFrame, headline: list[str]) -> pl.DataFrame:
    """Indicator rows that have or had figures, by breakdown and member, with what a reader loses with each."""
    breakdown = pl.col("breakdown")
    member = pl.when(breakdown == "total").then(pl.lit("total")).otherwise(pl.col("other_member"))
    member = pl.when(breakdown == _MONTH).then(pl.col(_MONTH).cast(pl.String)).otherwise(member)
    for column in OWN_COLUMNS:
        member = pl.when(breakdown == column).then(pl.col(column)).otherwise(member)
    whole = pl.when(pl.col("indicator_id").is_in(headline)).then(_HEADLINE).otherwise(_WHOLE)
    weight = pl.when(pl.col("breakdown") == "total").then(whole).otherwise(_PART)
    place = pl.when(pl.col("region_level") == "province").then(_PROVINCE).otherwise(1)
    shown = pl.any_horizontal(pl.col("value", "numerator", "denominator").is_not_null())
    kept = values.with_row_index("row").filter(shown | (pl.col("status") == SUPPRESSED))
    return kept.with_columns(
        member=member,
        province=pl.col("region_code").str.slice(0, 2) + "0000",
        weight=weight * place,
    )
