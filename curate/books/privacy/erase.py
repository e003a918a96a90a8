"""Forgetting people who ask for it: first in the journal, then in the database, then on the disk.

Killed at any moment it is finished by the next command that opens the shop, or by running it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, func, select

from curate.books.privacy import audit
from curate.database import personal
from curate.database.tables import affiliates, deliveries, entries, outbox, payouts, postings
from curate.errors import CurateError
from curate.shop import erasures, forgetting, ledger
from curate.shop.forgetting import Whom

if TYPE_CHECKING:
    from curate.shop import Shop


class Erased(msgspec.Struct, frozen=True):
    """How many people, and rows that told of them; 0 rows: they were erased before."""

    people: int
    rows: int


class Left(msgspec.Struct, frozen=True):
    """What would be lost to them: that they sell for a share, goods and messages that did not go out, money that
    is theirs."""

    affiliates: int = 0  # who still earn
    deliveries: int = 0
    messages: int = 0
    payouts: int = 0
    balances: int = 0


def erase(shop: Shop, told: Sequence[str], *, anyway: bool = False) -> Erased:
    """Forget the people who are meant by ``told``, see ``forgetting.HOW``, up to this moment. Their orders, money and stages stay, by
    the number of a contact who has no name: every sum is what it was.

    ``anyway``: also where something did not reach them yet; it never will. Raises CurateError, without what was
    told: nobody is meant, something is left, or somebody reads the database all the time (run it again then).
    """
    database = shop.database
    with erasures.alone(shop.workspace):
        at = shop.now()
        with database.reading() as connection:
            some = [forgetting.seek(connection, shop, one) for one in told]
            if not anyway:
                _check([left(connection, one) for one in some])
        erasures.note(shop, [one.keys for one in some], at)
        with database.writing() as connection:
            done = _forget(connection, shop, some, at)
        erasures.note(shop, [one.keys for one in some], at)  # what came in between was theirs, too
        erasures.finish(shop, database)
    return Erased(len(some), done)


def left(connection: Connection, whom: Whom) -> Left:
    """What did not reach them yet."""
    person = personal.rows(connection, whom.roots)
    return Left(
        _count(connection, person, affiliates, ("active",)),
        _count(connection, person, deliveries, ("waiting", "allocated", "rendered")),
        _count(connection, person, outbox, ("rendered", "sending")),
        _count(connection, person, payouts, ("prepared",)),
        _owed(connection, person),
    )


def _forget(connection: Connection, shop: Shop, some: Sequence[Whom], at: int) -> int:
    """What came in since they were looked for is theirs, too."""
    for one, now in zip(
        some, forgetting.recall(connection, shop, [one.keys for one in some]), strict=True
    ):
        for table, own in now.roots.items():
            one.roots.setdefault(table, set()).update(own)
    done = forgetting.forget(connection, shop, [(one, at) for one in some])
    for one in some:
        audit.note(connection, shop, "erase", one.contact_id)
    return done


def _check(lefts: Sequence[Left]) -> None:
    total = {name: sum(getattr(one, name) for one in lefts) for name in Left.__struct_fields__}
    if any(total.values()):
        told = ", ".join(f"{name} {count}" for name, count in total.items() if count)
        raise CurateError(
            f"there is something left between them and you: {told}",
            "see curate affiliates, outbox and payouts; or say --anyway: they earn no more, what was not sent is "
            "never sent, and what they are owed stays in the books without a name",
        )


def _count(
    connection: Connection, person: personal.Person, table: Any, states: Sequence[str]
) -> int:
    query = select(func.count()).select_from(table).where(table.c.state.in_(states))
    return sum(
        connection.scalar(query.where(table.c.id.in_(some))) or 0
        for some in personal.pieces(person.get(table.name, ()))
    )


def _owed(connection: Connection, person: personal.Person) -> int:
    """Currencies in which the books owe them something as affiliates."""
    owed = 0
    for some in personal.pieces(person.get("affiliates", ())):
        codes = connection.scalars(select(affiliates.c.code).where(affiliates.c.id.in_(some)))
        accounts = [ledger.owed(code) for code in codes]
        sums = (
            select(func.sum(postings.c.amount))
            .join(entries, entries.c.id == postings.c.entry_id)
            .where(postings.c.account.in_(accounts))
            .group_by(postings.c.account, postings.c.currency)
        )
        owed += sum(1 for amount in connection.scalars(sums) if amount < 0)
    return owed
