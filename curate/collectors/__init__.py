"""Ways to find material: one file each, entered through the ``curate.collectors`` entry points.

A collector finds candidates and says what their place says about them. What is new, what matches
and what is opened is the pipeline's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from curate.collection import Declaration, Source
from curate.fetch import Fetcher
from curate.model import Candidate, Decision, Known, Said, Trouble

Memory = Callable[[str], Known | None]
"""What the last run learned about a locator in this source; None where it was not seen."""


def _undecided(said: Said) -> Decision:
    return Decision("ask")


@dataclass(frozen=True, slots=True)
class Context:
    """What a collector needs besides its own options."""

    folder: Path  # the collection's folder: relative paths start here
    fetcher: Fetcher = field(default_factory=Fetcher)
    """The run's only way to the network; sources side by side share it, and so its manners."""
    declared: Declaration = field(default_factory=Declaration)
    """The nearest declaration: the source's own, or else the collection's."""
    keywords: tuple[str, ...] = ()
    """The collection's."""
    decide: Callable[[Said], Decision] = _undecided
    """What the collection could do with something that its place says this about. A service asks it
    to leave what is denied where it is; the decision itself is made later, on all evidence."""
    cache: Path | None = None
    """A folder of this source's own that outlives runs: unpacked archives, clones. It may be deleted
    at any time; None where nothing may be kept."""
    keep: Path | None = None
    """A folder of this source's own that curate never deletes: records of what was fetched."""
    again: frozenset[str] | None = None
    """Only what these locators show is wanted, for they failed before; a collector that can, visits
    nothing else. None: everything."""


class Collector(Protocol):
    """Finds the candidates of one source. Made anew for each run."""

    options: ClassVar[type[Source]]
    """The source's table in collection.toml: a struct that extends ``Source``, with a ``tag``.

    A collector whose class has ``local = True`` reads this machine's disks alone: such sources are
    collected one after the other, all others side by side, each in a thread of its own.
    """

    def __init__(self, options: Any, context: Context) -> None: ...

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """All that is there, always in the same order, each locator once.

        A candidate is opened before the next one is asked for, or never; ``memory`` is called from
        the thread that asks. A generator is closed when no more is wanted. Raises CurateError where
        the whole source cannot be used.
        """
        ...
