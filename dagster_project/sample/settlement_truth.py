"""What the settlement rows mean, by the generator's own knowledge of what it drew.

Belongs here: cells of settlements, stays, assistance, care away and the ledger measure under the national defaults. Labels are
those of `codes.py`, never the warehouse's. Nothing is read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dagster_project.sample import codes, fee_lines, identity_list
from dagster_project.sample.benefit_truth import BenefitTruth, two_disease
from dagster_project.sample.calendar import months_of_days, years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers
from dagster_project.sample.identities import identity_on_settlement
from dagster_project.sample.institutions import TIER_OF_GRADE
from dagster_project.sample.person_truth import PersonTruth
from dagster_project.sample.story_rows import has_bed
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

_YEAR, _MONTH, _REGION = 10_000, 13, 64
SETTLEMENT_MEASURES = {
    "total_fee": "fee",
    "full_own_pay": "own",
    "pre_pay": "pre_pay",
    "over_limit_pay": "over_limit",
    "in_scope_fee": "scope",
    "pool_pay": "pool",
    "fund_pay": "fund",
    "assistance_pay": "assistance",
    "personal_pay": "personal",
    "account_pay": "account",
    "serious_illness_pay": "serious_illness",
    "family_account_pay": "family_account",
    "cash_pay": "cash",
}
# What the fund ledger follows from, by name of the column.
PAID = ("pool", "account", "serious_illness", "assistance")
_PROVIDERS = ("hospital", "pharmacy")


_SECTIONS = (
    "settlement", "stay", "assistance", "away", "ledger", "benefit", "persons", "negotiated_drug", "triple_protection",
)  # fmt: skip


@dataclass
class SettlementTruth:
    """The sections that settlement rows fill, the persons behind them, and counts of versions."""

    settlement: Cells = field(
        default_factory=lambda: Cells(
            (_YEAR, _MONTH, _REGION, 3, 4, 2, 7, 4, 4, 6), ("rows", "visits", *SETTLEMENT_MEASURES)
        )
    )
    stay: Cells = field(
        default_factory=lambda: Cells(
            (_YEAR, _MONTH, _YEAR, _REGION, 3, 4, 7, 2, 4, 4, 6, 2, 2),
            ("stays", "bed_days_min1", "bed_days_plus1", "total_fee", "fund_pay", "pool_pay", "assistance_pay"),
        )
    )
    assistance: Cells = field(
        default_factory=lambda: Cells((_YEAR, _REGION, 3, 2, 8), ("encounters", "payments", "amount"))
    )
    away: Cells = field(
        default_factory=lambda: Cells((_YEAR, _MONTH, _YEAR, _REGION, 3, 7, 4, 64, 6), ("visits", "total_fee", "stays"))
    )
    ledger: Cells = field(
        default_factory=lambda: Cells((_YEAR, _REGION, 3, 7, _MONTH), ("visits", "total_fee", *PAID, "maternity"))
    )
    benefit: BenefitTruth = field(default_factory=BenefitTruth)
    persons: PersonTruth = field(default_factory=PersonTruth)
    negotiated_drug: Cells = field(default_factory=fee_lines.new_cells)
    triple_protection: Cells = field(default_factory=identity_list.new_triple_cells)
    superseded: int = 0

    def absorb(self, other: SettlementTruth) -> None:
        """Add another part's sums."""
        for name in _SECTIONS:
            getattr(self, name).absorb(getattr(other, name))
        self.superseded += other.superseded

    def merge(self) -> None:
        """Shrink to one row a cell."""
        for name in _SECTIONS:
            getattr(self, name).merge()

    def add(self, world: World, rows: Columns) -> None:
        """Count rows (with the columns of `stories.py`; ordinary rows through `with_defaults`)."""
        labels = _labels(world, rows)
        year, month = years_of_days(rows["day"]), months_of_days(rows["day"]) % 100
        live = rows["class"] == codes.LIVE
        self.persons.add(world, rows, labels, year)
        bed = has_bed(world, rows) == 1
        supplementary = rows["settlement_type"] == codes.SUPPLEMENTARY
        one = np.ones(len(year), dtype=np.int64)
        visit = (~bed & ~supplementary).astype(np.int64)
        region, scheme, status, kind = labels["region"], labels["scheme"], labels["status"], labels["visit"]
        tier, travel, place = labels["tier"], labels["travel"], labels["place"]
        self.settlement.add(
            (year, month, region, scheme, status, labels["provider"], kind, tier, travel, place),
            (one, visit, *(rows[column] for column in SETTLEMENT_MEASURES.values())),
            live,
        )
        self.benefit.add(rows, labels, year, visit)
        sign = codes.LEDGER_SIGN[rows["class"]]
        maternity = codes.MATERNITY_STAY[rows["care"]] | (kind == codes.MATERNITY_OUTPATIENT)
        self.ledger.add(
            (year, region, scheme, kind, month),
            (visit * sign, rows["fee"], *(rows[column] for column in PAID), np.where(maternity, rows["pool"], 0)),
            sign != 0,
        )

        aid = live & (rows["assistance"] > 0)
        setting = (kind != codes.INPATIENT).astype(np.int64)
        # Few rows are assisted and few are away: those are picked out first.
        aided = np.flatnonzero(aid)
        category, rank, paid_aid = (rows[name][aided] for name in ("category", "rank", "assistance"))
        group = codes.POPULATION_GROUP_OF_IDENTITY[identity_on_settlement(world, category, rank, paid_aid)]
        self.assistance.add(
            (*(part[aided] for part in (year, region, scheme, setting)), group),
            (rows["aid_first"][aided], one[aided], paid_aid),
        )

        home_care = live & (labels["provider"] == 0)
        identity_list.count_triple(world, rows, (year, region, scheme), home_care, self.triple_protection)

        stay = (live & (rows["stay"] == 1)).astype(np.int64)
        end_year = years_of_days(rows["end"])
        away = np.flatnonzero(live & ((travel == codes.IN_PROVINCE) | (travel == codes.CROSS_PROVINCE)))
        key = (year, month, end_year, region, scheme, kind, travel, labels["destination"], place)
        self.away.add(tuple(part[away] for part in key), tuple(part[away] for part in (visit, rows["fee"], stay)))

        length = rows["end"] - rows["stay_begin"]
        days = np.maximum(length, 1)
        eligible = (travel <= codes.IN_PROVINCE) & (rows["clearing"] != codes.PER_DIEM) & (days > 2) & (days <= 60)
        paid = codes.PAID_BY_DISEASE[rows["grouping"]]
        self.stay.add(
            (
                *(year, month, end_year, region, scheme, status, kind),
                *(codes.MATERNITY_STAY[rows["care"]].astype(np.int64), tier, travel, place),
                *(eligible.astype(np.int64), paid.astype(np.int64)),
            ),
            (one, days, np.maximum(length + 1, 1), *(rows[f"stay_{n}"] for n in ("fee", "fund", "pool", "assistance"))),
            stay == 1,
        )
        self.superseded += int(((rows["class"] == codes.NOWHERE) & (rows["defect"] == 0)).sum())

    def as_json(self, world: World) -> dict[str, list[dict[str, Any]]]:
        """The sections with their labels."""
        regions, place = world.geography.prefectures, codes.PLACES
        settlement = [
            {
                "year": k[0],
                "month": k[1],
                "prefecture": regions[k[2]],
                "scheme": codes.SCHEMES[k[3]],
                "member_status": codes.STATUSES[k[4]],
                "provider_kind": _PROVIDERS[k[5]],
                "visit_type": codes.VISITS[k[6]],
                "tier": codes.TIERS[k[7]],
                "travel_class": codes.TRAVELS[k[8]],
                "payment_place": place[k[9]],
            }
            | sums
            for k, sums in self.settlement.rows()
        ]
        stay = [
            {
                "year": k[0],
                "month": k[1],
                "end_year": k[2],
                "prefecture": regions[k[3]],
                "scheme": codes.SCHEMES[k[4]],
                "member_status": codes.STATUSES[k[5]],
                "visit_type": codes.VISITS[k[6]],
                "is_maternity": bool(k[7]),
                "tier": codes.TIERS[k[8]],
                "travel_class": codes.TRAVELS[k[9]],
                "payment_place": place[k[10]],
                "eligible": bool(k[11]),
                "paid_by_disease": bool(k[12]),
            }
            | sums
            for k, sums in self.stay.rows()
        ]
        assistance = [
            {
                "year": k[0],
                "prefecture": regions[k[1]],
                "scheme": codes.SCHEMES[k[2]],
                "setting": ("inpatient", "outpatient")[k[3]],
                "population_group": codes.POPULATION_GROUPS[k[4]],
            }
            | sums
            for k, sums in self.assistance.rows()
        ]
        away = [
            {
                "year": k[0],
                "month": k[1],
                "end_year": k[2],
                "prefecture": regions[k[3]],
                "scheme": codes.SCHEMES[k[4]],
                "visit_type": codes.VISITS[k[5]],
                "travel_class": codes.TRAVELS[k[6]],
                "destination": world.geography.destinations[k[7]],
                "payment_place": place[k[8]],
            }
            | sums
            for k, sums in self.away.rows()
        ]
        yearly = Cells(self.ledger.radix[:4], ("visits", "total_fee"))
        monthly = self.ledger.rows()
        yearly.add(
            tuple(np.array([k[part] for k, _ in monthly], dtype=np.int64) for part in range(4)),
            tuple(np.array([sums[name] for _, sums in monthly], dtype=np.int64) for name in yearly.measures),
        )
        ledger = [
            {"year": k[0], "prefecture": regions[k[1]], "scheme": codes.SCHEMES[k[2]], "visit_type": codes.VISITS[k[3]]}
            | sums
            for k, sums in yearly.rows()
        ]
        return {
            "settlement": settlement,
            "stay": stay,
            "assistance": assistance,
            "away": away,
            "ledger_measure": ledger,
            "benefit": self.benefit.as_json(world),
            "beneficiary": self.persons.as_json(world),
            "negotiated_drug": fee_lines.negotiated_as_json(world, self.negotiated_drug),
            "triple_protection": identity_list.triple_as_json(world, self.triple_protection),
        }


def _labels(world: World, rows: Columns) -> dict[str, Integers]:
    """Class of each row in every breakdown, from what was drawn."""
    geography = world.geography
    home = geography.prefecture_of[rows["region"]]
    place = rows["place"]
    treated = geography.prefecture_of[place]
    travel = np.where(treated == home, codes.LOCAL, np.where(treated >= 0, codes.IN_PROVINCE, codes.CROSS_PROVINCE))
    pharmacy = world.institutions.is_pharmacy[rows["institution"]]
    return {
        "region": home,
        "scheme": codes.SCHEME_OF_INSUTYPE[rows["insutype"]],
        "status": codes.STATUS_OF_PERSON_TYPE[rows["person_type"]],
        "provider": pharmacy.astype(np.int64),
        "visit": np.where(pharmacy, codes.PHARMACY, codes.VISIT_AT_HOSPITAL[rows["care"]]),
        "two_disease": two_disease(rows),
        "tier": TIER_OF_GRADE[rows["grade"]],
        "travel": np.where(place < 0, codes.UNKNOWN_TRAVEL, travel),
        "destination": geography.destination_of[place],
        "place": codes.PLACE_OF_LOCATION[rows["location"]],
    }
