"""Candidates for a new resource, each compared; one class for each side of a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from curate.catalog import Catalog, Side, int64s
from curate.model import Alike, Duplicate, Fingerprint, Message, main_text

if TYPE_CHECKING:
    from curate.dedupe.images import Known

FLOOR_TEXT = 0.7
"""Pairs less alike than this are not worth a row; a collection's own threshold is at least this."""
PARTLY = 0.86
"""Texts as near as this are editions; below it one may be a large part of the other."""
FLOOR_PART = 0.9
"""Chapters have 0.96 and more in their books; what strangers share is below, and mostly forms."""
FLOOR_IMAGE = 0.8
FLOOR_MEDIA = 0.8
RIVALS = 256
"""Most candidates verified for one document: those that share most keys."""


class Texts:
    """The same words, nearly the same, and one text inside another."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def near(self, sha256: str, mark: Fingerprint) -> Iterator[Duplicate]:
        if not mark.text:
            return
        for twin in self._catalog.same_texts(mark.text, RIVALS):
            if _look_alike(mark, self._catalog.fingerprint(twin)):
                yield pair(sha256, twin, "same-text", 1.0)
                return
        mine = main_text(self._catalog.text(sha256)) if mark.bands or mark.pieces else ""
        near = list(self._whole(sha256, mark, mine))
        yield from near
        named = {name for one in near if one.score >= PARTLY for name in (one.a, one.b)}
        yield from self._parts(sha256, mark, mine, named)

    def _whole(self, sha256: str, mark: Fingerprint, mine: str) -> Iterator[Duplicate]:
        from curate.dedupe.text import evidence, hopeless, similarity

        for other, _ in self._catalog.sharing("band", keys(mark.bands), RIVALS):
            theirs = self._catalog.fingerprint(other)
            least, most = sorted((mark.tokens, theirs.tokens))
            if least < FLOOR_TEXT * most / (2 - FLOOR_TEXT):
                continue  # lengths this far apart cannot reach the floor
            if hopeless(mark.bands, theirs.bands) or not _look_alike(mark, theirs):
                continue
            text = main_text(self._catalog.text(other))
            score = similarity(mine, text, FLOOR_TEXT)
            if score >= FLOOR_TEXT:
                # In the order of their hashes, whichever came first.
                told = evidence(mine, text) if sha256 < other else evidence(text, mine)
                yield pair(sha256, other, "near-text", score, told)

    def _parts(
        self, sha256: str, mark: Fingerprint, mine: str, near: set[str]
    ) -> Iterator[Duplicate]:
        """Wholes that this one is in, and parts that are in it."""
        from curate.dedupe.parts import LEAST, evidence, share

        mine_keys = keys(mark.pieces)
        for other, common in self._catalog.sharing("piece", mine_keys, RIVALS, LEAST):
            theirs = self._catalog.fingerprint(other)
            fewer = min(len(mine_keys), len(theirs.pieces) // 8)
            if other in near or 2 * common < fewer or mark.tokens == theirs.tokens:
                continue
            text = main_text(self._catalog.text(other))
            part, whole = (mine, text) if mark.tokens < theirs.tokens else (text, mine)
            score = share(part, whole)
            if score >= FLOOR_PART:
                inside = sha256 if mark.tokens < theirs.tokens else other
                yield pair(sha256, other, "part-text", score, evidence(part, whole), inside)


def _look_alike(one: Fingerprint, other: Fingerprint) -> bool:
    """Where both show more than they say, their first pages have to look alike too."""
    if not (one.page and other.page):
        return True
    from curate.dedupe.images import alike

    return alike(one.page, other.page) >= FLOOR_IMAGE


class Pictures:
    """What candidates are found by, of all images; the small pictures stay in the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names: list[str] = []
        self._known: Known | None = None

    def near(self, sha256: str, mark: Fingerprint) -> Iterator[Duplicate]:
        if not mark.image:
            return
        from curate.dedupe import images

        if self._known is None:
            heads = self._catalog.heads("image", images.HEAD)
            self._names = [name for name, _ in heads]
            self._known = images.Known(head for _, head in heads)
        for position in self._known.near(mark.image):
            other = self._names[position]
            found = images.compare(mark.image, self._catalog.fingerprint(other).image)
            if found.score >= FLOOR_IMAGE:
                kind: Alike = "turned-image" if found.turned else "near-image"
                yield pair(sha256, other, kind, found.score, found.evidence)
        self._names.append(sha256)
        self._known.add(mark.image)


class Media:
    """Recordings or films: few enough to hold all their signatures."""

    def __init__(
        self,
        catalog: Catalog,
        side: Side,
        kind: Alike,
        alike: Callable[[bytes, bytes], tuple[float, Message | None]],
    ) -> None:
        self._catalog, self._side, self._kind, self._alike = catalog, side, kind, alike
        self._known: dict[str, bytes] | None = None

    def near(self, sha256: str, mark: Fingerprint) -> Iterator[Duplicate]:
        mine = getattr(mark, self._side)
        if not mine:
            return
        if self._known is None:
            self._known = dict(self._catalog.heads(self._side, 1 << 30))
        for other, signature in self._known.items():
            score, told = self._alike(mine, signature)
            if score >= FLOOR_MEDIA:
                yield pair(sha256, other, self._kind, score, told)
        self._known[sha256] = mine


def keys(blob: bytes) -> list[int]:
    return [key for (key,) in int64s(blob)]


def pair(
    one: str,
    other: str,
    kind: Alike,
    score: float,
    evidence: Message | None = None,
    part: str = "",
) -> Duplicate:
    """The pair in its order; ``part`` names the one that is part of the other."""
    a, b = sorted((one, other))
    found = Duplicate(a, b, kind, round(score, 4), evidence)
    return msgspec.structs.replace(found, part="a" if part == a else "b") if part else found
