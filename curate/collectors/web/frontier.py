"""The addresses that wait to be visited, each once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

from curate.collectors.web import urls

MOST_WAITING = 100_000
"""Addresses that are remembered to be visited."""


@dataclass(frozen=True, slots=True)
class Step:
    """An address that waits to be visited."""

    url: str
    depth: int = 0
    parent: str = ""  # where it was linked; "" for a start page
    text: str = ""  # what the link said
    start: bool = False


class Frontier:
    """A queue that no address enters twice."""

    def __init__(self) -> None:
        self.left = 0  # addresses that found no room
        self._seen: set[str] = set()  # places that wait or were visited
        self._waiting: deque[Step] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def knows(self, url: str) -> bool:
        """Whether what is at ``url`` waits or was visited."""
        return urls.place(url) in self._seen

    def note(self, url: str) -> None:
        """It is visited in another way."""
        self._seen.add(urls.place(url))

    def add(self, step: Step) -> None:
        if self.knows(step.url):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.left += 1
            return
        self.note(step.url)
        self._waiting.append(step)

    def hurry(self, step: Step) -> None:
        """The same, before all others."""
        if not self.knows(step.url):
            self.note(step.url)
            self._waiting.appendleft(step)

    def coming(self, count: int) -> list[Step]:
        """The next ones, which stay."""
        return list(islice(self._waiting, count))

    def next(self) -> Step:
        return self._waiting.popleft()
