"""shares.jsonl beside the releases of a collection: where each was put, and how buyers get it from there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from curate.journal import Journal
from curate.product import Zip

FILE = "shares.jsonl"


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line. put: a release lies at ``url``; gone: nothing was found there; back: it is there again;
    drop: forget it."""

    verb: Literal["put", "gone", "back", "drop"]
    version: str
    target: str  # name of a target in curate.toml, or what people call the drive it lies on
    url: str  # where a buyer, or the seller, gets it
    when: str  # ISO 8601, UTC
    code: str = ""  # what the drive asks for beside the address
    expires: str = ""  # ISO date; "" for never
    archives: tuple[Zip, ...] = ()
    why: str = ""  # gone: what was answered

    def word(self, verb: Literal["gone", "back", "drop"], when: str, why: str = "") -> Share:
        """A further line about it."""
        return Share(verb, self.version, self.target, self.url, when, why=why)


class Shares:
    """All shares of one collection's releases; ``folder`` is build/NAME."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / FILE, Share, "share", "curate publish")
        self.path = self._journal.path

    def current(self, version: str = "") -> tuple[Share, ...]:
        """Where releases lie now, by target and address, the latest word on each; of one version where given."""
        last: dict[tuple[str, str, str], Share] = {}
        for one in self._journal.entries:
            key = (one.version, one.target, one.url)
            if one.verb == "drop":
                last.pop(key, None)
            elif one.verb == "put":
                last[key] = one
            elif key in last:
                last[key] = msgspec.structs.replace(
                    last[key], verb=one.verb, when=one.when, why=one.why
                )
        return tuple(one for one in last.values() if version in ("", one.version))

    def append(self, *shares: Share) -> None:
        """Lasting when this returns."""
        self._journal.append(shares)
