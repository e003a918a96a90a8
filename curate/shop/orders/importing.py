"""A file of orders → shop.db, row by row; what is possible then is delivered."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from curate.errors import CurateError, Problem
from curate.shop.orders import formats
from curate.shop.orders.formats import Found
from curate.shop.orders.intake import Taken, take_found, trouble
from curate.shop.orders.mapping import key
from curate.workspace import unusable

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Channel

Tell = Callable[[int], None]
"""Called with the number of rows read so far."""


def take_file(
    shop: Shop, path: Path, channel: str, format: str = "", tell: Tell = lambda rows: None,
    *, served: bool = False,
) -> Taken:  # fmt: skip
    """Take in the orders of ``path``, written as ``format`` or as the channel's own. Delivers nothing itself;
    ``served``: somebody else did, before.

    Rows that cannot be read are problems with their numbers, and the rest goes on. Stopped anywhere, it is run
    again: what was taken is known. Raises CurateError where the file as a whole cannot be read, or there is
    no such channel.
    """
    known = channel_of(shop, channel)
    told = formats.told(channel, known, format)
    read = formats.reader(format or known.format)
    rest: list[Problem] = []
    try:
        found = _until_broken(_counted(read(path, told), tell), rest)
        taken = take_found(shop, found, served)
    except OSError as fault:
        raise unusable(fault, path) from fault
    return taken + trouble(*rest)


def channel_of(shop: Shop, name: str) -> Channel:
    """Raises CurateError where shop.toml has no such channel."""
    channels = shop.settings.channels
    if name in channels:
        return channels[name]
    near = difflib.get_close_matches(name, channels, 1)
    there = f"there are: {', '.join(sorted(channels))}; " if channels else ""
    guess = f"did you mean '{near[0]}'? " if near else ""
    raise CurateError(
        f"shop.toml has no channel {name!r}", f"{guess}{there}or add to it: [channels.{key(name)}]"
    )


def _counted(found: Iterable[Found | Problem], tell: Tell) -> Iterator[Found | Problem]:
    for number, one in enumerate(found, 1):
        if number % 1_000 == 0:
            tell(number)
        yield one


def _until_broken(
    found: Iterator[Found | Problem], rest: list[Problem]
) -> Iterator[Found | Problem]:
    """A file that breaks off in the middle keeps what came before; one that never began raises."""
    begun = False
    while True:
        try:
            one = next(found)
        except StopIteration:
            return
        except CurateError as fault:
            if not begun:
                raise
            rest.append(Problem("", fault.message, fault.hint))
            return
        begun = True
        yield one
