"""Which addresses may be connected to: a link on a page must not lead into the user's own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from curate.errors import CurateError
from curate.workspace import Fetch, Private

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_FAKE = ipaddress.ip_network("198.18.0.0/15")


class Forbidden(Exception):
    """``host`` leads to an address that must not be asked."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(host, address)
        self.host = host
        self.address = address

    def said(self, url: str) -> CurateError:
        """``url`` as it may be shown."""
        hint = (
            f'if it is your own server, allow it in curate.toml: [fetch] private = ["{self.host}"]'
        )
        address = _parsed(self.address)
        if address and address.version == 4 and address in _FAKE:
            hint = (
                "a proxy program on this computer answers for every name so (fake-ip): allow it in "
                f'curate.toml: [fetch] private = ["{_FAKE}"]'
            )
        return CurateError(f"{url} leads to {self.address}, an address that is not public", hint)


class Guard:
    """Public addresses may be asked; others only where ``settings`` names them."""

    def __init__(self, settings: Fetch) -> None:
        self._places = [Private.of(entry) for entry in settings.private]
        for server in settings.hosts.values():
            parts = urlsplit(server)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
            self._places.append(Private((parts.hostname or "").lower(), None, port))

    def trusts(self, host: str, port: int | None) -> bool:
        """Whether ``settings`` names ``host`` itself, by its name or literal address."""
        name, address = _bare(host), _literal(_bare(host))
        return any(
            place.port in (None, port)
            and (place.host == name or (address is not None and _within(place, address)))
            for place in self._places
        )

    def allows(self, host: str, port: int | None, address: str) -> bool:
        """Whether ``host`` may be asked at ``address``, the one its name was resolved to."""
        found = _parsed(address)
        if found is None:
            return False
        return is_public(found) or (
            bool(self._places)
            and (
                self.trusts(host, port)
                or any(
                    place.port in (None, port) and _within(place, found) for place in self._places
                )
            )
        )

    def check_name(self, host: str, port: int | None) -> None:
        """For what a proxy will resolve: only a literal address or "localhost" can be judged here.
        Raises Forbidden."""
        address = _literal(_bare(host))
        if is_local(host) and not self.trusts(host, port):
            raise Forbidden(_bare(host), str(address or "this computer"))

    def check_secret(self, server: str, name: str) -> None:
        """Before a password, token or key is sent to ``server``, a web address; it may be shown as
        ``name``. Raises CurateError where strangers could read it on the way."""
        parts = urlsplit(server)
        host, port = parts.hostname or "", parts.port or 80
        if parts.scheme == "https" or self.trusts(host, port) or _is_near(host, port):
            return
        raise CurateError(
            f"{name} would get a password, token or key over plain http, which anyone on the way can"
            " read",
            "use its https:// address (webdavs:// for a drive); a server of your own may be named in"
            f' curate.toml: [fetch] private = ["{_bare(host)}"]',
        )

    def dial(
        self,
        host: str,
        port: int,
        timeout: float | None,
        options: Iterable[tuple[Any, ...]] | None,
    ) -> socket.socket:
        """A connection to an address that was checked itself: a name that is resolved once to be
        checked and once more to connect may lead elsewhere the second time (DNS rebinding).

        Raises Forbidden where ``host`` has only addresses that must not be asked; else OSError or
        UnicodeError.
        """
        forbidden, fault = "", None
        for family, kind, proto, _, where in _resolved(host, port):
            if not self.allows(host, port, str(where[0])):
                forbidden = forbidden or str(where[0])
                continue
            try:
                return _connected(socket.socket(family, kind, proto), where, timeout, options)
            except OSError as failed:
                fault = failed
        if fault is None and forbidden:
            raise Forbidden(_bare(host), forbidden)
        raise fault or OSError(f"{host} has no address")


def guarded(kind: type[HTTPConnection], guard: Guard) -> type[HTTPConnection]:
    """``kind``, connecting where ``guard`` allows. The certificate is checked for the host's name
    all the same: only the dialling changes."""

    class Guarded(kind):  # type: ignore[valid-type, misc]
        def _new_conn(self) -> socket.socket:
            return guard.dial(self._dns_host, self.port, self.timeout, self.socket_options)

    return Guarded


def is_local(host: str) -> bool:
    """Whether ``host`` is "localhost" or a literal address that is not public, in any notation."""
    name = _bare(host)
    address = _literal(name)
    return _is_loopback(name) if address is None else not is_public(address)


@lru_cache(1024)
def is_public(address: Address) -> bool:
    """Whether anyone's server may have this address (the IANA special-purpose registries); for an
    IPv6 address that carries an IPv4 address, whether both may."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:  # the same address, in other words
            return is_public(carried)
        if address.sixtofour is not None and not is_public(address.sixtofour):
            return False
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )


def _is_near(host: str, port: int) -> bool:
    """Whether all addresses of ``host`` are of the user's own network. What a proxy program on this
    computer answers for every name tells nothing."""
    try:
        found = _resolved(host, port)
    except (OSError, UnicodeError):
        return False
    places = [_parsed(str(one[4][0]).partition("%")[0]) for one in found]
    return bool(places) and all(
        place is not None and not is_public(place) and not (place.version == 4 and place in _FAKE)
        for place in places
    )


def _is_loopback(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")


def _resolved(host: str, port: int) -> list[tuple[Any, ...]]:
    """The addresses of ``host`` as socket.getaddrinfo tells them; "localhost" is this computer
    whatever a name server or an incomplete hosts file says (RFC 6761, section 6.3)."""
    if not _is_loopback(_bare(host)):
        return list(
            socket.getaddrinfo(host.strip("[]"), port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        )
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)),
    ]


def _connected(
    made: socket.socket,
    where: Any,
    timeout: float | None,
    options: Iterable[tuple[Any, ...]] | None,
) -> socket.socket:
    try:
        for option in options or ():
            made.setsockopt(*option)
        made.settimeout(timeout)
        made.connect(where)
    except BaseException:
        made.close()
        raise
    return made


def _bare(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _literal(host: str) -> Address | None:
    """The address that ``host`` writes out: also "2130706433", "0x7f.1" and "0177.0.0.1"."""
    found = _parsed(host)
    if found is None and host[:1].isdigit():
        try:
            found = ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return None
    return found


def _within(place: Private, address: Address) -> bool:
    if place.network is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address in place.network or (mapped is not None and mapped in place.network)
