"""START-HERE.html in a real browser, opened from the disk: two thousand items, a phone and a desktop."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from PIL import Image

from curate.bundle import package
from curate.cli import main
from curate.collection import Category, Packing
from curate.model import Decision, Item, Kind
from tests.browser import DESKTOP, PHONE, browser, faults, opened, until
from tests.test_bundle import item, release, request, unpacked

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]

COUNT = 2000
TOPICS = (
    Category("plans", "Lesson plans"),
    Category("tasks", "Tasks"),
    Category("easy", "Beginners", parent="tasks"),
    Category("hard", "Advanced", parent="tasks"),
    Category("pictures", "Pictures & maps"),
)
ENGLISH = "garden history water energy light motion music theory poem planet river".split()
CHINESE = "古诗 数学 练习 物理 化学 植物 星空 海洋 音乐 教程 机器".split()
FORMATS: tuple[tuple[str, Kind], ...] = (
    ("pdf", "document"), ("md", "text"), ("png", "image"), ("mp3", "audio"), ("csv", "table"),
)  # fmt: skip


def drawn(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (160, 90 + number), (90, 120 + number, 150)).save(out, "JPEG")
    return out.getvalue()


PICTURES = [drawn(number) for number in range(30)]


def lesson(number: int) -> Item:
    """Every second one is Chinese; the words of its title, and of its first lines, follow from the number."""
    format, kind = FORMATS[number % 5]
    chinese = number % 2 == 0
    words = CHINESE if chinese else ENGLISH
    first, second = words[number % 11], words[(number // 11) % 11]
    title = f"{first}{second} 第{number}课" if chinese else f"{first} and {second}, part {number}"
    picture = PICTURES[number % 30] if kind == "image" else b""
    return item(
        f"f{number}.{format}", f"{number}\n", title=title, format=format, kind=kind,
        category="pictures" if kind == "image" else ("plans", "easy", "hard")[number % 3],
        language="zh" if chinese else "en", description="" if number % 4 else "Worth reading.",
        thumbnail=lambda: picture, decision=Decision("allow", "CC-BY-4.0" if number % 7 else "CC0-1.0"),
        lead="Zephyr blows" if number % 100 == 3 else "", keywords=("Ｆｕｌｌ",) if number == 8 else (),
    )  # fmt: skip


LESSONS = [lesson(number) for number in range(COUNT)]


def titles(word: str) -> set[str]:
    return {one.title for one in LESSONS if word in one.title}


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lessons")
    asked = request(
        folder / "lessons", LESSONS, title="The Classroom Library", categories=TOPICS,
        bundle=Packing(pdf=False),
    )  # fmt: skip
    return unpacked(package(asked, folder / "build"), folder / "out")


@pytest.fixture(scope="module", params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser, top: Path) -> Iterator[Page]:
    with opened(browser, top / "START-HERE.html", request.param) as (page, watch):
        yield page
        assert watch.outside == []
        assert watch.complaints == []


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    if "page" in request.fixturenames:
        page = request.getfixturevalue("page")
        page.goto(page.url.partition("#")[0])


def ask(page: Page, words: str) -> None:
    page.fill("#q", words)
    until(page, f"history.state.q === {words!r}")


def shown(page: Page) -> list[str]:
    """Titles of all that was found."""
    while page.locator("#more").is_visible():
        page.click("#more")
    return page.locator("#hits b").all_text_contents()


@pytest.mark.parametrize("word", ["planet", "星空"])
def test_a_word_finds_exactly_what_has_it(page: Page, word: str) -> None:
    ask(page, word)
    found = shown(page)
    assert set(found) == titles(word)
    assert len(found) == len(set(found))
    assert page.locator("#n").text_content() == f"{len(found)} found"


def test_words_narrow_and_their_width_and_case_do_not_matter(page: Page) -> None:
    ask(page, "ＰＬＡＮＥＴ  River")
    assert set(shown(page)) == titles("planet") & titles("river")
    ask(page, "full")
    assert shown(page) == [LESSONS[8].title]


def test_first_lines_are_searched_and_titles_come_first(page: Page) -> None:
    ask(page, "zephyr")
    assert len(shown(page)) == COUNT // 100
    page.keyboard.press("Escape")
    assert page.input_value("#q") == ""
    assert page.locator("#browse").is_visible()


def test_filters_combine_and_say_how_many_they_would_leave(page: Page) -> None:
    ask(page, "星空")
    if page.locator("#fold").is_visible():
        page.click("#fold")
    page.select_option("#f-format", "=PDF")
    page.select_option("#f-license", "=CC0-1.0")
    wanted = {
        one.title
        for one in LESSONS
        if "星空" in one.title and one.format == "pdf" and one.decision.license == "CC0-1.0"
    }
    assert wanted
    assert set(shown(page)) == wanted
    assert page.locator("#f-license option:checked").text_content() == f"CC0-1.0 ({len(wanted)})"
    assert page.locator("#f-language option").nth(1).text_content() == "English (0)"
    page.click("#clear")
    page.select_option("#f-kind", "=audio")
    assert len(shown(page)) == COUNT // 5
    assert page.locator("#f-kind option:checked").text_content() == f"Audio ({COUNT // 5})"


def test_nothing_found_is_said(page: Page) -> None:
    ask(page, "没有的词")
    assert page.locator("#none").is_visible()
    assert page.locator("#n").text_content() == "0 found"


def test_the_keyboard_alone_finds_and_opens(browser: Browser, top: Path) -> None:
    with opened(browser, top / "START-HERE.html") as (page, _):
        walk: list[str] = []
        while "q" not in walk and len(walk) < 12:
            page.keyboard.press("Tab")
            walk.append(page.evaluate("document.activeElement.id || document.activeElement.hash"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert walk[-1] == "q"
        page.keyboard.type("星空")
        until(page, "history.state.q === '星空'")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "f-kind"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        active = page.evaluate("document.activeElement.textContent")
        assert active == page.locator("#hits b").nth(1).text_content()
        row = "getComputedStyle(document.activeElement.closest('li')).outlineStyle"
        assert page.evaluate(row) == "solid"
        wanted = next(one for one in LESSONS if one.title == active)
        with page.expect_event("request") as event:
            page.keyboard.press("Enter")
        assert event.value.url.endswith(f".{wanted.format}")


def test_the_search_is_still_there_on_the_way_back_from_a_file(browser: Browser, top: Path) -> None:
    with opened(browser, top / "START-HERE.html") as (page, _):
        page.select_option("#f-kind", "=image")
        ask(page, "planet")
        before = shown(page)
        page.locator("#hits a").first.click()
        page.wait_for_url("**/*.png")
        page.go_back()
        page.wait_for_selector("#hits b")
        assert page.input_value("#q") == "planet"
        assert shown(page) == before


@pytest.mark.parametrize(
    ("size", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone, light", "desktop, dark"]
)
def test_axe_finds_no_serious_fault(
    browser: Browser, top: Path, size: tuple[int, int], dark: bool
) -> None:
    with opened(browser, top / "START-HERE.html", size, dark) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert faults(page) == []
        ask(page, "星空")
        assert faults(page) == []


def test_the_tree_leads_to_every_part_and_counts_what_is_below(page: Page) -> None:
    if not page.locator("#toc a").first.is_visible():
        page.click("#tocs")
    parts = page.locator("#toc a").all_text_contents()
    below = sum(one.category in ("easy", "hard") for one in LESSONS)
    assert f"Tasks {below}" in parts
    nested = page.locator("#toc li li a").all_text_contents()
    assert [one.rpartition(" ")[0] for one in nested] == ["Beginners", "Advanced"]
    ask(page, "planet")
    page.locator("#toc a", has_text="Pictures").click()
    assert page.locator("#browse").is_visible()
    assert page.locator("h2", has_text="Pictures").is_visible()


def test_every_link_and_picture_is_a_file_of_the_bundle(page: Page, top: Path) -> None:
    places = page.evaluate(
        "[...document.querySelectorAll('[href],[src]')].map(one => one.href || one.src)"
    )
    places += page.evaluate(
        "JSON.parse(document.getElementById('rows').textContent)"
        ".flatMap(row => [row[2], row[8]]).filter(Boolean).map(one => new URL(one, location).href)"
    )
    assert len(places) > COUNT
    for place in places:
        path = Path(unquote(urlsplit(place).path))
        assert path.is_relative_to(top)
        assert path.is_file(), place


def test_a_large_bundle_finds_the_same_from_its_data_file(browser: Browser, tmp_path: Path) -> None:
    one_more = item("more.md", "more", category="plans", title="One more")
    made = release(tmp_path, [*LESSONS, one_more], categories=TOPICS, bundle=Packing(pdf=False))
    start = unpacked(made, tmp_path / "out") / "START-HERE.html"
    with opened(browser, start) as (page, watch):
        assert page.locator("#browse .cards").first.locator("li").count() == 24
        button = page.locator("#browse .more").first
        button.click()
        assert page.locator("#browse .cards").first.locator("li").count() == 84
        for word in ("planet", "星空"):
            ask(page, word)
            assert set(shown(page)) == titles(word)
        page.select_option("#f-format", "=PNG")
        assert page.locator("#hits img").count() == len(shown(page))
        assert faults(page) == []
        assert watch.outside == []
        assert watch.complaints == []


def test_its_policy_lets_nothing_run_but_its_own_code(browser: Browser, top: Path) -> None:
    start = (top / "START-HERE.html").read_text("utf-8")
    evil = "<script>document.title='run'</script><img src='https://example.org/x.png'></body>"
    changed = top / "CHANGED.html"
    changed.write_text(start.replace("</body>", evil), "utf-8")
    try:
        with opened(browser, changed) as (page, watch):
            assert page.title() != "run"
            assert any("Content Security Policy" in one for one in watch.complaints)
            assert page.locator("#find").is_visible()
    finally:
        changed.unlink()


def test_a_chinese_bundle_is_chinese_throughout(browser: Browser, tmp_path: Path) -> None:
    asked = request(
        tmp_path / "shige", [lesson(0), lesson(1), lesson(2)], title="古诗资料", language="zh",
        categories=TOPICS, bundle=Packing(pdf=False),
    )  # fmt: skip
    start = unpacked(package(asked, tmp_path / "build"), tmp_path / "out") / "START-HERE.html"
    with opened(browser, start, PHONE) as (page, watch):
        page.click("#fold")
        labels = page.locator("#facets label").all_text_contents()
        assert [one[:2] for one in labels] == ["类型", "格式", "语言", "许可"]
        assert "英语" in labels[2]
        ask(page, "练习")
        assert page.locator("#n").text_content() == "找到 1 个"
        assert faults(page) == []
        assert watch.complaints == []


def test_the_first_lines_of_a_described_text_reach_the_page(tmp_path: Path) -> None:
    told = '<html lang="en"><title>On tea</title><meta name="description" content="A short essay.">'
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "tea.html").write_text(
        f"{told}<body><p>Zephyrs cool the cup before the guest does.</p></body></html>", "utf-8"
    )
    for command in (
        f"init {tmp_path}/shop",
        f"new tea --folder {tmp_path}/texts --own Ann --workspace {tmp_path}/shop",
        *(
            f"{stage} tea --workspace {tmp_path}/shop"
            for stage in ("collect", "classify", "package")
        ),
    ):
        done = CliRunner().invoke(main, command.split())
        assert done.exit_code == 0, done.output
    (archive,) = (tmp_path / "shop" / "build" / "tea" / "1.0.0").glob("*.zip")
    with zipfile.ZipFile(archive) as bundle:
        start = bundle.read(f"{bundle.namelist()[0].partition('/')[0]}/START-HERE.html").decode()
    card = BeautifulSoup(start, "html.parser").select_one(".cards li")
    assert card is not None
    assert "A short essay." in card.get_text()
    assert "Zephyrs cool the cup" in str(card["data-w"])
