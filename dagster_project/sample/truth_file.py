"""The content of truth.json, put together from the bookkeeping of the writers.

Belongs here: names of the sections and the nine kinds of reversal. Does not belong here: counting.
"""

from __future__ import annotations

from typing import Any

from dagster_project.sample import (
    benefit_tables,
    enrolment_truth,
    file_truth,
    identity_list,
    institution_payments,
    ledger,
    outsiders,
    reference_tables,
    spending,
    stories,
    transfers,
)
from dagster_project.sample.benefit_tables import allowance_truth
from dagster_project.sample.files import WrittenFile
from dagster_project.sample.master_files import MasterTruth
from dagster_project.sample.settlement_truth import SettlementTruth
from dagster_project.sample.world import World

_PAIR_STORIES = {
    "same_month": ("same_month", "lost_stay"),
    "cross_month": ("cross_month",),
    "cross_year": ("cross_year",),
    "mirror_without_original": ("mirror_without_original",),
    "flagged_without_mirror": ("flagged_without_mirror",),
    "partial_return": ("partial_return",),
    "reversal_of_reversal": ("reversal_of_reversal",),
    "redo_after_reversal": ("redo_after_reversal", "redo_stay"),
    "unflagged_original": ("unflagged_original",),
}


def truth_content(
    world: World,
    written: list[WrittenFile],
    settlement: SettlementTruth,
    master: MasterTruth,
    spent: spending.Spending,
    book: list[ledger.LedgerRow],
) -> dict[str, Any]:
    """Everything truth.json says; the package's docstring explains it."""
    events = {name: sum(stories.count(world, name, month) for month in world.months) for name in stories.NAMES}
    fund = ledger.ledger_truth(book, ledger.revision(world, book))
    superseded = {"setl_d": settlement.superseded, **master.superseded}
    ordered = sorted(written, key=lambda file: file.relative)
    return {
        "synthetic": True,
        "seed": world.seed,
        "scale": world.scale,
        "province": world.geography.province,
        "years": list(world.years),
        "files": [
            {
                "file": file.relative,
                "extract": file.extract,
                "rows_read": file.rows,
                "rows_quarantined": sum(file.broken.values()),
                "refused": False,
            }
            for file in ordered
        ],
        "defects": [
            {"kind": rule, "extract": file.extract, "file": file.relative, "rows": rows}
            for file in ordered
            for rule, rows in sorted(file.broken.items())
        ],
        "reversals": {kind: sum(events[name] for name in names) for kind, names in _PAIR_STORIES.items()},
        "events": events,
        "versions": {extract: {"superseded": rows} for extract, rows in sorted(superseded.items())},
        "cells": settlement.as_json(world)
        | {
            "enrolment": enrolment_truth.as_json(world, master.enrolment),
            "premium_subsidy": enrolment_truth.subsidies_as_json(world, master.subsidy),
            "person_file": file_truth.as_json(master.files),
            "listed": identity_list.as_json(world, master.listed),
            "fund": fund,
            "fund_bridge": spending.bridge_truth(world, spent, fund),
            "population": reference_tables.population_truth(world),
            "maternity_allowance": allowance_truth(world, master.allowance),
            "reported": reference_tables.return_truth(world),
            "network": reference_tables.network_truth(world),
            "filing": benefit_tables.filing_truth(world, master.filing),
            "outsider": outsiders.as_json(world, master.outsider),
            "transfer": transfers.as_json(world, master.transfer),
            "payment": institution_payments.payment_truth(world),
        },
    }
