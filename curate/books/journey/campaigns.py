"""Campaigns: where people are addressed, what is shown there, what is given for nothing, and what makes them
come closer. Each has a short code that stands in its link and in notes of orders, made of these four."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec
from sqlalchemy import Connection, func, select, update

from curate.database.tables import affiliates, campaigns, coupons
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop

ELEMENTS = ("channel", "content", "bait", "hook")
LONGEST = 30
"""Characters of a code: what WeCom takes as the state of a way to be added."""
PLACE = "{code}"
PREFIX = "/go/"
_CODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", re.ASCII)
_BEFORE = re.compile(r"[a-z0-9]+", re.ASCII)
_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"  # without what is read as something else
_MARK = 4
_LONG, _LONG_ADDRESS = 100, 2_000


class Campaign(msgspec.Struct, frozen=True):
    """``target``: where its link leads to; "" for nowhere yet."""

    id: int
    code: str
    channel: str
    content: str
    bait: str
    hook: str
    target: str
    made_at: int

    @property
    def elements(self) -> tuple[str, ...]:
        return self.channel, self.content, self.bait, self.hook


def add(
    shop: Shop, channel: str, content: str = "", bait: str = "", hook: str = "", target: str = "",
    code: str = "",
) -> Campaign:  # fmt: skip
    """Make a campaign, or find the one of these four elements. Without ``code`` it gets one made of them.

    Raises CurateError where an element is too long or no channel is named, for a code that is taken or none,
    for an address that leads nowhere, and where the campaign has another code or target already.
    """
    elements = tuple(_element(name, value) for name, value in
                     zip(ELEMENTS, (channel, content, bait, hook), strict=True))  # fmt: skip
    if not elements[0]:
        raise CurateError("a campaign needs a channel", "say where it is: --channel")
    if target:
        check_target(shop, target)
    wanted = spelled(code) if code else ""
    with shop.database.writing() as connection:
        known = _of_elements(connection, elements)
        if known is not None:
            return _same(known, wanted, target)
        chosen = wanted or _free(connection, elements)
        if wanted and _taken(connection, wanted):
            raise CurateError(
                f"{wanted} is the code of something else already", "choose another code"
            )
        values = dict(zip(ELEMENTS, elements, strict=True))
        query = campaigns.insert().values(code=chosen, target=target, made_at=shop.now(), **values)
        connection.execute(query)
        return find(connection, chosen)


def _same(known: Campaign, code: str, target: str) -> Campaign:
    if code not in ("", known.code):
        raise CurateError(
            f"this campaign has the code {known.code}",
            "a code stays: it stands in links that are out already",
        )
    if target not in ("", known.target):
        raise CurateError(
            f"the link of {known.code} leads to {known.target or 'nowhere'}",
            f"change it with: curate campaigns target {known.code} ADDRESS",
        )
    return known


def _element(name: str, value: str) -> str:
    told = " ".join(unicodedata.normalize("NFC", value).split())
    if len(told) > _LONG or not told.isprintable():
        raise CurateError(
            f"{name} of a campaign: at most {_LONG} printable characters", "call it shorter"
        )
    return told


def spelled(code: str) -> str:
    """As it is kept, however it was typed. Raises CurateError for what is no code."""
    told = unicodedata.normalize("NFKC", code).strip().casefold()
    if not _CODE.fullmatch(told):
        raise CurateError(
            f"{code[:40]!r} cannot be a campaign's code",
            f"use 1 to {LONGEST} letters from a to z, digits and - between them",
        )
    return told


def candidates(elements: tuple[str, ...]) -> Iterator[str]:
    """Codes for these elements, the most readable first: what of them is ASCII, cut evenly, and from the second on
    with a mark of all that they are. The same elements give the same ones."""
    words = [word for one in elements if (word := "-".join(_BEFORE.findall(_plain(one))))]
    whole = "-".join(words)
    if len(words) == len([one for one in elements if one]) and 0 < len(whole) <= LONGEST:
        yield whole
    digest = hashlib.sha256("\x00".join(elements).encode("utf-8", "replace")).digest()
    number = int.from_bytes(digest)
    mark = ""
    while len(mark) < LONGEST:
        number, place = divmod(number, len(_LETTERS))
        mark += _LETTERS[place]
        if len(mark) >= _MARK:
            head = _shortened(words, LONGEST - len(mark) - 1)
            yield f"{head}-{mark}" if head else mark


def _plain(text: str) -> str:
    """Without accents: "Café" → "cafe"."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _shortened(words: list[str], most: int) -> str:
    """All of them, the longest cut first, until they fit."""
    cut = max(map(len, words), default=0)
    while cut and len(made := "-".join(word[:cut].strip("-") for word in words)) > most:
        cut -= 1
    return made if cut else ""


def _free(connection: Connection, elements: tuple[str, ...]) -> str:
    return next(code for code in candidates(elements) if not _taken(connection, code))


def _taken(connection: Connection, code: str) -> bool:
    """Also by an affiliate or a coupon: what a buyer names means one thing."""
    same = [select(one.c.code).where(func.lower(one.c.code) == code)
            for one in (campaigns, affiliates, coupons)]  # fmt: skip
    return any(connection.scalar(query.limit(1)) is not None for query in same)


def check_target(shop: Shop, address: str) -> None:
    """Raises CurateError where ``address`` is none that a link of the shop may lead to."""
    parts = _split(address)
    if parts is None:
        raise CurateError(
            f"{address[:60]!r} is no address of a page",
            f"write it as https://shop.example/guides; {PLACE} in its path or query becomes the code",
        )
    own = urlsplit(shop.settings.serve.url)
    if parts.netloc == own.netloc and parts.path.startswith(PREFIX):
        raise CurateError(
            "the link would lead to itself", "name the page that people are to come to"
        )


def leads_to(campaign: Campaign) -> str:
    """The address behind its link; "" where there is none, or it is none any more."""
    if _split(campaign.target) is None:
        return ""
    return campaign.target.replace(PLACE, campaign.code)


def _split(address: str) -> SplitResult | None:
    """Its parts where it is one of the web, whole, and read alike by all programs."""
    try:
        parts = urlsplit(address)
        sound = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.netloc.isascii()
            and not set(parts.netloc) & set('@\\<>"^`{}')
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return None
    plain = (
        len(address) <= _LONG_ADDRESS and address.isprintable() and not set(address) & set(" \\")
    )
    return parts if sound and plain else None


def retarget(shop: Shop, code: str, address: str) -> Campaign:
    """Let its link lead elsewhere: what is out already goes there too. Raises CurateError."""
    check_target(shop, address)
    with shop.database.writing() as connection:
        known = find(connection, code)
        own = update(campaigns).where(campaigns.c.id == known.id)
        connection.execute(own.values(target=address))
        return find(connection, code)


def find(connection: Connection, code: str) -> Campaign:
    """Raises CurateError where there is none of that code."""
    told = unicodedata.normalize("NFKC", code[:200]).strip().casefold()
    row = connection.execute(select(campaigns).where(campaigns.c.code == told)).first()
    if row is None:
        raise CurateError(f"there is no campaign {code[:40]!r}", "see: curate campaigns list")
    return Campaign(**row._mapping)


def _of_elements(connection: Connection, elements: tuple[str, ...]) -> Campaign | None:
    same = [campaigns.c[name] == value for name, value in zip(ELEMENTS, elements, strict=True)]
    row = connection.execute(select(campaigns).where(*same).order_by(campaigns.c.id)).first()
    return None if row is None else Campaign(**row._mapping)


def listed(connection: Connection) -> tuple[Campaign, ...]:
    """All of them, the newest first."""
    rows = connection.execute(select(campaigns).order_by(campaigns.c.id.desc()))
    return tuple(Campaign(**row._mapping) for row in rows)


def link(shop: Shop, campaign: Campaign) -> str:
    """Its address at the shop's own server, or from its root on where shop.toml does not say where that is."""
    return f"{shop.settings.serve.url.rstrip('/')}{PREFIX}{campaign.code}"
