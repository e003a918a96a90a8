"""Compare what is new with all that is there; each pair that proves alike is written down once."""

from __future__ import annotations

from curate.catalog import Catalog
from curate.pipeline.alike import Media, Pictures, Texts, keys
from curate.pipeline.listener import Listener

BATCH = 200


def match(catalog: Catalog, listener: Listener) -> int:
    """Find the duplicates of every resource not compared yet; how many were compared."""
    waiting = catalog.unmatched()
    if not waiting:
        return 0
    from curate.dedupe import film, sound

    listener.stage("comparing", len(waiting))
    sides = (
        Texts(catalog),
        Pictures(catalog),
        Media(catalog, "sound", "near-audio", sound.alike),
        Media(catalog, "film", "near-video", film.alike),
    )
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        with catalog.transaction():
            for sha256 in batch:
                mark = catalog.fingerprint(sha256)
                found = [one for side in sides for one in side.near(sha256, mark)]
                # A text that is there already needs no keys of its own: its twin has them.
                twin = any(one.kind == "same-text" for one in found)
                bands, pieces = ([], []) if twin else (keys(mark.bands), keys(mark.pieces))
                catalog.put_match(sha256, bands, pieces, found)
        listener.step(len(batch))
    return len(waiting)
