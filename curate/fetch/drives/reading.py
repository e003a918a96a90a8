"""The bytes of a file on a drive, read to the end although the connection may not last that long."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

from curate.errors import CurateError
from curate.fetch.drives.drive import Away, Shut
from curate.fetch.patience import MIB, SLOWEST, Patience, broke_off, too_large, too_slow

BLOCK = 1 << 18


class Broken(Exception):
    """The connection was lost; asking again may help."""


class Part(Protocol):
    """The rest of a file from one byte on."""

    start: int  # where it begins: 0 where the server cannot begin elsewhere
    size: int  # of the whole file; -1 where it is not said
    mark: str  # of the version

    def read(self, most: int) -> bytes:
        """b"" at the end. Raises Broken."""
        ...

    def steady(self) -> bool:
        """Asked at the end: is the file still what it was? Raises Broken."""
        ...

    def close(self) -> None: ...


class Reading(io.RawIOBase):
    """One file. It is begun at once, so that what cannot be opened says so now."""

    def __init__(
        self, name: str, part: Callable[[int], Part], size: int, patience: Patience
    ) -> None:
        """``part`` gives the file from a byte on; ``size`` is what the listing said, or -1."""
        self._name = name
        self._begin = part
        self._patience = patience
        self._limit = patience.settings.max_mb * MIB
        self._given = self._skip = self._tries = 0
        self.lost = False  # given up: the whole drive may be away
        if size > self._limit:
            raise self._too_large()
        self._part = self._first = part(0)
        self._size = self._first.size if self._first.size >= 0 else size
        self._began, self._got = patience.clock(), 0
        if size >= 0 and self._size != size:
            self._part.close()
            raise Shut(
                f"{name} was listed with {size} bytes and has {self._size} now",
                "it is still being written; run again when it is complete",
            )
        if self._size > self._limit:
            self._part.close()
            raise self._too_large()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._part.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            try:
                data = self._part.read(min(size, BLOCK))
                if not data:
                    self._end()
                    return b""
            except Broken as fault:
                self._again(fault)
                continue
            self._check_speed(len(data))
            data, self._skip = data[self._skip :], max(0, self._skip - len(data))
            if data:
                self._given += len(data)
                if self._given > self._limit:
                    raise self._too_large()
                return data

    def _end(self) -> None:
        if self._skip or self._given < self._size:
            raise Broken(f"it ended after {self._given} of {self._size} bytes")
        if self._given > self._size >= 0 or not self._part.steady():
            raise Shut(
                f"{self._name} changed while it was read",
                "it is still being written; run again when it is complete",
            )

    def _again(self, fault: Broken) -> None:
        self._part.close()
        self.lost = True
        if self._tries == self._patience.settings.retries:
            raise broke_off(self._name, self._given, self._tries + 1, Away) from fault
        self._patience.wait(self._tries)
        self._tries += 1
        self._part = self._begin(self._given)
        self.lost = False
        self._began, self._got = self._patience.clock(), 0
        same = (self._part.mark, self._part.size) == (self._first.mark, self._first.size)
        if not same or (self._part.start != self._given and not self._first.mark):
            raise Shut(f"{self._name} changed while it was read", "run again")
        self._skip = self._given - self._part.start

    def _check_speed(self, size: int) -> None:
        self._got += size
        late = self._patience.clock() - self._began - self._patience.settings.timeout
        if late > self._got / SLOWEST:
            raise too_slow(self._name, Shut)

    def _too_large(self) -> CurateError:
        return too_large(self._name, self._limit, Shut)
