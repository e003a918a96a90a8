"""One file compressed by gzip, as manuals are packed: read as what is inside. A packed tar stays an archive."""

from __future__ import annotations

import re
import tempfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from curate.extract import archives
from curate.extract.formats import HEAD, UNKNOWN, Format, sniff
from curate.extract.package import BOMB_RATIO, BOMB_SIZE, MOST_ENTRY
from curate.model import Extracted

_STEP = 2**20  # bytes unpacked at a time
_READ = frozenset("pdf web markdown plain structured word slides sheets odf epub".split())
_WHOLE = frozenset("pdf word slides sheets odf epub".split())
"""Families that cannot begin before they have the end."""
_SUFFIX = re.compile(r"\.gz$", re.I)


def read(path: Path, name: str, form: Format) -> Extracted:
    """``path`` as its bytes are, with the kind and all that is said by the file inside.

    ``properties["inside"]`` is the format of that file. What it would take to unpack a bomb, or what
    nobody here can read, is left packed.
    """
    with tempfile.TemporaryDirectory(prefix="curate-") as folder:
        inside = Path(folder) / "inside"
        found, problem = _unpacked(path, inside, _SUFFIX.sub("", name))
        if found.family not in _READ:
            told = archives.read(path, name, form)
            return replace(told, problem=problem) if problem else told
        family = import_module(f"curate.extract.{found.family}")
        told = cast(Extracted, family.read(inside, name, found))
    return replace(
        told,
        format=form.id,
        mime=form.mime,
        kind="document" if found.kind == "page" else found.kind,  # no browser shows it as it is
        properties={**told.properties, "inside": found.id},
        problem=told.problem or problem,
        truncated=told.truncated or bool(problem),
    )


def _unpacked(path: Path, inside: Path, name: str) -> tuple[Format, str]:
    """Unpack as far as it is read; what it is (UNKNOWN: to be left as it is), and what is missing."""
    size, packed = 0, path.stat().st_size
    stream = _Stream(path)
    found = UNKNOWN
    with inside.open("wb") as file:
        for data in stream:
            file.write(data)
            size += len(data)
            if found is UNKNOWN and size >= HEAD:
                file.flush()
                found = sniff(inside, name)
                if found.family not in _READ and found.id != "zip":
                    return UNKNOWN, ""
            if size > BOMB_SIZE and size > BOMB_RATIO * packed:
                return UNKNOWN, "it unpacks to far more than its size: it was not looked into"
            if size > MOST_ENTRY:
                return (UNKNOWN if found.family in _WHOLE else found), "not all of it was read"
    if size:
        found = sniff(inside, name)  # zip and OLE are only known to their end
    return found, "" if stream.ended else "it ends too early or is damaged"


class _Stream:
    """What comes out of gzip, of all members, up to where it ends or breaks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        engine = zlib.decompressobj(31)
        with self._path.open("rb") as file:
            data = file.read(2**16)
            while data:
                try:
                    yield engine.decompress(data, _STEP)
                except zlib.error:
                    return
                data = engine.unconsumed_tail or engine.unused_data or file.read(2**16)
                if engine.eof:
                    self.ended = True
                    if not data.startswith(b"\x1f\x8b"):  # padding
                        return
                    engine, self.ended = zlib.decompressobj(31), False
