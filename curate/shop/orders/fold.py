"""What is known of a line, and what one more telling of it adds: pure, so that its laws can be tested.

Files come late, twice, and in any order. So a telling never replaces what is known: it raises it. A line goes
unpaid → cancelled (never paid) → paid → cancelled (paid before), what was given back only grows, what was
left open is filled in. The order of tellings makes no difference, and a telling that contradicts changes nothing.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from curate.shop.orders import Line

_MOST = 10**15
"""In minor units: fits every database."""
_PIECES = 100_000
"""Of one line: what is more is a slip, and would hold everybody up for minutes."""


class Stage(IntEnum):
    UNPAID = 0
    DROPPED = 1  # cancelled, and never paid
    PAID = 2
    UNDONE = 3  # paid, then cancelled: everything is given back


class Known(msgspec.Struct, frozen=True):
    """One line, as far as it is known. Money that was not paid is not told."""

    item: str
    variant: str
    title: str
    quantity: int
    unit_price: int
    discount: int
    stage: Stage
    paid: int = 0
    fee: int = 0
    refunded: int = 0
    refunded_quantity: int = 0
    affiliate_code: str = ""
    campaign_code: str = ""
    card: str = ""

    @property
    def is_paid(self) -> bool:
        return self.stage >= Stage.PAID


def faults(line: Line) -> list[str]:
    """Why ``line`` cannot be taken at all; [] = it can."""
    amounts = (line.unit_price, line.discount, line.paid, line.fee, line.refunded)
    if (
        line.number and line.line_no and line.item and 0 < line.quantity <= _PIECES
        and min(amounts) >= 0 and max(amounts) <= _MOST and line.refunded <= line.paid
        and 0 <= line.refunded_quantity <= line.quantity
    ):  # fmt: skip
        return []
    checks = {
        "it has no order number": bool(line.number),
        "it has no line number": bool(line.line_no),
        "it names no product": bool(line.item),
        f"its quantity is {line.quantity}": 0 < line.quantity <= _PIECES,
        "an amount is less than nothing, or beyond all measure": all(
            0 <= one <= _MOST for one in amounts
        ),
        "more money was given back than was paid": line.refunded <= line.paid,
        "more pieces were given back than were bought": 0
        <= line.refunded_quantity
        <= line.quantity,
    }
    return [told for told, right in checks.items() if not right]


def told(line: Line) -> Known:
    """``line`` by itself; it has no faults."""
    stage = _stage(line)
    paid = stage >= Stage.PAID
    what = Known(
        line.item, line.variant, line.title, line.quantity, line.unit_price, line.discount, stage,
        line.paid if paid else 0, line.fee if paid else 0, line.refunded if paid else 0,
        line.refunded_quantity if paid else 0, line.affiliate_code, line.campaign_code, line.card,
    )  # fmt: skip
    return _whole(what) if paid else what


def contradictions(known: Known, new: Known) -> list[str]:
    """Why both cannot be true; [] = they can."""
    pairs = [
        ("product", _product(known), _product(new)),
        ("quantity", known.quantity, new.quantity),
    ]
    pairs += [
        (name, before, after)
        for name, before, after in (
            ("price", known.unit_price, new.unit_price),
            ("discount", known.discount, new.discount),
        )
        if before and after
    ]
    if known.is_paid and new.is_paid:
        pairs.append(("amount paid", known.paid, new.paid))
        if known.fee and new.fee:  # often it is told later, with the payout
            pairs.append(("fee", known.fee, new.fee))
    found = [
        f"its {name} was {before}, and now is {after}"
        for name, before, after in pairs
        if before != after
    ]
    if known.stage == Stage.PAID and new.stage == Stage.DROPPED:
        found.append("it was paid, and now is cancelled as if it never had been")
    return found


def joined(known: Known, new: Known) -> Known:
    """Both together; they do not contradict each other."""
    first, later = (known, new) if known.is_paid or not new.is_paid else (new, known)
    return _whole(
        Known(
            known.item, known.variant, known.title or new.title, known.quantity,
            known.unit_price or new.unit_price, known.discount or new.discount,
            max(known.stage, new.stage), first.paid, first.fee or later.fee,
            max(first.refunded, later.refunded), max(first.refunded_quantity, later.refunded_quantity),
            known.affiliate_code or new.affiliate_code, known.campaign_code or new.campaign_code,
            known.card or new.card,
        )
    )  # fmt: skip


def _stage(line: Line) -> Stage:
    if line.state == "paid":
        return Stage.PAID
    if line.state == "unpaid":
        return Stage.UNPAID
    return Stage.UNDONE if line.paid or line.paid_at is not None else Stage.DROPPED


def _product(one: Known) -> str:
    return f"{one.item}:{one.variant}" if one.variant else one.item


def _whole(one: Known) -> Known:
    """Who gets all of the money back gives all of the pieces back."""
    undone = one.stage == Stage.UNDONE
    if undone or (one.paid and one.refunded == one.paid):
        return msgspec.structs.replace(one, refunded=one.paid, refunded_quantity=one.quantity)
    return one
