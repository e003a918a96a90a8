"""What was read of files before, kept in one file that may be deleted at any time."""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curate.doubles.tree import DEVICE, INODE, Numbers, among, mixed
from curate.workspace import remember

LIMIT = 2_000_000
"""Files remembered at most, at 88 bytes: beyond, those that the last search did not meet are forgotten."""

_MARK = b"curate same bytes 1\n"
_HEAD = len(_MARK) + 16  # then the number of files and the CRC-32 of what follows
_COLUMNS = 11
_KEY, _IDENTITY, _ENDS, _DIGEST = 0, slice(1, 6), 6, slice(7, 11)


class Memory:
    """Rows of little-endian uint64: a key to find it by, identity, hash of both ends, SHA-256.

    0 stands for what was not read. A file that is damaged counts as empty.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._table: Numbers = np.zeros((_COLUMNS, 0), np.uint64)
        if path is not None:
            with suppress(OSError):
                data = path.read_bytes()
                if _whole(data):
                    self._table = np.frombuffer(data, "<u8", offset=_HEAD).reshape(_COLUMNS, -1)

    def recall(self, identities: Numbers) -> tuple[Numbers, Numbers]:
        """What is known of files: hashes of their ends, and SHA-256 as 4 numbers each; 0 = nothing."""
        count = identities.shape[1]
        ends, digests = np.zeros(count, np.uint64), np.zeros((4, count), np.uint64)
        if self._table.shape[1]:
            places = np.searchsorted(self._table[_KEY], mixed(identities))
            places = np.minimum(places, self._table.shape[1] - 1)
            same = (self._table[_IDENTITY, places] == identities).all(axis=0)
            ends[same] = self._table[_ENDS, places[same]]
            digests[:, same] = self._table[_DIGEST, places[same]]
        return ends, digests

    def keep(
        self,
        identities: Numbers,
        ends: Numbers,
        digests: Numbers,
        met: Numbers,
        settled: NDArray[np.bool_],
    ) -> None:
        """Remember what is known of files, but for those not ``settled``: they may change unnoticed.

        ``met`` are the identities of all files of this search: what is remembered of their former
        states is forgotten.
        """
        if self._path is None:
            return
        told = settled & ((ends != 0) | digests.any(axis=0))
        new = np.vstack([mixed(identities)[None], identities, ends[None], digests])[:, told]
        old = self._table
        if old.shape[1]:
            here = among(old[_KEY], np.sort(mixed(met)))
            inodes = np.sort(mixed(met[: INODE + 1]))
            gone = among(mixed(old[_IDENTITY][: INODE + 1]), inodes) & ~here
            kept = ~gone & ~among(old[_KEY], np.sort(new[_KEY]))
            if kept.sum() + new.shape[1] > LIMIT:
                kept &= here
            old = old[:, kept]
        table = np.hstack([new, old])
        self._table = np.ascontiguousarray(table[:, np.argsort(table[_KEY], kind="stable")], "<u8")
        body = self._table.tobytes()
        numbers = (self._table.shape[1], zlib.crc32(body))
        remember(self._path, _MARK + b"".join(n.to_bytes(8, "little") for n in numbers) + body)


def _whole(data: bytes) -> bool:
    if len(data) < _HEAD or not data.startswith(_MARK):
        return False
    count, check = (
        int.from_bytes(data[start : start + 8], "little") for start in (_HEAD - 16, _HEAD - 8)
    )
    body = memoryview(data)[_HEAD:]
    return len(body) == 8 * _COLUMNS * count and zlib.crc32(body) == check


assert (DEVICE, INODE) == (0, 1)
