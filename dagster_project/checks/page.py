"""`checks.html`: what the checks found last, for people; one file that needs no network.

Belongs here: gathering what the page shows, and what of it may lie beside a publication (L29). Does not belong here: its look
(`checks.html.j2`), judging, thresholds.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.model import STAGES, CheckResult, Rule, Stage, Status
from dagster_project.checks.samples import SAMPLE_ROWS, sample_rows
from dagster_project.checks.store import last_judged, newest_results
from dagster_project.china_time import shown
from dagster_project.disclosure import load_parameters
from dagster_project.durable import durable_step
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.warehouse import connect

STATUS_TEXT: dict[Status, Text] = {
    "fail": Text("未通过", "failed"),
    "error": Text("未能运行", "could not run"),
    "warn": Text("需留意", "to look at"),
    "pass": Text("通过", "passed"),
    "not_applicable": Text("不适用", "not applicable"),
}
STAGE_TEXT = {
    "landing": Text("来源入库", "Landing"),
    "core": Text("核心层", "Core"),
    "indicator": Text("指标层", "Indicators"),
    "publication": Text("出版", "Publication"),
}
# What a check of these stages counts are persons and their settlements and stays; elsewhere files, rows as delivered, figures.
_OF_PERSONS: tuple[Stage, ...] = ("core",)
_LABEL = re.compile(r"(^|_)(id|code|year|month|date|row|from|to)$")
_AMOUNT = re.compile(r"^-?[0-9,]+(\.[0-9]+)?$")


@dataclass(frozen=True)
class Entry:
    """One check as the page shows it.

    `note` says why it could not run or does not apply; `columns` are the names over the sample rows and whether they
    hold amounts, which are set flush right; `withheld` names the counts that the page does not tell.
    """

    result: CheckResult
    rule: Rule
    note: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Any, ...], ...] = ()
    withheld: frozenset[str] = frozenset()


def render_checks_page(settings: Settings, path: Path, is_published: bool = False) -> Path:
    """Write the page of the newest results of all stages to `path`, replacing what is there, and return the path.

    It says of each stage which run judged it and when: a run that judges one stage leaves the others as they were. The page
    of a home tells everything. A published one (L29) lies beside a bulletin that withholds small cells: no rows, no queries,
    no message of a check that failed to run, and no small count of persons.
    """
    minimum = load_parameters().min_cell
    with connect(settings) as connection:
        judged, results = last_judged(connection), newest_results(connection)
        if is_published:
            entries = [_published_entry(result, minimum) for result in results]
        else:
            entries = [_entry(connection, result) for result in results]
        meta = _meta(connection)
    html = _template().render(
        made_at=now(),
        judged={one.stage: one for one in judged},
        province=meta.get("province", ""),
        synthetic=meta.get("synthetic", "").lower() == "true",
        as_of=meta.get("as_of", ""),
        counts=Counter(entry.result.status for entry in entries),
        stages={
            stage: [entry for entry in entries if entry.result.stage == stage]
            for stage in STAGES
            if any(entry.result.stage == stage for entry in entries)
        },
        attention=sorted(
            (entry for entry in entries if entry.result.status in ("fail", "error", "warn")),
            key=lambda entry: (not entry.result.blocking, list(STATUS_TEXT).index(entry.result.status)),
        ),
        blocking=[entry for entry in entries if entry.result.blocking],
        holding=[entry for entry in entries if entry.result.holds_release],
        status_text=STATUS_TEXT,
        stage_text=STAGE_TEXT,
        sample_rows=SAMPLE_ROWS,
        minimum=minimum,
        is_published=is_published,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(html, encoding="utf-8")
    with durable_step("checks.page.rename"):
        draft.replace(path)
    return path


def _rule_of(result: CheckResult) -> Rule:
    """The rule of a result; a rule that has left the catalogue since speaks through what its result kept."""
    known = catalogue().get(result.check_name)
    if known:
        return known
    name, again = Text(result.check_name, result.check_name), Text("重新检查。", "Check again.")
    gone = Text("这一版已没有这项检查。", "This version has no such check any more.")
    return Rule(
        id=result.check_name, stage=result.stage, table=result.table_name, severity=result.severity, threshold=0,
        at_least=1, finding=False, blocks=result.blocks, needs=(), title=name, meaning=gone, todo=again, hurts=gone,
    )  # fmt: skip


def _note(result: CheckResult, rule: Rule) -> str:
    return result.help.removesuffix(rule.help).rstrip(" |")


def _published_entry(result: CheckResult, minimum: int) -> Entry:
    rule = _rule_of(result)
    note = _note(result, rule) if result.status == "not_applicable" else ""  # a failure's message may quote a row
    withheld = _withheld(result, minimum) if result.stage in _OF_PERSONS else frozenset()
    return Entry(replace(result, rows_query=""), rule, note, (), withheld=withheld)


def _withheld(result: CheckResult, minimum: int) -> frozenset[str]:
    """Which counts would tell of fewer persons than may be published: those found, all, or the difference of the two."""
    found, total = result.unexpected or 0, result.total or 0
    small = {"unexpected": found, "rest": total - found, "total": total}
    names = {name for name, count in small.items() if 0 < count < minimum}
    return frozenset(names | {"unexpected"} if names else names)


def _entry(connection: duckdb.DuckDBPyConnection, result: CheckResult) -> Entry:
    rule = _rule_of(result)
    note = _note(result, rule)
    rows: tuple[dict[str, Any], ...] = ()
    if result.status in ("fail", "warn") and result.rows_query:
        try:
            rows = sample_rows(connection, result.rows_query)
        except duckdb.Error:  # the tables have moved on since the run; the query on the page still says what to ask
            rows = ()
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)] if rows else []
    columns = tuple((name, all(_is_amount(name, row[name]) for row in rows)) for name in names)
    return Entry(result, rule, note, columns, tuple(tuple(_cell(name, row[name]) for name in names) for row in rows))


def _is_amount(name: str, value: Any) -> bool:
    """Whether a value is a quantity: codes, years and months are labels even where they are numbers."""
    if _LABEL.search(name) or isinstance(value, bool):
        return False
    return value is None or isinstance(value, int | float) or bool(_AMOUNT.match(str(value)))


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return str(value) if _LABEL.search(name) or isinstance(value, bool) else _number(value)


def _meta(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        return dict(connection.execute("select key, value from ops.meta").fetchall())
    except duckdb.CatalogException:
        return {}


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["moment"] = _moment
    return environment.get_template("checks.html.j2")


def _number(value: Any) -> str:
    """Digits with separators; at most four decimals; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


def _moment(value: datetime) -> str:
    return f"{shown(value)} 北京时间 China time"
