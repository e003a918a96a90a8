"""A picture in a few coarse waves of brightness: what candidates are found by, in eight positions.

Waves (of a cosine transform) survive a crop that moves every pixel a little, and turning and flipping
only changes their order and signs, so nothing is stored for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.dedupe.overlay import SIDE

_WAVES = tuple(
    sorted(
        ((down, across) for down in range(9) for across in range(9) if 0 < down + across <= 8),
        key=lambda wave: (sum(wave), wave),
    )
)
HEAD = len(_WAVES)
"""Bytes at the beginning of a signature that candidates are found by: one signed byte for each wave."""
NEAR = 0.74  # cosine of two descriptions from which pictures are compared
TURNED = 0.86  # the same for its other positions, in which it is not cropped nor marked as well
_CORNER = 12, 18  # pixels high and wide: what a mark in a corner hides
MOST = 48  # candidates for one picture: the nearest


@cache
def _cosines(scale: float = 1.0) -> NDArray[np.float64]:
    """The first 9 rows of the DCT-II matrix, for a picture enlarged by ``scale``. Whole numbers, so that
    the sums of products are the same on every machine, in whatever order it adds."""
    wave = np.arange(9)[:, None]
    place = (np.arange(SIDE)[None, :] - (SIDE - 1) / 2) * scale + SIDE / 2
    table: NDArray[np.float64] = np.round(
        1024 * np.cos(np.pi * wave * place / SIDE) * (np.abs(place - SIDE / 2) <= SIDE / 2)
    )
    return table


@cache
def _common() -> NDArray[np.float64]:
    """How strong each wave is in most pictures, as a scale: what is in all of them tells none apart."""
    strength = [
        np.hypot(*wave) ** -1.3 * (1 if max(wave) < 2 else 2.2) * (2 if not (wave[0] % 2 or wave[1] % 2) else 1)
        for wave in _WAVES
    ]  # fmt: skip
    return np.array(strength)


def _waves(luma: NDArray[np.uint8], scale: float = 1.0) -> NDArray[np.float64]:
    """``HEAD`` numbers: the coarse waves in the ranks of brightness.

    Ranks, since they are the same in a brighter picture, and a mark changes those of few pixels.
    """
    counts = np.bincount(luma.ravel(), minlength=256)
    ranks = (2 * np.cumsum(counts) - counts).astype(np.float64)[luma] - luma.size
    table = _cosines(scale) @ ranks @ _cosines(scale).T
    chosen = np.array(_WAVES)
    found: NDArray[np.float64] = table[chosen[:, 0], chosen[:, 1]] / _common()
    return found


def head(luma: NDArray[np.uint8]) -> bytes:
    waves = _waves(luma)
    most = max(float(np.abs(waves).max()), 1e-9)
    return bytes(np.rint(waves * (127 / most)).astype(np.int8))


class Way(NamedTuple):
    """A position of a picture: what makes it from the upright one, in this order."""

    swapped: bool  # rows for columns
    down: bool  # the rows from below
    across: bool  # each row from its end
    says: str


WAYS = (
    Way(False, False, False, ""),
    Way(True, False, True, "one is turned by 90°"),
    Way(True, True, False, "one is turned by 90°"),
    Way(False, True, True, "one is turned by 180°"),
    Way(False, False, True, "one is mirrored"),
    Way(False, True, False, "one is upside down in a mirror"),
    Way(True, False, False, "one is mirrored and turned by 90°"),
    Way(True, True, True, "one is mirrored and turned by 90°"),
)
_SCALES = (
    1.07,
    0.93,
)  # the picture as what may be left of it, and as what may be left out around it


@cache
def _placed() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each of ``WAYS``: which wave goes where, and its sign. Odd waves change it in a mirror."""
    numbers = {wave: number for number, wave in enumerate(_WAVES)}
    places = np.empty((len(WAYS), HEAD), np.intp)
    signs = np.ones((len(WAYS), HEAD), np.float32)
    for row, way in enumerate(WAYS):
        for number, (down, across) in enumerate(_WAVES):
            places[row, number] = numbers[(across, down) if way.swapped else (down, across)]
            signs[row, number] = (-1) ** (down * way.down + across * way.across)
    return places, signs


def directions(waves: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of waves at length 1."""
    rows = waves.astype(np.float32)
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-6))


def positions(head: bytes) -> NDArray[np.float32]:
    """The waves in all eight positions, upright first: 8 x the bytes of ``head``."""
    places, signs = _placed()
    waves = np.frombuffer(head, np.int8).astype(np.float32)
    return directions(waves[places] * signs)


class Known:
    """The heads of many signatures, in the order in which they were added: 176 bytes each."""

    def __init__(self, heads: Iterable[bytes] = ()) -> None:
        rows = np.frombuffer(b"".join(heads), np.int8).reshape(-1, HEAD)
        self._count = len(rows)
        self._waves = np.zeros((HEAD, max(1024, 2 * self._count)), np.float32)
        self._waves[:, : self._count] = directions(rows).T

    def __len__(self) -> int:
        return self._count

    def add(self, signature: bytes) -> None:
        """A signature, or its first ``HEAD`` bytes."""
        if self._count == self._waves.shape[1]:
            self._waves = np.concatenate([self._waves, np.zeros_like(self._waves)], axis=1)
        waves = np.frombuffer(signature, np.int8, HEAD)
        self._waves[:, self._count] = directions(waves)
        self._count += 1

    def near(self, signature: bytes, most: int = MOST) -> list[int]:
        """Numbers of those worth comparing with ``signature``, at most ``most``, nearest first.

        Cropped by a tenth, framed and without a mark it is looked for as well; turned and flipped only
        as it is.
        """
        if not self._count:
            return []
        cosines = _queries(signature) @ self._waves[:, : self._count]
        cosines[1 : len(WAYS)] -= TURNED - NEAR
        best = cosines.max(axis=0)
        chosen = np.flatnonzero(best >= NEAR)
        order = np.lexsort((chosen, -best[chosen]))[:most]
        return [int(place) for place in chosen[order]]


def _queries(signature: bytes) -> NDArray[np.float32]:
    luma = np.frombuffer(signature, np.uint8, SIDE * SIDE, HEAD).reshape(SIDE, SIDE)
    others = [_waves(luma, scale) for scale in _SCALES] + [_waves(one) for one in _unmarked(luma)]
    return np.concatenate([positions(signature[:HEAD]), directions(np.stack(others))])


def _unmarked(luma: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The picture with one corner after the other as most of it is: a mark there may have hidden that."""
    high, wide = _CORNER
    usual = np.bincount(luma.ravel(), minlength=256).argmax()
    for rows in (slice(0, high), slice(-high, None)):
        for columns in (slice(0, wide), slice(-wide, None)):
            one = luma.copy()
            one[rows, columns] = usual
            yield one
