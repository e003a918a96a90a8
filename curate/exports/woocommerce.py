"""WooCommerce's product CSV. The columns are those of its exporter, the escapes those that its importer
takes back (class-wc-product-csv-importer.php, abstract-wc-product-importer.php)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles, warnings
from curate.exports.pictures import Picture, Pictures
from curate.exports.table import write

HEADER = (
        "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?",
        "Visibility in catalog", "Short description", "Description", "Date sale price starts",
        "Date sale price ends", "Tax status", "Tax class", "In stock?", "Stock", "Low stock amount",
        "Backorders allowed?", "Sold individually?", "Weight (kg)", "Length (cm)", "Width (cm)", "Height (cm)",
        "Allow customer reviews?", "Purchase note", "Sale price", "Regular price", "Categories", "Tags",
        "Shipping class", "Images", "Download limit", "Download expiry days", "Parent", "Grouped products",
        "Upsells", "Cross-sells", "External URL", "Button text", "Position",
    )  # fmt: skip
_COMMAND = re.compile(r"[=+\-@]")


class WooCommerceExport:
    """``products.csv`` and ``images/``. Without ``images`` the file names the images, which WooCommerce looks
    for in its media library: upload them there first. Products arrive as drafts."""

    checked = "schema"

    def __init__(self, images: str = "") -> None:
        self.images = images

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers)
        pictures = Pictures(folder / "images", self.images)
        rows = []
        for article in found:
            shown, missing = pictures.of(article)
            rows.append(_row(article, shown))
            problems += missing
            # Its importer takes an apostrophe off tags, but not off these.
            problems += warnings(article, article.words.title, article.sku, article.words.short)
        most = max((_downloads(row) for row in rows), default=0)
        header = (*HEADER, *(name for n in range(1, most + 1) for name in _download(n)))
        # Its own exporter writes the mark, for Excel, and its importer takes it off.
        path = write(folder / "products.csv", header, rows, excel=True)
        return [path, *pictures.files()], problems


def _row(article: Article, shown: Sequence[Picture]) -> dict[str, str]:
    words = article.words
    row = {
        # No ID: with one the importer would change whatever product has it.
        "Type": "simple, downloadable, virtual", "SKU": article.sku, "Name": words.title, "Published": "-1",
        "Is featured?": "0", "Visibility in catalog": "visible", "Short description": _folded(words.short),
        "Description": _folded(words.html), "Tax status": "taxable", "In stock?": "1", "Backorders allowed?": "0",
        "Sold individually?": "1", "Allow customer reviews?": "1", "Purchase note": words.note,
        "Regular price": f"{article.price:f}",
        "Categories": _list(name.replace(">", "›") for name in article.categories),
        "Tags": _tags(article.keywords),
        "Images": _list(one.url or one.name for one in shown),
        "Position": "0",
    }  # fmt: skip
    for number, (name, url) in enumerate(_direct(article), 1):
        row.update(zip(_download(number), (name, url), strict=True))
    return row


def _folded(text: str) -> str:
    r"""Line ends are ``\n``. A backslash that stands before an n itself is written as HTML, which
    descriptions are: its importer has no escape for it that it takes back."""
    return text.replace("\\n", "&#92;n").replace("\n", "\\n")


def _list(values: Iterable[str]) -> str:
    """A backslash at the end of a value would escape the comma after it."""
    return ", ".join(re.sub(r"\\(?=,|$)", "＼", value).replace(",", "\\,") for value in values)


def _tags(keywords: Sequence[str]) -> str:
    """One apostrophe before what spreadsheets calculate, which the importer takes off again; so one that is
    the keyword's own has to look otherwise."""
    safe = [re.sub(r"^'(?=[=+\-@])", "’", keyword) for keyword in keywords]
    cell = _list(safe)
    return f"'{cell}" if _COMMAND.match(cell) else cell


def _direct(article: Article) -> list[tuple[str, str]]:
    """Archives that lie at an address of their own, which WooCommerce may hand out."""
    files = {one.file for one in article.product.archives}
    found: dict[str, str] = {}
    for share in article.shares:
        name = unquote(urlsplit(share.url).path.rpartition("/")[2])
        if name in files and not share.code and share.url.startswith(("https://", "http://")):
            found.setdefault(name, share.url)
    return sorted(found.items())


def _download(number: int) -> tuple[str, str]:
    return f"Download {number} name", f"Download {number} URL"


def _downloads(row: dict[str, str]) -> int:
    return sum(name.startswith("Download ") and name.endswith(" URL") for name in row)
