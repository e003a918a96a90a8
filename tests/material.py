"""Real files that nobody of this project wrote; a plain clone does not have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("CURATE_MATERIAL", Path(__file__).parents[2] / "shared" / "material"))


def material(name: str) -> Path:
    """``name`` below the material folder. Skips the test, naming the reason, where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"real material is not here: {path} (set CURATE_MATERIAL to its folder)")
    return path
