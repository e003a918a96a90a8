"""What a learned model was made from: read without its numbers, so that asking costs nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from curate import typed
from curate.classify.calibration import Curve

VERSION = 1
"""Of the file, its features and what its numbers mean: a file of another one is made again."""

MAGIC = b"curate-categories\n"


class Header(msgspec.Struct, frozen=True):
    """What a model was made from, and its shape."""

    version: int
    basis: str  # digest of the taxonomy and of all that people said
    taxonomy: str  # digest of the taxonomy alone
    size: int  # resources of the collection then
    labels: int  # resources whose category people had told
    classes: tuple[str, ...]  # "" is what people said belongs nowhere
    spoken: tuple[str, ...]  # categories of the taxonomy, whose words are features too
    features: int
    curve: Curve
    digest: str = ""  # SHA-256 of the numbers


def header(path: Path) -> Header | None:
    """What a stored model says of itself; None where there is none of this version. Reads no numbers."""
    with suppress(OSError, msgspec.DecodeError), path.open("rb") as file:
        if file.readline(100) == MAGIC:
            found = typed.json(file.readline(1_000_000), Header)
            return found if found.version == VERSION else None
    return None
