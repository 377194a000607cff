"""`bulletin reconcile` of a workbook of forms: a bureau's own cells against ours.

Belongs here: which definitions are tried, in which order, what goes to the terminal and to a file. Does not belong here: reading and
comparing cells (`reconcile/forms.py`), filling forms (`forms/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from dagster_project.dictionary import load_switches
from dagster_project.dictionary.definitions import load_province
from dagster_project.dictionary.variants import read_variant
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.vintages import region_names
from dagster_project.forms.filling import MODELS, fill
from dagster_project.handing_out import whole_file
from dagster_project.indicator_trial import facts_needed, trial
from dagster_project.language import Text
from dagster_project.reconcile.forms import (
    ComparedCell,
    Ours,
    StatedCell,
    answer_of_forms,
    cells_by_place,
    compared_cells,
    explained,
    summary_of_forms,
)
from dagster_project.reconcile.matching import region_code
from dagster_project.reconcile.reading import Unread
from dagster_project.settings import Settings, now
from dagster_project.sheets import book_of, print_sheet
from dagster_project.terminal import say
from dagster_project.verbs.asking import home_province
from dagster_project.warehouse import connect

BUREAU = "bureau"
_SHOWN = 20  # rows of each table on the terminal


def reconcile_forms(
    settings: Settings, stated: Sequence[StatedCell], unread: Sequence[Unread], to: Path | None
) -> ExitCode:
    """Print the cells that differ with what would explain them, and write everything where asked; nothing of the home changes."""
    province = home_province(settings)
    names = region_names(settings)
    regions = {one.region: _region(one.region, names, province) for one in stated}
    years = sorted({one.where[3] for one in stated})
    with connect(settings) as layer:
        cells = compared_cells(stated, _ours(layer, regions, years, province))
    if any(one.is_open for one in cells):
        cells = _tried(settings, cells, regions, years, province)
    sheets = answer_of_forms(cells, unread)
    if to is not None:  # before anything is shown: who pipes it into `head` wants the file all the same
        with whole_file(to) as place:
            place.write_bytes(book_of(sheets, settings.language, now()))
    for line in summary_of_forms(cells, unread):
        say(line, settings.language)
    for sheet in sheets[:2]:
        if sheet.rows:
            left = len(sheet.rows) - _SHOWN
            more = Text(
                f"还有 {left} 行：--to 核对.xlsx 存下全部。", f"{left} rows more: --to FILE.xlsx keeps all of them."
            )
            print_sheet(replace(sheet, rows=sheet.rows[:_SHOWN], note=more if left > 0 else None), settings.language)
    if to is not None:
        say(Text(f"全部核对：{to}", f"All of it: {to}"), settings.language)
    return ExitCode.DONE


def _region(name: str, names: Mapping[str, str], province: str) -> str:
    code = region_code(name, names, province)
    if code is None:
        raise UserError(
            Text(f"不认识报表上的地区：{name}", f"The form names a region that is not known: {name}"),
            where=name,
            todo=Text(
                "写全省、市州的名称或代码，例如“贵阳市”或 520100。",
                "Write the name or code of the province or a prefecture.",
            ),
        )
    return code


def _ours(
    layer: duckdb.DuckDBPyConnection, regions: Mapping[str, str], years: Sequence[int], province: str
) -> Callable[[StatedCell], Ours]:
    """Our cells of the region and year of a stated one."""
    try:
        filled = {year: fill(layer, year, province).cells for year in years}
    except duckdb.CatalogException as error:
        raise UserError(
            Text("还没有报表所用的汇总。", "What the forms are filled from has not been made yet."),
            where="indicator.form_care",
            todo=Text("先运行 bulletin build。", "Run `bulletin build` first."),
        ) from error
    found = {(region, year): cells_by_place(filled[year], code) for region, code in regions.items() for year in years}
    return lambda one: found[one.region, one.where[3]]


def _definitions(settings: Settings, years: Sequence[int], province: str) -> list[tuple[str, Text]]:
    """What a bureau may have filled its forms under: each choice in which bureaus usually differ, all of these together, then every
    other value of every choice that needs no facts."""
    switches, present = load_switches(), load_province(settings, province)
    of_facts = facts_needed(settings, list(switches))
    bureau = read_variant(settings, BUREAU, province).province
    usual: list[tuple[str, Text]] = []
    others: list[tuple[str, Text]] = []
    for name, switch in switches.items():
        for value in switch.values if name not in of_facts else ():
            if value.endswith("_n") or all(value == present.choice(name, year) for year in years):
                continue
            label, meaning = switch.label, switch.text(value)
            told = Text(
                f"口径“{label.zh}”取“{meaning.zh}”（{name}={value}）时相同",
                f'the same with "{meaning.en}" for {label.en} ({name}={value})',
            )
            is_usual = any(value == bureau.choice(name, year) for year in years)
            (usual if is_usual else others).append((f"{name}={value}", told))
    together = Text(
        "地市经办报表的各项口径一并采用（--definitions bureau）时相同",
        "the same under all of a bureau's definitions (--definitions bureau)",
    )
    return [*usual, (BUREAU, together), *others]


def _tried(
    settings: Settings, cells: list[ComparedCell], regions: Mapping[str, str], years: Sequence[int], province: str
) -> list[ComparedCell]:
    """The cells with the first of these definitions that explains each; stops when nothing is left to explain."""
    tried = _definitions(settings, years, province)
    count = sum(one.is_open for one in cells)
    say(
        Text(
            f"有 {count} 格不符，逐项试 {len(tried)} 个口径取值 …",
            f"{count} cells differ; trying {len(tried)} definitions ...",
        ),
        settings.language,
    )
    with trial(settings, *MODELS) as aside:
        for variant, reason in tried:
            if not any(one.is_open for one in cells):
                break
            layer = aside.computed(read_variant(settings, variant, province).province)
            cells = explained(cells, _ours(layer, regions, years, province), reason)
    return cells
