"""Signed links to one file, for a few minutes: /d/EXPIRES/SIGNATURE/SERIAL/VERSION/FILE.

The signature covers all the rest and the generation of the grant's code, which stands before it, so that a
forged link costs one HMAC and no look into the database.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from curate.shop.access import grants

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.access.grants import Grant
    from curate.shop.keys import Keys

PREFIX = "/d/"
_BYTES = 16
_EXPIRES = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_SIGNATURE = re.compile(r"(0|[1-9]\d{0,8})\.([\w-]{22})", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}", re.ASCII)
_LONGEST = 300  # characters of a version or of a file's name

State = Literal["fresh", "altered", "late", "expired", "revoked", "replaced"]
"""late: the link's time is over. expired: the grant's. replaced: the code it was made by was renewed."""


@dataclass(frozen=True, slots=True)
class Link:
    """The parts of a path, decoded."""

    expires: str
    signature: str
    serial: str
    version: str
    file: str

    @classmethod
    def of(cls, path: str) -> Link | None:
        """The link that ``path`` (decoded, with /d/) may be; None where it has not its form."""
        parts = path.removeprefix(PREFIX).split("/")
        return cls(*parts) if path.startswith(PREFIX) and len(parts) == 5 else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a link is worth at this moment."""

    state: State
    grant: Grant | None = None  # None: altered
    status: Literal[200, 403, 410] = 200


_STATUS: dict[State, Literal[200, 403, 410]] = {"fresh": 200, "altered": 403}


def make(shop: Shop, grant: Grant, version: str, file: str) -> str:
    """A path that gives ``file`` of ``version`` as long as shop.toml says. A secret while it holds."""
    expires = str(shop.now() + shop.settings.serve.link_seconds)
    signed = _sign(shop.keys, (expires, grant.serial, version, file), str(grant.generation))
    return PREFIX + "/".join(
        quote(part, safe="") for part in (expires, signed, grant.serial, version, file)
    )


def genuine(keys: Keys, link: Link) -> bool:
    """Whether the shop signed it, once. Without a look into the database."""
    if (
        not _EXPIRES.fullmatch(link.expires)
        or not _SERIAL.fullmatch(link.serial)
        or max(len(link.version), len(link.file)) > _LONGEST
    ):
        return False
    found = _SIGNATURE.fullmatch(link.signature)
    if found is None:
        return False
    parts = (link.expires, link.serial, link.version, link.file)
    return hmac.compare_digest(_sign(keys, parts, found[1]), link.signature)


def check(shop: Shop, link: Link) -> Verdict:
    """What ``link`` is worth now: asked anew at each request, so that an end of a grant ends its links."""
    state, grant = _check(shop, link)
    return Verdict(state, grant, _STATUS.get(state, 410))


def _check(shop: Shop, link: Link) -> tuple[State, Grant | None]:
    grant = grants.by_serial(shop, link.serial) if genuine(shop.keys, link) else None
    if grant is None:
        return "altered", None
    now = shop.now()
    ended = grant.state(now)
    if ended != "open":
        return ended, grant
    if int(link.signature.partition(".")[0]) != grant.generation:
        return "replaced", grant
    return ("fresh" if now < int(link.expires) else "late"), grant


def _sign(keys: Keys, parts: tuple[str, ...], generation: str) -> str:
    raw = keys.mac("link", *parts, generation)[:_BYTES]
    return f"{generation}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"
