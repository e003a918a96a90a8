"""Order files in JSON: a list, an object around a list, or one object in each line; numbers kept exact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from curate.errors import CurateError, Problem
from curate.shop.orders.cells import Row
from curate.shop.orders.sheet import encoding

_MOST = 32 << 20
"""Characters of one entry, or of an object around all of them."""
_CHUNK = 1 << 16
_SPACE = " \t\r\n\ufeff"
_HINT = "export the orders again"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in one object twice")
    return found


def _never(text: str) -> None:
    raise ValueError(f"{text} is no number")


_decoder = json.JSONDecoder(
    parse_float=Decimal, parse_constant=_never, object_pairs_hook=_once, strict=False
)


def value(text: str) -> Any:
    """``text`` as JSON; numbers with a point are Decimals. Raises CurateError, also for two keys of one name."""
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError) as fault:
        raise CurateError(f"this is no JSON: {_told(fault)}") from fault


def is_json(path: Path) -> bool:
    """By its first sign. Raises CurateError where it cannot be read."""
    with path.open(encoding=encoding(path)) as file:
        return file.read(4096).lstrip(_SPACE)[:1] in ("[", "{")


def rows(path: Path, inside: Sequence[Sequence[str]]) -> Iterator[Row | Problem]:
    """Each entry; ``inside`` are the ways to the list in an object around it. A list is read piece by piece."""
    with path.open(encoding=encoding(path)) as file:
        entries = _entries(file, path, inside)
        number = 0
        while True:
            number += 1
            try:
                entry = next(entries)
            except StopIteration:
                return
            except CurateError as fault:
                yield Problem(f"{path.name}:{number}", fault.message, fault.hint)
                return
            if isinstance(entry, Problem):
                yield Problem(f"{path.name}:{number}", entry.what, entry.hint)
            elif isinstance(entry, Mapping):
                yield Row(path.name, number, entry, exact=True)
            else:
                yield Problem(f"{path.name}:{number}", "it is no object", _HINT)


def _entries(file: TextIO, path: Path, inside: Sequence[Sequence[str]]) -> Iterator[Any]:
    start = ""
    while not start:
        chunk = file.readline(_CHUNK)
        if not chunk:
            raise CurateError(f"{path} is empty", _HINT)
        start = chunk.lstrip(_SPACE)
    if start[0] == "[":
        yield from _listed(file, start[1:])
        return
    yield from _objects(
        file, start + ("" if start.endswith("\n") else file.readline(_MOST)), inside
    )


def _objects(file: TextIO, line: str, inside: Sequence[Sequence[str]]) -> Iterator[Any]:
    """One in each line, or one in all of them."""
    try:
        first = value(line)
    except CurateError:
        rest = file.read(_MOST)
        if len(rest) >= _MOST:
            raise CurateError(
                "the object around the orders is too large", "write a bare list"
            ) from None
        yield from _unwrapped(value(line + rest), inside)
        return
    yield from _unwrapped(first, inside)
    while line := file.readline(_MOST):
        if line.strip(_SPACE):
            try:
                yield from _unwrapped(value(line), inside)
            except CurateError as fault:
                yield Problem("", fault.message, _HINT)


def _unwrapped(entry: Any, inside: Sequence[Sequence[str]]) -> Iterator[Any]:
    for way in inside:
        found = entry
        for key in way:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            yield from found
            return
        if isinstance(found, Mapping):
            yield found
            return
    yield entry


def _listed(file: TextIO, text: str) -> Iterator[Any]:
    """The entries of a list whose bracket was read."""
    at = 0
    while True:
        while text[at : at + 1] and text[at] in _SPACE + ",":
            at += 1
        if text[at : at + 1] == "]":
            return
        why = "it ends before its list does"
        if at < len(text):
            try:
                entry, at = _decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as fault:
                why = _told(fault)  # or it goes on in what was not read yet
            else:
                yield entry
                text, at = (text[at:], 0) if at > _CHUNK else (text, at)
                continue
        text, at = text[at:], 0
        more = file.read(max(_CHUNK, len(text)))
        if not more or len(text) > _MOST:
            raise CurateError(f"from here on it is no JSON: {why}", _HINT)
        text += more


def _told(fault: Exception) -> str:
    return "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)[:200]
