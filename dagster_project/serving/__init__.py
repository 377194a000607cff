"""The database that BI tools open: one file, after disclosure control, replaced as a whole.

Belongs here: which tables and columns are served (`tables.yml`, an allow-list with the comments) and how the file is
made and replaced. Does not belong here: disclosure control itself (`disclosure/`), Dagster, dbt.
"""

from dagster_project.serving.publish import ServingReport, publish_serving
from dagster_project.serving.tables import ServedTable, load_tables

__all__ = ["ServedTable", "ServingReport", "load_tables", "publish_serving"]
