"""Keywords are what a buyer would type; the texts to copy from say which field they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curate.collection import Category, Collection, Listing
from curate.listings import Shown, facts
from curate.listings.kit import KitListing
from curate.listings.words import words
from curate.model import Item, Language
from tests.test_bundle import item

TITLES = """A yellow bicycle leaning on the wall
IMG_2041.JPG
Bicycle with two baskets
Bicycles of the old town
DSC0091 copy (1)
scan-003-final
A lighthouse at night
Lighthouse and gulls
The lighthouse keeper's house
untitled
Untitled
x
x 2
1920
1921
厦门鼓浪屿的灯塔
灯塔的夜晚
灯塔 2
新建文件 3
新建文件 4""".splitlines()
ITEMS = [
    item(
        f"{number}.jpg", f"jpg {number}", kind="image", format="jpeg", title=title, category="harbour",
        keywords=("harbour view", "IMG_2041", "2041", "a", "the", "wp-content/uploads", "海港风光"),
    )
    for number, title in enumerate(TITLES)
]  # fmt: skip
HARBOUR = Collection(
    "Harbours", (), keywords=("sea", "大海"), categories=(Category("harbour", "Old harbours"),), name="h"
)  # fmt: skip


def told(
    language: Language, collection: Collection = HARBOUR, items: list[Item] = ITEMS
) -> tuple[str, ...]:
    counted = facts(collection, items, {}, "1.0.0", 1)
    return words(Shown(collection, counted, items), language).keywords


def test_english_keywords_are_searchable() -> None:
    assert told("en") == (
        "sea", "Old harbours", "harbour view", "bicycle", "lighthouse", "pictures", "JPEG"
    )  # fmt: skip


def test_chinese_keywords_are_chinese() -> None:
    found = told("zh")
    assert found[:2] == ("大海", "Old harbours")
    assert {"海港风光", "灯塔", "图片"} <= set(found)
    assert not {"新建", "文件", "新建文件", "的", "sea", "bicycle"} & set(found)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_debris_and_at_most_fifteen(language: Language) -> None:
    many = [
        item(f"{number}.txt", f"{number}", title=f"{word} and {word}s of nature {number}")
        for number, word in enumerate("ash beech birch cedar elm fir hazel holly larch lime maple oak pine yew willow alder".split() * 2)
    ]  # fmt: skip
    found = told(language, items=[*ITEMS, *many])
    assert len(found) <= 15
    for word in found:
        assert len(word) > 1 and not re.search(r"\d|[_/\\]", word)
        assert word.casefold() not in ("the", "and", "img", "copy", "final", "untitled", "scan")
    assert len({word.casefold().rstrip("s") for word in found}) == len(found)


def test_the_sellers_own_come_first_and_all() -> None:
    own = tuple(f"tag {number}" for number in range(18))
    collection = Collection("H", (), listing=Listing(tags=own), name="h")
    assert told("en", collection) == own


def test_the_order_of_items_changes_nothing() -> None:
    assert told("en") == told("en", items=ITEMS[::-1])


def test_one_of_a_thing_is_no_plural_and_fields_are_named(tmp_path: Path) -> None:
    one = [item("a.pdf", "a", kind="document", format="pdf", category="harbour", properties={"pages": 1, "seconds": 130})]  # fmt: skip
    counted = facts(HARBOUR, one, {}, "1.0.0", 1)
    shown = Shown(HARBOUR, counted, one)
    KitListing().write(shown, tmp_path)
    for path in [*tmp_path.glob("*.txt"), *tmp_path.glob("*.json"), *tmp_path.glob("*.md")]:
        text = path.read_text("utf-8")
        assert not re.search(r"(?<![\d.,])1 (?:\w+ )?(?!is\b|has\b)[a-z]+s\b", text), path.name
    english = (tmp_path / "description.en.txt").read_text("utf-8")
    chinese = (tmp_path / "description.zh.txt").read_text("utf-8")
    assert re.findall("^=== (.+) ===$", english, re.M) == [
        "Title", "Other titles to try", "Short description", "Description", "Questions and answers",
        "Keywords", "Note to the buyer",
    ]  # fmt: skip
    assert re.findall("^=== (.+) ===$", chinese, re.M) == [
        "标题", "备选标题", "简短描述", "详细描述", "常见问题", "关键词", "给买家的说明"
    ]  # fmt: skip
    assert "1 file" in english and "1 个文件" in chinese
