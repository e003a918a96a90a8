"""What files beside the material say about its rights: in its own folder and in those above.

Read once for each folder; a file then only asks. Never above the root of its source.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from curate.collectors.beside.paper import Disk, Paper, Shelf, Unreadable
from curate.model import UNREAD, Statement, Trouble

if TYPE_CHECKING:
    from curate.collectors.beside.debian import Copyright
    from curate.collectors.beside.reuse import Annotations, Sidecar

TABLE = "REUSE.toml"
TEXTS = "LICENSES"
DEBIAN = "debian-copyright"
PARAGRAPHS = 40
"""Paragraphs of their papers that are kept with every file."""
PACKAGES = 20
"""Debian packages unpacked in one place; where there are more, it is a whole system."""
_SIDECAR = ".license"
_OPENING = re.compile(
    r"/(?:(?:un)?licen[cs]e|copying|copyright/|read[ _-]?me|说明|說明|使用说|使用說|自述|读我|讀我"
    r"|许可|許可|授权|授權|版权|版權|reuse\.toml/|\.reuse/|debian/|usr/|metadata\.(?:json|desktop)/"
    r"|(?:data)?package\.json/|citation\.cff/"
    r"|[^/]*(?:eula|licen[cs]e|lizenz|resell|plr|mrr|terms|copyright|ofl|tos|许可|許可|授权|授權|使用条款|使用條款|商用)[^/]*\.txt/)"
)
_TEXT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*\.(?:txt|md|text|license)")
"""LICENSES/MIT.txt, LICENSES/LicenseRef-Own.txt, …"""


def is_speakable(name: str) -> bool:
    """Can it be written as UTF-8?"""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class Name(NamedTuple):
    """An entry of a folder with the name it is known by."""

    shown: str
    entry: os.DirEntry[str]

    @property
    def is_folder(self) -> bool:
        try:
            return self.entry.is_dir()
        except OSError:  # a link to itself
            return False


class Named(Protocol):
    """What ``beside`` needs to know of an entry."""

    @property
    def shown(self) -> str: ...

    @property
    def is_folder(self) -> bool: ...


class Folder(NamedTuple):
    """A folder that is about to be walked."""

    locator: str  # "" or ending in "/"
    path: str
    names: Sequence[Named]
    holds: Callable[[str], bool] = bool  # does a path stay inside the source, links resolved?
    elsewhere: Shelf | None = None  # who reads its files, where they are not on this disk

    @property
    def shelf(self) -> Shelf:
        return self.elsewhere or Disk(self.holds)

    def paper(self, name: str, *below: str) -> Paper:
        tail = "/".join((name, *below))
        return Paper(tail, f"{self.path}/{tail}", f"{self.locator}{tail}", self.shelf)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is said about the files of one folder."""

    licences: tuple[Statement, ...] = ()  # of the nearest folder that has any
    readme: tuple[
        Statement, ...
    ] = ()  # the nearest that names a licence, no licence file beside it
    manifests: tuple[Statement, ...] = ()  # of the nearest folder that has any
    tables: tuple[Annotations, ...] = ()  # REUSE.toml, the outermost first
    copyrights: tuple[tuple[str, Copyright], ...] = ()  # channel and file, the nearest first
    common: tuple[Statement, ...] = ()  # of all these, what holds for every file
    sidecars: Mapping[str, Sidecar] = field(default_factory=dict)  # by the name of the file
    silent: frozenset[str] = frozenset()  # names that are about material and none themselves
    troubles: tuple[Trouble, ...] = ()

    def statements(self, locator: str, name: str) -> tuple[Statement, ...]:
        """All that is said about the file ``name`` of this folder."""
        if not (self.tables or self.copyrights or self.sidecars):
            return self.common
        return tuple(dict.fromkeys((*self._about(locator, name), *self.common)))

    def _about(self, locator: str, name: str) -> Iterator[Statement]:
        from curate.collectors.beside.reuse import annotated

        own = self.sidecars.get(name)
        if own and own.statement:
            yield own.statement
        yield from annotated(self.tables, locator, own.tags if own else None)
        heard = set()
        for channel, file in self.copyrights:
            if channel not in heard and (said := file.of(locator)):
                heard.add(channel)
                yield from said

    def _below(self) -> Beside:
        """The same without what concerns this one folder."""
        if not (self.sidecars or self.silent or self.troubles):
            return self
        return replace(self, sidecars={}, silent=frozenset(), troubles=())


def beside(above: Beside, folder: Folder) -> Beside:
    """What is said about the files of ``folder``, which lies in the one that ``above`` is about."""
    if not _may_speak("/".join([name.shown for name in folder.names])):
        return above._below()
    speaking = [
        name for name in folder.names if _may_speak(name.shown) and is_speakable(name.shown)
    ]
    return _Reader(folder, speaking).read(above._below())


def _may_speak(names: str) -> bool:
    """Does one of ``names``, parted by slashes, sound as if it spoke about rights? In one look at
    all of a folder, for most folders have none."""
    lower = f"/{names}/".lower()
    return f"{_SIDECAR}/" in lower or _OPENING.search(lower) is not None


class _Reader:
    """Reads what speaks in one folder."""

    def __init__(self, folder: Folder, speaking: Sequence[Named]) -> None:
        self.folder = folder
        self.folders = {one.shown for one in speaking if one.is_folder}
        self.names = [one.shown for one in speaking if one.shown not in self.folders]
        self.troubles: list[Trouble] = []

    def read(self, above: Beside) -> Beside:
        from curate.collectors.beside.texts import is_licence, is_readme, licences, readme

        texts = [self.folder.paper(name) for name in self.names if is_licence(name)]
        said = tuple(licences(texts))
        prose = [self.folder.paper(name) for name in self.names if is_readme(name)]
        found = replace(
            above,
            licences=said or above.licences,
            readme=readme(prose, bans_only=bool(said)) or (() if said else above.readme),
            manifests=tuple(self._manifests()) or above.manifests,
            tables=(*above.tables, *self._tables()),
            copyrights=(*self._copyrights(), *above.copyrights),
            sidecars=dict(self._sidecars()),
        )
        return replace(
            found,
            common=(*found.licences, *found.readme, *found.manifests),
            silent=frozenset(self._silent(found.sidecars)),
            troubles=tuple(self.troubles),
        )

    def _manifests(self) -> Iterator[Statement]:
        from curate.collectors.beside.manifests import CHANNEL, READERS

        for name in self.names:
            if reader := READERS.get(name.lower()):
                paper = self.folder.paper(name)
                try:
                    yield from list(reader(paper))
                except Unreadable as fault:
                    yield self._broken(paper, CHANNEL, fault)

    def _tables(self) -> Iterator[Annotations]:
        from curate.collectors.beside.reuse import Annotations, table

        if TABLE in self.names:
            paper = self.folder.paper(TABLE)
            try:
                yield table(paper, self.folder.locator)
            except Unreadable as fault:
                yield Annotations(self.folder.locator, self._broken(paper, "reuse", fault))

    def _copyrights(self) -> Iterator[tuple[str, Copyright]]:
        if ".reuse" in self.folders:
            yield from self._copyright("reuse", ".reuse", "dep5")
        if "debian" in self.folders:
            yield from self._copyright(DEBIAN, "debian", "copyright")
        if "copyright" in self.names and not self.folder.locator.endswith("debian/"):
            yield from self._copyright(DEBIAN, "copyright")
        if "usr" in self.folders:
            yield from self._unpacked()

    def _unpacked(self) -> Iterator[tuple[str, Copyright]]:
        """Of Debian packages that were unpacked here. They name the files of their sources, so
        whatever they say may be about any file here."""
        from curate.collectors.beside.debian import Copyright, copyright

        said: list[Statement] = []
        packages = self._entries("usr/share/doc")
        for package in packages if len(packages) <= PACKAGES else ():
            paper = self.folder.paper("usr", "share", "doc", package, "copyright")
            try:
                found = copyright(paper, "", DEBIAN) if paper.exists() else None
            except Unreadable:
                said.append(paper.silence(DEBIAN))  # its reason is told where it lies
            else:
                said += found.anywhere() if found else ()
        if said:
            yield DEBIAN, Copyright("", _bounded(said))

    def _copyright(self, channel: str, *names: str) -> Iterator[tuple[str, Copyright]]:
        from curate.collectors.beside.debian import Copyright, copyright

        paper = self.folder.paper(*names)
        if not paper.exists():
            return
        try:
            found = copyright(paper, self.folder.locator, channel)
        except Unreadable as fault:
            found = Copyright(self.folder.locator, (self._broken(paper, channel, fault),))
        if found:
            yield channel, found

    def _sidecars(self) -> Iterator[tuple[str, Sidecar]]:
        from curate.collectors.beside.reuse import Sidecar, Tags, sidecar

        names = [name for name in self.names if name.endswith(_SIDECAR) and name != _SIDECAR]
        if not names:
            return
        files = {one.shown for one in self.folder.names if not one.is_folder}
        for name in names:
            main = name.removesuffix(_SIDECAR)
            if main in files:
                paper = self.folder.paper(name)
                try:
                    yield main, sidecar(paper)
                except Unreadable as fault:
                    yield (
                        main,
                        Sidecar(Tags(paper.where), self._broken(paper, "reuse-sidecar", fault)),
                    )

    def _silent(self, sidecars: Mapping[str, Sidecar]) -> Iterator[str]:
        """What is about the material, as system litter is about systems."""
        yield from (f"{main}{_SIDECAR}" for main in sidecars)
        if TABLE in self.names:
            yield TABLE
        if TEXTS in self.folders and self._holds_licences(TEXTS):
            yield TEXTS

    def _holds_licences(self, name: str) -> bool:
        found = self._entries(name)
        return bool(found) and all(_TEXT_NAME.fullmatch(one) for one in found)

    def _entries(self, name: str) -> list[str]:
        try:
            found = self.folder.shelf.names(f"{self.folder.path}/{name}")
        except OSError:
            return []
        return sorted(one for one in found if is_speakable(one))

    def _broken(self, paper: Paper, channel: str, fault: Unreadable) -> Statement:
        # A file that is material too keeps its locator for itself.
        own = paper.name.startswith((TABLE, ".reuse/")) or channel == "reuse-sidecar"
        locator = paper.where if own else f"{paper.where}#rights"
        self.troubles.append(Trouble(locator, fault.reason, retry=False, hides=False))
        return paper.silence(channel)


def _bounded(said: list[Statement]) -> tuple[Statement, ...]:
    """Each once, and no more than a person would read: they are kept with every file."""
    found = list(dict.fromkeys(said))
    if len(found) <= PARAGRAPHS:
        return tuple(found)
    more = f"{len(found) - PARAGRAPHS} more paragraphs were not kept"
    return (*found[:PARAGRAPHS], Statement(more, DEBIAN, found[PARAGRAPHS].where, license=UNREAD))
