"""Figures as tables: titles in the seller's language, cells exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from curate.books.direct import interval
from curate.books.direct.dimensions import By
from curate.books.direct.figures import FACTORS, Figures, ratio, what_if
from curate.books.direct.interval import Rate
from curate.books.direct.payback import Cohort
from curate.books.direct.scorecard import Measure
from curate.books.reports import Cell, Column, Money, Table
from curate.books.reports.cells import shown
from curate.messages import Say, render
from curate.model import Language
from curate.shop import money

if TYPE_CHECKING:
    from curate.books.direct.sums import Sums

CHANGE = Fraction(1, 10)
"""Of a what-if, up and down."""
_Row = tuple[Cell, ...]


def headings(by: By, say: Say) -> tuple[str, str, str]:
    """What rows are; what the row of no name is; how costs come to rows."""
    return {
        "channel": (say("channel"), say("no channel"),
                    say("Costs that name no channel are shared out by [books].allocation, as they are booked when the month is closed.")),
        "campaign": (say("campaign"), say("no campaign"),
                     say("Costs that name no campaign stand in the row of no campaign.")),
        "bundle": (say("bundle"), say("no bundle"),
                   say("No cost names a bundle: costs are shared out by net revenue, to the cent. Every bundle is offered to all new contacts.")),
        "cohort": (say("week of arrival"), say("unknown week"),
                   say("Costs lie in the weeks of their days. Users are all people of a week, buyers those of them who bought in the period.")),
        "affiliate": (say("affiliate"), say("own sales"),
                      say("Costs stay with own sales; users of an affiliate are contacts who were first heard of by their link.")),
    }[by]  # fmt: skip


def figures(sums: Sums, by: By, say: Say) -> Table:
    """The plain formula: users × conversion × revenue per buyer - traffic cost."""
    title, nobody, note = headings(by, say)
    columns = (
        Column(by, title), Column("currency", say("currency")), Column("users", say("users"), "count"),
        Column("buyers", say("buyers"), "count"), Column("conversion", say("conversion"), "ratio"),
        Column("order_value", say("revenue per buyer"), "number"), Column("revenue", say("revenue"), "money"),
        Column("ads", say("advertising"), "money"), Column("team", say("team"), "money"),
        Column("other", say("other costs"), "money"), Column("traffic", say("traffic cost"), "money"),
        Column("profit", say("profit"), "money"),
    )  # fmt: skip

    def row(one: Figures, name: str) -> _Row:
        return (
            name, one.currency, one.users, one.buyers, one.conversion, _major(one.order_value, one.currency),
            *_moneys(one, "revenue", "ads", "team", "other", "traffic", "profit"),
        )  # fmt: skip

    rest = [
        say("{amount} {currency} of the revenue is made by no factors: {name} has no users or no buyers.",
            amount=money.decimal(one.rest, one.currency), currency=one.currency, name=one.key or nobody)
        for one in sums.rows if one.rest
    ]  # fmt: skip
    factors = say("Revenue = users × conversion × revenue per buyer; profit = revenue - (users × cost per user + team + other costs), exactly.")  # fmt: skip
    return _table(
        "figures", say("Own sales"), columns, row, sums, nobody, say, (factors, note, *rest)
    )


def full(sums: Sums, by: By, say: Say) -> Table:
    """The full profit and loss."""
    title, nobody, _ = headings(by, say)
    names = (
        "gross",
        "refunded",
        "revenue",
        "fees",
        "payment",
        "commission",
        "contribution",
        "traffic",
        "net",
    )
    titles = (
        say("sold"), say("given back"), say("revenue"), say("platform fees"), say("payment fees"),
        say("commission"), say("contribution"), say("traffic cost"), say("net profit"),
    )  # fmt: skip
    columns = (
        Column(by, title), Column("currency", say("currency")), Column("orders", say("orders"), "count"),
        *(Column(name, told, "money") for name, told in zip(names, titles, strict=True)),
    )  # fmt: skip

    def row(one: Figures, name: str) -> _Row:
        return (name, one.currency, one.orders, *_moneys(one, *names))

    note = say("Given back counts in the period in which it was, whenever it was bought. A payment fee that the channel keeps is part of its own fee.")  # fmt: skip
    return _table("full", say("Full profit and loss"), columns, row, sums, nobody, say, (note,))


def conversion(sums: Sums, by: By, least: int, say: Say) -> Table:
    """Of new users; with how sure that is."""
    title, nobody, _ = headings(by, say)
    columns = (
        Column(by, title), Column("currency", say("currency")), Column("users", say("users"), "count"),
        Column("converted", say("of them bought"), "count"), Column("rate", say("rate"), "ratio"),
        Column("low", say("at least"), "ratio"), Column("high", say("at most"), "ratio"),
    )  # fmt: skip

    def row(one: Figures, name: str) -> _Row:
        sure = interval.wilson(one.converted, one.users)
        rate = ratio(one.converted, one.users)
        return (name, one.currency, one.users, one.converted, rate, *(sure or (None, None)))

    notes = [
        say("At least, at most: Wilson's interval, in which the true rate lies in 95 of 100 cases.")
    ]
    for currency in [one.currency for one in sums.totals]:
        rows = [one for one in sums.rows if one.currency == currency and one.users]
        notes.append(_judged(rows, currency, nobody, least, say))
    return _table("conversion", say("Who buys"), columns, row, sums, nobody, say, tuple(notes))


def _judged(rows: Sequence[Figures], currency: str, nobody: str, least: int, say: Say) -> str:
    found = interval.best([Rate(one.key, one.converted, one.users) for one in rows], least)
    if found.compared > 1:
        return (
            say("{currency}: {name} converts best; its interval lies above all others.", currency=currency, name=found.key or nobody)
            if found.key is not None
            else say("{currency}: none is called best: the intervals overlap.", currency=currency)
        )  # fmt: skip
    return say("{currency}: none is called best: fewer than two have {least} users ([books].least_sample).", currency=currency, least=least)  # fmt: skip


def limits(sums: Sums, by: By, say: Say) -> Table:
    """What one more user may cost, and how many are needed."""
    title, nobody, _ = headings(by, say)
    columns = (
        Column(by, title), Column("currency", say("currency")), Column("user_cost", say("cost per user"), "number"),
        Column("most", say("most that a user may cost"), "number"),
        Column("deduction", say("fees and commission of revenue"), "ratio"),
        Column("fixed", say("team and other costs"), "money"), Column("even", say("users to break even"), "count"),
    )  # fmt: skip

    def row(one: Figures, name: str) -> _Row:
        fixed = Money(one.team + one.other, one.currency)
        cost, most = (_major(value, one.currency) for value in (one.user_cost, one.most_per_user))
        return (name, one.currency, cost, most, one.deduction, fixed, one.even_users)

    note = say("Users to break even: team and other costs / (conversion × revenue per buyer × (1 - fees and commission) - cost per user). Nothing stands there where no number of users is enough.")  # fmt: skip
    return _table("limits", say("Break-even"), columns, row, sums, nobody, say, (note,))


def _table(
    key: str, title: str, columns: tuple[Column, ...], row: Callable[[Figures, str], _Row], sums: Sums,
    nobody: str, say: Say, notes: tuple[str, ...],
) -> Table:  # fmt: skip
    """A row each, currency by currency; below them what each currency came to."""
    rows = [
        row(one, one.key or nobody)
        for total in sums.totals
        for one in sums.rows
        if one.currency == total.currency
    ]
    totals = [row(one, say("all")) for one in sums.totals]
    if len(totals) == 1:
        return Table(key, title, columns, tuple(rows), totals[0], notes)
    return Table(key, title, columns, tuple(rows), notes=notes, totals=tuple(totals))


def _moneys(one: Figures, *names: str) -> tuple[Money, ...]:
    return tuple(Money(getattr(one, name), one.currency) for name in names)


def _major(value: Fraction | None, currency: str) -> Fraction | None:
    """Minor units → the currency's own."""
    return None if value is None else Fraction(value, 10 ** money.digits(currency))


def what_ifs(totals: Iterable[Figures], say: Say) -> Table:
    """The net profit where one factor is a tenth less or more."""
    titles = dict(zip(FACTORS, (
        say("users"), say("conversion"), say("revenue per buyer"), say("cost per user"), say("team"),
        say("other costs"), say("fees and commission of revenue"),
    ), strict=True))  # fmt: skip
    columns = (
        Column("factor", say("factor")), Column("currency", say("currency")), Column("less", say("10 % less"), "money"),
        Column("now", say("net profit now"), "money"), Column("more", say("10 % more"), "money"),
        Column("difference", say("10 % more changes"), "money"),
    )  # fmt: skip
    rows: list[_Row] = []
    for one in totals:
        now = Money(one.net, one.currency)
        for factor in FACTORS:
            less, more = (what_if(one, factor, change) for change in (-CHANGE, CHANGE))
            if less is not None and more is not None:
                told = [Money(round(value), one.currency) for value in (less, more, more - one.net)]
                rows.append((titles[factor], one.currency, told[0], now, told[1], told[2]))
    notes = (
        ()
        if rows
        else (say("Users, buyers and their factors are needed for this, and are not there."),)
    )
    return Table("what_if", say("What if"), columns, tuple(rows), notes=notes)


def payback(found: Iterable[Cohort], say: Say) -> Table:
    columns = (
        Column("week", say("week of arrival")), Column("currency", say("currency")),
        Column("users", say("users"), "count"), Column("cost", say("advertising"), "money"),
        Column("contributed", say("contribution so far"), "money"),
        Column("per_user", say("contribution per user"), "number"), Column("weeks", say("weeks to pay back"), "count"),
    )  # fmt: skip
    rows: list[_Row] = []
    for one in found:
        each = _major(ratio(one.so_far, one.users), one.currency)
        moneys = (Money(amount, one.currency) for amount in (one.cost, one.so_far))
        rows.append((one.week, one.currency, one.users, *moneys, each, one.weeks))
    note = say("Within the period; 0: in the week of arrival itself. Nothing stands there where it is not paid back yet.")  # fmt: skip
    return Table("payback", say("Payback by week of arrival"), columns, tuple(rows), notes=(note,))


def scorecard(found: Iterable[Measure], language: Language, say: Say) -> Table:
    factors = {
        "reputation": say("reputation"), "value": say("value"), "demand": say("demand"),
        "scarcity": say("scarcity"), "scale": say("scale"),
    }  # fmt: skip
    columns = (
        Column("factor", say("factor")), Column("measure", say("measure")), Column("value", say("measured")),
        Column("exact", say("exact")), Column("currency", say("currency")), Column("source", say("source")),
        Column("date", say("date")),
    )  # fmt: skip
    rows: list[_Row] = []
    for one in found:
        value = one.value
        if isinstance(value, Fraction) and one.kind == "number":
            value = _major(value, one.currency)
        told = shown(value, Column("value", "", one.kind))
        exact = "" if value is None else str(value)
        rows.append((factors[one.factor], render(one.what, language), told, exact, one.currency,
                     render(one.source, language), one.date))  # fmt: skip
    note = say("Factors stand side by side: no number is made of them.")
    return Table("scorecard", say("Scorecard"), columns, tuple(rows), notes=(note,))
