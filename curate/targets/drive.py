"""What a WebDAV drive and an S3 bucket have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO

from curate.fetch import Fetcher
from curate.fetch.drives import Entry, Refused, Storage, Way, storage
from curate.workspace import Fetch

_BLOCK = 1 << 18


class DriveTarget:
    """Files on a server, spoken to at its pace."""

    def __init__(self, way: Way, fetch: Fetch) -> None:
        self._way = way
        self._fetch = fetch
        self._opened: Storage | None = None

    @property
    def _storage(self) -> Storage:
        # Not before it is needed: to know where files would lie, no password is asked for.
        if self._opened is None:
            self._opened = storage(self._way, Fetcher(self._fetch).patience)
        return self._opened

    def files(self, folder: str) -> Mapping[str, int]:
        try:
            found = self._storage.listing(folder)
        except Refused as fault:
            if fault.status in (404, 409, 410):
                return {}
            raise
        return {one.name: one.size for one in found.entries if not one.folder and not one.fault}

    def size(self, path: str) -> int | None:
        found = self._storage.find(path)
        return None if found is None else found.size

    def read(self, path: str) -> Iterator[bytes]:
        with closing(self._storage.open(path, Entry(path.rpartition("/")[2]))) as stream:
            while data := stream.read(_BLOCK):
                yield data

    def write(self, path: str, file: IO[bytes], size: int) -> None:
        self._storage.put(path, file, size)

    def remove(self, path: str) -> None:
        self._storage.delete(path)

    def tidy(self, folder: str) -> tuple[str, ...]:
        return self._storage.tidy(folder)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def check_account(account: str) -> None:
    """Raises ValueError for what looks like the password itself."""
    if not account.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ValueError(
            'account is the name of an account, such as "nas"; its user and password stand in'
            " CURATE_NAS_USER and CURATE_NAS_PASSWORD, or in the keyring"
        )


__all__ = ["DriveTarget", "check_account"]
