"""What earnings come from, factor by factor: measured apart, each with its source and date, never one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, select

from curate.books.direct.figures import Figures, ratio
from curate.database.tables import tickets, visits
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

FACTORS = ("reputation", "value", "demand", "scarcity", "scale")
"""口碑, 价值, 需求, 稀缺, 规模."""
Kind = Literal["text", "count", "ratio", "number"]


@dataclass(frozen=True, slots=True)
class Measure:
    """``value``: None where it was not measured. ``currency``: of a number that is money, in major units."""

    factor: str
    what: Message
    value: str | int | Fraction | None
    kind: Kind
    source: Message
    date: str
    currency: str = ""


def measures(shop: Shop, period: Period, totals: tuple[Figures, ...]) -> tuple[Measure, ...]:
    """In the order of :data:`FACTORS`; a factor of which nothing is known stands there without a value."""
    day = str(period.last)
    found = [*_of_books(shop, period, totals, day), *_of_settings(shop)]
    missing = (
        Measure(one, msg("not measured"), None, "text", msg("write it down: [factors.NAME] in shop.toml"), "")
        for one in FACTORS
        if not any(measure.factor == one for measure in found)
    )  # fmt: skip
    return tuple(sorted((*found, *missing), key=lambda one: FACTORS.index(one.factor)))


def _of_books(
    shop: Shop, period: Period, totals: tuple[Figures, ...], day: str
) -> Iterator[Measure]:
    ledger, known = msg("ledger"), msg("contacts")
    for one in totals:
        money = one.currency
        given = ratio(one.refunded, one.gross)
        yield Measure(
            "reputation", msg("given back, of what was sold"), given, "ratio", ledger, day, money
        )
    asked = _asked(shop, period)
    yield Measure("reputation", msg("questions asked"), asked, "count", msg("tickets"), day)
    for one in totals:
        yield Measure(
            "value", msg("revenue per buyer"), one.order_value, "number", ledger, day, one.currency
        )
    yield Measure(
        "demand", msg("visits by links"), _visits(shop, period), "count", msg("visits"), day
    )
    for one in totals[:1]:
        yield Measure("scale", msg("people reached"), one.users, "count", known, day)
    for one in totals:
        rate = ratio(one.converted, one.users)
        yield Measure("scale", msg("of them bought"), rate, "ratio", known, day, one.currency)


def _of_settings(shop: Shop) -> Iterator[Measure]:
    for name, told in sorted(shop.settings.factors.items()):
        source = msg("{source}", source=told.source)
        yield Measure(told.of, msg("{name}", name=name), told.value, "text", source, told.date)


def _asked(shop: Shop, period: Period) -> int:
    within = tickets.c.opened_at >= period.begin, tickets.c.opened_at < period.end
    with shop.database.reading() as connection:
        query = select(func.count()).select_from(tickets).where(*within)
        return connection.scalar(query) or 0


def _visits(shop: Shop, period: Period) -> int:
    days = visits.c.day.between(str(period.first), str(period.last))
    with shop.database.reading() as connection:
        query = select(func.coalesce(func.sum(visits.c.count), 0)).where(days)
        return int(connection.scalar(query) or 0)
