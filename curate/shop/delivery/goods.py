"""What a SKU is now: the release that is given, and where it is shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from curate import product
from curate.bundle import history
from curate.errors import CurateError
from curate.messages import speaker
from curate.model import Language
from curate.pipeline.rightful import against
from curate.shares import Share, Shares

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Sold

_LINKS = frozenset({"http", "https", "ftp", "ftps", "magnet", "ed2k", "thunder"})


@dataclass(frozen=True, slots=True)
class Goods:
    """``why``: the reason why it cannot be given now; "" where it can."""

    sku: str
    sold: Sold | None = None
    version: str = ""
    titles: tuple[tuple[Language, str], ...] = ()
    language: Language | None = None  # of the collection
    why: str = ""
    trouble: str = ""  # what a person has to put right first

    def title(self, language: Language) -> str:
        """In ``language``, else in its own; "" where it has none."""
        known = dict(self.titles)
        return known.get(language) or next(iter(known.values()), "")


def goods(shop: Shop, sku: str) -> Goods:
    """Reads the release, so it is asked once for many deliveries."""
    sold = shop.settings.products.get(sku)
    if sold is None:
        return Goods(sku, why="product")
    if not sold.collection:
        return Goods(sku, sold)
    folder = shop.workspace.build / sold.collection
    try:
        version = history.latest(folder)
        if not version:
            return Goods(sku, sold, why="release")
        record = history.read(folder / version)
        rights = bool(against(shop.workspace, folder / version))
    except CurateError as fault:
        return Goods(sku, sold, why="release", trouble=f"{sku}: {fault.message}")
    titles: dict[Language, str] = {}
    with suppress(CurateError):  # no listing kit: the release knows its title in one language
        titles = {one: words.title for one, words in product.read(folder / version).words.items()}
    own: Language = "zh" if record.language == "zh" else "en"
    why = "rights" if rights else "" if _reached(shop, sold, version) else "link"
    return Goods(sku, sold, version, tuple(({own: record.title} | titles).items()), own, why)


def _reached(shop: Shop, sold: Sold, version: str) -> bool:
    """Is there anything in the message that leads to the goods?"""
    shared = bool(shares(shop, sold.collection, version))
    if "{page}" in sold.message and not shop.settings.serve.url:
        return False
    if "{share}" in sold.message and not shared:
        return False
    return sold.stock == "unique" or bool(shop.settings.serve.url) or shared


def shares(shop: Shop, collection: str, version: str) -> list[Share]:
    """Where buyers get ``version`` now: no path on the seller's own computer, nothing that has ended."""
    today = datetime.fromtimestamp(shop.now(), UTC).date().isoformat()
    return [
        one
        for one in Shares(shop.workspace.build / collection).current(version)
        if one.verb in ("put", "back")
        and urlsplit(one.url).scheme.lower() in _LINKS
        and (not one.expires or one.expires >= today)
    ]


def share_lines(found: list[Share], language: Language) -> Iterator[str]:
    """Each share in one line."""
    say = speaker(language)
    for one in found:
        parts = [say("link: {url}", url=one.url)]
        if one.code:
            parts.append(say("code: {code}", code=one.code))
        if one.expires:
            parts.append(say("good until {day}", day=one.expires))
        yield " · ".join(parts)


def spoken(shop: Shop, buyer: str, channel: str, own: Language | None) -> Language:
    """The buyer's language where the channel tells it, else the channel's, the collection's, the shop's."""
    head = buyer.lower().replace("_", "-").partition("-")[0]
    if head in ("en", "zh"):
        return "zh" if head == "zh" else "en"
    known = shop.settings.channels.get(channel)
    return (known.language if known else None) or own or shop.settings.language
