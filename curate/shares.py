"""shares.jsonl beside the releases of a collection: where each was put, and how buyers get it from there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from curate.errors import CurateError
from curate.journal import Journal
from curate.product import Zip

FILE = "shares.jsonl"
BAR = "║"
"""U+2551: card machines cut a line there, so that half of an address or a code would be sold."""
_LONGEST = 2000  # characters of an address; browsers and drives take no more
_LONGEST_CODE = 100


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


def fits(text: str, longest: int = _LONGEST_CODE) -> bool:
    """Whether ``text`` may stand in a line that a buyer gets: all of it can be seen, nothing cuts it."""
    return text.isprintable() and BAR not in text and len(text) <= longest


def check(url: str = "", code: str = "", target: str = "") -> None:
    """Raises CurateError for parts of a share that would break the line in which a buyer gets it."""
    parts = (("address", url, _LONGEST), ("code", code, _LONGEST_CODE), ("name of the drive", target, _LONGEST_CODE))  # fmt: skip
    for name, text, longest in parts:
        if len(text) > longest:
            raise CurateError(
                f"the {name} of the share is longer than {longest} characters", "shorten it"
            )
        if not fits(text, longest):
            raise CurateError(
                f"the {name} of the share holds “{BAR}”, a line end or a character that nobody can see: {text!r}",
                "give it alone, as the drive shows it",
            )


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
