"""The same picture in another file: coarse waves of brightness find candidates, a small picture decides.

A short description of a picture calls flags of one layout, icons of one outline and pages of print the
same. So a signature also carries the picture itself, ``SIDE`` pixels square in luma and half of that in
chroma. Two of them are laid over each other, cropped and turned where need be, and compared everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from curate.dedupe.overlay import CELLS, SIDE, Overlay, Picture, Plane, lay, still
from curate.dedupe.waves import HEAD, TURNED, WAYS, Known, Way, directions, head, positions
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from PIL import Image

    from curate.dedupe.differences import Differences

__all__ = ["HEAD", "SAME", "SIZE", "Compared", "Known", "alike", "compare", "signature"]

SIZE = HEAD + SIDE * SIDE + 2 * CELLS * CELLS + 1
"""Bytes of a signature: waves, luma, blue and red difference, side; rows of bytes. The side is in pixels of the
file, between width and height, 255 being all from there."""

MIN_SIDE = 17  # pixels: icons of 16 and less are all alike
MAX_PIXELS = 400_000_000
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "ICO", "TGA", "PSD", "MPO", "PCX",
)  # fmt: skip
"""What Pillow reads by itself; others would start a foreign program (EPS) or wait for a file (WMF)."""

_FLAT = 4.0  # standard deviation of luma, of 255, below which a picture shows nothing


def signature(file: Path | IO[bytes]) -> bytes:
    """``SIZE`` bytes for the raster image in ``file``: upright (EXIF), transparent parts on white.

    Empty where it would say nothing: flat pictures, icons of 16 pixels, vector graphics, and files
    that cannot be decoded (extraction reports those).
    """
    from PIL import Image

    try:
        with Image.open(file, formats=FORMATS) as image:
            if min(image.size) < MIN_SIDE or image.width * image.height > MAX_PIXELS:
                return b""
            side = min(255, round(math.sqrt(image.width * image.height)))
            luma, blue, red = _small(image).split()
    except Exception:  # noqa: BLE001 - a damaged picture makes Pillow's decoders raise nearly anything
        return b""
    rows = np.asarray(luma)
    if rows.std() < _FLAT and max(np.asarray(blue).std(), np.asarray(red).std()) < _FLAT:
        return b""
    half = (CELLS, CELLS)
    chroma = b"".join(band.resize(half, Image.Resampling.BOX).tobytes() for band in (blue, red))
    return head(rows) + luma.tobytes() + chroma + bytes([side])


def _small(image: Image.Image) -> Image.Image:
    """``image`` as YCbCr, ``SIDE`` pixels square."""
    from PIL import Image, ImageOps

    # JPEG is decoded at 1/2, 1/4 or 1/8; four times the final size leaves the averaging to the resize.
    image.draft(None, (4 * SIDE, 4 * SIDE))
    orientation = image.getexif().get(0x0112, 1)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bits(image)
    clear = image.has_transparency_data
    if clear:  # each colour counts as much as it shows
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        image = image.convert("RGBa")
    elif image.mode not in ("RGB", "L"):
        image = image.convert("RGB")
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    if clear:
        bands = np.asarray(small).astype(np.uint16)
        paper = np.minimum(bands[..., :3] + (255 - bands[..., 3:]), 255).astype(np.uint8)
        small = Image.fromarray(paper)
    if orientation != 1:  # turning the small picture is the same and cheaper
        small.getexif()[0x0112] = orientation
        small = ImageOps.exif_transpose(small)
    return small.convert("RGB").convert("YCbCr")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey: of 8, 10, 12, 14 or 16 bits, the least that hold it; 0..1 or anything else in full."""
    from PIL import Image

    values = np.asarray(image, np.float32)
    low, high = float(values.min()), float(values.max())
    most = next((2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits), 0.0)
    if low < 0 or not most or high <= 1:
        values, most = values - low, max(high - low, 1e-6)
    return Image.fromarray((values * np.float32(255 / most)).astype(np.uint8))


@lru_cache(64)  # one picture is compared with many
def _picture(signed: bytes) -> Picture:
    values = np.frombuffer(signed[HEAD:-1], np.uint8).astype(np.float32)
    luma, chroma = values[: SIDE * SIDE], values[SIDE * SIDE :]
    return Picture(luma.reshape(SIDE, SIDE), chroma.reshape(2, CELLS, CELLS) - 128, signed[-1])


def _turn(picture: Picture, way: Way) -> Picture:
    def turned(plane: Plane) -> Plane:
        plane = plane.swapaxes(-1, -2) if way.swapped else plane
        plane = plane[..., ::-1, :] if way.down else plane
        return np.ascontiguousarray(plane[..., ::-1] if way.across else plane)

    return Picture(turned(picture.luma), turned(picture.chroma), picture.detail)


@dataclass(frozen=True, slots=True)
class Compared:
    """How alike two pictures are, and whether one had to be turned or flipped for that."""

    score: float  # 0..1, from ``SAME`` the same to a person
    turned: bool = False
    evidence: Message | None = None  # what a person can check


SAME = 0.85
_TRIED = 3  # turned positions: those that fit best


def alike(a: bytes, b: bytes) -> float:
    """How alike two pictures are as they stand: 0..1, from ``SAME`` the same to a person."""
    return _compare(a, b, False).score


def compare(a: bytes, b: bytes) -> Compared:
    """Compare two signatures, upright and in the seven other ways that a picture can be turned and flipped.

    Turned only where upright they are not the same. In either order the result is the same.
    """
    return _compare(a, b, True)


def _compare(a: bytes, b: bytes, turned: bool) -> Compared:
    if len(a) != SIZE or len(b) != SIZE:
        return Compared(0.0)
    if a[HEAD:-1] == b[HEAD:-1]:
        return Compared(1.0, False, msg("the small pictures of both are the same in every pixel"))
    first, second = sorted((a, b))
    one, two = _picture(first), _picture(second)
    best = _judged(still(one, two), WAYS[0])
    if best.score >= SAME:
        return best
    best = max(best, _judged(lay(one, two), WAYS[0]), key=lambda one: one.score)
    if best.score >= SAME or not turned:
        return best
    cosines = positions(first[:HEAD]) @ directions(np.frombuffer(second, np.int8, HEAD))
    for number in np.argsort(-cosines[1:], kind="stable")[:_TRIED] + 1:
        if cosines[number] < TURNED:
            break
        found = _judged(still(_turn(one, WAYS[number]), two), WAYS[number])
        best = max(best, found, key=lambda one: one.score)
    return best


_LIMIT = 0.012  # share of cells that differ without a reason
_CROPPED = 0.021  # the same where one was cropped: its pixels are no longer the same ones
_MARK = 0.06  # share of cells under a mark in a corner
_VEILED = 0.08  # and of those that half-transparent words change
_STRAY = 0.006  # share of cells that differ outside of the mark
_UNVEILED = 0.004
_LINES = 0.03  # what the edges beside see-through words may disagree by
_SHOWN = 0.3  # least share of the edges that lie outside of a mark
_BRIGHTER = "one is brighter, or its colours are stronger"
_COARSE = "one is small, so only its larger parts were compared"
_WIDE = 0.33  # least width of half-transparent words, of the picture


def _judged(over: Overlay | None, way: Way) -> Compared:
    from curate.dedupe.differences import differences

    if over is None:
        return Compared(0.0)
    found = differences(over)
    changes = [
        says
        for says, holds in (
            (way.says, bool(way.says)),
            ("one is cropped or framed", over.cropped),
            ("one is grey, so only brightness was compared", found.grey),
            (_BRIGHTER, found.toned),
        )
        if holds
    ]
    excess, says = _excess(found, over.cropped, len(changes))
    score = min(1 - (1 - SAME) * excess, 0.99 if over.cropped or way.says else 1.0)
    notes = [*changes, says] if says and says not in changes else changes
    return Compared(round(max(0.0, score), 4), bool(way.says), _evidence(found, notes))


def _excess(found: Differences, cropped: bool, changes: int) -> tuple[float, str]:
    """The worst measure, 1 being its limit, of the explanation that fits best; and what that is.

    Each of several changes leaves less to tell two pictures apart by; together they would let much pass.
    """
    whole = max((0.5 - found.shared) / 0.01, (1 - found.edges) / 0.4, 0.0)
    several = max(0, changes - 1)
    corner = max(
        whole, found.scattered / _STRAY, found.differ / _MARK, _SHOWN / (found.shown + 1e-3)
    )
    veil = max(
        2 * whole,
        (1 - found.edges) / _LINES,
        found.opaque / _UNVEILED,
        found.differ / _VEILED,
        2 * _SHOWN / (found.shown + 1e-3),
        _WIDE / (found.spread + 1e-3),
    )
    return min(
        (max(whole, found.differ / (_CROPPED if cropped else _LIMIT)) + several, ""),
        (corner + changes, "a mark in a corner is all that differs"),
        (veil + changes, "a see-through mark over the middle is all that differs"),
        (found.recoloured + max(0, changes - found.toned), _BRIGHTER),
        (found.coarse + several, _COARSE),
    )


def _evidence(found: Differences, notes: Sequence[str]) -> Message:
    share = f"{100 * (1 - found.differ):.0f}"
    if not notes:
        return msg("{share} % of the picture is the same in brightness and colour", share=share)
    if len(notes) == 1:
        return msg(
            "{share} % of the picture is the same in brightness and colour; {first}",
            share=share,
            first=notes[0],
        )
    return msg(
        "{share} % of the picture is the same in brightness and colour; {first}; {second}",
        share=share,
        first=notes[0],
        second=notes[1],
    )
