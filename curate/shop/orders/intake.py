"""Lines of orders → shop.db: each once, whatever comes twice, late, or in another order.

A paid line whose product is known stands in the queue of deliveries, and in the ledger, in the very
transaction that takes it in. What contradicts what is known is told, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from curate.database.tables import lines, orders
from curate.errors import Problem
from curate.shop.orders import Line
from curate.shop.orders.formats import Found, Unsaid
from curate.shop.orders.mapping import Unmapped, sku_of

if TYPE_CHECKING:
    from curate.shop import Shop

BATCH = 1_000
"""Lines in one transaction: others who write wait for about a quarter of a second, and 32,766 places of one
statement are the fewest of any database."""
SHOWN = 1_000
"""Problems kept in full; the rest is counted."""


class Taken(msgspec.Struct, frozen=True):
    """What came of lines that were taken in."""

    lines: int = 0  # all that were told
    new: int = 0
    changed: int = 0  # known ones that were paid, cancelled, given back, or told in more detail
    same: int = 0
    queued: int = 0  # deliveries begun
    unmapped: tuple[Unmapped, ...] = ()  # lines of these wait for shop.toml
    problems: tuple[Problem, ...] = ()  # at most SHOWN
    faults: int = 0  # all problems

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.lines + other.lines,
            self.new + other.new,
            self.changed + other.changed,
            self.same + other.same,
            self.queued + other.queued,
            _together((*self.unmapped, *other.unmapped)),
            (*self.problems, *other.problems)[:SHOWN],
            self.faults + other.faults,
        )


def _together(some: Iterable[Unmapped]) -> tuple[Unmapped, ...]:
    found: dict[tuple[str, str, str], Unmapped] = {}
    for one in some:
        key = (one.channel, one.item, one.variant)
        first = found.get(key, msgspec.structs.replace(one, lines=0))
        found[key] = msgspec.structs.replace(
            first, title=first.title or one.title, lines=first.lines + one.lines
        )
    return tuple(found.values())


def trouble(*problems: Problem) -> Taken:
    """Of what could not even be read."""
    return Taken(problems=problems, faults=len(problems))


def take(shop: Shop, lines: Iterable[Line], served: bool = False) -> Taken:
    """Take ``lines`` in, thousands in one transaction. Idempotent on (channel, number, line_no).

    A fault of one line is a problem of the result, and the others are taken. What may be served now is not
    served here: see ``shop.delivery.serve``. What was ``served`` by somebody else before never is: it goes into
    the books alone.
    """
    return take_found(
        shop, (Found(f"{one.channel} {one.number}/{one.line_no}", one) for one in lines), served
    )


def take_found(shop: Shop, found: Iterable[Found | Problem], served: bool = False) -> Taken:
    """As :func:`take`, of what a reader gives: problems of rows are handed through."""
    from curate.shop.orders.batch import Batch

    some, taken = iter(found), Taken()
    while part := list(islice(some, BATCH)):
        problems = [one for one in part if isinstance(one, Problem)]
        done = Batch(shop, [one for one in part if isinstance(one, Found)], served).run()
        taken += trouble(*_open(shop, problems)) + done
    return taken


def _open(shop: Shop, problems: Sequence[Problem]) -> list[Problem]:
    """Without those that a person dealt with since: the refunds that they noted add up to what the channel says."""
    unsaid = [one for one in problems if isinstance(one, Unsaid)]
    if not unsaid:
        return [*problems]
    query = (
        select(orders.c.channel, orders.c.number, func.sum(lines.c.refunded))
        .join(lines, lines.c.order_id == orders.c.id)
        .where(
            orders.c.channel.in_(sorted({one.channel for one in unsaid})),
            orders.c.number.in_(sorted({one.number for one in unsaid})),
        )
        .group_by(orders.c.channel, orders.c.number)
    )
    with shop.database.reading() as connection:
        given = {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
    return [
        one
        for one in problems
        if not isinstance(one, Unsaid) or given.get((one.channel, one.number), 0) < one.least
    ]


def remap(shop: Shop) -> Taken:
    """Give lines that wait for a product their SKU, where shop.toml has learned it, and begin deliveries.

    Oldest first; in batches, and done twice it does nothing more.
    """
    from curate.shop.orders.beginning import map_waiting

    taken, after = Taken(), 0
    while True:
        part, after = map_waiting(shop, after, BATCH)
        taken += part
        if not after:
            return taken


def mapped(shop: Shop, line: Line) -> str:
    return sku_of(shop.settings, line.channel, line.item, line.variant)
