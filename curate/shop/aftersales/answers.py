"""Answers to buyers' questions out of the bundle's own tutorial and the seller's answers, or none.

The search engine that the workspace uses finds what speaks of the question; how much of the question it
speaks of decides whether it is an answer. What nothing answers becomes a ticket: see ``tickets``.
"""

from __future__ import annotations

import hashlib
import math
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from curate import plugins, typed
from curate.bundle import history
from curate.errors import CurateError
from curate.indexes import Filters, Index, IndexBroken
from curate.indexes.tokens import fingerprint
from curate.model import Document
from curate.shop.aftersales import passages, wording
from curate.shop.aftersales.passages import Passage
from curate.shop.aftersales.wording import Term
from curate.workspace import Workspace

ENOUGH = 0.35
"""The share of a question, by the weight of its words, that a passage has to speak of."""
_VERSION = 1
"""Goes up with any change to how passages are cut and indexed."""
_CANDIDATES = 30
_LIST = "passages.json"
_KEPT = 16
_UNSEEN = 0.5
"""The weight of what stands nowhere: two halves of two words, or a word of how people talk."""
_LEFT = 0.3
"""That of one Chinese character that was left over."""
_HEADING = 0.5
_ENGINE = 0.3
"""What the heading, and the engine's own order, add among passages that speak of as much."""


@dataclass(frozen=True, slots=True)
class Found:
    """One answer; ``score`` is the share of the question that it speaks of, from ``ENOUGH`` to 1."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class _Library:
    """The passages of one release, ready to be asked."""

    index: Index
    passages: tuple[Passage, ...]
    headings: tuple[str, ...]  # as wording.spoken gives them
    texts: tuple[str, ...]


def find(
    workspace: Workspace, name: str, question: str, *, version: str = "", limit: int = 3
) -> tuple[Found, ...]:
    """The best passages about ``question`` for a buyer of collection ``name``, best first; () for none.

    ``version``: the release that they have; without it the newest on sale. Raises CurateError where
    tutorial or answers.toml cannot be read.
    """
    asked = wording.terms(question)
    place = _place(workspace, name, version) if asked else None
    if place is None:
        return ()
    trade = wording.is_trade(question)
    engine = workspace.settings.search.engine
    try:
        return _find(_opened(place, engine), asked, trade)[:limit]
    except IndexBroken:  # derived data: made anew, once
        _opened.cache_clear()
        shutil.rmtree(place, ignore_errors=True)
        again = _place(workspace, name, version)
        return _find(_opened(again, engine), asked, trade)[:limit] if again else ()


def offered(
    workspace: Workspace, name: str, question: str, *, version: str = ""
) -> tuple[Found, ...]:
    """As :func:`find`, for a page: a broken answers.toml is the seller's concern, and the buyer gets a person."""
    try:
        return find(workspace, name, question, version=version)
    except CurateError:
        return ()


def _find(library: _Library, asked: Sequence[Term], trade: bool) -> tuple[Found, ...]:
    weights = [_weight(library, term) for term in asked]
    hits = library.index.search(wording.query(asked), Filters(), _CANDIDATES).hits
    top = max((hit.score for hit in hits), default=1.0) or 1.0
    ranked = []
    for hit in hits:
        number = int(hit.id, 16)
        if trade and library.passages[number].kind == "tutorial":
            continue
        share = _share(library.texts[number], asked, weights)
        heading = _share(library.headings[number], asked, weights)
        if share >= ENOUGH and (heading or _supported(library.texts[number], asked)):
            rank = share + _HEADING * heading + _ENGINE * hit.score / top
            ranked.append((-rank, number, share))
    return tuple(
        Found(library.passages[number], round(share, 3))
        for _, number, share in _apart(library, ranked)
    )


def _apart(
    library: _Library, ranked: list[tuple[float, int, float]]
) -> list[tuple[float, int, float]]:
    """In order; an answer to the same question in other words comes once."""
    seen: set[str] = set()
    kept = []
    for one in sorted(ranked):
        text = library.passages[one[1]].text
        if text not in seen:
            seen.add(text)
            kept.append(one)
    return kept


def _supported(text: str, asked: Sequence[Term]) -> bool:
    """One word that is said somewhere by the way answers nothing, unless it is one that people ask help with."""
    said = [
        term for term in asked if any(wording.within(one, text) for one in (term.words, *term.same))
    ]
    return len(said) > 1 or any(term.same for term in said)


def _share(text: str, asked: Sequence[Term], weights: Sequence[float]) -> float:
    got = 0.0
    for term, weight in zip(asked, weights, strict=True):
        if wording.within(term.words, text):
            got += weight
        elif any(wording.within(words, text) for words in term.same):
            got += weight * wording.SAME
    return got / sum(weights)


def _weight(library: _Library, term: Term) -> float:
    """Rare words tell more (inverse document frequency, as in BM25)."""
    total = len(library.texts)
    those = [
        sum(wording.within(words, text) for text in library.texts)
        for words in (term.words, *term.same)
    ]
    often = those[0] or max(those)
    weight = math.log(1 + (total - often + 0.5) / (often + 0.5))
    if term.guessed and len(term.words) == 1:
        return weight * _LEFT
    return weight if often else weight * _UNSEEN


def _place(workspace: Workspace, name: str, version: str) -> Path | None:
    """Where the index lies, made where it is missing or anything it is made from has changed; None where
    there is nothing to ask."""
    own = passages.of_seller(workspace, name)
    home = workspace.build / name
    version = version or history.latest(home)
    folder = home / version if version else None
    if folder is None and not own:
        return None
    engine = workspace.settings.search.engine
    release = _released(folder) if folder else ""
    basis = msgspec.json.encode([_VERSION, engine, fingerprint(), release, own])
    place = workspace.state / "answers" / name / hashlib.sha256(basis).hexdigest()[:32]
    if not (place / _LIST).is_file():
        _make(place, engine, name, [*own, *(passages.of_tutorial(folder) if folder else [])])
    return place


@lru_cache(64)
def _released(folder: Path) -> str:
    """What tells the archive from every other; a release never changes once it is there."""
    return history.read(folder).archive.sha256


def _make(place: Path, engine: str, name: str, found: Sequence[Passage]) -> None:
    """Beside, then renamed: several processes may want it at once. What it replaces is removed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=place.parent))
    try:
        index: Index = plugins.load("indexes", engine)(part / engine)
        index.update(
            (
                Document(f"{number:08x}", name, one.heading, text=one.text)
                for number, one in enumerate(found)
            ),
            (),
        )
        (part / _LIST).write_bytes(msgspec.json.encode(found))
        with suppress(OSError):  # somebody else was quicker
            part.replace(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if not (place / _LIST).is_file():
        raise CurateError(f"{place} cannot be written", "see that the folder can be written to")
    _tidy(place.parent)


def _tidy(folder: Path) -> None:
    """Buyers have several versions; what nobody has asked for since so many others were made goes."""
    there = [one for one in folder.iterdir() if not one.name.startswith(".")]
    for old in sorted(there, key=lambda one: one.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


@lru_cache(16)
def _opened(place: Path, engine: str) -> _Library:
    try:
        found = tuple(typed.json((place / _LIST).read_bytes(), list[Passage]))
    except (OSError, msgspec.DecodeError) as fault:
        raise IndexBroken(
            f"{place} cannot be read: {fault}", "delete it: it is made anew"
        ) from fault
    index: Index = plugins.load("indexes", engine)(place / engine)
    headings = tuple(wording.spoken(one.heading) for one in found)
    texts = tuple(
        f"{heading}{wording.spoken(one.text)}" for heading, one in zip(headings, found, strict=True)
    )
    return _Library(index, found, headings, texts)
