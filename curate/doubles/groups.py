"""Sizes that occur twice → both ends of large files → whole files → groups."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curate.doubles.crew import Crew, Job
from curate.doubles.found import Found, Group, LeftOut
from curate.doubles.look import CHANGED, LARGE, File, work
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
        crew.hand_out(jobs)
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
            large = self._sizes > LARGE
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
        for (_, given), results in self._crew.run(self._jobs(kind, np.flatnonzero(which))):
            pairs = [(file[0], result) for file, result in zip(given, results, strict=True)]
            good = [number for number, result in pairs if isinstance(result, bytes)]
            values = b"".join(result for _, result in pairs if isinstance(result, bytes))
            if kind == "ends":
                self._ends[good] = np.frombuffer(values, "<u8")
            else:
                self._digests[:, good] = np.frombuffer(values, "<u8").reshape(-1, 4).T
                unsaved += int(self._sizes[good].sum())
            self._failed.update((number, why) for number, why in pairs if isinstance(why, str))
            self.opened += len(pairs)
            if unsaved > SAVE:
                self._keep()
                unsaved = 0

    def _jobs(self, kind: str, which: NDArray[np.int64]) -> deque[Job]:
        """The largest files alone and first; the others by their inodes, the order that disks like."""
        import numpy as np

        sizes = np.minimum(self._sizes[which], LARGE if kind == "ends" else JOB_BYTES).astype(
            np.int64
        )
        alone = sizes >= JOB_BYTES
        largest = which[alone][
            np.argsort(-self._sizes[which[alone]].astype(np.int64), kind="stable")
        ]
        jobs = deque[Job]((kind, self._described(largest[n : n + 1])) for n in range(len(largest)))
        rest, sizes = which[~alone], sizes[~alone]
        slices = np.arange(len(rest)) // JOB_FILES + np.cumsum(sizes) // JOB_BYTES
        cuts = np.flatnonzero(np.diff(slices)) + 1
        jobs.extend((kind, self._described(part)) for part in np.split(rest, cuts) if len(part))
        return jobs

    def _described(self, numbers: NDArray[np.int64]) -> list[File]:
        paths = self._tree.paths(self._files[numbers])
        identities = zip(*self._identities[:, numbers].tolist(), strict=True)
        return list(zip(numbers.tolist(), paths, identities, strict=True))

    def _keep(self) -> None:
        self._memory.keep(
            self._identities, self._ends, self._digests, self._tree.identities, self._settled
        )

    def groups(self) -> list[Group]:
        """Those that take most space first, then by size and digest."""
        import numpy as np

        known = np.flatnonzero(self._digests.any(axis=0))
        digests = self._digests[:, known]
        order = np.lexsort(digests)
        known, digests = known[order], digests[:, order]
        starts = np.flatnonzero(np.append(True, np.diff(digests, axis=1).any(axis=0))[: len(known)])
        counts = np.diff(np.append(starts, len(known)))
        members = known[np.repeat(counts > 1, counts)]
        names = self._names(members)
        hashes = self._digests[:, members].T.astype("<u8").tobytes()
        sizes = self._sizes[members].tolist()
        found, start = [], 0
        for count in counts[counts > 1].tolist():
            copies = tuple(sorted(names[start : start + count]))
            found.append(Group(hashes[32 * start : 32 * start + 32].hex(), sizes[start], copies))
            start += count
        found.sort(key=lambda group: (-group.spare, -group.size, group.sha256))
        return found

    def _names(self, members: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """For each inode all paths that lead to it."""
        starts, ends = self._spans[:, members]
        names: list[tuple[str, ...]] = [
            (os.fsdecode(path),) for path in self._tree.paths(self._paths[starts])
        ]
        for place in (ends - starts > 1).nonzero()[0].tolist():
            paths = self._tree.paths(self._paths[starts[place] : ends[place]])
            names[place] = tuple(sorted(map(os.fsdecode, paths)))
        return names

    def left_out(self) -> Iterator[LeftOut]:
        import numpy as np

        for number, why in self._failed.items():
            reason = (
                msg("it changed while it was read") if why == CHANGED else msg("{fault}", fault=why)
            )
            for path in self._names(np.array([number]))[0]:
                yield LeftOut(path, reason)
