"""A page an indicator: complete, in step with the dictionary, charts that never draw across a break."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagster_project.dictionary.account import take_account
from dagster_project.dictionary.indicators import WITHOUT_FIGURE, load_indicators
from dagster_project.explain.chinese import chinese
from dagster_project.reference import series, write
from dagster_project.reference.chart import specification
from dagster_project.reference.series import NATION, OWN, Break, Point, Target


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return write.texts()


def test_docs_are_made_from_the_dictionary(texts: dict[str, str]) -> None:
    found = {path.stem: path.read_text(encoding="utf-8") for path in write.DOCS.glob("*.md")}
    assert set(found) == set(texts), "run make docs"
    stale = [name for name, text in texts.items() if found[name] != text]
    assert not stale, f"run make docs: {stale[:5]}"


def test_the_account_of_the_dictionary_adds_up_and_gives_every_reason(texts: dict[str, str]) -> None:
    indicators = load_indicators()
    account = take_account({name for name, one in indicators.items() if one.kind not in WITHOUT_FIGURE})
    index = texts[write.INDEX]
    assert f"**{account.sentence().zh}。**" in index and account.total == sum(map(len, account.groups.values())) == 247
    for name, one in indicators.items():
        if one.kind in ("not_applicable", "not_yet"):
            assert one.reason_zh and f"`{name}` | {one.reason_zh}" in index


def test_every_indicator_has_a_page_and_every_drawn_one_its_chart(texts: dict[str, str]) -> None:
    assert set(texts) == {*load_indicators(), write.INDEX}
    linked = {name for name, text in texts.items() if f"({write.CHARTS}/{name}.svg)" in text}
    assert linked == {path.stem for path in (write.DOCS / write.CHARTS).glob("*.svg")}
    assert len(linked) >= 190
    for name, text in texts.items():
        for target in re.findall(r"\]\(([a-z0-9_]+)\.md\)", text):
            assert target in texts, (name, target)


def test_a_page_tells_formula_choices_breaks_and_what_was_published(texts: dict[str, str]) -> None:
    page = texts["pool_current_balance_total"]
    assert "`employee_pool_current_balance + resident_current_balance`" in page
    assert "结存范围" in page and "含个人账户" in page
    assert "2023（B07）" in page and "否 no" in page
    assert "| 全国 | 2024 | 4639.17 亿元 | 统计公报 |" in page
    assert "2030 年不低于 95%" in texts["coverage_rate"]


def test_all_breaks_are_told_in_chinese() -> None:
    for listed in series.breaks().values():
        for one in listed:
            for text in (one.what, one.effect):
                assert chinese("breaks", text) != text, text


def test_a_year_is_drawn_by_its_most_settled_vintage_and_never_by_a_misprint() -> None:
    figures = series.published()["insured_total"]
    several = {one.year for one in figures if one.geography == NATION and one.vintage == "bulletin"}
    drawn = {point.year: point.value for point in series.points("insured_total") if point.place == NATION}
    for one in figures:
        if one.geography == NATION and one.vintage == "bulletin" and not one.is_misprint:
            assert drawn[one.year] == one.value
    assert several
    misprints = [one for listed in series.published().values() for one in listed if one.is_misprint]
    assert misprints
    for one in misprints:
        assert Point(one.year, one.geography, one.value) not in series.points(one.indicator_id)


def layers(
    points: list[Point], breaks: list[Break], targets: list[Target], indicator: str = "coverage_rate"
) -> list[list]:
    """The layers of every panel of a chart."""
    drawn = specification(load_indicators()[indicator], points, breaks, targets)
    return [panel["layer"] for panel in drawn["vconcat"]]


def test_a_line_has_a_gap_at_a_break_that_stops_comparison_and_at_no_other() -> None:
    points = [Point(year, NATION, float(year)) for year in (2021, 2022, 2023, 2024)]
    stopping, printing = (Break("B", 2023, "", "", "", stops) for stops in (True, False))
    for breaks, parts in (([stopping], [0, 0, 1, 1]), ([printing], [0, 0, 0, 0])):
        ((rule, line, *_),) = layers(points, breaks, [])
        assert [value["part"] for value in line["data"]["values"]] == parts
        assert line["encoding"]["detail"]["field"] == "part"
        assert [value["year"] for value in rule["data"]["values"]] == (["2023"] if breaks == [stopping] else [])


def test_places_that_cannot_be_compared_have_panels_of_their_own() -> None:
    points = [Point(2024, NATION, 132662.0), Point(2024, OWN, 4114.0)]
    assert len(layers(points, [], [], "insured_total")) == 2
    assert len(layers(points, [], [])) == 1, "rates stand on one axis"


def test_a_target_is_a_line_within_the_picture() -> None:
    ((*_, rule, name),) = layers([Point(2024, OWN, 90.0)], [], [Target(2030, 95.0, "at_least", None)])  # type: ignore[arg-type]
    assert rule["mark"]["type"] == "rule" and rule["data"]["values"][0]["value"] == 95.0
    assert "2030 年目标不低于 95%" in name["data"]["values"][0]["text"]
    low, high = rule["encoding"]["y"]["scale"]["domain"]
    assert low < 90 < 95 < high


def test_a_home_has_its_own_figures_on_web_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "points", lambda name: [])  # two hundred published charts are not the point here
    own = {"coverage_rate": [Point(2024, OWN, 94.2), Point(2025, OWN, 95.1)]}
    assert write.texts(own, "本库")["coverage_rate"].count("| 2025 | 95 |") == 1
    count = write.write_web_pages(tmp_path / "pages", own, "贵州省")
    page = (tmp_path / "pages" / "coverage_rate.html").read_text(encoding="utf-8")
    assert count == len(load_indicators()) + 1 and "本库 own figures" in page and 'href="README.html"' in page
    assert ">本库<" in (tmp_path / "pages" / "charts" / "coverage_rate.svg").read_text(encoding="utf-8")
    assert not re.search(r'href="[^":]+\.md"', page)
