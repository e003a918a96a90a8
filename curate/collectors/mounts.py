"""Drives below a folder: an empty mount point looks like a folder that somebody emptied."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from curate import typed
from curate.workspace import remember


class Mounts:
    """Remembers from run to run which folders of a source are on drives of their own."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known = _read(file) if file else frozenset[str]()
        self._seen: set[str] = set()

    def lost(self, locator: str, path: str, device: int, filled: bool) -> bool:
        """Was a drive mounted on this folder, and is there nothing now?"""
        if self._file is None:
            return False
        with suppress(OSError):
            if os.stat(os.path.dirname(path)).st_dev != device:  # noqa: PTH116, PTH120 - for each folder
                self._seen.add(locator)
        gone = locator in self._known and locator not in self._seen and not filled
        if gone:
            self._seen.add(locator)
        return gone

    def save(self) -> None:
        """Only after everything was seen."""
        if self._file is None or self._seen == self._known:
            return
        remember(self._file, msgspec.json.encode(sorted(self._seen)))


def _read(file: Path) -> frozenset[str]:
    try:
        return typed.json(file.read_bytes(), frozenset[str])
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return frozenset()
