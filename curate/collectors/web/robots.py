"""robots.txt (RFC 9309): what an origin lets programs request, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.errors import CurateError
from curate.fetch import Fetcher, StatusError, origin

if TYPE_CHECKING:
    from protego import Protego

AGENT = "curate"
SLOWEST = 60.0
"""Seconds; a longer Crawl-delay is taken for a mistake and cut to this."""
_LIMIT = 512 << 10  # RFC 9309, 2.5: at least 500 KiB have to be read; the rest may be left


class Robots:
    """The rules of every origin that was asked about, read once each."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[str, Protego | CurateError] = {}

    def allow(self, url: str) -> bool:
        """Whether ``url`` may be requested. Raises CurateError where the rules cannot be read:
        then nothing may be (RFC 9309, 2.3.1.4)."""
        home = origin(url)
        if home not in self._rules:
            self._rules[home] = self._read(home)
        rules = self._rules[home]
        if isinstance(rules, CurateError):
            raise rules
        return bool(rules.can_fetch(url, AGENT))

    def _read(self, home: str) -> Protego | CurateError:
        from protego import Protego

        try:
            with self._fetcher.get(f"{home}/robots.txt") as got:
                text = got.body.read(_LIMIT).decode("utf-8-sig", "replace")
        except CurateError as fault:
            if not _absent(fault):
                return CurateError(
                    f"the rules of {home} cannot be read, so nothing of it may be requested: "
                    f"{fault.message}",
                    "run again later",
                )
            text = ""
        rules = Protego.parse(text)
        self._fetcher.slow_down(home, min(rules.crawl_delay(AGENT) or 0.0, SLOWEST))
        return rules


def _absent(fault: CurateError) -> bool:
    # Too many requests is no statement about the file (2.3.1.3 means what will not change).
    return isinstance(fault, StatusError) and 400 <= fault.status < 500 and fault.status != 429
