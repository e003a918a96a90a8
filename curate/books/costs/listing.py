"""Costs that are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from curate.database.tables import costs
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period


class Listed(msgspec.Struct, frozen=True):
    """``channel`` "": to be shared out."""

    id: int
    kind: str
    first_day: str
    last_day: str
    amount: str  # 12.50
    currency: str
    channel: str
    campaign_code: str
    clicks: int
    hours: str
    rate: str
    person: str
    note: str


def listed(shop: Shop, period: Period | None = None) -> Iterator[Listed]:
    """By their days; those that begin in ``period``, or all."""
    query = select(costs).order_by(costs.c.first_day, costs.c.id)
    if period is not None:
        query = query.where(costs.c.first_day.between(str(period.first), str(period.last)))
    with shop.database.reading() as connection:
        for row in connection.execute(query):
            amount = money.decimal(row.amount, row.currency)
            yield Listed(
                row.id, row.kind, row.first_day, row.last_day, amount, row.currency, row.channel,
                row.campaign_code, row.clicks, row.hours, row.rate, row.person, row.note,
            )  # fmt: skip
