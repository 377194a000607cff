"""The regions of the synthetic province: real codes, invented shares.

Belongs here: reading `dbt/seeds/admdvs.csv`, the list of insured regions with their prefecture, and the places outside
the province. Does not belong here: institutions, people. No code of a province is written here; shares that differ
from equal ones come from the calibration table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dagster_project.dictionary.definitions import load_province
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.sample.calendar import day_number
from dagster_project.sample.calibration import Calibration
from dagster_project.sample.hashing import Integers
from dagster_project.settings import PACKAGE_ROOT, PROJECT_ROOT, Settings

REGION_FILE = PROJECT_ROOT / "dbt" / "seeds" / "admdvs.csv"


@dataclass(frozen=True)
class Geography:
    """Region codes by position: insured regions first, then places outside the province."""

    province: str
    province_name: str
    prefectures: tuple[str, ...]  # the province-run unit xx9900 is the last one
    region_codes: tuple[str, ...]
    prefecture_of: NDArray[np.int64]  # position in `prefectures`; -1 outside the province
    insured_regions: int
    employee_weights: tuple[float, ...]  # over insured regions
    resident_weights: tuple[float, ...]
    rows: tuple[dict[str, str], ...]  # all regions as delivered in admdvs_dim_a
    pooling: tuple[tuple[int, bool], ...]  # from a day on, whether the whole province is one pool; by day

    def is_pooled_by_province(self, day: Integers) -> NDArray[np.bool_]:
        """Whether the whole province is one pool on each day."""
        pooled = np.zeros(len(day), dtype=np.bool_)
        for first, whole in self.pooling:
            pooled = np.where(day >= first, whole, pooled)
        return pooled

    @property
    def provincial_unit(self) -> int:
        """Position of the province-run unit among the prefectures."""
        return len(self.prefectures) - 1

    @cached_property
    def destinations(self) -> tuple[str, ...]:
        """Where care can be given, as a bureau speaks of it: prefectures of the province, then other provinces."""
        outside = self.region_codes[self.insured_regions :]
        return (*self.prefectures, *sorted({code[:2] + "0000" for code in outside}))

    @cached_property
    def destination_of(self) -> NDArray[np.int64]:
        """Position in `destinations` of every region."""
        found = [
            self.destinations.index(code[:2] + "0000") if prefecture < 0 else prefecture
            for code, prefecture in zip(self.region_codes, self.prefecture_of.tolist(), strict=True)
        ]
        return np.array(found, dtype=np.int64)


def read_regions() -> list[dict[str, str]]:
    """All rows of the region seed."""
    with REGION_FILE.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _pooling(province: str) -> tuple[tuple[int, bool], ...]:
    """Levels of pooling by their first day, from the shipped definitions: a sample is the same in every home."""
    entries = load_province(Settings(home=PACKAGE_ROOT), province).pooling
    own = [entry for entry in entries if entry.region_code == province]
    general = [entry for entry in entries if entry.region_code == "100000"]
    return tuple(
        (day_number(entry.valid_from.year, entry.valid_from.month, entry.valid_from.day), entry.level == "province")
        for entry in sorted(own or general, key=lambda entry: entry.valid_from)
    )


def _cannot_be_made(province: str, rows: list[dict[str, str]]) -> UserError:
    parents = {row["parent_code"] for row in rows}
    able = [row["code"] for row in rows if row["level"] == "1" and row["code"] in parents]
    return UserError(
        Text(
            f"区划表中没有省份 {province} 或其下的区划。",
            f"The region table has no province {province} with regions below it.",
        ),
        where=f"{REGION_FILE.relative_to(PROJECT_ROOT)} · {province}",
        todo=Text(f"可用的省份代码：{'、'.join(able)}。", f"Provinces that can be made: {', '.join(able)}."),
    )


def build_geography(province: str, calibration: Calibration) -> Geography:
    """Prefectures and counties of one province from the region seed, plus its province-run unit.

    A municipality has no prefecture level: all that hangs below it is one area, as in the warehouse, and it has no unit of its
    own beside. Raises UserError when the seed has nothing below a province of that code.
    """
    rows = read_regions()
    by_code = {row["code"]: row for row in rows}
    prefix = province[:2]
    real = [row for row in rows if row["level"] == "2" and row["kind"] == "division"]
    unit = prefix + "9900"
    inside = [row["code"] for row in real if row["code"].startswith(prefix) and row["code"] != unit]
    placeholders = [row["code"] for row in rows if row["parent_code"] == province and row["kind"] == "placeholder"]
    is_municipality = not inside and bool(placeholders)
    if is_municipality:
        inside = placeholders[:1]
    if by_code.get(province, {}).get("level") != "1" or not inside:
        raise _cannot_be_made(province, rows)
    shares = calibration.prefecture_shares(province)
    codes: list[str] = []
    prefecture_of: list[int] = []
    employee: list[float] = []
    resident: list[float] = []
    for position, prefecture in enumerate(inside):
        above = {province, *placeholders} if is_municipality else {prefecture}
        counties = [row["code"] for row in rows if row["parent_code"] in above and row["level"] == "3"] or [prefecture]
        share = shares.get(prefecture, calibration.default_share)
        for county in counties:
            municipal = county.endswith("99")  # the municipal level insures employees, hardly any resident
            codes.append(county)
            prefecture_of.append(position)
            employee.append(share / len(counties) * (3.0 if municipal else 1.0))
            resident.append(share / len(counties) * (0.05 if municipal else 1.0))
    codes.append(unit)
    prefecture_of.append(len(inside))
    employee.append(0.0 if is_municipality else sum(employee) * calibration.provincial_unit_share)
    resident.append(0.0)
    outside = [row["code"] for row in real if not row["code"].startswith(prefix) and not row["code"].endswith("9900")]
    delivered = list(rows)
    if unit not in by_code and not is_municipality:
        name = by_code[province]["name_zh"]
        delivered.append({"code": unit, "name_zh": name + "本级", "level": "2", "parent_code": province})
    return Geography(
        province=province,
        province_name=by_code[province]["name_zh"],
        prefectures=(*inside, unit),
        region_codes=(*codes, *outside),
        prefecture_of=np.array(prefecture_of + [-1] * len(outside), dtype=np.int64),
        insured_regions=len(codes),
        employee_weights=tuple(employee),
        resident_weights=tuple(resident),
        rows=tuple(delivered),
        pooling=_pooling(province),
    )
