"""Sizes that occur twice → beginnings that occur twice → whole files → groups."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curate.doubles.crew import Crew, Job
from curate.doubles.found import Found, Group, LeftOut
from curate.doubles.look import CHANGED, SMALL, Read, work
from curate.messages import msg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curate.doubles.memory import Memory
    from curate.doubles.tree import Tree

SETTLED = 2_000_000_000
"""Nanoseconds since its last change after which a file is remembered: the clocks of file systems tick as
coarsely as that, and a change within the same tick would leave no trace."""
JOB_FILES = 400
JOB_BYTES = 16 << 20
SAVE = 8 << 30
"""Bytes read after which what was learned is written down, whatever happens later."""


def search(
    folders: Sequence[Path],
    memory: Path | None = None,
    processes: int = 0,
    passed: Path | None = None,
) -> Found:
    """Which files below ``folders`` have the same bytes.

    ``memory`` is the file where it is kept what was read, None to keep nothing; a file of the same
    device, inode, size and times as then is not opened again. ``processes`` 0 stands for the number of
    processors. A folder ``passed`` is not entered. Symbolic links are not followed, but a folder given
    may be one. What cannot be read is in the result; nothing raises but for Ctrl-C, after which what was
    read until then is remembered.
    """
    started = time.time_ns()
    past = os.fsencode(os.path.realpath(passed)) if passed else b""
    jobs = deque[Job](("walk", [past, root]) for root in _roots(folders))
    crew = Crew(work, processes)
    try:
        crew.hand_out(lambda: jobs.popleft() if jobs else None)
        from curate.doubles import tree  # numpy loads while the others walk

        found, troubles, links = tree.walk(crew, jobs, past)
        reading = _Reading(found, crew, memory, started)
        reading.all()
    finally:
        crew.stop()
    sizes = found.identities[tree.SIZE]
    left_out = [LeftOut(os.fsdecode(path), msg("{fault}", fault=why)) for path, why in troubles]
    left_out += reading.left_out()
    return Found(
        groups=tuple(reading.groups()),
        left_out=tuple(sorted(left_out, key=lambda one: one.path)),
        files=len(found),
        size=int(sizes[reading.inodes].sum()),
        empty=int((sizes == 0).sum()),
        links=links,
        read=reading.opened,
    )


def _roots(folders: Sequence[Path]) -> list[bytes]:
    """``folders`` without those that are inside others: nothing is met twice."""
    real = [os.path.realpath(folder) for folder in folders]
    kept = []
    for place, (folder, here) in enumerate(zip(folders, real, strict=True)):
        above = any(here != other and Path(here).is_relative_to(other) for other in real)
        if not above and here not in real[:place]:
            kept.append(os.fsencode(folder))
    return kept


class _Reading:
    """The files whose size is not their own, what is known of them and what has to be read."""

    def __init__(self, tree: Tree, crew: Crew, memory: Path | None, started: int) -> None:
        import numpy as np

        from curate.doubles.memory import Memory
        from curate.doubles.tree import CTIME, MTIME, SIZE, different, repeated

        self._tree, self._crew = tree, crew
        self._paths, starts = different(tree)  # all paths, those of an inode side by side
        self.inodes = self._paths[starts]  # one path of each
        ends = np.append(starts[1:], len(self._paths))
        many = repeated(tree.identities[SIZE, self.inodes])
        self._files = self.inodes[many]
        self._spans = np.stack([starts[many], ends[many]])
        self._identities = tree.identities[:, self._files]
        self._sizes = self._identities[SIZE]
        self._memory: Memory = Memory(memory)
        self._ends, self._digests = self._memory.recall(self._identities)
        changed = self._identities[MTIME if os.name == "nt" else CTIME].astype(np.int64)
        self._settled = changed < started - SETTLED
        self._failed: dict[int, str] = {}
        self.opened = 0

    def all(self) -> None:
        """Read what has to be read."""
        import numpy as np

        from curate.doubles.tree import mixed, repeated

        try:
            large = self._sizes > SMALL
            self._read("ends", large & (self._ends == 0))
            alike = ~large
            known = np.flatnonzero(large & (self._ends != 0))
            alike[known] = repeated(mixed([self._sizes[known], self._ends[known]]))
            self._read("whole", alike & ~self._digests.any(axis=0))
        finally:
            if self.opened:
                self._keep()

    def _read(self, kind: str, which: NDArray[np.bool_]) -> None:
        import numpy as np

        unsaved = 0
        for numbers, (hashes, troubles) in self._results(kind, np.flatnonzero(which)):
            if kind == "ends":
                self._ends[numbers] = np.frombuffer(hashes, "<u8")
            else:
                self._digests[:, numbers] = np.frombuffer(hashes, "<u8").reshape(-1, 4).T
                unsaved += int(self._sizes[numbers].sum())
            self._failed.update((int(numbers[place]), why) for place, why in troubles)
            self.opened += len(numbers)
            if unsaved > SAVE:
                self._keep()
                unsaved = 0

    def _results(
        self, kind: str, which: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], Read]]:
        """Numbers of files, and what reading them gave."""
        parts = self._parts(kind, which)
        waiting: dict[bytes, NDArray[np.int64]] = {}

        def take() -> Job | None:
            part = next(parts, None)
            if part is None:
                return None
            paths = b"\0".join(self._tree.paths(self._files[part]))
            waiting[paths] = part
            return kind, [paths, self._identities[:, part].T.tobytes()]

        for (_, (paths, _)), result in self._crew.run(take):
            yield waiting.pop(paths), result

    def _parts(self, kind: str, which: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Beginnings by inode, the order that disks like. Whole files by size, the largest first and alone:
        those of one size come side by side, see ``look.Whole``."""
        import numpy as np

        if kind == "whole":
            which = which[np.argsort(-self._sizes[which].astype(np.int64), kind="stable")]
        slices = np.arange(len(which)) // JOB_FILES
        if kind == "whole":
            slices += (
                np.cumsum(np.minimum(self._sizes[which], JOB_BYTES).astype(np.int64)) // JOB_BYTES
            )
        for part in np.split(which, np.flatnonzero(np.diff(slices)) + 1):
            if len(part):
                yield part

    def _keep(self) -> None:
        self._memory.keep(
            self._identities, self._ends, self._digests, self._tree.identities, self._settled
        )

    def groups(self) -> list[Group]:
        """Those that take most space first, then by size and digest."""
        import numpy as np

        known = np.flatnonzero(self._digests.any(axis=0))
        digests = self._digests[:, known].byteswap()  # so that numbers sort as their bytes do
        known = known[np.lexsort(digests[::-1])]
        new = np.diff(self._digests[:, known], axis=1).any(axis=0)
        starts = np.flatnonzero(np.append(True, new)[: len(known)])
        counts = np.diff(np.append(starts, len(known)))
        sizes = self._sizes[known[starts]].astype(np.int64)
        order = np.lexsort((-sizes, -sizes * (counts - 1)))
        order = order[counts[order] > 1]
        # The members of the groups in their new order: each group's start, and 0, 1, 2, … from there.
        begins = np.cumsum(counts[order]) - counts[order]
        within = np.arange(counts[order].sum()) - np.repeat(begins, counts[order])
        members = known[np.repeat(starts[order], counts[order]) + within]
        names = self._names(members)
        hashes = self._digests[:, known[starts[order]]].T.astype("<u8").tobytes()
        found, first = [], 0
        for place, (size, count) in enumerate(
            zip(sizes[order].tolist(), counts[order].tolist(), strict=True)
        ):
            copies = tuple(sorted(names[first : first + count]))
            found.append(Group(hashes[32 * place : 32 * place + 32].hex(), size, copies))
            first += count
        return found

    def _names(self, members: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """For each inode all paths that lead to it."""
        if not len(members):
            return []
        starts, ends = self._spans[:, members]
        paths = os.fsdecode(b"\0".join(self._tree.paths(self._paths[starts]))).split("\0")
        names: list[tuple[str, ...]] = [(path,) for path in paths]
        for place in (ends - starts > 1).nonzero()[0].tolist():
            linked = self._tree.paths(self._paths[starts[place] : ends[place]])
            names[place] = tuple(sorted(map(os.fsdecode, linked)))
        return names

    def left_out(self) -> Iterator[LeftOut]:
        import numpy as np

        for number, why in self._failed.items():
            reason = (
                msg("it changed while it was read") if why == CHANGED else msg("{fault}", fault=why)
            )
            for path in self._names(np.array([number]))[0]:
                yield LeftOut(path, reason)
