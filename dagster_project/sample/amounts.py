"""Money of a settlement row in fen: fee, its four components, the funds, and what the person pays.

Belongs here: the split of one fee such that I1, I2, I3 and I4a hold exactly, in integers. Does not belong here: mirrors
and supplements (`stories.py`), the split into lines (`fee_lines.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.hashing import QUANTILES, Bits, Integers, lognormal_table, part
from dagster_project.sample.identities import is_listed
from dagster_project.sample.people import ENTERPRISE, GOVERNMENT, RESIDENT

if TYPE_CHECKING:
    from dagster_project.sample.world import World

FUNDS = (
    "pool",
    "civil_servant",
    "supplementary",
    "serious_illness",
    "large_amount",
    "disabled",
    "assistance",
    "other_fund",
)
COMPONENTS = ("own", "over_limit", "pre_pay", "scope")
AMOUNTS = (
    "fee",
    *COMPONENTS,
    "deductible",
    *FUNDS,
    "fund",
    "personal",
    "account",
    "family_account",
    "cash",
    "hospital_part",
)
_DEDUCTIBLE = np.array([[80_000, 50_000, 20_000], [60_000, 30_000, 10_000]], dtype=np.int64)
# The own part of one stay from which serious-illness insurance pays; the real one is of a year, over several stays.
_SERIOUS = 250_000
_OUTPATIENT_TIER = np.array([150, 100, 70], dtype=np.int64)
# Per 10,000 of the fee outside the catalogue, and of the scope paid by the pool (employee, resident), by kind name.
_RULES = {
    "pharmacy": (2600, 0, 0),
    "outpatient": (700, 6000, 5200),
    "chronic": (400, 7800, 6300),
    "emergency": (900, 5500, 4500),
    "maternity_outpatient": (500, 8500, 4000),
    "maternity_inpatient": (600, 9300, 7000),
    "home_bed": (300, 8500, 6800),
    "registration": (0, 0, 0),
    "chronic_at_pharmacy": (500, 7500, 6000),
    "purchase_at_hospital": (2600, 0, 0),
    "inpatient_code_at_pharmacy": (800, 6000, 5000),
}


def add_amounts(world: World, columns: dict[str, NDArray[np.int64]], source: Bits, other: Bits) -> None:
    """Add every amount column (fen) to the drawn rows."""
    table = world.calibration
    kind, tier = columns["kind"], columns["tier"]
    resident = (columns["category"] == RESIDENT).astype(np.int64)
    names = [k.name for k in table.kinds]
    bed = kind == names.index("inpatient")
    rules = dict(_RULES)
    rules["inpatient"] = (table.ratio("inpatient_own"), table.ratio("employee_pool"), table.ratio("resident_pool"))

    fee = _fees(world, columns, source, bed, resident)
    own_rate = np.array([rules[name][0] for name in names], dtype=np.int64)[kind]
    own = fee * (own_rate * (50 + part(source, 12, 7) * 100 // 127) // 100) // 10_000
    over_rate = np.where(bed, table.ratio("inpatient_over_limit") * 2, 60)
    over = fee * (over_rate * part(source, 19, 7) // 127) // 10_000
    pre_rate = np.where(
        bed,
        10_000 - table.ratio("inpatient_scope") - table.ratio("inpatient_own") - table.ratio("inpatient_over_limit"),
        350,
    )
    pre = fee * (pre_rate * (50 + part(source, 26, 7) * 100 // 127) // 100) // 10_000
    scope = fee - own - over - pre

    deductible = np.minimum(scope, np.where(bed, _DEDUCTIBLE[resident, tier], 0))
    pool_rate = np.array([rules[name][1:] for name in names], dtype=np.int64)[kind, resident]
    # One employee purchase in six is paid under outpatient pooling at the pharmacy.
    pooled_purchase = (kind == names.index("pharmacy")) & (resident == 0) & (part(other, 0, 10) < 170)
    pool_rate = np.where(pooled_purchase, 6000, pool_rate)
    no_pool = ~bed & (part(other, 10, 7) < 8)
    pool_rate = np.where(no_pool, 0, pool_rate + part(other, 17, 9) - 256)
    pool = (scope - deductible) * np.clip(pool_rate, 0, 9_900) // 10_000
    pool = np.where(pool_rate <= 0, 0, pool)
    funds = _other_funds(columns, other, bed, resident, scope - pool, pool)
    fund = pool + sum(funds.values(), start=pool * 0)
    hospital = np.where(bed & (part(other, 26, 6) == 0), (fee - fund) // 20, 0)
    personal = fee - fund - hospital
    share = np.where(
        resident == 1, 0, np.where(kind == names.index("pharmacy"), 60 + part(other, 32, 6), 30 + part(other, 32, 6))
    )
    account = personal * np.minimum(share, 100) // 100
    family = np.where(part(other, 38, 4) == 0, account * (20 + part(other, 42, 6)) // 100, 0)
    columns |= {"fee": fee, "own": own, "over_limit": over, "pre_pay": pre, "scope": scope, "deductible": deductible}
    columns |= {"pool": pool, **funds, "fund": fund, "personal": personal, "account": account}
    columns |= {"family_account": family, "cash": personal - account, "hospital_part": hospital}


def _fees(
    world: World, columns: dict[str, NDArray[np.int64]], source: Bits, bed: NDArray[np.bool_], resident: Integers
) -> Integers:
    """Fee of each row: mean of kind and tier, times a lognormal quantile, never below one yuan."""
    kinds = world.calibration.kinds
    tables = np.array([lognormal_table(k.sigma) for k in kinds], dtype=np.int64).reshape(-1)
    inpatient = world.calibration.parameters["inpatient"]
    mean_bed = np.array([inpatient["employee"]["mean_fen"], inpatient["resident"]["mean_fen"]], dtype=np.int64)
    mean = np.array([k.mean_fen for k in kinds], dtype=np.int64)[columns["kind"]]
    mean = np.where(bed, mean_bed[resident, columns["tier"]], mean * _OUTPATIENT_TIER[columns["tier"]] // 100)
    shape = tables[columns["kind"] * QUANTILES + part(source, 0, 12)]
    fee = mean * shape // 10_000 * (9_000 + part(source, 33, 11)) // 10_024
    result: Integers = np.maximum(fee, 100)
    return result


def _other_funds(
    columns: dict[str, NDArray[np.int64]],
    other: Bits,
    bed: NDArray[np.bool_],
    resident: Integers,
    rest: Integers,
    pool: Integers,
) -> dict[str, Integers]:
    """Funds beside the pool, each taken from what the one before left of the scope (`rest`)."""
    zero = np.zeros(len(rest), dtype=np.int64)
    heavy = bed | (pool > 50_000)
    office = (resident == 0) & (columns["group"] == GOVERNMENT) & heavy
    civil = np.where(office, rest * 30 // 100, zero)
    rest = rest - civil
    extra = (resident == 0) & (columns["group"] == ENTERPRISE) & heavy & (part(other, 48, 5) == 0)
    supplementary = np.where(extra, rest // 10, zero)
    rest = rest - supplementary
    serious = np.where((resident == 1) & bed, np.maximum(rest - _SERIOUS, 0) * 60 // 100, zero)
    large = np.where((resident == 0) & bed, np.maximum(rest - 600_000, 0) * 70 // 100, zero)
    rest = rest - serious - large
    disabled = np.where((columns["rank"] % 4_999 == 11) & heavy, rest // 2, zero)
    rest = rest - disabled
    # Assistance completes what the pool has paid, of small bills too.
    poor = (is_listed(columns["category"], columns["rank"]) == 1) & (bed | (pool > 0))
    assistance = np.where(poor, rest * 70 // 100, zero)
    rest = rest - assistance
    other_fund = np.where(heavy & (part(other, 53, 10) == 0), rest // 20, zero)
    return {
        "civil_servant": civil,
        "supplementary": supplementary,
        "serious_illness": serious,
        "large_amount": large,
        "disabled": disabled,
        "assistance": assistance,
        "other_fund": other_fund,
    }
