"""Requests that are sent before their turn, so that the time until servers answer does not add up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import NoReturn

from curate.collectors.web import kinds, urls
from curate.fetch import Fetched, Fetcher

PAGE_LIMIT = 5 << 20
"""Bytes of one HTML page; they are held in memory."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What one request gave."""

    got: Fetched
    body: bytes = b""  # of a page, at most one byte more than PAGE_LIMIT; ``got`` is closed then


class Moved(Exception):
    """The answer is at another address, which nobody has permitted yet."""

    def __init__(self, url: str) -> None:
        self.url = url


class Ahead:
    """A few threads that each do one request after the other: they send it, follow nothing, and read
    what is a page. Whether an address may be asked at all is decided before, elsewhere."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher
        self.width = fetcher.settings.per_host
        """Most requests at once."""
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._sent: dict[str, Future[Hop]] = {}
        self._threads = 0

    def __len__(self) -> int:
        return len(self._sent)

    def __contains__(self, url: str) -> bool:
        return url in self._sent

    def send(self, url: str, stamp: str) -> None:
        future: Future[Hop] = Future()
        self._sent[url] = future
        self._tasks.put(lambda: self._fulfil(future, url, stamp))
        if self._threads < min(self.width, len(self._sent)):
            self._threads += 1
            # Daemons: a slow server must not keep an interrupted command from ending.
            threading.Thread(target=self._work, daemon=True).start()

    def take(self, url: str) -> Hop:
        """What came of it, waiting for that. Raises Moved, CurateError."""
        return self._sent.pop(url).result()

    def close(self) -> None:
        """Send nothing more, and let go of what came and nobody took."""
        for future in self._sent.values():
            if not future.cancel():
                future.add_done_callback(_drop)
        self._sent.clear()
        for _ in range(self._threads):
            self._tasks.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def _fulfil(self, future: Future[Hop], url: str, stamp: str) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            hop = hopped(self.fetcher, url, stamp)
        except BaseException as fault:  # noqa: BLE001 - raised again, in the thread that takes it
            future.set_exception(fault)
        else:
            future.set_result(hop)


def hopped(fetcher: Fetcher, url: str, stamp: str) -> Hop:
    """One request for ``url``, conditional where there is a ``stamp``. Raises Moved, CurateError."""

    def moved(there: str) -> NoReturn:
        raise Moved(there)

    got = fetcher.get(
        url, stamp=lambda _: stamp, allowed=lambda hop: None if hop == url else moved(hop)
    )
    return read(got)


def read(got: Fetched) -> Hop:
    """With its body, where it is a page. Raises CurateError where the connection fails."""
    suffix = urls.suffix(urls.normal(got.url) or got.url)
    if got.status == 304 or kinds.claimed(got.mime, suffix)[0] != "page":
        return Hop(got)
    got.forgo()
    with got:
        return Hop(got, got.body.read(PAGE_LIMIT + 1))


def _drop(future: Future[Hop]) -> None:
    with suppress(BaseException):
        future.result().got.close()
