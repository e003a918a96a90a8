"""The same recording in another file."""

from __future__ import annotations

from pathlib import Path

from curate.model import Message


def signature(path: Path) -> bytes:
    """The acoustic fingerprint of the sound in ``path``; empty where none can be had."""
    return b""


def alike(a: bytes, b: bytes) -> tuple[float, Message | None]:
    """How alike two recordings are, 0..1, and the evidence."""
    return 0.0, None
