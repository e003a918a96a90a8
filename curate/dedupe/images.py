"""The same picture in another file: a perceptual hash finds candidates, a small picture decides.

The hash alone calls flags of one layout, icons of one outline and pages of print the same. So the
signature also carries the picture itself, ``SIDE`` pixels square in luma and half of that in chroma,
and two pictures are alike only where brightness, colour and every region agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curate.model import Message

if TYPE_CHECKING:
    from PIL import Image

DISTANCE = 16  # bits of 64 that may differ in a candidate
SIDE = 64
_HALF = SIDE // 2
SIZE = 8 + SIDE * SIDE + 2 * _HALF * _HALF
"""Bytes of a signature: pHash as little-endian uint64, luma, blue and red difference; rows of bytes."""

MIN_SIDE = 17  # pixels: icons of 16 and less are all alike
MAX_PIXELS = 400_000_000
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "ICO", "TGA", "PSD", "MPO", "PCX",
)  # fmt: skip
"""What Pillow reads by itself; others would start a foreign program (EPS) or wait for a file (WMF)."""

_FLAT = 4.0  # standard deviation of luma, of 255, below which a picture shows nothing
_GREY = 3.0  # mean chroma, of 128, below which a picture has no colour


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
            small = _small(image)
    except Exception:  # noqa: BLE001 - a damaged picture makes Pillow's decoders raise nearly anything
        return b""
    luma, blue, red = small.split()
    grey = np.asarray(luma, np.float32)
    if grey.std() < _FLAT and max(np.asarray(blue).std(), np.asarray(red).std()) < _FLAT:
        return b""
    half = (_HALF, _HALF)
    chroma = b"".join(band.resize(half, Image.Resampling.BOX).tobytes() for band in (blue, red))
    return int(phash(grey)).to_bytes(8, "little") + luma.tobytes() + chroma


def _small(image: Image.Image) -> Image.Image:
    """``image`` as YCbCr, ``SIDE`` pixels square."""
    from PIL import Image, ImageOps

    # JPEG is decoded at 1/2, 1/4 or 1/8; four times the final size leaves the averaging to the resize.
    image.draft(None, (4 * SIDE, 4 * SIDE))
    orientation = image.getexif().get(0x0112, 1)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, np.float32)
        low, high = float(values.min()), float(values.max())
        image = Image.fromarray(((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    small = image.convert(mode).resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    if mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    if orientation != 1:  # turning the small picture is the same and cheaper
        small.getexif()[0x0112] = orientation
        small = ImageOps.exif_transpose(small)
    return small.convert("YCbCr")


@cache
def _cosines() -> NDArray[np.float32]:
    """The first 9 rows of the DCT-II matrix of ``SIDE`` points, but for the constant one: 8 x SIDE."""
    row = np.arange(1, 9, dtype=np.float64)[:, None]
    place = np.arange(SIDE, dtype=np.float64)[None, :]
    return np.cos(np.pi * row * (2 * place + 1) / (2 * SIDE)).astype(np.float32)


def phash(luma: NDArray[np.float32]) -> np.uint64:
    """64 bits: which of the 8 x 8 lowest frequencies of ``luma`` (SIDE x SIDE) lie above their median."""
    frequencies = _cosines() @ luma @ _cosines().T
    # Rounded, so that a last bit of floating point on another processor cannot turn a bit of the hash.
    values = np.round(frequencies.ravel(), 1)
    bits = values > np.median(values)
    return np.uint64(int("".join("1" if bit else "0" for bit in bits), 2))


@dataclass(frozen=True, slots=True)
class _Picture:
    """A signature unpacked: luma, and chroma around its neutral 0."""

    luma: NDArray[np.float32]  # SIDE x SIDE
    chroma: NDArray[np.float32]  # 2 x SIDE/2 x SIDE/2

    def cut(self, share: float) -> _Picture:
        """The middle of the picture, without ``share`` of each side's length, at the same size."""
        from PIL import Image

        def middle(plane: NDArray[np.float32]) -> NDArray[np.float32]:
            side = plane.shape[0]
            edge = side * share / 2
            box = (edge, edge, side - edge, side - edge)
            image = Image.fromarray(plane)
            return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box))

        return _Picture(middle(self.luma), np.stack([middle(plane) for plane in self.chroma]))


def _picture(signed: bytes) -> _Picture:
    values = np.frombuffer(signed, np.uint8, offset=8).astype(np.float32)
    return _Picture(
        values[: SIDE * SIDE].reshape(SIDE, SIDE),
        values[SIDE * SIDE :].reshape(2, _HALF, _HALF) - 128,
    )


def alike(a: bytes, b: bytes) -> float:
    """How alike the pictures behind two signatures are: 0..1, from 0.85 the same to a person.

    The least of three: edges correlate, no region differs more than the rest, colours agree. Where the
    edges nearly correlate, one picture may also be the other one cropped or framed by up to a tenth.
    A picture without colour is the same as a coloured one only when its brightness is the same.
    """
    if len(a) != SIZE or len(b) != SIZE:
        return 0.0
    if a[8:] == b[8:]:
        return 1.0
    one, two = _picture(a), _picture(b)
    best, score = _compare(one, two)
    if _CROPPED <= best < _STRUCTURE:
        for share in _CUTS:
            for first, second in ((one.cut(share), two), (one, two.cut(share))):
                edges, value = _compare(first, second)
                if edges > best:
                    best, score = edges, min(value, 0.99)
    return round(score, 4)


@dataclass(frozen=True, slots=True)
class Compared:
    """How alike two pictures are, and whether one had to be turned or flipped for that."""

    score: float  # 0..1
    turned: bool = False
    evidence: Message | None = None  # what a person can check


def compare(a: bytes, b: bytes) -> Compared:
    """Compare two signatures, upright and in the seven other ways that a picture can be turned and flipped."""
    return Compared(alike(a, b))


def near(stored: NDArray[np.uint64], signature: bytes) -> Iterator[int]:
    """Places in ``stored`` whose hash is near to that of ``signature`` in any of its eight positions."""
    for place, _ in candidates(stored, hashes([signature])):
        yield place


_STRUCTURE = 0.93  # correlation of the edges that counts as the same
_CROPPED = 0.3
_CUTS = (0.025, 0.05, 0.075, 0.1)
_HUE = 1.0  # colour that differs somewhere, of the mean colour, that is another colour
_LINE = 0.15  # what a measure at its limit takes from the score


def _compare(one: _Picture, two: _Picture) -> tuple[float, float]:
    """Correlation of the edges, and the score."""
    fine = _shrink(one.luma, 2), _shrink(two.luma, 2)
    coarse = _edges(_shrink(fine[0], 2)), _edges(_shrink(fine[1], 2))
    edges = _correlation(*coarse)
    if edges < 0.7:
        return edges, max(0.0, edges)
    limits = [(1 - edges) / (1 - _STRUCTURE), _region(*fine) / 0.5, _colour(one, two, fine)]
    return edges, max(0.0, 1 - _LINE * max(limits))


def _region(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """How far the tenth of the picture that differs most differs, in standard deviations."""
    left = (one - one.mean()) / (one.std() + 1)
    right = (two - two.mean()) / (two.std() + 1)
    blocks = _shrink(np.abs(left - right), 4).ravel()
    return float(np.sort(blocks)[-6:].mean())


def _colour(
    one: _Picture, two: _Picture, fine: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> float:
    """How far the colours disagree; 1 is the limit. Stronger and weaker colours are no disagreement."""
    strength = [float(np.hypot(*picture.chroma).mean()) for picture in (one, two)]
    apart = float(np.abs(one.chroma - two.chroma).mean())
    if min(strength) < _GREY <= max(strength) and apart > 2:
        return max(
            float(np.abs(fine[0] - fine[1]).mean()) / 4,
            (1 - _correlation(_edges(fine[0]), _edges(fine[1]))) / 0.015,
        )
    amount = apart / (1.5 + 0.35 * max(strength))
    if max(strength) < _GREY + 1:
        return amount
    product = float((one.chroma * two.chroma).sum())
    lengths = float(np.linalg.norm(one.chroma)), float(np.linalg.norm(two.chroma))
    cosine = product / (lengths[0] * lengths[1] + 1e-6)
    # Saturation scales all colours alike; what a common scale leaves over, somewhere, is another colour.
    left = np.hypot(*(one.chroma / (lengths[0] + 1) - two.chroma / (lengths[1] + 1)))
    worst = float(np.sort(_shrink(left, 4).ravel())[-6:].mean()) * _HALF  # of the mean colour
    return max(amount, (1 - cosine) / 0.2, worst / _HUE if max(strength) > 4 * _GREY else 0.0)


def _shrink(plane: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    height, width = plane.shape
    means: NDArray[np.float32] = plane.reshape(height // by, by, width // by, by).mean((1, 3))
    return means


def _edges(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([np.diff(plane, axis=0).ravel(), np.diff(plane, axis=1).ravel()])


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    one, two = one - one.mean(), two - two.mean()
    return float((one * two).sum()) / float(np.linalg.norm(one) * np.linalg.norm(two) + 1e-6)


def hashes(signatures: Sequence[bytes]) -> NDArray[np.uint64]:
    """The perceptual hashes at the head of ``signatures``, in order. Raises ValueError for an empty one."""
    if not all(signatures):
        raise ValueError("a resource without a signature has no perceptual hash")
    return np.frombuffer(b"".join(one[:8] for one in signatures), np.dtype("<u8")).astype(np.uint64)


def candidates(
    stored: NDArray[np.uint64], new: NDArray[np.uint64], distance: int = DISTANCE
) -> Iterator[tuple[int, int]]:
    """Pairs (index in ``stored``, index in ``new``) whose hashes differ in at most ``distance`` bits.

    Compares all with all: 50,000 stored hashes cost about half a millisecond for each new one.
    """
    for number, value in enumerate(new):
        near = np.bitwise_count(stored ^ value) <= distance
        for place in np.flatnonzero(near):
            yield int(place), number
