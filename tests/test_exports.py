"""curate.exports: what every platform's file says, read back the way that platform reads it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curate import plugins
from curate.errors import Problem
from curate.exports import Export, Offer
from curate.exports.medusa import MedusaExport
from curate.exports.shopify import ShopifyExport
from curate.exports.text import block, commands, line
from tests.offers import HTML, offer, product, share, words
from tests.platforms import BATCH, HEADERS, KAMI, woocommerce_description, woocommerce_list

Make = Callable[..., Offer]
CARDS = ("dujiaoka", "dujiao-next", "acg-faka")
TABLES = ("shopify", "woocommerce", "vendure", "medusa", "oscar")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(name: str, title: str = "", *shares: Any, **others: Any) -> Offer:
        return offer(tmp_path / "build", product(name, title, **others), *shares)

    return made


def run(folder: Path, platform: str | Export, *offers: Offer) -> tuple[Path, list[Problem]]:
    export: Export = plugins.load("exports", platform)() if isinstance(platform, str) else platform
    target = folder / f"out-{len(list(folder.iterdir()))}"
    target.mkdir()
    files, faults = export.write(offers, target)
    problems = [fault.told("en") for fault in faults]
    there = [path for path in target.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(there), "names every file that it wrote"
    return target, problems


def rows(path: Path, bom: bool = False) -> list[dict[str, str]]:
    """A table as RFC 4180 readers see it."""
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") == bom
    assert b"\r" not in data and b"\0" not in data
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def errors(problems: list[Problem]) -> list[str]:
    return [f"{one.where}: {one.what}" for one in problems if one.severity == "error"]


def test_shopify_gives_every_field(tmp_path: Path, make: Make) -> None:
    export = ShopifyExport(images="https://img.example/c/")
    folder, problems = run(tmp_path, export, make("guides"), make("资料", language="zh", price="0"))
    table = rows(folder / "products.csv")
    assert tuple(table[0]) == HEADERS["shopify"]
    assert problems == []
    first, more, second, _ = table
    assert {key: value for key, value in first.items() if value} == {
        "Title": "Guides: guides", "URL handle": "guides", "Description": HTML,
        "Tags": "guides, how-to， quick, a:b|c, x", "Published on online store": "FALSE", "Status": "Draft",
        "SKU": "guides", "Option1 name": "Title", "Option1 value": "Default Title", "Price": "19.90",
        "Charge tax": "TRUE", "Continue selling when out of stock": "DENY", "Requires shipping": "FALSE",
        "Fulfillment service": "manual", "Product image URL": "https://img.example/c/guides-1.png",
        "Image position": "1", "Image alt text": "Guides: guides", "Gift card": "FALSE",
        "SEO title": "Guides: guides", "SEO description": "Twelve guides, sorted.",
    }  # fmt: skip
    assert {key for key, value in more.items() if value} == {"URL handle", "Product image URL", "Image position", "Image alt text"}  # fmt: skip
    assert (second["URL handle"], second["Price"], second["Title"]) == (
        "zi-liao",
        "0.00",
        "小吃配方资料包",
    )
    assert (folder / "images" / "zi-liao-2.png").is_file()


def test_shopify_legacy_says_the_same_under_the_former_names(tmp_path: Path, make: Make) -> None:
    one = make("guides")
    folder, _ = run(tmp_path, ShopifyExport(legacy=True), one)
    [row] = rows(folder / "products.csv")
    assert set(row) == HEADERS["shopify-legacy"]
    assert (row["Handle"], row["Body (HTML)"], row["Variant Price"]) == ("guides", HTML, "19.90")
    assert (row["Variant Inventory Policy"], row["Status"], row["Variant SKU"]) == (
        "deny",
        "draft",
        "guides",
    )


def test_woocommerce_gives_every_field(tmp_path: Path, make: Make) -> None:
    direct = share(url="https://dl.example/a/guides.zip", code="")
    folder, problems = run(tmp_path, "woocommerce", make("guides", "", direct, share()))
    [row] = rows(folder / "products.csv", bom=True)
    assert tuple(row)[:40] == HEADERS["woocommerce"]
    assert problems == []
    assert woocommerce_description(row["Description"]) == HTML.replace("\\n", "&#92;n")
    assert "\n" not in row["Description"]
    assert woocommerce_list(row["Categories"]) == ["Invoices › old", "Photos, large", "小吃"]
    assert woocommerce_list(row["Tags"]) == ["guides", "how-to, quick", "a:b|c", "x"]
    assert woocommerce_list(row["Images"]) == ["guides-1.png", "guides-2.png"]
    assert (row["ID"], row["Type"], row["Regular price"]) == (
        "",
        "simple, downloadable, virtual",
        "19.90",
    )
    assert row["Purchase note"] == "Unpack it.\nOpen START-HERE.html."
    assert (row["Download 1 name"], row["Download 1 URL"]) == (
        "guides.zip",
        "https://dl.example/a/guides.zip",
    )


@pytest.mark.parametrize(
    "keywords", [("=1+1", "b"), ("+a", "=b"), ("'=c",), ("a\\", "b,c"), ("@x",)]
)
def test_woocommerce_takes_back_the_apostrophe_of_its_tags(
    tmp_path: Path, make: Make, keywords: tuple[str, ...]
) -> None:
    said = {"en": words("Guides", keywords=keywords)}
    folder, _ = run(tmp_path, "woocommerce", make("guides", words=said))
    [row] = rows(folder / "products.csv", bom=True)
    assert not commands(row["Tags"])
    expected = [each.replace("'=", "’=").replace("a\\", "a＼") for each in keywords]
    assert woocommerce_list(row["Tags"], unescape=True) == expected


def test_medusa_has_a_column_for_each_currency_and_no_ids(tmp_path: Path, make: Make) -> None:
    folder, problems = run(
        tmp_path,
        MedusaExport("https://img.example"),
        make("a"),
        make("b", currency="USD", price="3"),
    )
    first, second = rows(folder / "products.csv")
    assert problems == []
    assert (first["Variant Price CNY"], first["Variant Price USD"]) == ("19.90", "")
    assert (second["Variant Price CNY"], second["Variant Price USD"]) == ("", "3.00")
    assert {key.casefold() for key in first} <= HEADERS["medusa"]
    assert not any(key.casefold().endswith(" id") for key in first)


def test_xianguanjia_bodies_are_of_its_schema(tmp_path: Path, make: Make) -> None:
    offers = [make(f"n{number}", "", *([share()] if number == 7 else [])) for number in range(51)]
    folder, problems = run(tmp_path, "xianguanjia", *offers)
    batches = [json.loads((folder / f"products-{n}.json").read_text("utf-8")) for n in (1, 2)]
    for body in batches:
        Draft202012Validator(BATCH).validate(body)
    assert [len(body["product_data"]) for body in batches] == [50, 1]
    first = batches[0]["product_data"][0]
    shop = first["publish_shop"][0]
    assert (first["price"], shop["title"]) == (1990, "小吃配方资料包")
    assert shop["content"] == "十二份配方，分类整理。\n\n逐一清点。"
    kami = json.loads((folder / "kami" / "n7.json").read_text("utf-8"))
    Draft202012Validator(KAMI).validate(kami)
    assert kami["cards"][0]["card_pwd"].startswith("链接：https://pan.example/s/1AbC 提取码：x7k2")
    assert any("curate publish" in one.hint for one in problems)
    assert errors(problems) == []


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"price": "0"}, "it is free"),
        ({"currency": "USD"}, "its price is in USD"),
        ({"words": {"en": words("x"), "zh": words("长" * 31)}}, "its title has 31"),
        ({"words": {"en": words("x"), "zh": words("短", description="短")}}, "its description has 1"),
    ],
    ids=["free", "currency", "title", "description"],
)  # fmt: skip
def test_xianguanjia_leaves_out_what_it_would_refuse(
    tmp_path: Path, make: Make, others: dict[str, Any], why: str
) -> None:
    folder, problems = run(tmp_path, "xianguanjia", make("bad", **others), make("good"))
    [told] = errors(problems)
    assert told.startswith(f"bad: {why}")
    body = json.loads((folder / "products-1.json").read_text("utf-8"))
    assert [one["item_key"] for one in body["product_data"]] == ["good"]


@pytest.mark.parametrize("platform", CARDS)
def test_card_lists_have_one_line_for_each_share(tmp_path: Path, make: Make, platform: str) -> None:
    gone = share(verb="gone", url="https://gone.example/x")
    home = share(url="file:///srv/guides.zip", code="")
    plain = share(url="https://dl.example/g.zip", code="", expires="2030-01-31")
    folder, problems = run(
        tmp_path, platform, make("guides", "", share(), gone, home, plain, share())
    )
    [path] = folder.iterdir()
    data = path.read_bytes()
    assert problems == []
    assert not data.startswith(b"\xef\xbb\xbf") and b"\r" not in data
    lines = data.decode().splitlines()
    if platform == "dujiao-next":
        assert lines.pop(0) == "secret"
    assert lines == [
        "链接：https://pan.example/s/1AbC 提取码：x7k2 校验 SHA-256：277089d91c0b",
        "链接：https://dl.example/g.zip 有效期至：2030-01-31 校验 SHA-256：277089d91c0b",
    ]


@pytest.mark.parametrize("platform", CARDS)
@pytest.mark.parametrize(
    ("shares", "why"),
    [
        ((), "no share of it is recorded"),
        ((share(verb="gone"),), "all its shares are gone"),
        ((share(url="/srv/guides.zip"),), "no buyer gets to /srv/guides.zip"),
        ((share(code="a║b"),), "holds “║”"),
        ((share(code="a\nb"),), "a line end"),
        ((share(url="https://x.example/\u2028"),), "a line end"),
    ],
    ids=["none", "gone", "at home", "bar", "newline", "separator"],
)
def test_card_lists_tell_what_to_do(
    tmp_path: Path, make: Make, platform: str, shares: tuple[Any, ...], why: str
) -> None:
    folder, problems = run(
        tmp_path, platform, make("guides", "", *shares), make("other", "", share())
    )
    [told] = problems
    assert told.where == "guides" and why in told.what
    assert "curate publish record guides" in told.hint
    assert [path.stem for path in folder.iterdir()] == ["other"]


def test_acg_faka_stores_760_characters(tmp_path: Path, make: Make) -> None:
    long = share(url=f"https://x.example/{'a' * 760}")
    folder, problems = run(tmp_path, "acg-faka", make("guides", "", long))
    assert "760" in problems[0].what and not list(folder.iterdir())


@pytest.mark.parametrize("copies", [False, True], ids=["links", "copies"])
def test_gumroad_gets_a_folder_to_upload_and_to_paste_from(
    tmp_path: Path, make: Make, copies: bool
) -> None:
    one = make("guides", price="5", currency="USD")
    export = plugins.load("exports", "gumroad")(copies=copies)
    folder, problems = run(tmp_path, export, one, make("资料"))
    home = folder / "guides"
    assert (home / "name.txt").read_text("utf-8") == "Guides: guides\n"
    assert (home / "description.html").read_text("utf-8") == f"{HTML}\n"
    assert (home / "price.txt").read_text("utf-8") == "5.00 USD\n"
    assert sorted(path.name for path in (home / "images").iterdir()) == [
        "guides-1.png",
        "guides-2.png",
    ]
    archive = home / "upload" / "guides.zip"
    assert archive.read_bytes() == b"bytes"
    assert archive.samefile(one.folder.parent / "guides.zip") is not copies
    [told] = problems
    assert told.severity == "warning" and "CNY" in told.what  # Gumroad has no such currency
    (one.folder.parent / "guides.zip").unlink()
    _, problems = run(tmp_path, export, one)
    assert errors(problems) == ["guides: its archive guides.zip is not in 1.2.0"]


@pytest.mark.parametrize("platform", [*TABLES, "gumroad"])
@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"price": "19.999"}, "more decimals"),
        ({"price": "￥19.90"}, "is not a number"),
        ({"price": "NaN"}, "out of bounds"),
        ({"price": "-1"}, "out of bounds"),
        ({"price": "1E+99999999"}, "out of bounds"),
        ({"currency": "JPY"}, "more decimals"),
        ({"sku": " \t"}, "its SKU is empty"),
        ({"sku": "FIRST"}, "its SKU 'FIRST' is that of first"),
        ({"words": {"zh": words("x")}}, "no words in its language"),
        ({"words": {"en": words("\0\ufeff \u2028")}}, "its title is empty"),
    ],
    ids=["decimals", "sign", "nan", "negative", "huge", "yen", "no sku", "sku", "language", "title"],
)  # fmt: skip
def test_what_no_platform_takes_is_left_out(
    tmp_path: Path, make: Make, platform: str, others: dict[str, Any], why: str
) -> None:
    _, problems = run(
        tmp_path,
        platform,
        make("first", price="20", currency=others.get("currency", "USD")),
        make("bad", **({"currency": "USD"} | others)),
    )
    [told] = errors(problems)
    assert told.startswith("bad: ") and why in told


def test_a_file_without_a_column_for_the_currency_has_one(tmp_path: Path, make: Make) -> None:
    for platform in ("shopify", "woocommerce", "vendure", "oscar"):
        _, problems = run(
            tmp_path, platform, make(f"{platform}-a"), make(f"{platform}-b", currency="USD")
        )
        assert errors(problems) == [
            f"{platform}-b: its price is in USD, the others' in CNY, and the file has one currency"
        ]


def test_handles_are_ascii_short_and_unique(tmp_path: Path, make: Make) -> None:
    names = ["a.b", "a-b", "资料", "x" * 80, "_", "__", "📦box"]
    folder, _ = run(
        tmp_path, ShopifyExport(), *(make(name, sku=f"s{n}") for n, name in enumerate(names))
    )
    handles = [row["URL handle"] for row in rows(folder / "products.csv")]
    assert len(set(handles)) == len(names)
    assert all(handle.isascii() and len(handle) <= 67 for handle in handles)
    assert handles[0] == "a-b" and handles[2] == "zi-liao"
    alone, _ = run(tmp_path, ShopifyExport(), make("a-b", sku="other", version="1.2.1"))
    assert rows(alone / "products.csv")[0]["URL handle"] == "a-b"


def test_images_that_lie_elsewhere_or_are_none_are_told(tmp_path: Path, make: Make) -> None:
    (tmp_path / "secret.png").write_bytes(b"mine")
    images = ("../../../../secret.png", "cover.png", "gone.png", "/etc/hostname", "a\0b.png")
    folder, problems = run(
        tmp_path, ShopifyExport(images="https://i.example"), make("guides", images=images)
    )
    assert [path.name for path in (folder / "images").iterdir()] == ["guides-1.png"]
    assert len(problems) == 4 and all(one.severity == "warning" for one in problems)


@pytest.mark.parametrize("platform", TABLES)
def test_cells_that_calculate_are_kept_and_told(tmp_path: Path, make: Make, platform: str) -> None:
    """No importer takes an apostrophe off a title, so that writing one would change it."""
    said = '=HYPERLINK("https://evil.example")'
    folder, problems = run(tmp_path, platform, make("guides", said))
    text = (folder / "products.csv").read_text("utf-8-sig")
    assert said.replace('"', '""') in text and f"'{said[:5]}" not in text
    assert any("begins like a formula" in one.what for one in problems)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", " =1", "　＝1", "\ufeff=1", "＋1", "－1", "＠"]
)
def test_commands_are_seen(text: str) -> None:
    assert commands(text) and not commands(f"a{text}")


@given(st.text(max_size=40))
def test_lines_can_be_written_anywhere(text: str) -> None:
    once = line(text)
    once.encode("utf-8")
    assert line(once) == once
    assert len(once.splitlines()) <= 1
    assert line(text + "\ud800\0") == once
    assert block(block(text)) == block(text)


def test_the_same_offers_give_the_same_bytes(tmp_path: Path, make: Make) -> None:
    offers = [make("guides", "", share()), make("资料", "", share())]
    for platform in plugins.names("exports"):
        one, _ = run(tmp_path, platform, *offers)
        two, _ = run(tmp_path, platform, *offers)
        for path in one.rglob("*"):
            if path.is_file():
                assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()
