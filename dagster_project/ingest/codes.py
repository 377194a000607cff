"""Lawful codes: of the sets as lists, of regions as a temporary type and of provinces as a temporary table that the scans look into.

Belongs here: which codes, regions and codes of provinces are known to this run (S1, S17, R17, L9, L21). Does not belong
here: what happens to a row with an unknown one.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import lru_cache

import duckdb

from dagster_project.dictionary.code_map import REGIONS as REGIONS
from dagster_project.dictionary.code_map import TO_GROUP
from dagster_project.dictionary.definitions import Province, load_province
from dagster_project.dictionary.province_files import province_codes
from dagster_project.settings import PROJECT_ROOT, Settings

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
# Rows that describe ranges of codes are no codes and never match (S17); nor do codes that the pack wants held back.
NEVER_MATCH = ("local pattern", "quarantine")


@lru_cache(maxsize=1)
def code_sets() -> dict[str, list[dict[str, str]]]:
    """Rows of the code sets by set name."""
    sets: dict[str, list[dict[str, str]]] = {}
    with (SEEDS / "code_set.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            sets.setdefault(row["set_name"], []).append(row)
    return sets


def code_names() -> dict[str, dict[str, str]]:
    """Chinese name to code, by set."""
    return {name: {row["name_zh"]: row["code"] for row in rows} for name, rows in code_sets().items()}


def known_codes(name: str) -> list[str]:
    """Codes of a set that mean the same everywhere."""
    return [
        row["code"]
        for row in code_sets().get(name, [])
        if row["scope"] not in NEVER_MATCH and not (name == "med_type" and row["rollup"] == "by_province")
    ]


def seed_regions() -> set[str]:
    """Region codes of the fallback list."""
    return set(region_names())


@lru_cache(maxsize=1)
def region_names() -> dict[str, str]:
    """Chinese names by code of the fallback list."""
    with (SEEDS / "admdvs.csv").open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row["name_zh"] for row in csv.DictReader(stream)}


def lawful_regions(delivered: set[str]) -> set[str]:
    """Delivered region codes, and the fallback for provinces of which none was delivered (R17).

    Beside the six-digit codes it holds four-digit prefixes for the provinces whose counties are not listed: there the
    prefecture alone can be known. Municipal (xxxx99) and provincial (xx99xx) levels are lawful wherever their area is.
    """
    covered = {code[:2] for code in delivered}
    codes = delivered | {code for code in seed_regions() if code[:2] not in covered}
    lawful = set(codes)
    prefectures = {code[:4] for code in codes if code[2:] != "0000"}
    with_counties = {code[:2] for code in codes if code[4:] not in ("00", "99")}
    lawful |= {f"{prefecture}99" for prefecture in prefectures}
    for province in {code[:2] for code in codes}:
        lawful |= {f"{province}99{number:02d}" for number in range(100)} | {f"{province}0000"}
    return lawful | {prefecture for prefecture in prefectures if prefecture[:2] not in with_counties}


def provincial_codes(settings: Settings) -> list[tuple[str, str, str]]:
    """(code set, province, code) of the codes that provinces declare for themselves."""
    return [
        (code_set, province, code)
        for province in province_codes(settings)
        for code_set, codes in _own(load_province(settings, province)).items()
        for code in codes
    ]


def _own(province: Province) -> dict[str, dict[str, str]]:
    return {name: getattr(province, yaml_map) for name, yaml_map in TO_GROUP.items()} | province.code_map


def register(
    connection: duckdb.DuckDBPyConnection, delivered: set[str], provincial: list[tuple[str, str, str]]
) -> None:
    """Make (or make anew) the temporary type known_region and the temporary table known_provincial_code of a connection."""
    connection.execute(
        "create or replace temp type known_region as enum (select unnest($1::varchar[]))",
        [sorted(lawful_regions(delivered))],
    )
    _fill(connection, "known_provincial_code", ("code_set", "province", "code"), provincial)


def is_region(code: str) -> str:
    """SQL that is true for a lawful region, or one of a prefecture that is known without its counties.

    Looked up as a value of an enumeration: a join for each column that holds regions took a third of planning and starting a
    statement over settlements.
    """
    return f"try_cast({code} as known_region) is not null or try_cast(left({code}, 4) as known_region) is not null"


def provincial_sets(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Sets to which some province has added a code, as registered on a connection."""
    return {str(row[0]) for row in connection.execute("select distinct code_set from known_provincial_code").fetchall()}


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> None:
    connection.execute(f"create or replace temp table {table} ({', '.join(f'{name} varchar' for name in columns)})")
    if rows:
        arrays = ", ".join(f"unnest(${place}) as {name}" for place, name in enumerate(columns, 1))
        connection.execute(
            f"insert into {table} select {arrays}", [[row[place] for row in rows] for place in range(len(columns))]
        )


def delivered_regions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Region codes landed so far."""
    return {str(row[0]) for row in connection.execute("select distinct admdvs from raw.admdvs_dim_a").fetchall()}
