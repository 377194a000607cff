"""`bulletin forms`: the official forms filled from the warehouse, with the cross-form rules.

Belongs here: year, region, quarter and definitions asked for, what goes to the terminal and to a file. Does not belong here:
cells, rules and the workbook (`forms/`), judging (`checks/forms.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.checks.catalogue import form_rules
from dagster_project.checks.forms import judge_forms
from dagster_project.checks.model import CheckResult
from dagster_project.dictionary.variants import read_variant
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.reading import is_synthetic
from dagster_project.explain.vintages import region_names
from dagster_project.forms.filling import MODELS, Filled, fill
from dagster_project.forms.model import load_forms
from dagster_project.forms.rules import compared
from dagster_project.forms.workbook import INTERNAL, forms_book
from dagster_project.handing_out import require_place, require_workbook, whole_file
from dagster_project.indicator_trial import trial
from dagster_project.language import Text
from dagster_project.reconcile.matching import region_code
from dagster_project.settings import Settings, now
from dagster_project.terminal import say
from dagster_project.verbs.asking import home_province
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import connect, reading_working

PRESENT = "present"
_SHOWN = 3  # cells named on the terminal for each rule that failed


def forms(settings: Settings, year: int, quarter: int | None, region: str | None, variant: str, to: Path) -> ExitCode:
    """Write the forms; exit code 1 when a rule of severity error does not hold. Nothing of the home changes."""
    require_loaded(settings)
    _require_form_of(to, settings)
    province = home_province(settings)
    names = region_names(settings)
    with _layer(settings, variant, province) as layer:
        try:
            filled = fill(layer, year, province)
            years = [
                of for (of,) in layer.execute("select distinct year from indicator.form_care order by 1").fetchall()
            ]
        except duckdb.CatalogException as error:
            raise UserError(
                Text("还没有报表所用的汇总。", "What the forms are filled from has not been made yet."),
                where=str(settings.warehouse),
                todo=Text("先运行 bulletin build。", "Run `bulletin build` first."),
            ) from error
    until = _quarter(filled, quarter, years)
    known = {code: names.get(code, code) for code in filled.cells["region_code"].unique()}
    place = region_code(region or "", known, province)
    if place is None or place not in known:
        raise UserError(
            Text(f"没有这个地区的报表：{region}", f"No forms of this region: {region}"),
            where="--region",
            todo=Text(f"可选：{'、'.join(sorted(known.values()))}。", f"Known: {', '.join(sorted(known))}."),
        )
    comparisons = compared(filled)
    results = judge_forms(comparisons, settings)
    with whole_file(to) as part:
        if to.suffix.lower() == ".csv":
            long_form(filled).write_csv(part, include_bom=True)
        else:
            with reading_working(settings) as working:
                synthetic = is_synthetic(working)
            part.write_bytes(forms_book(filled, place, known, until, comparisons, results, now(), synthetic))
    _tell(settings, filled, place, until, comparisons, results)
    say(Text(f"已写入 {to}　{INTERNAL.zh}", f"Written to {to}. {INTERNAL.en}"), settings.language)
    return ExitCode.PARTLY if any(one.status in ("fail", "error") for one in results) else ExitCode.DONE


def _require_form_of(to: Path, settings: Settings) -> None:
    """Internal returns go anywhere but into the folder that is published."""
    if to.suffix.lower() == ".csv":
        require_place(to)
    else:
        require_workbook(to)
    if to.resolve().is_relative_to(settings.publication.resolve()):
        raise UserError(
            Text("报表是内部资料，不能写进公开的文件夹。", "Forms are internal and do not go into the published folder."),
            where=str(to),
            todo=Text("换一个文件夹。", "Name another folder."),
        )  # fmt: skip


@contextmanager
def _layer(settings: Settings, variant: str, province: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The indicator layer as it stands, or computed aside under other definitions."""
    if variant == PRESENT:
        with connect(settings) as connection:  # the views name the warehouse by its own name
            yield connection
        return
    named = read_variant(settings, variant, province)
    with trial(settings, *MODELS) as aside:
        yield aside.computed(named.province)


def _quarter(filled: Filled, asked: int | None, years: Sequence[int]) -> int:
    if filled.last_quarter and (asked or 1) <= filled.last_quarter:
        return asked or filled.last_quarter
    raise UserError(
        Text(
            f"没有 {filled.year} 年{f'第 {asked} 季' if asked and filled.last_quarter else ''}的数据。",
            f"There is no data of {filled.year}{f', quarter {asked}' if asked and filled.last_quarter else ''}.",
        ),
        where="--quarter" if filled.last_quarter else "--year",
        todo=Text(
            f"有数据的年份：{'、'.join(map(str, years)) or '无'}；{filled.year} 年到第 {filled.last_quarter} 季。",
            f"Years with data: {', '.join(map(str, years)) or 'none'}; {filled.year} up to quarter {filled.last_quarter}.",
        )
        if filled.last_quarter
        else Text(
            f"有数据的年份：{'、'.join(map(str, years)) or '无'}。",
            f"Years with data: {', '.join(map(str, years)) or 'none'}.",
        ),
    )  # fmt: skip


def long_form(filled: Filled) -> pl.DataFrame:
    """Every cell of the year as a table for other tools: value in its unit, or the reason why it is blank."""
    _, reasons = load_forms()
    told = {key: reason.zh for key, reason in reasons.items()} | {"": ""}
    return filled.cells.filter(pl.col("year") == filled.year).select(
        "form", "row", "column", "region_code", "year", "quarter", "unit",
        (pl.col("hundredths").cast(pl.Decimal(24, 2)) / 100).cast(pl.Decimal(24, 2)).alias("value"),
        pl.col("reason").replace_strict(told).alias("blank_because"),
    )  # fmt: skip


def _tell(
    settings: Settings, filled: Filled, region: str, quarter: int, comparisons: pl.DataFrame,
    results: Sequence[CheckResult],
) -> None:  # fmt: skip
    _, reasons = load_forms()
    here = filled.cells.filter(
        pl.col("region_code") == region, pl.col("year") == filled.year, pl.col("quarter") == quarter
    )
    blanks = Counter(reason for reason in here["reason"] if reason)
    valued = here.height - sum(blanks.values())
    say(
        Text(
            f"{here['form'].n_unique()} 张表，{here.height} 格：有数 {valued}，空白 {sum(blanks.values())}",
            f"{here['form'].n_unique()} forms, {here.height} cells: {valued} with a value, {sum(blanks.values())} blank",
        ),
        settings.language,
    )
    for reason, count in blanks.most_common():
        say(
            Text(f"  空白 {count} 格：{reasons[reason].zh}", f"  {count} blank: {reasons[reason].en}"),
            settings.language,
        )
    counted = Counter(one.status for one in results)
    say(
        Text(
            f"表间审核：通过 {counted['pass']}，不通过 {counted['fail'] + counted['error']}，提示 {counted['warn']}，"
            f"不适用 {counted['not_applicable']}",
            f"Cross-form rules: {counted['pass']} hold, {counted['fail'] + counted['error']} do not, {counted['warn']} to "
            f"look at, {counted['not_applicable']} not applicable",
        ),
        settings.language,
    )
    for result in results:
        if result.status not in ("warn", "fail", "error"):
            continue
        title = form_rules()[result.check_name].title
        say(
            Text(f"  {result.check_name} {title.zh}：{result.unexpected} 处", f"  {result.check_name} {title.en}: {result.unexpected}"),
            settings.language,
        )  # fmt: skip
        failed = comparisons.filter(pl.col("rule") == result.check_name, ~pl.col("holds"))
        for one in failed.head(_SHOWN).iter_rows(named=True):
            left = "—" if one["left_side"] is None else f"{one['left_side'] / 100:,.2f}"
            say(
                Text(*[
                    f"    {one['form']}.{one['row']}.{one['column']} {one['region_code']} "
                    f"{one['year']}Q{one['quarter']}: {left} {one['sign']} {one['right_side'] / 100:,.2f}（{one['against']}）"
                ] * 2),
                settings.language,
            )  # fmt: skip
