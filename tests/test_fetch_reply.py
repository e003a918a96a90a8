"""Answers as they come: in any portions, ending in any way, with the connection used again or not."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.fetch import reply
from curate.fetch.reply import FIELDS, Cut, Garbled, Reply

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def connection(raw: bytes, *cuts: int, last: bool = True) -> Iterator[socket.socket]:
    """``raw``, in portions that end at ``cuts``; nothing comes after the ``last``."""
    near, far = socket.socketpair()
    near.settimeout(5)
    ends = [*sorted(cuts), len(raw)]

    def say() -> None:
        with suppress(OSError):  # it was understood before its end
            for begin, end in zip([0, *ends], ends, strict=False):
                far.sendall(raw[begin:end])
            if last:
                far.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    with near, far:
        yield near
        near.close()
        thread.join(10)


def drained(reply: Reply, size: int = 1 << 16) -> bytes:
    body = b""
    while (data := reply.read1(size)) != b"":
        assert data is None or len(data) <= size
        body += data or b""
    return body


def heard(raw: bytes, *cuts: int, last: bool = True) -> tuple[bytes, list[bool]]:
    """The body, and whether the connection was given back for use."""
    freed: list[bool] = []
    with connection(raw, *cuts, last=last) as sock:
        return drained(Reply(sock, 5, freed.append)), freed


WHOLE = {
    "length": (OK + b"Content-Length: 5\r\n\r\nhello", True),
    "bare": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", True),
    "close": (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False),
    "1.0 kept": (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", True),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: </a>\r\n\r\n"
                + OK + b"Content-Length: 5\r\n\r\nhello", True),
    "chunked": (CHUNKED + b"3;a=b\r\nhel\r\n02 \r\nlo\r\n0\r\nTrailer: x\r\n\r\n", True),
    "folded": (OK + b"X: a\r\n\tb\r\nContent-Length: 5\r\nY: \x01\xff\r\n\r\nhello", True),
    "said twice": (OK + b"Content-Length: 5\r\nX: y\r\ncontent-length: 5, 5\r\n\r\nhello", True),
    "strays": (OK + b"no field\r\n folded\r\nX[a]: y\r\n: z\r\nY: z\r\n z\r\n\xc4: z\r\n"
               b"Content-Length: 5\r\n\r\nhello", True),
    "spaces": (OK + b"Content-Length :   5  \r\nConnection :\tkeep-alive\r\n\r\nhello", True),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_in_any_portions(name: str) -> None:
    raw, again = WHOLE[name]
    for cut in range(len(raw)):
        assert heard(raw, cut, last=False) == (b"hello", [again])
    assert heard(raw, *range(len(raw)), last=False) == (b"hello", [again])


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 50), st.data())
def test_chunks_of_any_sizes(chunks: list[bytes], size: int, data: st.DataObject) -> None:
    raw = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=5))
    with connection(raw, *cuts, last=False) as sock:
        reply = Reply(sock, 5, lambda again: None)
        assert drained(reply, size) == b"".join(chunks)
        assert reply.received == sum(map(len, chunks)) and reply.ended


def test_a_body_until_the_connection_ends() -> None:
    assert heard(b"HTTP/1.0 200\r\n\r\nhello") == (b"hello", [False])
    assert heard(OK + b"Transfer-Encoding: identity\r\n\r\nhello") == (b"hello", [False])


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_no_body(status: bytes) -> None:
    raw = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n"
    assert heard(raw, last=False) == (b"", [True])


@pytest.mark.parametrize("surplus", [b"more", OK, b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nz", b"\x16\x03"])
def test_what_follows_an_answer_is_the_answer_to_nothing(surplus: bytes) -> None:
    raw, _ = WHOLE["length"]
    assert heard(raw + surplus) == (b"hello", [False])
    raw, _ = WHOLE["chunked"]
    assert heard(raw + surplus) == (b"hello", [False])


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/0.9 200 OK\r\n\r\nx",
        b"HTTP/1.1 042 OK\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 30,
        b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * FIELDS,
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        OK + b"Content-Length: 1, 2\r\n\r\nxy",
        OK + b"Content-Length: 1\r\nContent-Length: 1\r\n 2\r\n\r\nxy",
        OK + b"Content-Length: +1\r\n\r\nx",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding : identity\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding\t: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        OK + b"X\r\n Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        OK + b"X: y\r\nContent-Length: 1\r\n 2\r\n\r\nxy",
        OK + b"X: a\rContent-Length: 1\r\n\r\nx",
    ],
)
def test_heads_that_can_be_read_in_two_ways(head: bytes) -> None:
    for cuts in ((), range(len(head))):
        with connection(head, *cuts) as sock, pytest.raises(Garbled):
            Reply(sock, 5, lambda again: None)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 2", OK + b"X: y\r\n", OK + b"Content-Length: 1\r\n"]
)
def test_a_connection_that_ends_in_the_head(head: bytes) -> None:
    with connection(head) as sock, pytest.raises(Cut):
        Reply(sock, 5, lambda again: None)


@pytest.mark.parametrize(
    "raw", [OK + b"Content-Length: 9\r\n\r\nhello", CHUNKED + b"5\r\nhello\r\n", CHUNKED + b"6\r\nhello"]
)  # fmt: skip
def test_what_came_before_the_break_is_handed_out(raw: bytes) -> None:
    with connection(raw) as sock:
        reply = Reply(sock, 5, lambda again: None)
        assert (reply.read1(9) or reply.read1(9)) == b"hello"
        with pytest.raises(Cut):
            drained(reply)


def test_chunks_that_are_none_after_some_that_were() -> None:
    with connection(CHUNKED + b"5\r\nhello\r\nzz\r\n") as sock:
        reply = Reply(sock, 5, lambda again: None)
        assert (reply.read1(9) or reply.read1(9)) == b"hello"
        with pytest.raises(Garbled):
            drained(reply)


@pytest.mark.parametrize("filler", [b"1;" + b"x" * 300_000, b"0\r\n" + b"T: " + b"x" * 300_000])
def test_what_never_becomes_a_body(filler: bytes) -> None:
    tracemalloc.start()
    try:
        with connection(CHUNKED + filler) as sock, pytest.raises(Garbled, match="without end"):
            drained(Reply(sock, 5, lambda again: None))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_rest_that_is_here_already_costs_no_connection() -> None:
    def left(raw: bytes, more: bytes = b"") -> list[bool]:
        freed: list[bool] = []
        near, far = socket.socketpair()
        with near, far:
            near.settimeout(5)
            far.sendall(raw)
            reply = Reply(near, 5, freed.append)
            if more:
                far.sendall(more)
            reply.close()
            reply.close()
            assert not freed[0] or near.gettimeout() == 5
        return freed

    head = OK + b"Content-Length: 5\r\n\r\n"
    assert left(head + b"hello") == [True]
    assert left(head + b"he", b"llo") == [True]
    assert left(CHUNKED + b"1\r\nx\r\n", b"0\r\n\r\n") == [True]
    assert left(head + b"he") == [False]
    assert left(head + b"he", b"llo, world") == [False]
    assert left(OK + b"\r\nhello") == [False]


def test_a_packed_body_in_small_portions() -> None:
    data = bytes(range(256)) * 300
    packed = gzip.compress(data)
    raw = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with connection(raw, *range(0, len(raw), 7)) as sock:
        assert drained(Reply(sock, 5, lambda again: None), 100) == data


@pytest.mark.parametrize("moment", ["on_message_begin", "on_header", "on_message_complete"])
def test_an_interrupt_is_no_fault_of_the_server(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reply._Message, moment, interrupted)
    with connection(WHOLE["length"][0]) as sock, pytest.raises(KeyboardInterrupt):
        Reply(sock, 5, lambda again: None)
