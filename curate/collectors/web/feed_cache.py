"""The last version of each feed, so that an unchanged one need not be sent again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curate import typed


class Document(msgspec.Struct, frozen=True):
    """What was found at an address."""

    url: str  # normal, after all redirects
    stamp: str
    charset: str
    body: bytes


@dataclass(frozen=True, slots=True)
class FeedCache:
    """One file for each address below ``folder``; nothing where that is None. It may be deleted."""

    folder: Path | None

    def at(self, url: str) -> Document | None:
        """The last version that was put; None where there is none, or it is damaged."""
        path = self._path(url)
        try:
            return typed.msgpack(path.read_bytes(), Document) if path else None
        except (OSError, msgspec.DecodeError):
            return None

    def put(self, url: str, document: Document) -> None:
        """Keep it, where its server marks versions."""
        path = self._path(url)
        if path is None or not document.stamp:
            return
        beside = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.msgpack.encode(document))
            beside.replace(path)
        except OSError:
            return  # it is only there to spare a download

    def _path(self, url: str) -> Path | None:
        name = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:32]
        return self.folder / "feeds" / f"{name}.feed" if self.folder else None
