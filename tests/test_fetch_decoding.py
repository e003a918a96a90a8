"""Compression is undone in any portions and never gives more than was asked for."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.fetch.decoding import CODINGS, Decoder, Squeezed, decoders

PACKED = {
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]) + b"\0rubbish",
    "deflate": zlib.compress,
    "Deflate ": lambda data: zlib.compress(data)[2:-4],
}


def undone(decoder: Decoder, packed: bytes, portion: int, size: int) -> bytes:
    found = b""
    for begin in range(0, len(packed), portion):
        decoder.waiting = packed[begin : begin + portion]
        while decoder.waiting:
            piece = decoder.feed(b"", size)
            assert len(piece) <= size
            found += piece
    # What fits in no answer waits inside the engine, too.
    while piece := decoder.feed(b"", size):
        found += piece
    decoder.end()
    return found


@pytest.mark.parametrize("coding", PACKED)
@given(
    data=st.binary(min_size=1, max_size=300), portion=st.integers(1, 50), size=st.integers(1, 50)
)
def test_in_any_portions(coding: str, data: bytes, portion: int, size: int) -> None:
    (decoder,) = decoders(f"identity, {coding}")
    assert undone(decoder, PACKED[coding](data * 20), portion, size) == data * 20


@pytest.mark.parametrize("named", ["br", ", ".join(["gzip"] * (CODINGS + 1)), "gzip, zstd"])
def test_what_was_not_asked_for_is_refused(named: str) -> None:
    with pytest.raises(Squeezed):
        decoders(named)


def test_what_ends_too_early_is_told() -> None:
    (decoder,) = decoders("gzip")
    with pytest.raises(Squeezed, match="early"):
        undone(decoder, gzip.compress(bytes(1000))[:-9], 7, 100)
