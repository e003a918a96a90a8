"""Nobody gets past the password of `curate ui` by what they call the machine."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import URL
from starlette.requests import Request

from curate.api import Workspace
from curate.web.seller import app


def status(made: Any, path: str, host: bytes) -> int:
    """Of a GET, as the server hands it over."""
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "root_path": "",
        "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", host)], "client": ("10.0.0.9", 1),
        "server": ("10.0.0.1", 80),
    }  # fmt: skip
    # A browser of other tests has this thread's loop.
    thread = threading.Thread(target=lambda: asyncio.run(made(scope, receive, send)))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("host", [b"x", b"x/login?", b"x/static/?", b"x/login#"])
def test_the_path_that_is_asked_for_counts_and_not_the_hosts_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: bytes
) -> None:
    made = app(Workspace.init(tmp_path / "w"), "four words of mine")

    def url(
        request: Request,
    ) -> URL:  # as versions of the framework put it together that are still about
        return URL(f"http://{host.decode()}{request.scope['path']}")

    monkeypatch.setattr(Request, "url", property(url))
    assert status(made, "/orders", host) == 303
    assert status(made, "/login", host) == 200
