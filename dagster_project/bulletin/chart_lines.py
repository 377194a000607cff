"""Lines of charts: their points, numbers, dashes and goals, as layers of a Vega-Lite specification.

Belongs here: what a line over years looks like, ours, a published one, a goal. Does not belong here: columns and panels
(`chart_spec`), which series there are (`chart_series`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dagster_project.bulletin.document import Chart, Series
from dagster_project.bulletin.figures import BREAK_MARK, Figure
from dagster_project.language import Text

# Dark enough on white for everybody, told apart in grey too (light and dark alternate).
COLOURS = ("#1f4e79", "#e0a030", "#4f8f6f", "#b65c48")
NATION = Text("全国", "nation")
WIDTH = 520
GREY = "#767676"
NEAR = 0.12  # of an axis: numbers of two points nearer than this would lie on each other
_DASHES = [5, 3]
_QUALIFIERS = {"over": ">", "about": "约"}
# Points of a line and of the published one on its axis.
Drawn = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def year_label(year: int, chart: Chart) -> str:
    return f"{year}年" + (BREAK_MARK if year in chart.breaks else "")


def years_of(chart: Chart) -> list[int]:
    """The years of the own figures: a panel of published ones has the same, also where one was not published."""
    return sorted({figure.year for series in chart.series for figure in series.figures})


def points_of(series: Series, chart: Chart, figures: Sequence[Figure] | None = None) -> list[dict[str, Any]]:
    figures = series.figures if figures is None else figures
    return [
        {
            "year": year_label(figure.year, chart),
            "series": series.label.zh,
            "value": float(figure.scaled(series.unit)),
            "text": _QUALIFIERS.get(figure.qualifier, "") + figure.in_unit(series.unit),
            "part": sum(year <= figure.year for year in chart.breaks),
        }
        for figure in figures
        if figure.has_value
    ]


def legend_of(labels: list[str], symbol: str, dashes: Sequence[int] = ()) -> dict[str, Any]:
    """Columns are keyed by squares, lines by strokes."""
    dashed = {"symbolDash": list(dashes)} if dashes else {}
    return {"title": None, "orient": "top", "offset": 30, "values": labels, "symbolType": symbol, **dashed}


def line_values(series: Series, chart: Chart) -> Drawn:
    """Points of a line, and of the published line on the same axis."""
    published = (
        points_of(series, replace(chart, breaks=chart.reference_breaks), series.reference)
        if series.is_comparable
        else []
    )
    # Both lines stand over one axis of years, whose labels mark our own breaks.
    own = {figure.year: year_label(figure.year, chart) for figure in series.reference}
    names = [own[figure.year] for figure in series.reference if figure.has_value]
    return points_of(series, chart), [
        point | {"year": name} for point, name in zip(published, names, strict=bool(published))
    ]


def with_sides(lines: Sequence[Drawn], near: float) -> list[Drawn]:
    """Points with the side on which their number stands: above, but below where another point of the year is just above."""
    every = [point for both in lines for points in both for point in points]
    up = [_stands_above(place, every, near) for place in range(len(every))]
    placed = iter([point | {"up": is_up} for point, is_up in zip(every, up, strict=True)])
    return [([next(placed) for _ in own], [next(placed) for _ in published]) for own, published in lines]


def _stands_above(place: int, every: Sequence[dict[str, Any]], near: float) -> bool:
    one = every[place]
    others = [(number, point) for number, point in enumerate(every) if point["year"] == one["year"] and number != place]
    # Of equal points the first counts as the higher one.
    gaps = [(point["value"] - one["value"], -number) for number, point in others]
    above = min((gap for gap, number in gaps if (gap, number) > (0, -place)), default=float("inf"))
    below = min((-gap for gap, number in gaps if (gap, number) < (0, -place)), default=float("inf"))
    return bool(above >= near or above > below)


def lines_of(
    series: Series, drawn: Drawn, x: dict[str, Any], y: dict[str, Any], colour: str, has_legend: bool = True
) -> list[dict[str, Any]]:
    """An own line with its numbers, and the published one, dashed."""
    own, published = drawn
    layers = [_line_layer(own, x, y, series.label.zh, colour, (), has_legend)]
    if published:
        layers.append(_line_layer(published, x, y, f"{series.label.zh}（{NATION.zh}）", colour, _DASHES, has_legend))
    return layers


def _line_layer(
    values: list[dict[str, Any]],
    x: dict[str, Any],
    y: dict[str, Any],
    name: str,
    colour: str,
    dashes: Sequence[int],
    has_legend: bool,
) -> dict[str, Any]:
    values = [point | {"series": name} for point in values]
    shared = {"x": x, "y": y}
    legend = legend_of([name], "stroke", dashes) if has_legend else None
    keyed = {"field": "series", "type": "nominal", "scale": {"domain": [name], "range": [colour]}, "legend": legend}
    point = {"size": 40, "filled": False, "fill": "white"} if dashes else {"size": 45, "filled": True}
    line: dict[str, Any] = {"type": "line", "strokeWidth": 1.4 if dashes else 2, "point": point}
    line |= {"strokeDash": list(dashes)} if dashes else {}
    layers: list[dict[str, Any]] = [
        {"mark": line, "encoding": shared | {"color": keyed, "detail": {"field": "part", "type": "nominal"}}}
    ]
    for is_up, dy in ((True, -11), (False, 12)):
        text = {"type": "text", "dy": dy, "fontSize": 10, "fill": GREY if dashes else colour}
        halo = text | {"fill": "white", "stroke": "white", "strokeWidth": 3}
        chosen = {"transform": [{"filter": f"datum.up === {'true' if is_up else 'false'}"}]}
        layers += [chosen | {"mark": mark, "encoding": shared | {"text": {"field": "text"}}} for mark in (halo, text)]
    return {"data": {"values": values}, "layer": layers}


def layers_of_lines(chart: Chart, lines: list[Series], x: dict[str, Any]) -> list[dict[str, Any]]:
    """Ratios on one axis, which shows their movement and not their level: every point carries its number."""
    values = [line_values(one, chart) for one in lines]
    goals = [(one.goal, colour) for one, colour in zip(lines, COLOURS, strict=False) if one.goal]
    every = [point["value"] for both in values for points in both for point in points]
    every += [float(goal.value) for goal, _ in goals]
    low, high = min(every), max(every)
    room = (high - low) * 0.25 or abs(high) * 0.1 or 1.0
    scale = {"domain": [max(0.0, low - room) if low >= 0 else low - room, high + room], "nice": False, "zero": False}
    y = {
        "field": "value",
        "type": "quantitative",
        "title": lines[0].unit.text,
        "axis": {"format": "~f"},
        "scale": scale,
    }
    layers = []
    for goal, colour in goals:
        plan, word, amount = goal.words.text().partition("目标")
        data = {"values": [{"value": float(goal.value), "text": [plan + word, amount]}]}
        rule = {"type": "rule", "strokeDash": [1, 3], "strokeWidth": 1.5, "color": colour}
        # Beside the drawing: no number of a point stands there.
        text = {"type": "text", "align": "left", "dx": 6, "fontSize": 10, "fill": colour, "baseline": "middle"}
        layers.append({"data": data, "mark": rule, "encoding": {"y": y}})
        beside = {"y": y, "x": {"value": WIDTH}, "text": {"field": "text"}}
        layers.append({"data": data, "mark": text, "encoding": beside})
    near = (high - low + 2 * room) * NEAR
    for series, drawn, colour in zip(lines, with_sides(values, near), COLOURS, strict=False):
        layers += lines_of(series, drawn, x, y, colour)
    return layers
