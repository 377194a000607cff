"""The executable indicator dictionary and the definition choices of the provinces.

Belongs here: reading both, checking them, compiling formulas to linear terms, evaluating the identities of published
figures, and writing all of it to `ops`. Does not belong here: figures from extracts (dbt), Dagster.
"""

from dagster_project.dictionary.definitions import Province, Switch, load_province, load_switches
from dagster_project.dictionary.expression import FormulaError, parse
from dagster_project.dictionary.indicators import Indicator, load_indicators, load_units
from dagster_project.dictionary.load import definition_id, load_dictionary
from dagster_project.dictionary.published import IdentityResult, evaluate_identities

__all__ = [
    "FormulaError",
    "IdentityResult",
    "Indicator",
    "Province",
    "Switch",
    "definition_id",
    "evaluate_identities",
    "load_dictionary",
    "load_indicators",
    "load_province",
    "load_switches",
    "load_units",
    "parse",
]
