"""Zip packages and the XML inside them, opened as what they are: somebody else's."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from curate.errors import CurateError

MOST_ENTRY = 128 * 2**20
"""Bytes of one entry that are ever unpacked."""

MOST_TOTAL = 512 * 2**20
"""Bytes that all entries together may claim, where each of them is read."""

MOST_EVENTS = 6_000_000
"""Beginnings and ends of elements that are read; the text is full long before."""

BOMB_RATIO = 300
"""Deflate reaches 1,030 at most; XML that people make stays below 100."""

BOMB_SIZE = 16 * 2**20
"""Below this a high ratio harms nobody."""


class Package:
    """An open zip file. Every way to read from it is bounded."""

    def __init__(self, file: zipfile.ZipFile, name: str) -> None:
        self.file = file
        self.name = name
        self.entries = {entry.filename: entry for entry in file.infolist()}
        self.read_total = 0

    def has(self, entry: str) -> bool:
        return entry in self.entries

    def check(self) -> None:
        """Refuse a package whose entries claim more than a document has."""
        total = sum(entry.file_size for entry in self.entries.values())
        if total > MOST_TOTAL and total > 20 * sum(
            entry.compress_size for entry in self.entries.values()
        ):
            raise self._bomb()
        for entry in self.entries.values():
            self._check(entry)

    def read(self, entry: str) -> bytes:
        """The bytes of ``entry``; empty where there is none."""
        found = self.entries.get(entry)
        if found is None:
            return b""
        with self._open(found) as stream:
            data = stream.read(MOST_ENTRY + 1)
        self.read_total += len(data)
        if len(data) > MOST_ENTRY or self.read_total > MOST_TOTAL:
            raise self._bomb()
        return data

    @contextmanager
    def stream(self, entry: str) -> Iterator[IO[bytes]]:
        found = self.entries.get(entry)
        if found is None:
            raise CurateError(
                f"{self.name} is damaged: {entry} is missing",
                "open it in the program it was made with and save it again, or leave it out",
            )
        with self._open(found) as stream:
            yield stream

    def xml(self, entry: str) -> Any:
        """The root of ``entry``; None where there is none or it is broken."""
        from lxml import etree

        data = self.read(entry)
        if not data:
            return None
        try:
            return etree.fromstring(data, parser())
        except etree.XMLSyntaxError:
            return None

    def _open(self, entry: zipfile.ZipInfo) -> IO[bytes]:
        self._check(entry)
        if entry.flag_bits & 1:
            raise protected(self.name)
        return self.file.open(entry)

    def _check(self, entry: zipfile.ZipInfo) -> None:
        if entry.file_size > BOMB_SIZE and entry.file_size > BOMB_RATIO * entry.compress_size:
            raise self._bomb()

    def _bomb(self) -> CurateError:
        return CurateError(
            f"{self.name} unpacks to far more than its size: a decompression bomb",
            "leave it out, or unpack it yourself and save it again if you trust it",
        )


@contextmanager
def opened(path: Path, name: str) -> Iterator[Package]:
    try:
        with zipfile.ZipFile(path) as file:
            yield Package(file, name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as fault:
        raise CurateError(
            f"{name} is damaged: {fault or 'it ends too early'}",
            "copy it again from where it came, or leave it out",
        ) from fault


def protected(name: str) -> CurateError:
    return CurateError(
        f"{name} is protected by a password", "remove the password and add the file again"
    )


_SAFE = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def parser() -> Any:
    """An lxml parser that expands no entities, loads nothing and keeps libxml2's own limits."""
    from lxml import etree

    return etree.XMLParser(**_SAFE)


def events(stream: IO[bytes], kinds: tuple[str, ...] = ("end",), recover: bool = False) -> Any:
    """``(event, element)`` of a stream, by the same rules; the caller clears what it has read.

    ``recover``: go on behind what is not well-formed, as browsers do.
    """
    from lxml import etree

    return islice(
        etree.iterparse(stream, events=kinds, recover=recover, **_SAFE),
        MOST_EVENTS,
    )


def local(element: Any) -> str:
    """The name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def texts(root: Any, *names: str) -> list[str]:
    """The texts of all elements below ``root`` that bear one of these names, whatever the namespace."""
    if root is None:
        return []
    return [
        text
        for element in root.iter()
        if local(element) in names and (text := "".join(element.itertext()).strip())
    ]
