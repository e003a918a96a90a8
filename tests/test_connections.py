"""Who holds connections open and asks nothing keeps nobody else out."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from curate.shop.settings import Serve
from curate.web import connections, server

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"
GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
MOST = 40


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (told := await receive()).get("more_body"):
        pass
    if told["type"] == "http.disconnect":
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def running(proxies: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    config = server.configured(app, Serve(port=0, proxies=proxies), MOST)  # type: ignore[arg-type]
    found, listening = uvicorn.Server(config), config.bind_socket()
    listening.listen(256)
    thread = threading.Thread(target=found.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[:2]
    finally:
        found.force_exit = found.should_exit = True
        thread.join()


def asked(place: tuple[str, int]) -> bool:
    with socket.create_connection(place, 5) as one:
        one.sendall(GET)
        return one.recv(100).startswith(b"HTTP/1.1 200")


def ended(one: socket.socket) -> bool:
    try:
        while one.recv(1000):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
@pytest.mark.parametrize("sent", [b"", b"GET /x HT", HEAD, GET])
def test_who_asks_is_served_however_many_wait(
    proxies: tuple[str, ...], sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with running(proxies) as place:
        idle = []
        for _ in range(3 * MOST):
            one = socket.create_connection(place, 5)
            one.sendall(sent)
            idle.append(one)
        assert any(asked(place) for _ in range(20))  # those who left may take a moment to be gone
        assert ended(idle[0])  # the oldest gave way
        for one in idle:
            one.close()


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
@pytest.mark.parametrize("sent", [b"", b"GET /x HT", HEAD, GET + HEAD])
def test_a_request_that_does_not_come_is_not_waited_for(
    proxies: tuple[str, ...], sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = connections.protocol
    monkeypatch.setattr(connections, "protocol", lambda kind, most: own(kind, most, patience=0.3))
    with running(proxies) as place, socket.create_connection(place, 10) as one:
        one.sendall(sent)
        if sent.startswith(GET):
            assert one.recv(100).startswith(b"HTTP/1.1 200")
        assert ended(one)


def test_the_system_is_asked_for_enough_sockets() -> None:
    assert connections.room(16) == 16
    assert 16 <= connections.room(4000) <= 4000
