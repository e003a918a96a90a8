"""What a rule of a whole site is for, written as robots.txt writes it (RFC 9309, 2.2.2 and 2.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from curate.collectors.web import urls
from curate.fetch import origin


@dataclass(frozen=True, slots=True)
class Scope:
    """Addresses that begin with a path, in which ``*`` is anything and a last ``$`` the end."""

    parts: tuple[str, ...]  # of a normal address, between the asterisks
    ends: bool

    @classmethod
    def of(cls, pattern: str, base: str) -> Scope | None:
        """``pattern`` as a place on the site of ``base``. None where it is no such place."""
        pattern = pattern.strip()
        ends = pattern.endswith("$")
        body = pattern.removesuffix("$")
        address = urls.normal(body, f"{origin(base)}/") if body else None
        if address is None or _host(address) != _host(base):
            return None
        there = address.removeprefix(origin(address))
        return cls(tuple(f"{origin(base)}{there}".split("*")), ends)

    @property
    def size(self) -> int:
        """The longer, the more it is about this very place."""
        return sum(map(len, self.parts))

    def covers(self, url: str) -> bool:
        """Whether it is for ``url`` (normal). Never looks back, so that no pattern makes it slow."""
        first, *rest = self.parts
        if not url.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.ends or at == len(url)
        for part in rest[:-1]:
            found = url.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        last = rest[-1]
        if self.ends:
            return len(url) - len(last) >= at and url.endswith(last)
        return url.find(last, at) >= 0


def _host(url: str) -> str:
    # A site that says http: or www. in its files means itself.
    return (urlsplit(url).hostname or "").removeprefix("www.")
