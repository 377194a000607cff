"""The definitions behind the figures printed: every choice once, and which definition is made of which choices.

Belongs here: the two tables at the end of the bulletin. Does not belong here: the words of a choice (`wording`), what a
choice does to a number (dbt).
"""

from __future__ import annotations

from dagster_project.bulletin.document import (
    Document,
    FigureRun,
    Inline,
    Inlines,
    NumberRun,
    Quoted,
    Row,
    Table,
    Words,
    words,
)
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.wording import Wording
from dagster_project.dictionary.definitions import load_switches
from dagster_project.language import Text

_REGISTER = "indicator.definition"


def definition_tables(document: Document, sources: Sources, wording: Wording, number: int) -> list[Table]:
    """The choices in force with the national defaults beside them, and the definitions by id, for the figures printed."""
    used: dict[str, dict[str, Text]] = {}
    for part in document.inlines():
        if isinstance(part, FigureRun) and part.figure.definition_id and part.figure.year == sources.year:
            used.setdefault(part.figure.definition_id, {})[part.figure.indicator_id] = part.figure.name
    if not used:
        return []
    switches: dict[str, list[str]] = {definition: [] for definition in used}
    for row in sources.register(_REGISTER).sort("definition_id", "switch").iter_rows(named=True):
        if row["definition_id"] in used:
            switches[row["definition_id"]].append(row["switch"])
    known = list(load_switches())
    listed = sorted({switch for one in switches.values() for switch in one}, key=lambda one: _place(one, known))
    numbers = {switch: position for position, switch in enumerate(listed, 1)}
    tables = [_choices(listed, wording, number)] if listed else []
    tables.append(_definitions(used, switches, numbers, number + len(tables)))
    return tables


def _place(switch: str, known: list[str]) -> int:
    return known.index(switch) if switch in known else len(known)


def _quoted(text: Text) -> Inlines:
    return (Quoted(text.zh, _REGISTER, text.en),)


def _choices(listed: list[str], wording: Wording, number: int) -> Table:
    rows = []
    for position, switch in enumerate(listed, 1):
        chosen, national = wording.choice(switch), wording.national(switch)
        default = (Words("同左", "the same"),) if chosen == national else _quoted(wording.value(switch, national))
        header = (NumberRun(position), Words("．", ". "), *_quoted(wording.name(switch)))
        rows.append(Row(header, (_quoted(wording.value(switch, chosen)), default)))
    return Table(
        "choices",
        number,
        (Words("本公报所取口径", "Definition choices"),),
        (Words("口径项目", "Choice"),),
        ((Words("本公报", "This bulletin"),), (Words("全国默认", "National default"),)),
        tuple(rows),
        text_columns=frozenset({0, 1}),
    )


def _ranges(positions: list[int]) -> Inlines:
    """Numbers with runs of them drawn together: 1、2、9–13."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    parts: list[Inline] = []
    for run in runs:
        shown = [run[0], run[-1]] if len(run) > 2 else run
        for place, position in enumerate(shown):
            joint = Words("–") if place and len(run) > 2 else Words("、", ", ")
            parts += [joint, NumberRun(position)] if parts else [NumberRun(position)]
    return tuple(parts)


def _definitions(
    used: dict[str, dict[str, Text]], switches: dict[str, list[str]], numbers: dict[str, int], number: int
) -> Table:
    rows = []
    for definition, indicators in used.items():
        items = _ranges(sorted(numbers[switch] for switch in switches[definition]))
        names = words(
            "、".join(name.zh for name in indicators.values()), ", ".join(name.en for name in indicators.values())
        )
        nothing = Words("无可选口径", "no choices")
        rows.append(Row((Quoted(definition, _REGISTER),), ((names,), items or (nothing,))))
    return Table(
        "definitions",
        number,
        (Words("口径编号及其所含口径项目", "Definitions by id, and the choices in each"),),
        (Words("口径编号", "Definition"),),
        ((Words("适用指标", "Indicators"),), (Words("口径项目", "Choices"),)),
        tuple(rows),
        text_columns=frozenset({0, 1}),
    )
