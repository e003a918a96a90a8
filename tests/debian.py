"""Files of Debian packages: installed, or unpacked side by side in the folder that CURATE_DEBIAN names.

``apt-get download PACKAGE && dpkg -x PACKAGE_*.deb $CURATE_DEBIAN/PACKAGE`` puts one there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def debian(package: str, path: str) -> Path:
    """A file or folder of ``package``. Skips the test, naming the reason, where it is absent."""
    unpacked = os.environ.get("CURATE_DEBIAN", "")
    for root in (Path(unpacked) / package, Path("/")) if unpacked else (Path("/"),):
        if (root / path).exists():
            return root / path
    pytest.skip(
        f"the Debian package {package} is not here (set CURATE_DEBIAN, see tests/debian.py)"
    )
