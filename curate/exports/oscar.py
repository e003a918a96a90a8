"""django-oscar's catalogue CSV, without a header (oscar/apps/partner/importers.py); it goes by the UPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles, warnings
from curate.exports.table import bare
from curate.messages import msg

CLASS, PARTNER, STOCK = "Digital bundle", "Bundles", "9999"
"""Make the product class in the dashboard first, without shipping; stock has to be a number all the same."""
_TITLE, _UPC, _CATEGORY = 255, 64, 255
"""Characters that its columns hold."""


class OscarExport:
    """``products.csv`` for ``manage.py oscar_import_catalogue``. It takes no images."""

    checked = "engine"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers)
        rows = []
        for article in found:
            long = [*_long(article)]
            problems += long
            if not long:
                rows.append([_cell(cell) for cell in _row(article)])
                problems += warnings(article, article.words.title, article.sku)
        return [bare(folder / "products.csv", rows)], problems


def _row(article: Article) -> tuple[str, ...]:
    category = article.categories[0] if article.categories else PARTNER
    # A ">" would begin a sub-category.
    return (
        *(
            CLASS,
            category.replace(">", "›")[:_CATEGORY],
            article.sku,
            article.words.title,
            article.words.html,
        ),
        *(PARTNER, article.sku, f"{article.price:f}", STOCK),
    )


def _cell(text: str) -> str:
    """Its reader takes a backslash for an escape, inside of quotes too."""
    return text.replace("\\", "\\\\")


def _long(article: Article) -> Iterator[Fault]:
    for what, text, most, key in (
        ("title", article.words.title, _TITLE, "title"),
        ("SKU", article.sku, _UPC, "listing.sku"),
    ):
        if len(text) > most:
            yield Fault(
                article.product.name,
                msg(
                    "its {what} is longer than the {most} characters that {platform} stores",
                    what=what,
                    most=most,
                    platform="django-oscar",
                ),
                msg("shorten it in collection.toml: {key}", key=key),
            )
