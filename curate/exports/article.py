"""An offer as a row: its words cleaned, its price a number, its handle and SKU nobody else's.

What holds for every platform is checked here, once; what one of them minds beside stands in its own file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import msgspec

from curate.exports import Fault, Offer
from curate.exports.text import block, commands, line
from curate.messages import msg
from curate.model import Language, Message
from curate.product import Product, Words
from curate.shares import Share

_LONGEST = 60
"""Characters of a handle. Shopify allows 255, WordPress 200; people read them in addresses."""
_MINOR = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
"""Decimals of a price (ISO 4217), where they are not two."""


@dataclass(frozen=True, slots=True)
class Article:
    """What is written of one offer."""

    offer: Offer
    handle: str  # a-z, 0-9 and -; made from the collection's name, so that it stays over versions
    sku: str
    price: Decimal  # in the currency's major unit, with as many decimals as it has
    words: Words  # in the language of its files

    @property
    def product(self) -> Product:
        return self.offer.product

    @property
    def shares(self) -> tuple[Share, ...]:
        return self.offer.shares

    @property
    def keywords(self) -> tuple[str, ...]:
        return self.words.keywords

    @property
    def categories(self) -> tuple[str, ...]:
        return _each(self.product.categories)

    def within(self, language: Language) -> Words:
        """Its words in ``language``; in its own where there are none."""
        return _clean(self.product.words.get(language, self.words))


def articles(
    offers: Sequence[Offer], one_currency: bool = True
) -> tuple[list[Article], list[Fault]]:
    """Every offer that a platform can take, in order, and why the others are left out.

    ``one_currency``: the file has no column for it, so that all prices in it must be in the first's.
    """
    found: list[Article] = []
    problems: list[Fault] = []
    handles: set[str] = set()
    skus: dict[str, str] = {}
    currency = ""
    for offer in offers:
        faults = [*_faults(offer, skus, currency if one_currency else "")]
        problems += faults
        if any(fault.severity == "error" for fault in faults):
            continue
        product = offer.product
        article = Article(
            offer, _handle(product.name, handles), line(product.sku), _price(product), _own(product)
        )
        handles.add(article.handle)
        skus[article.sku.casefold()] = product.name
        currency = currency or product.currency
        found.append(article)
    return found, problems


def warnings(article: Article, *cells: str) -> Iterator[Fault]:
    """For what an importer would give back with an apostrophe in front, if one were written.

    Those importers take every cell as it stands, so the cell is left as it is and the seller is told.
    """
    for cell in cells:
        if commands(cell):
            yield Fault(
                article.product.name,
                msg(
                    "“{cell}” begins like a formula, and the importer would keep whatever is put before it",
                    cell=cell[:40],
                ),
                msg("bring the file in without opening it in a spreadsheet program"),
                "warning",
            )


def _faults(offer: Offer, skus: dict[str, str], currency: str) -> Iterator[Fault]:
    product = offer.product
    sku = line(product.sku)
    if product.language not in product.words:
        yield Fault(
            product.name,
            msg("product.json has no words in its language, {language}", language=product.language),
        )
    elif not _own(product).title:
        yield Fault(product.name, msg("its title is empty"), _write("title"))
    if not sku:
        yield Fault(product.name, msg("its SKU is empty"), _write("listing.sku"))
    elif sku.casefold() in skus:  # shops compare them without regard to capitals
        yield Fault(
            product.name,
            msg("its SKU '{sku}' is that of {other}, too", sku=sku, other=skus[sku.casefold()]),
            another("listing.sku"),
        )
    yield from _price_faults(product)
    if currency and product.currency != currency:
        yield Fault(
            product.name,
            msg(
                "its price is in {own}, the others' in {others}, and the file has one currency",
                own=product.currency,
                others=currency,
            ),
            msg("export it by itself"),
        )


def _write(key: str) -> Message:
    return msg("write one in collection.toml: {key}", key=key)


def another(key: str) -> Message:
    """The hint to change what stands below ``key``."""
    return msg("write another one in collection.toml: {key}", key=key)


def _price_faults(product: Product) -> Iterator[Fault]:
    change = another("listing.price")
    try:
        price = Decimal(product.price)
    except InvalidOperation:
        yield Fault(
            product.name,
            msg("its price {price} is not a number", price=repr(product.price)),
            change,
        )
        return
    places = _MINOR.get(product.currency, 2)
    if not price.is_finite() or not 0 <= price < 10**9:
        yield Fault(
            product.name,
            msg("its price {price} is out of bounds", price=repr(product.price)),
            change,
        )
    elif round(price, places) != price:
        yield Fault(
            product.name,
            msg(
                "its price {price} has more decimals than {currency} has: {places}",
                price=product.price,
                currency=product.currency,
                places=places,
            ),
            change,
        )


def _price(product: Product) -> Decimal:
    places = _MINOR.get(product.currency, 2)
    return Decimal(product.price).quantize(Decimal(1).scaleb(-places))


def _own(product: Product) -> Words:
    return _clean(product.words[product.language])


def _clean(words: Words) -> Words:
    return msgspec.structs.replace(
        words,
        title=line(words.title),
        short=line(words.short),
        description=block(words.description),
        html=block(words.html),
        keywords=_each(words.keywords),
        note=block(words.note),
    )


def _each(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(line, texts))))


def _handle(name: str, taken: set[str]) -> str:
    """ASCII, Chinese transliterated. The second of two names that read alike is told apart by a digest of
    it rather than by a number, so that a third one in between changes nothing."""
    from slugify import slugify

    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
    handle: str = slugify(name, max_length=_LONGEST, word_boundary=True)
    if not handle:
        return f"bundle-{digest}"
    return f"{handle}-{digest}" if handle in taken else handle
