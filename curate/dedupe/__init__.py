"""Who is the same as whom, to a person: near text, near pictures, clusters and their keepers.

Workers compute a ``Fingerprint`` for each resource; the coordinator finds candidates by it (shared
bands, shared pieces, near perceptual hashes), verifies them with ``text.similarity``, ``parts.share``
or ``images.alike`` and joins what remains with ``clusters``.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from curate.model import Extracted, Fingerprint, main_text

VERSION = 5
"""Part of the key of every stored fingerprint: raise it when a fingerprint of the same bytes changes."""

SPARSE = 150
"""Tokens on a page below which its picture has a say in whether two documents are the same."""


def fingerprint(extracted: Extracted, path: Path) -> Fingerprint:
    """What near duplicates of ``extracted``, whose bytes lie at ``path``, are found by.

    Runs in a worker. The image side is empty for anything but raster images, and for pictures that
    would match each other by having nothing in them (see ``images.signature``).
    """
    from curate.dedupe.parts import WORDS, pieces
    from curate.dedupe.text import sign, tokens

    text = main_text(extracted.text)
    digest, words, bands = sign(text)
    if extracted.kind == "image" and words < SPARSE:
        digest = bands = b""  # a title and the labels of an axis stand in many drawings
    runs = pieces(tokens(text)) if digest and words >= WORDS else b""
    image = page = b""
    if extracted.kind == "image" or (digest and _is_drawn(extracted, words)):
        from curate.dedupe.images import signature

        if extracted.kind == "image":
            image = signature(path)
        else:
            page = signature(BytesIO(extracted.thumbnail))
    return Fingerprint(digest, words, bands, runs, image, page, *_played(extracted, path))


def _played(extracted: Extracted, path: Path) -> tuple[bytes, bytes]:
    """What is heard, and what is shown: of a film both are on its side, for its sound alone is not the film."""
    if extracted.kind == "audio":
        from curate.dedupe import sound

        return sound.signature(path, extracted.format), b""
    if extracted.kind == "video":
        from curate.dedupe import film

        return b"", film.signature(path, extracted.format)
    return b"", b""


def _is_drawn(extracted: Extracted, tokens: int) -> bool:
    """Do its pages show more than they say? Charts with the same labels are not the same chart."""
    pages = extracted.properties.get("pages")
    return bool(extracted.thumbnail) and isinstance(pages, int) and tokens < SPARSE * pages
