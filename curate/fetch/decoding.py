"""Compression of an answer, undone in small bounded steps however much a few packed bytes stand for."""

from __future__ import annotations

import zlib

CODINGS = 2
"""Most compressions of one answer, one over the other."""


class Squeezed(Exception):
    """The compression cannot be undone."""


class Decoder:
    """gzip or deflate, undone step by step: what does not fit waits, still packed."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._bits = 31 if self._gzip else 15
        self._engine = zlib.decompressobj(self._bits)
        self._head = b""  # the first two bytes that were fed: by then zlib knows its header
        self._members = 0
        self.waiting = b""  # packed bytes not looked at yet

    def feed(self, data: bytes, size: int) -> bytes:
        """Up to ``size`` bytes of what was waiting and ``data`` after it. Raises Squeezed."""
        packed = self.waiting + data
        self.waiting = b""
        if self._engine.eof:
            if not self._gzip or not packed:
                return b""  # what follows the end is no part of it
            self._engine = zlib.decompressobj(self._bits)  # members one after another (RFC 1952)
            self._members += 1
        if not packed and not self._head:
            return b""
        try:
            found = self._engine.decompress(packed, size)
        except zlib.error as fault:
            return self._again(packed, size, fault)
        if len(self._head) < 2:
            self._head = (self._head + packed)[:2]
        self.waiting = self._engine.unconsumed_tail or self._engine.unused_data
        if self._engine.eof and not self._gzip:
            self.waiting = b""
        return found

    def _again(self, packed: bytes, size: int, fault: zlib.error) -> bytes:
        if self._members:  # rubbish after the last member: every browser ignores it
            self._gzip = False
            return b""
        if len(self._head) == 2 or self._gzip or self._bits < 0:
            raise Squeezed(str(fault)) from fault
        self._bits = -15  # many servers call the bare stream "deflate" too
        self._engine = zlib.decompressobj(self._bits)
        packed, self._head = self._head + packed, b""
        return self.feed(packed, size)

    def end(self) -> None:
        """Nothing more comes. Raises Squeezed where more should."""
        if self._head and not self._engine.eof and self._gzip:
            raise Squeezed("it ends too early")


def decoders(named: str) -> list[Decoder]:
    """Those for a Content-Encoding, the first to be fed first. Raises Squeezed."""
    codings = [one for part in named.lower().split(",") if (one := part.strip())]
    codings = [one for one in codings if one != "identity"]
    if len(codings) > CODINGS:
        raise Squeezed(f"{len(codings)} compressions, one over the other")
    for one in codings:
        if one not in ("gzip", "x-gzip", "deflate"):
            raise Squeezed(f"the compression {one[:20]!r}, which was not asked for")
    return [Decoder(one) for one in reversed(codings)]
