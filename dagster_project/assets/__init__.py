"""Dagster's view of the warehouse: thin assets, one module a stage; every one of them calls a function that knows no Dagster.

Belongs here: keys, groups, descriptions, metadata, the order of stages. Does not belong here: logic of any kind.
"""
