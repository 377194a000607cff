"""Where a number comes from: definition, terms, cells, rows, files, checks, published figure.

Belongs here: reading what the warehouse knows about one value and putting it into words. Does not belong here: any
computation of the value itself (dbt), the command line.
"""

from dagster_project.explain.model import Explanation
from dagster_project.explain.render import render
from dagster_project.explain.trace import explain, explain_value

__all__ = ["Explanation", "explain", "explain_value", "render"]
