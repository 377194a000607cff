"""The chart of an indicator over the years, as SVG: published series, own figures, breaks as gaps, targets as lines.

Belongs here: how it looks. Does not belong here: the renderer (`bulletin/charts.py`), which points there are (`series.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagster_project.bulletin.chart_lines import COLOURS
from dagster_project.bulletin.charts import drawn_alone
from dagster_project.dictionary.indicators import Indicator
from dagster_project.reference.series import NATION, OWN, Break, Point, Target, place_name

_WIDTH, _HEIGHT = 520, 190
_TARGET_COLOUR = "#7a7a7a"
# Of these units a nation, a province and a city stand on one axis; of persons and yuan each place needs its own.
_COMPARABLE = ("%", "元", "天", "月", "元/人", "床日")


def svg_of(indicator: Indicator, points: Sequence[Point], breaks: Sequence[Break], targets: Sequence[Target]) -> str:
    """The drawing; '' where there is nothing to draw."""
    return drawn_alone(specification(indicator, points, breaks, targets)) if points else ""


def specification(
    indicator: Indicator, points: Sequence[Point], breaks: Sequence[Break], targets: Sequence[Target]
) -> dict[str, Any]:
    """Vega-Lite: one panel where the places can be compared, else one a place, each line interrupted at every break."""
    places = sorted({point.place for point in points}, key=lambda place: (place != OWN, place != NATION, place))
    stops = sorted({one.year for one in breaks if one.stops_comparison})
    years = [str(year) for year in range(min(p.year for p in points), max(p.year for p in points) + 1)]
    panels = [places] if indicator.unit in _COMPARABLE else [[place] for place in places]
    colours = {place_name(place).zh: COLOURS[number % len(COLOURS)] for number, place in enumerate(places)}
    drawn = [
        _panel(indicator, [point for point in points if point.place in panel], years, stops, targets, colours)
        for panel in panels
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": f"{indicator.name_zh}（{indicator.unit}）", "anchor": "start", "fontSize": 14, "offset": 10},
        "background": "white",
        "padding": 10,
        "vconcat": drawn,
        "spacing": 14,
        "resolve": {"scale": {"color": "independent"}, "legend": {"color": "independent"}},
    }


def _digits(value: float, decimals: int) -> str:
    """A number with at most so many decimals and none that say nothing."""
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _panel(
    indicator: Indicator,
    points: Sequence[Point],
    years: Sequence[str],
    stops: Sequence[int],
    targets: Sequence[Target],
    colours: dict[str, str],
) -> dict[str, Any]:
    present = list(dict.fromkeys(place_name(point.place).zh for point in points))
    values: list[dict[str, Any]] = [
        {
            "year": str(point.year),
            "place": place_name(point.place).zh,
            "value": point.value,
            "text": _digits(point.value, indicator.display_decimals),
            "part": sum(stop <= point.year for stop in stops),
        }
        for point in points
    ]
    low, high = min(one["value"] for one in values), max(one["value"] for one in values)
    wanted = [target.value for target in targets]
    low, high = min([low, *wanted]), max([high, *wanted])
    room = (high - low) * 0.25 or abs(high) * 0.1 or 1.0
    # Levels and rates over few years move little: the axis shows the movement, which is why every point carries its number.
    scale = {"domain": [max(0.0, low - room) if low >= 0 else low - room, high + room], "nice": False, "zero": False}
    x = {"field": "year", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}, "scale": {"domain": list(years)}}
    y = {"field": "value", "type": "quantitative", "title": None, "axis": {"format": "~f"}, "scale": scale}
    colour = {
        "field": "place", "type": "nominal", "scale": {"domain": present, "range": [colours[name] for name in present]},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke"},
    }  # fmt: skip
    shared = {"x": x, "y": y, "color": colour}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"year": str(stop)} for stop in stops if years[0] < str(stop) <= years[-1]]},
            "mark": {
                "type": "rule",
                "strokeDash": [2, 3],
                "color": "#b3261e",
                "xOffset": -_WIDTH / max(len(years), 1) / 2,
            },
            "encoding": {"x": x},
        },
        {
            "data": {"values": values},
            "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 40, "filled": True}},
            "encoding": shared | {"detail": {"field": "part", "type": "nominal"}},
        },
        *(
            {
                "data": {"values": values},
                "mark": {"type": "text", "dy": -10, "fontSize": 10, **look},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            }
            for look in ({"fill": "white", "stroke": "white", "strokeWidth": 3}, {"fill": "#333333"})
        ),
    ]
    for target in targets:
        words = f"{target.year} 年目标{'不低于' if target.qualifier == 'at_least' else '约'} {target.value:g}{indicator.unit}"
        value = [{"value": target.value, "text": words}]
        rule = {"type": "rule", "strokeDash": [6, 4], "color": _TARGET_COLOUR}
        name = {"type": "text", "align": "right", "x": _WIDTH, "dy": 12, "fontSize": 10, "fill": _TARGET_COLOUR}
        layers.append({"data": {"values": value}, "mark": rule, "encoding": {"y": y}})
        layers.append({"data": {"values": value}, "mark": name, "encoding": {"y": y, "text": {"field": "text"}}})
    return {"width": _WIDTH, "height": _HEIGHT, "layer": layers}
