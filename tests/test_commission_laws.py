"""The laws of commission, for any rule and any stream of events: monotonic, path-independent, restored to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from curate.database.tables import affiliates, commissions, lines, orders, postings
from curate.shop import Shop, commission, ledger
from curate.shop.aftersales import refunds
from curate.shop.commission.rules import Role, Sold, Terms, frozen, terms
from curate.shop.settings import Distribution, Rule, Settings, Tier
from tests.distribution import Trade, earned, trade

MINOR = st.integers(0, 3_000)
ROLES: tuple[Role, ...] = ("seller", "introducer")


def decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any that shop.toml takes."""
    cap = draw(st.sampled_from(["", "", "7.77"]))
    kind = draw(st.sampled_from(["percent", "percent", "fixed", "wholesale"]))
    if kind == "fixed":
        return Rule(fixed=decimal(draw(MINOR)), cap=cap)
    if kind == "wholesale":
        price = draw(st.integers(1, 1_000))
        floor = draw(st.sampled_from([0, price, price + 77]))
        return Rule(wholesale=decimal(price), floor=decimal(floor) if floor else "", cap=cap)
    steps = sorted(draw(st.lists(st.integers(0, 9_000), min_size=1, max_size=4)))
    aboves = sorted(
        draw(st.sets(st.integers(1, 5_000), min_size=len(steps) - 1, max_size=len(steps) - 1))
    )
    tiers = tuple(
        Tier(decimal(above), decimal(step)) for above, step in zip(aboves, steps[1:], strict=True)
    )
    introducer = draw(st.sampled_from(["", "1", "9.99"]))
    return Rule(percent=decimal(steps[0]), tiers=tiers, introducer=introducer, cap=cap)


SOLD = st.builds(
    lambda paid, fee, quantity, part, pieces: Sold(paid, fee, quantity, paid * part // 100, quantity * pieces // 10),
    MINOR, MINOR, st.integers(1, 9), st.integers(0, 100), st.integers(0, 10),
)  # fmt: skip
BASES = st.sampled_from(["net", "after_fee"])


def laid_down(at: Trade, rule: Rule, base: str) -> Settings:
    told = Distribution(rule="r", profile="other", depth=2, base=base)  # type: ignore[arg-type]
    return msgspec.structs.replace(at.shop.settings, distribution=told, rules={"r": rule})


def law(at: Trade, rule: Rule, base: str) -> Terms:
    return terms(frozen(laid_down(at, rule, base), "r", rule))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Trade:
    """One shop for all examples: each is rolled back."""
    made = trade(tmp_path_factory.mktemp("laws"), profile="other", depth=2)
    made.affiliate("lee", level=2), made.affiliate("kim"), made.affiliate("solo")
    made.introduce("lee", "kim")
    return made


@settings(max_examples=300, deadline=None)
@given(rule=rules(), base=BASES, some=st.lists(SOLD, max_size=5), more=SOLD)
def test_more_net_sales_never_earn_less_and_none_earn_nothing(
    at: Trade, rule: Rule, base: str, some: list[Sold], more: Sold
) -> None:
    of = law(at, rule, base)
    before = sum(map(of.worth, some))
    for role in ROLES:
        assert of.due(role, 0) == 0
        assert 0 <= of.due(role, before) <= of.due(role, before + of.worth(more))
        assert of.due(role, before) <= sum(one.net for one in some)


@settings(max_examples=300, deadline=None)
@given(rule=rules(), base=BASES, sold=SOLD, money=st.integers(0, 100), pieces=st.integers(0, 9))
def test_what_is_given_back_never_makes_a_line_worth_more(
    at: Trade, rule: Rule, base: str, sold: Sold, money: int, pieces: int
) -> None:
    of = law(at, rule, base)
    less = Sold(
        sold.paid, sold.fee, sold.quantity, sold.refunded + sold.net * money // 100,
        min(sold.quantity, sold.returned + pieces),
    )  # fmt: skip
    assert 0 <= of.worth(less) <= of.worth(sold) <= sold.net
    nothing = Sold(sold.paid, sold.fee, sold.quantity, sold.paid, sold.quantity)
    assert of.worth(nothing) == 0


def plainly(rule: Rule, role: Role, base: int) -> int:
    """The rule as a person reckons it: cent by cent of what lies between the steps."""
    steps = [(0, Fraction(rule.percent or 0))]
    steps += [(int(Fraction(one.above) * 100), Fraction(one.percent)) for one in rule.tiers]
    ends = [above for above, _ in steps[1:]] + [base]
    if role == "introducer":
        exact = base * Fraction(rule.introducer or 0) / 100
    elif not rule.percent:
        exact = Fraction(base)
    else:
        exact = sum(
            (max(0, min(end, base) - above) * percent / 100 for (above, percent), end in zip(steps, ends, strict=True)),
            Fraction(0),
        )  # fmt: skip
    made = round(exact)
    return min(made, int(Fraction(rule.cap) * 100)) if rule.cap else made


@settings(max_examples=300, deadline=None)
@given(rule=rules(), base=st.integers(0, 20_000))
def test_a_rule_is_what_a_person_reckons(at: Trade, rule: Rule, base: int) -> None:
    for role in ROLES:
        assert law(at, rule, "net").due(role, base) == plainly(rule, role, base)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["sell", "sell", "refund", "fee"]), st.integers(0, 9), MINOR, st.integers(0, 100),
        st.sampled_from(["lee", "lee", "solo", ""]), st.sampled_from([0, 31]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


class Stream:
    """Events as the intake and the refund wizard bring them, in one transaction that is never ended."""

    def __init__(self, connection: Connection, shop: Shop) -> None:
        self.connection, self.shop = connection, shop
        self.made: list[int] = []

    def sell(self, paid: int, fee: int, who: str, days: int, quantity: int = 3) -> int:
        number = f"n{len(self.made)}"
        order = self.one(orders, channel="hand", number=number, currency="CNY", made_at=1, paid_at=1 + days * 86_400)  # fmt: skip
        line = self.one(
            lines, order_id=order, line_no="1", sku="G", state="paid", quantity=quantity, paid=paid, fee=fee,
            affiliate_code=who,
        )  # fmt: skip
        self.made.append(line)
        return line

    def one(self, table: Any, **values: Any) -> int:
        query = table.insert().values(values).returning(table.c.id)
        return int(self.connection.execute(query).scalar_one())

    def line(self, own: int) -> Any:
        return self.connection.execute(select(lines).where(lines.c.id == own)).one()

    def refund(self, own: int, percent: int) -> None:
        row = self.line(own)
        left, kept = row.paid - row.refunded, row.quantity - row.refunded_quantity
        amount, pieces = left * percent // 100, kept * percent // 100
        if amount or pieces:
            reference = f"r{row.refunded}/{row.refunded_quantity}"
            refunds.give_back(self.connection, self.shop, own, pieces, amount, reference, "", "")

    def fee(self, own: int, fee: int) -> None:
        """As a batch of orders tells it."""
        row = self.line(own)
        if not row.fee:
            self.connection.execute(lines.update().where(lines.c.id == own).values(fee=fee))
            commission.fee_told(self.connection, self.shop, own)

    def play(self, events: list[Any], at_once: int) -> Iterator[str]:
        """``at_once`` sales are posted together; after each step what kind it was."""
        waiting: list[int] = []
        for kind, which, money, percent, who, days in [*events, ("end", 0, 0, 0, "", 0)]:
            if kind == "sell":
                waiting.append(self.sell(money, money // 20, who, days))
            if waiting and (kind != "sell" or len(waiting) >= at_once):
                ledger.earned_all(self.connection, self.shop, waiting)
                waiting = []
                yield "sell"
            if self.made and kind == "refund":
                self.refund(self.made[which % len(self.made)], percent)
                yield "refund"
            if self.made and kind == "fee":
                self.fee(self.made[which % len(self.made)], money // 30)
                yield "fee"

    def due(self, rule: Rule) -> dict[int, int]:
        """From the lines as they are now, and nothing else."""
        code = {row.code: row.id for row in self.connection.execute(select(affiliates))}
        net: dict[tuple[str, str, int], int] = defaultdict(int)
        of = terms(frozen(self.shop.settings, "r", rule))
        query = select(lines, orders.c.paid_at).join(orders, orders.c.id == lines.c.order_id)
        for row in self.connection.execute(query.where(lines.c.affiliate_code != "")):
            sold = Sold(row.paid, row.fee, row.quantity, row.refunded, row.refunded_quantity)
            net[row.affiliate_code, "seller", row.paid_at] += of.worth(sold)
            if row.affiliate_code == "lee" and rule.introducer:
                net["kim", "introducer", row.paid_at] += of.worth(sold)
        found: dict[int, int] = defaultdict(int)
        for (who, role, _), worth in net.items():
            found[code[who]] += plainly(rule, role, worth)  # type: ignore[arg-type]
        return found

    def balances(self) -> dict[str, int]:
        query = select(postings.c.account, func.sum(postings.c.amount)).group_by(postings.c.account)
        return {row[0]: int(row[1]) for row in self.connection.execute(query) if row[1]}


@contextmanager
def stream(at: Trade, rule: Rule, base: str) -> Iterator[Stream]:
    """Rolled back at the end."""
    shop = Shop(at.shop.workspace, laid_down(at, rule, base), at.clock)
    shop.__dict__["database"] = at.shop.database
    with at.shop.database.engine.connect() as connection:
        connection.begin()
        yield Stream(connection, shop)
        connection.rollback()


SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip


def follows_what_was_sold(
    at: Trade, rule: Rule, base: str, events: list[Any], at_once: int
) -> None:
    with stream(at, rule, base) as told:
        before: dict[int, int] = {}
        for kind in told.play(events, at_once):
            now = earned(told.connection)
            for who in {*now, *before}:
                change = now.get(who, 0) - before.get(who, 0)
                assert change >= 0 if kind == "sell" else change <= 0
            before = now
        due = {who: amount for who, amount in told.due(rule).items() if amount}
        assert {who: amount for who, amount in before.items() if amount} == due
        for own in told.made:
            told.refund(own, 100)
        assert not any(earned(told.connection).values())
        query = select(func.sum(commissions.c.base)).group_by(commissions.c.line_id)
        assert not any(told.connection.scalars(query))


@SLOW
@given(rule=rules(), base=BASES, events=EVENTS, at_once=st.integers(1, 5))
def test_any_stream_of_events_leaves_what_its_net_sales_earn(
    at: Trade, rule: Rule, base: str, events: list[Any], at_once: int
) -> None:
    follows_what_was_sold(at, rule, base, events, at_once)


@pytest.mark.slow
@settings(SLOW, max_examples=300)
@given(rule=rules(), base=BASES, events=EVENTS, at_once=st.integers(1, 5))
def test_any_of_many_streams_leaves_what_its_net_sales_earn(
    at: Trade, rule: Rule, base: str, events: list[Any], at_once: int
) -> None:
    follows_what_was_sold(at, rule, base, events, at_once)


@SLOW
@given(
    rule=rules(),
    base=BASES,
    events=EVENTS,
    paid=MINOR,
    cuts=st.lists(st.integers(1, 99), max_size=3),
)
def test_what_is_given_back_as_a_whole_restores_every_balance(
    at: Trade, rule: Rule, base: str, events: list[Any], paid: int, cuts: list[int]
) -> None:
    with stream(at, rule, base) as told:
        for _ in told.play(events, 3):
            pass
        before, commission_before = told.balances(), earned(told.connection)
        own = told.sell(paid, paid // 7, "lee", 0)
        ledger.earned_all(told.connection, told.shop, [own])
        for cut in (*cuts, 100):
            told.refund(own, cut)
        assert told.balances() == before
        now = earned(told.connection)
        assert {who: now[who] for who in commission_before} == commission_before
        assert not any(now[who] for who in now if who not in commission_before)
