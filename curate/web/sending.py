"""A file, or a range of it, on its way out; what did not go out is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

_CHUNK = 256 << 10
"""Bytes: enough that threads cost little, few enough for hundreds of buyers at once."""
_NOWAIT: int = getattr(os, "RWF_NOWAIT", 0)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Sending(Response):
    """Bytes ``first`` to ``end`` (excluded) of ``path``. ``unsent`` is called with what was left at the
    end, unless nothing was."""

    def __init__(
        self,
        path: Path,
        first: int,
        end: int,
        status: int,
        headers: Mapping[str, str],
        unsent: Callable[[int], None],
    ) -> None:
        super().__init__(None, status, {**headers, "Content-Length": str(end - first)})
        self._path, self._first, self._end, self._unsent = path, first, end, unsent

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body"})
            return
        handle = await run_in_threadpool(
            os.open, self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0)
        )
        gone = asyncio.create_task(_gone(receive))
        at = self._first
        try:
            await send(start)
            while at < self._end and not gone.done():
                size = min(_CHUNK, self._end - at)
                data = _at_once(handle, at, size)
                if data is None:
                    data = await run_in_threadpool(_read, handle, at, size)
                if not data:
                    break  # cut off by somebody since: the connection ends before its length
                await send({"type": "http.response.body", "body": data, "more_body": True})
                if not gone.done():
                    at += len(data)
            if at == self._end:
                await send({"type": "http.response.body"})
        finally:
            gone.cancel()
            os.close(handle)
        if at < self._end:
            await run_in_threadpool(self._unsent, self._end - at)


def _at_once(handle: int, at: int, size: int) -> bytes | None:
    """What the system has in memory is read without a thread, which would cost more than the reading.

    None where it would have to wait for the disk, or cannot say (Linux alone can).
    """
    if not _NOWAIT:
        return None
    data = bytearray(size)
    try:
        count = os.preadv(handle, [data], at, _NOWAIT)
    except OSError:
        return None
    return bytes(data) if count == size else bytes(data[:count])


def _read(handle: int, at: int, size: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(handle, size, at)
    os.lseek(handle, at, os.SEEK_SET)
    return os.read(handle, size)


async def _gone(receive: Receive) -> None:
    """Until the other side has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
