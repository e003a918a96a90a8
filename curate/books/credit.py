"""Which campaign a line of an order, or a cost, counts for: the same one wherever it is told.

A line is of the campaign whose code it bears, in capitals or not; else of the one that brought its buyer. With
a code that no campaign has, of a buyer whom none brought, it stands by that code as it is written.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, func

from curate.database.tables import campaigns, contacts, costs, lines, orders

_named, _brought = campaigns.alias("named"), campaigns.alias("brought")
_buyer = contacts.alias("buyer_of_line")


def bears(column: ColumnElement[Any], campaign: FromClause = campaigns) -> ColumnElement[bool]:
    """Whether ``column`` holds the code of ``campaign``."""
    return campaign.c.code == func.lower(func.trim(column))


def of_lines(source: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
    """``source``, which holds lines and orders, joined with what tells it; and the code, "" of no campaign."""
    joined = (
        source.outerjoin(_named, bears(lines.c.campaign_code, _named))
        .outerjoin(_buyer, _buyer.c.id == orders.c.contact_id)
        .outerjoin(_brought, _brought.c.id == _buyer.c.campaign_id)
    )
    written = func.trim(lines.c.campaign_code)
    return joined, func.coalesce(_named.c.code, _brought.c.code, written)


def of_costs() -> tuple[FromClause, ColumnElement[Any]]:
    """The same of ``costs``: nobody brought these."""
    joined = costs.outerjoin(_named, bears(costs.c.campaign_code, _named))
    return joined, func.coalesce(_named.c.code, func.trim(costs.c.campaign_code))
