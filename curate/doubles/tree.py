"""All files below some folders as one table of numbers; their names stay as they came."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from curate.doubles.crew import Crew, Job
from curate.doubles.look import Walked

Numbers = NDArray[np.uint64]
_SLASH = os.fsencode(os.sep)
DEVICE, INODE, SIZE, MTIME, CTIME = range(5)


class Tree:
    """What walking found; a file is a number, its place in ``identities``."""

    def __init__(self, walked: Iterable[Walked]) -> None:
        parts = sorted(walked)
        self._folders = [
            folder if folder.endswith(_SLASH) else folder + _SLASH for folder, _, _ in parts
        ]
        self._names = b"\0".join(names for _, names, _ in parts).split(b"\0")
        counts = [len(numbers) // 40 for _, _, numbers in parts]
        self._places = np.repeat(np.arange(len(parts)), counts)
        table = np.frombuffer(b"".join(numbers for _, _, numbers in parts), np.uint64)
        self.identities: Numbers = np.ascontiguousarray(table.reshape(-1, 5).T)  # 5 x files

    def __len__(self) -> int:
        return int(self.identities.shape[1])

    def paths(self, files: NDArray[np.int64]) -> list[bytes]:
        """The paths of ``files``, in their order."""
        folders, names = self._folders, self._names
        places = self._places[files].tolist()
        return [
            folders[place] + names[file] for place, file in zip(places, files.tolist(), strict=True)
        ]


def walk(crew: Crew, jobs: deque[Job], passed: bytes) -> tuple[Tree, list[tuple[bytes, str]], int]:
    """Everything below the folders in ``jobs``; what could not be read, and the number of symbolic links."""
    walked: list[Walked] = []
    troubles: list[tuple[bytes, str]] = []
    links = 0
    for _, (found, left, wrong, linked) in crew.run(lambda: jobs.popleft() if jobs else None):
        walked += found
        troubles += wrong
        links += linked
        half = len(left) // 2  # nearer to the root comes first and holds more
        jobs.extend(("walk", [passed, *part]) for part in (left[:half], left[half:]) if part)
    return Tree(walked), troubles, links


def different(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Files with bytes, those of one inode side by side; and where in these each inode begins."""
    device, inode, size = tree.identities[DEVICE], tree.identities[INODE], tree.identities[SIZE]
    files = np.flatnonzero(size)
    files = files[np.lexsort((files, inode[files], device[files]))]
    new = np.ones(len(files), bool)
    new[1:] = (np.diff(inode[files]) != 0) | (np.diff(device[files]) != 0)
    return files, np.flatnonzero(new)


def repeated(values: Numbers) -> NDArray[np.bool_]:
    """Which of ``values`` occur more than once."""
    many = np.zeros(len(values), bool)
    order = np.argsort(values)
    same = np.diff(values[order]) == 0
    many[order[1:][same]] = many[order[:-1][same]] = True
    return many


def among(values: Numbers, others: Numbers) -> NDArray[np.bool_]:
    """Which of ``values`` are in ``others``, which are sorted."""
    if not len(others):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(others, values), len(others) - 1)
    found: NDArray[np.bool_] = others[places] == values
    return found


def mixed(columns: Iterable[Numbers]) -> Numbers:
    """One number for each row of ``columns``; different rows have the same one in 2**64 cases."""
    value: Numbers = np.full(1, 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:  # the finaliser of SplitMix64 (Steele, Lea & Flood 2014)
        value = (value ^ column) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value = value ^ (value >> np.uint64(31))
    return value
