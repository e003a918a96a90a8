"""Categories that a collection's own material suggests, ready for collection.toml."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from curate.catalog import Catalog
from curate.classify.suggest import LEAST, Proposal
from curate.classify.suggest import suggest as propose
from curate.classify.terms import Piece
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.messages import speaker
from curate.model import Language
from curate.pipeline.judge import Judge
from curate.pipeline.keep import choose
from curate.pipeline.ready import ready
from curate.workspace import Workspace, settle_names


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was proposed."""

    categories: tuple[Proposal, ...]
    toml: str  # as tables of collection.toml
    written: Path | None = None  # the file that they were appended to


def suggest(workspace: Workspace, name: str, count: int = 0, write: bool = False) -> Suggested:
    """Propose at most ``count`` categories, or as many as part the material best; the same every time.

    ``write`` appends them to collection.toml. Raises CurateError: too little material, it has to be
    collected or classified first; with ``write`` where it has categories already.
    """
    loaded = load(workspace, name)
    path = workspace.collection_file(name)
    if write:
        _none_there(path)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        judge = ready(workspace, catalog, loaded)
        found = propose(_pieces(catalog, judge, loaded), count)
    if not found:
        raise CurateError(
            f"'{name}' has too little to say for categories to be told from it",
            f"it takes {LEAST} resources or more with words in them: collect more, or write [[categories]] into {path}",
        )
    text = _toml(found, loaded.collection.language)
    if write:
        with workspace.writing():
            _append(path, text)
    return Suggested(tuple(found), text, path if write else None)


def _pieces(catalog: Catalog, judge: Judge, loaded: Loaded) -> Iterator[Piece]:
    """Every resource once: what is nearly the same as another one would weigh twice."""
    doubles = choose(catalog, loaded).kept
    for member in catalog.members(loaded.name):
        known = catalog.facts(member.sha256)
        if known and member.sha256 not in doubles:
            seen = judge.seen(catalog, member.sha256)
            yield Piece(seen.title, seen.keywords, seen.text, known[1].language)


def _toml(found: Sequence[Proposal], language: Language) -> str:
    say = speaker(language)
    tables = []
    for one in found:
        titles = say("”, “").join(map(_plain, one.examples))
        told = say("{n} resources, such as “{titles}”", n=f"{one.count:,}", titles=titles)
        words = ", ".join(map(_string, one.words))
        tables.append(
            f"# {told}\n[[categories]]\nname = {_string(one.name)}\ntitle = {_string(one.title)}\nwords = [{words}]\n"
        )
    return "\n".join(tables)


def _plain(text: str) -> str:
    """In one line without controls: TOML allows none in a comment, and titles are other people's."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:120]


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _none_there(path: Path) -> None:
    """Raises CurateError where ``path`` has categories: they are the user's."""
    with suppress(OSError, ValueError):  # what is wrong with it was told when it was loaded
        if "categories" in tomllib.loads(path.read_text("utf-8-sig")):
            raise CurateError(
                f"{path} has categories already, and they stay as they are",
                "leave out --write, and copy into it what you like",
            )


def _append(path: Path, text: str) -> None:
    """Add ``text`` at the end of collection.toml, all or nothing; what stands there stays as it is."""
    path = path.resolve()  # where a link leads
    before = path.read_bytes()
    _none_there(path)
    end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = b"" if before.endswith(b"\n") else end
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(before + gap + end + text.encode().replace(b"\n", end))
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    settle_names(path.parent)
