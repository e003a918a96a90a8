"""What is owed to affiliates: held, due, on its way, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, case, func, select

from curate.database.tables import affiliates, attributions, commissions, payouts, settlements

if TYPE_CHECKING:
    from curate.shop import Shop


class Standing(msgspec.Struct, frozen=True):
    """Of one affiliate in one currency, in minor units. earned, less what was given back, is always
    held + due + prepared + paid; each of held and due may be less than nothing."""

    code: str
    currency: str
    earned: int  # so far, net of what was given back
    held: int  # not due yet
    due: int  # and in no payout
    prepared: int  # in a payout that is not paid yet
    paid: int

    @property
    def owed(self) -> int:
        """What the ledger has for them."""
        return self.earned - self.paid


def standings(shop: Shop, affiliate: str = "") -> tuple[Standing, ...]:
    """At this moment, of all or of one, by code and currency."""
    with shop.database.reading() as connection:
        return of(connection, shop.now(), affiliate)


def of(connection: Connection, now: int, affiliate: str = "") -> tuple[Standing, ...]:
    """:func:`standings` within a transaction."""
    amount, state = commissions.c.amount, payouts.c.state
    free = settlements.c.commission_id.is_(None)

    def total(condition: object) -> object:
        return func.coalesce(func.sum(case((condition, amount), else_=0)), 0)  # type: ignore[arg-type]

    query = (
        select(
            affiliates.c.code,
            commissions.c.currency,
            func.sum(amount),
            total(free & (commissions.c.due_at > now)),
            total(free & (commissions.c.due_at <= now)),
            total(state == "prepared"),
            total(state == "paid"),
        )  # type: ignore[call-overload]
        .join(affiliates, affiliates.c.id == commissions.c.affiliate_id)
        .outerjoin(settlements, settlements.c.commission_id == commissions.c.id)
        .outerjoin(payouts, payouts.c.id == settlements.c.payout_id)
        .group_by(affiliates.c.code, commissions.c.currency)
    )
    if affiliate:
        query = query.where(affiliates.c.code == affiliate)
    found = (
        Standing(code, currency, *map(int, sums))
        for code, currency, *sums in connection.execute(query)
    )
    return tuple(sorted(found, key=lambda one: (one.code, one.currency)))


class Unearned(msgspec.Struct, frozen=True):
    """Lines of orders that are an affiliate's, and earn nothing. ``why``: an English template."""

    why: str
    sales: int


def unearned(shop: Shop, affiliate: str) -> tuple[Unearned, ...]:
    """By reason, the most frequent first."""
    count = func.count()
    query = (
        select(attributions.c.why, count)
        .join(affiliates, affiliates.c.id == attributions.c.affiliate_id)
        .where(affiliates.c.code == affiliate, attributions.c.why != "")
        .group_by(attributions.c.why)
        .order_by(count.desc(), attributions.c.why)
    )
    with shop.database.reading() as connection:
        return tuple(Unearned(why, int(sales)) for why, sales in connection.execute(query))
