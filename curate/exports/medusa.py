"""Medusa's product CSV, version 2 (csv-normalizer.ts). Columns that it does not know are an error there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles, warnings
from curate.exports.pictures import Picture, Pictures
from curate.exports.table import write

_OPTION = ("Default option", "Default option value")
"""What Medusa itself writes for a product without variants, which it wants an option of all the same."""


class MedusaExport:
    """``products.csv`` and ``images/``. Products arrive as drafts.

    No ids: with one, a row would change a product instead of making it. What Medusa takes by id only
    (category, tag, collection) is left to the seller; keywords and categories stand in the metadata.
    """

    checked = "engine"

    def __init__(self, images: str = "") -> None:
        self.images = images

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers, one_currency=False)
        pictures = Pictures(folder / "images", self.images)
        rows = []
        for article in found:
            shown, missing = pictures.of(article)
            rows.append(_row(article, [one for one in shown if one.url]))
            problems += [
                *missing,
                *warnings(article, article.words.title, article.sku, article.words.short),
            ]
        problems += pictures.homeless("medusa")
        return [write(folder / "products.csv", _header(rows), rows), *pictures.files()], problems


def _row(article: Article, shown: Sequence[Picture]) -> dict[str, str]:
    words, product = article.words, article.product
    about = {
        "collection": product.name, "version": product.version, "language": product.language,
        "licenses": product.licenses, "categories": article.categories, "keywords": article.keywords,
    }  # fmt: skip
    row = {
        "Product Handle": article.handle, "Product Title": _whole(words.title),
        "Product Subtitle": _whole(words.short), "Product Description": _whole(words.html),
        "Product Status": "draft", "Product Thumbnail": shown[0].url if shown else "",
        "Product Discountable": "true", "Product Is Giftcard": "false",
        "Product Metadata": msgspec.json.encode(about).decode(),
        "Variant Title": "Default variant", "Variant Sku": _whole(article.sku),
        "Variant Manage Inventory": "false", "Variant Allow Backorder": "false",
        "Variant Option 1 Name": _OPTION[0], "Variant Option 1 Value": _OPTION[1],
        f"Variant Price {product.currency}": f"{article.price:f}",
    }  # fmt: skip
    row.update({f"Product Image {number}": one.url for number, one in enumerate(shown, 1)})
    return row


def _whole(text: str) -> str:
    r"""Its normaliser takes a backslash and an r off the end of a cell, and after that the blank."""
    return f"{text} " if text.endswith("\\r") else text


def _header(rows: Sequence[dict[str, str]]) -> tuple[str, ...]:
    """Every column that a row fills: prices and images have as many as are needed."""
    return tuple(dict.fromkeys(name for row in rows for name in row))
