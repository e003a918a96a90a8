"""One small picture laid over another: which part of each shows the same, though one be cropped or framed.

Gauss-Newton steps on scale and offset of both axes (Lucas and Kanade 1981), at half the size first. Each
pixel counts the less, the more it differs, so that a mark on one of the pictures draws it nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 64
CELLS = SIDE // 2
_STARTS = (1.0, 0.93, 1.07)  # neither, the one or the other is the larger part
_NEAR = 0.2  # mean difference, of the contrast, of pictures that lie over each other as they are
_POOR = 0.38  # and of those that do nowhere, in a quarter of the pixels
_FITS = 0.27  # and of those that do there, once they lie better
_FAR = 0.75  # and of those that will not be moved there
_MOVED = 0.004  # of half the side: no more movement
_LEAST, _MOST = (0.85, -0.17, 0.85, -0.17), (1.18, 0.17, 1.18, 0.17)
_STILL = 0.012  # scale or offset up to this is no crop


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture: luma 0..255, and chroma around its neutral 0."""

    luma: Plane  # SIDE x SIDE
    chroma: Plane  # 2 x CELLS x CELLS


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two pictures over each other, in cells of two pixels."""

    luma: tuple[Plane, Plane]  # CELLS x CELLS each
    chroma: tuple[Plane, Plane]  # 2 x CELLS x CELLS each
    shared: Mask  # the cells that are in both
    cropped: bool


Places = NDArray[np.float64]
"""Rows of (x scale, x offset, y scale, y offset): where a point of the first picture, -1..1, lies in the second."""


def lay(one: Picture, two: Picture) -> Overlay | None:
    """``two`` over ``one``, where it fits best; None where it fits nowhere."""
    first, second = halve(one.luma), halve(two.luma)
    contrast = float(first.std()) + 2
    tones = _first_tones(first, second)
    if _hopeless(one.chroma, two.chroma) or _apart(first, second, tones) > _FAR * contrast:
        return None
    tiny = halve(first), halve(second)
    places, tones, apart = _steps(*tiny, _starts(), np.repeat(tones, len(_STARTS), axis=0), 4)
    if apart.min() > _POOR * contrast:
        return None
    best = int(apart.argmin())
    places, tones = places[best : best + 1], tones[best : best + 1]
    places, tones, apart = _steps(first, second, places, tones, 4)
    if apart[0] > _FITS * contrast:
        return None
    places, tones, _ = _steps(one.luma, two.luma, places, tones, 3)
    return _overlay(one, two, places)


def still(one: Picture, two: Picture) -> Overlay | None:
    """``two`` over ``one`` as it is; None where that fits badly."""
    first, second = halve(one.luma), halve(two.luma)
    contrast = float(first.std()) + 2
    apart = _apart(first, second, _first_tones(first, second))
    if apart > _NEAR * contrast or _hopeless(one.chroma, two.chroma):
        return None
    return Overlay((first, second), (one.chroma, two.chroma), np.ones(first.shape, bool), False)


def _apart(one: Plane, two: Plane, tones: Places) -> float:
    gain, offset = tones[0].astype(np.float32)
    return float(np.minimum(np.abs(one - gain * two - offset), 40).mean())


def _hopeless(one: Plane, two: Plane) -> bool:
    """Is the mean colour another one? No crop, mark or change of brightness comes near to that."""
    strengths = [float(np.hypot(*chroma).mean()) for chroma in (one, two)]
    apart = float(np.hypot(*(one.mean((1, 2)) - two.mean((1, 2)))))
    return min(strengths) > 0.5 and apart > 6 + 0.5 * max(strengths)


@cache
def _starts() -> Places:
    return np.array([[scale, 0, scale, 0] for scale in _STARTS])


def _overlay(one: Picture, two: Picture, places: Places) -> Overlay:
    warped, inside = _warp(two.luma, places)
    shared = halve(inside[0].astype(np.float32)) > 0.9
    cropped = bool(np.abs(places[0] - (1, 0, 1, 0)).max() > _STILL)
    if cropped:
        shared = shrunk(shrunk(shared))  # what is cut through or a little off is so at the rim
    chroma = np.stack([_warp(plane, places)[0][0] for plane in two.chroma])
    return Overlay((halve(one.luma), halve(warped[0])), (one.chroma, chroma), shared, cropped)


def _steps(
    one: Plane, two: Plane, places: Places, tones: Places, most: int
) -> tuple[Places, Places, Places]:
    """Better places and tones (gain and offset), and the mean difference at each, none above 40."""
    apart = np.full(len(places), np.inf)
    for _ in range(most):
        moved, places_, tones_, apart = _step(one, two, places, tones)
        places, tones = places_, tones_
        if moved < _MOVED:
            break
    return places, tones, apart


def _step(
    one: Plane, two: Plane, places: Places, tones: Places
) -> tuple[float, Places, Places, Places]:
    """How far the places moved, the new places and tones, and the mean differences before."""
    side, count = len(one), len(places)
    warped, inside = _warp(two, places)
    gains, offsets = tones.astype(np.float32).T[:, :, None, None]
    left = (one - gains * warped - offsets) * inside
    cells = inside.sum((1, 2)) + 1.0
    scale = np.sqrt(np.einsum("nij,nij->n", left, left) / cells).astype(np.float32) + 2
    weights = inside / (1 + (left / scale[:, None, None]) ** 2) ** 2
    slopes = np.zeros((count, 6, side, side), np.float32)
    steep = gains * np.float32(side / 4)
    slopes[:, 1, :, 1:-1] = (warped[:, :, 2:] - warped[:, :, :-2]) * steep
    slopes[:, 3, 1:-1] = (warped[:, 2:] - warped[:, :-2]) * steep
    points = _points(side)
    slopes[:, 0], slopes[:, 2] = slopes[:, 1] * points, slopes[:, 3] * points[:, None]
    slopes[:, 4], slopes[:, 5] = warped, 1
    rows = slopes.reshape(count, 6, -1)
    weighted = rows * weights.reshape(count, 1, -1)
    normal = (weighted @ rows.swapaxes(1, 2)).astype(np.float64)
    normal[:, *np.diag_indices(6)] += normal.diagonal(axis1=1, axis2=2) * 1e-3 + 1e-3
    change = np.linalg.solve(normal, weighted @ left.reshape(count, -1, 1))[:, :, 0]
    apart = np.minimum(np.abs(left), 40).sum((1, 2)) / cells
    scaled = places[:, [0, 0, 2, 2]]
    better = np.clip(places + change[:, :4] * scaled, _LEAST, _MOST)
    tones = np.clip(tones + change[:, 4:], (0.3, -510), (3, 510))
    return float(np.abs(better - places).max()), better, tones, apart


def _first_tones(one: Plane, two: Plane) -> Places:
    left, right = one - one.mean(), two - two.mean()
    gain = float((left * right).sum()) / (float((right * right).sum()) + 1e-3)
    gain = min(max(gain, 0.4), 2.5)
    return np.array([[gain, float(one.mean()) - gain * float(two.mean())]])


def _warp(plane: Plane, places: Places) -> tuple[Plane, Mask]:
    """What of ``plane`` lies over each pixel of the other picture, for each of ``places``, and which have any."""
    side = len(plane)
    points = _points(side) * places.astype(np.float32)[:, 0::2, None]
    points += places.astype(np.float32)[:, 1::2, None] + 1
    points = points * np.float32(side / 2) - np.float32(0.5)  # count x (across, along) x side
    inside = (points > -0.51) & (points < side - 0.49)
    apart = np.abs(np.clip(points, 0, side - 1)[..., None] - np.arange(side, dtype=np.float32))
    mixed = np.maximum(1 - apart, 0)  # interpolates between two neighbours
    return mixed[:, 1] @ plane @ mixed[:, 0].swapaxes(1, 2), inside[:, 1, :, None] & inside[
        :, 0, None
    ]


@cache
def _points(side: int) -> Plane:
    """The middles of ``side`` pixels on -1..1."""
    return ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)


def halve(plane: Plane) -> Plane:
    total = plane[0::2, 0::2] + plane[1::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 1::2]
    return total * np.float32(0.25)


def shrunk(mask: Mask) -> Mask:
    """``mask`` without the cells whose neighbours are not all in it."""
    wide = np.pad(mask, 1)
    return mask & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
