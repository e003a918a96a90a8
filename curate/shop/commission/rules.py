"""By which rule a sale is paid, and what the rule makes of what was sold: exact, and rounded once.

A rule is frozen when something is sold by it. What it gives is a function of net sales alone: of each line what
it is worth to the rule (:meth:`Terms.worth`), of the sum of a month what is due (:meth:`Terms.due`). Both never
fall where more is sold or less is given back, and both are nothing for nothing. So whatever happens in whatever
order, who sold more is not paid less, and who sold nothing is paid nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, select

from curate.database.tables import rules
from curate.shop import money
from curate.shop.settings import Rule, Settings

if TYPE_CHECKING:
    from curate.shop import Shop

Role = Literal["seller", "introducer"]


@dataclass(frozen=True, slots=True)
class Sold:
    """One line, in minor units and pieces; ``refunded`` and ``returned`` of them so far."""

    paid: int
    fee: int
    quantity: int
    refunded: int = 0
    returned: int = 0

    @property
    def net(self) -> int:
        return self.paid - self.refunded

    @property
    def after_fee(self) -> int:
        """What is left of ``net`` when the channel has taken its fee, never below nothing."""
        given_back = money.share(self.fee, self.refunded, self.paid)
        return max(0, self.net - (self.fee - given_back))


@dataclass(frozen=True, slots=True)
class Terms:
    """A rule as it was when something was sold by it; amounts in minor units of ``currency``."""

    name: str
    base: str  # net, after_fee
    currency: str  # "" where it names no amounts: any
    percent: Fraction | None = None
    tiers: tuple[tuple[int, Fraction], ...] = ()
    fixed: int | None = None
    wholesale: int | None = None
    floor: int = 0
    cap: int | None = None
    introducer: Fraction = Fraction(0)

    def worth(self, sold: Sold) -> int:
        """What a line adds to the base of its pool.

        Never more where money or pieces were given back; nothing where nothing of its price is left. A margin
        above the wholesale price goes back pro rata, as every commission: see docs/books.md.
        """
        if self.fixed is not None:
            return min(self.fixed * (sold.quantity - sold.returned), sold.net)
        if self.wholesale is not None:
            margin = sold.paid - self.wholesale * sold.quantity
            if margin <= 0 or sold.paid < self.floor * sold.quantity:
                return 0
            return money.share(margin, sold.net, sold.paid)
        return sold.after_fee if self.base == "after_fee" else sold.net

    def due(self, role: Role, base: int) -> int:
        """What all that is worth ``base`` earns in a month, rounded half to even."""
        if role == "introducer":
            exact = self.introducer * base / 100
        elif self.percent is not None:
            exact = self.percent * base / 100 + self._above(base)
        else:
            exact = Fraction(base)
        made = round(exact)
        return made if self.cap is None else min(made, self.cap)

    def _above(self, base: int) -> Fraction:
        """What tiers add: each raises the share of what lies above it, and of nothing else."""
        more, before = Fraction(0), self.percent or Fraction(0)
        for above, percent in self.tiers:
            more += (percent - before) * max(0, base - above) / 100
            before = percent
        return more


def chosen(settings: Settings, sku: str, own: str) -> tuple[str, Rule | None]:
    """The affiliate's ``own`` rule, else the product's, else the usual one, as far as each is for ``sku``.

    (name, None) where shop.toml has no such rule (any more); ("", None) where none is for it.
    """
    known = settings.rules
    if own and own not in known:
        return own, None
    of_product = (name for name, rule in known.items() if sku in rule.products and not rule.own)
    for name in (own, *of_product, settings.distribution.rule):
        if name and (not known[name].products or sku in known[name].products):
            return name, known[name]
    return "", None


def frozen(settings: Settings, name: str, rule: Rule) -> str:
    """All that decides what is paid by ``rule``, as canonical JSON: written otherwise it is the same rule."""
    currency = (rule.currency or settings.books.currency) if rule.amounts else ""
    made: dict[str, Any] = {
        "name": name, "base": settings.distribution.base if rule.percent else "net", "currency": currency,
    }  # fmt: skip
    for key in ("percent", "introducer"):
        if value := getattr(rule, key):
            made[key] = str(Fraction(value))
    for key in ("fixed", "wholesale", "floor", "cap"):
        if value := getattr(rule, key):
            made[key] = money.minor(value, currency)
    if rule.tiers:
        made["tiers"] = [
            [money.minor(one.above, currency), str(Fraction(one.percent))] for one in rule.tiers
        ]
    return json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=1_000)
def terms(text: str) -> Terms:
    """What :func:`frozen` wrote."""
    told = json.loads(text)
    percent = told.get("percent")
    return Terms(
        told["name"], told["base"], told["currency"],
        Fraction(percent) if percent is not None else None,
        tuple((above, Fraction(share)) for above, share in told.get("tiers", ())),
        told.get("fixed"), told.get("wholesale"), told.get("floor", 0), told.get("cap"),
        Fraction(told.get("introducer", 0)),
    )  # fmt: skip


def kept(connection: Connection, shop: Shop, texts: Iterable[str]) -> Mapping[str, int]:
    """The ids of frozen rules, kept from now on."""
    digests = {hashlib.sha256(text.encode()).digest(): text for text in sorted(set(texts))}
    if not digests:
        return {}
    there = select(rules.c.digest, rules.c.id).where(rules.c.digest.in_(digests))
    found = {row.digest: int(row.id) for row in connection.execute(there)}
    rows = [
        {"digest": digest, "name": terms(text).name, "text": text}
        for digest, text in digests.items()
        if digest not in found
    ]
    if rows:
        insert = shop.database.insert(rules).on_conflict_do_nothing(index_elements=["digest"])
        connection.execute(insert, rows)
        found = {row.digest: int(row.id) for row in connection.execute(there)}
    return {text: found[digest] for digest, text in digests.items()}
