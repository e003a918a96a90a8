"""What a seller says of a bundle is compared with what is in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Category, Collection, Listing, Wording
from curate.errors import ConfigError
from curate.listings import Shown, claims, facts
from curate.listings.numerals import han
from tests.claim_tables import FOOLING, HONEST, LOST
from tests.test_bundle import item

CATEGORIES = (
    Category("guides", "Guides"),
    Category("sea", "Sea photos"),
    Category("b", "备份方案"),
)
PDFS = [
    item(
        f"{n}.pdf", f"pdf {n}", kind="document", format="pdf", properties={"pages": 10},
        language="en" if n < 5 else "zh",
    )
    for n in range(12)
]  # fmt: skip
PHOTOS = [
    item(f"{n}.jpg", f"jpg {n}", kind="image", format="jpeg", category="sea") for n in range(31)
]
TEXTS = [item(f"{n}.txt", f"txt {n}", category="") for n in range(369)]
ITEMS = (*PDFS, *PHOTOS, *TEXTS)  # 412


def said(text: str, items: tuple[Any, ...] = ITEMS, **more: Any) -> list[str]:
    """Claims of a description that nothing proves."""
    collection = Collection("T", (), description=text, categories=CATEGORIES, name="x", **more)
    counted = facts(collection, items, {}, "1.0.0", 4_321_000_000)
    return [one.claim for one in claims.unproven(Shown(collection, counted, items))]


TRUE = """over 400 files
412 files
31 photos
over 30 beautiful, high-resolution photos
more than thirty pictures
a collection of 31 Sea photos and 12 guides
12 PDFs and 31 pictures in 2 categories
five English documents, 7 Chinese PDFs
120 pages of guides
hundreds of files, dozens of photos
about 400 files
0.4k files
four hundred and twelve files
4 GB to download
超过400个文件
超过 400 份资料，至少 30 张照片，约 400 个文件
412 份精选资料
四百余份资料
31张高清照片
三十一张图片
12 份 PDF 文档
共 412 个文件，分为两个类别
412份资料帮助你学习
４１２个文件，400+ 份资料
数百份资料，近四百个文件
Photos: 31; files (400+); PDF: 12; 照片：31；文件400+
超過400個檔案文件，31張圖片""".splitlines()


@pytest.mark.parametrize("text", TRUE)
def test_what_is_so_may_be_said(text: str) -> None:
    assert said(text) == []


FALSE = {
    "Over 500 photos of the sea.": "Over 500 photos",
    "超过 500 份精选资料": "超过 500 份精选资料",
    "500+ 张照片，随买随用": "500+ 张照片",
    "411 files": "411 files",
    "400 files": "400 files",
    "hundreds of photos": "hundreds of photos",
    "used by 300 schools": "300 schools",
    "300 schools love our 31 photos": "300 schools",
    "12 eBooks": "12 eBooks",
    "10,000+ files": "10,000+ files",
    "about 350 photos": "about 350 photos",
    "5 GB of material": "5 GB",
    "10 minutes of film": "10 minutes",
    "五百张图片": "五百张图片",
    "上千份资料": "上千份资料",
    "一百多张照片": "一百多张照片",
    "31张海报": "31张海报",
    "300所学校": "300所学校",
    "百万用户好评": "百万用户",
    "500張照片": "500張照片",
    "全網最全": "全網最全",
    "500 of our photos": "500 of our photos",
    "500 different photos": "500 different photos",
    "Photos: 500": "500",
    "photos (500+)": "500+",
    "照片500+": "500+",
    "照片：500": "500",
    "Over 500 for only ¥9!": "Over 500",
    "5G资料": "5G",
    "全网最全的资料": "全网最全",
    "the largest collection": "the largest",
    "100% original": "100%",
}


@pytest.mark.parametrize("text", FALSE)
def test_what_is_not_so_is_named(text: str) -> None:
    (claim,) = said(text)
    assert claim.startswith(FALSE[text])


NO_COUNT = """Python 3 in 2024, version 1.2.3, for ¥9.90, 1920x1080 at 300 dpi, MP3, 4K, CC BY 4.0
2024年第3版，适合6-12岁，三步上手，一站式，百科全书，十分好用，千里之行
30天无理由退款；24/7; no. 7; chapter 12; COVID-19; 3-2-1
Two friends wrote this in 2019. Open it with one click, on Windows 11.
步骤1：打开; Excel 365, Word 16, ages 18+, page 3""".splitlines()


@pytest.mark.parametrize("text", NO_COUNT)
def test_what_counts_nothing_is_left_alone(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize("text", FOOLING)
def test_no_way_of_writing_a_number_fools(text: str) -> None:
    assert said(text)
    assert said(f"A fine thing. {text}. 很好。")


@pytest.mark.parametrize("text", HONEST)
def test_honest_words_pass(text: str) -> None:
    if text in LOST:
        assert said(text), "read rightly by now: take it out of LOST"
    else:
        assert said(text) == []
        assert said(f"A fine thing. {text}. 很好。") == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("over 500 photos", "it needs at least 500 (photos), and there are 31"),
        ("廿张图片", "it needs 20 (图片), and there are 31"),
        ("99 posters", "no file is known to be one of these 99"),
        ("全网最全", "no file can tell how it compares with others"),
        ("5 GB of photos", "it needs 5 (GB)"),
    ],
)
def test_the_missing_fact_is_named(text: str, missing: str) -> None:
    collection = Collection("T", (), description=text, categories=CATEGORIES, name="x")
    counted = facts(collection, ITEMS, {}, "1.0.0", 1)
    with pytest.raises(ConfigError) as caught:
        claims.check(Shown(collection, counted, ITEMS))
    (problem,) = caught.value.problems
    assert missing in problem.what
    assert text.startswith(problem.what.split("”")[0].lstrip("“"))


@pytest.mark.parametrize("text", [*FOOLING[:200:7], *FOOLING[200::7]])
def test_the_claim_as_it_is_named_can_be_allowed(text: str) -> None:
    allowed = dict.fromkeys(said(text), "a paper")
    assert said(text, listing=Listing(claims=allowed)) == []


@given(st.integers(2, 5000), st.integers(0, 600))
def test_more_than_is_true_where_there_are_as_many(number: int, there: int) -> None:
    items = TEXTS[: min(there, len(TEXTS))]
    there = len(items)
    for text in (
        f"over {number} files", f"{number}+ files", f"More than {number:,} texts", f"{number} files or more",
        f"超过{number}个文件", f"{number}余份资料", f"{number}份资料以上", f"{chinese(number)}余份文本",
    ):  # fmt: skip
        assert (said(text, tuple(items)) == []) == (there >= number), text


@given(st.integers(2, 600))
def test_a_plain_number_is_exact(number: int) -> None:
    for text in (
        f"{number} files",
        f"{number:,} items",
        f"{number}个文件",
        f"共{chinese(number)}份资料",
    ):
        assert (said(text) == []) == (number == 412), text


def chinese(number: int) -> str:
    digits, out, zero = "零一二三四五六七八九", "", False
    for scale, name in ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, scale)
        if digit:
            out += ("零" if zero and out else "") + digits[digit] + name
        zero = not digit
    return out


@given(st.integers(1, 99_999))
def test_chinese_numerals_are_read(number: int) -> None:
    assert han(chinese(number)) == number


@given(st.text(max_size=80))
def test_any_text_can_be_asked(text: str) -> None:
    assert all(isinstance(claim, str) for claim in said(text, tuple(PDFS[:1])))


@pytest.mark.parametrize(
    "part",
    ["1 ", "1,", "1 to ", "hundred ", "数百万多", "百科", "half a ", "最大", "MMM ", "“", "9O"],
)
def test_no_text_is_too_long(part: str) -> None:
    assert isinstance(said(part * (20_000 // len(part)), tuple(PDFS[:1])), list)


def test_the_seller_may_prove_what_files_cannot() -> None:
    text = "Used by 300 schools, over 500 photos."
    proven = Listing(claims={"used by 300 schools": "invoices of 2025"})
    assert said(text, listing=proven) == ["over 500 photos"]


def test_every_text_of_the_seller_is_asked() -> None:
    listing = Listing(
        tags=("99 tips",), wording={"zh": Wording("上千份资料", "五百张照片", ("88份",))}
    )
    assert len(said("", listing=listing)) == 4


def test_the_error_names_claim_facts_and_what_to_do() -> None:
    collection = Collection("Sea", (), description="Over 500 photos", name="sea")
    counted = facts(collection, ITEMS, {}, "1.0.0", 1)
    with pytest.raises(ConfigError) as caught:
        claims.check(Shown(collection, counted, ITEMS))
    (problem,) = caught.value.problems
    assert problem.where == "collections/sea/collection.toml: description"
    assert "“Over 500 photos”" in problem.what
    assert "412 files" in problem.what and "31 pictures" in problem.what
    assert "[listing.claims]" in problem.hint


def test_a_claim_without_a_proof_is_none() -> None:
    collection = Collection("T", (), listing=Listing(claims={"the best": " "}), name="x")
    with pytest.raises(ConfigError, match="has no proof"):
        claims.check(Shown(collection, facts(collection, ITEMS, {}, "1", 1), ITEMS))


def test_a_category_counts_what_lies_below_it() -> None:
    categories = (Category("photos", "Photos"), Category("sea", "Sea", parent="photos"))
    collection = Collection("T", (), description="31 photos", categories=categories, name="x")
    counted = facts(collection, ITEMS, {}, "1", 1)
    assert claims.unproven(Shown(collection, counted, ITEMS)) == []
