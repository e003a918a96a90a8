"""Connections on which nobody asks anything are not held for ever: they would keep everybody else out.

uvicorn waits without end for a request to begin, and for the rest of one that has begun; and where the
system gives it no more sockets it tries, and complains, thousands of times a second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Literal

from uvicorn.importer import import_from_string

PATIENCE = 30.0
"""Seconds in which a request has to come in whole, from the connection or its first byte on."""
_SPARE = 128
"""Files and sockets beside the connections: the database, logs."""
_CLASSES = {
    "h11": "uvicorn.protocols.http.h11_impl:H11Protocol",
    "httptools": "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol",
}


def protocol(
    kind: Literal["h11", "httptools"], most: int, patience: float = PATIENCE
) -> type[asyncio.Protocol]:
    """uvicorn's, with an end to its patience. Beyond ``most`` connections the one that has waited longest
    for its request gives way to the new one."""
    base: Any = import_from_string(_CLASSES[kind])
    waiting: OrderedDict[Any, asyncio.TimerHandle] = OrderedDict()

    class Hurried(base):  # type: ignore[misc]
        idle = False  # between two requests

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self._watch()
            if len(self.connections) > most:
                first = next(iter(waiting))
                if first is not self:
                    first.hurry()

        def connection_lost(self, fault: Exception | None) -> None:
            self._calm()
            super().connection_lost(fault)

        def data_received(self, data: bytes) -> None:
            if self.idle:
                self.idle = False
                self._calm()  # the next request has its own time
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self.idle = self.cycle.response_complete
            self._watch()

        def hurry(self) -> None:
            """Too late."""
            self._calm()
            self.connections.discard(self)  # it takes nobody's place from now on
            self.transport.abort()

        def _watch(self) -> None:
            cycle = self.cycle
            if cycle is not None and not (cycle.more_body or cycle.response_complete):
                self._calm()
            elif self not in waiting and not self.transport.is_closing():
                waiting[self] = asyncio.get_running_loop().call_later(patience, self.hurry)

        def _calm(self) -> None:
            timer = waiting.pop(self, None)
            if timer is not None:
                timer.cancel()

    return Hurried


def room(most: int) -> int:
    """How many connections there can be, at most ``most``: a download takes a socket and a file. The system
    is asked for as many as it lets us have."""
    try:
        import resource
    except ImportError:  # Windows counts otherwise
        return most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * most + _SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        more = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
            soft = more
        except (OSError, ValueError):
            pass
    return most if soft == resource.RLIM_INFINITY else max(16, min(most, (soft - _SPARE) // 2))
