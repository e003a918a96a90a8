"""Things that a person names on the command line, and slips in naming them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from curate.errors import CurateError


class Nameable(Protocol):
    """A resource of a collection."""

    @property
    def sha256(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def source(self) -> str:
        """The place it was found at."""


N = TypeVar("N", bound=Nameable)


def called(one: Nameable, name: str) -> bool:
    """Is ``name`` its path, the end of its path, its URL, or six characters or more of its id?"""
    low = name.lower()
    begins = len(low) >= 6 and one.sha256.startswith(low)
    return begins or one.source == name or one.source.endswith(f"/{name}")


def none_missing(
    names: Iterable[str], found: Collection[Nameable], nothing: str, several: str, see: str
) -> None:
    """Raises CurateError where one of ``names`` is nothing or several of ``found``: a slip, no empty answer.

    ``nothing`` begins the sentence about one that is not there; ``several`` says how to mean more than
    one; ``see`` is the command that lists them.
    """
    for name in names:
        places = [one.source for one in found if called(one, name)]
        if len(places) > 1 and name not in places:
            raise CurateError(
                f"'{name}' names {len(places)} items: {', '.join(places[:5])}", several
            )
        if not places:
            raise CurateError(
                f"{nothing} is called '{name}'",
                f"give a path, a URL or an id as they stand in: {see}",
            )


def meant(names: Sequence[str], found: Sequence[N]) -> list[N]:
    """Those of ``found`` that ``names`` mean; a whole path goes before the end of another one."""
    whole = {one.source for one in found}
    return [
        one
        for one in found
        if any(one.source == name or (name not in whole and called(one, name)) for name in names)
    ]


def one_each(names: Iterable[str], found: Sequence[Nameable]) -> None:
    """Raises CurateError where a path is that of several, in different sources: none of them is meant."""
    for name in names:
        same = [one for one in found if one.source == name]
        if len(same) > 1:
            told = ", ".join(f"{one.sha256[:12]} “{one.title}”" for one in same[:5])
            raise CurateError(f"'{name}' is in {len(same)} sources: {told}", "give the ids instead")


def slip(kind: str, name: str, known: Iterable[str], hint: str) -> None:
    """Raises CurateError where ``name`` is not among ``known``, with the nearest one."""
    there = sorted(set(known))
    if name not in there:
        near = difflib.get_close_matches(name, there, 1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        raise CurateError(f"there is no {kind} '{name}'", guess + hint)
