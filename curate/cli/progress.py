"""Progress of anything that takes longer than a second: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from curate.cli.options import plain
from curate.messages import Say
from curate.pipeline.listener import Listener


@contextmanager
def progress(say: Say) -> Iterator[Listener]:
    """A listener that shows on standard error what is going on."""
    if sys.stderr.isatty():
        bar = _Bar(say)
        try:
            yield bar
        finally:
            bar.stop()
    else:
        yield _Lines(say)


class _Lines:
    """A line when a stage has run for a second, then one every ten."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._text, self._total, self._done = "", 0, 0
        self._due = 0.0

    def stage(self, text: str, total: int | None = None) -> None:
        self._text, self._total, self._done = plain(self._say(text)), total or 0, 0
        self._due = time.monotonic() + 1

    def step(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + 10
            of = f"/{self._total}" if self._total else ""
            click.echo(f"{self._text}: {self._done}{of}", err=True)


class _Bar:
    """rich's bar, imported and shown only when a stage has run for a second."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._text, self._total, self._done = "", 0, 0
        self._since = time.monotonic()
        self._shown: Any = None  # rich is imported only when a bar is shown
        self._task: Any = None

    def stage(self, text: str, total: int | None = None) -> None:
        self._text, self._total, self._done = plain(self._say(text)), total or 0, 0
        if self._shown is not None:
            self._open_task()

    def step(self, count: int = 1) -> None:
        self._done += count
        if self._shown is None and time.monotonic() - self._since >= 1:
            self._show()
        if self._shown is not None:
            self._shown.update(self._task, completed=self._done)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._shown = Progress(*columns, console=Console(stderr=True), transient=True)
        self._shown.start()
        self._open_task()

    def _open_task(self) -> None:
        shown = self._shown
        for task in shown.task_ids:
            shown.remove_task(task)
        self._task = shown.add_task(self._text, total=self._total or None, completed=self._done)

    def stop(self) -> None:
        if self._shown is not None:
            self._shown.stop()
