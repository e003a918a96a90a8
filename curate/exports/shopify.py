"""Shopify's product CSV (help.shopify.com, using CSV files). Files are not in it: an app attaches them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles, warnings
from curate.exports.pictures import Picture, Pictures
from curate.exports.table import write

HEADER = tuple(
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,"
    "Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,"
    "Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,"
    "Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit,"
    "Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),"
    "Weight unit for display,Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,"
    "Variant image URL,Gift card,SEO title,SEO description".split(",")
)
"""Since 2025."""
LEGACY = {
    "URL handle": "Handle", "Title": "Title", "Description": "Body (HTML)", "Vendor": "Vendor",
    "Product category": "Product Category", "Type": "Type", "Tags": "Tags",
    "Published on online store": "Published", "Option1 name": "Option1 Name", "Option1 value": "Option1 Value",
    "Option2 name": "Option2 Name", "Option2 value": "Option2 Value", "Option3 name": "Option3 Name",
    "Option3 value": "Option3 Value", "SKU": "Variant SKU", "Weight value (grams)": "Variant Grams",
    "Inventory tracker": "Variant Inventory Tracker", "Inventory quantity": "Variant Inventory Qty",
    "Continue selling when out of stock": "Variant Inventory Policy",
    "Fulfillment service": "Variant Fulfillment Service", "Price": "Variant Price",
    "Compare-at price": "Variant Compare At Price", "Requires shipping": "Variant Requires Shipping",
    "Charge tax": "Variant Taxable", "Barcode": "Variant Barcode", "Product image URL": "Image Src",
    "Image position": "Image Position", "Image alt text": "Image Alt Text", "Gift card": "Gift Card",
    "SEO title": "SEO Title", "SEO description": "SEO Description", "Variant image URL": "Variant Image",
    "Weight unit for display": "Variant Weight Unit", "Tax code": "Variant Tax Code",
    "Cost per item": "Cost per item", "Status": "Status",
}  # fmt: skip
"""What the columns were called before, which most other programs still read."""
_SEO_TITLE, _SEO_TEXT = 70, 320  # characters that Shopify keeps


class ShopifyExport:
    """``products.csv`` and ``images/``. Products arrive as drafts: nothing is sold before its files are there."""

    checked = "schema"

    def __init__(self, legacy: bool = False, images: str = "") -> None:
        self.legacy = legacy
        self.images = images

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers)
        pictures = Pictures(folder / "images", self.images)
        rows: list[dict[str, str]] = []
        for article in found:
            shown, missing = pictures.of(article)
            rows += _rows(article, [one for one in shown if one.url])
            problems += [
                *missing,
                *warnings(article, article.words.title, article.sku, _tags(article)),
            ]
        problems += pictures.homeless("shopify")
        header: Sequence[str] = HEADER
        if self.legacy:
            header = tuple(LEGACY.values())
            rows = [
                {LEGACY[key]: _former(key, row[key]) for key in row if key in LEGACY}
                for row in rows
            ]
        return [write(folder / "products.csv", header, rows), *pictures.files()], problems


def _rows(article: Article, shown: Sequence[Picture]) -> Iterator[dict[str, str]]:
    """The product with its cover; each further image has a row with the handle alone."""
    words = article.words
    first = {
        "Title": words.title, "URL handle": article.handle, "Description": words.html, "Tags": _tags(article),
        "Published on online store": "FALSE", "Status": "Draft", "SKU": article.sku,
        # What Shopify itself writes for a product without variants.
        "Option1 name": "Title", "Option1 value": "Default Title",
        "Price": f"{article.price:f}", "Charge tax": "TRUE", "Continue selling when out of stock": "DENY",
        "Requires shipping": "FALSE", "Fulfillment service": "manual", "Gift card": "FALSE",
        "SEO title": words.title[:_SEO_TITLE], "SEO description": words.short[:_SEO_TEXT],
    }  # fmt: skip
    for number, picture in enumerate(shown, 1):
        image = {
            "Product image URL": picture.url,
            "Image position": str(number),
            "Image alt text": words.title,
        }
        yield {**(first if number == 1 else {"URL handle": article.handle}), **image}
    if not shown:
        yield first


def _tags(article: Article) -> str:
    """Commas part the tags and cannot be escaped: a tag has full-width ones."""
    return ", ".join(tag.replace(",", "，") for tag in article.keywords)


def _former(column: str, value: str) -> str:
    return value.lower() if column in ("Status", "Continue selling when out of stock") else value
