"""The page of a report in a real browser: both languages, day and night, telephone and paper."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from curate.books.reports import Report, charts, html
from curate.books.reports.cells import heading, said
from curate.exports.text import line
from tests.browser import DESKTOP, browser, faults, opened
from tests.reported import HOSTILE, direct, journey

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]
NARROW = (360, 780)


def written(folder: Path, language: Any, *reports: Report) -> Path:
    path = folder / "report.html"
    path.write_text(html.page(reports, language, "2026-03"), "utf-8", newline="")
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (NARROW, False), (NARROW, True)]
)
def test_nothing_serious_nothing_asked_nothing_cut_off(
    browser: Browser, tmp_path: Path, language: Any, size: tuple[int, int], dark: bool
) -> None:
    page = written(tmp_path, language, direct(language), journey(language))
    with opened(browser, page, size, dark) as (shown, watch):
        assert faults(shown) == []
        assert watch.outside == [] and watch.complaints == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert shown.locator("h1").count() == 1
        assert shown.locator("svg.plot").count() == 6
        paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 200) == dark
        outside = shown.evaluate(OUTSIDE)
        assert outside == [], "text of a chart lies outside of its picture"


OUTSIDE = """[...document.querySelectorAll('figure')].flatMap((figure) => {
  const room = figure.getBoundingClientRect();
  return [...figure.querySelectorAll('text')].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1;
  }).map((one) => one.textContent);
})"""
OVERLAPPING = """[...document.querySelectorAll('svg.plot')].flatMap((plot) => {
  const all = [...plot.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
  return all.flatMap(([a, p], n) => all.slice(n + 1).filter(([b, q]) =>
    p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 2 && q.top < p.bottom - 2
  ).map(([b]) => [a, b]));
})"""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("hostile", [False, True], ids=["usual", "hostile"])
def test_words_of_a_chart_do_not_lie_on_each_other(
    browser: Browser, tmp_path: Path, language: Any, hostile: bool
) -> None:
    page = written(tmp_path, language, direct(language, hostile=hostile), journey(language))
    with opened(browser, page) as (shown, _):
        assert shown.evaluate(OVERLAPPING) == []
        assert shown.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_of_every_table_stands_on_the_page(language: Any) -> None:
    reports = direct(language), journey(language), direct(language, hostile=True)
    for report in reports:
        soup = BeautifulSoup(html.page([report], language, "2026-03"), "lxml")
        found = soup.find_all("table")
        tables = [one for one in report.tables if one.rows]
        assert len(found) == len(tables)
        for table, element in zip(tables, found, strict=True):
            cells = [[one.get_text() for one in row.find_all(["th", "td"])] for row in element.find_all("tr")]  # fmt: skip
            wanted = [[heading(table, place) for place in range(len(table.columns))]]
            wanted += [said(table, row) for row in (*table.rows, *table.below)]
            assert [[one.strip() for one in row] for row in cells] == [
                [re.sub("^-", "−", line(text)) if n and table.columns[n].kind != "text" else line(text)
                 for n, text in enumerate(row)]
                for row in wanted
            ]  # fmt: skip


def test_titles_of_others_stay_titles(browser: Browser, tmp_path: Path) -> None:
    page = written(tmp_path, "en", direct("en", hostile=True))
    with opened(browser, page, NARROW) as (shown, watch):
        assert "caught" not in shown.title()
        assert watch.requests == [page.as_uri()] and watch.complaints == []
        assert shown.locator("script, img, iframe, object, link").count() == 0
        assert shown.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        assert faults(shown) == []
        heads = shown.locator("tbody th bdi").all_text_contents()
        assert heads[: len(HOSTILE)] == [line(one) for one in HOSTILE]
    text = page.read_text("utf-8")
    tags = BeautifulSoup(text, "lxml").find_all(True)
    names = {name for tag in tags for name in tag.attrs}
    assert not {name for name in names if name.startswith("on")} | names & {
        "src",
        "style",
        "srcset",
    }
    assert {*re.findall(r"href=\"([^\"])", text)} == {"#"}
    assert "\x00" not in text and "\x1b" not in text


def test_the_paper_is_white_and_holds_the_whole_width(browser: Browser, tmp_path: Path) -> None:
    page = written(tmp_path, "zh", direct("zh"), journey("zh"))
    with opened(browser, page, (718, 1000), dark=True) as (shown, _):
        shown.emulate_media(media="print", color_scheme="dark")
        assert (
            shown.evaluate("getComputedStyle(document.body).backgroundColor")
            == "rgb(255, 255, 255)"
        )
        assert (
            shown.evaluate("document.documentElement.scrollWidth") <= 718
        )  # A4 less its margins, 96 dpi
        assert (
            shown.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX")
            == "visible"
        )
        assert shown.pdf(format="A4").startswith(b"%PDF")


def test_a_picture_is_text_that_is_the_same_every_time() -> None:
    report = direct("zh")
    first = [one for chart in report.charts for one in charts.draw(report, chart, "zh")]
    again = [one for chart in report.charts for one in charts.draw(report, chart, "zh")]
    assert first == again
    ids: list[str] = []
    for one in first:
        root = ElementTree.fromstring(one.svg)
        assert [one.text for one in root.iter("text")]
        assert all("style" not in element.attrib for element in root.iter())
        assert not re.search(r"\d{4}-\d\d-\d\dT|matplotlib|http|<style|font-family", one.svg)
        ids += [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        used = re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", one.svg)
        assert {*used} <= {*ids}
    assert len(ids) == len({*ids})
    assert "闲鱼" in first[0].svg and "123,456.78" in first[0].svg
    assert html.page([report], "zh", "2026-03") == html.page([report], "zh", "2026-03")


def test_each_currency_has_a_scale_of_its_own_and_long_tables_are_cut_with_a_word() -> None:
    report = direct("en")
    costs = [*charts.draw(report, report.charts[3], "en")]
    assert [one.title for one in costs] == [
        "Where the money went (CNY)",
        "Where the money went (USD)",
    ]
    assert all(len(one.series) == 3 for one in costs)
    table = report.tables[0]
    from msgspec.structs import replace

    many = replace(report, tables=(replace(table, rows=table.rows * 10), *report.tables[1:]))
    (drawn,) = charts.draw(many, many.charts[1], "en")
    assert drawn.note == "the first 15 of 40"
    none = replace(report, tables=(replace(table, rows=()), *report.tables[1:]))
    assert [*charts.draw(none, none.charts[0], "en")] == []
