"""An unordered map over idempotent tasks, in processes that may crash, hang or grow without harm.

Untrusted files are opened here and nowhere else. Whatever a task does to its process, it costs at
most its own result: that comes back as ``Failed`` with the reason.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from curate.errors import CurateError
from curate.messages import msg
from curate.model import Message

T = TypeVar("T")
R = TypeVar("R")

GRACE = 15.0
"""Seconds a task may exceed its limit before its whole pool counts as hung."""

IN_FLIGHT = 8
"""Tasks handed out per worker: enough that none waits for the parent, few enough to stream."""

ATTEMPTS = 5
"""New pools that may fail one after the other before that is an error."""

RENEW = 2000
"""Tasks after which a worker is replaced, so that what a library leaks stays small."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use; ``workers`` = 0 stands for the number of processors."""

    workers: int = 0
    seconds: float = 60.0
    memory_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands where a result would, and says why there is none."""

    reason: Message


def unordered(
    function: Callable[[T], R],
    tasks: Iterable[T],
    limits: Limits,
    preload: tuple[str, ...] = (),
) -> Iterator[tuple[T, R | Failed]]:
    """``(task, function(task))`` as they are done, in any order; a failure is a value.

    ``function`` has to be importable from a module, tasks and results picklable. Tasks are taken as room appears,
    so an endless iterable is fine. A task that kills its process is tried once more. ``preload``
    names modules every worker imports before its memory is measured. Raises CurateError when
    processes cannot be started at all, and whatever ``tasks`` raises.
    """
    crew = _Crew(function, limits, preload)
    try:
        yield from crew.run(tasks)
    finally:
        crew.stop()


@dataclass(slots=True)
class _Job(Generic[T]):
    task: T
    deaths: int = 0


class _Crew(Generic[T, R]):
    """One map in progress: its pool, what is running, and what has to be run again."""

    def __init__(
        self, function: Callable[[T], R], limits: Limits, preload: tuple[str, ...]
    ) -> None:
        self.function = function
        self.limits = limits
        self.preload = preload
        self.workers = limits.workers or os.cpu_count() or 1
        self.numbers = count()
        self.running: dict[int, _Job[T]] = {}
        self.again: deque[_Job[T]] = deque()
        self.suspects: deque[_Job[T]] = deque()  # in flight when a pool broke: re-run one by one
        self.alone = False  # what is running is a suspect
        self.pool: _Pool | None = None

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, R | Failed]]:
        jobs = (_Job(task) for task in tasks)
        while True:
            self._fill(jobs)
            if not self.running:
                return
            ended = self._next()
            job = self.running[ended[0]] if ended else None
            result = self._outcome(job, ended[1]) if ended and job else _Broken()
            if isinstance(result, _Broken):
                if guilty := self._broke():
                    yield guilty.task, Failed(_crashed())
                continue
            assert ended and job
            del self.running[ended[0]]
            if isinstance(result, _Died):
                self.again.append(job)
            else:
                yield job.task, result

    def stop(self) -> None:
        if self.pool is not None:
            self.pool.stop()
            self.pool = None

    def _fill(self, jobs: Iterator[_Job[T]]) -> None:
        if self.running and (self.alone or self.suspects):
            return
        self.alone = bool(self.suspects)
        if self.suspects:
            self._submit(self.suspects.popleft())
            return
        while len(self.running) < self.workers * IN_FLIGHT:
            job = self.again.popleft() if self.again else next(jobs, None)
            if job is None:
                return
            self._submit(job)

    def _submit(self, job: _Job[T]) -> None:
        if self.pool is None:
            self.pool = _Pool(self.workers, self.limits, self.preload)
        number = next(self.numbers)
        self.running[number] = job
        self.pool.submit(number, self.function, job.task, self.limits)

    def _next(self) -> tuple[int, Future[Any]] | None:
        """The next task that ended; None when the pool gives no sign of life any more."""
        assert self.pool is not None
        patience = time.monotonic() + self.limits.seconds + GRACE
        while time.monotonic() < patience:
            with suppress(queue.Empty):  # short waits: Windows cannot interrupt a long one
                return self.pool.done.get(timeout=1.0)
        return None

    def _outcome(self, job: _Job[T], future: Future[Any]) -> R | Failed | _Died | _Broken:
        from pebble import ProcessExpired

        fault = future.exception()
        if fault is None:
            return future.result()  # type: ignore[no-any-return]
        if isinstance(fault, TimeoutError) and self.pool and self.pool.timed_out():
            return Failed(msg("took longer than {seconds} s", seconds=f"{self.limits.seconds:g}"))
        if isinstance(fault, (ProcessExpired, TimeoutError)):
            job.deaths += 1
            return _Died() if job.deaths == 1 else Failed(_crashed())
        if isinstance(fault, (RuntimeError, OSError)):
            return _Broken()
        return Failed(_fault(fault))  # a task or result that cannot be pickled

    def _broke(self) -> _Job[T] | None:
        """Build a new pool. Who was in flight may have broken the old one: each is tried alone.

        The task that broke a pool it had to itself is returned: it gets no other.
        """
        self.stop()
        guilty = next(iter(self.running.values())) if self.alone else None
        if guilty is None:
            self.suspects.extend(self.running.values())
        self.running.clear()
        for _ in range(ATTEMPTS):
            self.pool = _Pool(self.workers, self.limits, self.preload)
            if self.pool.lives():
                return guilty
            self.stop()
        raise CurateError(
            "worker processes cannot be started", "free some memory, or raise the memory limit"
        )


class _Died:
    pass


class _Broken:
    pass


class _Pool:
    """A pebble pool whose processes we know, so that it can be ended even when it hangs."""

    def __init__(self, workers: int, limits: Limits, preload: tuple[str, ...]) -> None:
        self.context = _Context(preload)  # first: it starts while we import
        import pebble

        # pebble's defaults are for long tasks; these decide how fast a worker is replaced or ended.
        pebble.CONSTS.sleep_unit = 0.05
        pebble.CONSTS.term_timeout = 0.5
        self.done: queue.SimpleQueue[tuple[int, Future[Any]]] = queue.SimpleQueue()
        self.timeouts = 0
        self.pool = pebble.ProcessPool(
            max_workers=workers,
            max_tasks=RENEW,
            initializer=_settle,
            initargs=(limits.memory_mb, preload),
            context=self.context,
        )

    def submit(
        self, number: int, function: Callable[[Any], Any], task: Any, limits: Limits
    ) -> None:
        done = self.done
        future: Future[Any]
        try:
            future = self.pool.schedule(
                _perform, args=(function, task, limits), timeout=limits.seconds
            )
        except RuntimeError as fault:  # the pool broke since the last task ended
            future = Future()
            future.set_exception(fault)
        future.add_done_callback(lambda ended: done.put((number, ended)))

    def timed_out(self) -> bool:
        """Whether a task reported as late was; if no process was ended for it, it had died before.

        A process may end so soon after taking its task that pebble learns of the end first, and
        then waits for a task that nobody runs.
        """
        self.timeouts += 1
        if self.timeouts > self.context.terminated:
            self.timeouts -= 1
            return False
        return True

    def lives(self) -> bool:
        """Whether a task that does nothing comes back."""
        try:
            return bool(self.pool.schedule(_nothing, timeout=GRACE).result(timeout=2 * GRACE))
        except (OSError, RuntimeError):
            return False

    def stop(self) -> None:
        """End all processes, busy or hung. Returns within seconds whatever state the pool is in."""
        self.pool.stop()  # type: ignore[no-untyped-call]
        self.context.kill()
        end = threading.Thread(target=self._join, daemon=True)
        end.start()
        end.join(5.0)
        self.context.kill()

    def _join(self) -> None:
        with suppress(RuntimeError, OSError):
            self.pool.join()


class _Context:
    """A multiprocessing context that remembers the processes it made."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        # fork copies locks that threads hold; frameworks of macOS do not survive it; a fork server
        # has no threads and has paid for the imports.
        method = "spawn" if sys.platform in ("win32", "darwin") else "forkserver"
        self.context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self.context.set_forkserver_preload(["pebble.pool.process", *preload])
            from multiprocessing import forkserver  # where there is one

            with _uninterrupted():
                forkserver.ensure_running()
        self.processes: list[_Process] = []
        self.terminated = 0

    def Pipe(self, duplex: bool = True) -> Any:
        return self.context.Pipe(duplex)

    def RLock(self) -> Any:
        return self.context.RLock()

    def get_start_method(self) -> str:
        return str(self.context.get_start_method())

    def Process(self, **options: Any) -> Any:
        self.processes = [one for one in self.processes if one.pid is None or one.is_alive()]
        self.processes.append(_Process(self.context.Process(**options), self))
        return self.processes[-1]

    def kill(self) -> None:
        for process in self.processes:
            with suppress(OSError, ValueError, AttributeError):
                process.kill()


class _Process:
    """A process that counts it when the pool ends it, as it does at the time limit alone."""

    def __init__(self, process: Any, context: _Context) -> None:
        self.process = process
        self.context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self.process, name)

    def start(self) -> None:
        with _without_main():
            self.process.start()

    def terminate(self) -> None:
        self.context.terminated += 1
        self.process.terminate()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no Ctrl-C reach a process before it knows to leave that to its parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start a process that does not run the caller's script once more.

    Nothing of ours lives there; and a script without ``if __name__ == "__main__"``, or one that was read
    from standard input, would fail in every worker.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


# What follows runs inside the workers.


def _settle(memory_mb: int, preload: tuple[str, ...]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # C libraries write warnings there
        os.dup2(null, stream)
    for name in preload:
        importlib.import_module(name)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _limit_memory(memory_mb)


def _follow_parent() -> None:
    """End with the parent, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _limit_memory(megabytes: int) -> None:
    """Bound what tasks may add to the libraries that are loaded already. Linux only."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return  # elsewhere the time limit alone has to do
    limit = pages * resource.getpagesize() + megabytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _perform(function: Callable[[T], R], task: T, limits: Limits) -> R | Failed:
    if hasattr(signal, "setitimer"):
        # The kernel ends a task that holds the interpreter when nobody is left to end it.
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + GRACE)
    try:
        return function(task)
    except MemoryError:
        return Failed(msg("needed more than {memory} MB of memory", memory=limits.memory_mb))
    except CurateError as fault:
        return Failed(_error(fault))
    except Exception as fault:  # noqa: BLE001 - the boundary around foreign parsers
        return Failed(_fault(fault))
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _nothing() -> bool:
    return True


def _crashed() -> Message:
    return msg("the reader crashed")


def _error(fault: CurateError) -> Message:
    if fault.hint:
        return msg("{reason} ({hint})", reason=fault.message, hint=fault.hint)
    return msg("{reason}", reason=fault.message)


def _fault(fault: BaseException) -> Message:
    return msg("the reader failed: {fault}", fault=f"{type(fault).__name__}: {fault}"[:300])
