"""Answers made to cost more than they are worth."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.workspace import Fetch

SETTINGS = Fetch(delay=0, retries=0, timeout=5, private=("127.0.0.1",))


@contextmanager
def speaking(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request and says what it likes."""

    def serve() -> None:
        with suppressed():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                say(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.join(10)


@contextmanager
def suppressed() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


def answer(body: bytes, *fields: str, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = "".join(f"{field}\r\n" for field in fields)
    return lambda to: to.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)


def read(say: Callable[[socket.socket], None], limit: int | None = None) -> bytes:
    with speaking(say) as url, Fetcher(SETTINGS) as fetch, fetch.get(url, limit=limit) as got:
        return got.body.read()


def zeros(size: int) -> bytes:
    """``size`` zeros, as gzip, without ever having them all."""
    packer, portion = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(1 << 20)
    return b"".join(packer.compress(portion) for _ in range(size >> 20)) + packer.flush()


def peak(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_bomb_is_unpacked_by_the_spoonful(coding: str) -> None:
    read(answer(b"x", "Content-Length: 1"))  # what is imported at the first request is not measured
    bomb = zeros(1 << 30)
    if "," in coding:
        bomb = gzip.compress(bomb)
    fields = (f"Content-Encoding: {coding}", f"Content-Length: {len(bomb)}")

    def look() -> None:
        with speaking(answer(bomb, *fields)) as url, Fetcher(SETTINGS) as fetch:
            with fetch.get(url) as got:
                assert got.body.read(1000) == bytes(1000)
            assert fetch.settings.max_mb < 1024

    assert peak(look) < 2 << 20

    def drain() -> None:
        with (
            speaking(answer(bomb, *fields)) as url,
            Fetcher(SETTINGS) as fetch,
            pytest.raises(CurateError, match="larger than 32 MiB"),
            fetch.get(url, limit=32 << 20) as got,
        ):
            while got.body.read(1 << 16):
                pass

    assert peak(drain) < 4 << 20


@pytest.mark.parametrize(
    ("pack", "coding"),
    [
        (gzip.compress, "gzip"),
        (gzip.compress, "x-gzip"),
        (lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]), "gzip"),
        (lambda data: gzip.compress(data) + b"\0rubbish", "gzip"),
        (zlib.compress, "deflate"),
        (lambda data: zlib.compress(data)[2:-4], "deflate"),
        (lambda data: gzip.compress(zlib.compress(data)), "deflate, gzip"),
        (lambda data: data, "identity"),
    ],
)
@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_compressions(pack: Callable[[bytes], bytes], coding: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    packed = pack(data)
    fields = (f"Content-Encoding: {coding}", f"Content-Length: {len(packed)}")
    assert read(answer(packed, *fields)) == data


@pytest.mark.parametrize("coding", ["gzip, gzip, gzip", "br", "compress", "gzip, x"])
def test_compressions_that_nobody_asked_for(coding: str) -> None:
    with pytest.raises(CurateError, match="damaged"):
        read(answer(b"x", f"Content-Encoding: {coding}", "Content-Length: 1"))


def test_a_packed_body_that_ends_too_early() -> None:
    packed = gzip.compress(b"x" * 1000)[:-9]
    with pytest.raises(CurateError, match="damaged"):
        read(answer(packed, "Content-Encoding: gzip", f"Content-Length: {len(packed)}"))


def test_packed_bytes_that_unpack_to_nothing() -> None:
    """Empty blocks without end: they cost time and give nothing."""
    start = zlib.compressobj(9, zlib.DEFLATED, 31)
    head, empty = start.compress(b"") + start.flush(zlib.Z_FULL_FLUSH), b"\0\0\0\xff\xff" * 13000

    def say(to: socket.socket) -> None:
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + head)
        while True:
            to.sendall(empty)

    with pytest.raises(CurateError, match="larger than 1 MiB"):
        read(say, limit=1 << 20)


@pytest.mark.parametrize(
    "fields",
    [
        ("X: " + "y" * 70_000,),
        tuple(f"X-{n}: y" for n in range(300)),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Content-Length: 99999999999999999999",),
        ("Transfer-Encoding: gzip, chunked",),
    ],
    ids=["long", "many", "two lengths", "negative", "huge", "coding"],
)
def test_heads_that_mean_harm(fields: tuple[str, ...]) -> None:
    with pytest.raises(CurateError, match=r"no HTTP|cannot be reached"):
        read(answer(b"hello", *fields))


@pytest.mark.parametrize(
    "start", [b"SSH-2.0-x\r\n", b"HTTP/1.1 999999\r\n\r\n", b"HTTP/2 200\r\n\r\n"]
)
def test_what_is_no_http(start: bytes) -> None:
    with pytest.raises(CurateError, match="no HTTP"):
        read(lambda to: to.sendall(start))


def test_a_head_that_drips_is_left() -> None:
    stop = threading.Event()

    def say(to: socket.socket) -> None:
        to.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stop.wait(0.02):
            to.sendall(b"y")

    fetch = Fetcher(Fetch(delay=0, retries=0, timeout=0.3, private=("127.0.0.1",)))
    with speaking(say) as url:
        with pytest.raises(CurateError, match="did not answer within"):
            fetch.get(url)
        stop.set()


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.0 200\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\nContent-Length:2\n\nxy", b"xy"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
         b"abc0123456789"),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 1, 1\r\n\r\nx", b"x"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
    ],
    ids=["interim", "1.0", "bare", "chunked", "folded", "204"],
)  # fmt: skip
def test_answers_of_all_kinds(raw: bytes, body: bytes) -> None:
    assert read(lambda to: to.sendall(raw)) == body


@pytest.mark.parametrize("raw", [b"5\r\nab", b"zz\r\n", b"2\r\nabcd\r\n", b""])
def test_chunks_that_break_off(raw: bytes) -> None:
    with pytest.raises(CurateError, match="broke off"):
        read(lambda to: to.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + raw))
