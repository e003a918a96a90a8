"""An update pack as a buyer gets it: nothing in it is believed before it has been checked."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from pathlib import Path

import msgspec

from curate import checksum, signing, typed
from curate.bundle.archive.source import ENTRIES, RATIO
from curate.bundle.layout import TAGS
from curate.bundle.names import key, safe_name
from curate.bundle.updates import manual
from curate.bundle.updates.making import FILE, FORMAT, Shipped, State, Update
from curate.errors import CurateError

SIGNED = TAGS
SIGNATURE = f"{SIGNED}.minisig"
_AGAIN = "download it again"
_HOSTILE = "do not use this file: it was not made by curate, or somebody has changed it"
_LARGEST = 256 << 20  # bytes of update.json
_CHUNK = 1 << 20
_OWN = "REUSE.toml"  # a name that no item gets


class Parcel:
    """The pack at ``path``, opened. Raises CurateError: not one, damaged, or not safe to apply.

    Then each path in ``update`` is one that curate itself would give, so none leads out of a folder or
    means something else to some system, no two are the same, and the archive holds just what it says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sidecar()
        try:
            self._zip = zipfile.ZipFile(path)
        except Exception as fault:  # for a broken directory zipfile raises anything
            raise CurateError(f"{path} cannot be read as a zip: {fault}", _AGAIN) from fault
        entries = self._zip.infolist()
        self._entries = {entry.orig_filename: entry for entry in entries}
        if len(entries) > ENTRIES or len(self._entries) != len(entries):
            raise CurateError(f"{path} holds the same name twice, or too many", _HOSTILE)
        if FILE not in self._entries:
            raise CurateError(
                f"{path} is no update pack: it has no {FILE}",
                "give NAME-OLD-to-NEW.zip; a full archive is simply unpacked",
            )
        self.update = self._described()
        self._check_paths()
        self._check_entries()

    def _sidecar(self) -> None:
        sidecar = self.path.with_name(f"{self.path.name}.sha256")
        if not self.path.is_file():
            raise CurateError(f"{self.path} does not exist", "give the update pack, a zip")
        if not sidecar.is_file():
            return
        if sidecar.read_text("utf-8", "replace")[:64].lower() != checksum.of(self.path):
            raise CurateError(
                f"the SHA-256 of {self.path} is not the one in {sidecar.name}", _AGAIN
            )

    def _described(self) -> Update:
        data = self._bytes(FILE, _LARGEST)
        self.digest = hashlib.sha256(data).hexdigest()
        """Of update.json: the same pack, the same number."""
        try:
            found = typed.json(data, _Form)
            if found.format != FORMAT:
                raise CurateError(
                    f"{self.path} has format {found.format}, which this curate does not know",
                    "install a newer curate",
                )
            return typed.json(data, Update)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise CurateError(f"{FILE} in {self.path} is damaged: {fault}", _AGAIN) from fault

    def _check_paths(self) -> None:
        update = self.update
        shipped = [one.path for one in update.files]
        arriving = [*shipped, *(move.now for move in update.moves)]
        leaving = [*update.removals, *(move.before for move in update.moves)]
        for path in (*arriving, *leaving, *(one.path for one in update.unlisted)):
            if not is_safe(path):
                raise CurateError(f"{self.path} names the unsafe path {path!r}", _HOSTILE)
        for top in (update.before.top, update.now.top):
            if "/" in top or not is_safe(top):
                raise CurateError(f"{self.path} names the unsafe folder {top!r}", _HOSTILE)
        twice = len({key(path) for path in arriving}) != len(arriving)
        if twice or len(set(leaving)) != len(leaving) or set(leaving) & set(arriving):
            raise CurateError(f"{self.path} names a file twice", _HOSTILE)

    def _check_entries(self) -> None:
        """Just the files that are listed, each of the size that is listed."""
        update = self.update
        sizes = {self._inside(one): one.size for one in update.files}
        beside = {FILE, manual.HOW_TO, manual.MOVED, manual.REMOVED}
        for name, entry in self._entries.items():
            if name not in sizes and name not in beside:
                raise CurateError(f"{self.path} holds {name!r}, which it does not list", _HOSTILE)
            if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
                raise CurateError(f"{name!r} in {self.path} is a link, or encrypted", _HOSTILE)
            if entry.file_size > RATIO * max(entry.compress_size, 64):
                raise CurateError(f"{name!r} in {self.path} would unpack to far too much", _HOSTILE)
            if entry.file_size != sizes.get(name, entry.file_size):
                raise CurateError(
                    f"{name!r} in {self.path} has not the size that is listed", _AGAIN
                )
        absent = sorted(sizes.keys() - self._entries.keys())
        if absent:
            raise CurateError(f"{self.path} lists {absent[0]!r}, but does not hold it", _AGAIN)

    def _inside(self, one: Shipped) -> str:
        return f"{self.update.now.top}/{one.path}"

    def check_signature(self, public: str) -> None:
        """Raises CurateError where the key ``public`` does not vouch for the pack.

        By the .minisig beside it; without one, by the signature of the new version that is in it: that
        covers every file the folder will hold in the end.
        """
        beside = self.path.with_name(f"{self.path.name}.minisig")
        held = {one.path for one in self.update.files}
        if beside.is_file():
            with self.path.open("rb") as file:
                fault = signing.check(file, beside.read_bytes(), public)
            where = str(beside)
        elif {SIGNED, SIGNATURE} <= held:
            top = self.update.now.top
            data = self._bytes(f"{top}/{SIGNED}", _LARGEST)
            fault = signing.check(data, self._bytes(f"{top}/{SIGNATURE}", 1 << 16), public)
            if not fault and hashlib.sha256(data).hexdigest() != self.update.now.tagmanifest:
                fault = f"{FILE} leads to something else"
            where = f"{SIGNATURE} in {self.path}"
        else:
            raise CurateError(
                f"{self.path} is not signed", f"download {beside.name} too, and put it beside it"
            )
        if fault:
            raise CurateError(
                f"{where} does not vouch for this pack: {fault}",
                "download both again; if that does not help, ask the seller which key is theirs",
            )

    def write(self, one: Shipped, path: Path) -> None:
        """``one`` as the whole of ``path``, lasting. Raises CurateError where the bytes are others."""
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as out:
            try:
                with self._zip.open(self._entries[self._inside(one)]) as source:
                    while size <= one.size and (data := source.read(_CHUNK)):
                        size += len(data)
                        digest.update(data)
                        out.write(data)
            except (zipfile.BadZipFile, NotImplementedError, EOFError, _zlib_error()) as fault:
                raise CurateError(
                    f"'{one.path}' in {self.path} is damaged: {fault}", _AGAIN
                ) from fault
            out.flush()
            os.fsync(out.fileno())
        if size != one.size or digest.hexdigest() != one.sha256:
            raise CurateError(f"'{one.path}' in {self.path} is damaged", _AGAIN)

    def _bytes(self, name: str, most: int) -> bytes:
        try:
            with self._zip.open(self._entries[name]) as source:
                data = source.read(most + 1)
        except Exception as fault:  # zipfile and its decoders raise anything
            raise CurateError(f"{name} in {self.path} cannot be read: {fault}", _AGAIN) from fault
        if len(data) > most:
            raise CurateError(f"{name} in {self.path} is far too large", _HOSTILE)
        return data

    def close(self) -> None:
        self._zip.close()


class _Form(msgspec.Struct):
    format: int


def _zlib_error() -> type[Exception]:
    import zlib

    return zlib.error


def is_safe(path: str) -> bool:
    """Whether ``path`` is relative and every part of it is a name that curate itself would give."""
    return path == _OWN or all(part and safe_name(part) == part for part in path.split("/"))


__all__ = ["SIGNATURE", "SIGNED", "Parcel", "State", "is_safe"]
