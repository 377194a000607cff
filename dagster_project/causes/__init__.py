"""How much each cause moved the numbers of two vintages (L85): the steps between them computed one after the other.

Belongs here: a home of its own that holds one step after another, the definitions of a vintage, the order of the work. Does not
belong here: which rows are of which cause (`explain/between.py`), parts of a change (`explain/waterfall.py`), wording.
"""

from dagster_project.causes.steps import split

__all__ = ["split"]
