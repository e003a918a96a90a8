"""The shop sheet: its numbers are counted, and nobody's words can break it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from curate.collection import Category, Collection, Listing
from curate.listings import Facts, Shown, facts
from curate.listings.sheet import SheetListing
from curate.model import Item, LicenseInfo
from tests.test_bundle import GUIDES, ITEMS, item

LICENSES = {"CC-BY-4.0": LicenseInfo("CC-BY-4.0", "CC BY 4.0", "https://cc.example/by (4)")}


def counted(items: Sequence[Item] = ITEMS, **more: Any) -> Facts:
    fields: dict[str, Any] = {"title": "Woods & numbers", "sources": (), "categories": GUIDES}
    return facts(Collection(**(fields | more), name="woods"), items, LICENSES, "1.2.0", 4321)


def sheet(told: Facts, folder: Path) -> tuple[str, dict[str, Any]]:
    """(Markdown, JSON) of the sheet."""
    shown = Shown(Collection("", ()), told)
    page, data = SheetListing().write(shown, folder)
    assert (page.name, data.name) == ("sheet.md", "sheet.json")
    return page.read_text("utf-8"), json.loads(data.read_bytes())


def rendered(markdown: str) -> BeautifulSoup:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return BeautifulSoup(html, "html.parser")


def table(markdown: str, number: int) -> dict[str, str]:
    """First and second column of a table; every row has to have just these two."""
    rows = [
        [cell.get_text() for cell in row.find_all(["td", "th"])]
        for row in rendered(markdown).find_all("table")[number].find_all("tr")
    ]
    assert {len(row) for row in rows} == {2}
    return dict(tuple(row) for row in rows)  # type: ignore[misc]


def test_the_numbers_are_those_of_the_items(tmp_path: Path) -> None:
    page, data = sheet(counted(), tmp_path)
    told = table(page, 0)
    assert (told["Files"], told["Version"], told["Price"]) == ("3", "1.2.0", "free")
    assert told["Formats"] == "bin 1, csv 1, txt 1"
    assert table(page, 1) == {
        "Category": "Files", "Guides": "1", "Data & tables": "1", "Not in a category": "1"
    }  # fmt: skip
    assert data["facts"]["size"] == sum(one.size for one in ITEMS)
    assert data["facts"]["archive"] == 4321


def test_the_numbers_change_when_an_item_is_removed(tmp_path: Path) -> None:
    page, data = sheet(counted(ITEMS[1:]), tmp_path)
    assert table(page, 0)["Files"] == "2"
    assert table(page, 0)["Formats"] == "bin 1, csv 1"
    assert "Guides" not in table(page, 1)
    assert data["facts"]["items"] == 2
    assert data["facts"]["size"] == sum(one.size for one in ITEMS[1:])
    assert "walden" not in page
    assert "2 files in 1 category" in data["description"]


def test_the_order_of_items_changes_nothing() -> None:
    assert counted(ITEMS) == counted(ITEMS[::-1])


def test_pages_and_seconds_are_summed_where_they_are_numbers() -> None:
    broken = ["many", float("nan"), float("inf"), -5, 10**400]
    stated: list[dict[str, Any]] = [{"pages": value, "seconds": value} for value in broken]
    items = [
        item(f"{number}.pdf", f"{number}", properties=properties)
        for number, properties in enumerate([{"pages": 3}, {"pages": 4, "seconds": 9.6}, *stated])
    ]
    told = counted(items)
    assert (told.pages, told.seconds, told.words) == (7, 10, 0)


HOSTILE = "a | b\n| c | d |\n# e <script>alert(1)</script> [f](javascript:x) `g` *h* \u202eexe"


def test_no_words_break_the_sheet(tmp_path: Path) -> None:
    items = [
        item("x.pdf", "1", title=HOSTILE, keywords=(HOSTILE,)),
        item("y.pdf", "2", title="- 1. item", keywords=(HOSTILE,)),
        item("z.pdf", "3", title="+ plus", format="a|b", category="data"),
    ]
    told = counted(
        items, title=HOSTILE, description=HOSTILE,
        categories=(Category("guides", HOSTILE), Category("data", "D")),
    )  # fmt: skip
    page, data = sheet(told, tmp_path)
    assert "\u202e" not in page
    soup = rendered(page)
    assert [len(soup.find_all(name)) for name in ("script", "em", "code", "h1")] == [0, 0, 0, 1]
    assert [str(link["href"]) for link in soup.find_all("a")] == ["https://cc.example/by%20%284%29"]
    assert table(page, 0)["Formats"] == "pdf 2, a|b 1"
    shown = " ".join(HOSTILE.replace("\u202e", "").split())
    assert table(page, 1) == {"Category": "Files", shown: "2", "D": "1"}
    inside = soup.find_all("ul")[0]
    assert [entry.get_text() for entry in inside.find_all("li")] == ["+ plus", "- 1. item", shown]
    assert data["facts"]["title"] == HOSTILE


def test_programs_read_the_same(tmp_path: Path) -> None:
    told = counted(listing=Listing(price="19.90", tags=("shop",)), keywords=("nature",))
    page, data = sheet(told, tmp_path)
    assert list(data) == ["version", "description", "facts"]
    assert data["version"] == 1
    assert data["facts"]["price"] == "19.90"
    assert data["facts"]["tags"][:3] == ["shop", "nature", "Guides"]
    assert data["facts"]["licenses"] == [
        {
            "name": "CC BY 4.0",
            "items": 3,
            "size": sum(one.size for one in ITEMS),
            "url": "https://cc.example/by (4)",
        }
    ]
    assert table(page, 0)["Price"] == "19.90 CNY"
    assert data["description"] in page.replace("\\", "")


def test_a_chinese_sheet_is_chinese(tmp_path: Path) -> None:
    items = (item("瓦尔登湖.txt", "林中", language="zh"), item("数据.csv", "甲", category="data"))
    told = counted(
        items, title="自然文学", language="zh",
        categories=(Category("guides", "指南"), Category("data", "数据")),
    )  # fmt: skip
    page, data = sheet(told, tmp_path)
    assert table(page, 0)["文件数"] == "2"
    assert table(page, 0)["语言"] == "英文 1、中文 1"
    assert table(page, 1) == {"类别": "文件数", "指南": "1", "数据": "1"}
    # What is left of Latin letters names formats, units, a licence and its address.
    words = set(re.findall(r"[A-Za-z]{2,}", page + data["description"]))
    assert words <= {"txt", "csv", "TXT", "CSV", "KB", "CC", "BY", "https", "cc", "example", "by"}


@pytest.mark.parametrize("price", ["", "0", "0.00"])
def test_what_costs_nothing_is_free(tmp_path: Path, price: str) -> None:
    page, _ = sheet(counted(listing=Listing(price=price)), tmp_path)
    assert table(page, 0)["Price"] == "free"
