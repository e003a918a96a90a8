"""Git repositories: which commit a name stands for, its objects, and nothing that would run.

No hook, filter or submodule is ever followed: objects are read, that is all.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlparse, urlsplit

from curate.errors import CurateError
from curate.fetch.addresses import moved, origin, shown
from curate.fetch.credentials import Account
from curate.fetch.guard import Forbidden, Guard, guarded
from curate.fetch.pace import Pace
from curate.fetch.patience import HOPS, LONGEST_WAIT, MIB
from curate.workspace import Fetch

if TYPE_CHECKING:
    from dulwich.objects import ObjectID
    from dulwich.repo import Repo

COMMIT = re.compile(r"[0-9a-f]{40}")
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]{2,}):(?!//)(?P<path>.+)")
"""git@host:path, as people write it; a single letter before the colon is a drive of Windows."""
_REF = b"refs/heads/curate"
_HEADERS = 64 * MIB
"""Bytes of all refs of a repository."""


class Garbled(CurateError):
    """What came, or what is kept here, makes no sense as a repository."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is, and how it may be asked."""

    url: str  # https://…, http://…, ssh://…, user@host:path, or an absolute path
    settings: Fetch = Fetch()  # noqa: RUF009 - a frozen value
    account: Account | None = None

    @property
    def local(self) -> bool:
        return is_path(self.url)


class Entry(NamedTuple):
    """What a tree holds, folders apart."""

    path: bytes
    mode: int
    id: str

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_repository(self) -> bool:
        return stat.S_IFMT(self.mode) == 0o160000


class Commit(NamedTuple):
    id: str
    tree: str
    time: int  # seconds since 1970, as whoever made it says


def is_path(url: str) -> bool:
    """Is ``url`` a path on this computer?"""
    return "://" not in url and not _SCP.fullmatch(url)


def turn(remote: Remote, pace: Pace) -> AbstractContextManager[None]:
    """Its server is asked within this: all requests of one exchange count as one."""
    if remote.local:
        return nullcontext()
    if "://" not in remote.url:
        found = _SCP.fullmatch(remote.url)
        return pace.held(f"ssh://{found['host'].lower() if found else ''}")
    parts = urlsplit(remote.url)
    if parts.scheme in ("http", "https"):
        return pace.held(origin(remote.url))
    port = f":{parts.port}" if parts.port not in (None, 22) else ""
    return pace.held(f"{parts.scheme}://{(parts.hostname or '').lower()}{port}")


def resolve(remote: Remote, ref: str) -> str:
    """The id of the commit or tag that ``ref`` (a branch, a tag, a full commit id, "" for HEAD)
    stands for there now. Raises CurateError."""
    if COMMIT.fullmatch(ref):
        return ref
    found = _refs(remote)
    if not found:
        raise CurateError(f"{shown(remote.url)} is empty", "push something to it first")
    names = ("HEAD",) if not ref else (f"refs/heads/{ref}", f"refs/tags/{ref}", ref)
    for name in names:
        if name in found:
            return found[name]
    hint = "give a branch, a tag or all 40 digits of a commit as `ref`"
    near = sorted(
        name.removeprefix("refs/heads/") for name in found if name.startswith("refs/heads/")
    )
    if near:
        hint += f"; its branches are: {', '.join(near[:10])}"
    raise CurateError(f"{shown(remote.url)} has no {ref or 'HEAD'!r}", hint)


def fetch(remote: Remote, wanted: str, clone: Path) -> None:
    """Bring the object ``wanted`` and what it is made of into ``clone``, a bare repository that is
    made where it is missing; without history where the server lets it be. Raises CurateError."""
    from dulwich.repo import Repo

    with _told(remote):
        if not (clone / "objects").is_dir():
            clone.mkdir(parents=True, exist_ok=True)
            Repo.init_bare(str(clone)).close()
        id: Any = wanted.encode()
        with Repo(str(clone)) as repo:
            if id in repo.object_store:
                return
            _fetch(remote, wanted, repo)
            repo.refs[cast(Any, _REF)] = id  # what the next fetch need not bring again


class Repository:
    """The objects of a repository on this computer. Use it in a ``with``."""

    def __init__(self, path: Path) -> None:
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo

        try:
            self._repo = Repo(str(path))
        except (NotGitRepository, OSError, ValueError) as fault:
            raise CurateError(
                f"{path} is no git repository", "give the folder that holds .git, or a bare one"
            ) from fault

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self._repo.close()

    def commit(self, id: str) -> Commit:
        """The commit that ``id`` is, or that the tag leads to. Raises CurateError."""
        from dulwich.objects import Commit as Found
        from dulwich.objects import Tag

        found = self._object(id)
        for _ in range(10):
            if not isinstance(found, Tag):
                break
            found = self._object(found.object[1].decode())
        if not isinstance(found, Found):
            raise CurateError(f"{id} is no commit", "give a branch, a tag or a commit as `ref`")
        return Commit(found.id.decode(), found.tree.decode(), found.commit_time)

    def entries(self, tree: str, enter: Callable[[bytes], bool]) -> Iterator[Entry]:
        """Everything in ``tree`` and in those of its folders that ``enter`` wants, in their order.

        A small repository may describe an endless tree: whoever asks has to count. Raises CurateError
        where a folder is missing."""
        from dulwich.objects import Tree

        waiting = [(b"", tree)]
        while waiting:
            above, id = waiting.pop()
            found = self._object(id)
            if not isinstance(found, Tree):
                raise CurateError(
                    f"{id} is no tree", "the repository is damaged: run git fsck in it"
                )
            for name, mode, below in reversed(list(found.iteritems())):
                path = above + name
                if stat.S_ISDIR(mode):
                    if enter(path):
                        waiting.append((path + b"/", below.decode()))
                else:
                    yield Entry(path, mode, below.decode())

    def data(self, id: str) -> bytes:
        """The bytes of a file. Raises CurateError where they are not here."""
        found = self._object(id)
        return bytes(found.as_raw_string())

    def _object(self, id: str) -> Any:
        try:
            return self._repo.object_store[id.encode()]  # type: ignore[index]
        except KeyError as fault:
            raise CurateError(f"{id} is missing in the repository", "run git fsck in it") from fault
        except Exception as fault:  # the boundary around a foreign parser
            reason = f"{type(fault).__name__}: {fault}"[:200]
            raise CurateError(f"{id} cannot be read: {reason}", "run git fsck in it") from fault


def _refs(remote: Remote) -> dict[str, str]:
    with _told(remote):
        if remote.local:
            from dulwich.repo import Repo

            with Repo(remote.url) as repo:
                found: Any = repo.get_refs()
                return _named(found)
        client, path = _client(remote, _HEADERS)
        found = client.get_refs(path).refs
        if getattr(client, "dumb", False):
            raise CurateError(
                f"{shown(remote.url)} is no git server, only the files of a repository",
                "copy it here with git and give its path",
            )
        return _named(found)


def _named(refs: Any) -> dict[str, str]:
    return {
        name.decode("utf-8", "replace"): id.decode("ascii", "replace")
        for name, id in refs.items()
        if id
    }


def _fetch(remote: Remote, wanted: str, repo: Repo) -> None:
    id: Any = wanted.encode()
    client, path = _client(remote, remote.settings.max_mb * MIB)
    try:
        client.fetch(path, repo, lambda refs, depth=None: [id], depth=1)
    except (CurateError, Forbidden, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - old servers give what a ref names, and nothing else
        _all(client, path, repo)
    if id not in repo.object_store:
        _all(client, path, repo)
    if id not in repo.object_store:
        raise CurateError(
            f"{shown(remote.url)} does not hold the commit {wanted}", "correct `ref` in the source"
        )


def _all(client: Any, path: str, repo: Repo) -> None:
    def heads(refs: dict[bytes, ObjectID], depth: int | None = None) -> list[ObjectID]:
        return [
            id
            for name, id in sorted(refs.items())
            if name.startswith((b"refs/heads/", b"refs/tags/"))
        ]

    client.fetch(path, repo, heads)


def _client(remote: Remote, most: int) -> tuple[Any, str]:
    """A client that stops after ``most`` bytes."""
    from dulwich import client as clients

    got = 0

    def count(size: int, kind: str) -> None:
        nonlocal got
        got += size if kind == "read" else 0
        if got > most:
            raise CurateError(
                f"{shown(remote.url)} sends more than {most // MIB} MiB",
                "raise fetch.max_mb in curate.toml, or copy it here with git and give its path",
            )

    guard = Guard(remote.settings)
    parts = urlsplit(remote.url) if "://" in remote.url else None
    if parts and parts.scheme in ("http", "https"):
        home = origin(remote.url)
        mapped = {origin(key): value for key, value in remote.settings.hosts.items()}.get(home)
        user, password = _login(remote.account)
        address = urlparse(moved(remote.url, mapped) if mapped else remote.url)
        if remote.account is not None:
            guard.check_secret(address.geturl(), shown(remote.url))
        client = _counted(clients.HttpGitClient, count).from_parsedurl(
            address, username=user, password=password, quiet=True, pool_manager=_pool(remote, guard)
        )
        return client, address.path
    host = (parts.hostname or "") if parts else _SCP.fullmatch(remote.url)["host"]  # type: ignore[index]
    _check_host(guard, host, (parts.port if parts else None) or 22)
    # Nobody is there to type a password, or to say that a strange server is the right one.
    command = f"ssh -oBatchMode=yes -oConnectTimeout={max(int(remote.settings.timeout), 1)}"
    return clients.get_transport_and_path(
        remote.url, quiet=True, report_activity=count, ssh_command=command
    )


def _counted(kind: Any, count: Callable[[int, str], None]) -> Any:
    """``kind``, telling ``count`` what it reads; over HTTP dulwich itself tells nobody."""

    class Counted(kind):  # type: ignore[misc]
        def _http_request(self, *given: Any, **named: Any) -> tuple[Any, Callable[[int], bytes]]:
            response, read = super()._http_request(*given, **named)

            def counted(size: int = -1) -> bytes:
                data: bytes = read(size)
                count(len(data), "read")
                return data

            return response, counted

    return Counted


def _login(account: Account | None) -> tuple[str | None, str | None]:
    """Forges take a token for a password; whose it is they know."""
    if account is None:
        return None, None
    return account.user or "git", account.token or account.password


def _pool(remote: Remote, guard: Guard) -> Any:
    import urllib3
    from requests.utils import get_environ_proxies, select_proxy
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Retry(urllib3.Retry):
        def get_retry_after(self, *given: Any, **named: Any) -> float | None:
            wait = super().get_retry_after(*given, **named)
            return None if wait is None else min(wait, LONGEST_WAIT)

    timeout, retries = remote.settings.timeout, Retry(remote.settings.retries, redirect=HOPS)
    headers = {"User-Agent": "git/curate"}  # GitHub answers programs whose name begins so
    proxy = select_proxy(remote.url, get_environ_proxies(remote.url))
    if proxy:
        parts = urlsplit(remote.url)
        guard.check_name(parts.hostname or "", parts.port)
        return urllib3.ProxyManager(proxy, headers=headers, timeout=timeout, retries=retries)

    class Http(urllib3.HTTPConnectionPool):
        ConnectionCls = guarded(HTTPConnection, guard)

    class Https(urllib3.HTTPSConnectionPool):
        ConnectionCls = cast(Any, guarded(HTTPSConnection, guard))

    manager = urllib3.PoolManager(headers=headers, timeout=timeout, retries=retries)
    manager.pool_classes_by_scheme = {"http": Http, "https": Https}
    return manager


def _check_host(guard: Guard, host: str, port: int) -> None:
    """ssh resolves the name itself: all that it may find has to be allowed. A name that only its own
    configuration knows is the user's."""
    import socket

    with suppress(OSError, UnicodeError):
        for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if not guard.allows(host, port, str(where[0])):
                raise Forbidden(host, str(where[0]))


@contextmanager
def _told(remote: Remote) -> Iterator[None]:
    """What goes wrong, in words. Never the fault's own: it may repeat what the address holds."""
    name = shown(remote.url)
    try:
        yield
    except (CurateError, MemoryError):
        raise
    except Forbidden as fault:
        raise fault.said(name) from fault
    except Exception as fault:
        for inner in _chain(fault):
            if isinstance(inner, Forbidden):
                raise inner.said(name) from fault
        raise _error(name, fault) from fault


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault and what it came from."""
    while isinstance(fault, BaseException):
        yield fault
        inner = getattr(fault, "reason", None)
        fault = inner if isinstance(inner, BaseException) else fault.__cause__ or fault.__context__


def _error(name: str, fault: Exception) -> CurateError:
    kind = type(fault).__name__
    if kind in ("HTTPUnauthorized", "HTTPProxyUnauthorized"):
        return CurateError(
            f"{name} is not open to everyone", "name the account that may read it as `account`"
        )
    if kind == "NotGitRepository":
        return CurateError(f"{name} is no git repository", "check the address")
    if isinstance(fault, OSError) and fault.errno:
        return CurateError(
            f"{name} cannot be used: {fault.strerror}", "check the disk and run again"
        )
    lost = ("HangupException", "MaxRetryError", "ProtocolError", "TimeoutError")
    if any(isinstance(one, OSError) or type(one).__name__ in lost for one in _chain(fault)):
        return CurateError(
            f"{name} cannot be reached",
            "check the address, the connection and your ssh key, then run again",
        )
    return Garbled(f"{name} cannot be read as a git repository ({kind})", "check the address")
