"""What has to be watched so that no change of a collection's sources is missed, and by what means."""

from __future__ import annotations

import os
import queue
import re
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate import plugins
from curate.collection import Source, load
from curate.errors import CurateError
from curate.pipeline.judge import source_key
from curate.workspace import MARK, Workspace

REMOTE = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph lustre ncpfs 9p virtiofs vboxsf prl_fs davfs glusterfs".split()
)
"""File systems on which other machines change files without telling this one; so do all of fuse."""
MOUNTS = Path("/proc/mounts")
POLL = 2000
"""Milliseconds between two looks at what cannot be watched."""
READY = 30.0
"""Seconds that setting up watches may take."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where a local source lies, as it was when the plan was made."""

    path: Path
    folder: bool  # everything below is watched; else this name alone
    device: int  # 0: it was not there
    filled: bool

    @classmethod
    def at(cls, path: Path) -> Root:
        try:
            status = path.stat()
            folder = stat.S_ISDIR(status.st_mode)
            filled = not folder or any(True for _ in os.scandir(path))
        except OSError:
            return cls(path, False, 0, False)
        return cls(path, folder, status.st_dev, filled)

    @property
    def is_there(self) -> bool:
        return bool(self.device)

    @property
    def is_lost(self) -> bool:
        """Is it away, or does an empty mount point stand where a full drive was?"""
        now = Root.at(self.path)
        return self.is_there and (
            not now.is_there or now.device != self.device or (self.filled and not now.filled)
        )


@dataclass(slots=True)
class Plan:
    """What concerns whom."""

    names: tuple[str, ...]
    roots: dict[Root, set[str]] = field(default_factory=dict)
    far: set[str] = field(default_factory=set)  # collections with a source that nobody can watch
    settings: dict[Path, set[str]] = field(default_factory=dict)  # files that people write
    ignored: tuple[Path, ...] = ()  # what curate itself writes

    @classmethod
    def of(cls, workspace: Workspace, names: Sequence[str]) -> Plan:
        """Of the named collections, or all. One whose configuration is wrong is only waited for."""
        chosen = tuple(names or workspace.names())
        plan = cls(chosen, ignored=(workspace.state, workspace.build))
        plan.settings[workspace.root / MARK] = set(chosen)
        for name in chosen:
            plan.settings[workspace.collection_file(name)] = {name}
            try:
                loaded = load(workspace, name)
            except CurateError:
                continue
            for source in loaded.collection.sources:
                plan._add(name, source, loaded.folder)
        return plan

    def _add(self, name: str, source: Source, folder: Path) -> None:
        kind = source_key(source)[0]
        paths = source.watched(folder)
        if not paths or not getattr(plugins.load("collectors", kind), "local", False):
            self.far.add(name)
        for path in paths:
            self.roots.setdefault(Root.at(Path(os.path.realpath(path))), set()).add(name)

    def concerned(self, path: Path) -> dict[str, set[Path | None]]:
        """The collections that a change of ``path`` concerns, and which roots of theirs it lies in;
        None stands for what people write about them."""
        found: dict[str, set[Path | None]] = {}
        if any(path.is_relative_to(one) for one in self.ignored):
            return found
        for root, names in self.roots.items():
            if path == root.path or (root.folder and _matters(path, root.path)):
                for name in names:
                    found.setdefault(name, set()).add(root.path)
        for name in self.settings.get(path, ()):
            found.setdefault(name, set()).add(None)
        return found


def _matters(path: Path, root: Path) -> bool:
    if not path.is_relative_to(root):
        return False
    return not any(one.startswith(".") and one != ".reuse" for one in path.relative_to(root).parts)


class Watchers:
    """Threads that put every changed path into ``changes``; None stands for "look at everything"."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        self.changes: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        deep = {root.path for root in plan.roots if root.is_there and root.folder}
        flat = {
            root.path.parent for root in plan.roots if root.path.parent.is_dir() and not root.folder
        }
        flat |= {workspace.root, workspace.collections}
        flat |= {one for one in workspace.collections.glob("*") if one.is_dir()}
        flat = {one for one in flat if one.is_dir()}
        self._threads: list[threading.Thread] = []
        for paths, recursive in ((deep, True), (flat, False)):
            for polled in (False, True):
                if some := sorted(path for path in paths if is_remote(path) == polled):
                    self._begin(some, recursive, polled)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)

    def _begin(self, paths: Sequence[Path], recursive: bool, polled: bool) -> None:
        ready = threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(paths, recursive, polled, ready), daemon=True
        )
        self._threads.append(thread)
        thread.start()
        ready.wait(READY)

    def _watch(
        self, paths: Sequence[Path], recursive: bool, polled: bool, ready: threading.Event
    ) -> None:
        from watchfiles import watch

        try:
            for changes in watch(
                *paths, watch_filter=None, recursive=recursive, force_polling=polled, poll_delay_ms=POLL,
                debounce=200, step=50, rust_timeout=200, yield_on_timeout=True, stop_event=self._stop,
                raise_interrupt=False, ignore_permission_denied=True,
            ):  # fmt: skip
                ready.set()
                for path in sorted({path for _, path in changes}):
                    self.changes.put(Path(path))
        except (OSError, RuntimeError):
            # A path that went away just now, or more folders than the system can watch at once.
            if not polled and not self._stop.is_set():
                self._watch(paths, recursive, True, ready)
        finally:
            ready.set()
            if not self._stop.is_set():
                self.changes.put(None)


def is_remote(path: Path, mounts: Path | None = None) -> bool:
    """Does ``path`` lie on a file system that tells nothing of the changes that others make?"""
    try:
        lines = (mounts or MOUNTS).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    best, found = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 2:
            point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
            if len(point) >= best and path.is_relative_to(point):
                best, found = len(point), fields[2]
    return found in REMOTE or found.startswith("fuse.")
