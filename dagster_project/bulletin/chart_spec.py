"""How a chart of yearly figures looks, as a Vega-Lite specification.

Belongs here: panels, layers, labels, colours. Does not belong here: drawing it (`charts`), which series it has (`chart_series`).

Ratios and means of the nation stand beside our own as dashed lines; amounts and counts, which are of another size, in a panel of their
own below. Lines are interrupted, and a dotted rule stands between columns, where years cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dagster_project.bulletin.chart_lines import (
    COLOURS,
    GREY,
    NATION,
    NEAR,
    WIDTH,
    Drawn,
    layers_of_lines,
    legend_of,
    line_values,
    lines_of,
    points_of,
    with_sides,
    year_label,
    years_of,
)
from dagster_project.bulletin.document import Chart, Series, plain
from dagster_project.bulletin.layout import length

_LINE_COLOUR = "#b3261e"
_PALE = "#9fbcd8"  # columns under a line
_DARK = "#333333"
_HEIGHT, _HEIGHT_ABOVE, _HEIGHT_BELOW = 215, 185, 88  # of one panel, and of two that stand together
_FOOTNOTE = 108.0  # digits of the footnote's size that the drawing is wide
# Inner and outer padding of the bands of columns that stand side by side; others have Vega's own, which add up to nothing.
_INNER, _OUTER = 0.35, 0.25
# Points of the page between the highest column and the lowest point of a line, for the numbers of both.
_GAP, _LEAST_ROOM, _MOST_ROOM = 27.0, 1.7, 6.0
_HEADROOM, _HEADROOM_BELOW = 1.15, 1.35


def specification(chart: Chart) -> dict[str, Any]:
    """Vega-Lite specification of a chart: the own figures, and below them the published ones that are of another size."""
    below = _published(chart)
    panels = [(chart, False), *([(below, True)] if below else [])]
    fills = (_PALE,) if any(series.is_line for series in chart.series) else COLOURS
    heights = (_HEIGHT_ABOVE, _HEIGHT_BELOW) if below else (_HEIGHT,)
    drawn = [
        _panel(one, fills, is_below, is_last=one is panels[-1][0]) | {"width": WIDTH, "height": height}
        for (one, is_below), height in zip(panels, heights, strict=True)
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": f"图{chart.number}　{chart.title.zh}", "anchor": "middle", "fontSize": 14, "offset": 6},
        "background": "white",
        "padding": 10,
        "spacing": 16,
        "vconcat": drawn,
    }


def _published(chart: Chart) -> Chart | None:
    """The published amounts and counts as a chart of their own."""
    series = tuple(
        replace(one, figures=one.reference, unit=one.reference_unit or one.unit, reference=(), goal=None)
        for one in chart.series
        if one.reference and not one.is_comparable
    )
    # A line needs columns below it: alone it says nothing about them.
    if not series or all(one.is_line for one in series):
        return None
    return replace(chart, series=series, breaks=chart.reference_breaks)


def _panel(chart: Chart, fills: Sequence[str], is_below: bool, is_last: bool) -> dict[str, Any]:
    columns = [series for series in chart.series if not series.is_line]
    lines = [series for series in chart.series if series.is_line]
    x = _x_axis(chart, len(columns), _folded(plain(chart.footnote)) if is_last else [])
    layers = [_break_layer(chart, x, len(columns))] if chart.breaks else []
    if columns:
        layers += _layers_of_columns(chart, columns, lines, x, fills, is_below)
    else:
        layers += layers_of_lines(chart, lines, x)
    panel: dict[str, Any] = {"layer": layers}
    scales = {"y": "independent"} if columns and lines else {}
    panel["resolve"] = {"scale": {**scales, "color": "independent"}, "legend": {"color": "independent"}}
    if is_below:
        title = {
            "text": f"{NATION.zh}（已公布数）",
            "anchor": "start",
            "fontSize": 11,
            "offset": 7,
            "color": _DARK,
            "frame": "group",
        }
        panel["title"] = title
    return panel


def _folded(text: str) -> list[str]:
    """A footnote in lines as wide as the drawing, broken between sentences."""
    found = [""]
    for sentence in (one + "。" for one in text.split("。") if one):
        if found[-1] and length(found[-1] + sentence) > _FOOTNOTE:
            found.append("")
        found[-1] += sentence
    return found


def _x_axis(chart: Chart, columns: int, footnote: list[str]) -> dict[str, Any]:
    """Years; the axis title is the footnote, the one text that stands below the drawing."""
    axis = {
        "labelAngle": 0,
        "titleAnchor": "start",
        "titleAlign": "left",
        "titleX": 0,
        "titleFontSize": 9.5,
        "titleColor": "#555555",
        "titlePadding": 12,
    }
    scale: dict[str, Any] = {"domain": [year_label(year, chart) for year in years_of(chart)]}
    if columns > 1:
        scale |= {"paddingInner": _INNER, "paddingOuter": _OUTER}
    return {"field": "year", "type": "ordinal", "title": footnote or None, "axis": axis, "scale": scale}


def _break_layer(chart: Chart, x: dict[str, Any], columns: int) -> dict[str, Any]:
    """A dotted rule between two years that cannot be compared."""
    years = len(years_of(chart))
    step = WIDTH / (years - _INNER + 2 * _OUTER if columns > 1 else years)
    return {
        "data": {"values": [{"year": year_label(year, chart)} for year in sorted(chart.breaks)]},
        "mark": {"type": "rule", "strokeDash": [2, 3], "color": GREY, "xOffset": -step / 2},
        "encoding": {"x": x},
    }


def _layers_of_columns(
    chart: Chart, columns: list[Series], lines: list[Series], x: dict[str, Any], fills: Sequence[str], is_below: bool
) -> list[dict[str, Any]]:
    order = [series.label.zh for series in columns]
    colours = {"domain": order, "range": list(fills[: len(order)])}
    legend = None if is_below else legend_of(order, "square")
    colour = {"field": "series", "type": "nominal", "scale": colours, "legend": legend}
    points = [
        point | {"order": order.index(series.label.zh)} for series in columns for point in points_of(series, chart)
    ]
    values = [line_values(one, chart) for one in lines]
    layers = [_column_layer(chart, points, columns[0].unit.text, x, colour, order, values, is_below)]
    # One axis on the right: the lines of a chart have one unit.
    high = max((point["value"] for both in values for one in both for point in one), default=1.0)
    top = high * (_HEADROOM_BELOW if is_below else _HEADROOM)
    for series, drawn in zip(lines, with_sides(values, top * NEAR), strict=True):
        # From zero: a line that is cut off at the bottom exaggerates.
        scale = {"domain": [0, top], "nice": False} if high > 0 else {}
        axis = {
            "orient": "right",
            "format": "~f",
            "grid": False,
            "titleColor": _LINE_COLOUR,
            "labelColor": _LINE_COLOUR,
            **_ticks(is_below),
        }
        y = {"field": "value", "type": "quantitative", "title": series.unit.text, "axis": axis, "scale": scale}
        layers += lines_of(series, drawn, x, y, _LINE_COLOUR, has_legend=not is_below)
    return layers


def _column_layer(
    chart: Chart,
    points: list[dict[str, Any]],
    unit: str,
    x: dict[str, Any],
    colour: dict[str, Any],
    order: list[str],
    above: Sequence[Drawn],
    is_below: bool,
) -> dict[str, Any]:
    y: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "title": unit,
        "axis": {"format": "~f", **_ticks(is_below)},
    }
    high = max((point["value"] for point in points), default=0.0)
    if high > 0 and min(point["value"] for point in points) >= 0:
        if above:  # leaves the upper part to the line and its labels
            y["scale"] = {"domain": [0, high * _room(above, is_below)], "nice": True}
        elif is_below:
            y["scale"] = {"domain": [0, _highest(points, chart) * _HEADROOM], "nice": True}
    bars: dict[str, Any] = {"x": x, "y": y, "color": colour, "order": {"field": "order"}}
    mark: dict[str, Any] = {"type": "bar", "opacity": 0.6 if is_below else 1}
    if len(order) == 1:
        mark["width"] = {"band": 0.4}
    elif chart.is_stacked:
        mark["width"] = {"band": 0.5}
    else:
        bars["xOffset"] = {"field": "series", "sort": order}
    labels = {key: value for key, value in bars.items() if key != "color"} | {"text": {"field": "text"}}
    text: dict[str, Any] = {"type": "text", "fontSize": 10, "fill": _DARK, "dy": -6}
    if chart.is_stacked:
        labels["y"] = y | {"stack": "zero", "bandPosition": 0.5}
        light = {"test": f"datum.order % 2 == 0 && {'false' if is_below else 'true'}", "value": "#ffffff"}
        labels["color"] = {"condition": light, "value": "#1a1a1a"}
        text = {"type": "text", "fontSize": 10}
    return {"data": {"values": points}, "layer": [{"mark": mark, "encoding": bars}, {"mark": text, "encoding": labels}]}


def _ticks(is_below: bool) -> dict[str, int]:
    return {"tickCount": 3} if is_below else {}


def _highest(points: Sequence[dict[str, Any]], chart: Chart) -> float:
    """Where the highest column ends; stacked ones end at their sum."""
    if not chart.is_stacked:
        return max(float(point["value"]) for point in points)
    return max(float(sum(one["value"] for one in points if one["year"] == point["year"])) for point in points)


def _room(above: Sequence[Drawn], is_below: bool) -> float:
    """How many times the highest column the axis of columns goes, so that the lowest point of a line stands above them."""
    headroom, height = (_HEADROOM_BELOW, _HEIGHT_BELOW) if is_below else (_HEADROOM, _HEIGHT_ABOVE)
    shares = []
    for own, published in above:
        values = [point["value"] for point in (*own, *published)]
        if values and max(values) > 0:
            shares.append(min(values) / (headroom * max(values)))
    lowest = min(shares, default=1.0) - _GAP / height
    return min(_MOST_ROOM, max(_LEAST_ROOM, 1 / lowest if lowest > 0 else _MOST_ROOM))
