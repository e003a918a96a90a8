"""One text inside another: a chapter and its book, an article and the collection that reprints it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.model import Message

Hashes = NDArray[np.uint64]
LEAST = 4
"""Keys that two texts have in common before they are compared."""


def pieces(found: Hashes) -> bytes:
    """Little-endian uint64 keys of some of the runs of tokens in ``found``: the same runs in every text."""
    return b""


def share(part: str, whole: str) -> float:
    """How much of ``part`` stands in ``whole``: 0..1."""
    return 0.0


def evidence(part: str, whole: str) -> Message | None:
    """What a person can check."""
    return None
