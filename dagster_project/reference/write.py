"""All pages of indicators into a folder, with their charts and an index by section: Markdown for docs/, web pages for a home.

Belongs here: files. Does not belong here: what stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from dagster_project.bulletin.folder import replaced
from dagster_project.dictionary.account import NOT_APPLICABLE, NOT_YET, take_account
from dagster_project.dictionary.indicators import WITHOUT_FIGURE, load_indicators, read_rows
from dagster_project.errors import told_of_the_disk
from dagster_project.reference.chart import svg_of
from dagster_project.reference.page import KINDS, MADE, page_of
from dagster_project.reference.series import Point, breaks, points, targets
from dagster_project.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs" / "indicators"
INDEX = "README"
CHARTS = "charts"
_LINK = re.compile(r'href="([a-z0-9_]+|README)\.md"')
_STYLE = (
    "body{font:15px/1.7 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.6rem 0}th,td{border:1px solid #ccd3da;padding:.25rem .6rem;text-align:left;"
    "vertical-align:top}th{background:#e8eef5}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:1.6rem}"
    "code{background:#f3f5f7;padding:0 .2rem;word-break:break-word}img{max-width:100%}a{color:#1f4e79}"
)

Own = Mapping[str, Sequence[Point]]


def texts(own: Own | None = None, heading: str = "") -> dict[str, str]:
    """Every page as Markdown by its name; `own` are a home's annual figures by indicator, `heading` stands on the index."""
    ours = own or {}
    found = {INDEX: _index(heading)}
    for row in read_rows():
        indicator = load_indicators()[row["indicator_id"]]
        name = indicator.indicator_id
        chart = f"{CHARTS}/{name}.svg" if _drawn(name, ours) else ""
        found[name] = page_of(indicator, row, ours.get(name, ()), chart)
    return found


def drawings(own: Own | None = None) -> dict[str, str]:
    """The chart of every indicator that has figures, as SVG by its name."""
    found = {}
    for name, indicator in load_indicators().items():
        if drawn := _drawn(name, own or {}):
            found[name] = svg_of(indicator, drawn, breaks().get(name, []), targets().get(name, []))
    return found


def _drawn(name: str, own: Own) -> list[Point]:
    return [*own.get(name, ()), *points(name)]


def write_docs(folder: Path = DOCS) -> int:
    """Renew the pages of docs/ from the dictionary; returns how many there are."""
    pages = {f"{name}.md": text for name, text in texts().items()}
    return _write(folder, pages)


def write_web_pages(folder: Path, own: Own, heading: str) -> int:
    """Write the pages with a home's own figures for a browser; returns how many there are."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    pages = {}
    for name, text in texts(own, heading).items():
        body = _LINK.sub(r'href="\1.html"', renderer.render(text.replace(MADE, "")))
        title = escape(load_indicators()[name].name_zh if name != INDEX else heading)
        back = "" if name == INDEX else f'<p><a href="{INDEX}.html">全部指标 all indicators</a></p>'
        pages[f"{name}.html"] = (
            f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
            f"<body>{back}{body}</body></html>\n"
        )
    return _write(folder, pages, own)


def _write(folder: Path, pages: Mapping[str, str], own: Own | None = None) -> int:
    """Write all files aside; they take the place of older ones in one step."""
    with told_of_the_disk(folder), replaced(folder) as aside:
        (aside / CHARTS).mkdir()
        for name, text in pages.items():
            (aside / name).write_text(text, encoding="utf-8")
        for name, svg in drawings(own).items():
            (aside / CHARTS / f"{name}.svg").write_text(svg, encoding="utf-8")
    return len(pages)


def _index(heading: str) -> str:
    lines = [MADE, "", "# 指标逐个说明 · The indicators one by one", ""]
    if heading:
        lines += [heading, ""]
    else:
        lines += [
            "怎么写一行、怎么算出，见 [indicators.md](../indicators.md)。 How a row is written and computed: indicators.md.",
            "",
            *_account(),
        ]
    section = ""
    for indicator in load_indicators().values():
        if indicator.section != section:
            section = indicator.section
            lines += ["", f"## {section}", "", "| 指标 indicator | 单位 unit | 性质 kind |", "|---|---|---|"]
        link = f"[{indicator.name_zh}]({indicator.indicator_id}.md) {indicator.name_en}"
        kind = KINDS[indicator.kind]
        lines.append(f"| {link} | {indicator.unit} | {kind.zh} {kind.en} |")
    return "\n".join(lines) + "\n"


def _account() -> list[str]:
    """How many rows of the dictionary have a figure where all extracts are there, and those that have none with their reasons."""
    indicators = load_indicators()
    account = take_account({name for name, one in indicators.items() if one.kind not in WITHOUT_FIGURE})
    told = account.sentence()
    lines = [f"**{told.zh}。** {told.en}.", "", "| 没有数的 without a figure | 原因 reason |", "|---|---|"]
    for name in (*account.groups[NOT_APPLICABLE], *account.groups[NOT_YET]):
        one = indicators[name]
        lines.append(f"| [{one.name_zh}]({name}.md) `{name}` | {one.reason_zh} {one.reason_en} |")
    return [*lines, ""]


if __name__ == "__main__":
    print(f"{write_docs()} pages in {DOCS.relative_to(PROJECT_ROOT)}")
