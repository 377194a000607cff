"""Master data that no person row decides: regions, institutions, employers, population, departmental returns.

Belongs here: their rows as plain values, by year of delivery. Does not belong here: the ledger (`ledger.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dagster_project.sample.calendar import as_date
from dagster_project.sample.hashing import mix_key
from dagster_project.sample.institutions import DEDUCTIBLE_GRADES, GRADES, NO_GRADE
from dagster_project.sample.people import EMPLOYERS_PER_REGION
from dagster_project.sample.world import World

Rows = list[list[str | float | int | None]]
REGION_HEADER = ("admdvs", "admdvs_name", "prnt_admdvs", "admdvs_lv", "begndate", "enddate")
INSTITUTION_HEADER = (
    "fixmedins_code", "fixmedins_name", "fixmedins_type", "fix_blng_admdvs", "hosp_lv", "lmtpric_hosp_lv", "dedc_hosp_lv",
    "begntime", "endtime", "out_onln_open_type",
)  # fmt: skip
EMPLOYER_HEADER = ("emp_no", "emp_type", "emp_mgt_type", "insu_admdvs")
POPULATION_HEADER = ("year", "admdvs", "pop_kind", "persons", "source_doc")
RETURN_HEADER = ("period", "admdvs", "indicator_id", "value", "unit", "measure_kind", "return_dept", "as_of")
_EMPLOYER_TYPES = (("10",), ("30", "50", "55"), ("80", "81"), ("7777",))  # the last is in no code set (R16)
RETURNS_FILE = Path(__file__).with_name("returns.yml")


def region_rows(world: World) -> Rows:
    """admdvs_dim_a: every region of the seed and the province-run unit, open-ended."""
    return [
        [
            row["code"],
            row["name_zh"],
            row["parent_code"] or None,
            row["level"],
            "2015-01-01",
            None if row["level"] == "3" else "2099-12-31",
        ]
        for row in world.geography.rows
        if row["code"] != "100000"
    ]


def institution_rows(world: World, year: int) -> tuple[Rows, int]:
    """fixmedins_b of a year's batch, and how many earlier rows it replaces: all at first, later those that changed."""
    places = world.institutions
    change = as_date(places.change_day)
    rows: Rows = []
    replaced = 0

    def row(position: int, grade: int, begin: str, end: str | None) -> None:
        written = GRADES[grade if grade != NO_GRADE else GRADES.index("11")]
        rows.append(
            [
                places.codes[position], places.names[position], "2" if places.is_pharmacy[position] else "1",
                world.geography.region_codes[int(places.region[position])], written, DEDUCTIBLE_GRADES[grade],
                DEDUCTIBLE_GRADES[grade], begin, end, network_code(world, position),
            ]
        )  # fmt: skip

    for position in range(places.unplaced):
        grade, later = int(places.grade[position]), int(places.later_grade[position])
        if year == world.base_year:
            row(position, grade, "2015-01-01 00:00:00", None if position % 2 else "2099-12-31 00:00:00")
        elif year == change.year and grade != later:
            day_before = as_date(places.change_day - 1).isoformat()
            row(position, grade, "2015-01-01 00:00:00", f"{day_before} 23:59:59")
            row(position, later, f"{change.isoformat()} 00:00:00", None)
            replaced += 1
    return rows, replaced


def network_code(world: World, position: int) -> str:
    """What a provider is networked for (`out_onln_open_type`): nothing, inpatient, outpatient care, or both."""
    return str(mix_key(world.seed, position, 85) % 4)


def network_truth(world: World) -> list[dict[str, Any]]:
    """Providers of the province by prefecture, kind and network; the registry closes none of them."""
    places, counted = world.institutions, dict[tuple[str, str, str], int]()
    for position in range(places.unplaced):
        region = int(places.region[position])
        if region < world.geography.insured_regions:
            prefecture = world.geography.prefectures[int(world.geography.prefecture_of[region])]
            kind = "pharmacy" if places.is_pharmacy[position] else "hospital"
            key = (prefecture, kind, network_code(world, position))
            counted[key] = counted.get(key, 0) + 1
    names = ("prefecture", "provider_kind", "network_code")
    return [dict(zip(names, key, strict=True)) | {"institutions": n} for key, n in sorted(counted.items())]


def employer_rows(world: World) -> Rows:
    """insu_emp_info_b: the same number of employers in every insured region."""
    people = world.people
    employer = np.arange(world.geography.insured_regions * EMPLOYERS_PER_REGION, dtype=np.int64)
    groups = people.employer_group(employer).tolist()
    rows: Rows = []
    for number, group in enumerate(groups):
        types = _EMPLOYER_TYPES[group]
        region = world.geography.region_codes[number // EMPLOYERS_PER_REGION]
        rows.append([f"EMPL{number:08d}", types[number % len(types)], "02" if group == 2 else "01", region])
    return rows


def population_rows(world: World, year: int) -> Rows:
    """population_ref: three kinds for the province and each prefecture; the province is no sum (designed)."""
    parameters = world.calibration.parameters["population"]
    weights = world.geography.resident_weights
    total = sum(weights)
    shares: dict[str, float] = dict.fromkeys(world.geography.prefectures[:-1], 0.0)
    for region, value in enumerate(weights):
        position = int(world.geography.prefecture_of[region])
        if position < len(world.geography.prefectures) - 1:
            shares[world.geography.prefectures[position]] += value / total
    rows: Rows = []
    for kind, persons in parameters.items():
        growth = 1 + 0.002 * (year - world.base_year)
        rows.append([str(year), world.geography.province, kind, round(persons * world.scale * growth), "合成统计公报"])
        for code, share in shares.items():
            drift = 9_960 + mix_key(world.seed, year, int(code)) % 81
            rows.append(
                [str(year), code, kind, round(persons * world.scale * growth * share * drift / 10_000), "合成统计年鉴"]
            )
    return rows


@cache
def _returns() -> dict[str, list[dict[str, Any]]]:
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(RETURNS_FILE.read_text(encoding="utf-8"))
    return content


def return_rows(world: World, year: int) -> Rows:
    """adm_return: figures that departments fill in; the first one of a year is corrected a few days later.

    The base year has no figures of its own, but the cumulations with which sums over several years begin.
    """
    rows: Rows = []
    for one in _returns()["opening" if year == world.base_year else "yearly"]:
        value = one["first"] + (year - world.base_year) * one.get("step", 0)
        rows.append(
            [
                str(year), world.geography.province, one["item"], round(value * world.scale) if one.get("scaled") else value,
                one["unit"], one["kind"], one["department"], f"{year + 1}-01-05",
            ]
        )  # fmt: skip
    first = list(rows[0])
    first[3], first[7] = int(first[3] or 0) + 5, f"{year + 1}-01-09"
    rows.append(first)
    return rows


def population_truth(world: World) -> list[dict[str, Any]]:
    """Cells of the population section."""
    return [
        {"year": int(str(row[0])), "region_code": row[1], "population_kind": row[2], "persons": row[3]}
        for year in world.all_years
        for row in population_rows(world, year)
    ]


def return_truth(world: World) -> list[dict[str, Any]]:
    """Newest figure of each return, in its own unit."""
    newest = {(row[0], row[2]): row for year in world.all_years for row in return_rows(world, year)}
    return [
        {"year": int(str(row[0])), "region_code": row[1], "indicator_id": row[2], "value": row[3], "unit": row[4]}
        for row in newest.values()
    ]
