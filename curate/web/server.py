"""An application on a port, run by uvicorn until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from curate.errors import CurateError
from curate.web import connections

if TYPE_CHECKING:
    from fastapi import FastAPI

    from curate.shop.settings import Serve

_GRACE = 30
"""Seconds that downloads are given to finish when the server is stopped."""
_IPPROTO_TCP, _TCP_NODELAY = 6, 1
_TICK = 0.5
"""Seconds after which a signal is noticed at the latest."""
_MOST = 4000
"""Connections at once; more are answered with 503."""


def run(app: FastAPI, where: Serve, ready: Callable[[str], None] = lambda url: None) -> None:
    """Serves until SIGINT or SIGTERM. ``ready`` is told the address as soon as it can be asked.

    Raises CurateError where the port cannot be had.
    """
    config = configured(app, where, connections.room(_MOST))
    _log()
    try:
        listening = config.bind_socket()
    except SystemExit as fault:  # uvicorn says why on the log, and would end the process
        raise CurateError(
            f"port {where.port} of {where.host} cannot be used",
            "see what else runs there, or give another one: --port",
        ) from fault
    # asyncio leaves sockets that it did not open itself with Nagle's algorithm: 40 ms for each small answer.
    listening.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    with suppress(KeyboardInterrupt):  # that is how people end it
        _Server(config, lambda: ready(f"http://{shown}:{port}")).run([listening])


def configured(app: FastAPI, where: Serve, most: int = _MOST) -> uvicorn.Config:
    """For ``most`` connections at once.

    uvicorn keeps no access log: paths of download links are worth money for as long as they hold. What a
    proxy says about addresses is judged by the application.
    """
    return uvicorn.Config(
        app,
        host=where.host,
        port=where.port,
        # h11 bounds the size of headers; httptools costs a third, and leaves that to the proxy before it.
        http=connections.protocol("httptools" if where.proxies else "h11", most * 3 // 4),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=most,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32 << 10,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def main_loop(self) -> None:
        # uvicorn looks ten times a second whether it should end: that alone is much of an idle server's work.
        while not await self.on_tick(0):
            await asyncio.sleep(_TICK)

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._ready()


def _log() -> None:
    """To standard error, where services have their log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    for name, level in (("curate", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
