"""Files on their way to a target: what is missing there is sent, and all of it is read back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from curate.errors import CurateError
from curate.pipeline.listener import Line, Listener
from curate.targets import MIB, Target


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of the release at the target."""

    path: str  # below the target's folder
    size: int
    how: Literal["sent", "replaced", "kept"]  # kept: it was there already


@dataclass(frozen=True, slots=True)
class File:
    """One that is to be at the target."""

    path: str  # below the release's folder there
    size: int
    sha256: str
    source: Path | None = None
    data: bytes = field(default=b"", repr=False)  # where there is no source

    def open(self) -> IO[bytes]:
        return self.source.open("rb") if self.source else io.BytesIO(self.data)


class Sending:
    """Files on their way to one folder of a target."""

    def __init__(self, place: Target, home: str, listener: Listener) -> None:
        self._place = place
        self._home = home
        self._listener = listener
        self._folders: dict[str, Mapping[str, int]] = {}

    def all(self, files: Sequence[File]) -> tuple[Sent, ...]:
        self._listener.stage("sending, MiB")
        return tuple(self._one(file) for file in files)

    def _one(self, file: File) -> Sent:
        path = f"{self._home}/{file.path}"
        there = self._there(path)
        if there in (file.size, -1) and self._is_there(path, file):
            return Sent(path, file.size, "kept")
        line = self._listener.line(file.path)
        try:
            with file.open() as source:
                self._place.write(path, cast("IO[bytes]", _Told(source, line)), file.size)
            if not self._is_there(path, file):
                self._place.remove(path)
                raise CurateError(
                    f"{path} does not come back as it was sent, and was removed there",
                    "run again; if it stays so, look at the room left on the target and at its limits",
                )
        except BaseException:
            line.end(well=False)
            raise
        line.end(well=True)
        return Sent(path, file.size, "sent" if there is None else "replaced")

    def _there(self, path: str) -> int | None:
        """What the target lists, asked once for each folder."""
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = self._place.files(folder)
        return self._folders[folder].get(name)

    def _is_there(self, path: str, file: File) -> bool:
        return reads_as(self._place.read(path), file.size, file.sha256)


def reads_as(pieces: Iterator[bytes], size: int, sha256: str) -> bool:
    """Whether they are the bytes that are meant; a target that gives more is not listened to for ever."""
    whole, got = hashlib.sha256(), 0
    for piece in pieces:
        whole.update(piece)
        got += len(piece)
        if got > size:
            return False
    return got == size and whole.hexdigest() == sha256


class _Told(io.RawIOBase):
    """A file that tells how much of it was read, in MiB."""

    def __init__(self, file: IO[bytes], line: Line) -> None:
        self._file = file
        self._line = line
        self._rest = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._rest += len(data)
        if self._rest >= MIB:
            self._line.step(self._rest // MIB)
            self._rest %= MIB
        return len(data)
