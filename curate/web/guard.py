"""Before the pages: who asks, who is locked out, what is too large or comes from another site; the log.

Plain ASGI: whoever guesses is turned away before anything is parsed, and at next to no cost.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from curate.errors import CurateError
from curate.shop.access import links
from curate.shop.access.guesses import Guesses
from curate.shop.access.links import Link
from curate.web import refusals
from curate.web.pages import preferred

if TYPE_CHECKING:
    from starlette.responses import Response

    from curate.model import Language
    from curate.shop import Shop

_locked_out = lru_cache(256)(refusals.locked_out)  # guessing costs next to nothing

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FORGED = "curate.forged"
"""In the scope: set by whoever answers, where what was asked with was none of ours."""
PROXIED = "curate.proxied"
"""In the scope: whether a proxy of ours asks."""
_BODY = 1 << 20
"""Bytes of a request's body at most: an order's notice; forms are far smaller."""
_FIRST = re.compile(r"/[a-z.]{1,20}", re.ASCII)
_log = logging.getLogger("curate.access")


class Guard:
    """The application, guarded. ``guesses`` are counted here, by what was answered."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], shop: Shop) -> None:
        self._app = app
        self._shop = shop
        self._proxies = networks(shop.settings.serve.proxies)
        self._origin = _origin(shop.settings.serve.url)
        self.guesses = Guesses(shop.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = scope["client"][0] if scope.get("client") else ""
        scope[PROXIED] = self._trusted(peer)
        client = self._client(scope, peer)
        scope["client"] = (client, 0)
        status = 0

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        key = _guessed(scope["method"], scope["path"], client)
        answer = self._refused(scope, key)
        try:
            if answer is not None:
                await answer(scope, receive, told)
            else:
                await self._app(scope, _limited(receive), told)
        finally:
            if key and answer is None and _wrong(scope, status):
                self.guesses.wrong(key)
            if _log.isEnabledFor(logging.INFO):
                _log.info(
                    "%s %s %s %d", masked(client), scope["method"], shown(scope["path"]), status
                )

    def _refused(self, scope: Scope, key: str) -> Response | None:
        """Why the request goes no further."""
        if key and (wait := self.guesses.wait(key)) and not self._signed(scope["path"]):
            return _locked_out(self._told(scope), -(-wait // 60))
        if scope["method"] in ("GET", "HEAD"):
            return None
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > _BODY:
            return refusals.too_large(self._told(scope))
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin != self._origin and origin != _own(headers):
            return refusals.elsewhere(self._told(scope))
        return None

    def _told(self, scope: Scope) -> Language:
        return preferred(scope["headers"], self._shop.settings.language)

    def _signed(self, path: str) -> bool:
        """Whether it is a link of ours: others behind the same address go on with what they have."""
        link = Link.of(path)
        return link is not None and links.genuine(self._shop.keys, link)

    def _client(self, scope: Scope, peer: str) -> str:
        """The address that asks. What a proxy says about it is believed only of those in shop.toml."""
        if not scope[PROXIED]:
            return peer
        told = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for one in reversed(told.decode("latin-1").split(",")):
            if one.strip() and not self._trusted(peer := _bare(one.strip())):
                break
        return peer

    def _trusted(self, address: str) -> bool:
        return _among(address, self._proxies)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    """Raises CurateError for what is none."""
    try:
        return tuple(ipaddress.ip_network(one, strict=False) for one in proxies)
    except ValueError as fault:
        raise CurateError(
            f"serve.proxies: {fault}",
            'name addresses or networks, such as "127.0.0.1" or "10.0.0.0/8"',
        ) from fault


@lru_cache(4096)
def _among(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


def _bare(address: str) -> str:
    """Without the port that some proxies add."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address[:64]


def _guessed(method: str, path: str, client: str) -> str:
    """By what the guesses of this request are counted; "" where nothing can be guessed by it."""
    if path.startswith(links.PREFIX) or (method == "POST" and path == "/open"):
        return client
    # A channel whose secret is set wrong must not lock out its neighbours' buyers.
    return f"notices {client}" if path.startswith("/notices/") else ""


def _wrong(scope: Scope, status: int) -> bool:
    return bool(scope.get(FORGED)) or (
        status in (401, 403) and not scope["path"].startswith(links.PREFIX)
    )


def _limited(receive: Receive) -> Receive:
    """Bodies of which nobody said how long they are end where they become too long."""
    got = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        return {"type": "http.disconnect"} if got > _BODY else message

    return limited


def masked(client: str) -> str:
    """An address without what tells one household from another."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "-"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)[0])


def shown(path: str) -> str:
    """What of a path may stand in a log: of links that hold, not more than that it was one."""
    found = _FIRST.match(path)
    return found[0] if found else "/"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _own(headers: dict[bytes, bytes]) -> str:
    """Where the shop has no address yet, its pages are tried out by the name they were asked under."""
    return f"http://{headers.get(b'host', b'').decode('latin-1')}"
