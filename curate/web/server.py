"""An application on a port, run by uvicorn until it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from curate.errors import CurateError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from curate.shop.settings import Serve

_GRACE = 30
"""Seconds that downloads are given to finish when the server is stopped."""


def run(app: FastAPI, where: Serve) -> None:
    """Serves until SIGINT or SIGTERM. Raises CurateError where the port cannot be had.

    No access log: paths of download links are worth money for as long as they hold.
    """
    config = uvicorn.Config(
        app,
        host=where.host,
        port=where.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=bool(where.proxies),
        forwarded_allow_ips=",".join(where.proxies) or None,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32 << 10,
    )
    server = uvicorn.Server(config)
    try:
        listening = config.bind_socket()
    except SystemExit as fault:  # uvicorn says why on the log, and would end the process
        raise CurateError(
            f"port {where.port} of {where.host} cannot be used",
            "see what else runs there, or give another one: --port",
        ) from fault
    server.run([listening])
