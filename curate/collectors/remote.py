"""Somebody else's storage: a folder of a WebDAV server, of an S3 bucket, of a machine with SFTP.

It is gone through as a folder on this machine is, and what files beside the material say about its
rights is heard in the same way.
"""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Annotated, ClassVar, Literal

from msgspec import Meta

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.beside import Beside, Folder, beside, is_speakable
from curate.collectors.beside.paper import Unreadable
from curate.collectors.patterns import matcher
from curate.collectors.walk import ALWAYS_LEFT_OUT
from curate.errors import CurateError
from curate.fetch.drives import (
    Address,
    Away,
    Drive,
    Entry,
    Listing,
    Reading,
    Shut,
    Way,
    drive,
)
from curate.messages import msg
from curate.model import Candidate, Message, Said, Trouble

DEPTH = 300
"""Folders in one another; more are a circle, or meant badly."""


class RemoteSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="remote"):
    """``type = "remote"``: the files below a folder on a drive elsewhere, but no hidden ones and no
    system litter."""

    first: ClassVar[str] = "url"

    url: str
    """The folder: "webdavs://HOST/FOLDER" (or webdav:// where nothing is encrypted), "s3://BUCKET/FOLDER",
    "sftp://HOST:PORT/FOLDER" ("sftp://HOST/~/FOLDER" is below the home folder)."""
    account: str = ""
    """Name of your account: CURATE_NAME_USER and CURATE_NAME_PASSWORD in the environment, or the
    keyring. For S3 these are the access key and its secret."""
    endpoint: str = ""
    """S3: the server, "https://…"; that of AWS where empty."""
    region: str = ""
    """S3: the region that the bucket is in; "us-east-1" where empty."""
    style: Literal["path", "host"] = "path"
    """S3: "host" where the bucket's name is part of the server's (阿里云 OSS, 腾讯云 COS)."""
    user: str = ""
    """SFTP: who logs in, where `account` does not say it."""
    key: str = ""
    """SFTP: file of your private key; relative to the collection's folder, ``~`` is the home folder.
    Without it and without a password ssh-agent is asked."""
    host_key: str = ""
    """SFTP: fingerprint of the server's key, "SHA256:…"; without it known_hosts has to name the server."""
    delay: Annotated[float, Meta(ge=0)] | None = None
    """Least seconds between two requests; fetch.delay of curate.toml where absent. 坚果云 allows 600
    in half an hour: 3."""
    include: tuple[str, ...] = ("**",)
    """Globs of what to take, as in .gitignore; upper and lower case are the same."""
    exclude: tuple[str, ...] = ()
    """Globs of what to leave out; wins over include, and a folder goes with all below it."""

    def __post_init__(self) -> None:
        kind = Address.of(self.url).kind
        for field, only in _ONLY.items():
            if kind != only and getattr(self, field) not in ("", "path"):
                raise ValueError(f"{field} is for {only}:// only")
        if self.endpoint and not self.endpoint.startswith(("https://", "http://")):
            raise ValueError('endpoint is no address; write "https://HOST"')
        if "@" in self.endpoint:
            raise ValueError("endpoint holds a user name or password; write account instead")
        if self.host_key and not self.host_key.startswith("SHA256:"):
            raise ValueError('host_key is no fingerprint; write "SHA256:…"')
        for pattern in (self.include, self.exclude):
            matcher(pattern)

    @property
    def place(self) -> str:
        return self.url if not self.endpoint else f"{self.url} ({self.endpoint})"


_SPEAKING = frozenset({"LICENSES", ".reuse", "debian", "usr"})
"""Folders that say something about what lies beside them; where one is out of order it is asked for
all the same, so that a person hears of it."""
_ONLY = {"endpoint": "s3", "region": "s3", "style": "s3", "user": "sftp", "key": "sftp", "host_key": "sftp"}  # fmt: skip


class RemoteCollector:
    """Walks in the order of names, holding one folder's names at a time for each level."""

    options: ClassVar[type[Source]] = RemoteSource

    def __init__(self, options: RemoteSource, context: Context) -> None:
        self._source = options
        self._context = context
        self._included = matcher(options.include)
        self._excluded = matcher((*ALWAYS_LEFT_OUT, *options.exclude))
        self._again = _Again(context.again, options.url)

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Every file. Raises CurateError when the drive is away or lets nobody in, also in the middle:
        then nothing counts as gone."""
        one = self._source
        way = Way(
            Address.of(one.url), one.account, one.delay, one.endpoint, one.region or "us-east-1", one.style,
            one.user, str(self._context.folder / Path(one.key).expanduser()) if one.key else "", one.host_key,
        )  # fmt: skip
        with closing(drive(way, self._context.fetcher.patience)) as found:
            cache = self._context.cache
            yield from self._walk(_Shelf(found, cache and cache / "beside"))

    def _walk(self, shelf: _Shelf) -> Iterator[Candidate | Trouble]:
        # A stack instead of recursion: folders may nest deeper than Python's own stack.
        levels = [_Level(shelf.folder(""), Beside(), shelf)]
        yield from self._told(levels[0])
        while levels:
            level = levels[-1]
            name = next(level.names, None)
            if name is None:
                shelf.leave(levels.pop().folder)
                continue
            locator = f"{level.folder.locator}{name.shown}"
            if self._excluded(locator) or name.shown in level.beside.silent:
                continue
            if not self._again.leads(locator):
                continue
            found = self._look(locator, name, level, shelf, len(levels))
            if isinstance(found, _Level):
                levels.append(found)
                yield from self._told(found)
            elif found is not None:
                yield found
                shelf.survive()
        if self._again.everything:
            shelf.tidy()

    def _told(self, level: _Level) -> Iterator[Trouble]:
        yield from level.beside.troubles
        if level.folder.missing:
            # As a folder, so that no object of the same name is meant.
            yield Trouble(level.folder.locator or self._source.url, level.folder.missing)

    def _look(
        self, locator: str, name: _Name, level: _Level, shelf: _Shelf, depth: int
    ) -> Candidate | Trouble | _Level | None:
        entry = name.entry
        if not is_speakable(entry.name):
            return Trouble(
                locator.encode("utf-8", "backslashreplace").decode(),
                msg("its name is not valid UTF-8; rename it"), retry=False, hides=False,
            )  # fmt: skip
        if entry.name in ("", ".", "..") or {"/", "\0"} & set(entry.name):
            return Trouble(
                f"{level.folder.locator}{entry.name!r}",
                msg("its name would lead elsewhere; rename it"), retry=False, hides=False,
            )  # fmt: skip
        if entry.folder:
            if depth >= DEPTH:
                return Trouble(locator, msg("it lies in more than {limit} folders", limit=DEPTH))
            try:
                return _Level(shelf.folder(f"{locator}/"), level.beside, shelf)
            except Shut as fault:
                return Trouble(locator, _reason(fault))
        if entry.fault and entry.unknown:  # whatever it is: globs that are meant for files too
            return Trouble(locator, entry.fault)
        if not self._included(locator):
            return None
        if entry.fault or not entry.size:
            reason = entry.fault or msg("it is empty")
            return Trouble(locator, reason, retry=False, hides=False)
        return Candidate(
            locator=locator,
            stamp=entry.stamp,
            said=Said(
                modified=entry.modified, statements=level.beside.statements(locator, name.shown)
            ),
            open=partial(shelf.open, level.folder.path(name), entry),
            suffix=os.path.splitext(locator)[1].lower(),  # noqa: PTH122 - ten times as fast
            restates=True,
        )


def _reason(fault: CurateError) -> Message:
    hint = f" ({fault.hint})" if fault.hint else ""
    return msg("{fault}", fault=f"{fault.message}{hint}")


@dataclass(frozen=True, slots=True)
class _Name:
    """An entry with the name it is known by."""

    shown: str
    entry: Entry

    @property
    def is_folder(self) -> bool:
        return self.entry.folder or (self.entry.unknown and self.shown in _SPEAKING)


class _Folder:
    """A listed folder."""

    def __init__(self, locator: str, real: str, listing: Listing) -> None:
        self.locator = locator  # "" or ends with "/"
        self.missing = listing.missing
        self.names = _names(listing.entries)
        self.folders = {one.shown: one for one in self.names if one.entry.folder}
        self.files = {one.shown: one for one in self.names if not one.entry.folder}
        self._real = real  # the locator as the drive spells it

    def path(self, name: _Name) -> str:
        return f"{self._real}{name.entry.name}"


def _names(entries: Iterable[Entry]) -> list[_Name]:
    """Sorted, named in NFC wherever that names only one of them."""
    found = {(one.name, one.folder): one for one in entries}.values()
    composed = [(unicodedata.normalize("NFC", one.name), one) for one in found]
    counts = Counter(name for name, _ in composed)
    names = [_Name(name if counts[name] == 1 else one.name, one) for name, one in composed]
    return sorted(names, key=lambda name: (name.shown, name.entry.folder))


class _Level:
    """A folder in the middle of being walked."""

    __slots__ = ("beside", "folder", "names")

    def __init__(self, folder: _Folder, above: Beside, shelf: _Shelf) -> None:
        self.folder = folder
        self.names = iter(folder.names)
        where = Folder(folder.locator, folder.locator[:-1], folder.names, elsewhere=shelf)
        self.beside = beside(above, where)


class _Shelf:
    """The drive with what was listed of it. Paths are locators; "/a" and "a" are the same."""

    def __init__(self, drive: Drive, cache: Path | None) -> None:
        self._drive = drive
        self._cache = cache
        self._used: set[str] = set()
        self._folders: dict[str, _Folder] = {}
        self._reading: Reading | None = None
        self._doubtful = False  # a file could not even be begun

    def folder(self, locator: str) -> _Folder:
        """A locator ends with "/". Raises Shut, Away."""
        if locator in self._folders:
            return self._folders[locator]
        real = ""
        if locator:
            above, _, shown = locator[:-1].rpartition("/")
            parent = self.folder(f"{above}/" if above else "")
            if shown not in parent.folders:
                raise Shut(f"{locator} is not there", "run again")
            real = f"{parent.path(parent.folders[shown])}/"
        found = _Folder(locator, real, self._drive.listing(real[:-1]))
        self._folders[locator] = found
        return found

    def leave(self, folder: _Folder) -> None:
        for locator in [one for one in self._folders if one.startswith(folder.locator)]:
            del self._folders[locator]

    def open(self, path: str, entry: Entry) -> IO[bytes]:
        try:
            self._reading = self._drive.open(path, entry)
        except Away:
            self._doubtful = True
            raise
        return io.BufferedReader(self._reading, 1 << 16)

    def survive(self) -> None:
        """After a file that broke off: go on only where that was its own fault. Raises Away."""
        if self._doubtful or (self._reading is not None and self._reading.lost):
            self._drive.check()
        self._reading, self._doubtful = None, False

    # What ``beside`` asks of a shelf

    def exists(self, path: str) -> bool:
        try:
            return self._find(path) is not None
        except Shut:
            return True  # it may be there: reading it will tell

    def names(self, path: str) -> list[str]:
        try:
            return [one.shown for one in self.folder(f"{path.lstrip('/')}/").names]
        except Shut as fault:
            raise OSError(fault.message) from fault

    def head(self, path: str, most: int) -> bytes:
        try:
            found = self._find(path)
            if found is None:
                raise Unreadable(msg("it is not there, or a link that leads nowhere"))
            name, real = found
            if name.entry.fault:
                raise Unreadable(name.entry.fault)
            return self._kept(real, name.entry, most) if name.entry.size else b""
        except CurateError as fault:
            if isinstance(fault, Away):
                self._drive.check()
            raise Unreadable(msg("it cannot be read: {fault}", fault=fault.message)) from fault

    def _find(self, path: str) -> tuple[_Name, str] | None:
        above, _, shown = path.lstrip("/").rpartition("/")
        folder = self.folder(f"{above}/" if above else "")
        name = folder.files.get(shown)
        return (name, folder.path(name)) if name else None

    def _kept(self, real: str, entry: Entry, most: int) -> bytes:
        """As it was read the last time, where it is the same version."""
        if self._cache is None or not entry.stamp:
            return self._read(real, entry, most)
        key = hashlib.sha256(f"{real}\0{entry.stamp}\0{most}".encode()).hexdigest()
        self._used.add(key)
        file = self._cache / key
        with suppress(OSError):
            return file.read_bytes()
        data = self._read(real, entry, most)
        with suppress(OSError):  # what may be deleted at any time may be missing too
            self._cache.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            part.write_bytes(data)
            part.replace(file)
        return data

    def _read(self, real: str, entry: Entry, most: int) -> bytes:
        with io.BufferedReader(self._drive.open(real, entry), 1 << 16) as stream:
            return stream.read(most)

    def tidy(self) -> None:
        """After everything was seen: what nothing asked for is of no use any more."""
        if self._cache is not None:
            with suppress(OSError):
                for file in self._cache.iterdir():
                    if file.name not in self._used:
                        file.unlink()


class _Again:
    """The places that are wanted, with all above and below them."""

    def __init__(self, wanted: frozenset[str] | None, root: str) -> None:
        self.everything = wanted is None or root in wanted
        places = {one.removesuffix("#rights").strip("/") for one in wanted or ()}
        self._places = frozenset(places)
        self._above = frozenset(
            "/".join(parts[:end])
            for parts in (one.split("/") for one in places)
            for end in range(1, len(parts) + 1)
        )

    def leads(self, locator: str) -> bool:
        if self.everything or locator in self._above:
            return True
        parts = locator.split("/")
        return any("/".join(parts[:end]) in self._places for end in range(1, len(parts)))
