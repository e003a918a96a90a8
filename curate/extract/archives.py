"""Archives stay whole: how much is inside is counted, and what speaks of rights there is read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from curate.extract.formats import Format
from curate.extract.package import BOMB_RATIO, Package, opened
from curate.extract.papers import HEAD, MOST, Paper, rank, sounds, statements, written
from curate.model import Extracted, Statement

MOST_ENTRIES = 1_000_000
_MIB = 2**20

UNPACKED = {"gz": 2048 * _MIB, "zst": 2048 * _MIB, "xz": 512 * _MIB, "bz2": 256 * _MIB}
"""Bytes that a compressed tar is looked through for: some ten seconds each."""

HEADERS = _MIB
"""Bytes of one header of a tar; it is held in memory."""

SMALL = 64 * _MIB
"""Bytes that a 7z may hold to be looked into: its files can only be had one after the other."""


def read(path: Path, name: str, form: Format) -> Extracted:
    properties: dict[str, int | float | str] = {}
    said: tuple[Statement, ...] = ()
    if form.id == "zip":
        with opened(path, name) as package:
            files = [one for one in package.file.infolist() if not one.is_dir()]
            properties["entries"] = len(files)
            properties["unpacked"] = sum(one.file_size for one in files)
            said = _told(_of_zip(package, files), name)
    elif form.id == "tar":
        with path.open("rb") as stream:
            tar = _Tar(_Forward(stream, path.stat().st_size))
            said = _told(tar.papers(), name)
        properties = {"entries": tar.entries, "unpacked": tar.unpacked}
    else:
        said = _told(_attempted(_of_7z(path) if form.id == "7z" else _of_packed(path, form)), name)
    return Extracted(form.id, form.kind, form.mime, properties=properties, statements=said)


def _told(papers: Iterable[Paper], name: str) -> tuple[Statement, ...]:
    """What the outermost papers say, no more of them held at a time."""
    kept: list[Paper] = []
    left = 0
    for paper in papers:
        kept.append(paper)
        if len(kept) > MOST:
            kept.remove(max(kept, key=lambda one: rank(one.name)))
            left += 1
    return tuple(statements(kept, left, name))


def _attempted(papers: Iterator[Paper]) -> Iterator[Paper]:
    """As many as can be had: what is damaged, locked or no archive of files has no more to tell."""
    try:
        yield from papers
    except Exception:  # noqa: BLE001 - the boundary around parsers of foreign bytes, MemoryError included
        return


def _of_zip(package: Package, files: list[zipfile.ZipInfo]) -> Iterator[Paper]:
    found = [(name, one) for one in files if sounds(name := _name(one))]
    found.sort(key=lambda each: rank(each[0]))
    for number, (name, entry) in enumerate(found):
        if entry.flag_bits & 1:
            continue  # locked, as all of it will be
        # Those beyond the most are counted, not read.
        yield Paper(name, None) if number >= MOST else _of_entry(package, entry, name)


def _of_entry(package: Package, entry: zipfile.ZipInfo, name: str) -> Paper:
    if entry.file_size > max(_MIB, BOMB_RATIO * entry.compress_size):
        return Paper(name, None)  # bzip2 and LZMA undo a whole block before they give its beginning
    try:
        with package.file.open(entry) as stream:
            return _paper(name, stream)
    except Exception:  # noqa: BLE001 - one damaged entry of a foreign archive
        return Paper(name, None)


def _name(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x800 or entry.orig_filename.isascii():
        return entry.filename
    try:
        return written(entry.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        return entry.filename


def _paper(name: str, stream: IO[bytes]) -> Paper:
    data = stream.read(HEAD + 1)
    return Paper(name, data[:HEAD], len(data) <= HEAD)


class _Tar:
    """The files of a tar, from front to end."""

    def __init__(self, stream: _Forward) -> None:
        self._stream = stream
        self.entries = self.unpacked = 0

    def papers(self) -> Iterator[Paper]:
        archive = tarfile.TarFile(
            fileobj=cast(Any, self._stream), encoding="utf-8", errors="surrogateescape"
        )
        while self.entries < MOST_ENTRIES and (member := archive.next()) is not None:
            cast(Any, archive).members.clear()  # it would remember them all
            if not member.isfile():
                continue
            self.entries += 1
            self.unpacked += member.size
            name = written(member.name.encode("utf-8", "surrogateescape"))
            if sounds(name) and not member.issparse():
                yield self._paper(name, member)

    def _paper(self, name: str, member: tarfile.TarInfo) -> Paper:
        self._stream.seek(member.offset_data)
        data = self._stream.read(min(member.size, HEAD))
        return Paper(name, data, member.size <= HEAD)


class _Forward(io.RawIOBase):
    """A stream that is read in small pieces, and not for ever."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._most = most

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset > self._most:
            raise tarfile.ReadError("its end is missing, or too far to go")
        return self._stream.seek(offset)

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADERS:
            raise tarfile.ReadError("a header is larger than any is")
        return self._stream.read(size)


def _of_packed(path: Path, form: Format) -> Iterator[Paper]:
    with _decompressed(path, form.id) as stream:
        yield from _Tar(_Forward(stream, UNPACKED[form.id])).papers()


def _decompressed(path: Path, form: str) -> IO[bytes]:
    if form == "gz":
        return cast(IO[bytes], gzip.open(path))
    if form == "bz2":
        return cast(IO[bytes], bz2.open(path))
    if form == "xz":
        return cast(IO[bytes], lzma.open(path))
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdFile
    else:
        from backports.zstd import ZstdFile

    return cast(IO[bytes], ZstdFile(path))


def _of_7z(path: Path) -> Iterator[Paper]:
    """Of a small one; of another all that lies before a file would have to be unpacked."""
    import py7zr
    from py7zr.io import BytesIOFactory

    with path.open("rb") as stream, py7zr.SevenZipFile(stream) as archive:
        files = list(archive.files)
        if archive.needs_password() or sum(one.uncompressed for one in files) > SMALL:
            return
        wanted = {}
        for number, one in enumerate(files):
            if not one.is_directory and one.uncompressed and sounds(one.filename):
                wanted[f"{number}"] = one.filename
            # Its own names never reach py7zr, which would stop at the first that is evil.
            archive.header.files_info.files[number]["filename"] = f"{number}"
        factory = BytesIOFactory(SMALL)
        archive.extract(targets=list(wanted), factory=factory)
        for target, name in wanted.items():
            if (found := factory.products.get(target)) is not None:
                found.seek(0)
                yield _paper(name, cast(IO[bytes], found))
