"""What was earned by lines of orders that are somebody's; or why nothing was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from curate.database.tables import affiliates, attributions, introductions
from curate.messages import msg
from curate.shop.commission import buyers, pools, rules
from curate.shop.commission.attribution import Claim, Order
from curate.shop.commission.pools import Change, Key, pieces
from curate.shop.commission.rules import Role, Sold, terms

if TYPE_CHECKING:
    from curate.shop import Shop

SELF = msg("the affiliate bought it themselves").text
NO_RULE = msg("no rule is for it").text
GONE = msg("the affiliate's rule is not in shop.toml").text
OTHER_CURRENCY = msg("the rule names amounts in another currency").text
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class _Sale:
    """``text``: the rule, frozen; "" where nothing is earned, and ``why``. ``above``: who introduced the
    affiliate, and earns, too."""

    line: Any
    order: Order
    claim: Claim
    text: str
    why: str
    above: int | None


class _Laws:
    """Rules, frozen; each looked up and written once."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.found: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, line: Any, own: str) -> tuple[str, str]:
        """The rule for a line of an affiliate whose ``own`` rule is that, and ""; or "" and why there is none."""
        key = (line.sku, own)
        if key not in self.found:
            name, rule = rules.chosen(self.shop.settings, *key)
            if rule is None:
                self.found[key] = "", GONE if name else NO_RULE
            else:
                self.found[key] = rules.frozen(self.shop.settings, name, rule), ""
        text, why = self.found[key]
        if text and terms(text).currency not in ("", line.currency):
            return "", OTHER_CURRENCY
        return text, why


def book(
    connection: Connection,
    shop: Shop,
    lines: Sequence[Any],
    orders: Mapping[int, Order],
    claims: Mapping[int, Claim],
) -> None:
    """Write whose sales ``lines`` are, by the claims to their orders, and what was earned."""
    above = _introducers(connection, shop, {c.affiliate.id: c.affiliate for c in claims.values()})
    pairs = [(orders[own], claim.affiliate) for own, claim in claims.items()]
    pairs += [(order, above[who.id]) for order, who in pairs if who.id in above]
    themselves = buyers.same(connection, shop, pairs)
    laws = _Laws(shop)
    sales = [
        _sale(laws, line, orders[line.order_id], claims[line.order_id], above, themselves)
        for line in lines
    ]
    kept = rules.kept(connection, shop, (one.text for one in sales if one.text))
    rows = [_row(one, kept) for one in sales]
    if rows:
        connection.execute(attributions.insert(), rows)
    _earn(connection, shop, [one for one in sales if one.text], kept)


def _introducers(connection: Connection, shop: Shop, sellers: Mapping[int, Any]) -> dict[int, Any]:
    """Who introduced these, where that is paid for, and is still an affiliate; nobody introduces themselves."""
    told = shop.settings.distribution
    if told.profile == "CN" or told.depth != 2:
        return {}
    query = (
        select(affiliates, introductions.c.affiliate_id.label("below"))
        .join(introductions, introductions.c.introducer_id == affiliates.c.id)
        .where(affiliates.c.state == "active")
    )
    found = {
        int(row.below): row
        for some in pieces(sorted(sellers))
        for row in connection.execute(query.where(introductions.c.affiliate_id.in_(some)))
    }
    pairs = [(sellers[own], over) for own, over in found.items()]
    themselves = buyers.alike(connection, shop, pairs)
    return {own: over for own, over in found.items() if own not in themselves}


def _sale(
    laws: _Laws,
    line: Any,
    order: Order,
    claim: Claim,
    above: Mapping[int, Any],
    themselves: set[tuple[int, int]],
) -> _Sale:
    who = claim.affiliate
    why = claim.why or (SELF if (order.id, who.id) in themselves else "")
    text = ""
    if not why:
        text, why = laws.of(line, who.rule)
    over = above.get(who.id)
    if over is None or not text or not terms(text).introducer or (order.id, over.id) in themselves:
        return _Sale(line, order, claim, text, why, None)
    return _Sale(line, order, claim, text, why, int(over.id))


def _row(one: _Sale, kept: Mapping[str, int]) -> dict[str, Any]:
    return {
        "line_id": one.line.id, "affiliate_id": one.claim.affiliate.id, "by": one.claim.by,
        "rule_id": kept[one.text] if one.text else None, "why": one.why, "at": one.order.at,
    }  # fmt: skip


def _earn(
    connection: Connection, shop: Shop, sales: Sequence[_Sale], kept: Mapping[str, int]
) -> None:
    keyed = [(key, one) for one in sales for key in _keys(shop, one, kept[one.text])]
    made = pools.made(connection, (key for key, _ in keyed))
    hold = shop.settings.distribution.hold_days * _DAY
    changes = []
    for key, one in keyed:
        worth = terms(one.text).worth(Sold(one.line.paid, one.line.fee, one.line.quantity))
        at, source = one.order.at, f"line:{one.line.id}"
        changes.append(Change(made[key], source, "earn", one.line.id, worth, at, at + hold))
    pools.change(connection, shop, changes)


def _keys(shop: Shop, one: _Sale, rule_id: int) -> Iterator[Key]:
    month = pools.month(one.order.at, shop.settings.books.timezone)
    who: list[tuple[int, Role]] = [(one.claim.affiliate.id, "seller")]
    if one.above is not None:
        who.append((one.above, "introducer"))
    for own, role in who:
        yield Key(own, rule_id, role, month, one.line.currency)
