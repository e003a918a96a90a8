"""The same recording in another file, by Chromaprint's acoustic fingerprint: https://acoustid.org/chromaprint.

Each 0.124 seconds of sound give 32 bits that say how its pitches change, whatever the volume, the codec
and the sampling rate. Two files hold one recording where most of these bits agree at some shift.

Needs the program ``fpcalc`` (Debian: libchromaprint-tools); without it recordings are compared by their
bytes alone. No library on PyPI gives the fingerprint in process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curate.messages import msg
from curate.model import Message

SECONDS = 120
"""Of the beginning of a recording that are listened to."""
LIMIT = 30.0
"""Seconds that this may take; listening to two minutes takes less than one."""
LEAST = 16
"""Items of a fingerprint, some 4.5 seconds of sound, below which chance decides."""
ITEM = 0.1238  # seconds from one item to the next: 1,365 samples of 11,025 a second

_DEMUXERS = {
    "mp3": "mp3", "flac": "flac", "ogg": "ogg", "m4a": "mov", "mp4": "mov", "wav": "wav", "aiff": "aiff",
    "aac": "aac", "mov": "mov", "ogv": "ogg", "avi": "avi", "mkv": "matroska", "webm": "matroska", "wmv": "asf",
    "flv": "flv",
}  # fmt: skip
"""By format: what reads it. Named, so that nothing is guessed: a playlist would lead to other files."""
_VARIETY = 8  # different items in a fingerprint, below which it is silence or one tone
_SAME = 0.8  # share of equal bits from which it is one recording
_OVERLAP = 0.5  # of the shorter fingerprint that has to be compared
_STEP = 4  # every fourth item tells roughly how two fingerprints lie to each other


def signature(path: Path, form: str) -> bytes:
    """Its length in tenths of a second, then its fingerprint; all little-endian uint32.

    ``form`` is its format as extraction names it. Empty where none can be had: no ``fpcalc``, a format
    that it does not read, damage, silence, less than some five seconds.
    """
    program = shutil.which("fpcalc")
    if program is None or form not in _DEMUXERS:
        return b""
    command = [program, "-raw", "-json", "-length", str(SECONDS), "-format", _DEMUXERS[form]]
    try:
        done = subprocess.run(
            [*command, str(path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT,
        )
        told = json.loads(done.stdout)
        items = np.array(told["fingerprint"], np.uint32)
        length = np.uint32(round(10 * float(told["duration"])))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, OverflowError):
        return b""  # extraction reports what cannot be read
    if len(items) < LEAST or len(np.unique(items)) < _VARIETY:
        return b""
    return np.append(length, items).astype("<u4").tobytes()


def alike(a: bytes, b: bytes) -> tuple[float, Message | None]:
    """How alike two recordings are, 0..1, from 0.9 the same to a person, and the evidence.

    The share of the bits that agree, as far as that is more than chance; at most the shorter's share of
    the longer, so that an excerpt is not the whole.
    """
    if min(len(a), len(b)) < 4 * (LEAST + 1):
        return 0.0, None
    one, two = np.frombuffer(a, "<u4"), np.frombuffer(b, "<u4")
    shorter, longer = sorted((int(one[0]), int(two[0])))
    share = shorter / max(longer, 1)
    if share < 0.5:
        return 0.0, None
    agreement, shift, items = _best(one[1:], two[1:])
    score = min(_score(agreement), share)
    told = msg(
        "{percent} % of the fingerprint agrees over {seconds} seconds; lengths {first} and {second} seconds,"
        " shifted by {shift}",
        percent=f"{100 * agreement:.1f}", seconds=round(items * ITEM), first=f"{one[0] / 10:.1f}",
        second=f"{two[0] / 10:.1f}", shift=f"{abs(shift) * ITEM:.1f}",
    )  # fmt: skip
    return score, told


def _score(agreement: float) -> float:
    """Chance is a half of the bits and gives 0, ``_SAME`` gives 0.9."""
    if agreement >= _SAME:
        return 0.9 + 0.1 * (agreement - _SAME) / (1 - _SAME)
    return max(0.0, 0.9 * (agreement - 0.5) / (_SAME - 0.5))


def _best(one: NDArray[np.uint32], two: NDArray[np.uint32]) -> tuple[float, int, int]:
    """The best share of equal bits over all shifts of ``two``; that shift, and the items compared."""
    least = max(LEAST - 4, int(_OVERLAP * min(len(one), len(two))))
    shifts = np.arange(least - len(two), len(one) - least + 1)
    rough = _rough(one, two, shifts)
    found = (0.0, 0, 0)
    for middle in shifts[np.argsort(-rough, kind="stable")[:3]].tolist():
        for shift in range(max(middle - 2, shifts[0]), min(middle + 2, shifts[-1]) + 1):
            start, end = max(shift, 0), min(len(one), len(two) + shift)
            wrong = np.bitwise_count(one[start:end] ^ two[start - shift : end - shift]).mean() / 32
            found = max(found, (1 - float(wrong), shift, end - start))
    return found


def _rough(
    one: NDArray[np.uint32], two: NDArray[np.uint32], shifts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The share of equal bits at each shift, by every ``_STEP``-th item of ``one``."""
    places = np.arange(0, len(one), _STEP)
    theirs = places[None, :] - shifts[:, None]
    inside = (theirs >= 0) & (theirs < len(two))
    wrong = np.bitwise_count(one[places][None, :] ^ two[np.clip(theirs, 0, len(two) - 1)])
    total = np.where(inside, wrong, 0).sum(axis=1)
    share: NDArray[np.float64] = 1 - total / (32 * np.maximum(inside.sum(axis=1), 1))
    return share
