"""How fast and how much at once one server is asked, over all threads."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident

from curate.workspace import Fetch

IDLE = 1.0
"""Seconds after which an answer that nobody reads no longer keeps others from asking."""


class _Host:
    def __init__(self) -> None:
        self.free = threading.Condition()
        self.turns: list[Turn] = []
        self.usual: float | None = None  # seconds between two beginnings, instead of settings.delay
        self.least = 0.0  # what the server itself wants
        self.last = float("-inf")  # the latest beginning
        self.rest = float("-inf")  # no beginning before


class Turn:
    """One request, from its beginning until its answer is read or closed."""

    __slots__ = ("_host", "_read", "thread")

    def __init__(self, host: _Host) -> None:
        self.thread = get_ident()
        self._host = host
        self._read = float("inf")  # when it was last read; never idle before it is answered

    def touch(self) -> None:
        """Its answer is being read."""
        self._read = time.monotonic()

    def left(self, now: float) -> float:
        """Seconds until it counts as idle; 0 or less where it does."""
        return self._read + IDLE - now

    def done(self) -> None:
        """Any number of times, from any thread."""
        with self._host.free:
            if self in self._host.turns:
                self._host.turns.remove(self)
                self._host.free.notify()


class Pace:
    """Between the *beginnings* of two requests to an origin lie at least ``settings.delay`` seconds
    (or what was agreed on), and at most ``settings.per_host`` are under way at a time: asked, or
    their answer being read.

    Nobody can wait for ever: a thread never waits for an answer that it holds open itself, and one
    that has not been read for ``IDLE`` seconds does not count (the reader of a prefetched file may
    be waiting for the very request that waits here).
    """

    def __init__(
        self, settings: Fetch, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._lock = threading.Lock()

    def agree(self, origin: str, seconds: float) -> None:
        """What the user has set for this server holds instead of ``settings.delay``; where several
        sources have, the longest."""
        host = self._of(origin)
        with host.free:
            host.usual = max(host.usual or 0.0, seconds)

    def slow_down(self, origin: str, seconds: float) -> None:
        """Let at least ``seconds`` lie between two beginnings; the longest that anyone asks for holds."""
        host = self._of(origin)
        with host.free:
            host.least = max(host.least, seconds)

    def rest(self, origin: str, seconds: float) -> None:
        """Begin nothing for ``seconds``: the server has asked for it."""
        host = self._of(origin)
        with host.free:
            host.rest = max(host.rest, self._clock() + seconds)

    def turn(self, origin: str) -> Turn:
        """Wait until one more request may begin. End it with ``done``."""
        host = self._of(origin)
        with host.free:
            while (wait := self._full(host)) > 0:
                host.free.wait(wait)
            turn = Turn(host)
            host.turns.append(turn)
            now = self._clock()
            usual = self._settings.delay if host.usual is None else host.usual
            begin = max(now, host.rest, host.last + max(usual, host.least))
            host.last = begin
        if begin > now:
            try:
                self._sleep(begin - now)
            except BaseException:  # the user has had enough
                turn.done()
                raise
        return turn

    @contextmanager
    def held(self, origin: str) -> Iterator[None]:
        """One request, or an exchange that counts as one."""
        turn = self.turn(origin)
        try:
            yield
        finally:
            turn.done()

    def _full(self, host: _Host) -> float:
        """Seconds after which to look again; 0 where there is room."""
        if len(host.turns) < self._settings.per_host:
            return 0.0
        now, own = time.monotonic(), get_ident()
        busy = [left for turn in host.turns if turn.thread != own and (left := turn.left(now)) > 0]
        return min(*busy, IDLE) if len(busy) >= self._settings.per_host else 0.0

    def _of(self, origin: str) -> _Host:
        with self._lock:
            return self._hosts[origin]
