"""In which cells two pictures that lie over each other differ, and what explains it: nothing, a mark, a veil.

Different icons of one outline, flags and charts differ in cells all over the picture; a logo covers one
corner; half-transparent words change much, but only towards their own brightness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from curate.dedupe.overlay import CELLS, SMALL, Mask, Overlay, Plane, halve, shrunk

GREY = 0.5  # mean chroma, of 128, below which a picture has no colour
_TINT = 4.0  # chroma, of 128, from which a cell has a colour
_CORNER = 7, 10  # cells high and wide: 22 % and 31 % of the picture
_VEIL = 0.6  # most that a see-through mark hides
_GAIN = 0.7, 1.43  # contrast, and brightness of middle grey: more than that is another picture
_MIDDLE = 36.0


@dataclass(frozen=True, slots=True)
class Differences:
    """Shares of the cells that both pictures show, 0..1."""

    shared: float  # of all cells, those that are in both
    differ: float  # in brightness or colour
    scattered: float  # of these, what no mark in one corner explains
    opaque: float  # of these, what no see-through mark explains
    spread: (
        float  # how far they reach, of the picture's width or height; 0 where not over its middle
    )
    edges: float  # correlation of the edges in all other cells, -1..1
    shown: float  # how much of the edges those are, 0..1
    grey: bool  # one has no colour, the other has
    toned: bool  # one is brighter, or has more contrast
    recoloured: (
        float  # what brightness and strength of colour leave of the difference; 1 is the limit
    )
    coarse: float  # what is left of it where small pictures show anything at all; 1 is the limit


_OTHER = Differences(0, 1, 1, 1, 0, 0, 0, False, False, np.inf, np.inf)
_MOST = 0.12  # share of cells that no explanation comes near to
_FAR = 1.5  # and of colours


class _Toned(NamedTuple):
    apart: Plane
    changed: bool


def differences(over: Overlay) -> Differences:
    shared = over.shared
    cells = int(shared.sum())
    if cells < 4:
        return _OTHER
    strengths = [float(np.hypot(*chroma)[shared].mean()) for chroma in over.chroma]
    grey = min(strengths) < GREY <= max(strengths) and not _only_a_mark(over)
    recoloured = np.inf if over.cropped or grey else _recoloured(over, max(strengths))
    coarse = _coarsely(over, grey)
    bound = _brightness_bound(over)
    toned = _tone(over, grey, bound)
    bright = np.abs(toned.apart) > bound
    if min(recoloured, coarse) > _FAR and (bright & shared).sum() > _MOST * cells:
        return _OTHER
    coloured, bound_colour, chroma = _colours(over, bright, max(strengths))
    if grey:
        coloured = np.zeros_like(coloured)
    bad = (bright | coloured) & shared
    if min(recoloured, coarse) > _FAR and bad.sum() > _MOST * cells:
        return _OTHER
    opaque = _opaque(over.luma[0], toned.apart, bound, bright, chroma, bound_colour, coloured, bad)
    edges, shown = _edges(*over.luma, shared, shared & ~bad)
    return Differences(
        cells / shared.size,
        float(bad.sum()) / cells,
        float(bad.sum() - _in_a_corner(bad)) / cells,
        opaque / cells,
        _spread(bad),
        edges,
        shown,
        grey,
        toned.changed,
        recoloured,
        coarse,
    )


def _only_a_mark(over: Overlay) -> bool:
    """Is all colour in one corner?"""
    colour = np.maximum(*(np.hypot(*chroma) for chroma in over.chroma)) > _TINT
    return bool(int(colour.sum()) - _in_a_corner(colour) < 0.006 * colour.size)


def _tone(over: Overlay, grey: bool, bound: Plane) -> _Toned:
    """The difference of brightness, where it helps after one common change of contrast and brightness.

    Between a grey picture and a coloured one nothing is changed: brightness is all there is to tell them by.
    """
    (one, two), shared = over.luma, over.shared
    worth = 0.5 if over.cropped else 0.8  # a crop that is a little off gains by it as well
    apart = np.where(shared, one - two, 0)
    least = _cost(apart, shared)
    best = _Toned(apart, False)
    if grey or (np.abs(apart) > bound).sum() < 0.004 * apart.size:
        return best
    free = shared & (one > 6) & (one < 249) & (two > 6) & (two < 249)
    for chosen in (free, shared):
        if chosen.sum() < 0.02 * chosen.size:
            continue
        gain, offset = _line(two[chosen], one[chosen])
        for left in (
            one - np.clip(gain * two + offset, 0, 255),
            two - np.clip((one - offset) / gain, 0, 255),
        ):
            left = np.where(shared, left, 0)
            cost = _cost(left, shared)
            if cost < worth * least - 0.3:
                best, least = _Toned(left, True), cost
    return best


def _cost(apart: Plane, shared: Mask) -> float:
    return float(np.minimum(np.abs(apart), 30)[shared].mean())


def _line(from_: Plane, to: Plane) -> tuple[float, float]:
    """Gain and offset of the line through most points, within what a picture may be changed by."""
    weights: Plane = np.ones_like(from_)
    for _ in range(4):
        total = float(weights.sum())
        x, y = float((weights * from_).sum()) / total, float((weights * to).sum()) / total
        across = from_ - np.float32(x)
        rise = float((weights * across * (to - np.float32(y))).sum()) + 20
        gain = rise / (float((weights * across * across).sum()) + 20)
        apart = to - np.float32(gain) * from_ - np.float32(y - gain * x)
        scale = float(np.partition(np.abs(apart), apart.size // 2)[apart.size // 2]) * 2 + 3
        weights = (1 / (1 + (apart / np.float32(scale)) ** 2) ** 2).astype(np.float32)
    gain = min(max(gain, _GAIN[0]), _GAIN[1])
    offset = y - gain * x
    middle = offset + (gain - 1) * 128
    return gain, offset + min(max(middle, -_MIDDLE), _MIDDLE) - middle


def _brightness_bound(over: Overlay) -> Plane:
    """What brightness may differ by in each cell: the more, the more there is around it."""
    one, two = over.luma
    contrast = max(float(one[over.shared].std()), float(two[over.shared].std()))
    bound: Plane = np.float32(3 + 0.10 * contrast) + np.float32(0.30) * np.maximum(
        _range(one), _range(two)
    )
    return bound


def _colours(
    over: Overlay, bright: Mask, strength: float
) -> tuple[Mask, Plane, tuple[Plane, Plane]]:
    """The cells of another colour, the bound for that, and both chromas, made equally strong.

    Colours as much stronger or weaker as all of them, or nearly, are no difference.
    """
    one, two = over.chroma
    around = np.maximum(_range(one).max(axis=0), _range(two).max(axis=0))
    bound = 5 + 0.12 * strength + 0.35 * around
    usual = over.shared & ~bright
    product = float((one * two)[:, usual].sum())
    factor = min(max(product / (float((two * two)[:, usual].sum()) + 1), 0.6), 1.7)
    own = (one * two).sum(0) / ((two * two).sum(0) + 1e-3)
    two = two * np.clip(own, min(1, factor) * 0.8, max(1, factor) * 1.25)
    return np.hypot(*(one - two)) > bound, bound, (one, two)


def _recoloured(over: Overlay, strength: float) -> float:
    """How far the edges, the regions and the hues of two whole pictures disagree, whatever their tone.

    Colours that reach the end of their scale are changed in no simple way; shapes and hues remain.
    """
    one, two = ((plane - plane.mean()) / (plane.std() + 1) for plane in over.luma)
    regions = float(np.sort(_blocks(np.abs(one - two)))[-6:].mean())
    if regions > 0.5 * _FAR:
        return np.inf
    everywhere = np.ones_like(over.shared)
    edges = _edges(one, two, everywhere, everywhere)[0]
    left, right = over.chroma
    lengths = float(np.linalg.norm(left)) + 1, float(np.linalg.norm(right)) + 1
    cosine = float((left * right).sum()) / (lengths[0] * lengths[1])
    hues = np.sort(_blocks(np.hypot(*(left / lengths[0] - right / lengths[1]))))[-6:].mean() * CELLS
    colour = max((1 - cosine) / 0.1, float(hues) / 0.7) if strength > 4 else 0.0
    amount = float(np.hypot(*(left - right)).mean()) / (1.5 + 0.35 * strength)
    return max((1 - edges) / 0.015, regions / 0.5, colour, amount)


def _coarsely(over: Overlay, grey: bool) -> float:
    """How far two whole pictures, one of them small, disagree in blocks of 4 to 16 cells.

    Of 32 pixels a side, four make a block of JPEG: compressed or resized they differ everywhere a little.
    """
    if over.cropped or over.detail > SMALL:
        return np.inf
    one, two = (halve(plane) for plane in over.luma)
    left, right = one - one.mean(), two - two.mean()
    spread = float(np.linalg.norm(left)), float(np.linalg.norm(right))
    contrast = (spread[0] + spread[1]) / 2 / math.sqrt(one.size) + 2
    cosine = float((left * right).sum()) / (spread[0] * spread[1] + 1)
    eighths = halve(one - two)
    shapes = max(
        (1 - cosine) / 0.05,
        float(np.abs(eighths).max()) / contrast / 0.40,
        float(np.abs(halve(eighths)).max()) / contrast / 0.22,
    )
    if grey:
        return shapes
    strength = max(float(np.hypot(*chroma).mean()) for chroma in over.chroma)
    apart = halve(halve(over.chroma[0] - over.chroma[1]))
    blocks = np.hypot(*halve(apart))
    colours = max(
        float(np.hypot(*apart).mean()) / (3 + strength) / 0.5,
        float(blocks.mean()) / (3 + strength) / 0.35,
        float(blocks.max()) / (10 + strength) / 0.6,
    )
    return max(shapes, colours)


def _blocks(plane: Plane) -> Plane:
    means: Plane = plane.reshape(8, CELLS // 8, 8, CELLS // 8).mean((1, 3)).ravel()
    return means


def _in_a_corner(bad: Mask) -> int:
    high, wide = _CORNER
    return max(
        int(bad[rows, columns].sum())
        for rows in (slice(0, high), slice(-high, None))
        for columns in (slice(0, wide), slice(-wide, None))
    )


def _opaque(
    luma: Plane,
    apart: Plane,
    bound: Plane,
    bright: Mask,
    chroma: tuple[Plane, Plane],
    bound_colour: Plane,
    coloured: Mask,
    bad: Mask,
) -> int:
    """How many of the ``bad`` cells a see-through mark on one of the pictures does not explain.

    Such a mark moves each brightness towards its own, by a share of the way at most, and fades colours.
    """
    least = int(bad.sum())
    other = luma - apart
    for below, above, faded in ((luma, other, chroma), (other, luma, chroma[::-1])):
        left = np.clip((faded[0] * faded[1]).sum(0) / ((faded[0] ** 2).sum(0) + 1e-3), 0.35, 1)
        hue = (np.hypot(*(faded[1] - left * faded[0])) > bound_colour) & coloured
        for own in (0, 128, 255):
            way = own - below
            moved = (above - below) * np.sign(way)
            beyond = np.maximum(moved - _VEIL * np.abs(way), -moved)
            least = min(least, int(((((beyond > 0.5 * bound) & bright) | hue) & bad).sum()))
    return least


def _spread(bad: Mask) -> float:
    rows, columns = np.nonzero(bad)
    if not len(rows):
        return 0.0
    low, high = np.quantile(np.stack([rows, columns]), (0.05, 0.95), axis=1)
    middles = (low + high + 1) / 2 / CELLS
    if middles.min() < 0.3 or middles.max() > 0.7:
        return 0.0
    return float((high - low).max() + 1) / CELLS


def _edges(one: Plane, two: Plane, shared: Mask, same: Mask) -> tuple[float, float]:
    """Correlation of the edges within ``same``, and the share of all edges that lie there."""
    within = shrunk(same)
    steps = [(np.diff(p, axis=0, append=p[-1:]), np.diff(p, axis=1, append=p[:, -1:])) for p in (one, two)]  # fmt: skip
    strengths = [down * down + right * right for down, right in steps]
    product = float((steps[0][0] * steps[1][0] + steps[0][1] * steps[1][1])[within].sum())
    inner = [float(strength[within].sum()) for strength in strengths]
    whole = [float(strength[shared].sum()) + 1 for strength in strengths]
    shown = max(inner[0] / whole[0], inner[1] / whole[1])
    return product / (float(np.sqrt(inner[0] * inner[1])) + 1), shown


def _range(plane: Plane) -> Plane:
    """The range of values in the 3 x 3 cells around each; at the rim in those that there are."""
    return _widest(plane, np.maximum) - _widest(plane, np.minimum)


def _widest(plane: Plane, chosen: np.ufunc) -> Plane:
    down, both = plane.copy(), plane.copy()
    chosen(plane[..., 1:, :], plane[..., :-1, :], out=down[..., 1:, :])
    chosen(down[..., :-1, :], plane[..., 1:, :], out=down[..., :-1, :])
    chosen(down[..., 1:], down[..., :-1], out=both[..., 1:])
    both[..., 0] = down[..., 0]
    chosen(both[..., :-1], down[..., 1:], out=both[..., :-1])
    return both
