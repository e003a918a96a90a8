"""Links that an affiliate hands on: an address with their code in it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from curate.books.affiliates import register
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop

PARAMETER = "ref"
PLACE = "{code}"
_LONGEST = 2_000


def link(shop: Shop, affiliate: str, address: str) -> str:
    """``address`` of what is sold, with the affiliate's code for {code} in it, else as ?ref=CODE.

    A ``ref`` that it has already is replaced: a link is of one affiliate. Raises CurateError.
    """
    code = register.of(shop, affiliate).code
    parts = urlsplit(_checked(address))
    if PLACE in address:
        return address.replace(PLACE, quote(code, safe=""))
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*kept, (PARAMETER, code)])))


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        sound = False
    if not sound or len(address) > _LONGEST or not address.isprintable() or " " in address:
        raise CurateError(
            f"{address[:60]!r} is no address of a page", "write it as https://shop.example/guides"
        )
    return address
