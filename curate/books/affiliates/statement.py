"""What one affiliate gets to see: what they sold, earned and were paid. No buyer, no order, no channel's number.

A sale is told by a reference that is the affiliate's alone: the same sale has another one for anybody else,
and nothing leads from it to the order but the shop's own key.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, select

from curate.books.affiliates import register
from curate.books.reports import Cell, Column, Money, Report, Table
from curate.database.tables import (
    commissions,
    entries,
    lines,
    payouts,
    pools,
    postings,
    refunds,
    rules,
    settlements,
)
from curate.messages import Say, speaker
from curate.model import Language
from curate.pipeline import table
from curate.shop import calendar, ledger, money
from curate.shop.commission.pools import pieces
from curate.shop.commission.rules import terms

if TYPE_CHECKING:
    from curate.books.affiliates.register import Affiliate
    from curate.shop import Shop
    from curate.shop.calendar import Period

COLUMNS = (
    "day", "kind", "role", "reference", "product", "sold", "base", "amount", "currency", "due_day", "batch",
)  # fmt: skip
_CHARACTERS = 10


class Line(msgspec.Struct, frozen=True):
    """One step of what is owed; amounts in minor units. ``batch``: of the payout that it is in."""

    day: str
    kind: str  # earn, reverse, adjust; paid, returned
    role: str  # seller, introducer
    reference: str
    product: str  # SKU
    sold: int | None  # what the sale brought, or what was given back of it
    base: int | None  # of which a percentage is the amount; None where a rule goes by pieces
    amount: int
    currency: str
    due_day: str
    batch: str


class Sum(msgspec.Struct, frozen=True):
    """Of one currency: opening + earned + reversed + adjusted + paid = closing."""

    currency: str
    opening: int = 0
    earned: int = 0
    reversed: int = 0
    adjusted: int = 0
    paid: int = 0  # less than nothing, where something was

    @property
    def closing(self) -> int:
        """What is owed at the end."""
        return self.opening + self.earned + self.reversed + self.adjusted + self.paid


class Statement(msgspec.Struct, frozen=True):
    code: str
    period: str
    sums: tuple[Sum, ...]
    lines: tuple[Line, ...]


_KINDS = {
    "earn": "earned", "reverse": "reversed", "adjust": "adjusted", "paid": "paid", "returned": "paid",
}  # fmt: skip


def statement(shop: Shop, affiliate: str, period: Period) -> Statement:
    """Raises CurateError where there is no such affiliate."""
    who = register.of(shop, affiliate)
    with shop.database.reading() as connection:
        steps = [*_earned(connection, shop, who), *_paid(connection, shop, who)]
    steps.sort(key=lambda one: (one[0], one[1]))
    sums: dict[str, Sum] = {}
    told: list[Line] = []
    for at, _, line in steps:
        before = sums.get(line.currency, Sum(line.currency))
        name = "opening" if at < period.begin else _KINDS[line.kind]
        if at < period.end:
            more = {name: getattr(before, name) + line.amount}
            sums[line.currency] = msgspec.structs.replace(before, **more)
            told += [line] if at >= period.begin else []
    return Statement(who.code, period.name, tuple(sums[name] for name in sorted(sums)), tuple(told))


def report(shop: Shop, affiliate: str, period: Period) -> Report:
    """The statement as tables, in the affiliate's language."""
    made, say = statement(shop, affiliate, period), speaker(language(shop, affiliate))
    return Report(
        "statement",
        say("Statement for {code}", code=made.code),
        made.period,
        (_sums(made, say), _lines(made, say)),
        notes=(
            say("A sale is told by a reference of its own: who bought is not passed on."),
            say("What was given back after it was paid out is taken off what is earned next."),
        ),
    )


def language(shop: Shop, affiliate: str) -> Language:
    """What they read; where nobody said it, the shop's."""
    told = register.of(shop, affiliate).language
    return ("zh" if told.startswith("zh") else "en") if told else shop.settings.language


def write(stream: IO[bytes], made: Statement) -> int:
    """The lines as CSV; how many they are. No cell is a formula to a spreadsheet."""
    rows = (
        (
            one.day, one.kind, one.role, one.reference, one.product, _decimal(one.sold, one.currency),
            _decimal(one.base, one.currency), money.decimal(one.amount, one.currency), one.currency, one.due_day, one.batch,
        )
        for one in made.lines
    )  # fmt: skip
    return table.write(stream, COLUMNS, rows, numbers=("sold", "base", "amount"))


def _decimal(amount: int | None, currency: str) -> str:
    return "" if amount is None else money.decimal(amount, currency)


def _sums(made: Statement, say: Say) -> Table:
    columns = (
        Column("currency", say("currency")),
        Column("opening", say("before"), "money"),
        Column("earned", say("earned"), "money"),
        Column("reversed", say("given back"), "money"),
        Column("adjusted", say("put right"), "money"),
        Column("paid", say("paid out"), "money"),
        Column("closing", say("owed at the end"), "money"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in made.sums:
        amounts = (one.opening, one.earned, one.reversed, one.adjusted, one.paid, one.closing)
        rows.append((one.currency, *(Money(amount, one.currency) for amount in amounts)))
    return Table("sums", say("What is owed"), columns, tuple(rows))


def _lines(made: Statement, say: Say) -> Table:
    columns = (
        Column("day", say("day")),
        Column("kind", say("kind")),
        Column("reference", say("reference")),
        Column("product", say("product")),
        Column("sold", say("sold"), "money"),
        Column("base", say("of"), "money"),
        Column("amount", say("amount"), "money"),
        Column("due_day", say("due on")),
        Column("batch", say("payout")),
    )
    kinds = {
        "earn": say("earned"), "reverse": say("given back"), "adjust": say("put right"), "paid": say("paid out"),
        "returned": say("payout came back"),
    }  # fmt: skip
    rows = tuple(
        (
            one.day, kinds[one.kind], one.reference or None, one.product or None,
            *(None if amount is None else Money(amount, one.currency) for amount in (one.sold, one.base)), Money(one.amount, one.currency),
            one.due_day or None, one.batch or None,
        )
        for one in made.lines
    )  # fmt: skip
    return Table("lines", say("Sales and payouts"), columns, rows)


def _earned(connection: Connection, shop: Shop, who: Affiliate) -> list[tuple[int, int, Line]]:
    where = calendar.zone(shop.settings.books.timezone)
    query = (
        select(commissions, lines.c.sku, lines.c.paid, pools.c.role, payouts.c.batch, rules.c.text)
        .join(pools, pools.c.id == commissions.c.pool_id)
        .join(rules, rules.c.id == pools.c.rule_id)
        .outerjoin(lines, lines.c.id == commissions.c.line_id)
        .outerjoin(settlements, settlements.c.commission_id == commissions.c.id)
        .outerjoin(payouts, payouts.c.id == settlements.c.payout_id)
        .where(commissions.c.affiliate_id == who.id)
    )
    rows = connection.execute(query).all()
    given = _given_back(connection, rows)
    return [
        (
            row.at,
            row.id,
            Line(
                calendar.day(row.at, where).isoformat(), row.kind, row.role, _reference(shop, who, row.line_id),
                row.sku or "", given.get(row.source, row.paid if row.kind == "earn" else None), _base(row), row.amount, row.currency,
                calendar.day(row.due_at, where).isoformat(), row.batch or "",
            ),
        )
        for row in rows
    ]  # fmt: skip


def _base(row: Any) -> int | None:
    by_percent = row.role == "introducer" or terms(row.text).percent is not None
    return int(row.base) if by_percent else None


def _given_back(connection: Connection, rows: Sequence[Any]) -> dict[str, int]:
    """By the source of the commission that was taken back ("refund:7:seller"); below nothing."""
    sources = {
        row.source: int(row.source.split(":")[1])
        for row in rows
        if row.source.startswith("refund:")
    }
    query = select(refunds.c.id, refunds.c.amount)
    amounts = {
        int(own): int(amount)
        for some in pieces(sorted(set(sources.values())))
        for own, amount in connection.execute(query.where(refunds.c.id.in_(some)))
    }
    return {source: -amounts[own] for source, own in sources.items() if own in amounts}


def _paid(connection: Connection, shop: Shop, who: Affiliate) -> list[tuple[int, int, Line]]:
    """From the ledger, which knows also of what was paid and came back: by its sources, for accounts have no
    index and there is an entry for every sale."""
    where = calendar.zone(shop.settings.books.timezone)
    batches = select(payouts.c.id, payouts.c.batch).where(payouts.c.affiliate_id == who.id)
    named = {str(row.id): row.batch for row in connection.execute(batches)}
    sources = [f"{kind}:{own}" for own in named for kind in ("payout", "payout-failed")]
    query = (
        select(entries.c.id, entries.c.at, entries.c.source, postings.c.amount, postings.c.currency)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(postings.c.account == ledger.owed(who.code))
    )
    return [
        (row.at, row.id, _payout(row, named, where))
        for some in pieces(sources)
        for row in connection.execute(query.where(entries.c.source.in_(some)))
    ]


def _payout(row: Any, named: dict[str, str], where: Any) -> Line:
    """What is debited to what we owe them is less owed."""
    day = calendar.day(row.at, where).isoformat()
    kind, _, own = row.source.partition(":")
    told = "paid" if kind == "payout" else "returned"
    return Line(
        day, told, "", "", "", None, None, -int(row.amount), row.currency, "", named.get(own, "")
    )


def _reference(shop: Shop, who: Affiliate, line_id: int | None) -> str:
    if line_id is None:
        return ""
    raw = shop.keys.mac("statement", who.code, str(line_id))
    return base64.b32encode(raw).decode()[:_CHARACTERS]
