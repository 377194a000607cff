"""Verbs that answer questions: where a number comes from, which definitions hold, what to ask for.

Belongs here: calling the parts and printing. Does not belong here: the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dagster_project import handing_out, run
from dagster_project.china_time import today
from dagster_project.errors import ExitCode
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect

COUNTRY = "100000"


def explain(
    settings: Settings,
    indicator: str,
    year: int,
    region: str | None,
    scheme: str,
    month: int | None,
    to_date: bool,
    all_files: bool,
) -> ExitCode:
    """Print name, definition, parts, rows, files, checks and the published figure of one number."""
    from dagster_project.explain import explain_value, render

    require_loaded(settings)
    explanation = explain_value(settings, indicator, year, region=region, scheme=scheme, month=month, to_date=to_date)
    say(render(explanation, settings.language, all_files), settings.language)
    return ExitCode.DONE


def request(settings: Settings, to: Path, years: Sequence[int]) -> ExitCode:
    """Write the request sheet for the data centre: a bulletin compares each of its years with the one before."""
    from dagster_project.contracts.request_sheet import write_request_sheet

    handing_out.require_place(to)
    for path in write_request_sheet(to, sorted({asked for year in years for asked in (year - 1, year)})):
        say(Text(f"取数单：{path}", f"Request sheet: {path}"), settings.language)
    return ExitCode.DONE


def definitions(settings: Settings, years: Sequence[int], switch: str | None) -> ExitCode:
    """Print each definition choice, or one of them with all it touches."""
    from dagster_project.dictionary import load_province
    from dagster_project.explain.definition_list import render

    province = load_province(settings, home_province(settings))
    say(render(province, sorted(set(years)) or [today().year], switch, settings.language), settings.language)
    return ExitCode.DONE


def home_province(settings: Settings) -> str:
    """The province of the loaded data; the country, with the national defaults, before anything has landed."""
    if not settings.warehouse.exists():
        return COUNTRY
    with connect(settings) as connection:
        return run.province(connection) or COUNTRY
