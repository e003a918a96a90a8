"""Writing to WebDAV (RFC 4918): beside its place first, then moved there.

The protocol has no way to go on with an upload that broke off: a file is sent again from its
beginning. A file is whole or not there.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from typing import IO

from curate.fetch.drives.drive import Entry, Refused, Shut
from curate.fetch.drives.webdav import ASKED, HEADERS, WebDav, rows
from curate.fetch.patience import MIB

_PART = re.compile(r"\.[0-9a-f]{8}\.part")
"""What is added to a file's name while it is sent. Another each time: a server that has not noticed
yet that the one before was killed may still be writing to that."""
_TYPE = {"Content-Type": "application/octet-stream"}
_SLOWEST = 2 * MIB
"""Bytes a second that a drive puts away what it has received: some pass it on to a cloud first."""


class WebDavStorage(WebDav):
    """A folder of a WebDAV server that may be written to."""

    def url(self, path: str) -> str:
        return self._url(path)

    def find(self, path: str) -> Entry | None:
        url = self._url(path)
        try:
            found = self._line.ask("PROPFIND", url, {**HEADERS, "Depth": "0"}, ASKED)
        except Refused as fault:
            if fault.status in (404, 410):
                return None
            raise
        data = found.whole(self._line.patience)
        entry = next((entry for _, entry, _ in rows(data, url)), None)
        if entry is None or entry.folder or entry.fault:
            raise Shut(f"{url} is no file", "look at it with another program, and move it away")
        return entry

    def put(self, path: str, file: IO[bytes], size: int) -> None:
        folder, _, name = path.rpartition("/")
        self._make(folder)
        self._clear(folder, name)
        part = f"{path}.{secrets.token_hex(4)}.part"
        longer = size / _SLOWEST
        try:
            self._line.ask(
                "PUT", self._url(part), _TYPE, file if size else b"", longer=longer
            ).close()
            there = self.find(part)
            kept = there.size if there else 0
            if kept not in (size, -1) or there is None:
                raise Shut(
                    f"{self._url(path)}: the drive has kept {kept} of {size} bytes",
                    "look at the room that is left on it, and at the largest file that it takes",
                )
            self._move(part, path, size, longer)
        except Shut:
            with suppress(Shut):
                self.delete(part)
            raise

    def _move(self, part: str, path: str, size: int, longer: float) -> None:
        to = {"Destination": self._url(path), "Overwrite": "T"}
        try:
            with self._line.ask("MOVE", self._url(part), to, longer=longer) as found:
                if found.status == 207:
                    raise Shut(
                        f"{self._url(path)}: the drive has moved it there only in part",
                        "run again; tell the drive's owner if it stays so",
                    )
        except Refused as fault:
            # Its first answer may have been lost on the way, and there is nothing to move any more.
            there = self.find(path) if fault.status == 404 else None
            if there is None or there.size != size:
                raise

    def delete(self, path: str) -> None:
        try:
            self._line.ask("DELETE", self._url(path)).close()
        except Refused as fault:
            if fault.status not in (404, 410):
                raise

    def tidy(self, folder: str) -> tuple[str, ...]:
        return self._clear(folder, "")

    def _clear(self, folder: str, name: str) -> tuple[str, ...]:
        """Remove the parts of ``name``, of any file where it is ""; those that stay."""
        stay = []
        for one in self.listing(folder).entries:
            found = _PART.search(one.name)
            if found and found.end() == len(one.name) and name in ("", one.name[: found.start()]):
                path = f"{folder}/{one.name}" if folder else one.name
                try:
                    self.delete(path)
                except Shut:
                    stay.append(path)
        return tuple(stay)

    def _make(self, folder: str) -> None:
        """``folder`` and those above it. Only below the drive's own, which has to be there."""
        if not folder or self._is_there(folder):
            return
        self._make(folder.rpartition("/")[0])
        try:
            self._line.ask("MKCOL", f"{self._url(folder)}/").close()
        except Refused as fault:
            if fault.status != 405:  # it is there already (RFC 4918, 9.3.1)
                raise

    def _is_there(self, folder: str) -> bool:
        url = f"{self._url(folder)}/"
        try:
            self._line.ask("PROPFIND", url, {**HEADERS, "Depth": "0"}, ASKED).close()
        except Refused as fault:
            if fault.status in (404, 409, 410):
                return False
            raise
        return True
