"""How platforms write their orders: one file for each, found by its name in a small table.

A reader goes through a file and gives what it finds, row by row: lines of orders, and problems of rows that
it cannot read exactly. It guesses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from curate.errors import CurateError, Problem
from curate.shop import money
from curate.shop.orders import Line
from curate.shop.orders.cells import Row
from curate.shop.settings import Channel

SHANGHAI = "Asia/Shanghai"


class Found(NamedTuple):
    """``where``: the file and the row that told it."""

    where: str
    line: Line


@dataclass(frozen=True, slots=True)
class Unsaid(Problem):
    """Money of an order was given back, and the file does not say for which line: a problem until a person has
    said it. ``least``: what lines bear of it, without the tax and the shipping that are no line's."""

    channel: str = ""
    number: str = ""
    least: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader is told of the channel."""

    channel: str
    zone: tzinfo
    """Of times that name none."""
    currency: str
    """Of amounts that name none."""
    agreed: str = ""
    """Column by which buyers agreed that nothing is returned, in small letters."""
    cards: bool = False
    """Whether its card machine gives out the codes."""


Reader = Callable[[Path, Told], Iterator[Found | Problem]]


@dataclass(frozen=True, slots=True)
class Format:
    """``module`` has ``read``, a Reader."""

    module: str
    zone: str = "UTC"
    currency: str = "CNY"


FORMATS = {
    "canonical": Format("canonical"),
    "gumroad": Format("gumroad", currency="USD"),
    "shopify": Format("shopify"),
    "woocommerce": Format("woocommerce"),
    "dujiaoka": Format("dujiaoka", SHANGHAI),
    "xianguanjia": Format("xianguanjia", SHANGHAI),
}


def reader(name: str) -> Reader:
    """Raises CurateError for a format that is none."""
    found: Reader = import_module(f"{__name__}.{_format(name).module}").read
    return found


def told(name: str, channel: Channel, format: str = "") -> Told:
    """What the reader of ``format`` is told of the channel ``name``. Raises CurateError where a setting of it
    means nothing."""
    own = _format(format or channel.format)
    return Told(
        name,
        zone(channel.timezone or own.zone, name),
        money.check_currency(channel.currency or own.currency),
        channel.acknowledgement.strip().casefold(),
        channel.delivery == "cards",
    )


def zone(name: str, channel: str) -> tzinfo:
    """Raises CurateError where no time zone is called ``name``."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise CurateError(
            f"channels.{channel}.timezone: {name!r} is no time zone",
            'write one such as "Asia/Shanghai"',
        ) from fault


def each(
    rows: Iterable[Row | Problem], make: Callable[[Row], Iterable[Line | Problem]]
) -> Iterator[Found | Problem]:
    """What ``make`` makes of each row; where it raises CurateError, that is the row's problem."""
    for row in rows:
        if isinstance(row, Problem):
            yield row
            continue
        try:
            for one in make(row):
                yield one if isinstance(one, Problem) else Found(row.where, one)
        except CurateError as fault:
            yield row.problem(fault)


def spread(amount: int, parts: list[int]) -> list[int]:
    """``amount`` over ``parts`` in proportion, exact to the last cent: largest remainders first."""
    whole = sum(parts)
    if not whole:
        return [0] * len(parts)
    shares = [amount * part // whole for part in parts]
    order = sorted(range(len(parts)), key=lambda n: (-(amount * parts[n] % whole), n))
    for n in order[: amount - sum(shares)]:
        shares[n] += 1
    return shares


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise CurateError(
            f"no format of orders is called {name!r}", f"there are: {', '.join(FORMATS)}"
        )
    return FORMATS[name]
