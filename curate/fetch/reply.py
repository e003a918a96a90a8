"""HTTP/1.1 answers on a connection, read as they are asked for. httptools (llhttp) understands heads,
framing, chunks and trailers; what it leaves open is here: bounds, deadlines, ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpResponseParser,
)

from curate.fetch.decoding import Decoder, decoders

if TYPE_CHECKING:
    import socket

    from curate.fetch.pace import Turn

LINE = 1 << 16
"""Most bytes of a head, with the interim answers before it; and between two pieces of a body."""
FIELDS = 200
_INTERIM = 20
_BUFFER = 1 << 16
_LENGTH = re.compile(rb"^Content-Length:([0-9, \t]*)\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE)
_STRAY = re.compile(
    rb"^(?![!#$%&'*+.^_`|~0-9A-Za-z-]+ *:|[ \t]|\r?\n).*\n(?:[ \t].*\n)*", re.MULTILINE
)
"""A line that is no field, with what is folded into it."""
_FRAMING = re.compile(rb"content-length|transfer-encoding", re.IGNORECASE)
_BLANK = re.compile(rb"\n\r?\n")


class Cut(OSError):
    """The connection ended before the answer did."""


class Garbled(Exception):
    """What came is no HTTP that we understand."""


class Headers(Mapping[str, str]):
    """Fields by their name in any case; a field that came several times has its values joined."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = {name.lower(): value for name, value in (fields or {}).items()}

    def add(self, name: str, value: str) -> None:
        name = name.lower()
        before = self._fields.get(name)
        self._fields[name] = value if before is None else f"{before}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def get(self, name: str, default: Any = None) -> Any:  # Mapping's own raises and catches
        return self._fields.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class _Message:
    """One answer, as far as it was fed. What begins with "on" is called by httptools."""

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        self.headers = Headers()
        self.headed = False  # its head is here; not only that of an interim answer
        self.complete = False
        self.again = False  # the connection can be used again
        self.fault: Garbled | None = None
        self.pieces: list[bytes] = []  # of the body, in their order
        self.on_body = self.pieces.append
        self._fields = 0
        self._interim = 0
        self._parser = HttpResponseParser(self)
        # What browsers take too. Two ways to read where an answer ends stay refused.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,  # folded lines, control characters, a space before the colon
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def feed(self, data: bytes) -> None:
        """Sets ``fault`` where it is no HTTP; what came before is here nevertheless."""
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as fault:
            self.again = False
            if self.complete or self.fault:  # what follows an answer is no part of it
                return
            if isinstance(fault, HttpParserCallbackError):  # Ctrl-C: we have refused nothing
                raise fault.__context__ or fault from None
            self.fault = Garbled(str(fault))

    def forget(self) -> None:
        """Nothing more will be fed: let go of the parser, which holds this in turn."""
        del self._parser

    @property
    def endless(self) -> bool:
        """The body lasts until the connection ends (RFC 9112, 6.3)."""
        return "content-length" not in self.headers and self._coding() != "chunked"

    def _coding(self) -> str:
        return str(self.headers.get("transfer-encoding", "")).lower()

    def on_message_begin(self) -> None:
        if self.complete:
            raise Garbled("one more answer")
        self.headers, self.reason = Headers(), ""

    def on_status(self, reason: bytes) -> None:
        self.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > FIELDS:
            self._refuse("a head without end")
        if not self.headed:  # else it is a trailer
            # Of all that Python takes for blank, only what the parser takes for it too.
            self.headers.add(
                name.decode("latin-1").strip(" "), value.decode("latin-1").strip(" \t")
            )

    def on_headers_complete(self) -> None:
        self.status, coding = self._parser.get_status_code(), self._coding()
        if self._parser.get_http_version() not in ("1.1", "1.0") or self.status < 100:
            self._refuse("no status line")
        if self.status == 101:
            self._refuse("another protocol")
        if coding not in ("", "chunked", "identity"):
            self._refuse(f"the transfer coding {coding[:40]}")
        self.headed = self.status >= 200
        self._interim += not self.headed
        if self._interim == _INTERIM:
            self._refuse("interim answers without end")

    def on_message_complete(self) -> None:
        if self.headed:
            self.complete, self.again = True, self._parser.should_keep_alive()

    def _refuse(self, why: str) -> None:
        self.fault = Garbled(why)
        raise self.fault


def _mended(message: _Message, seen: bytes) -> _Message:
    """``message``, whose head was refused, once more, with what browsers put up with and llhttp
    cannot be told to: lines that are no field left out, and a length that is said several times,
    always the same (RFC 9110, 8.6), said once. The same ``message`` where its head is not all in
    ``seen`` yet. Raises Garbled."""
    assert message.fault is not None
    if not seen.startswith(b"HTTP/1."):
        raise message.fault
    blank = _BLANK.search(seen)
    if blank is None:
        return message
    begin = seen.index(b"\n") + 1
    start, fields, rest = seen[:begin], seen[begin : blank.end()], seen[blank.end() :]
    strays, fields = _STRAY.findall(fields), _STRAY.sub(b"", fields)
    lengths = {one.strip() for found in _LENGTH.findall(fields) for one in found.split(b",")}
    if len(lengths) > 1 or any(_FRAMING.search(stray) for stray in strays):
        raise message.fault
    if lengths:
        start += b"Content-Length: " + lengths.pop() + b"\r\n"
    again = _Message()
    again.feed(start + _LENGTH.sub(b"", fields) + rest)
    if again.fault is not None and not again.headed:
        raise again.fault
    return again


class Reply:
    """One answer. ``release`` is called once, with whether the connection can be used again; that is
    when all of the answer is here, also before it is read."""

    def __init__(
        self, sock: socket.socket, timeout: float, release: Callable[[bool], None]
    ) -> None:
        self._release: Callable[[bool], None] | None = release
        self._sock = sock
        self._turn: Turn | None = None
        self.received = 0  # bytes of the body, as they came
        self._data = b""  # of the body, still packed
        self._at = 0  # so much of it was handed out
        self._barren = 0  # bytes since the last of the body
        self._message = self._headed(time.monotonic() + timeout)
        self.status, self.reason = self._message.status, self._message.reason.strip()
        self.headers = self._message.headers
        self._decoders: list[Decoder] | None = None
        self._gather()

    def take(self, turn: Turn) -> None:
        """End ``turn`` with the answer."""
        self._turn = turn
        if self._release is None:
            turn.done()
        else:
            turn.touch()

    def _headed(self, until: float) -> _Message:
        """An answer whose head is here. ``until`` bounds the wait for all of it, not only for its
        next byte."""
        message, seen = _Message(), b""
        while not message.headed:
            if time.monotonic() > until:
                raise TimeoutError("the head of the answer did not end")
            if len(seen) >= LINE:
                raise Garbled("a head without end")
            data = self._sock.recv(min(_BUFFER, LINE - len(seen)))
            if not data:
                raise message.fault or Cut("in the head" if seen else "no answer")
            seen += data
            message.feed(data)
            if message.fault is not None and not message.headed:
                message = _mended(message, seen)
        return message

    @property
    def ended(self) -> bool:
        return self._release is None

    def read1(self, size: int) -> bytes | None:
        """Up to ``size`` bytes, decoded, after at most one look at the network; b"" at the end, None
        where that look gave nothing to hand out. Never unpacks more than was asked for, however
        small the packed bytes are. Raises Cut, OSError, Garbled, Squeezed."""
        if self._decoders is None:
            self._decoders = decoders(self.headers.get("Content-Encoding", ""))
        if not self._decoders:
            return self._raw(size)
        if not any(decoder.waiting for decoder in self._decoders):
            packed = self._raw(size)
            if packed is None:
                return None
            if not packed:
                for decoder in self._decoders:
                    decoder.end()
                return b""
            self._decoders[0].waiting = packed
        return self._unpacked(size) or None

    def _unpacked(self, size: int) -> bytes:
        """What the last decoder gives; none is fed while it has a rest, so rests stay small."""
        assert self._decoders is not None
        first = max(n for n, decoder in enumerate(self._decoders) if decoder.waiting)
        data = b""
        for decoder in self._decoders[first:]:
            data = decoder.feed(data, size)
        return data

    def _raw(self, size: int) -> bytes | None:
        if self._turn is not None:
            self._turn.touch()
        if self._at == len(self._data):
            if self._message.fault is not None:
                raise self._message.fault
            if self._release is None:
                return b""
            self._look()
        data = self._data[self._at : self._at + size]
        self._at += len(data)
        return data or None

    def _look(self) -> None:
        """Take what the network has, waiting for its first byte."""
        data = self._sock.recv(_BUFFER)
        if data:
            self._feed(data)
        elif self._message.endless:
            self._let_go(False)
        else:
            raise Cut("in the body")

    def _feed(self, data: bytes) -> None:
        self._barren += len(data)
        self._message.feed(data)
        self._gather()

    def _gather(self) -> None:
        message = self._message
        if message.pieces:
            self._data, self._at, self._barren = b"".join(message.pieces), 0, 0
            self.received += len(self._data)
            message.pieces.clear()
        elif self._barren > LINE and message.fault is None:
            message.fault = Garbled("a chunk without end")
        if message.complete:
            self._let_go(message.again)

    def close(self) -> None:
        """Leave the rest. The connection is kept where that rest is short and here already."""
        if self._release is None:
            return
        data = b""
        with suppress(OSError, ValueError):
            timeout = self._sock.gettimeout()
            self._sock.settimeout(0)
            data = self._sock.recv(_BUFFER)
            self._sock.settimeout(timeout)
        if data:
            self._feed(data)
        self._let_go(False)

    def _let_go(self, again: bool) -> None:
        release, self._release = self._release, None
        if release is not None:
            self._message.forget()
            release(again)
        if self._turn is not None:
            self._turn.done()
