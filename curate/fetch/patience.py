"""How long a server is borne with: what pages, drives and repositories have in common."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from curate.errors import CurateError
from curate.fetch.pace import Pace
from curate.workspace import Fetch

MIB = 1 << 20
SLOWEST = 4096
"""Bytes a second that an answer has to reach, once ``settings.timeout`` is over. With the limit on
its size this also limits the time for it. Only the time spent waiting for it counts: a reader may
take as long as it likes."""
HOPS = 10
"""Most redirects of one request."""
LONGEST_WAIT = 120.0
"""Most seconds that a Retry-After is waited for; a server that wants longer is left for the day."""
RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What a server may answer otherwise the next time."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How fast, how often and how long servers are asked: one for all requests of a run."""

    settings: Fetch
    pace: Pace
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _jitter: random.Random = field(
        default_factory=lambda: random.Random(0), repr=False, compare=False
    )

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after ``attempt`` (0, 1, …) failed: doubling, spread by up to a half."""
        return float(min(0.5 * 2**attempt, 60.0) * (1 + self._jitter.random() / 2))

    def wait(self, attempt: int) -> None:
        self.sleep(self.backoff(attempt))


def agent(settings: Fetch) -> str:
    """The User-Agent."""
    from importlib.metadata import version

    contact = " ".join(settings.contact.split())
    return f"curate/{version('curate-materials')}" + (f" (+{contact})" if contact else "")


def too_large(name: str, limit: int, kind: type[CurateError] = CurateError) -> CurateError:
    """``limit`` in bytes."""
    return kind(
        f"{name} is larger than {limit / MIB:g} MiB",
        "leave it out, or raise fetch.max_mb in curate.toml",
    )


def too_slow(name: str, kind: type[CurateError] = CurateError) -> CurateError:
    return kind(f"{name} sends too slowly", "run again later")


def broke_off(
    name: str, given: int, times: int, kind: type[CurateError] = CurateError
) -> CurateError:
    """After ``given`` bytes, ``times`` times."""
    return kind(
        f"{name} broke off after {given} bytes, {times} times", "check the connection and run again"
    )
