"""Places that releases are put on: folders, WebDAV drives, S3 buckets. One file each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Protocol


class Target(Protocol):
    """Somewhere to put files. ``options`` is the struct of its table in curate.toml."""

    def size(self, path: str) -> int | None:
        """Bytes of the file at ``path`` (with ``/``); None where there is none."""
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """Its bytes, piece by piece."""
        ...

    def write(self, path: str, file: IO[bytes], size: int) -> None:
        """Put ``file`` there: under a passing name first, so that nobody ever sees half of it."""
        ...

    def url(self, path: str) -> str:
        """Where people get it."""
        ...


__all__ = ["Target"]
