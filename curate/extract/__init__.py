"""Bytes → what they are and say: format, text, metadata, statements of rights, a thumbnail."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from curate.errors import CurateError
from curate.extract.claims import bounded
from curate.extract.formats import MAX_TEXT, TEXT_SUFFIXES, holds_text, sniff
from curate.model import Extracted

VERSION = 7
"""Raise it when the same bytes would give other facts: everything is then extracted again."""

__all__ = ["MAX_TEXT", "TEXT_SUFFIXES", "VERSION", "extract", "holds_text"]


def extract(path: Path, name: str) -> Extracted:
    """Open the bytes at ``path``. ``name`` is what they were called where they were found: a hint.

    Raises CurateError when they are protected, damaged or a decompression bomb; bytes of a format
    nobody here knows are ``unknown``, not an error. Foreign parsers run here, so whatever else may
    happen (a hang, a crash) is for the caller to contain: see ``curate.workers``.
    """
    try:
        form = sniff(path, name)
    except OSError as fault:
        raise CurateError(f"{name} cannot be read: {fault.strerror}") from fault
    if not form.family:
        return Extracted(form.id, form.kind, form.mime)
    family = import_module(f"curate.extract.{form.family}")  # only what this file needs
    try:
        found = cast(Extracted, family.read(path, name, form))
        return replace(found, statements=bounded(found.statements))
    except (CurateError, MemoryError):
        raise
    except Exception as fault:  # the boundary around foreign parsers
        raise CurateError(
            f"{name} is damaged: it does not read as {form.id} ({type(fault).__name__}: {fault})"[
                :400
            ],
            "open it in the program it was made with and save it again, or leave it out",
        ) from fault
