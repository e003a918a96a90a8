"""Bytes → what they are and say: format, text, metadata, statements of rights, a thumbnail."""

from __future__ import annotations

from pathlib import Path

from curate.extract.formats import HOLD_TEXT as TEXT_SUFFIXES
from curate.extract.formats import MAX_TEXT, holds_text, sniff
from curate.model import Extracted

VERSION = 1
"""Raise it when the same bytes would give other facts: everything is then extracted again."""

__all__ = ["MAX_TEXT", "TEXT_SUFFIXES", "VERSION", "extract", "holds_text"]


def extract(path: Path, name: str) -> Extracted:
    """Open the bytes at ``path``. ``name`` is what they were called where they were found: a hint.

    Raises CurateError when they are protected, damaged or too large to open; bytes of a format nobody
    here knows are ``unknown``, not an error. Foreign parsers run here: call it in ``workers``.
    """
    shape = sniff(path, name)
    if shape.reader is None:
        return Extracted(format=shape.id, kind=shape.kind, mime=shape.mime)
    return shape.reader(path, name, shape)
