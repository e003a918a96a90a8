"""Payouts in batches: prepared, then paid or failed. No commission is ever in two of them.

A batch is prepared in one transaction, and its name makes it once: prepared again it is the same one, so
whoever was interrupted just does it once more. The database itself refuses a second payout of a commission:
``settlements`` has one row for each. The ledger is posted to when money leaves the bank, and when it comes
back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from curate.books.affiliates import codes, due
from curate.books.affiliates.due import Due
from curate.database.tables import affiliates, payouts, settlements
from curate.errors import CurateError
from curate.model import Message
from curate.pipeline import table
from curate.shop import calendar, ledger, money
from curate.shop.ledger import Move

if TYPE_CHECKING:
    from curate.shop import Shop

State = Literal["prepared", "paid", "failed"]
COLUMNS = (
    "batch_id", "affiliate_id", "amount", "currency", "method", "account_ref", "period_start", "period_end",
    "commission_count",
)  # fmt: skip
_LONGEST = 60
_AT_ONCE = 5_000


class Payout(msgspec.Struct, frozen=True):
    """``amount`` in minor units; ``first_day`` and ``last_day``: of the sales that it is for."""

    id: int
    batch: str
    code: str
    amount: int
    currency: str
    state: State
    method: str
    account: str
    first_day: str
    last_day: str
    commissions: int
    reference: str
    why: str
    made_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Left:
    """What was due and is not paid out this time."""

    code: str
    amount: int
    currency: str
    why: Message


@dataclass(frozen=True, slots=True)
class Batch:
    """``again``: it was prepared before, and nothing was done now."""

    name: str
    payouts: tuple[Payout, ...]
    left: tuple[Left, ...] = ()
    again: bool = False


def prepare(shop: Shop, batch: str, until: int) -> Batch:
    """Put all that was due at ``until`` (in seconds, no later than now) into payouts, less what is owed back.

    One sum for each affiliate and currency, at least the minimum. Raises CurateError.
    """
    name = _named(batch)
    if until > shop.now():
        raise CurateError(
            "that time has not come yet, and what is held till then could still be given back",
            "name a day that is over, or none for now",
        )
    with shop.database.writing() as connection:
        people = due.hold(connection)
        known = _rows(connection, payouts.c.batch == name)
        if known:
            return Batch(name, known, again=True)
        left: list[Left] = []
        agreeing = due.agreeing(connection, people)
        for one in due.all_due(connection, people, until):
            why = due.kept_back(shop, one, agreeing)
            if why is None:
                _put(connection, shop, name, one)
            else:
                left.append(Left(one.affiliate.code, one.amount, one.currency, why))
        return Batch(name, _rows(connection, payouts.c.batch == name), tuple(left))


def _put(connection: Connection, shop: Shop, batch: str, one: Due) -> None:
    where, now = calendar.zone(shop.settings.books.timezone), shop.now()
    values = {
        "batch": batch, "affiliate_id": one.affiliate.id, "amount": one.amount, "currency": one.currency,
        "state": "prepared", "method": one.affiliate.method, "account": one.affiliate.account,
        "first_day": calendar.day(one.first, where).isoformat(),
        "last_day": calendar.day(one.last, where).isoformat(), "commissions": len(one.ids), "made_at": now,
        "changed_at": now,
    }  # fmt: skip
    made = connection.scalar(payouts.insert().values(values).returning(payouts.c.id))
    for start in range(0, len(one.ids), _AT_ONCE):
        some = one.ids[start : start + _AT_ONCE]
        connection.execute(
            insert(settlements), [{"commission_id": own, "payout_id": made} for own in some]
        )


def paid(
    shop: Shop, batch: str, affiliate: str = "", *, currency: str = "", reference: str = ""
) -> tuple[Payout, ...]:
    """The money has left: of the whole batch, or of one affiliate in it. Those that were noted now.

    What was noted before is not noted again. ``reference`` is the bank's. Raises CurateError where there is
    nothing of that kind, or the one that is named failed.
    """
    reference = _line(reference, "reference")
    with shop.database.writing() as connection:
        held = _hold(connection, batch, affiliate, currency)
        gone = [one for one in held if one.state == "failed"]
        if affiliate and gone and len(gone) == len(held):
            raise CurateError(
                f"the payout of batch {batch} to {gone[0].code} failed, and went back to what is due",
                "prepare another batch and pay that",
            )
        done = [one for one in held if one.state == "prepared"]
        for one in done:
            _state(connection, shop, one, "paid", reference=reference)
            move = Move(ledger.owed(one.code), ledger.BANK, one.amount, one.currency)
            ledger.post(
                connection, shop, f"payout:{one.id}", [move], note=f"{one.batch} {one.code}"
            )
        return _rows(connection, payouts.c.id.in_([one.id for one in done]))


def failed(
    shop: Shop, batch: str, affiliate: str, why: str, *, currency: str = ""
) -> tuple[Payout, ...]:
    """It did not arrive, also after it was noted as paid: its commissions are due again, for another batch.

    Noted again, nothing changes. Raises CurateError where there is no such payout.
    """
    why = _line(why, "reason")
    if not why or not affiliate:
        raise CurateError("say whose payout failed, and why", "such as: account closed")
    with shop.database.writing() as connection:
        held = _hold(connection, batch, affiliate, currency)
        done = [one for one in held if one.state != "failed"]
        for one in done:
            connection.execute(delete(settlements).where(settlements.c.payout_id == one.id))
            if one.state == "paid":
                back = Move(ledger.BANK, ledger.owed(one.code), one.amount, one.currency)
                told = f"{one.batch} {one.code}"
                ledger.post(connection, shop, f"payout-failed:{one.id}", [back], note=told)
            _state(connection, shop, one, "failed", why=why)
        return _rows(connection, payouts.c.id.in_([one.id for one in done]))


def listed(shop: Shop, batch: str = "", affiliate: str = "") -> tuple[Payout, ...]:
    """Of all batches or one, by when they were prepared. Raises CurateError for a batch that is none."""
    which: Any = payouts.c.id > 0
    if batch:
        which &= payouts.c.batch == _named(batch)
    if affiliate:
        which &= affiliates.c.code == codes.spelled(affiliate)
    with shop.database.reading() as connection:
        found = _rows(connection, which)
    if batch and not found:
        raise _unknown(batch, affiliate)
    return found


def write(stream: IO[bytes], some: Sequence[Payout]) -> int:
    """A batch as CSV for whoever pays it; how many are in it. No cell is a formula to a spreadsheet."""
    rows = (
        (
            one.batch, one.code, money.decimal(one.amount, one.currency), one.currency, one.method, one.account,
            one.first_day, one.last_day, str(one.commissions),
        )
        for one in some
    )  # fmt: skip
    return table.write(stream, COLUMNS, rows)


def _state(
    connection: Connection,
    shop: Shop,
    one: Payout,
    state: State,
    *,
    reference: str = "",
    why: str = "",
) -> None:
    told: dict[str, str | int] = {"state": state, "changed_at": shop.now()}
    told |= {"reference": reference} if reference else {}
    told |= {"why": why} if why else {}
    connection.execute(update(payouts).where(payouts.c.id == one.id).values(told))


def _hold(connection: Connection, batch: str, affiliate: str, currency: str) -> tuple[Payout, ...]:
    which = payouts.c.batch == _named(batch)
    if affiliate:
        which &= affiliates.c.code == codes.spelled(affiliate)
    if currency:
        which &= payouts.c.currency == money.check_currency(currency)
    found = _rows(connection, which, held=True)
    if not found:
        raise _unknown(batch, affiliate)
    return found


def _rows(connection: Connection, which: Any, *, held: bool = False) -> tuple[Payout, ...]:
    query = (
        select(payouts, affiliates.c.code)
        .join(affiliates, affiliates.c.id == payouts.c.affiliate_id)
        .where(which)
        .order_by(payouts.c.id)
    )
    rows = connection.execute(query.with_for_update(of=payouts) if held else query)
    return tuple(
        Payout(**{name: getattr(row, name) for name in Payout.__struct_fields__}) for row in rows
    )


def _unknown(batch: str, affiliate: str) -> CurateError:
    to = f" to {affiliate[:40]}" if affiliate else ""
    return CurateError(
        f"there is no payout of batch {batch[:40]!r}{to}", "see which there are: curate payouts"
    )


def _named(batch: str) -> str:
    name = batch.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise CurateError(
            f"{batch[:40]!r} cannot name a batch", f"use 1 to {_LONGEST} printable characters"
        )
    return name


def _line(text: str, what: str) -> str:
    bare = text.strip()
    if len(bare) > 200 or not bare.isprintable():
        raise CurateError(f"the {what} is no line of at most 200 characters")
    return bare
