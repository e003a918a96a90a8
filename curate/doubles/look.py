"""What the processes do: walk folders and read files. Plain system calls, for they are the whole cost.

Paths are bytes, as the system has them. A file is known by five numbers, its identity: device, inode,
size, and the nanoseconds of its last change in content and in state.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from typing import Any

from curate.doubles.crew import Job

Identity = tuple[int, int, int, int, int]
"""device, inode, size, mtime_ns, ctime_ns; the times modulo 2**64, for they may be before 1970."""
File = tuple[int, bytes, Identity]
"""A number for the one who asks, a path, and the identity that it had."""
Walked = tuple[bytes, bytes, bytes]
"""A folder, the names of its files parted by zero bytes, and their identities as five uint64 each."""

BUDGET = 8_000
"""Entries after which a walk hands back the folders that are left, for others to share."""
LARGE = 1 << 16
"""Bytes beyond which both ends of a file are compared before it is read whole."""
END = 4096
CHANGED = "!"
"""In place of a reason of the system's: the file was another one after it was read."""

_CHUNK = 1 << 18
_WRAP = (1 << 64) - 1
_NT = os.name == "nt"
_FLAGS = os.O_RDONLY
for _name in (
    "O_NOFOLLOW",
    "O_NONBLOCK",
    "O_NOCTTY",
    "O_BINARY",
):  # never through a link, never waiting
    _FLAGS |= getattr(os, _name, 0)


def work(job: Job) -> Any:
    """Do a job: "walk" with a folder to pass by and those to walk, "ends" or "whole" with files."""
    kind, given = job
    if kind == "walk":
        return walk(given[1:], given[0])
    read = whole if kind == "whole" else ends
    return [_attempt(read, path, identity) for _, path, identity in given]


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
            walked.append((folder, b"\0".join(names), array("Q", numbers).tobytes()))
        entries += len(names) + 1
    return walked, left, troubles, links


def _identity(state: os.stat_result) -> Identity:
    return (
        state.st_dev,
        state.st_ino,
        state.st_size,
        state.st_mtime_ns & _WRAP,
        state.st_ctime_ns & _WRAP,
    )


def _attempt(read: Any, path: bytes, identity: Identity) -> bytes | str:
    """What ``read`` makes of the file, or why it could not."""
    try:
        handle = os.open(path, _FLAGS)
        try:
            result: bytes = read(handle, identity[2])
            # One look afterwards tells of all changes since the walk.
            return result if _identity(os.fstat(handle)) == identity else CHANGED
        finally:
            os.close(handle)
    except OSError as fault:
        return _reason(fault)


def whole(handle: int, size: int) -> bytes:
    """The SHA-256 of all there is, 32 bytes."""
    left = size + 1  # a file that grows all the time is not followed
    data = os.read(handle, min(left, _CHUNK))
    digest = hashlib.sha256(data)
    left -= len(data)
    while left > 1 and (data := os.read(handle, min(left, _CHUNK))):
        digest.update(data)
        left -= len(data)
    return digest.digest()


def ends(handle: int, size: int) -> bytes:
    """8 bytes of a hash of the first and the last ``END`` bytes."""
    head = os.read(handle, END)
    os.lseek(handle, -END, os.SEEK_END)
    return hashlib.blake2b(head + os.read(handle, END), digest_size=8).digest()


def _reason(fault: OSError) -> str:
    return fault.strerror or str(fault)
