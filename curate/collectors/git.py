"""A git repository at a commit: its files, with the licences that stand in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta

from curate import typed
from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.folder import check_path
from curate.collectors.patterns import matcher
from curate.collectors.unpack import Bounds, Contents, Entry, Refused, Shelf, Unpacked, Writer
from curate.collectors.unpack.names import encoding
from curate.collectors.unpack.writer import MIB
from curate.collectors.walk import Shelved, Walk, listing
from curate.errors import CurateError
from curate.fetch import repositories, shown
from curate.fetch.credentials import account
from curate.messages import msg
from curate.model import Candidate, Trouble
from curate.workers import Failed, Limits, unordered
from curate.workspace import remember, unusable

SPEAKING = ("LICENSES", ".reuse", "debian")
"""Folders beside the way to what is asked for that may say something about it."""
NAMING = ("HEAD", "packed-refs", "refs")
"""What changes in a repository when another commit is meant."""
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LAST = "last.json"
_FORGES = {
    "github.com": "https://github.com/{repository}/blob/{commit}/{path}",
    "gitee.com": "https://gitee.com/{repository}/blob/{commit}/{path}",
    "codeberg.org": "https://codeberg.org/{repository}/src/commit/{commit}/{path}",
    "bitbucket.org": "https://bitbucket.org/{repository}/src/{commit}/{path}",
}


class GitSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="git"):
    """``type = "git"``: the files of a git repository at one commit. What is in Git LFS or in
    submodules is left out, with a reason."""

    first: ClassVar[str] = "url"

    url: str
    """https://…, ssh://…, git@host:path, or the path of a repository on this computer."""
    ref: str = ""
    """A branch, a tag or all 40 digits of a commit; the repository's own default where empty."""
    path: str = ""
    """A folder of the repository that alone is taken; licences above it still count."""
    include: tuple[str, ...] = ("**",)
    """Globs of what to take, as in .gitignore; upper and lower case are the same."""
    exclude: tuple[str, ...] = ()
    """Globs of what to leave out; wins over include, and a folder goes with all below it."""
    account: str = ""
    """Name of the account that may read it over https; its token or password is kept elsewhere."""
    max_unpacked_mb: Annotated[int, Meta(ge=1)] = 4096
    """Largest content of the commit, in MiB."""

    def __post_init__(self) -> None:
        if not self.url.strip() or not self.url.isprintable():
            raise ValueError("url is empty or holds control characters")
        if repositories.is_path(self.url):
            check_path(self.url, "the folder of the repository", "url")
        elif "://" in self.url:
            parts = urlsplit(self.url)
            if parts.scheme not in ("https", "http", "ssh"):
                raise ValueError(
                    f"url: {parts.scheme}:// is not among https://, http:// and ssh://"
                )
            if parts.password or (parts.username and parts.scheme != "ssh"):
                raise ValueError("url holds a password or token; name an account instead")
        if self.ref.startswith("-") or re.search(r"[\s~^:?*\[\\\x00-\x1f]|\.\.", self.ref):
            raise ValueError(f"ref {self.ref!r} is no branch, tag or commit")
        if ".." in self.path.split("/"):
            raise ValueError("path leads out of the repository")
        for pattern in (self.include, self.exclude):
            matcher(pattern)

    def watched(self, folder: Path) -> tuple[Path, ...]:
        """What names the commits of a repository here; the rest of it changes at every `git status`."""
        if not repositories.is_path(self.url):
            return ()
        home = folder / Path(self.url).expanduser()
        inner = home / ".git" if (home / ".git").is_dir() else home
        named = [inner / name for name in NAMING if (inner / name).exists()]
        return tuple(named) or (home,)

    @property
    def place(self) -> str:
        below = f"/{self.path.strip('/')}" if self.path.strip("/") else ""
        return shown(self.url) + below + (f"#{self.ref}" if self.ref else "")


class GitCollector:
    """Fetches a commit once, without history, and walks its files like any folder."""

    options: ClassVar[type[Source]] = GitSource

    def __init__(self, options: GitSource, context: Context) -> None:
        self._source = options
        self._folder = context.folder
        self._cache = context.cache
        self._settings = context.fetcher.settings
        self._pace = context.fetcher.pace

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Every file at the commit. Raises CurateError where it cannot be had."""
        import tempfile

        if self._cache:
            yield from self._in(self._cache)
        else:
            with tempfile.TemporaryDirectory(prefix="curate-") as folder:
                yield from self._in(Path(folder))

    def _in(self, cache: Path) -> Iterator[Candidate | Trouble]:
        source = self._source
        task = Task(
            self._remote(), "", source.path.strip("/"), cache, Bounds(source.max_unpacked_mb * MIB)
        )
        with repositories.turn(task.remote, self._pace):
            task = task._replace(wanted=repositories.resolve(task.remote, source.ref))
        shelf = Shelf(cache / "unpacked")
        identity = f"{task.remote.url}\n{task.wanted}\n{task.below}\n{task.bounds.size}"
        try:
            found = shelf.get(identity, lambda folder: self._brought(task, folder))
        except Refused as refused:
            raise CurateError(
                f"{source.place}: {refused.reason}", "see the source's options"
            ) from refused
        yield from self._walk(found, task.below)
        if _recall(cache / _LAST) != found.contents:
            remember(cache / _LAST, msgspec.json.encode(found.contents))
        shelf.tidy()

    def _brought(self, task: Task, folder: Path) -> Contents:
        # Here, as the process that asks the server knows nothing of the other sources.
        with repositories.turn(task.remote, self._pace):
            return _worked(task, folder)

    def _walk(self, found: Unpacked, below: str) -> Iterator[Candidate | Trouble]:
        if below and not (found.folder / below).is_dir():
            raise CurateError(
                f"{self._source.place} holds no folder {below!r}", "correct `path` in the source"
            )
        walk = Walk(self._source.include, self._source.exclude, below=below)
        ground = Shelved(found)
        yield from walk.through(ground, listing(ground.root), found.contents.omitted)

    def _remote(self) -> repositories.Remote:
        source = self._source
        if repositories.is_path(source.url):
            path = (self._folder / Path(source.url).expanduser()).absolute()
            return repositories.Remote(str(path), self._settings)
        login = account(source.account) if source.account else None
        return repositories.Remote(source.url, self._settings, login)


class Task(NamedTuple):
    """A commit, and where its files go."""

    remote: repositories.Remote
    wanted: str  # id of a commit or a tag
    below: str
    cache: Path
    bounds: Bounds
    folder: Path = Path()


def _worked(task: Task, folder: Path) -> Contents:
    """In a process of its own: what a server sends may unpack to more than the memory holds."""
    limits = Limits(workers=1, seconds=3600, memory_mb=2048 + 2 * task.remote.settings.max_mb)
    for _, found in unordered(_export, [task._replace(folder=folder)], limits):
        if isinstance(found, Failed):
            raise _ended(task.remote, str(found.reason))
        if isinstance(found, CurateError):
            raise found
        if found.refused:
            raise Refused(found.refused)
        return found
    raise _ended(task.remote, "the reader crashed")


def _ended(remote: repositories.Remote, reason: str) -> CurateError:
    return CurateError(
        f"{shown(remote.url)}: {reason}",
        "run again; if it ends so again, give `path` to take less of it",
    )


def _export(task: Task) -> Contents | CurateError:
    """A fault comes back as a value: only so its hint arrives as it is."""
    try:
        return _exported(task)
    except CurateError as fault:
        return fault
    except OSError as fault:
        return unusable(fault, task.cache)


def _exported(task: Task) -> Contents:
    remote = task.remote
    clone = Path(remote.url)
    if not remote.local:
        clone = task.cache / "clone.git"
        try:
            repositories.fetch(remote, task.wanted, clone)
        except repositories.Garbled:
            shutil.rmtree(clone)  # half a clone may be what is wrong with it
            repositories.fetch(remote, task.wanted, clone)
    writer = Writer(task.folder, task.bounds, 0)
    try:
        with repositories.Repository(clone) as repository:
            return _Export(repository, task, writer).run()
    except Refused as refused:
        return Contents(refused=refused.reason)
    except CurateError:
        if not remote.local:
            shutil.rmtree(clone, ignore_errors=True)  # another run fetches it anew
        raise


class _Export:
    """The files of one commit on their way to a folder."""

    def __init__(self, repository: repositories.Repository, task: Task, writer: Writer) -> None:
        self._repository = repository
        self._remote = task.remote
        self._below = task.below.encode()
        self._writer = writer
        self._commit = repository.commit(task.wanted)
        self._before = _recall(task.cache / _LAST).files

    def run(self) -> Contents:
        # First the names alone: what is too much is refused before anything is written.
        found = []
        for entry in self._repository.entries(self._commit.tree, self._counted):
            self._writer.count()
            if self._enters(entry.path.rpartition(b"/")[0]):
                found.append(entry)
        for entry in found:
            self._write(entry, _text(entry.path))
        return self._writer.close()

    def _counted(self, folder: bytes) -> bool:
        self._writer.count()
        return self._enters(folder)

    def _enters(self, folder: bytes) -> bool:
        """Is ``folder`` asked for, or on the way there, or does it speak beside the way?"""
        below, here = self._below + b"/", folder + b"/"
        if not self._below or here.startswith(below) or below.startswith(here) or not folder:
            return True
        above, _, name = folder.rpartition(b"/")
        return name.decode("utf-8", "replace") in SPEAKING and below.startswith(
            above + b"/" if above else b""
        )

    def _write(self, entry: repositories.Entry, name: str) -> None:
        if entry.is_repository:
            self._writer.omit(
                name, msg("it is a submodule, another repository; make it a source of its own")
            )
            return
        known = self._before.get(name)
        if known is None or known.stamp != entry.id:
            # An older link to the same bytes stays: with a new one for each commit, all that a person
            # decided about them would look out of date.
            link = _link(self._remote.url, self._commit.id, entry.path)
            known = Entry(0, entry.id, link, float(self._commit.time))
        try:
            data = self._repository.data(entry.id)
        except CurateError as fault:
            self._writer.omit(name, msg("{fault}", fault=fault.message), retry=True)
            return
        if entry.is_link:
            self._writer.link(name, data.decode("utf-8", "replace"), known.modified, known.url)
        elif data.startswith(_POINTER) and len(data) < 1024:
            self._writer.omit(name, msg("its bytes are in Git LFS, not in the repository itself"))
        else:
            self._writer.file(name, (data,), known.modified, known.stamp, known.url)


def _text(path: bytes) -> str:
    return path.decode(encoding([path]), "replace")


def _link(url: str, commit: str, path: bytes) -> str:
    """Where a person can see the file; "" where that is not known."""
    if repositories.is_path(url):
        return ""
    if "://" in url:
        parts = urlsplit(url)
        host, below = (parts.hostname or "").lower(), parts.path
    else:
        host, _, below = url.rpartition("@")[2].partition(":")
    form = _FORGES.get(host)
    if form is None and "gitlab" in host:
        form = f"https://{host}/{{repository}}/-/blob/{{commit}}/{{path}}"
    if form is None:
        return ""
    repository = quote(below.strip("/").removesuffix(".git"))
    return form.format(repository=repository, commit=commit, path=quote(path))


def _recall(file: Path) -> Contents:
    try:
        return typed.json(file.read_bytes(), Contents)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return Contents()
