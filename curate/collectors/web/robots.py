"""robots.txt (RFC 9309): what an origin lets programs request, and how fast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate.collectors.web import groups
from curate.collectors.web.groups import AGENT, Records
from curate.errors import CurateError
from curate.fetch import Fetcher, StatusError, origin

if TYPE_CHECKING:
    from protego import Protego

SLOWEST = 60.0
"""Seconds; a longer Crawl-delay is taken for a mistake and cut to this."""
_LIMIT = 512 << 10  # RFC 9309, 2.5: at least 500 KiB have to be read; the rest may be left

_VERSION = re.compile(r"^([^\S\n]*user[ -]?agent[^\S\n]*:[^\S\n]*[\w*-]+)/[\w.]+", re.I | re.M)
"""A name is a token without a version (RFC 9309, 2.2.1); who adds one means us all the same."""


@dataclass(frozen=True, slots=True)
class _Rules:
    access: Protego
    records: Records  # all of them, also those that say nothing about access


class Robots:
    """The rules of every origin that was asked about, read once each."""

    def __init__(self, fetcher: Fetcher, agent: str = AGENT) -> None:
        self._fetcher = fetcher
        self._agent = agent
        self._rules: dict[str, _Rules | CurateError] = {}

    def allow(self, url: str) -> bool:
        """Whether ``url`` may be requested. Raises CurateError where the rules cannot be read:
        then nothing may be (RFC 9309, 2.3.1.4)."""
        return bool(self._of(url).access.can_fetch(url, self._agent))

    def records(self, url: str) -> Records:
        """What the file that holds for ``url`` says to us. Raises CurateError as ``allow`` does."""
        return self._of(url).records

    def _of(self, url: str) -> _Rules:
        home = origin(url)
        if home not in self._rules:
            self._rules[home] = self._read(home)
        rules = self._rules[home]
        if isinstance(rules, CurateError):
            raise rules
        return rules

    def _read(self, home: str) -> _Rules | CurateError:
        from protego import Protego

        try:
            with self._fetcher.get(f"{home}/robots.txt") as got:
                got.forgo()
                text = _whole(got.body.read(_LIMIT + 1)).decode("utf-8-sig", "replace")
        except CurateError as fault:
            if not absent(fault):
                return CurateError(
                    f"the rules of {home} cannot be read, so nothing of it may be requested: "
                    f"{fault.message}",
                    "run again later",
                )
            text = ""
        rules = Protego.parse(_VERSION.sub(r"\1", text))
        self._fetcher.slow_down(home, min(rules.crawl_delay(self._agent) or 0.0, SLOWEST))
        return _Rules(rules, groups.read(text))


def _whole(data: bytes) -> bytes:
    """The lines that are whole: half a path would be the rule of another place."""
    return data if len(data) <= _LIMIT else data[:_LIMIT].rpartition(b"\n")[0]


def absent(fault: CurateError) -> bool:
    """Whether the server says that there is no such file, not that it cannot be had today."""
    # Too many requests is no statement about the file (2.3.1.3 means what will not change).
    return isinstance(fault, StatusError) and 400 <= fault.status < 500 and fault.status != 429
