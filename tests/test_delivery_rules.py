"""Whatever is done in whatever order: each code at most one delivery, sold if and only if it has one."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from curate.database.tables import alerts, codes, deliveries, lines, orders, outbox
from curate.errors import CurateError
from curate.shop import cards, stock
from curate.shop.aftersales.refunds import refund
from curate.shop.delivery import outbox as box
from curate.shop.delivery import serve
from tests.selling import SKU, Counter, shop

LOW = 3


class Selling(RuleBasedStateMachine):
    """What a seller, their buyers and a card machine may do."""

    template: Path | None = None

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="curate-rules-"))
        self.orders = 0
        self.codes = 0
        self.given: dict[str, int] = {}  # every code that a buyer ever had, and whose it was
        self.uploaded: set[str] = set()
        self.counter: Counter = shop(self.home / "w")

    @initialize()
    def opened(self) -> None:
        """Making the tables takes longer than all that follows: once, then copied."""
        if Selling.template is None:
            self.counter.shop.database.close()
            kept = Path(tempfile.mkdtemp(prefix="curate-rules-")) / "w"
            atexit.register(shutil.rmtree, kept.parent, ignore_errors=True)
            shop(kept).shop.database.close()
            Selling.template = kept / "shop.db"
        self.counter.shop.database.close()
        for path in (self.home / "w").glob("shop.db*"):
            path.unlink()
        shutil.copy(Selling.template, self.home / "w" / "shop.db")
        self.counter = shop(self.home / "w")

    def teardown(self) -> None:
        self.counter.shop.database.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @rule(n=st.integers(1, 6))
    def fill(self, n: int) -> None:
        new = [f"code-{self.codes + i}" for i in range(n)]
        self.codes += n
        self.counter.fill(*new, "code-0", new[0])

    @rule(n=st.integers(1, 4), machine=st.booleans(), card=st.integers(0, 30))
    def order(self, n: int, machine: bool, card: int) -> None:
        self.orders += 1
        number, self.counter.clock.now = str(self.orders), self.counter.clock.now + 1
        if machine:
            self.counter.order(number, "machine", card=f"code-{card}")
        else:
            self.counter.order(number, "hand", quantity=n)

    @rule(limit=st.sampled_from([None, 1, 2]))
    def serve(self, limit: int | None) -> None:
        before = self._heads()
        serve(self.counter.shop, limit)
        left = self._heads()
        assert left == before[len(before) - len(left) :]  # first in, first out

    @rule(which=st.integers(0, 20), n=st.integers(1, 3))
    def refund(self, which: int, n: int) -> None:
        if not self.orders:
            return
        number = str(which % self.orders + 1)
        with self.counter.shop.database.reading() as connection:
            query = select(lines.c.quantity - lines.c.refunded_quantity, orders.c.channel)
            left, channel = connection.execute(
                query.join_from(lines, orders).where(orders.c.number == number)
            ).one()
        if left:
            refund(
                self.counter.shop, channel, number, "1", quantity=min(n, left), reason="r", who="w",
                reference=f"{number}-{left}",
            )  # fmt: skip

    @rule(named=st.lists(st.integers(0, 30), max_size=3))
    def withdraw(self, named: list[int]) -> None:
        if named:
            stock.withdraw(self.counter.shop, SKU, named=[f"code-{n}" for n in named])

    @rule(n=st.integers(1, 3))
    def upload(self, n: int) -> None:
        try:
            done = cards.upload(self.counter.shop, "machine", SKU, n, self.home / "out")
        except CurateError:
            assert stock.counts(self.counter.shop)[0].free == 0
            return
        handed = {one["card_pwd"] for one in json.loads(done.path.read_bytes())["cards"]}
        assert not handed & (self.uploaded | {*self.given})
        self.uploaded |= handed

    @rule()
    def confirm(self) -> None:
        for one in box.pending(self.counter.shop):
            assert box.confirm(self.counter.shop, one.id, "seen", "w")
            assert not box.confirm(self.counter.shop, one.id, "seen", "w")

    def _heads(self) -> list[int]:
        with self.counter.shop.database.reading() as connection:
            query = (
                select(deliveries.c.id)
                .join_from(deliveries, lines)
                .join(orders)
                .where(deliveries.c.state == "waiting", orders.c.channel == "hand")
                .order_by(deliveries.c.queued_at, deliveries.c.id)
            )
            return [*connection.scalars(query)]

    @invariant()
    def each_code_has_one_buyer_for_ever(self) -> None:
        with self.counter.shop.database.reading() as connection:
            rows = connection.execute(select(codes)).all()
            served = {row.id: row for row in connection.execute(select(deliveries))}
            machine = {
                *connection.scalars(
                    select(deliveries.c.id)
                    .join_from(deliveries, lines)
                    .join(orders)
                    .where(orders.c.channel == "machine")
                )
            }
            bought = {row.id: row for row in connection.execute(select(lines))}
        assert len(rows) == len({row.secret for row in rows}) == self.codes
        pieces: dict[int, int] = {}
        for row in rows:
            if row.state == "sold":
                assert row.delivery_id is not None
                pieces[row.delivery_id] = pieces.get(row.delivery_id, 0) + 1
            elif row.state != "withdrawn":
                assert row.delivery_id is None
            if row.delivery_id is not None:
                # What a machine has is sold by it alone, and it sells nothing else.
                assert (row.secret in self.uploaded) == (row.delivery_id in machine)
                assert self.given.setdefault(row.secret, row.delivery_id) == row.delivery_id
            else:
                assert row.secret not in self.given
        for one in served.values():
            line = bought[one.line_id]
            has = one.state in ("allocated", "rendered", "sent", "confirmed")
            assert pieces.get(one.id, 0) == (line.quantity - line.refunded_quantity if has else 0)

    @invariant()
    def few_left_is_told_once(self) -> None:
        with self.counter.shop.database.reading() as connection:
            open_ = connection.scalars(
                select(alerts.c.id).where(alerts.c.cleared_at.is_(None))
            ).all()
            messages = connection.scalars(select(outbox.c.delivery_id)).all()
        assert len(open_) <= 1
        if open_:
            assert stock.counts(self.counter.shop)[0].free < LOW
        assert len(messages) == len({*messages})


Selling.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSelling = Selling.TestCase
