"""Exports before the judges: Vendure's server, Medusa's importer and django-oscar's read what curate writes.

They are installed from npm and PyPI the first time (tests/engines), and skipped where that is not possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from curate.exports import Export, Offer
from curate.exports.medusa import MedusaExport
from curate.exports.oscar import OscarExport
from curate.exports.vendure import VendureExport
from tests import engines
from tests.offers import HTML, offer, product, words
from tests.test_exports_naughty import expected, naughty

pytestmark = pytest.mark.slow
ZH = "<h3>内容</h3>\n<p>十二份配方，“分类”整理，3|4：\\n 照写。</p>"


def offers(root: Path) -> list[Offer]:
    """Two collections, one in each language, with everything that has ever been a trap."""
    guides = product(
        "guides",
        'Guides: "all", sorted | =1+1',
        price="1234.50",
        licenses=("CC-BY-4.0", "MIT", "LicenseRef-own-work"),
    )
    both = {
        "en": words("Sichuan snacks"),
        "zh": words("小吃配方资料包", html=ZH, keywords=("小吃", "来源:https://x.example/a|b")),
    }
    snacks = product(
        "小吃配方",
        language="zh",
        words=both,
        sku="CUR-小吃",
        price="0",
        categories=("小吃 > 川味",),
    )
    return [offer(root, guides), offer(root, snacks)]


def write(export: Export, made: Sequence[Offer], folder: Path) -> Path:
    folder.mkdir()
    export.write(made, folder)
    return folder


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_a_vendure_server_gives_every_field_back(tmp_path: Path, language: str) -> None:
    folder = write(VendureExport(), offers(tmp_path / "build"), tmp_path / "out")
    answer = engines.vendure(folder, tmp_path / "state", language)
    assert answer["report"]["errors"] == [] and answer["report"]["imported"] == 2
    guides, snacks = answer["products"]["en"]
    anleitung, xiaochi = answer["products"]["zh_Hans"]
    title = 'Guides: "all", sorted | =1+1'
    assert told(guides) == {
        "name": title, "slug": "guides", "description": HTML, "cover": "guides-1.png",
        "assets": ["guides-1.png", "guides-2.png"],
        "facets": {
            "Category": ["Invoices > old", "Photos, large", "小吃"], "Licence": ["CC-BY-4.0", "MIT"],
            "Keyword": ["guides", "how-to, quick", "a：b｜c", "x"],
        },
        "options": [],
        "variants": [
            {"name": title, "sku": "guides", "price": 123450, "trackInventory": "FALSE", "tax": "standard"}
        ],
    }  # fmt: skip
    assert (anleitung["name"], anleitung["slug"]) == ("小吃配方资料包", "guides")
    assert told(xiaochi) == {
        "name": "小吃配方资料包", "slug": "xiao-chi-pei-fang", "description": ZH,
        "cover": "xiao-chi-pei-fang-1.png",
        "assets": ["xiao-chi-pei-fang-1.png", "xiao-chi-pei-fang-2.png"],
        "facets": {
            "类别": ["小吃 > 川味"], "许可": ["CC-BY-4.0", "MIT"],
            "关键词": ["小吃", "来源：https：//x.example/a｜b"],
        },
        "options": [],
        "variants": [
            {"name": "小吃配方资料包", "sku": "CUR-小吃", "price": 0, "trackInventory": "FALSE", "tax": "standard"}
        ],
    }  # fmt: skip
    assert (snacks["name"], snacks["description"]) == ("Sichuan snacks", HTML)


def told(item: dict[str, Any]) -> dict[str, Any]:
    """What the server knows, in the words of this test."""
    facets: dict[str, list[str]] = {}
    for value in item["facetValues"]:
        facets.setdefault(value["facet"]["name"], []).append(value["name"])
    return {
        "name": item["name"],
        "slug": item["slug"],
        "description": item["description"],
        "cover": item["featuredAsset"]["name"],
        "assets": [asset["name"] for asset in item["assets"]],
        "facets": facets,
        "options": item["optionGroups"],
        "variants": [
            {key: one[key] for key in ("name", "sku", "price", "trackInventory")}
            | {"tax": one["taxCategory"]["name"]}
            for one in item["variants"]
        ],
    }


def test_a_vendure_server_keeps_naughty_titles(tmp_path: Path) -> None:
    folder = write(VendureExport(), naughty(tmp_path), tmp_path / "out")
    answer = engines.vendure(folder, tmp_path / "state")
    assert answer["report"]["errors"] == []
    titles = {sku: title for sku, title in expected().items() if len(title) <= 255}
    for language in ("en", "zh_Hans"):
        items = answer["products"][language]
        assert {one["variants"][0]["sku"]: one["name"] for one in items} == titles
        assert {len(one["variants"]) for one in items} == {1}


def test_medusa_takes_every_field(tmp_path: Path) -> None:
    export = MedusaExport(images="https://img.example/c")
    made = offers(tmp_path / "build")
    dollars = offer(tmp_path / "build", product("usd", "In dollars", price="3", currency="USD"))
    folder = write(export, [*made, dollars], tmp_path / "out")
    [answer] = engines.medusa(folder / "products.csv")
    assert answer["updated"] == 0  # ids would have made changes of these
    guides, snacks, third = answer["created"]
    assert guides == {
        "title": 'Guides: "all", sorted | =1+1', "subtitle": "Twelve guides, sorted.", "description": HTML,
        "handle": "guides", "status": "draft", "is_giftcard": False, "discountable": True,
        "thumbnail": "https://img.example/c/guides-1.png",
        "images": [{"url": f"https://img.example/c/guides-{n}.png"} for n in (1, 2)],
        "options": [{"title": "Default option", "values": ["Default option value"]}],
        "variants": [
            {
                "title": "Default variant", "sku": "guides", "allow_backorder": False, "manage_inventory": False,
                "prices": [{"currency_code": "cny", "amount": 1234.5}],
                "options": {"Default option": "Default option value"},
            }
        ],
        "metadata": {
            "collection": "guides", "version": "1.2.0", "language": "en", "licenses": ["CC-BY-4.0", "MIT", "LicenseRef-own-work"],
            "categories": ["Invoices > old", "Photos, large", "小吃"],
            "keywords": ["guides", "how-to, quick", "a:b|c", "x"],
        },
    }  # fmt: skip
    assert (snacks["title"], snacks["description"]) == ("小吃配方资料包", ZH)
    assert snacks["variants"][0]["sku"] == "CUR-小吃"
    assert snacks["variants"][0]["prices"] == [{"currency_code": "cny", "amount": 0}]
    assert third["variants"][0]["prices"] == [{"currency_code": "usd", "amount": 3}]


def test_medusa_keeps_naughty_titles_and_a_backslash_at_the_end(tmp_path: Path) -> None:
    ends = Offer(product("ends", "C:\\r", images=()), tmp_path)
    folder = write(MedusaExport(), [*naughty(tmp_path), ends], tmp_path / "out")
    [answer] = engines.medusa(folder / "products.csv")
    found = {one["variants"][0]["sku"]: one["title"] for one in answer["created"]}
    assert found == {**expected(), "ends": "C:\\r"}


def test_django_oscar_stores_every_field(tmp_path: Path) -> None:
    made = [*offers(tmp_path / "build"), *naughty(tmp_path)]
    folder = write(OscarExport(), made, tmp_path / "out")
    stored = engines.oscar(folder / "products.csv")
    guides, snacks, *others = stored
    assert guides == {
        "class": "Digital bundle", "categories": ["Invoices › old"], "upc": "guides",
        "title": 'Guides: "all", sorted | =1+1', "description": HTML,
        "stock": [["Bundles", "guides", "1234.50", 9999]],
    }  # fmt: skip
    assert snacks == {
        "class": "Digital bundle", "categories": ["小吃 › 川味"], "upc": "CUR-小吃",
        "title": "小吃配方资料包", "description": ZH, "stock": [["Bundles", "CUR-小吃", "0.00", 9999]],
    }  # fmt: skip
    titles = {sku: title for sku, title in expected().items() if len(title) <= 255}
    assert {one["upc"]: one["title"] for one in others} == titles
    assert {Decimal(one["stock"][0][2]) for one in others} == {Decimal("19.90")}
