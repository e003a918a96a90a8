"""Vendure's product CSV (import-parser.ts), in English and Chinese.

The shop's default language has to be ``en`` or ``zh_Hans``: the importer goes by the names in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles, warnings
from curate.exports.pictures import Picture, Pictures
from curate.exports.table import write
from curate.messages import msg
from curate.model import Language

_LANGUAGES: dict[Language, str] = {"en": "en", "zh": "zh_Hans"}
_FACETS = {"en": ("Category", "Licence", "Keyword"), "zh": ("类别", "许可", "关键词")}
_TRANSLATED = (
    "name",
    "slug",
    "description",
    "facets",
    "optionGroups",
    "optionValues",
    "variantFacets",
)
HEADER = (
    *(f"{column}:{code}" for column in _TRANSLATED for code in _LANGUAGES.values()),
    *("assets", "sku", "price", "taxCategory", "stockOnHand", "trackInventory", "variantAssets"),
)
_TITLE = 255
"""Characters that its columns hold."""


class VendureExport:
    """``products.csv`` and ``assets/``, which goes where ``importAssetsDir`` of the shop points."""

    checked = "engine"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers)
        pictures = Pictures(folder / "assets")
        rows = []
        for article in found:
            long = [*_long(article)]
            problems += long
            if not long:
                shown, missing = pictures.of(article)
                rows.append(_row(article, shown))
                problems += [*missing, *_warnings(article)]
        return [write(folder / "products.csv", HEADER, rows), *pictures.files()], problems


def _long(article: Article) -> Iterator[Fault]:
    for language in _LANGUAGES:
        if len(article.within(language).title) > _TITLE:
            yield Fault(
                article.product.name,
                msg(
                    "its {what} is longer than the {most} characters that {platform} stores",
                    what="title",
                    most=_TITLE,
                    platform="Vendure",
                ),
                msg("shorten it in collection.toml: {key}", key="title"),
            )


def _warnings(article: Article) -> Iterator[Fault]:
    titles = (article.within(language).title for language in _LANGUAGES)
    return warnings(article, *titles, article.sku)


def _row(article: Article, shown: Sequence[Picture]) -> dict[str, str]:
    row = {
        # Made by _handle: the importer would change the slug of anything else.
        **{f"slug:{code}": article.handle for code in _LANGUAGES.values()},
        "assets": "|".join(one.name for one in shown), "sku": article.sku,
        # Digits and a point: a currency sign would become "not a number", and no error.
        "price": f"{article.price:f}", "taxCategory": "standard", "stockOnHand": "0", "trackInventory": "false",
    }  # fmt: skip
    for language, code in _LANGUAGES.items():
        words = article.within(language)
        # A row whose name is empty would be a variant of the product above it.
        row[f"name:{code}"] = words.title or article.words.title
        row[f"description:{code}"] = words.html
        row[f"facets:{code}"] = "|".join(_facets(article, language))
    return row


def _facets(article: Article, language: Language) -> Iterator[str]:
    """The same values in both languages: the importer pairs them by their place in the list."""
    category, licence, keyword = _FACETS[language]
    # What has no name in SPDX says nothing to a buyer who filters by it.
    known = [one for one in article.product.licenses if not one.startswith("LicenseRef-")]
    for name, values in (
        (category, article.categories),
        (licence, known),
        (keyword, article.keywords),
    ):
        for value in dict.fromkeys(map(_part, values)):
            yield f"{name}:{value}"


def _part(text: str) -> str:
    """The importer cuts a value at its first colon and a list at each bar, and has no escape for them."""
    return text.replace(":", "：").replace("|", "｜")
