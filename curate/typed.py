"""Bytes and tables → values of a type, from any thread.

msgspec works out what it has to know of a type when the type is first used. Two threads that do so at
the same moment crash the process (seen with msgspec 0.20 and structs in structs), so only one does.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_LOCK = threading.Lock()
_json: dict[Any, Any] = {}
_msgpack: dict[Any, Any] = {}


def json(data: bytes | str, shape: type[T]) -> T:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    decoder = _json.get(shape)
    if decoder is None:
        with _LOCK:
            decoder = _json.setdefault(shape, msgspec.json.Decoder(shape))
    return decoder.decode(data)  # type: ignore[no-any-return]


def msgpack(data: bytes, shape: type[T]) -> T:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    decoder = _msgpack.get(shape)
    if decoder is None:
        with _LOCK:
            decoder = _msgpack.setdefault(shape, msgspec.msgpack.Decoder(shape))
    return decoder.decode(data)  # type: ignore[no-any-return]


def convert(table: Any, shape: Any) -> Any:
    """Raises msgspec.ValidationError."""
    with _LOCK:
        return msgspec.convert(table, shape)
