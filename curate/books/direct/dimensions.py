"""By what own sales are told apart, and where the ledger's rows say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, FromClause, func, select

from curate.books import credit
from curate.books.direct.weeks import Weeks
from curate.database.tables import (
    affiliates,
    attributions,
    campaigns,
    contacts,
    lines,
    orders,
)

By = Literal["channel", "campaign", "bundle", "cohort", "affiliate"]
ALL: tuple[By, ...] = get_args(By)


@dataclass(frozen=True, slots=True)
class Dimension:
    """``sale``: the key of a line, in ``sales``: what the lines are joined with. ``person``: the key of who was
    acquired, in ``people``; None where that is no column's."""

    by: By
    weeks: Weeks
    sale: ColumnElement[Any]
    sales: FromClause
    person: ColumnElement[Any] | None
    people: FromClause

    def name(self, key: object) -> str:
        """As rows are called; "" of nobody, nothing."""
        if self.by == "cohort" and isinstance(key, int):
            return self.weeks.name(key)
        return str(key or "")


def of(by: By, weeks: Weeks) -> Dimension:
    """Joins no more than the key needs: these are the rows of which there may be a million."""
    sales: FromClause = lines.join(orders, orders.c.id == lines.c.order_id)
    if by == "channel":
        return Dimension(by, weeks, orders.c.channel, sales, contacts.c.channel, contacts)
    if by == "campaign":
        brought = contacts.outerjoin(campaigns, campaigns.c.id == contacts.c.campaign_id)
        code = func.coalesce(campaigns.c.code, "")
        told, of_line = credit.of_lines(sales)
        return Dimension(by, weeks, of_line, told, code, brought)
    if by == "bundle":
        return Dimension(by, weeks, lines.c.sku, sales, None, contacts)
    if by == "cohort":
        week = weeks.counted(contacts.c.acquired_at)
        known = sales.outerjoin(contacts, contacts.c.id == orders.c.contact_id)
        return Dimension(by, weeks, week, known, week, contacts)
    return Dimension(
        by, weeks, _affiliate(), _attributed(sales), contacts.c.affiliate_code, contacts
    )


def _affiliate() -> ColumnElement[Any]:
    return func.coalesce(affiliates.c.code, "")


def _attributed(sales: FromClause) -> FromClause:
    """With the affiliate whose sale a line is; an order that one earned by is theirs as a whole. What nobody
    earns by (self-referral, somebody inactive) is an own sale."""
    earns = (attributions.c.line_id == lines.c.id) & attributions.c.rule_id.is_not(None)
    other = attributions.alias("first_earned")
    first = (
        select(lines.c.order_id, func.min(lines.c.id).label("line_id"))
        .join_from(attributions, lines, earns)
        .group_by(lines.c.order_id)
        .subquery("earned_orders")
    )
    owner = func.coalesce(attributions.c.affiliate_id, other.c.affiliate_id)
    return (
        sales.outerjoin(attributions, earns)
        .outerjoin(first, first.c.order_id == lines.c.order_id)
        .outerjoin(other, other.c.line_id == first.c.line_id)
        .outerjoin(affiliates, affiliates.c.id == owner)
    )
