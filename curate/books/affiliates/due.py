"""What could be paid out: commissions whose hold is over and that are in no payout, together as one sum for
each affiliate and currency. What was given back after a payout makes the sum smaller, down below nothing:
so it is carried over, and earned again first."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from curate.books.affiliates import accounts
from curate.books.journey import consent
from curate.database.tables import affiliates, commissions, settlements
from curate.messages import msg
from curate.model import Message
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop


@dataclass(slots=True)
class Due:
    """``first`` and ``last``: when the earliest and the latest of ``ids`` were earned or given back."""

    affiliate: Any  # a row of affiliates
    currency: str
    amount: int = 0
    first: int = 0
    last: int = 0
    ids: list[int] = field(default_factory=list)

    def take(self, row: Any) -> None:
        self.first = min(self.first, row.at) if self.ids else row.at
        self.last = max(self.last, row.at)
        self.amount += row.amount
        self.ids.append(row.id)


def hold(connection: Connection) -> dict[int, Any]:
    """All affiliates by id, kept from other preparations until the transaction ends; sales go on."""
    query = select(affiliates).order_by(affiliates.c.id).with_for_update(key_share=True)
    return {row.id: row for row in connection.execute(query)}


def all_due(connection: Connection, people: dict[int, Any], until: int) -> Iterator[Due]:
    """Of those ``people``, by code and currency; what adds up to nothing is left out. ``until`` counts, too."""
    query = (
        select(
            commissions.c.id, commissions.c.affiliate_id, commissions.c.currency, commissions.c.amount,
            commissions.c.at,
        )
        .outerjoin(settlements, settlements.c.commission_id == commissions.c.id)
        .where(settlements.c.commission_id.is_(None), commissions.c.due_at <= until)
        .order_by(commissions.c.id)
    )  # fmt: skip
    found: dict[tuple[int, str], Due] = {}
    for row in connection.execute(query):
        if row.affiliate_id in people:
            key = (row.affiliate_id, row.currency)
            if key not in found:
                found[key] = Due(people[row.affiliate_id], row.currency)
            found[key].take(row)
    due = (one for one in found.values() if one.amount)
    yield from sorted(due, key=lambda one: (one.affiliate.code, one.currency))


def agreeing(connection: Connection, people: dict[int, Any]) -> set[int]:
    """The contacts of ``people`` who agree that their account is used."""
    known = [row.contact_id for row in people.values() if row.contact_id is not None]
    return consent.agreed(connection, known, accounts.PURPOSE)


def kept_back(shop: Shop, one: Due, agreeing: Container[int | None]) -> Message | None:
    """Why it is not paid out; None where it is. An affiliate who ended gets the rest, however little."""
    if one.amount < 0:
        return msg("more was given back than earned: it is carried over")
    minimum = least(shop, one.currency)
    if one.amount < minimum and one.affiliate.state != "ended":
        told = money.decimal(minimum, one.currency)
        return msg("below the minimum of {amount} {currency}", amount=told, currency=one.currency)
    if not one.affiliate.account:
        return msg("no account to pay to: curate affiliates account")
    if one.affiliate.contact_id not in agreeing:
        return msg("they agree no more that their account is used")
    return None


def least(shop: Shop, currency: str) -> int:
    """The least that is paid out of ``currency``, in its minor units."""
    told = shop.settings.distribution.minimum.get(currency, "")
    return max(1, money.minor(told, currency)) if told else 1
