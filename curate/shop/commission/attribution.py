"""Whose sale an order is: by a coupon, else by an affiliate's own code, else by a click of a buyer who is known.

An order is one affiliate's, or nobody's: never half. Whose it is is written down also where nothing is earned
by it, with the reason.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, select

from curate.database.tables import affiliates, attributions, clicks, coupons, lines, orders
from curate.messages import msg
from curate.shop.commission.pools import pieces

if TYPE_CHECKING:
    from curate.shop import Shop

By = Literal["coupon", "code", "click"]
ENDED = msg("the coupon had ended").text
INACTIVE = msg("the affiliate is not active").text
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Order:
    """What tells whose sale it is. ``codes``: what stands where an affiliate is named, or a campaign."""

    id: int
    at: int  # when it was paid
    contact_id: int | None
    channel: str
    buyer: str
    email: str
    codes: tuple[str, ...]  # of affiliates or coupons
    campaigns: tuple[str, ...]  # of campaigns or coupons


@dataclass(frozen=True, slots=True)
class Claim:
    """``affiliate`` is a row; ``why``: nothing is earned by it."""

    affiliate: Any
    by: By
    why: str = ""


def read(connection: Connection, order_ids: Iterable[int], now: int) -> list[Order]:
    """With what all their lines say; ``now`` where nobody knows when they were paid."""
    query = (
        select(orders, lines.c.affiliate_code, lines.c.campaign_code)
        .join(lines, lines.c.order_id == orders.c.id)
        .order_by(orders.c.id, lines.c.id)
    )
    rows: dict[int, Any] = {}
    codes: dict[int, dict[str, None]] = {}
    campaigns: dict[int, dict[str, None]] = {}
    for some in pieces(sorted(order_ids)):
        for row in connection.execute(query.where(orders.c.id.in_(some))):
            rows[row.id] = row
            codes.setdefault(row.id, {})[row.affiliate_code] = None
            campaigns.setdefault(row.id, {})[row.campaign_code] = None
    return [
        Order(
            row.id, now if row.paid_at is None else row.paid_at, row.contact_id, row.channel, row.buyer,
            row.email, _said(codes[row.id]), _said(campaigns[row.id]),
        )
        for row in rows.values()
    ]  # fmt: skip


def claims(connection: Connection, shop: Shop, told: Sequence[Order]) -> dict[int, Claim]:
    """By the order's id; orders that are nobody's are not among them."""
    found = _known(connection, [one.id for one in told])
    rest = [one for one in told if one.id not in found]
    live, ended = _coupons(connection, rest)
    named = _named(connection, rest)
    for one in rest:
        codes = [*map(_typed, (*one.codes, *one.campaigns))]
        if claim := next((live[code, one.id] for code in codes if (code, one.id) in live), None):
            found[one.id] = claim
        elif row := next((named[code] for code in one.codes if code in named), None):
            found[one.id] = Claim(row, "code")
    found |= _clicked(connection, shop, [one for one in rest if one.id not in found])
    for one in rest:
        codes = [*map(_typed, (*one.codes, *one.campaigns))]
        if one.id not in found and (row := next((ended[x] for x in codes if x in ended), None)):
            found[one.id] = Claim(row, "coupon", ENDED)
    return {
        order: claim if claim.why or claim.affiliate.state == "active"
        else Claim(claim.affiliate, claim.by, INACTIVE)
        for order, claim in found.items()
    }  # fmt: skip


def _known(connection: Connection, order_ids: Sequence[int]) -> dict[int, Claim]:
    """Orders of which another line is somebody's already."""
    query = (
        select(lines.c.order_id, attributions.c.by, attributions.c.why, affiliates)
        .join(attributions, attributions.c.line_id == lines.c.id)
        .join(affiliates, affiliates.c.id == attributions.c.affiliate_id)
        .order_by(lines.c.id.desc())
    )
    return {
        int(row.order_id): Claim(row, row.by, ENDED if row.why == ENDED else "")
        for some in pieces(order_ids)
        for row in connection.execute(query.where(lines.c.order_id.in_(some)))
    }


def _coupons(
    connection: Connection, told: Sequence[Order]
) -> tuple[dict[tuple[str, int], Claim], dict[str, Any]]:
    """Those that held when the order was paid, by code and order; and those that had ended, by code."""
    codes = {_typed(code) for one in told for code in (*one.codes, *one.campaigns)}
    query = select(coupons.c.code.label("coupon"), coupons.c.ended_at, affiliates).join(
        affiliates, affiliates.c.id == coupons.c.affiliate_id
    )
    rows = {
        row.coupon: row
        for some in pieces(sorted(codes))
        for row in connection.execute(query.where(coupons.c.code.in_(some)))
    }
    live: dict[tuple[str, int], Claim] = {}
    for one in told if rows else ():
        for code in map(_typed, (*one.codes, *one.campaigns)):
            row = rows.get(code)
            if row is not None and (row.ended_at is None or one.at < row.ended_at):
                live[code, one.id] = Claim(row, "coupon")
    return live, {code: row for code, row in rows.items() if row.ended_at is not None}


def _named(connection: Connection, told: Sequence[Order]) -> dict[str, Any]:
    """Affiliates by what orders call them: as their code is written, else in other letters' case."""
    codes = {code for one in told for code in one.codes}
    ways = {way for code in codes for way in (code, code.upper(), code.lower())}
    query = select(affiliates)
    rows = {
        row.code: row
        for some in pieces(sorted(ways))
        for row in connection.execute(query.where(affiliates.c.code.in_(some)))
    }
    found = ((code, (code, code.upper(), code.lower())) for code in sorted(codes))
    return {
        code: next(rows[way] for way in some if way in rows)
        for code, some in found
        if any(way in rows for way in some)
    }


def _clicked(connection: Connection, shop: Shop, told: Sequence[Order]) -> dict[int, Claim]:
    """By the last click of the buyer before they paid, or the first one, within the window."""
    known = [(one, one.contact_id) for one in told if one.contact_id is not None]
    window = shop.settings.distribution.window_days * _DAY
    made: dict[int, list[tuple[int, int]]] = {}
    for some in pieces(sorted({contact for _, contact in known})):
        query = select(clicks.c.contact_id, clicks.c.at, clicks.c.affiliate_id).where(
            clicks.c.contact_id.in_(some),
            clicks.c.affiliate_id.is_not(None),
            clicks.c.at >= min(one.at for one, _ in known) - window,
            clicks.c.at <= max(one.at for one, _ in known),
        )
        for row in connection.execute(query.order_by(clicks.c.at, clicks.c.id)):
            made.setdefault(row.contact_id, []).append((row.at, row.affiliate_id))
    which = -1 if shop.settings.distribution.attribution == "last" else 0
    counted = {
        one.id: some[which]
        for one, contact in known
        if (some := [who for at, who in made.get(contact, ()) if one.at - window <= at <= one.at])
    }
    who = by_id(connection, counted.values())
    return {order: Claim(who[own], "click") for order, own in counted.items()}


def by_id(connection: Connection, ids: Iterable[int]) -> Mapping[int, Any]:
    """Rows of affiliates."""
    query = select(affiliates)
    return {
        int(row.id): row
        for some in pieces(sorted(set(ids)))
        for row in connection.execute(query.where(affiliates.c.id.in_(some)))
    }


def _said(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(code for one in codes if (code := unicodedata.normalize("NFKC", one).strip()))


def _typed(code: str) -> str:
    """Coupons are kept in capitals."""
    return code.upper()
