"""Where things lie: curate.toml, collections/, build/ and .curate/."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from curate import config
from curate.errors import CurateError
from curate.model import Language

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

MARK = "curate.toml"
_NAME = re.compile(r"\w[\w.\-]{0,79}")
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?")  # [v6]:port, host:port
_NUMBERS = re.compile(r"[\d.]+")
_LISTED = 20
"""Collections named in a hint."""
_AGAIN = "check the disk and run the command again"
_SPACE = "free some space on that disk and run the command again"
_PERMISSION = "check that you may read and write it and the folder it is in"
_IN_THE_WAY = "a file stands where a folder is needed: rename it"
_HINTS = {
    "ENOSPC": _SPACE,
    "EDQUOT": _SPACE,
    "EFBIG": "the system limits the size of files: see ulimit -f",
    "EACCES": _PERMISSION,
    "EPERM": _PERMISSION,
    "EROFS": _PERMISSION,
    "EEXIST": _IN_THE_WAY,
    "ENOTDIR": _IN_THE_WAY,
    "ENOENT": "check the path",
    "EISDIR": "a folder stands where a file is needed: rename it",
    "EMFILE": "the system limits the number of open files: see ulimit -n",
    "ENAMETOOLONG": "use a shorter name",
}


class Compute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits that keep a hostile or broken file from costing more than itself."""

    workers: Annotated[int, Meta(ge=0, le=256)] = 0
    """Processes that read files; 0 = as many as there are processors."""
    seconds: Annotated[float, Meta(gt=0)] = 60.0
    """Longest time for one file."""
    memory_mb: Annotated[int, Meta(ge=256)] = 2048
    """Most memory for one worker, in MiB (where the system can enforce it)."""


@dataclass(frozen=True, slots=True)
class Private:
    """One entry of ``fetch.private``: a host or a network, at one port or all."""

    host: str  # lower case; "" for a network
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    @classmethod
    def of(cls, entry: str) -> Private:
        """Raises ValueError for what is neither host, host:port nor network."""
        from ipaddress import ip_network

        found = _PLACE.fullmatch(entry.strip())
        name, port = (found[1] or found[2], found[3]) if found else (entry.strip(), None)
        if port and not 0 < int(port) < 65536:
            name = ""
        with suppress(ValueError):
            return cls("", ip_network(name, strict=False), int(port) if port else None)
        if found is None or not name or found[1] or _NUMBERS.fullmatch(name):
            raise ValueError(
                f"private: {entry!r} is no host, host:port or network, such as 'nas.local', "
                "'127.0.0.1:8000' or '192.168.1.0/24'"
            )
        return cls(name.lower().rstrip("."), None, int(port) if port else None)


class Fetch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How politely and how far the network is used."""

    contact: str = ""
    """An e-mail address or URL that site owners can complain to; sent in the User-Agent."""
    delay: Annotated[float, Meta(ge=0)] = 0.5
    """Least seconds between two requests to one host; a longer Crawl-delay in robots.txt wins."""
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 4
    per_host: Annotated[int, Meta(ge=1, le=64)] = 2
    """Most requests to one host at the same time; ``delay`` still lies between their beginnings."""
    sources: Annotated[int, Meta(ge=1, le=64)] = 4
    """Sources on the network that are collected side by side."""
    max_mb: Annotated[int, Meta(ge=1)] = 512
    """Largest download, in MiB."""
    private: tuple[str, ...] = ()
    """Hosts and networks of your own that may be asked although their addresses are private, such as
    "nas.local", "127.0.0.1:8000" or "192.168.1.0/24". All other private addresses are refused, also
    where a link or a redirect leads there. Servers that ``hosts`` names are yours anyway."""
    hosts: dict[str, str] = {}
    """Origins that are served from elsewhere: "https://example.org" = "http://127.0.0.1:8000"."""

    def __post_init__(self) -> None:
        for entry in self.private:
            Private.of(entry)


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    engine: str = "tantivy"
    """Which index: tantivy, or whoosh where no binary wheel exists."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """curate.toml, whole."""

    language: Language = "en"
    """Language of what the commands print where no collection decides it."""
    compute: Compute = Compute()
    fetch: Fetch = Fetch()
    search: Search = Search()
    publish: dict[str, Any] = {}
    """Places that releases are put on, each a table [publish.NAME] whose `type` is folder, webdav or s3."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that holds curate.toml. Values only: opening nothing, creating nothing."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The nearest folder upward from ``start`` that holds curate.toml. Raises CurateError."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / MARK).is_file():
                return cls(folder)
        raise CurateError(
            f"no workspace: neither {here} nor a folder above it holds {MARK}",
            "make one with: curate init",
        )

    @classmethod
    def at(cls, root: Path) -> Workspace:
        """The workspace in ``root`` itself. Raises CurateError where there is none."""
        if not (root / MARK).is_file():
            raise CurateError(
                f"{root} is not a workspace: it has no {MARK}", f"make one with: curate init {root}"
            )
        return cls(root.resolve())

    @property
    def settings(self) -> Settings:
        """curate.toml, read now. Raises ConfigError."""
        return config.read(self.root / MARK, Settings)

    @property
    def collections(self) -> Path:
        return self.root / "collections"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def keys(self) -> Path:
        """Of the seller, to sign with; lost ones cannot be made anew."""
        return self.root / "keys"

    @property
    def state(self) -> Path:
        return self.root / ".curate"

    @property
    def catalog(self) -> Path:
        return self.state / "catalog.db"

    @property
    def objects(self) -> Path:
        return self.state / "objects"

    @property
    def index(self) -> Path:
        return self.state / "index"

    def collection_file(self, name: str) -> Path:
        return self.collections / check_name(name) / "collection.toml"

    def names(self) -> list[str]:
        """Every collection that has a collection.toml, sorted; without the ``misnamed``."""
        return [name for name in self._folders() if _allowed(name)]

    def misnamed(self) -> list[str]:
        """Folders that have a collection.toml but whose name no collection can have, sorted."""
        return [name for name in self._folders() if not _allowed(name)]

    def _folders(self) -> list[str]:
        return sorted(path.parent.name for path in self.collections.glob("*/collection.toml"))

    def chosen(self, names: Sequence[str]) -> list[str]:
        """``names``, each once, in their order. Raises CurateError for the first that is no collection."""
        there = self.names()
        for name in names:
            if check_name(name) not in there:
                raise CurateError(f"there is no collection '{name}'", _instead(name, there))
        return list(dict.fromkeys(names))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the workspace for one command that writes. Raises CurateError when another one runs."""
        with alone(self.state / "lock", f"another curate command is writing to {self.root}"):
            yield


@contextmanager
def alone(path: Path, busy: str) -> Iterator[None]:
    """Hold ``path`` as a lock, without waiting; its folder is made. Raises CurateError: another run holds
    it, which ``busy`` tells, or it cannot be made."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        path.parent.mkdir(exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as fault:
        raise CurateError(busy, "wait until it has finished") from fault
    except OSError as fault:
        raise unusable(fault, path.parent) from fault
    try:
        yield
    finally:
        lock.release()


def settle_names(folder: Path) -> None:
    """Make new names in ``folder`` lasting, as fsync makes the bytes of a file."""
    if os.name != "nt":  # Windows cannot open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remember(path: Path, data: bytes) -> None:
    """Write ``data`` as the whole of ``path``, or leave what is there: only for what may be deleted at
    any time, and so may be missing too."""
    part = path.with_name(f"{path.name}.part")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)


def _allowed(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not name.endswith(".")


def check_name(name: str) -> str:
    """``name``, if it may be a collection's folder. Raises CurateError."""
    if not _allowed(name):
        raise CurateError(
            f"'{name}' cannot name a collection",
            "use letters (Chinese too), digits, '-', '_' and '.', at most 80, beginning with a letter or digit",
        )
    return name


def _instead(name: str, there: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, there, 1)
    guess = f"did you mean '{near[0]}'? " if near else ""
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    known = f"there are: {', '.join(there[:_LISTED])}{more}; " if there else ""
    return f"{guess}{known}make it with: curate new {name}"


def unusable(fault: OSError, path: Path | str = "") -> CurateError:
    """What the system says, with what to do. ``path`` is where, if it names no file itself."""
    where = fault.filename or path or "a file"
    name = errno.errorcode.get(fault.errno or 0, "")
    return CurateError(
        f"{where} cannot be used: {fault.strerror or fault}", _HINTS.get(name, _AGAIN)
    )
