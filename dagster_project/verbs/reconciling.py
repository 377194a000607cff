"""`bulletin reconcile`: a bureau's own figures of past years against ours.

Belongs here: the order of the steps, what goes to the terminal and to a file. Does not belong here: reading, matching and reasons
(`reconcile/`), forms (`reconciling_forms.py`), computing the layer aside (`indicator_trial.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.china_time import today
from dagster_project.dictionary import load_switches
from dagster_project.dictionary.definitions import Province, load_province
from dagster_project.dictionary.variants import read_variant
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.vintages import region_names
from dagster_project.handing_out import require_workbook, whole_file
from dagster_project.indicator_trial import facts_needed, trial
from dagster_project.language import Text
from dagster_project.reconcile.answer import answer_sheets, summary, template
from dagster_project.reconcile.forms import read_form_cells
from dagster_project.reconcile.matching import DIFFERS, LAST_DIGIT, Matched, matched, ours_by_key
from dagster_project.reconcile.reading import read_stated
from dagster_project.reconcile.reasons import Key, Reason, candidates, cheap_reason, definition_reasons, facts_reason
from dagster_project.settings import Settings, now
from dagster_project.sheets import book_of, print_sheet
from dagster_project.terminal import say
from dagster_project.verbs.asking import home_province
from dagster_project.verbs.reconciling_forms import reconcile_forms
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import reading_working


def reconcile(
    settings: Settings, file: Path | None, year: int | None, to: Path | None, example: Path | None
) -> ExitCode:
    """Print what differs with what would explain it, and write everything where asked; nothing of the home changes."""
    for path in (to, example):
        if path is not None:
            require_workbook(path)
    if example is not None:
        return _write_example(settings, example)
    if file is None:
        raise UserError(
            Text("请写明要核对的工作簿。", "Say which workbook to reconcile."),
            where="bulletin reconcile FILE.xlsx",
            todo=Text(
                "bulletin reconcile --template 样表.xlsx 写一份样表。",
                "`bulletin reconcile --template FILE.xlsx` writes an example.",
            ),
        )
    require_loaded(settings)
    cells, left = read_form_cells(file)
    if cells or left:
        return reconcile_forms(settings, cells, left, to)
    stated, unread = read_stated(file, year)
    province = home_province(settings)
    ours, frozen = _own_values(settings)
    regions = {code: name for code, name in region_names(settings).items() if code in {key[2] for key in ours}}
    found = matched(stated, ours, regions, province)
    reasons = _reasons(settings, found, ours, frozen, load_province(settings, province))
    sheets = answer_sheets(found, reasons, unread, regions)
    if to is not None:  # before anything is shown: who pipes it into `head` wants the file all the same
        with whole_file(to) as place:
            place.write_bytes(book_of(sheets, settings.language, now()))
    say(summary(found, unread), settings.language)
    for sheet in sheets[:2]:
        if sheet.rows:
            print_sheet(sheet, settings.language)
    if to is not None:
        say(Text(f"全部核对：{to}", f"All of it: {to}"), settings.language)
    return ExitCode.DONE


def _write_example(settings: Settings, path: Path) -> ExitCode:
    last = today().year - 1
    with whole_file(path) as place:
        place.write_bytes(book_of([template((last - 1, last))], settings.language, now()))
    say(Text(f"样表：{path}", f"Example: {path}"), settings.language)
    return ExitCode.DONE


def _own_values(settings: Settings) -> tuple[dict[Key, float], dict[str, dict[Key, float]]]:
    """Working annual wholes before disclosure control, and those of every frozen vintage by its name."""
    with reading_working(settings) as working:
        try:
            ours = ours_by_key(working.execute("select * from indicator.indicator_value").pl())
        except duckdb.CatalogException as error:
            raise UserError(
                Text("指标表还不存在。", "There is no indicator table yet."),
                where=str(settings.warehouse),
                todo=Text("先运行 bulletin run。", "Run bulletin run first."),
            ) from error
        try:
            kept = working.execute("select * from publication.frozen_value").pl()
        except duckdb.CatalogException:
            return ours, {}
    by_vintage = kept.partition_by("vintage", as_dict=True) if kept.height else {}
    return ours, {str(vintage): ours_by_key(values) for (vintage,), values in by_vintage.items()}


def _reasons(
    settings: Settings,
    found: Sequence[Matched],
    ours: Mapping[Key, float],
    frozen: Mapping[str, Mapping[Key, float]],
    present: Province,
) -> dict[Matched, Reason]:
    switches = load_switches()
    apart = [one for one in found if one.verdict in (DIFFERS, LAST_DIGIT)]
    reasons = {one: reason for one in apart if (reason := cheap_reason(one, ours, frozen))}
    open_ones = [one for one in apart if one not in reasons]
    if not open_ones:
        return reasons
    of_facts = facts_needed(settings, list(switches))
    tried = candidates(open_ones, switches, present, of_facts)
    if tried:
        say(
            Text(
                f"有 {len(open_ones)} 个数不符，逐项试 {len(tried)} 个口径取值 …",
                f"{len(open_ones)} figures differ; trying {len(tried)} values of choices ...",
            ),
            settings.language,
        )
        with trial(settings) as layer:

            def values_under(choice: str, value: str, year: int) -> Mapping[Key, float]:
                province = read_variant(settings, f"{choice}={value}", present.code).province
                computed: pl.DataFrame = layer.values(province, year)
                return ours_by_key(computed)

            reasons |= definition_reasons(open_ones, tried, values_under, switches)
    for one in open_ones:
        if one not in reasons and (reason := facts_reason(one, of_facts, switches)):
            reasons[one] = reason
    return reasons
