"""The last version of each feed and sitemap, so that an unchanged one need not be sent again."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curate import typed

UNUSED = 30 * 86_400
"""Seconds after which a document that nobody asked for is removed."""


class Document(msgspec.Struct, frozen=True):
    """What was found at an address."""

    url: str  # normal, after all redirects
    stamp: str
    charset: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Documents:
    """One file for each address below ``folder``; nothing where that is None. It may be deleted.
    What was not used for long is removed when it is opened."""

    folder: Path | None

    def __post_init__(self) -> None:
        if self.folder is None:
            return
        oldest = time.time() - UNUSED
        with suppress(OSError):
            for path in self._home(self.folder).iterdir():
                with suppress(OSError):
                    if path.lstat().st_mtime < oldest:
                        path.unlink()

    def at(self, url: str) -> Document | None:
        """The last version that was put; None where there is none, or it is damaged."""
        path = self._path(url)
        if path is None:
            return None
        try:
            found = typed.msgpack(path.read_bytes(), Document)
        except (OSError, msgspec.DecodeError):
            return None
        with suppress(OSError):
            os.utime(path)  # it is in use
        return found

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
        return self._home(self.folder) / f"{name}.document" if self.folder else None

    @staticmethod
    def _home(folder: Path) -> Path:
        return folder / "documents"
