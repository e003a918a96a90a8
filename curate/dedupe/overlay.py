"""One small picture laid over another: which part of each shows the same, though one be cropped or framed.

Gauss-Newton steps on scale and offset of both axes (Lucas and Kanade 1981), at half the size first. Each
pixel counts the less, the more it differs, so that a mark on one of the pictures draws it nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 64
CELLS = SIDE // 2
SMALL = 48  # pixels of a side up to which a picture is compared coarsely as well
_STARTS = (1.0, 0.93, 1.07)  # neither, the one or the other is the larger part
_NEAR = 0.2  # mean difference, of the contrast, of pictures that lie over each other as they are
_ROUGH = 0.45  # the same where one is small
_POOR = 0.38  # and of those that do nowhere, in a quarter of the pixels
_UNLIKE = (
    0.36,
    0.28,
    0.62,
)  # shares of pixels that differ by half and by most of the contrast; mean of hues
_FITS = 0.27  # and of those that do there, once they lie better
_FAR = 0.75  # and of those that will not be moved there
_MOVED = 0.004  # of half the side: no more movement
_LEAST, _MOST = (0.85, -0.17, 0.85, -0.17), (1.18, 0.17, 1.18, 0.17)
_STILL = 0.012  # scale or offset up to this is no crop


@dataclass(frozen=True)
class Picture:
    """A small picture: luma 0..255, and chroma around its neutral 0."""

    luma: Plane  # SIDE x SIDE
    chroma: Plane  # 2 x CELLS x CELLS
    detail: int = 255  # pixels of a side it was made from; 255 or more

    @cached_property
    def half(self) -> Plane:
        """Luma in cells."""
        return halve(self.luma)

    @cached_property
    def quarter(self) -> Plane:
        return halve(self.half)

    @cached_property
    def faint(self) -> Plane:
        """Chroma in four cells each."""
        return halve(self.chroma)

    @cached_property
    def contrast(self) -> float:
        return float(self.half.std()) + 2

    @cached_property
    def blocks(self) -> Plane:
        """Chroma in four times four blocks."""
        return halve(halve(self.faint))

    @cached_property
    def hue(self) -> Plane:
        return np.asarray(self.blocks.mean((1, 2)))

    @cached_property
    def strength(self) -> float:
        """Mean chroma, of 128."""
        return float(np.hypot(*self.chroma).mean())


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two pictures over each other, in cells of two pixels."""

    luma: tuple[Plane, Plane]  # CELLS x CELLS each
    chroma: tuple[Plane, Plane]  # 2 x CELLS x CELLS each
    shared: Mask  # the cells that are in both
    cropped: bool
    detail: int = 255  # of the one that has less


Places = NDArray[np.float64]
"""Rows of (x scale, x offset, y scale, y offset): where a point of the first picture, -1..1, lies in the second."""


def lay(one: Picture, two: Picture) -> Overlay | None:
    """``two`` over ``one``, where it fits best; None where it fits nowhere."""
    tones = _first_tones(one.half, two.half)
    if _hopeless(one, two) or _apart(one.half, two.half, tones) > _FAR * one.contrast:
        return None
    tiny = one.quarter, two.quarter
    places, tones, apart = _steps(*tiny, _starts(), np.repeat(tones, len(_STARTS), axis=0), 4)
    best = int(apart.argmin())
    if apart[best] > _POOR * one.contrast:
        return None
    places, tones = places[best : best + 1], tones[best : best + 1]
    if _elsewhere(one, two, places, tones):
        return None
    places, tones, apart = _steps(one.half, two.half, places, tones, 4)
    if apart[0] > _FITS * one.contrast:
        return None
    places, tones, _ = _steps(one.luma, two.luma, places, tones, 3)
    return _overlay(one, two, places)


def _elsewhere(one: Picture, two: Picture, places: Places, tones: Places) -> bool:
    """Does too much differ, in brightness or colour, in a quarter of the pixels for any mark or crop?"""
    planes = np.concatenate([two.quarter[None], two.faint])
    warped, inside = _warp(planes, np.repeat(places, 3, axis=0))
    shared = inside[0]
    gain, offset = tones[0].astype(np.float32)
    apart = np.abs(one.quarter - gain * warped[0] - offset)[shared]
    if (apart > 0.5 * one.contrast).mean() > _UNLIKE[0]:
        return True
    if (apart > 0.8 * one.contrast).mean() > _UNLIKE[1]:
        return True
    strength = max(one.strength, two.strength)
    if min(one.strength, two.strength) < 0.5:  # grey
        return False
    hues = float(np.hypot(*(one.faint - warped[1:]))[shared].mean())
    return hues > _UNLIKE[2] * (1.5 + strength)


def still(one: Picture, two: Picture) -> Overlay | None:
    """``two`` over ``one`` as it is; None where that fits badly."""
    if _hopeless(one, two):
        return None
    apart = _apart(one.half, two.half, _first_tones(one.half, two.half))
    least = min(one.detail, two.detail)
    if apart > (_NEAR if least > SMALL else _ROUGH) * one.contrast:
        return None
    everywhere = np.ones(one.half.shape, bool)
    return Overlay((one.half, two.half), (one.chroma, two.chroma), everywhere, False, least)


def _apart(one: Plane, two: Plane, tones: Places) -> float:
    gain, offset = tones[0].astype(np.float32)
    return float(np.minimum(np.abs(one - gain * two - offset), 40).mean())


def _hopeless(one: Picture, two: Picture) -> bool:
    """Are most colours other ones? No crop, mark or change of brightness comes near to that."""
    if min(one.strength, two.strength) <= 0.5:  # grey
        return False
    strength = max(one.strength, two.strength)
    apart = float(np.hypot(*(one.hue - two.hue)))
    if apart > 6 + 0.5 * strength:
        return True
    return float(np.median(np.hypot(*(one.blocks - two.blocks)))) > 0.5 * (1.5 + strength)


@cache
def _starts() -> Places:
    return np.array([[scale, 0, scale, 0] for scale in _STARTS])


def _overlay(one: Picture, two: Picture, places: Places) -> Overlay:
    warped, inside = _warp(two.luma, places)
    shared = halve(inside[0].astype(np.float32)) > 0.9
    cropped = bool(np.abs(places[0] - (1, 0, 1, 0)).max() > _STILL)
    if cropped:
        shared = shrunk(shrunk(shared))  # what is cut through or a little off is so at the rim
    chroma = _warp(two.chroma, np.repeat(places, 2, axis=0))[0]
    return Overlay(
        (one.half, halve(warped[0])),
        (one.chroma, chroma),
        shared,
        cropped,
        min(one.detail, two.detail),
    )


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
    side = plane.shape[-1]
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
    rows = plane[..., 0::2, :] + plane[..., 1::2, :]
    total = rows[..., 0::2] + rows[..., 1::2]
    return total * np.float32(0.25)


def shrunk(mask: Mask) -> Mask:
    """``mask`` without the cells whose neighbours are not all in it."""
    wide = np.pad(mask, 1)
    return mask & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
