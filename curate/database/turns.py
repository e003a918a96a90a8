"""Writers of SQLite's one file take turns, in the order in which they came.

SQLite's own waiting is a lottery: who waits looks again after up to a tenth of a second, and who just wrote has
mostly written again by then. A lock of the operating system is given to who waits longest, and ends with its
process. It keeps nothing safe, SQLite does; where there is none (Windows, some network drives), all goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait for one's turn at the file ``path``, which is made where it is missing, and keep it for the block."""
    if fcntl is None:
        yield
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):  # by itself: a process that was forked meanwhile has the handle too
            fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)
