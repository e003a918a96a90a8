"""What a browser keeps while its buyer is in: signed, short-lived, worth nothing once the grant is ended or renewed."""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING

from curate.shop.access import grants

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.access.grants import Grant

LIFE = 2 * 3600
"""Seconds."""
_VALUE = re.compile(
    r"([0-9A-Z]{4}-[0-9A-Z]{4})\.(0|[1-9]\d{0,8})\.([1-9]\d{0,11})\.([\w-]{43})", re.ASCII
)


def make(shop: Shop, grant: Grant) -> str:
    """The cookie's value. A secret while it holds."""
    told = (grant.serial, str(grant.generation), str(shop.now() + LIFE))
    return ".".join((*told, _sign(shop, *told)))


def read(shop: Shop, value: str) -> Grant | None:
    """Whose it is; None where it is not ours, too old, or its grant was ended or renewed."""
    found = _VALUE.fullmatch(value)
    if found is None:
        return None
    serial, generation, expires, signature = found.groups()
    if not hmac.compare_digest(_sign(shop, serial, generation, expires), signature):
        return None
    now = shop.now()
    grant = grants.by_serial(shop, serial) if now < int(expires) else None
    held = grant is not None and grant.generation == int(generation)
    return grant if grant and held and grant.state(now) == "open" else None


def _sign(shop: Shop, *told: str) -> str:
    return base64.urlsafe_b64encode(shop.keys.mac("session", *told)).decode().rstrip("=")
