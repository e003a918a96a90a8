"""What the processes do: walk folders and read files. Plain system calls, for they are the whole cost.

Paths are bytes, as the system has them. A file is known by five numbers, its identity: device, inode,
size, and the nanoseconds of its last change in content and in state.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from array import array
from collections.abc import Callable
from operator import attrgetter
from struct import iter_unpack, unpack
from typing import Any

from curate.doubles.crew import Job

Files = tuple[bytes, bytes]
"""Paths parted by zero bytes, and their identities as five uint64 each."""
Read = tuple[bytes, list[tuple[int, str]]]
"""A hash for each file, of one length, zero where there is none; and the places of those, with the reason."""
Walked = tuple[bytes, bytes, bytes]
"""A folder, the names of its files parted by zero bytes, and their identities as five uint64 each."""

BUDGET = 8_000
"""Entries after which a walk hands back the folders that are left, for others to share."""
SMALL = 4096
"""Bytes up to which a file is read whole at once; of a larger one only the beginning is, until another one
of its size begins alike."""
HEAD = 1024
LARGE = 1 << 16
"""Bytes beyond which the last ``HEAD`` bytes have a say too: recordings begin with silence."""
CHANGED = "!"
"""In place of a reason of the system's: the file was another one when it had been read."""

_CHUNK = 1 << 18
_LAST = 16  # comparing with more costs as much as hashing
_WRAP = (1 << 64) - 1
_NT = os.name == "nt"
# Never through a link that has taken its place, and never waiting for a pipe that has.
_NAMES = ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
_FLAGS = sum(getattr(os, name, 0) for name in _NAMES)


def work(job: Job) -> Any:
    """Do a job: "walk" with a folder to pass by and those to walk, "ends" or "whole" with ``Files``."""
    kind, given = job
    if kind == "walk":
        return walk(given[1:], given[0])
    return read(Whole().digest if kind == "whole" else ends, 32 if kind == "whole" else 8, *given)


def walk(
    folders: list[bytes], passed: bytes
) -> tuple[list[Walked], list[bytes], list[tuple[bytes, str]], int]:
    """What lies in ``folders`` and below, but for the folder ``passed`` (its real path, b"" for none);
    folders that are left; those that cannot be read, with the reason; the number of symbolic links."""
    walked: list[Walked] = []
    troubles: list[tuple[bytes, str]] = []
    left, links, entries = list(folders), 0, 0
    mine = passed.rpartition(os.fsencode(os.sep))[2]
    while left and entries < BUDGET:
        folder = left.pop()
        names: list[bytes] = []
        numbers: list[int] = []
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    if entry.is_file(follow_symlinks=False):
                        try:
                            state = (
                                os.lstat(entry.path) if _NT else entry.stat(follow_symlinks=False)
                            )
                        except OSError as fault:
                            troubles.append((entry.path, _reason(fault)))
                            continue
                        names.append(entry.name)
                        numbers += _identity(state)
                    elif entry.is_symlink():
                        links += 1
                    elif entry.is_dir(follow_symlinks=False) and not (
                        entry.name == mine and os.path.realpath(entry.path) == passed
                    ):
                        left.append(entry.path)
        except OSError as fault:
            troubles.append((folder, _reason(fault)))
        if names:
            walked.append((folder, b"\0".join(names), packed(numbers)))
        entries += len(names) + 1
    return walked, left, troubles, links


_identity = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


def packed(numbers: list[int]) -> bytes:
    """As 64 bits each. Times before 1970 are negative, and some inodes fill all 64 bits."""
    try:
        return array("Q", numbers).tobytes()
    except OverflowError:
        return array("Q", [number & _WRAP for number in numbers]).tobytes()


def read(hashed: Callable[[int, int], bytes], width: int, paths: bytes, identities: bytes) -> Read:
    """What ``hashed`` makes of each file, given its handle and size."""
    results: list[bytes] = []
    troubles: list[tuple[int, str]] = []
    for path, identity in zip(paths.split(b"\0"), iter_unpack("5Q", identities), strict=True):
        try:
            handle = os.open(path, _FLAGS)
            try:
                result = hashed(handle, identity[2])
                # One look afterwards tells of all changes since the walk.
                now = _identity(os.fstat(handle))
                same = now == identity or unpack("5Q", packed(list(now))) == identity
                why = "" if same else CHANGED
            finally:
                os.close(handle)
        except OSError as fault:
            why = _reason(fault)
        if why:
            troubles.append((len(results), why))
            result = bytes(width)
        results.append(result)
    return b"".join(results), troubles


class Whole:
    """SHA-256 of whole files. What has the same bytes as one of the last of its size is not hashed again."""

    def __init__(self) -> None:
        self._size = 0
        self._last: list[tuple[bytes, bytes]] = []

    def digest(self, handle: int, size: int) -> bytes:
        left = size + 1  # a file that grows all the time is not followed
        data = os.read(handle, min(left, _CHUNK))
        if len(data) == size:
            return self._known(data)
        digest = hashlib.sha256(data)
        left -= len(data)
        while left > 1 and (data := os.read(handle, min(left, _CHUNK))):
            digest.update(data)
            left -= len(data)
        return digest.digest()

    def _known(self, data: bytes) -> bytes:
        if len(data) != self._size:
            self._size, self._last = len(data), []
        for other, digest in self._last:
            if other == data:
                return digest
        digest = hashlib.sha256(data).digest()
        if len(self._last) < _LAST:
            self._last.append((data, digest))
        return digest


def ends(handle: int, size: int) -> bytes:
    """8 bytes with the CRC-32 of the first ``HEAD`` bytes, and of the last ones where it is large."""
    data = os.read(handle, HEAD)
    if size > LARGE:
        os.lseek(handle, size - HEAD, os.SEEK_SET)
        data += os.read(handle, HEAD)
    return (zlib.crc32(data) | 1 << 32).to_bytes(
        8, "little"
    )  # never zero, which is for what is not known


def _reason(fault: OSError) -> str:
    return fault.strerror or str(fault)
