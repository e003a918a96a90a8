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
from curate.shop import ledger

if TYPE_CHECKING:
    from curate.shop.calendar import Period

_COMMISSION = ledger.commission("")
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
    account = postings.c.account
    kind = case(
        (account.startswith("income:"), REVENUE),
        (account.startswith("expenses:fees:"), FEES),
        (account.startswith(_COMMISSION), COMMISSION),
        else_=COSTS,
    )
    alone = and_(entries.c.line_id.is_(None), account.startswith(_COMMISSION))
    own = and_(attributions.c.line_id == lines.c.id, attributions.c.rule_id.is_not(None))
    each = (
        select(
            func.coalesce(attributions.c.affiliate_id, _owner(lines.c.order_id)).label("owner"),
            case((alone, account), else_="").label("named"),
            postings.c.currency,
            kind.label("kind"),
            postings.c.amount,
        )
        .select_from(postings)
        .join(entries, entries.c.id == postings.c.entry_id)
        .outerjoin(lines, lines.c.id == entries.c.line_id)
        .outerjoin(attributions, own)
        .where(entries.c.at >= period.begin, entries.c.at < period.end)
        .where(or_(account.startswith("income:"), account.startswith("expenses:")))
        .subquery("each")
    )
    key = (each.c.owner, each.c.named, each.c.currency, each.c.kind)
    who, found = _Who(connection), dict[Side, Sums]()
    for row in connection.execute(select(*key, func.sum(each.c.amount)).group_by(*key)):
        side = who.side(row.owner, row.named.removeprefix(_COMMISSION), row.currency)
        signed = -int(row[-1]) if row.kind == REVENUE else int(row[-1])
        found[side] = found.get(side, Sums()) + Sums(**{row.kind: signed})
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
    some = (
        select(lines.c.order_id)
        .join(entries, entries.c.line_id == lines.c.id)
        .where(entries.c.at >= period.begin, entries.c.at < period.end)
        .where(entries.c.source.startswith("line:"))
        .distinct()
        .subquery("some")
    )
    paid = func.coalesce(orders.c.paid_at, orders.c.made_at)
    sold = (
        select(
            orders.c.id, orders.c.currency, orders.c.contact_id, paid.label("paid"),
            _owner(orders.c.id).label("owner"),
        )
        .join(some, some.c.order_id == orders.c.id)
        .subquery("sold")
    )  # fmt: skip
    key = (sold.c.owner, sold.c.currency)
    query = (
        select(*key, func.count(), *_people(sold))
        .select_from(sold)
        .outerjoin(affiliates, affiliates.c.id == sold.c.owner)
        .outerjoin(contacts, contacts.c.id == sold.c.contact_id)
        .group_by(*key)
    )
    who = _Who(connection)
    return {
        who.side(own, "", currency): Sales(*map(int, counts))
        for own, currency, *counts in connection.execute(query)
    }


def _people(sold: Any) -> Iterator[Any]:
    """How many of an affiliate's orders are of people who are new, and of people who were known.

    New is whose first order it is, and who was first heard of by it, or by the affiliate's own link.
    """
    before = orders.alias("before")
    earlier = (
        select(before.c.id)
        .where(
            before.c.contact_id == sold.c.contact_id,
            or_(
                before.c.paid_at < sold.c.paid,
                and_(before.c.paid_at == sold.c.paid, before.c.id < sold.c.id),
            ),
        )
        .exists()
    )
    theirs = and_(affiliates.c.id.is_not(None), contacts.c.id.is_not(None))
    brought = or_(
        contacts.c.acquired_at >= sold.c.paid, contacts.c.affiliate_code == affiliates.c.code
    )
    first = and_(brought, ~earlier)
    for condition in (and_(theirs, first), and_(theirs, ~first)):
        yield func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _owner(order_id: Any) -> Any:
    """The affiliate who earned by the first line of an order that anybody earned by. A sale of nobody who
    earns by it (their own purchase, an affiliate who ended) is direct.

    Asked of each order: joined as a table of all orders SQLite would read it whole for each.
    """
    line, whose = lines.alias("sold_line"), attributions.alias("whose")
    return (
        select(whose.c.affiliate_id)
        .join(line, line.c.id == whose.c.line_id)
        .where(line.c.order_id == order_id, whose.c.rule_id.is_not(None))
        .order_by(line.c.id)
        .limit(1)
        .scalar_subquery()
    )
