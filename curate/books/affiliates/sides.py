"""Each posting on one side: of the affiliate whose sale it is about, or direct.

An order is on one side as a whole. Where an affiliate earned by one of its lines, its other lines are of
that affiliate's side, too: the first of them where there are several. What is about no line, such as costs,
is direct, but for commission, which names its affiliate itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, and_, case, func, or_, select

from curate.database.tables import (
    affiliates,
    attributions,
    contacts,
    entries,
    lines,
    orders,
    postings,
)

if TYPE_CHECKING:
    from curate.books.calendar import Period

_COMMISSION = "expenses:commission:"
REVENUE, FEES, COSTS, COMMISSION = "revenue", "fees", "costs", "commission"


@dataclass(frozen=True, slots=True)
class Sums:
    """In minor units. Revenue is net of refunds, the other three are spent."""

    revenue: int = 0
    fees: int = 0
    costs: int = 0
    commission: int = 0

    @property
    def profit(self) -> int:
        return self.revenue - self.fees - self.costs - self.commission

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.revenue + other.revenue, self.fees + other.fees, self.costs + other.costs,
            self.commission + other.commission,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sales:
    """Orders that were sold. Of an affiliate's: by people who were not known before (``new``), who were
    (``known``), and of whom nothing is known."""

    orders: int = 0
    new: int = 0
    known: int = 0

    def __add__(self, other: Sales) -> Sales:
        return Sales(self.orders + other.orders, self.new + other.new, self.known + other.known)


class Side(NamedTuple):
    """``code`` is empty for direct."""

    code: str
    segment: str
    currency: str


def sums(connection: Connection, period: Period) -> dict[Side, Sums]:
    """All income and expenses of the period, each posting once."""
    account, owners = postings.c.account, _owners()
    group = case(
        (account.startswith("income:"), REVENUE),
        (account.startswith("expenses:fees:"), FEES),
        (account.startswith(_COMMISSION), COMMISSION),
        else_=COSTS,
    )
    alone = and_(entries.c.line_id.is_(None), account.startswith(_COMMISSION))
    named = case((alone, account), else_="")
    owner = func.coalesce(attributions.c.affiliate_id, owners.c.affiliate_id)
    query = (
        select(owner, named, postings.c.currency, group, func.sum(postings.c.amount))
        .select_from(postings)
        .join(entries, entries.c.id == postings.c.entry_id)
        .outerjoin(lines, lines.c.id == entries.c.line_id)
        .outerjoin(attributions, _earning(attributions.c.line_id == lines.c.id))
        .outerjoin(owners, owners.c.order_id == lines.c.order_id)
        .where(entries.c.at >= period.begin, entries.c.at < period.end)
        .where(or_(account.startswith("income:"), account.startswith("expenses:")))
        .group_by(owner, named, postings.c.currency, group)
    )
    who, found = _Who(connection), dict[Side, Sums]()
    for own, told, currency, kind, amount in connection.execute(query):
        side = who.side(own, told.removeprefix(_COMMISSION), currency)
        signed = -int(amount) if kind == REVENUE else int(amount)
        found[side] = found.get(side, Sums()) + Sums(**{kind: signed})
    return found


class _Who:
    """Affiliates by id and by code: joined to each posting they would be searched for each."""

    def __init__(self, connection: Connection) -> None:
        query = select(affiliates.c.id, affiliates.c.code, affiliates.c.segment)
        self._known = {row.id: (row.code, row.segment) for row in connection.execute(query)}
        self._segments = dict(self._known.values())

    def side(self, own: int | None, code: str, currency: str) -> Side:
        if own is not None:
            return Side(*self._known[own], currency)
        return Side(code, self._segments.get(code, ""), currency)


def sales(connection: Connection, period: Period) -> dict[Side, Sales]:
    """Orders with a line that was sold within the period."""
    owners = _owners()
    sold = (
        select(lines.c.order_id)
        .distinct()
        .join(entries, entries.c.line_id == lines.c.id)
        .where(entries.c.at >= period.begin, entries.c.at < period.end)
        .where(entries.c.source.startswith("line:"))
        .subquery("sold")
    )
    query = (
        select(owners.c.affiliate_id, orders.c.currency, func.count(), *_people(owners))
        .select_from(sold)
        .join(orders, orders.c.id == sold.c.order_id)
        .outerjoin(owners, owners.c.order_id == orders.c.id)
        .outerjoin(contacts, contacts.c.id == orders.c.contact_id)
        .group_by(owners.c.affiliate_id, orders.c.currency)
    )
    who = _Who(connection)
    return {
        who.side(own, "", currency): Sales(*map(int, counts))
        for own, currency, *counts in connection.execute(query)
    }


def _people(owners: Any) -> Iterator[Any]:
    """How many of an affiliate's orders are of people who are new, and of people who were known.

    New is whose first order it is, and who was first heard of by it, or by the affiliate's own link.
    """
    before = orders.alias("before")
    earlier = (
        select(before.c.id)
        .where(
            before.c.contact_id == orders.c.contact_id,
            or_(
                before.c.paid_at < orders.c.paid_at,
                and_(before.c.paid_at == orders.c.paid_at, before.c.id < orders.c.id),
            ),
        )
        .exists()
    )
    theirs = and_(owners.c.affiliate_id.is_not(None), contacts.c.id.is_not(None))
    paid = func.coalesce(orders.c.paid_at, orders.c.made_at)
    brought = or_(contacts.c.acquired_at >= paid, contacts.c.affiliate_code == owners.c.code)
    first = and_(brought, ~earlier)
    for condition in (and_(theirs, first), and_(theirs, ~first)):
        yield func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _earning(condition: Any) -> Any:
    """A sale of nobody who earns by it (their own purchase, an affiliate who ended) is direct."""
    return and_(condition, attributions.c.rule_id.is_not(None))


def _owners() -> Any:
    """(order_id, affiliate_id, code) of every order that an affiliate earned by."""
    first = (
        select(lines.c.order_id, func.min(lines.c.id).label("line_id"))
        .join(attributions, _earning(attributions.c.line_id == lines.c.id))
        .group_by(lines.c.order_id)
        .subquery("first")
    )
    return (
        select(first.c.order_id, attributions.c.affiliate_id, affiliates.c.code)
        .join(attributions, attributions.c.line_id == first.c.line_id)
        .join(affiliates, affiliates.c.id == attributions.c.affiliate_id)
        .subquery("owners")
    )
