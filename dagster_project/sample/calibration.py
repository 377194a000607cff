"""The calibration table as a typed object.

Belongs here: reading `calibration.yml`. Does not belong here: any figure; they stand in the YAML with their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CALIBRATION_FILE = Path(__file__).with_name("calibration.yml")


@dataclass(frozen=True)
class Kind:
    """One kind of settlement row: its share of rows, who it happens to, and its fee."""

    name: str
    share: float
    employee: float
    retired: float
    mean_fen: int
    sigma: int


@dataclass(frozen=True)
class LedgerPool:
    """One fund of the ledger, per 10,000: what it pays beside settlements, and how its income relates to what it spends."""

    scheme: str
    fund: str
    outside: int
    transfers: int
    spent: int
    opening: int
    income: dict[str, int]


@dataclass(frozen=True)
class Band:
    """Where a result must lie, and which figure says so."""

    low: float
    high: float
    source: str


@dataclass(frozen=True)
class Calibration:
    """Parameters of the generator and the bands it is tested against."""

    parameters: dict[str, Any]
    kinds: tuple[Kind, ...]
    bands: dict[str, Band]
    ledger_pools: dict[tuple[str, str], LedgerPool]  # by scheme and fund, in the order in which they are made

    @property
    def provincial_unit_share(self) -> float:
        """Employees of the province-run unit over all other employees."""
        return float(self.parameters["provincial_unit_share"])

    @property
    def default_share(self) -> float:
        """Share of a prefecture that the table does not name."""
        return float(self.parameters["default_share"])

    def prefecture_shares(self, province: str) -> dict[str, float]:
        """Relative size of the prefectures; empty where the table has none for the province."""
        shares = self.parameters["prefecture_shares"].get(province, {})
        return {str(code): float(value) for code, value in shares.items()}

    def ratio(self, name: str) -> int:
        """A share per 10,000."""
        return int(self.parameters["ratio"][name])

    def ledger(self, name: str) -> int:
        """A parameter of the whole ledger."""
        return int(self.parameters["ledger"][name])

    def travel(self, name: str) -> tuple[int, int]:
        """(other prefecture, other province) per 10,000 rows of a kind."""
        near, far = self.parameters["travel"][name]
        return int(near), int(far)

    def story_rate(self, name: str) -> float:
        """Events of one story kind per settlement row."""
        return float(self.parameters["stories"][name]) / 1e6


@cache
def load_calibration() -> Calibration:
    """Read the calibration table once."""
    content = yaml.safe_load(CALIBRATION_FILE.read_text(encoding="utf-8"))
    kinds = tuple(Kind(name=name, **values) for name, values in content["parameters"]["kinds"].items())
    bands = {name: Band(**values) for name, values in content["bands"].items()}
    pools = [LedgerPool(**values) for values in content["parameters"]["ledger"]["pools"]]
    return Calibration(
        parameters=content["parameters"],
        kinds=kinds,
        bands=bands,
        ledger_pools={(pool.scheme, pool.fund): pool for pool in pools},
    )
