"""HTTP/1.1 answers on a connection: head, framing, compression (RFC 9112, 9110)."""

from __future__ import annotations

import io
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from curate.fetch.pace import Turn

LINE = 1 << 16
"""Most bytes of a line, and of a whole head."""
FIELDS = 200
CODINGS = 2
"""Most compressions of one answer, one over the other."""
_INTERIM = 20
_BUFFER = 1 << 15
_STATUS = re.compile(rb"HTTP/(\d)\.(\d) (\d{3})(?: (.*))?\s*")
_BODILESS = (204, 304)


class Cut(OSError):
    """The connection ended before the answer did."""


class Garbled(Exception):
    """What came is no HTTP that we understand."""


class Squeezed(Exception):
    """The compression cannot be undone."""


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


class _Source(io.RawIOBase):
    """A socket to read from. ``until`` bounds the wait for a whole head, not only for its next byte."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.until and time.monotonic() > self.until:
            raise TimeoutError("the head of the answer did not end")
        return self._sock.recv_into(buffer)


class Reply:
    """One answer. ``release`` is called once, with whether the connection can be used again."""

    def __init__(
        self, sock: socket.socket, timeout: float, release: Callable[[bool], None]
    ) -> None:
        self._release: Callable[[bool], None] | None = release
        self._sock = sock
        self._turn: Turn | None = None
        self.received = 0  # bytes of the body, as they came
        source = _Source(sock)
        self._stream = io.BufferedReader(source, _BUFFER)
        source.until = time.monotonic() + timeout
        self._read_head()
        source.until = 0.0
        self._chunked = False
        self._left: int | None = 0  # bytes of the body or of this chunk; None: until the end
        self._frame()
        self._decoders: list[_Decoder] | None = None
        if self._left == 0 and not self._chunked:
            self._end()

    def take(self, turn: Turn) -> None:
        """End ``turn`` with the answer."""
        self._turn = turn
        if self._release is None:
            turn.done()
        else:
            turn.touch()

    # Its head

    def _read_head(self) -> None:
        for _ in range(_INTERIM):
            version, self.status, self.reason = self._status()
            self.headers = self._fields()
            if self.status >= 200 or self.status == 101:
                break
        else:
            raise Garbled("interim answers without end")
        if self.status == 101:
            raise Garbled("another protocol")
        tokens = {one.strip() for one in self.headers.get("Connection", "").lower().split(",")}
        self._lasting = "close" not in tokens and (version == (1, 1) or "keep-alive" in tokens)

    def _status(self) -> tuple[tuple[int, int], int, str]:
        line = self._stream.readline(LINE + 1)
        if not line:
            raise Cut("no answer")
        found = _STATUS.fullmatch(line)
        if found is None or found[1] != b"1":
            raise Garbled("no status line")
        return (1, int(found[2])), int(found[3]), (found[4] or b"").decode("latin-1").strip()

    def _fields(self) -> Headers:
        headers, size, name, value = Headers(), 0, "", ""
        for _ in range(FIELDS):
            line = self._stream.readline(LINE + 1)
            size += len(line)
            if size > LINE:
                raise Garbled("a head without end")
            if not line:
                raise Cut("in the head")
            text = line.decode("latin-1")
            if text[0] in " \t" and name:  # a folded line (RFC 9112, 5.2)
                value = f"{value} {text.strip()}"
                continue
            if name:
                headers.add(name, value)
            if text in ("\r\n", "\n"):
                return headers
            name, colon, value = text.partition(":")
            name, value = name.strip() if colon else "", value.strip()
        raise Garbled("a head without end")

    def _frame(self) -> None:
        """How long the body is (RFC 9112, 6.3)."""
        coding = self.headers.get("Transfer-Encoding", "").strip().lower()
        lengths = {one.strip() for one in self.headers.get("Content-Length", "").split(",")}
        if self.status in _BODILESS:
            return
        if coding == "chunked":
            self._chunked = True
        elif coding and coding != "identity":
            raise Garbled(f"the transfer coding {coding[:40]}")
        elif lengths == {""}:
            self._left, self._lasting = None, False
        else:
            length = lengths.pop()
            if lengths or not (length.isascii() and length.isdecimal()) or len(length) > 18:
                raise Garbled("no one length")
            self._left = int(length)

    # Its body

    @property
    def ended(self) -> bool:
        return self._release is None

    def read1(self, size: int) -> bytes | None:
        """Up to ``size`` bytes, decoded, after at most one look at the network; b"" at the end, None
        where that look gave nothing to hand out. Never unpacks more than was asked for, however
        small the packed bytes are. Raises Cut, OSError, Garbled, Squeezed."""
        if self._decoders is None:
            self._decoders = _decoders(self.headers.get("Content-Encoding", ""))
        if not self._decoders:
            return self._raw(size)
        if not any(decoder.waiting for decoder in self._decoders):
            packed = self._raw(size)
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

    def _raw(self, size: int) -> bytes:
        if self._release is None:
            return b""
        if self._turn is not None:
            self._turn.touch()
        if self._chunked and not self._left:
            self._left = self._chunk()
            if not self._left:
                self._end()
                return b""
        data = self._stream.read1(size if self._left is None else min(size, self._left))
        if self._left is None:
            self.received += len(data)
            if not data:
                self._end()
            return data
        if not data:
            raise Cut("in the body")
        self._left -= len(data)
        self.received += len(data)
        if self._chunked and not self._left:
            if self._stream.readline(3) not in (b"\r\n", b"\n"):
                raise Cut("in a chunk")
        elif not self._left:
            self._end()
        return data

    def _chunk(self) -> int:
        line = self._stream.readline(LINE + 1)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n"):
            raise Cut("between chunks")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
            raise Garbled("no length of a chunk")
        if int(size, 16):
            return int(size, 16)
        self._fields()  # trailers
        return 0

    def _end(self) -> None:
        self._let_go(self._lasting)

    def close(self) -> None:
        """Leave the rest. The connection is kept where that rest is short and here already."""
        if self._release is None:
            return
        left = self._left
        short = self._lasting and not self._chunked and left is not None and left < _BUFFER
        self._let_go(short and self._buffered() == left)

    def _let_go(self, again: bool) -> None:
        release, self._release = self._release, None
        if release is not None:
            release(again)
        if self._turn is not None:
            self._turn.done()

    def _buffered(self) -> int:
        timeout = self._sock.gettimeout()
        try:
            self._sock.settimeout(0)  # a peek asks the network where nothing is buffered
            found = len(self._stream.peek())
            self._sock.settimeout(timeout)
        except (OSError, ValueError):
            return 0
        return found


class _Decoder:
    """gzip or deflate, undone step by step."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._bits = 31 if self._gzip else 15
        self._engine = zlib.decompressobj(self._bits)
        self._began = False
        self._members = 0
        self.waiting = b""  # packed bytes not looked at yet

    def feed(self, data: bytes, size: int) -> bytes:
        packed = self.waiting + data
        self.waiting = b""
        if self._engine.eof:
            if not self._gzip or not packed:
                return b""  # what follows the end is no part of it
            self._engine = zlib.decompressobj(self._bits)  # members one after another (RFC 1952)
            self._members += 1
        if not packed and not self._began:
            return b""
        try:
            found = self._engine.decompress(packed, size)
        except zlib.error as fault:
            return self._again(packed, size, fault)
        self._began = True
        self.waiting = self._engine.unconsumed_tail or self._engine.unused_data
        if self._engine.eof and not self._gzip:
            self.waiting = b""
        return found

    def _again(self, packed: bytes, size: int, fault: zlib.error) -> bytes:
        if self._members:  # rubbish after the last member: every browser ignores it
            self._gzip = False
            return b""
        if self._began or self._gzip or self._bits < 0:
            raise Squeezed(str(fault)) from fault
        self._bits = -15  # many servers call the bare stream "deflate" too
        self._engine = zlib.decompressobj(self._bits)
        return self.feed(packed, size)

    def end(self) -> None:
        if self._began and not self._engine.eof and self._gzip:
            raise Squeezed("it ends too early")


def _decoders(named: str) -> list[_Decoder]:
    codings = [one for part in named.lower().split(",") if (one := part.strip())]
    codings = [one for one in codings if one != "identity"]
    if len(codings) > CODINGS:
        raise Squeezed(f"{len(codings)} compressions, one over the other")
    for one in codings:
        if one not in ("gzip", "x-gzip", "deflate"):
            raise Squeezed(f"the compression {one[:20]!r}, which was not asked for")
    return [_Decoder(one) for one in reversed(codings)]
