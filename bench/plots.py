"""The pictures of the bench page, as SVG.

Belongs here: how they look. Does not belong here: the page, the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vl_convert

_BLUE, _GREY, _PALE = "#1f4e79", "#8a8a8a", "#9fbcd8"
_CONFIG = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"gridColor": "#e6e6e6", "titleFontWeight": "normal"},
}


def stages(result: dict[str, Any], names: Mapping[str, str]) -> str:
    """Seconds by stage at the largest scale: the product's stages above the two sections of both yardsticks."""
    measured = result["scales"][-1]
    ours = measured["product"]
    rows = [
        {"what": _english(names[name]), "seconds": cost["seconds"], "side": "product"}
        for name, cost in {"intake": ours["intake"], **ours["stages"]}.items()
    ]
    rows += [
        {"what": f"{side}: {name}", "seconds": measured[key][name]["seconds"], "side": side}
        for key, side in (("yardstick", "yardstick"), ("narrow", "narrow yardstick"))
        for name in ("intake", "model")
    ]
    bars = {
        "y": {"field": "what", "type": "nominal", "sort": None, "title": None},
        "x": {"field": "seconds", "type": "quantitative", "title": f"seconds at scale {measured['scale']}"},
    }
    colour = {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": ["product", "yardstick", "narrow yardstick"], "range": [_BLUE, _GREY, _PALE]},
        "legend": None,
    }
    layers = [
        {"mark": "bar", "encoding": bars | {"color": colour}},
        {
            "mark": {"type": "text", "align": "left", "dx": 4},
            "encoding": bars | {"text": {"field": "seconds", "type": "quantitative", "format": ".1f"}},
        },
    ]
    return _svg({"width": 520, "height": {"step": 20}, "data": {"values": rows}, "layer": layers})


def growth(result: dict[str, Any]) -> str:
    """Seconds of the whole by landed rows, both axes logarithmic, so that growth with the rows is a straight line."""
    rows = [
        {"rows": measured["rows"] / 1e6, "seconds": measured[side]["whole"]["seconds"], "side": side}
        for measured in result["scales"]
        for side in ("product", "yardstick")
    ]
    encoding = {
        "x": {"field": "rows", "type": "quantitative", "scale": {"type": "log"}, "title": "million landed rows"},
        "y": {"field": "seconds", "type": "quantitative", "scale": {"type": "log"}, "title": "seconds"},
        "color": {
            "field": "side",
            "type": "nominal",
            "scale": {"domain": ["product", "yardstick"], "range": [_BLUE, _GREY]},
            "legend": {"title": None, "orient": "top-left"},
        },
    }
    mark = {"type": "line", "point": {"filled": True, "size": 50}}
    return _svg({"width": 520, "height": 240, "data": {"values": rows}, "mark": mark, "encoding": encoding})


def _english(name: str) -> str:
    """The English half of a bilingual label: an SVG must not depend on Chinese fonts of its reader."""
    return name.split(" ", 1)[1]


def _svg(specification: dict[str, Any]) -> str:
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 10,
        "config": _CONFIG,
        **specification,
    }
    svg: str = vl_convert.vegalite_to_svg(whole)
    return svg
