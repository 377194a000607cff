"""`bulletin compare-definitions`: one year under two declared definitions.

Belongs here: the order of the steps, what goes to the terminal and to a file. Does not belong here: computing
(`indicator_trial.py`), comparing and wording (`explain/choices.py`, `explain/choice_lines.py`).
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.dictionary import load_indicators, load_switches
from dagster_project.dictionary.variants import Variant, changed_alone, differing_choices, read_variant
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain import choice_book, choice_lines
from dagster_project.explain.choices import Comparison, compared, listed, with_movers
from dagster_project.explain.vintages import region_names
from dagster_project.handing_out import require_place, whole_file
from dagster_project.indicator_trial import facts_needed, trial
from dagster_project.keeping.verify import require_whole
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say
from dagster_project.verbs.asking import home_province
from dagster_project.verbs.running import require_loaded
from dagster_project.warehouse import reading_working


def compare_definitions(settings: Settings, old: str, new: str, year: int, to: Path | None) -> ExitCode:
    """Print the figures of a year that differ between two definitions, and write all of them where asked; no home changes."""
    require_loaded(settings)
    if to is not None:
        choice_book.require_known_form(to)
        require_place(to)
    province = home_province(settings)
    variants = [read_variant(settings, name, province) for name in (old, new)]
    _require_computed(settings, year)
    result = _compared(settings, variants[0], variants[1], year)
    say(choice_lines.render(result, settings.language), settings.language)
    if to is not None:
        with whole_file(to) as part:
            choice_book.write(result, part, to.suffix)
        say(Text(f"全部指标：{to}", f"All indicators: {to}"), settings.language)
    return ExitCode.DONE


def _compared(settings: Settings, old: Variant, new: Variant, year: int) -> Comparison:
    # Growth and averages look one year back, so a choice that differs there alone can move a figure too.
    differing = differing_choices(old.province, new.province, (year - 1, year))
    reaching = facts_needed(settings, list(load_switches()))
    of_facts = [one for one in differing if one.switch in reaching]
    choices = [one for one in differing if one.switch not in reaching]
    indicators = load_indicators()
    with trial(settings) as layer:
        # Choices of facts stay as the cubes have them; in both, so that nothing is told of them.
        before = layer.values(old.province, year)
        after = layer.values(new.province, year)
        figures = with_movers(
            compared(before, after),
            indicators,
            choices,
            lambda switch: layer.values(changed_alone(old.province, new.province, switch), year),
        )
    waiting = {name: switches for name, switches in listed(figures, indicators, of_facts).items() if switches}
    return Comparison(
        year, old.province.code, old.name, new.name, choices, of_facts, figures, waiting, region_names(settings)
    )


def _require_computed(settings: Settings, year: int) -> None:
    """Raises UserError (exit 2) for a year that the warehouse does not hold, or before anything has been computed."""
    with reading_working(settings) as working:
        require_whole(working, settings)
        made = working.execute(
            "select 1 from duckdb_tables() where schema_name = 'cube' and table_name = 'cube_settlement' "
            "and database_name = current_database()"
        ).fetchone()
        known = (
            [row[0] for row in working.execute("select year from ops.statistics_year order by 1").fetchall()]
            if made
            else []
        )
    if year in known:
        return
    raise UserError(
        Text(f"没有 {year} 年的指标可比较。", f"There are no indicators of {year} to compare."),
        where=", ".join(str(one) for one in known) or str(settings.home),
        todo=Text("选用上列年份，或先运行 bulletin run。", "Choose one of these years, or run `bulletin run` first."),
    )
