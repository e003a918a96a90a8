"""The address at which a contact ends messages of one purpose: signed, for ever good, and good for nothing else."""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from curate.shop import Shop

PATH = "/unsubscribe/"
LONGEST = 80
"""Characters of a token."""
_BYTES = 16
_TOKEN = re.compile(r"([1-9]\d{0,17})\.([a-z][a-z0-9_-]{0,39})\.([\w-]{22})", re.ASCII)


class Whose(NamedTuple):
    contact_id: int
    purpose: str


def token(shop: Shop, whose: Whose) -> str:
    """It tells no name and no address."""
    return f"{whose.contact_id}.{whose.purpose}.{_sign(shop, whose)}"


def read(shop: Shop, text: str) -> Whose | None:
    """Whose ``text`` is; None where this shop never wrote it."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    whose = Whose(int(found[1]), found[2])
    return whose if hmac.compare_digest(_sign(shop, whose), found[3]) else None


def page(shop: Shop, whose: Whose) -> str:
    """The address to open; "" where shop.toml says none of this shop."""
    url = shop.settings.serve.url.rstrip("/")
    return f"{url}{PATH}{token(shop, whose)}" if url else ""


def header(shop: Shop, whose: Whose, sender: str) -> str:
    """Of a letter, List-Unsubscribe (RFC 2369): the page, else a letter to ``sender`` with the token."""
    return (
        page(shop, whose) or f"mailto:{sender}?subject={quote(f'unsubscribe {token(shop, whose)}')}"
    )


def _sign(shop: Shop, whose: Whose) -> str:
    raw = shop.keys.mac("unsubscribe", str(whose.contact_id), whose.purpose)[:_BYTES]
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
