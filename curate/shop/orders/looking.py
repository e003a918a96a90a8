"""Orders as a person looks at them: lists, and one order whole. No code, link or secret is ever in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from curate.database.tables import (
    acknowledgements,
    affiliates,
    attributions,
    commissions,
    deliveries,
    grants,
    lines,
    orders,
    pools,
    refunds,
    rules,
    steps,
)
from curate.errors import CurateError
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop

_PAGE = 500


class Step(msgspec.Struct, frozen=True):
    state: str
    at: int
    proof: str


class Refund(msgspec.Struct, frozen=True):
    reference: str
    quantity: int
    amount: str  # decimal
    reason: str
    who: str
    at: int


class Access(msgspec.Struct, frozen=True):
    """A grant, by the number one talks about it with."""

    serial: str
    unit: int
    version: str
    expires_at: int | None
    revoked_at: int | None
    revoked_why: str


class Earned(msgspec.Struct, frozen=True):
    """What an affiliate earned by a line so far, less what was taken back."""

    affiliate: str
    role: str  # seller, introducer
    amount: str  # decimal


class Attributed(msgspec.Struct, frozen=True):
    """Whose sale a line is."""

    affiliate: str
    by: str  # coupon, code, click
    rule: str  # its name in shop.toml when it was sold; "" where nothing is earned
    why: str  # nothing is earned: an English template; else ""
    earned: tuple[Earned, ...]


class Ordered(msgspec.Struct, frozen=True):
    """A line of an order. Amounts are decimals in the order's currency, times seconds since 1970."""

    channel: str
    number: str
    line_no: str
    item: str
    variant: str
    title: str
    sku: str  # "" where it waits for shop.toml
    state: str
    quantity: int
    paid: str
    refunded: str
    refunded_quantity: int
    fee: str
    currency: str
    paid_at: int | None
    made_at: int
    buyer: str
    delivery: str  # its state, "" where there is none
    why: str  # it waits: "sku", or what its delivery waits for
    line_id: int
    delivery_id: int | None


class Whole(msgspec.Struct, frozen=True):
    """A line with everything that became of it."""

    line: Ordered
    steps: tuple[Step, ...]
    refunds: tuple[Refund, ...]
    grants: tuple[Access, ...]
    affiliate_code: str  # as the channel told it
    attributed: Attributed | None  # None: it is nobody's


class Agreed(msgspec.Struct, frozen=True):
    text_version: str
    source: str
    at: int


class Shown(msgspec.Struct, frozen=True):
    """One order."""

    lines: tuple[Whole, ...]
    acknowledged: tuple[Agreed, ...]


UNMAPPED = (
    (lines.c.sku == "")
    & (lines.c.state != "cancelled")
    & (lines.c.refunded_quantity < lines.c.quantity)
)
"""Lines that wait for shop.toml to say which product they are. What was given back whole waits for nothing."""


def listed(shop: Shop, channel: str = "", waiting: bool = False) -> Iterator[Ordered]:
    """Newest first, read in pages; ``waiting``: only what is paid and not yet with its buyer, or has no SKU."""
    below: int | None = None
    while True:
        query = _query().order_by(lines.c.id.desc()).limit(_PAGE)
        if channel:
            query = query.where(orders.c.channel == channel)
        if waiting:
            query = query.where((deliveries.c.state == "waiting") | UNMAPPED)
        if below is not None:
            query = query.where(lines.c.id < below)
        with shop.database.reading() as connection:
            rows = connection.execute(query).all()
        yield from map(_ordered, rows)
        if len(rows) < _PAGE:
            return
        below = rows[-1].id


def shown(shop: Shop, channel: str, number: str) -> Shown:
    """Raises CurateError where there is no such order."""
    query = (
        _query().where(orders.c.channel == channel, orders.c.number == number).order_by(lines.c.id)
    )
    with shop.database.reading() as connection:
        rows = connection.execute(query).all()
        if not rows:
            raise CurateError(
                f"{channel!r} has no order {number!r}", "see which there are: curate orders list"
            )
        whole = tuple(_whole(connection, row) for row in rows)
        said = select(
            acknowledgements.c.text_version, acknowledgements.c.source, acknowledgements.c.at
        ).where(acknowledgements.c.order_id == rows[0].order_id)
        agreed = tuple(
            Agreed(*row) for row in connection.execute(said.order_by(acknowledgements.c.id))
        )
    return Shown(whole, agreed)


def _query() -> Select[Any]:
    return (
        select(
            lines, orders.c.channel, orders.c.number, orders.c.currency, orders.c.paid_at,
            orders.c.made_at, orders.c.buyer, deliveries.c.id.label("delivery_id"),
            deliveries.c.state.label("delivery"), deliveries.c.why,
        )
        .join(orders, orders.c.id == lines.c.order_id)
        .outerjoin(deliveries, deliveries.c.line_id == lines.c.id)
    )  # fmt: skip


def _ordered(row: Any) -> Ordered:
    def told(amount: int) -> str:
        return money.decimal(amount, row.currency)

    why = (row.why or "new") if row.delivery == "waiting" else ""
    return Ordered(
        row.channel, row.number, row.line_no, row.item, row.variant, row.title, row.sku, row.state,
        row.quantity, told(row.paid), told(row.refunded), row.refunded_quantity, told(row.fee), row.currency,
        row.paid_at, row.made_at, row.buyer, row.delivery or "",
        "sku" if _unmapped(row) else why, row.id, row.delivery_id,
    )  # fmt: skip


def _unmapped(row: Any) -> bool:
    return not row.sku and row.state != "cancelled" and row.refunded_quantity < row.quantity


def _whole(connection: Connection, line: Any) -> Whole:
    one = _ordered(line)
    taken = [] if one.delivery_id is None else connection.execute(
        select(steps.c.state, steps.c.at, steps.c.proof)
        .where(steps.c.delivery_id == one.delivery_id)
        .order_by(steps.c.id)
    ).all()  # fmt: skip
    given = connection.execute(
        select(refunds).where(refunds.c.line_id == one.line_id).order_by(refunds.c.id)
    )
    access = [] if one.delivery_id is None else connection.execute(
        select(
            grants.c.serial, grants.c.unit, grants.c.version, grants.c.expires_at, grants.c.revoked_at,
            grants.c.revoked_why,
        )
        .where(grants.c.delivery_id == one.delivery_id)
        .order_by(grants.c.unit)
    ).all()  # fmt: skip
    return Whole(
        one,
        tuple(Step(*row) for row in taken),
        tuple(
            Refund(
                row.reference, row.quantity, money.decimal(row.amount, one.currency), row.reason, row.who,
                row.at,
            )
            for row in given
        ),
        tuple(Access(*row) for row in access),
        line.affiliate_code,
        _attributed(connection, one),
    )  # fmt: skip


def _attributed(connection: Connection, one: Ordered) -> Attributed | None:
    query = (
        select(affiliates.c.code, attributions.c.by, rules.c.name, attributions.c.why)
        .join(affiliates, affiliates.c.id == attributions.c.affiliate_id)
        .outerjoin(rules, rules.c.id == attributions.c.rule_id)
        .where(attributions.c.line_id == one.line_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    made = (
        select(affiliates.c.code, pools.c.role, func.sum(commissions.c.amount))
        .join(pools, pools.c.id == commissions.c.pool_id)
        .join(affiliates, affiliates.c.id == commissions.c.affiliate_id)
        .where(commissions.c.line_id == one.line_id)
        .group_by(affiliates.c.code, pools.c.role)
        .order_by(pools.c.role.desc(), affiliates.c.code)
    )
    earned = tuple(
        Earned(code, role, money.decimal(int(amount), one.currency))
        for code, role, amount in connection.execute(made)
    )
    return Attributed(row.code, row.by, row.name or "", row.why, earned)
