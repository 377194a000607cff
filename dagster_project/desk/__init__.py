"""The statistician's desk: what a person decides about data that have come in, on record.

Belongs here: taking a file out again, the quarantine, unmapped codes, findings taken as they are. Does not belong here: taking
files in (`ingest/`), judging (`checks/`), the words of the commands (`verbs/`).
"""
