"""Opening a file on the web when, and only when, somebody wants its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from curate.fetch import Fetched


class Opening:
    """Gives the answer that is at hand, or a new one once that has expired."""

    def __init__(self, again: Callable[[], Fetched], got: Fetched | None = None) -> None:
        self._again = again
        self._got = got

    def __call__(self) -> IO[bytes]:
        got, self._got = self._got, None
        return (got or self._again()).body

    def expire(self) -> None:
        """Close the answer, unless somebody has taken it."""
        if self._got is not None:
            self._got.close()
            self._got = None
