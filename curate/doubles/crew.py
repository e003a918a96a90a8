"""Processes that share jobs: forked, so that they cost milliseconds, and asked through pipes.

For the project's own code on plain bytes only; foreign files are parsed in ``curate.workers``. Where
the system cannot fork (Windows), or a process dies, the caller's own process does the job.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

Job = tuple[str, list[Any]]
"""What to do and with what: numbers, bytes, strings, and lists and tuples of them."""
Take = Callable[[], Job | None]
_HEAD = 8  # bytes that tell a message's length


class Crew:
    """``size`` processes (0: as many as there are processors) that do ``work``; stop them when done."""

    def __init__(self, work: Callable[[Job], Any], size: int = 0) -> None:
        self._work = work
        self._idle: list[_Worker] = []
        self._busy: dict[int, tuple[_Worker, Job]] = {}
        self._again: list[Job] = []  # handed to one that was gone
        if hasattr(os, "fork"):
            for _ in range(size or _processors()):
                self._idle.append(_Worker(work, self._idle))

    def hand_out(self, take: Take) -> None:
        """Give jobs to all who are idle, without waiting for anything."""
        while self._idle and (job := self._again.pop() if self._again else take()):
            worker = self._idle.pop()
            try:
                worker.ask(job)
            except OSError:
                worker.leave()
                self._again.append(job)
            else:
                self._busy[worker.answers] = worker, job

    def run(self, take: Take) -> Iterator[tuple[Job, Any]]:
        """Each job that ``take`` gives with its result, in any order; None says that there is none now, but
        there may be more after a result."""
        while True:
            self.hand_out(take)
            if self._busy:
                yield from self._ready()
            elif job := self._again.pop() if self._again else take():
                yield job, self._work(job)
            else:
                return

    def _ready(self) -> Iterator[tuple[Job, Any]]:
        import select

        poll = select.poll()
        for answers in self._busy:
            poll.register(answers, select.POLLIN)
        for answers, _ in poll.poll():
            worker, job = self._busy.pop(answers)
            try:
                result = worker.answer()
            except EOFError:
                worker.leave()
                result = self._work(job)
            else:
                self._idle.append(worker)
            yield job, result

    def stop(self) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.leave()
        self._idle, self._busy = [], {}


def _processors() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker:
    """One forked process."""

    def __init__(self, work: Callable[[Job], Any], others: list[_Worker]) -> None:
        here, self.asks = os.pipe()
        self.answers, there = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                # Ends with its parent: the pipe closes once nobody else holds its other end.
                for other in (*others, self):
                    os.close(other.asks)
                    os.close(other.answers)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                _serve(work, here, there)
            finally:
                os._exit(0)  # never back into what the parent was doing
        os.close(here)
        os.close(there)

    def ask(self, job: Job) -> None:
        _send(self.asks, job)

    def answer(self) -> Any:
        """Raises EOFError where the process is gone."""
        return _receive(self.answers)

    def leave(self) -> None:
        os.close(self.asks)
        os.close(self.answers)
        with suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _serve(work: Callable[[Job], Any], here: int, there: int) -> None:
    with suppress(EOFError, OSError):
        while True:
            _send(there, work(_receive(here)))


def _send(pipe: int, value: Any) -> None:
    data = marshal.dumps(value)
    left = memoryview(len(data).to_bytes(_HEAD, "little") + data)
    while left:
        left = left[os.write(pipe, left) :]


def _receive(pipe: int) -> Any:
    return marshal.loads(_exactly(pipe, int.from_bytes(_exactly(pipe, _HEAD), "little")))


def _exactly(pipe: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(pipe, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
