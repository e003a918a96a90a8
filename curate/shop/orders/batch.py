"""Some hundred lines of orders, taken in within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, select, update

from curate.database.tables import acknowledgements, deliveries, lines, orders, steps
from curate.errors import CurateError, Problem
from curate.shop import commission, contacts, forgetting, ledger, money
from curate.shop.aftersales import refunds
from curate.shop.orders import Line, fold
from curate.shop.orders.fold import Known, Stage
from curate.shop.orders.formats import Found
from curate.shop.orders.intake import Taken, mapped, trouble
from curate.shop.orders.mapping import Unmapped, sku_of

if TYPE_CHECKING:
    from curate.shop import Shop

_STATES = {
    Stage.UNPAID: "unpaid", Stage.DROPPED: "cancelled", Stage.PAID: "paid", Stage.UNDONE: "cancelled",
}  # fmt: skip
_HINT = "what is known was kept: see which of both is right, with the channel"
_WHO = "channel"
Key = tuple[str, str]


@dataclass
class _Order:
    """One order, as it is in the database and as it is to be."""

    row: Any
    seen: dict[str, Any] = field(default_factory=dict)  # columns that this batch fills in

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def tells(self) -> bool:
        """Whether it says more than it did of who it is of, or nobody asked so far."""
        named = bool(self.now("buyer") or self.now("email"))
        return bool(self.seen.keys() & {"buyer", "email"}) or (
            named and self.row.contact_id is None
        )

    def now(self, name: str) -> Any:
        return self.seen.get(name, getattr(self.row, name))


@dataclass
class _Entry:
    """One line of an order. ``before`` is None where it is new."""

    order: _Order
    line: Line
    where: str
    sku: str
    now: Known
    before: Known | None = None
    id: int = 0
    sku_before: str = ""
    delivered: str = ""  # the state of its delivery

    @property
    def begins(self) -> bool:
        """Whether a delivery of it is due and not there."""
        return self.now.is_paid and bool(self.sku) and not self.delivered


class Batch:
    def __init__(self, shop: Shop, found: Sequence[Found]) -> None:
        self.shop = shop
        self.found = found
        self.problems: list[Problem] = []
        self.refused = 0  # lines that contradict what is known
        self.orders: dict[Key, _Order] = {}
        self.entries: dict[tuple[int, str], _Entry] = {}

    def run(self) -> Taken:
        sound = [one for one in self.found if self._sound(one)]
        if not sound:
            return trouble(*self.problems)
        with self.shop.database.writing() as connection:
            self._hold_orders(connection, sound)
            self._hold_lines(connection)
            for told in sound:
                self._fold(told)
            self._tie(connection)
            self._write_orders(connection)
            new = [one for one in self.entries.values() if one.before is None]
            changed = [one for one in self.entries.values() if self._changed(one)]
            self._insert(connection, new)
            for one in changed:
                self._update(connection, one)
            queued = self._begin(connection, [one for one in (*new, *changed) if one.begins])
            for one in (*new, *changed):
                self._give_back(connection, one)
            self._acknowledge(connection, sound)
        known = len(sound) - self.refused - len(new) - len(changed)
        return Taken(
            len(self.found), len(new), len(changed), known, queued, _waiting(self.entries.values())
        ) + trouble(*self.problems)  # fmt: skip

    def _sound(self, one: Found) -> bool:
        wrong = fold.faults(one.line)
        try:
            money.check_currency(one.line.currency)
        except CurateError as fault:
            wrong.append(fault.message)
        if wrong:
            self.problems.append(Problem(one.where, "; ".join(wrong)))
        return not wrong

    def _hold_orders(self, connection: Connection, found: Sequence[Found]) -> None:
        """Make those that are missing, then hold all of them; both in one order everywhere, and nothing is
        held before the last one is made: imports of the same file wait for each other, never for ever."""
        first = {(one.line.channel, one.line.number): one.line for one in reversed(found)}
        keys = sorted(first)
        there = self._orders(connection, select(orders), keys)
        missing = [
            {
                "channel": key[0], "number": key[1], "currency": first[key].currency,
                "made_at": self.shop.now(),
            }
            for key in keys
            if key not in there
        ]  # fmt: skip
        if missing:
            connection.execute(
                self.shop.database.insert(orders).on_conflict_do_nothing(
                    index_elements=["channel", "number"]
                ),
                missing,
            )
        held = select(orders).order_by(orders.c.number).with_for_update(key_share=True)
        self.orders = {
            key: _Order(row) for key, row in self._orders(connection, held, keys).items()
        }

    def _orders(
        self, connection: Connection, query: Select[Any], keys: Sequence[Key]
    ) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        for channel in dict.fromkeys(key[0] for key in keys):
            numbers = [key[1] for key in keys if key[0] == channel]
            which = (orders.c.channel == channel) & orders.c.number.in_(numbers)
            rows = connection.execute(query.where(which))
            found |= {(row.channel, row.number): row for row in rows}
        return found

    def _hold_lines(self, connection: Connection) -> None:
        by_id = {order.id: order for order in self.orders.values()}
        query = (
            select(lines).where(lines.c.order_id.in_(by_id)).order_by(lines.c.id).with_for_update()
        )
        for row in connection.execute(query):
            order, known = by_id[row.order_id], _known(row)
            line = Line(channel=order.row.channel, number=order.row.number, line_no=row.line_no)
            self.entries[order.id, row.line_no] = _Entry(
                order, line, "", row.sku, known, known, row.id, row.sku
            )
        states = select(deliveries.c.line_id, deliveries.c.state).join(
            lines, lines.c.id == deliveries.c.line_id
        )
        found = connection.execute(states.where(lines.c.order_id.in_(by_id)))
        delivered = {row.line_id: row.state for row in found}
        for entry in self.entries.values():
            entry.delivered = delivered.get(entry.id, "")

    def _fold(self, one: Found) -> None:
        line, order = one.line, self.orders[one.line.channel, one.line.number]
        if line.currency != order.row.currency:
            what = f"its order is in {order.row.currency}, and this line in {line.currency}"
            self._refuse(one, what)
            return
        told, sku = fold.told(line), mapped(self.shop, line)
        entry = self.entries.get((order.id, line.line_no))
        if entry is None:
            entry = _Entry(order, line, one.where, sku, told)
            self.entries[order.id, line.line_no] = entry
        elif wrong := fold.contradictions(entry.now, told):
            self._refuse(one, "; ".join(wrong))
            return
        else:
            if entry.delivered not in ("", "waiting"):  # the card was tied, and is not said again
                told = msgspec.structs.replace(told, card="")
            entry.now, entry.where = fold.joined(entry.now, told), one.where
            entry.sku = entry.sku or sku
        _tell(order, line, told, self.shop.now())

    def _refuse(self, one: Found, what: str) -> None:
        told = f"order {one.line.number}, line {one.line.line_no}: {what}"
        self.problems.append(Problem(one.where, told, _HINT))
        self.refused += 1

    def _changed(self, one: _Entry) -> bool:
        return one.before is not None and (one.now != one.before or one.sku != one.sku_before)

    def _tie(self, connection: Connection) -> None:
        """Say who orders are of. Of people who were erased nothing is kept that tells it, however often their
        orders are told."""
        telling = [order for order in self.orders.values() if order.tells]
        silent = forgetting.silent(connection, self.shop, [order.row for order in telling])
        some = [order for order in telling if order.id not in silent]
        for order in telling:
            if order.id in silent:
                order.seen |= {"buyer": "", "email": ""}
        for entry in self.entries.values():
            if entry.order.id in silent:
                entry.now = msgspec.structs.replace(entry.now, card="")
        found = contacts.of_people(
            connection, self.shop, [contacts.person(_buyer(order)) for order in some]
        )
        for order, who in zip(some, found, strict=True):
            if who.erased:
                order.seen |= {"buyer": "", "email": ""}
            elif who.contact_id not in (None, order.row.contact_id):
                order.seen["contact_id"] = who.contact_id

    def _write_orders(self, connection: Connection) -> None:
        """Those that were told alike in one statement."""
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for order in self.orders.values():
            if order.seen:
                alike.setdefault(tuple(order.seen), []).append({"own": order.id} | order.seen)
        for rows in alike.values():
            connection.execute(update(orders).where(orders.c.id == bindparam("own")), rows)

    def _insert(self, connection: Connection, new: Sequence[_Entry]) -> None:
        if not new:
            return
        rows = [
            {"order_id": one.order.id, "line_no": one.line.line_no, "sku": one.sku}
            | _columns(one.now)
            for one in new
        ]
        query = lines.insert().returning(lines.c.id, sort_by_parameter_order=True)
        for one, found in zip(new, connection.scalars(query, rows), strict=True):
            one.id = found

    def _update(self, connection: Connection, one: _Entry) -> None:
        values = {"sku": one.sku} | _columns(one.now)
        connection.execute(update(lines).where(lines.c.id == one.id).values(values))
        before = one.before
        if before and before.is_paid and one.sku_before and one.now.fee != before.fee:
            # What it earned is posted, and what was refunded of it is reversed, both as if there were no fee.
            fee = one.now.fee - money.share(one.now.fee, before.refunded, one.now.paid)
            channel, currency = one.line.channel, one.order.row.currency
            move = ledger.Move(ledger.fees(channel), ledger.assets(channel), fee, currency)
            note = f"{channel} {one.line.number}/{one.line.line_no}"
            ledger.post(connection, self.shop, f"fee:{one.id}", [move], note=note, line_id=one.id)
            commission.fee_told(connection, self.shop, one.id)

    def _begin(self, connection: Connection, some: Sequence[_Entry]) -> int:
        waiting = [(one.id, one.sku, one.now.quantity - _given(one)) for one in some]
        return begin(connection, self.shop, waiting)

    def _give_back(self, connection: Connection, one: _Entry) -> None:
        """What the channel gave back since it was last heard of; then a line that it undid is cancelled."""
        before = one.before.refunded_quantity if one.before else 0
        pieces = one.now.refunded_quantity - before
        amount = one.now.refunded - (one.before.refunded if one.before else 0)
        if not (pieces or amount or one.now.stage == Stage.UNDONE):
            return
        try:
            with connection.begin_nested():
                if pieces or amount:
                    told = f"channel {one.now.refunded_quantity}/{one.now.refunded}"
                    reason = "cancelled" if one.now.stage == Stage.UNDONE else "told by the channel"
                    refunds.give_back(
                        connection, self.shop, one.id, pieces, amount, told, reason, _WHO
                    )
                if one.now.stage == Stage.UNDONE:
                    own = update(lines).where(lines.c.id == one.id)
                    connection.execute(own.values(state="cancelled"))
        except CurateError as fault:
            self.problems.append(Problem(one.where, fault.message, fault.hint))

    def _acknowledge(self, connection: Connection, found: Sequence[Found]) -> None:
        rows = [
            {
                "order_id": self.orders[one.line.channel, one.line.number].id,
                "text_version": one.line.acknowledged, "source": one.line.channel,
                "at": one.line.acknowledged_at or one.line.paid_at or self.shop.now(),
            }
            for one in found
            if one.line.acknowledged
        ]  # fmt: skip
        if rows:
            query = self.shop.database.insert(acknowledgements)
            connection.execute(
                query.on_conflict_do_nothing(index_elements=["order_id", "text_version"]), rows
            )


def begin(connection: Connection, shop: Shop, waiting: Sequence[tuple[int, str, int]]) -> int:
    """Put lines (id, SKU, pieces) into the queue of deliveries and into the ledger; how many were queued."""
    now = shop.now()
    due = [one for one in waiting if one[2] > 0]
    if due:
        query = deliveries.insert().returning(deliveries.c.id, sort_by_parameter_order=True)
        rows = [
            {"line_id": line, "sku": sku, "quantity": pieces, "state": "waiting", "queued_at": now,
             "changed_at": now}
            for line, sku, pieces in due
        ]  # fmt: skip
        made = connection.scalars(query, rows).all()
        connection.execute(
            steps.insert(), [{"delivery_id": one, "state": "waiting", "at": now} for one in made]
        )
    ledger.earned_all(connection, shop, [line for line, _, _ in waiting])
    return len(due)


def map_waiting(shop: Shop, after: int, most: int) -> tuple[Taken, int]:
    """``most`` of the lines without an SKU whose id is above ``after``; and the last id, 0 at the end."""
    query = (
        select(lines, orders.c.channel, orders.c.number)
        .join(orders, orders.c.id == lines.c.order_id)
        .where(lines.c.sku == "", lines.c.id > after)
        .order_by(lines.c.id)
        .limit(most)
        .with_for_update(of=lines)
    )
    with shop.database.writing() as connection:
        rows = connection.execute(query).all()
        found = {row.id: sku_of(shop.settings, row.channel, row.item, row.variant) for row in rows}
        for line, sku in found.items():
            if sku:
                connection.execute(update(lines).where(lines.c.id == line).values(sku=sku))
        paid = [row for row in rows if row.state == "paid" and found[row.id]]
        queued = begin(
            connection,
            shop,
            [(row.id, found[row.id], row.quantity - row.refunded_quantity) for row in paid],
        )
    left = tuple(
        Unmapped(row.channel, row.item, row.variant, row.title, 1)
        for row in rows
        if not found[row.id]
    )
    count = sum(map(bool, found.values()))
    taken = Taken(changed=count, queued=queued) + Taken(unmapped=left)
    return taken, rows[-1].id if len(rows) == most else 0


def _given(one: _Entry) -> int:
    """Pieces that were given back before its product was known; later ones shrink the delivery."""
    return one.before.refunded_quantity if one.before else 0


def _waiting(entries: Iterable[_Entry]) -> tuple[Unmapped, ...]:
    some = [one for one in entries if not one.sku and one.where and one.now.stage != Stage.DROPPED]
    counted = Taken()
    for one in some:
        what = Unmapped(one.line.channel, one.now.item, one.now.variant, one.now.title, 1)
        counted += Taken(unmapped=(what,))
    return counted.unmapped


def _buyer(order: _Order) -> contacts.Buyer:
    at = order.now("paid_at")
    told = (order.row.channel, order.now("buyer"), order.now("email"), order.now("language"))
    return contacts.Buyer(*told, order.row.made_at if at is None else at)


def _tell(order: _Order, line: Line, told: Known, now: int) -> None:
    """What a line says of its order: gaps are filled, and the earliest payment counts."""
    for name in ("buyer", "email", "language"):
        value = getattr(line, name)
        if value and not (getattr(order.row, name) or order.seen.get(name)):
            order.seen[name] = value
    if told.is_paid:
        before = order.seen.get("paid_at", order.row.paid_at)
        at = now if line.paid_at is None else line.paid_at
        if before is None or at < before:
            order.seen["paid_at"] = at


def _columns(one: Known) -> dict[str, Any]:
    """Of the row of a line. What was given back is written by who gives it back, and only then it is undone."""
    return {
        "item": one.item, "variant": one.variant, "title": one.title, "quantity": one.quantity,
        "unit_price": one.unit_price, "discount": one.discount, "paid": one.paid, "fee": one.fee,
        "state": "paid" if one.is_paid else _STATES[one.stage], "affiliate_code": one.affiliate_code,
        "campaign_code": one.campaign_code, "card": one.card,
    }  # fmt: skip


def _known(row: Any) -> Known:
    stage = {"unpaid": Stage.UNPAID, "paid": Stage.PAID, "cancelled": Stage.DROPPED}[row.state]
    if stage == Stage.DROPPED and row.refunded_quantity == row.quantity:
        stage = Stage.UNDONE
    return Known(
        row.item, row.variant, row.title, row.quantity, row.unit_price, row.discount, stage, row.paid, row.fee,
        row.refunded, row.refunded_quantity, row.affiliate_code, row.campaign_code, row.card,
    )  # fmt: skip
