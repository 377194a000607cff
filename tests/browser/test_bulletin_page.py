"""The bulletin's page in a real browser: no request leaves, nothing is cut off, the labels change language."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from dagster_project.bulletin import PublicationReport, make_publication
from tests.bulletin_home import RUN_ID, make_home

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Debian's chromium is not installed (apt-get install chromium)", allow_module_level=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> PublicationReport:
    return make_publication(make_home(tmp_path_factory.mktemp("page") / "home"), 2025, run_id=RUN_ID)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any, report: PublicationReport) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1000, "height": 1400})
    opened.requested = []
    opened.errors = []
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.on("console", lambda message: opened.errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.goto(report.paths["html"].as_uri())
    yield opened
    opened.close()


def test_the_page_asks_nobody_and_has_no_errors(page: Any, report: PublicationReport) -> None:
    assert page.requested == [report.paths["html"].as_uri()]
    assert page.errors == []


def test_the_mark_of_invented_data_stays_in_sight(page: Any) -> None:
    page.evaluate("window.scrollTo(0, 5000)")
    box = page.locator(".banner").bounding_box()
    assert "合成数据" in page.locator(".banner").inner_text() and "Synthetic" in page.locator(".banner").inner_text()
    assert box is not None and 0 <= box["y"] < 5


@pytest.mark.parametrize("width", [1000, 390])
def test_nothing_is_cut_off_at_the_side(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("figure svg").count() >= 4
    for index in range(page.locator("figure svg").count()):
        box = page.locator("figure svg").nth(index).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width


# Numbers of table cells whose digits stand on more than one line.
BROKEN_NUMBERS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll("td, tbody th")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const number of texts.currentNode.data.matchAll(/[0-9]+([.,][0-9]+)*/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, number.index);
        range.setEnd(texts.currentNode, number.index + number[0].length);
        const lines = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
        if (lines.size > 1) broken.push(cell.textContent);
      }
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", [1000, 390])
def test_no_number_is_broken_over_lines_and_no_list_of_them(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(BROKEN_NUMBERS) == []
    cells = page.locator("#table-definitions td:last-child")
    wrapping = {cells.nth(index).evaluate("one => getComputedStyle(one).whiteSpace") for index in range(cells.count())}
    assert wrapping == {"nowrap"}


def test_table_labels_change_language(page: Any) -> None:
    header = page.locator("#table-region_enrolment thead th").first
    assert header.inner_text() == "地区"
    page.locator("#language").click()
    assert header.inner_text() == "Region"
    page.locator("#language").click()
    assert header.inner_text() == "地区"


def test_a_figure_leads_to_its_row(page: Any) -> None:
    link = page.locator("a.figure").first
    link.click()
    target = (link.get_attribute("href") or "")[1:]
    assert page.locator(f"tr[id='{target}']").is_visible()


def test_it_prints_on_a4(page: Any) -> None:
    document = page.pdf(format="A4", prefer_css_page_size=True)
    assert document.startswith(b"%PDF") and len(document) > 20_000
