"""Collect again whenever something changes: ``curate collect --watch``."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.pipeline.watched import Plan, Root, Watchers
from curate.workspace import Workspace

EVERY = 900.0
"""Seconds between two visits of what is on the network."""
SETTLE = 2.0
"""Seconds that nothing may happen, and no file grow, before it is collected."""
PATIENCE = 600.0
"""Seconds after which it is collected although something goes on changing."""
TICK = 0.25
BROKEN = 3
"""Watches that may end by themselves before nothing is expected of them any more."""
LOOKS = 10_000
"""Changed files that are looked at twice; of more, quiet alone has to tell."""

Look = tuple[int, int]


def watch(
    workspace: Workspace,
    names: Sequence[str],
    run: Callable[[Sequence[str]], object],
    *,
    tell: Callable[[str], object] = lambda text: None,
    stop: threading.Event | None = None,
    every: float = EVERY,
    settle: float = SETTLE,
    say: Say | None = None,
) -> None:
    """``run(names)`` once, then ``run`` for the collections that a change concerns, until ``stop`` is
    set or Ctrl-C is pressed; both end it between two runs, or as ``run`` itself ends.

    ``names`` is empty for all, also those that are made later. ``tell`` hears what is waited for. A
    source that vanishes is waited for, and so is another command that holds the workspace. Raises
    what the first ``run`` raises; what a later one raises as CurateError is told.
    """
    loop = _Loop(workspace, names, run, tell, stop or threading.Event(), every, settle, say)
    try:
        loop.go()
    except KeyboardInterrupt:
        loop.tell("stopped watching; what was collected is kept")
    finally:
        loop.close()


class _Loop:
    """The state between two runs."""

    def __init__(
        self,
        workspace: Workspace,
        names: Sequence[str],
        run: Callable[[Sequence[str]], object],
        tell: Callable[[str], object],
        stop: threading.Event,
        every: float,
        settle: float,
        say: Say | None,
    ) -> None:
        self.workspace = workspace
        self.names = tuple(names)
        self.run = run
        self._tell = tell
        self.say = say or speaker(workspace.settings.language)
        self.stop = stop
        self.every = every
        self.settle = settle
        self.watchers: Watchers | None = None
        self.concerned: dict[str, set[Path | None]] = {}
        self.broken = 0  # watches that ended by themselves
        self.looks: dict[Path, Look | None] = {}
        self.first = self.last = 0.0  # when the first and the last change was heard of
        self.lost: set[Path | None] = set()
        self.replan = False

    def go(self) -> None:
        self._plan()
        self._run(self.names, first=True)
        self.visited = time.monotonic()
        self.tell("watching for changes; Ctrl-C ends it")
        while not self.stop.is_set():
            self._listen()
            self._look_at_roots()
            if (self.concerned or self.replan) and self._is_settled():
                self._collect()
            elif self.plan.far and time.monotonic() - self.visited >= self.every:
                self.visited = time.monotonic()
                self._run(sorted(self.plan.far))

    def tell(self, text: str, **args: object) -> None:
        self._tell(self.say(text, **args))

    def close(self) -> None:
        if self.watchers:
            self.watchers.stop()
            self.watchers = None

    def _plan(self) -> None:
        """Look anew at what there is to watch."""
        self.close()
        self.plan = Plan.of(self.workspace, self.names)
        self.watchers = Watchers(self.workspace, self.plan)
        self.replan = False
        if self.broken > BROKEN:
            self.plan.far |= set(self.plan.names)
        for root in self.plan.roots:
            if not root.is_there:
                self._lose(root)

    def _listen(self) -> None:
        """Take in what has changed, waiting a moment for it."""
        assert self.watchers
        try:
            self._hear(self.watchers.changes.get(timeout=TICK))
            while True:
                self._hear(self.watchers.changes.get_nowait())
        except queue.Empty:
            pass

    def _hear(self, path: Path | None) -> None:
        if path is None:
            self.broken += 1
            if self.broken <= BROKEN:
                self._touch({name: {None} for name in self.plan.names}, replan=True)
            return
        home = self.workspace.collections
        written = path in self.plan.settings or path.parent == home or (
            path.name == "collection.toml" and path.parent.parent == home
        )  # fmt: skip
        concerned = self.plan.concerned(path)
        if concerned or written:
            self._touch(concerned, written)
            if len(self.looks) < LOOKS:
                self.looks[path] = _look(path)

    def _touch(self, names: dict[str, set[Path | None]], replan: bool = False) -> None:
        self.last = time.monotonic()
        if not self.concerned and not self.replan:
            self.first = self.last
        self.replan = self.replan or replan
        for name, roots in names.items():
            self.concerned.setdefault(name, set()).update(roots)

    def _look_at_roots(self) -> None:
        """A drive that is taken away takes nothing with it; one that is back may bring something."""
        for root, names in self.plan.roots.items():
            if root.path in self.lost:
                now = Root.at(root.path)
                if now.is_there and now.filled:
                    self.lost.discard(root.path)
                    self.tell("{path} is back", path=root.path)
                    self._touch({name: {root.path} for name in names}, replan=True)
            elif root.is_lost:
                self._lose(root)

    def _lose(self, root: Root) -> None:
        if root.path not in self.lost:
            self.lost.add(root.path)
            self.tell("{path} is not there or empty now; waiting until it is back", path=root.path)

    def _is_settled(self) -> bool:
        now = time.monotonic()
        if now - self.last < self.settle:
            return False
        before, self.looks = self.looks, {path: _look(path) for path in self.looks}
        if before != self.looks and now - self.first < PATIENCE:
            self.last = now
            return False
        return True

    def _collect(self) -> None:
        """Run for whom it concerns, except where only what is away has changed."""
        concerned, self.concerned, self.looks = self.concerned, {}, {}
        if self.replan:
            before = set(self.plan.names)
            self._plan()
            if not self.names and before != set(self.plan.names):
                self._run(())  # a collection came or went
                return
        names = {name for name, roots in concerned.items() if roots - self.lost}
        if some := sorted(names & set(self.plan.names)):
            self._run(some)

    def _run(self, names: Sequence[str], first: bool = False) -> None:
        """Run, as soon as no other command holds the workspace."""
        told = False
        while not self.stop.is_set():
            try:
                self.run(names)
                return
            except CurateError as fault:
                if not self._is_held():
                    if first:
                        raise
                    hint = f" ({fault.hint})" if fault.hint else ""
                    self.tell("{fault}", fault=f"{fault.message}{hint}")
                    return
            if not told:
                told = True
                self.tell("another curate command is at work here; waiting until it has finished")
            while self._is_held() and not self.stop.wait(TICK):
                pass

    def _is_held(self) -> bool:
        try:
            with self.workspace.writing():
                return False
        except CurateError as fault:
            return isinstance(fault.__cause__, TimeoutError)  # not where the disk is the trouble


def _look(path: Path) -> Look | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
