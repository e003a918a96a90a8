"""How a long run tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Line(Protocol):
    """One of several things that go on at the same time."""

    def step(self, count: int = 1) -> None:
        """So many steps are done. Called from the thread that does them."""

    def end(self, well: bool) -> None:
        """It has ended, well or with an error."""


class Listener(Protocol):
    """Told of stages and steps; a terminal shows bars, a log prints lines, a test listens to nothing."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stage begins; ``total`` steps, where it can be known."""

    def step(self, count: int = 1) -> None:
        """So many steps are done."""

    def line(self, text: str) -> Line:
        """Something begins that goes on beside others."""
        ...


class Silent:
    """Listens to nothing."""

    def stage(self, text: str, total: int | None = None) -> None: ...

    def step(self, count: int = 1) -> None: ...

    def line(self, text: str) -> Line:
        return _SILENCE


class _Silence:
    def step(self, count: int = 1) -> None: ...

    def end(self, well: bool) -> None: ...


_SILENCE = _Silence()
SILENT = Silent()
