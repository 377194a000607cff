"""Identifiers that a spreadsheet has cut to fifteen digits and filled up with zeros: a file of such numbers is not taken in.

Belongs here: knowing them by the whole file. Does not belong here: cells that show that they were rounded (`values.py`), workbooks,
whose cells say that they are numbers (`workbook.py`).

A single 520102198713010000 may be somebody's number. That nearly all long numbers of a file end so is no chance: of 18 digits one
number in a thousand does. All columns of text are asked together, because Excel opens all of a file: a numbering of its own that
ends in zeros stands beside certificates and person numbers that do not.
"""

from __future__ import annotations

import duckdb

from dagster_project.ingest.plan import Plan
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

_KEPT = 15  # digits of a number that Excel keeps
_LONG, _CUT = f"[0-9]{{{_KEPT + 3},}}", f"[0-9]{{{_KEPT}}}000+"
_LOOKED_AT = 1000  # rows of the first look, which ends the matter for nearly every file
_SHARE = 0.9  # of the long numbers: rows added by hand are no proof against it
_FEWEST = 5  # different ones, so that chance has less than one in 10^15


def require_uncut(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Raise Refusal for a file whose long numbers end in zeros from the 16th digit on."""
    texts = [column for column in plan.present if column.type == "varchar" and column.length > _KEPT + 2]
    texts = [column for column in texts if not (column.code_set or column.form)]
    if not texts or not plan.source.rows:
        return
    cells = ", ".join(f'{plan.delivered(column)} as "{column.name}"' for column in texts)

    def asked(limit: str) -> tuple[int, int, dict[str, int]]:
        """Long numbers, how many of them are cut, and by column how many different ones are."""
        parts = []
        for name in (f'"{column.name}"' for column in texts):
            cut = f"regexp_full_match({name}, '{_CUT}')"
            parts += [
                f"count(*) filter (regexp_full_match({name}, '{_LONG}'))",
                f"count(*) filter ({cut})",
                f"count(distinct {name}) filter ({cut})",
            ]
        row = connection.execute(
            f"select {', '.join(parts)} from (select {cells} from {plan.source.relation} {limit})"
        ).fetchone()
        assert row is not None
        different = {column.name: int(row[3 * place + 2]) for place, column in enumerate(texts)}
        return sum(row[0::3]), sum(row[1::3]), {name: count for name, count in different.items() if count}

    # Nearly no file has one such number among its first rows: asking that alone takes half of planning to count them.
    some = " or ".join(f"regexp_full_match(\"{column.name}\", '{_CUT}')" for column in texts)
    first = f"select 1 from (select {cells} from {plan.source.relation} limit {_LOOKED_AT}) where {some} limit 1"
    if connection.execute(first).fetchone() is None:
        return
    for limit in (f"limit {_LOOKED_AT}", ""):
        numbers, cut, different = asked(limit)
        if not cut or cut < _SHARE * numbers:
            return
    # What never reaches raw does no harm.
    names = [column.name for column in texts if column.landed != "drop" and different.get(column.name, 0) >= _FEWEST]
    if not names:
        return
    raise Refusal(
        Text(
            f"{'、'.join(names)} 的长编号从第 16 位起都是 0（{cut:,} 个单元格）：文件被 Excel 打开并另存过，只留下 15 位，不同的人或结算会变成一个，"
            "整份未入库；请从源系统把编号按文本重新导出，不要经过 Excel。",
            f"The long numbers of {', '.join(names)} all end in zeros from the 16th digit on ({cut:,} cells): the file was opened and "
            "saved by Excel, which keeps 15 digits, so that different persons or settlements become one. Nothing was loaded; export "
            "the identifiers again as text, not through Excel.",
        )
    )
