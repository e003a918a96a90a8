"""Some lines of orders, taken in within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from curate.database import bulk
from curate.database.tables import acknowledgements, lines
from curate.errors import CurateError, Problem
from curate.shop import commission, contacts, forgetting, ledger, money
from curate.shop.aftersales import refunds
from curate.shop.orders import Line, beginning, fold, holding
from curate.shop.orders.beginning import Due
from curate.shop.orders.fold import Stage
from curate.shop.orders.formats import Found
from curate.shop.orders.holding import Entry, Key, Order
from curate.shop.orders.intake import Taken, mapped, trouble
from curate.shop.orders.mapping import Unmapped

if TYPE_CHECKING:
    from curate.shop import Shop

_HINT = "what is known was kept: see which of both is right, with the channel"
_WHO = "channel"


class Batch:
    """``served``: what is paid was delivered by somebody else, before it came in here."""

    def __init__(self, shop: Shop, found: Sequence[Found], served: bool = False) -> None:
        self.shop = shop
        self.found = found
        self.served = served
        self.now = shop.now()
        self.problems: list[Problem] = []
        self.refused = 0  # lines that contradict what is known
        self.orders: dict[Key, Order] = {}
        self.entries: dict[tuple[int, str], Entry] = {}
        self.skus: dict[tuple[str, str, str], str] = {}

    def run(self) -> Taken:
        sound = [one for one in self.found if self._sound(one)]
        if not sound:
            return trouble(*self.problems)
        first = {(one.line.channel, one.line.number): one.line for one in reversed(sound)}
        with self.shop.database.writing() as connection:
            self.orders = holding.held_orders(connection, first, self.now)
            self.entries = holding.held_lines(connection, self.orders)
            for told in sound:
                self._fold(told)
            self._tie(connection)
            holding.write_orders(connection, [*self.orders.values()])
            new = [one for one in self.entries.values() if one.before is None]
            changed = [one for one in self.entries.values() if one.changed]
            holding.write_lines(connection, new, changed)
            for one in changed:
                self._tell_fee(connection, one)
            queued = self._begin(connection, [*new, *changed])
            self._give_back(connection, [*new, *changed])
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

    def _fold(self, one: Found) -> None:
        line, order = one.line, self.orders[one.line.channel, one.line.number]
        if line.currency != order.currency:
            what = f"its order is in {order.currency}, and this line in {line.currency}"
            self._refuse(one, what)
            return
        told, sku = fold.told(line), self._sku(line)
        if self.served and told.card:  # nobody is to be given it
            told = msgspec.structs.replace(told, card="")
        entry = self.entries.get((order.id, line.line_no))
        if entry is None:
            entry = Entry(order, line, one.where, sku, told)
            self.entries[order.id, line.line_no] = entry
        elif wrong := fold.contradictions(entry.now, told):
            self._refuse(one, "; ".join(wrong))
            return
        else:
            if entry.delivered not in ("", "waiting"):  # the card was tied, and is not said again
                told = msgspec.structs.replace(told, card="")
            entry.now, entry.where = fold.joined(entry.now, told), one.where
            entry.sku = entry.sku or sku
            entry.settled = self.served and entry.waits
        entry.refunded_at = line.refunded_at or entry.refunded_at
        order.hear(line, told.is_paid, self.now)

    def _sku(self, line: Line) -> str:
        key = (line.channel, line.item, line.variant)
        if key not in self.skus:
            self.skus[key] = mapped(self.shop, line)
        return self.skus[key]

    def _refuse(self, one: Found, what: str) -> None:
        told = f"order {one.line.number}, line {one.line.line_no}: {what}"
        self.problems.append(Problem(one.where, told, _HINT))
        self.refused += 1

    def _tie(self, connection: Connection) -> None:
        """Say who orders are of. Of people who were erased nothing is kept that tells it, however often orders
        are told that they paid before."""
        telling = [order for order in self.orders.values() if order.tells]
        silent = forgetting.silent(connection, self.shop, telling)
        some = [order for order in telling if order.id not in silent]
        for order in telling if silent else ():
            if order.id in silent:
                order.buyer = order.email = ""
        for entry in self.entries.values() if silent else ():
            if entry.order.id in silent:
                entry.now = msgspec.structs.replace(entry.now, card="")
        people = [contacts.person(_buyer(order)) for order in some]
        found = contacts.of_people(connection, self.shop, people)
        for order, who in zip(some, found, strict=True):
            if who.erased:
                order.buyer = order.email = ""
            elif who.contact_id is not None:
                order.contact_id = who.contact_id

    def _tell_fee(self, connection: Connection, one: Entry) -> None:
        before = one.before
        if before and one.posted and one.now.fee != before.fee:
            # What it earned is posted, and what was refunded of it is reversed, both as if there were no fee.
            fee = one.now.fee - money.share(one.now.fee, before.refunded, one.now.paid)
            channel = one.order.channel
            move = ledger.Move(
                ledger.fees(channel), ledger.assets(channel), fee, one.order.currency
            )
            note = f"{channel} {one.order.number}/{one.line.line_no}"
            ledger.post(connection, self.shop, f"fee:{one.id}", [move], note=note, line_id=one.id)
            commission.fee_told(connection, self.shop, one.id)

    def _begin(self, connection: Connection, some: Sequence[Entry]) -> int:
        """Deliveries and the ledger; how many deliveries were queued."""
        due = [
            Due(one.id, one.sku, one.now.quantity - _given(one), self._since(one))
            for one in some
            if not one.delivered and one.now.is_paid and (one.sku or self.served)
        ]
        queued = beginning.queue(connection, self.shop, due)
        settled = [one for one in some if one.settled and one.delivered]
        if settled:
            times = [(one.id, one.order.paid_at or self.now) for one in settled]
            beginning.settle(connection, times)
        named = [(one.sku, one.id) for one in some if one.earns and one.delivered]
        if named:
            beginning.name(connection, named)
        sales = [
            ledger.Sale(
                one.id, one.line.line_no, one.sku, "paid", one.now.paid, one.now.fee,
                one.order.channel, one.order.number, one.order.currency, one.order.paid_at,
            )
            for one in some
            if one.earns
        ]  # fmt: skip
        ledger.sold(connection, self.shop, sales)
        return queued

    def _since(self, one: Entry) -> int | None:
        """When its buyer had it, as far as anybody knows, of what was served before."""
        if not self.served:
            return None
        return self.now if one.order.paid_at is None else one.order.paid_at

    def _give_back(self, connection: Connection, some: Sequence[Entry]) -> None:
        """What the channel gave back since it was last heard of; then a line that it undid is cancelled."""
        back = {one.id: told for one in some if (told := self._told_back(one))}
        wrong = {}
        if back:
            wrong = refunds.give_back_all(connection, self.shop, [*back.values()], _WHO)
        for one in some if wrong else ():
            if fault := wrong.get(one.id):
                self.problems.append(Problem(one.where, fault.message, fault.hint))
        undone = [one for one in some if one.now.stage == Stage.UNDONE and one.id not in wrong]
        bulk.change(connection, lines, ("state",), [("cancelled", one.id) for one in undone])

    def _told_back(self, one: Entry) -> refunds.Told | None:
        before = one.before
        pieces = one.now.refunded_quantity - (before.refunded_quantity if before else 0)
        amount = one.now.refunded - (before.refunded if before else 0)
        if not (pieces or amount):
            return None
        told = f"channel {one.now.refunded_quantity}/{one.now.refunded}"
        reason = "cancelled" if one.now.stage == Stage.UNDONE else "told by the channel"
        return refunds.Told(one.id, pieces, amount, told, reason, self._back_at(one))

    def _back_at(self, one: Entry) -> int | None:
        """When it was given back, as it is told; None for now. Of what was served before and came in with its
        refund, else with the sale, for no other day is known."""
        paid_at, at = one.order.paid_at, one.refunded_at
        if at is None and self.served and one.before is None:
            at = paid_at
        return None if at is None else min(max(at, paid_at or at), self.now)

    def _acknowledge(self, connection: Connection, found: Sequence[Found]) -> None:
        rows = [
            (
                self.orders[one.line.channel, one.line.number].id, one.line.acknowledged, one.line.channel,
                one.line.acknowledged_at or one.line.paid_at or self.now,
            )
            for one in found
            if one.line.acknowledged
        ]  # fmt: skip
        columns = ("order_id", "text_version", "source", "at")
        bulk.put(connection, acknowledgements, columns, rows, once="order_id, text_version")


def _given(one: Entry) -> int:
    """Pieces that were given back before its product was known; later ones shrink the delivery."""
    return one.before.refunded_quantity if one.before else 0


def _waiting(entries: Iterable[Entry]) -> tuple[Unmapped, ...]:
    some = [one for one in entries if not one.sku and one.where and one.now.stage != Stage.DROPPED]
    found = (
        Unmapped(one.line.channel, one.now.item, one.now.variant, one.now.title, 1) for one in some
    )
    return (Taken() + Taken(unmapped=tuple(found))).unmapped


def _buyer(order: Order) -> contacts.Buyer:
    at = order.made_at if order.paid_at is None else order.paid_at
    return contacts.Buyer(
        order.channel, order.buyer, order.email, order.language, at, order.paid_at
    )
