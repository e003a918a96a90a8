"""Both systems side by side, to the cent: what was sold directly, and what affiliates sold."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from curate.books.affiliates import sides
from curate.books.affiliates.sides import Sales, Side, Sums
from curate.books.reports import Cell, Chart, Column, Money, Report, Table
from curate.messages import Say, speaker

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

_Found = dict[Side, tuple[Sums, Sales]]


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """Direct + affiliates = all income and expenses in the ledger; no order is in both. ``by`` says nothing
    here. Affiliates are told by their codes alone."""
    say = speaker(shop.workspace.settings.language)
    with shop.database.reading() as connection:
        money, sold = sides.sums(connection, period), sides.sales(connection, period)
    found = {
        side: (money.get(side, Sums()), sold.get(side, Sales())) for side in sorted({*money, *sold})
    }
    return Report(
        "distribution",
        say("Direct sales and distribution"),
        period.name,
        (_systems(found, say), _affiliates(found, say), _segments(found, say)),
        (
            Chart("systems", say("Revenue and profit"), "bars", "systems", "system", ("revenue", "profit")),
            Chart("affiliates", say("Revenue by affiliate"), "bars", "affiliates", "affiliate", ("revenue",)),
        ),
    )  # fmt: skip


def _systems(found: _Found, say: Say) -> Table:
    rows: list[tuple[Cell, ...]] = []
    totals: list[tuple[Cell, ...]] = []
    for currency in sorted({side.currency for side in found}):
        own = {side: told for side, told in found.items() if side.currency == currency}
        direct = _sum(told for side, told in own.items() if not side.code)
        theirs = _sum(told for side, told in own.items() if side.code)
        rows += [
            _system(say("direct"), direct, currency),
            _system(say("affiliates"), theirs, currency),
        ]
        totals.append(_system(say("together"), _sum([direct, theirs]), currency))
    return Table(
        "systems",
        say("Both systems"),
        (
            Column("system", say("system")),
            Column("currency", say("currency")),
            Column("orders", say("orders"), "count"),
            *_money(say, costs=True),
        ),
        tuple(rows),
        totals[0] if len(totals) == 1 else (),
        (
            say("Costs that are not an affiliate's commission or fee are on the direct side."),
            say("A sale by which nobody earned, such as an affiliate's own purchase, is direct."),
        ),
        tuple(totals) if len(totals) > 1 else (),
    )


def _system(name: str, told: tuple[Sums, Sales], currency: str) -> tuple[Cell, ...]:
    return (name, currency, told[1].orders, *_amounts(told[0], currency, costs=True))


def _affiliates(found: _Found, say: Say) -> Table:
    theirs = {side: told for side, told in found.items() if side.code}
    rows = [
        (side.code, say(side.segment), side.currency, *_sold(told[1]),
         *_amounts(told[0], side.currency))
        for side, told in theirs.items()
    ]  # fmt: skip
    head = (Column("affiliate", say("affiliate")), Column("segment", say("segment")))
    return _told("affiliates", say("By affiliate"), head, rows, say)


def _segments(found: _Found, say: Say) -> Table:
    groups: dict[tuple[str, str], list[tuple[Sums, Sales]]] = {}
    heads: dict[tuple[str, str], int] = {}
    for side, told in found.items():
        if side.code:
            key = (side.segment, side.currency)
            groups.setdefault(key, []).append(told)
            heads[key] = heads.get(key, 0) + 1
    rows = []
    for key, some in sorted(groups.items()):
        total = _sum(some)
        rows.append(
            (say(key[0]), heads[key], key[1], *_sold(total[1]), *_amounts(total[0], key[1]))
        )  # fmt: skip
    head = (
        Column("segment", say("segment")),
        Column("affiliates", say("affiliates who sold"), "count"),
    )
    return _told("segments", say("By segment"), head, rows, say)


def _told(
    key: str, title: str, head: tuple[Column, ...], rows: Iterable[tuple[Cell, ...]], say: Say
) -> Table:
    columns = (
        *head,
        Column("currency", say("currency")),
        Column("orders", say("orders"), "count"),
        Column("new", say("of new people"), "count"),
        Column("known", say("of known people"), "count"),
        Column("new_share", say("share of new"), "ratio"),
        *_money(say),
    )
    note = say(
        "New is whose first order it is, and who was not heard of before the affiliate's touch."
    )
    return Table(key, title, columns, tuple(rows), notes=(note,))


def _sold(told: Sales) -> tuple[Cell, ...]:
    asked = told.new + told.known
    return (told.orders, told.new, told.known, Fraction(told.new, asked) if asked else None)


def _money(say: Say, *, costs: bool = False) -> tuple[Column, ...]:
    return (
        Column("revenue", say("net revenue"), "money"),
        Column("fees", say("fees"), "money"),
        *([Column("costs", say("costs"), "money")] if costs else ()),
        Column("commission", say("commission"), "money"),
        Column("profit", say("profit"), "money"),
    )


def _amounts(told: Sums, currency: str, *, costs: bool = False) -> tuple[Cell, ...]:
    amounts = (
        told.revenue,
        told.fees,
        *([told.costs] if costs else ()),
        told.commission,
        told.profit,
    )
    return tuple(Money(amount, currency) for amount in amounts)


def _sum(some: Iterable[tuple[Sums, Sales]]) -> tuple[Sums, Sales]:
    money, sold = Sums(), Sales()
    for one, other in some:
        money, sold = money + one, sold + other
    return money, sold
