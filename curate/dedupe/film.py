"""The same film in another file: pictures of some moments, and the sound where both can be heard.

Needs the library PyAV (the extra ``film``), which brings its decoders along; without it films are
compared by their bytes alone.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dedupe import images, sound
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from PIL import Image

MOMENTS = 6
"""Pictures that are taken at least; fewer than twice as many. They lie a power of two of seconds apart, so
that a film whose end was cut off has its pictures at the same times as the whole."""
ALIKE = 0.85
"""Likeness from which the pictures of one moment are the same, see ``images.compare``."""
LEAST = 4
"""Moments that both films have to show something in."""
BUDGET = 6_000_000_000
"""Pixels decoded for one film at most: codecs have to start at a key frame, often ten seconds before."""
MAX_PIXELS = 8192 * 8192

LONGEST = 1_000_000
"""Seconds; what says to be longer is damaged."""

_AFTER = 0.013
"""Seconds after a round time: frames begin at round ones, and containers round those in either direction."""
_SIDE = 320  # pixels of the longer side that a picture is taken at
_DEMUXERS = {
    "mp4": "mov", "mov": "mov", "ogv": "ogg", "avi": "avi", "mkv": "matroska", "webm": "matroska",
    "wmv": "asf", "flv": "flv",
}  # fmt: skip
"""By format: what reads it. Named, so that nothing is guessed: a playlist would lead to other files."""
_DEAF = 0.6  # likeness of the sound, see ``sound.alike``, below which it is another one


def signature(path: Path, form: str) -> bytes:
    """Its length, pictures and sound: tenths of a second, then signatures of ``images`` and at last the one of
    ``sound``, each after its time in milliseconds and its size; all numbers little-endian uint32.

    ``form`` is its format as extraction names it. Empty where none can be had: no PyAV, a format that it
    does not read, damage, too few moments that show anything.
    """
    try:
        import av
    except ImportError:
        return b""
    if form not in _DEMUXERS:
        return b""
    try:
        # Through a file that is open, so that the decoders can ask for no other.
        with path.open("rb") as file, av.open(file, format=_DEMUXERS[form]) as container:
            length, pictures = _pictures(container)
    except Exception:  # noqa: BLE001 - a damaged film makes decoders raise nearly anything
        return b""
    if len(pictures) < LEAST:
        return b""
    parts = [*pictures, (0, sound.signature(path, form))]
    return _tenths(length) + b"".join(
        struct.pack("<II", when, len(part)) + part for when, part in parts
    )


def _tenths(seconds: float) -> bytes:
    return struct.pack("<I", min(round(10 * seconds), (1 << 32) - 1))


def _pictures(container: Any) -> tuple[float, list[tuple[int, bytes]]]:
    """The length in seconds, and the times (ms) and signatures of moments that show anything."""
    stream = container.streams.video[0]
    stream.thread_count = 1  # a worker has one processor
    if stream.duration:
        length = float(stream.duration * stream.time_base)
    else:
        length = (container.duration or 0) / 1_000_000
    start = float((stream.start_time or 0) * stream.time_base)
    if not 0 < length < LONGEST or stream.width * stream.height > MAX_PIXELS:
        return 0.0, []
    frames = BUDGET // max(stream.width * stream.height, 1)
    step = 2.0 ** math.floor(math.log2(length / MOMENTS))
    pictures = []
    for number in range(1, math.ceil(length / step)):
        picture, seen = _picture(container, stream, start + number * step + _AFTER, frames)
        frames -= seen
        if picture:
            pictures.append((round(1000 * number * step), picture))
    return length, pictures


def _picture(container: Any, stream: Any, at: float, most: int) -> tuple[bytes, int]:
    """The signature of what is shown ``at`` seconds, and the number of frames decoded for it."""
    container.seek(max(0, int(at / stream.time_base)), stream=stream)
    seen, shown = 0, None
    for frame in container.decode(stream):
        if shown is not None and (frame.time is None or frame.time > at):
            break
        seen, shown = seen + 1, frame
        if seen >= most:
            return b"", seen
    return (_signed(shown) if shown is not None else b""), seen


def _signed(frame: Any) -> bytes:
    share = min(1.0, _SIDE / max(frame.width, frame.height, 1))
    small: Image.Image = frame.to_image(
        width=max(1, round(frame.width * share)), height=max(1, round(frame.height * share))
    )
    file = BytesIO()
    small.save(file, "PNG", compress_level=1)
    file.seek(0)
    return images.signature(file)


def alike(a: bytes, b: bytes) -> tuple[float, Message | None]:
    """How alike two films are, 0..1, and the evidence.

    The share of the moments whose pictures agree, at most the shorter's share of the longer; never more
    than 0.5 where both can be heard and do not sound alike, as a dubbed film and its original.
    """
    if not (a and b):
        return 0.0, None
    one, two = _Film(a), _Film(b)
    shorter, longer = sorted((one.length, two.length))
    share = shorter / max(longer, 1)
    both = [
        (one.pictures[at], two.pictures[at]) for at in one.pictures.keys() & two.pictures.keys()
    ]
    if share < 0.5 or len(both) < LEAST:
        return 0.0, None
    same = sum(images.compare(*pair).score >= ALIKE for pair in both)
    score = min(same / len(both), share)
    lengths = {"first": f"{one.length / 10:.1f}", "second": f"{two.length / 10:.1f}"}
    if one.sound and two.sound and sound.alike(one.sound, two.sound)[0] < _DEAF:
        told = msg(
            "{same} of {n} moments show the same, but the sound is another one; lengths {first} and {second} seconds",
            same=same, n=len(both), **lengths,
        )  # fmt: skip
        return min(score, 0.5), told
    told = msg(
        "{same} of {n} moments show the same; lengths {first} and {second} seconds",
        same=same, n=len(both), **lengths,
    )  # fmt: skip
    return score, told


class _Film:
    """A signature unpacked."""

    def __init__(self, signed: bytes) -> None:
        (self.length,) = struct.unpack_from("<I", signed)
        *pictures, (_, self.sound) = _parts(signed)
        self.pictures = dict(pictures)


def _parts(signed: bytes) -> Iterator[tuple[int, bytes]]:
    place = 4
    while place < len(signed):
        when, size = struct.unpack_from("<II", signed, place)
        place += 8 + size
        yield when, signed[place - size : place]
