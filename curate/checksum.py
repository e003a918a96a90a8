"""SHA-256 of files, read once from their beginning to their end."""

from __future__ import annotations

import hashlib
from pathlib import Path


def of(path: Path) -> str:
    """Hexadecimal, small letters: 64 characters. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
