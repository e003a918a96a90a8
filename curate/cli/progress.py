"""Progress of anything that takes longer than a second: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from curate.cli.options import plain
from curate.messages import Say
from curate.pipeline.listener import Line, Listener


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
        self._now = _Told("", 0)

    def stage(self, text: str, total: int | None = None) -> None:
        self._now = _Told(plain(self._say(text)), total or 0)

    def step(self, count: int = 1) -> None:
        self._now.step(count)

    def line(self, text: str) -> Line:
        return _Told(plain(text), 0)


class _Told:
    """What goes on, told in lines."""

    def __init__(self, text: str, total: int) -> None:
        self._text, self._total, self._done = text, total, 0
        self._due = time.monotonic() + 1
        self._shown = False

    def step(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() >= self._due:
            self._due, self._shown = time.monotonic() + 10, True
            of = f"/{self._total}" if self._total else ""
            click.echo(f"{self._text}: {self._done}{of}", err=True)

    def end(self, well: bool) -> None:
        if self._shown:
            click.echo(f"{self._text}: {self._done} {'✓' if well else '✗'}", err=True)


class _Bar:
    """rich's bars, one for each thing that goes on, imported and shown only after a second."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._since = time.monotonic()
        self._shown: Any = None  # rich is imported only when a bar is shown
        self._now = _Going(self, "", 0)
        self._lock = threading.Lock()  # sources step in threads of their own

    def stage(self, text: str, total: int | None = None) -> None:
        self._now.hide()
        self._now = _Going(self, plain(self._say(text)), total or 0)

    def step(self, count: int = 1) -> None:
        self._now.step(count)

    def line(self, text: str) -> Line:
        return _Going(self, plain(text), 0)

    def task(self, going: _Going) -> Any:
        """The number of a bar for ``going``, once one is to be seen."""
        with self._lock:
            if self._shown is None and time.monotonic() - self._since >= 1:
                self._show()
            if self._shown is None:
                return None
            return self._shown.add_task(going.text, total=going.total or None, completed=going.done)

    def update(self, task: Any, going: _Going) -> None:
        total = going.total or (max(going.done, 1) if going.ended else None)
        self._shown.update(task, completed=going.done, total=total, description=going.text)

    def hide(self, task: Any) -> None:
        self._shown.remove_task(task)

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
        from rich.table import Column

        columns = (
            SpinnerColumn(),
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._shown = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
        self._shown.start()

    def stop(self) -> None:
        if self._shown is not None:
            self._shown.stop()


class _Going:
    """One bar."""

    def __init__(self, bar: _Bar, text: str, total: int) -> None:
        self._bar = bar
        self.text, self.total, self.done, self.ended = text, total, 0, False
        self._task: Any = None

    def step(self, count: int = 1) -> None:
        self.done += count
        if self._task is None:
            self._task = self._bar.task(self)
        else:
            self._bar.update(self._task, self)

    def end(self, well: bool) -> None:
        self.ended = True
        self.text = f"{'✓' if well else '✗'} {self.text}"
        if self._task is not None:
            self._bar.update(self._task, self)

    def hide(self) -> None:
        if self._task is not None:
            self._bar.hide(self._task)
            self._task = None
