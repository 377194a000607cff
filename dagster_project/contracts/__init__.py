"""Contracts of the extracts: columns, types, keys, codes, row rules, severity, owner; one YAML an extract.

Belongs here: what a delivery must look like. Does not belong here: how files are read (`ingest/`), core and indicator
checks (`checks/`).
"""

from dagster_project.contracts.load import load_contracts, null_words
from dagster_project.contracts.model import Column, Contract, Rule, Thresholds
from dagster_project.contracts.request_sheet import write_request_sheet

__all__ = ["Column", "Contract", "Rule", "Thresholds", "load_contracts", "null_words", "write_request_sheet"]
