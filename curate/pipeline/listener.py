"""How a long run tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Told of stages and steps; a terminal shows a bar, a log prints a line, a test listens to nothing."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stage begins; ``total`` steps, where it can be known."""

    def step(self, count: int = 1) -> None:
        """So many steps are done."""


class Silent:
    """Listens to nothing."""

    def stage(self, text: str, total: int | None = None) -> None: ...

    def step(self, count: int = 1) -> None: ...


SILENT = Silent()
