"""A second, independent computation of the headline indicators, straight from the landed files.

Belongs here: reading the delivered files, validating rows and applying the rulings with polars, sharing nothing with
the warehouse. Does not belong here: anything imported from `dagster_project`; agreement between two copies of the same
code would prove nothing.
"""

from tests.second_route.route import SecondRoute, second_route

__all__ = ["SecondRoute", "second_route"]
