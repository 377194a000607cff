"""Charts drawn to SVG and PNG without a browser, and told in words.

Belongs here: the renderer, what all drawings share. Does not belong here: how a chart of yearly figures looks (`chart_spec`), which
series it has (`chart_series`). The only font is Noto Sans CJK SC of the package that carries it, registered by file: nothing of the system's.
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

from dagster_project.bulletin.chart_lines import NATION
from dagster_project.bulletin.chart_spec import specification
from dagster_project.bulletin.document import Chart
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text

FONT = "Noto Sans CJK SC"
_FONT_FILE = "NotoSansCJKsc-Regular.otf"
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
    svg: str = renderer.vegalite_to_svg(specification(chart) | {"config": _config()})
    png: bytes = renderer.svg_to_png(svg, scale=_SCALE)
    return svg, png


def description(chart: Chart, language: str = "zh") -> str:
    """The chart in words, for who cannot see it: every series with its years and values."""
    texts = []
    for series in chart.series:
        values = "，".join(f"{figure.year} {figure.in_unit(series.unit)}" for figure in series.figures)
        texts.append(f"{series.label.in_language(language)}（{series.unit.text}）：{values}")
        if series.reference and series.reference_unit:
            unit = series.reference_unit
            published = "，".join(f"{figure.year} {figure.in_unit(unit)}" for figure in series.reference)
            texts.append(
                f"{series.label.in_language(language)}，{NATION.in_language(language)}（{unit.text}）：{published}"
            )
        if series.goal:
            texts.append(f"{series.label.in_language(language)}，{series.goal.words.text(language)}")
    return f"{chart.title.in_language(language)}。" + "；".join(texts)
