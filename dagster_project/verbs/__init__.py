"""What the verbs of the command line do: `running` (the job and its parts), `making` (files), `asking` (questions).

Belongs here: calling the functions that Dagster calls, and printing what they say. Does not belong here: options
(`cli.py`), logic.
"""
