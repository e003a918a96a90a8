"""Compare what is new with all that is there; each pair that proves alike is written down once."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from curate.catalog import Catalog
from curate.model import Duplicate, Fingerprint, main_text
from curate.pipeline.listener import Listener

FLOOR_TEXT = 0.7
"""Pairs less alike than this are not worth a row; a collection's own threshold is at least this."""
FLOOR_IMAGE = 0.8
RIVALS = 256
"""Most candidates verified for one document: those that share most bands."""
BATCH = 200


def match(catalog: Catalog, listener: Listener) -> int:
    """Find the duplicates of every resource not compared yet; how many were compared."""
    waiting = catalog.unmatched()
    if not waiting:
        return 0
    listener.stage("comparing", len(waiting))
    pictures = _Pictures(catalog)
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        with catalog.transaction():
            for sha256 in batch:
                mark = catalog.fingerprint(sha256)
                keys = [key for (key,) in struct.iter_unpack("<q", mark.bands)]
                found = [*_texts(catalog, sha256, mark, keys), *pictures.near(sha256, mark.image)]
                # A text that is there already needs no bands of its own: its twin has them.
                twin = any(one.kind == "same-text" for one in found)
                catalog.put_match(sha256, () if twin else keys, found)
        listener.step(len(batch))
    return len(waiting)


def _texts(
    catalog: Catalog, sha256: str, mark: Fingerprint, keys: list[int]
) -> Iterator[Duplicate]:
    if not mark.text:
        return
    for twin in catalog.same_texts(mark.text, RIVALS):
        if _look_alike(mark, catalog.fingerprint(twin)):
            yield pair(sha256, twin, "same-text", 1.0)
            return
    if not keys:
        return
    from curate.dedupe.text import similarity

    mine = ""
    for other in catalog.sharing_bands(keys, RIVALS):
        theirs = catalog.fingerprint(other)
        least, most = sorted((mark.tokens, theirs.tokens))
        if least < FLOOR_TEXT * most / (2 - FLOOR_TEXT):
            continue  # lengths this far apart cannot reach the floor
        if not _look_alike(mark, theirs):
            continue
        mine = mine or main_text(catalog.text(sha256))
        score = similarity(mine, main_text(catalog.text(other)))
        if score >= FLOOR_TEXT:
            yield pair(sha256, other, "near-text", round(score, 4))


def _look_alike(one: Fingerprint, other: Fingerprint) -> bool:
    """Where both show more than they say, their first pages have to look alike too."""
    if not (one.page and other.page):
        return True
    from curate.dedupe.images import alike

    return alike(one.page, other.page) >= FLOOR_IMAGE


class _Pictures:
    """The perceptual hashes of all images, 8 bytes each; the small pictures stay in the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names: list[str] = []
        self._hashes = bytearray()
        self._loaded = False

    def near(self, sha256: str, signature: bytes) -> Iterator[Duplicate]:
        if not signature:
            return
        import numpy as np

        from curate.dedupe import images

        if not self._loaded:
            for name, head in self._catalog.image_hashes():
                self._names.append(name)
                self._hashes += head
            self._loaded = True
        if self._hashes:
            # A copy: 8 bytes an image, where a view would forbid the array to grow.
            known = np.frombuffer(bytes(self._hashes), "<u8")
            for position, _ in images.candidates(known, images.hashes([signature])):
                other = self._names[position]
                score = images.alike(signature, self._catalog.fingerprint(other).image)
                if score >= FLOOR_IMAGE:
                    yield pair(sha256, other, "near-image", round(score, 4))
        self._names.append(sha256)
        self._hashes += signature[:8]


def pair(one: str, other: str, kind: str, score: float) -> Duplicate:
    a, b = sorted((one, other))
    return Duplicate(a, b, kind, score)  # type: ignore[arg-type]
