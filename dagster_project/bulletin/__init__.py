"""The bulletin: document model, text grammar, charts, renderers, release descriptor, freezing.

Belongs here: everything between the indicator tables and the files people read. Does not belong here: computing an
indicator, SQL beyond reading tables, Dagster.
"""

from dagster_project.bulletin.frozen import FreezeReport, freeze
from dagster_project.bulletin.publication import PublicationReport, make_publication

__all__ = ["FreezeReport", "PublicationReport", "freeze", "make_publication"]
