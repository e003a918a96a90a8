"""A small file beside an index that says who wrote it and by which rules."""

from __future__ import annotations

import json
import os
from pathlib import Path

from curate.errors import CurateError
from curate.indexes import REBUILD, IndexBroken
from curate.indexes.tokens import fingerprint

SCHEMA = 2
"""Goes up with any change to the fields of an index."""

_NAME = "curate-index.json"


def check_marker(folder: Path, engine: str, proof: str) -> None:
    """Makes ``folder`` and its marker where there is none. ``proof`` is a glob of a file that every index has.

    Raises IndexBroken where something else, or an index made by other rules, lies there.
    """
    expected = {"engine": engine, "schema": SCHEMA, "tokens": fingerprint()}
    path = folder / _NAME
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as fault:
        raise IndexBroken(
            f"the search index in {folder} cannot be used: {fault}", REBUILD
        ) from fault
    if found == expected:
        return
    if found is not None:
        raise IndexBroken(
            f"the search index in {folder} was made by another version or engine of curate", REBUILD
        )
    if any(folder.glob(proof)):
        raise IndexBroken(f"the search index in {folder} does not say how it was made", REBUILD)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(expected), "utf-8")
        part.replace(path)
    except OSError as fault:
        raise CurateError(
            f"the search index cannot be made in {folder}: {fault.strerror}",
            "see that the folder can be written to",
        ) from fault
