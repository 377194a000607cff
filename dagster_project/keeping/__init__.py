"""Keeping what a home holds: what must lie in it, whether it still does, copies and the way back from them.

Belongs here: the inventory (`inventory.py`), verification (`verify.py`), backup and restore. Does not belong here: intake, which
writes the inventory down (`ingest/load.py`), messages of the verbs (`verbs/keeping.py`). Knows no Dagster.
"""
