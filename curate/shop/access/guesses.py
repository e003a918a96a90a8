"""Who guesses codes is locked out for a while, and longer each time. In memory: it costs next to nothing."""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

FREE = 8
"""Wrong codes that people may type before they are locked out; one is forgiven a minute."""
FIRST = 60
LONGEST = 86_400
"""Seconds of the first lockout, and of the longest: each is twice the one before."""
_FORGIVEN = 60.0
_ROOM = 50_000
"""Addresses that are remembered; the one that was quiet the longest is forgotten first."""


@dataclass(slots=True)
class _Record:
    wrong: float = 0.0
    at: float = 0.0
    locks: int = 0
    until: float = 0.0


class Guesses:
    """What clients guessed wrong, by ``place``. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> int:
        """Seconds that ``client`` has to wait; 0 = it may try."""
        record = self._records.get(place(client))
        left = record.until - self._clock() if record else 0.0
        return math.ceil(left) if left > 0 else 0

    def wrong(self, client: str) -> None:
        """``client`` guessed wrong once more."""
        now, where = self._clock(), place(client)
        with self._lock:
            record = self._records.setdefault(where, _Record(at=now))
            self._records.move_to_end(where)
            if len(self._records) > _ROOM:
                self._records.popitem(last=False)
            if now - max(record.at, record.until) > LONGEST:
                record.locks = 0
            record.wrong = max(record.wrong - (now - record.at) / _FORGIVEN, 0.0) + 1
            record.at = now
            if record.wrong > FREE:
                record.until = now + min(FIRST << min(record.locks, 20), LONGEST)
                record.locks += 1
                record.wrong = 0.0

    def __len__(self) -> int:
        return len(self._records)


@lru_cache(8192)
def place(client: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one household of IPv6 has."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client[:64]
    if address.version == 6:
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
