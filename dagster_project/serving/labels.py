"""Names of labels for BI tools: `labels.yml`, and what of code sets and regions stands in served columns.

Belongs here: the dimension table of labels and the words of a column's comment. Does not belong here: which label a figure has
(dbt), which columns are served (`tables.yml`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import duckdb
import polars as pl
import yaml

from dagster_project.language import Text

FILE = Path(__file__).with_name("labels.yml")
_COLUMNS = ("label", "member", "name_zh", "name_en")
# Labels whose members are codes with names of their own: the code set of the seeds, and the list of regions.
_CODED = {
    "hosp_lv": "select 'hosp_lv', code, name_zh, name_en from seed.code_set where set_name = 'hosp_lv' and scope <> 'local pattern'",
    "origin_province": "select 'origin_province', code, name_zh, name_en from seed.admdvs where right(code, 4) = '0000' and code <> '100000'",
    "geography": "select 'geography', code, name_zh, name_en from seed.admdvs "
    "where code in (select geography from indicator.published_reference)",
}


@lru_cache(maxsize=1)
def load_labels() -> dict[str, dict[str, Text]]:
    """Names of members by label, in the order of the file."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {label: {str(member): Text(*pair) for member, pair in members.items()} for label, members in content.items()}


def named(label: str, member: str, language: str) -> str:
    """The name of a member, the member itself where it has none."""
    known = load_labels().get(label, {}).get(member)
    return member if known is None else known.in_language(language)


def comment(text: Text, label: str) -> Text:
    """A column's text with the members of the label it holds, so that no value is left without a meaning."""
    members = load_labels().get(label)
    if not members:
        return text
    return Text(
        f"{text.zh}：" + "，".join(f"{member} {name.zh}" for member, name in members.items()),
        f"{text.en}: " + ", ".join(f"{member} ({name.en})" for member, name in members.items()),
    )


def dim_label(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row a label and member, with its names."""
    rows = [
        (label, member, name.zh, name.en)
        for label, members in load_labels().items()
        for member, name in members.items()
    ]
    tables = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
    }
    if {"seed.code_set", "seed.admdvs", "indicator.published_reference"} <= tables:
        for query in _CODED.values():
            rows += connection.execute(f"{query} order by all").fetchall()
    return pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row").unique(maintain_order=True)
