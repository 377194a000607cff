"""Charts as Vega-Lite specifications, drawn to SVG and PNG without a browser.

Belongs here: how a chart of yearly figures looks. Does not belong here: which series a chart has (outline), its numbers
(figures). The only font is Noto Sans CJK SC of the package that carries it, registered by file: nothing of the system's.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from dagster_project.bulletin.document import Chart, Series, plain
from dagster_project.bulletin.figures import BREAK_MARK, Figure
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text

FONT = "Noto Sans CJK SC"
_FONT_FILE = "NotoSansCJKsc-Regular.otf"
# Dark enough on white for everybody, told apart in grey too (light and dark alternate).
COLOURS = ("#1f4e79", "#e0a030", "#4f8f6f", "#b65c48")
_LINE_COLOUR = "#b3261e"
_PALE = "#9fbcd8"  # columns under a line
_WIDTH, _HEIGHT = 520, 215
_SCALE = 2.0
_STARTING = Lock()


@lru_cache(maxsize=1)
def _renderer() -> Any:
    """The converter with our one font registered.

    Raises UserError (exit 3) when the package of fonts is not installed.
    """
    import vl_convert

    spec = find_spec("mplfonts")
    homes = list(spec.submodule_search_locations or []) if spec else []
    files = [Path(home) / "fonts" / _FONT_FILE for home in homes]
    font = next((path for path in files if path.exists()), None)
    if font is None:
        raise UserError(
            Text("缺少中文字体包 mplfonts。", "The package of Chinese fonts, mplfonts, is missing."),
            where=_FONT_FILE,
            todo=Text("请重新安装环境（make environment）。", "Install the environment again (make environment)."),
            code=ExitCode.BROKEN_INSTALLATION,
        )
    # The converter takes folders only; ours must not bring the other fonts that lie beside the file.
    folder = tempfile.TemporaryDirectory(prefix="bulletin-font-")
    atexit.register(folder.cleanup)  # the converter reads the font whenever it draws
    place = Path(folder.name) / _FONT_FILE
    try:
        place.symlink_to(font)
    except OSError:
        shutil.copyfile(font, place)
    vl_convert.register_font_directory(folder.name)
    return vl_convert


def _point(figure: Figure, series: Series, breaks: frozenset[int]) -> dict[str, Any]:
    return {
        "year": f"{figure.year}年" + (BREAK_MARK if figure.year in breaks else ""),
        "series": series.label.zh,
        "value": float(figure.scaled(series.unit)),
        "text": figure.in_unit(series.unit),
    }


def _column_points(chart: Chart) -> list[dict[str, Any]]:
    chosen = [series for series in chart.series if not series.is_line]
    return [_point(figure, series, chart.breaks) for series in chosen for figure in series.figures if figure.has_value]


def specification(chart: Chart) -> dict[str, Any]:
    """Vega-Lite specification of a chart: columns by year, a line on a second axis where a series is one.

    A line is interrupted where its years cannot be compared.
    """
    columns = [series for series in chart.series if not series.is_line]
    lines = [series for series in chart.series if series.is_line]
    order = [series.label.zh for series in columns]
    fills = [_PALE] if lines else list(COLOURS[: len(order)])
    colours = {"domain": [*order, *(series.label.zh for series in lines)], "range": fills + [_LINE_COLOUR] * len(lines)}
    x = _x_axis(chart, len(columns))
    colour = {"field": "series", "type": "nominal", "scale": colours, "legend": _legend(order, "square")}
    line_colour = colour | {"legend": _legend([series.label.zh for series in lines], "stroke")}
    points = [point | {"order": order.index(point["series"])} for point in _column_points(chart)]
    layers = [_column_layer(chart, points, columns[0].unit.text, x, colour, order, bool(lines))]
    layers += [_line_layer(chart, series, x, line_colour) for series in lines]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": f"图{chart.number}　{chart.title.zh}", "anchor": "middle", "fontSize": 14, "offset": 6},
        "width": _WIDTH,
        "height": _HEIGHT,
        "background": "white",
        "padding": 10,
        "layer": layers,
        "resolve": {"scale": {"y": "independent"}, "legend": {"color": "independent"}} if lines else {},
        "config": _config(),
    }


def _legend(labels: list[str], symbol: str) -> dict[str, Any]:
    """Columns are keyed by squares, lines by strokes."""
    return {"title": None, "orient": "top", "offset": 24, "values": labels, "symbolType": symbol}


def _x_axis(chart: Chart, columns: int) -> dict[str, Any]:
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
    x: dict[str, Any] = {"field": "year", "type": "ordinal", "title": plain(chart.footnote), "axis": axis}
    return x | ({"scale": {"paddingInner": 0.35, "paddingOuter": 0.25}} if columns > 1 else {})


def _column_layer(
    chart: Chart,
    points: list[dict[str, Any]],
    unit: str,
    x: dict[str, Any],
    colour: dict[str, Any],
    order: list[str],
    below_a_line: bool,
) -> dict[str, Any]:
    y: dict[str, Any] = {"field": "value", "type": "quantitative", "title": unit, "axis": {"format": "~f"}}
    high = max((point["value"] for point in points), default=0.0)
    if below_a_line and high > 0 and min(point["value"] for point in points) >= 0:
        y["scale"] = {"domain": [0, high * 1.7], "nice": True}  # leaves the upper part to the line and its labels
    bars: dict[str, Any] = {"x": x, "y": y, "color": colour, "order": {"field": "order"}}
    mark: dict[str, Any] = {"type": "bar"}
    if len(order) == 1:
        mark["width"] = {"band": 0.4}
    elif chart.is_stacked:
        mark["width"] = {"band": 0.5}
    else:
        bars["xOffset"] = {"field": "series", "sort": order}
    labels = {key: value for key, value in bars.items() if key != "color"} | {"text": {"field": "text"}}
    text: dict[str, Any] = {"type": "text", "fontSize": 10, "fill": "#333333", "dy": -6}
    if chart.is_stacked:
        labels["y"] = y | {"stack": "zero", "bandPosition": 0.5}
        labels["color"] = {"condition": {"test": "datum.order % 2 == 0", "value": "#ffffff"}, "value": "#1a1a1a"}
        text = {"type": "text", "fontSize": 10}
    return {"data": {"values": points}, "layer": [{"mark": mark, "encoding": bars}, {"mark": text, "encoding": labels}]}


def _line_layer(chart: Chart, series: Series, x: dict[str, Any], colour: dict[str, Any]) -> dict[str, Any]:
    values = [
        _point(figure, series, chart.breaks) | {"part": sum(year <= figure.year for year in chart.breaks)}
        for figure in series.figures
        if figure.has_value
    ]
    high = max((point["value"] for point in values), default=1.0)
    axis = {"orient": "right", "format": "~f", "grid": False, "titleColor": _LINE_COLOUR, "labelColor": _LINE_COLOUR}
    # From zero: a line that is cut off at the bottom exaggerates.
    scale = {"domain": [0, high * 1.15], "nice": False} if high > 0 else {}
    y = {"field": "value", "type": "quantitative", "title": series.unit.text, "axis": axis, "scale": scale}
    shared = {"x": x, "y": y}
    line = {"type": "line", "strokeWidth": 2, "point": {"size": 45, "filled": True}}
    text = {"type": "text", "dy": -11, "fontSize": 10, "fill": _LINE_COLOUR}
    halo = text | {"fill": "white", "stroke": "white", "strokeWidth": 3}
    return {
        "data": {"values": values},
        "layer": [
            {"mark": line, "encoding": shared | {"color": colour, "detail": {"field": "part", "type": "nominal"}}},
            {"mark": halo, "encoding": shared | {"text": {"field": "text"}}},
            {"mark": text, "encoding": shared | {"text": {"field": "text"}}},
        ],
    }


def _config() -> dict[str, Any]:
    return {
        "font": FONT,
        "title": {"font": FONT, "fontWeight": "normal"},
        "axis": {
            "labelFont": FONT,
            "titleFont": FONT,
            "titleFontWeight": "normal",
            "gridColor": "#e6e6e6",
            "labelFontSize": 11,
        },
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleY": -12, "tickCount": 5, "domain": False},
        "legend": {"labelFont": FONT, "labelFontSize": 11},
        "text": {"font": FONT},
        "view": {"stroke": None},
    }


def warm_up() -> None:
    """Start the converter, which takes a third of a second, before there is anything to draw."""
    with _STARTING:
        _renderer().vegalite_to_svg({"data": {"values": []}, "mark": "bar"})


def drawn_alone(specified: dict[str, Any]) -> str:
    """A Vega-Lite specification in the look of the bulletin as SVG text."""
    with _STARTING:
        renderer = _renderer()
    svg: str = renderer.vegalite_to_svg(specified | {"config": _config()})
    return svg


def draw(chart: Chart) -> tuple[str, bytes]:
    """The chart as SVG text and PNG bytes."""
    with _STARTING:
        renderer = _renderer()
    svg: str = renderer.vegalite_to_svg(specification(chart))
    png: bytes = renderer.svg_to_png(svg, scale=_SCALE)
    return svg, png


def description(chart: Chart, language: str = "zh") -> str:
    """The chart in words, for who cannot see it: every series with its years and values."""
    texts = []
    for series in chart.series:
        values = "，".join(f"{figure.year} {figure.in_unit(series.unit)}" for figure in series.figures)
        texts.append(f"{series.label.in_language(language)}（{series.unit.text}）：{values}")
    return f"{chart.title.in_language(language)}。" + "；".join(texts)
