"""What own sales came to, and what follows from it: whole cents and fractions, nothing rounded.

Three factors make the revenue, and what they leave is told: users × conversion × revenue per buyer + rest = revenue.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import floor

KINDS = ("gross", "refunded", "fees", "commission", "payment", "ads", "team", "other")
"""Fields that are money."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one row (a channel, a campaign …) and one currency, within a period. Money in minor units.

    ``users``: contacts that were acquired, and ``converted``: those of them that bought. ``buyers`` are all
    who bought, also contacts of earlier days; an order of which nobody is named is a buyer of its own.
    """

    key: str
    currency: str
    users: int = 0
    converted: int = 0
    buyers: int = 0
    orders: int = 0
    gross: int = 0
    refunded: int = 0  # in this period, whenever it was bought
    fees: int = 0  # of the channel
    payment: int = 0  # of who carries the money
    commission: int = 0
    ads: int = 0
    team: int = 0
    other: int = 0

    @property
    def revenue(self) -> int:
        """销售收入."""
        return self.gross - self.refunded

    @property
    def traffic(self) -> int:
        """流量成本: users × cost per user + team + other."""
        return self.ads + self.team + self.other

    @property
    def profit(self) -> int:
        """自营收益, the plain one: revenue less traffic cost."""
        return self.revenue - self.traffic

    @property
    def deducted(self) -> int:
        """What goes with each sale: the channel's fee, the payment's, commission."""
        return self.fees + self.payment + self.commission

    @property
    def contribution(self) -> int:
        return self.revenue - self.deducted

    @property
    def net(self) -> int:
        """Of the full profit and loss."""
        return self.contribution - self.traffic

    @property
    def conversion(self) -> Fraction | None:
        """转化率: buyers per user. Above 1 where contacts of earlier days bought."""
        return ratio(self.buyers, self.users)

    @property
    def order_value(self) -> Fraction | None:
        """客单价: revenue per buyer, in minor units."""
        return ratio(self.revenue, self.buyers)

    @property
    def user_cost(self) -> Fraction | None:
        """Advertising per user; of no users it is nobody's, and stays in the sum of the traffic cost."""
        return ratio(self.ads, self.users)

    @property
    def deduction(self) -> Fraction | None:
        """The share of the revenue that goes with each sale."""
        return ratio(self.deducted, self.revenue) if self.revenue > 0 else None

    @property
    def rest(self) -> int:
        """Revenue that no factors make: nobody is known as a user, or money was only given back."""
        made = self.conversion is not None and self.order_value is not None
        return 0 if made else self.revenue

    @property
    def most_per_user(self) -> Fraction | None:
        """The most that one more user may cost: conversion × revenue per buyer × (1 - what goes with each sale)."""
        if self.conversion is None or self.order_value is None:
            return None
        return self.conversion * self.order_value * (1 - (self.deduction or 0))

    @property
    def even_users(self) -> int | None:
        """The least users at which team and other costs are earned; None where no number of them is enough."""
        if self.most_per_user is None or self.user_cost is None:
            return None
        left = self.most_per_user - self.user_cost
        if left <= 0:
            return None
        fixed = Fraction(self.team + self.other)
        return max(-floor(-fixed / left), 0)


FACTORS = ("users", "conversion", "order_value", "user_cost", "team", "other", "deduction")
"""What a what-if may change."""


def what_if(told: Figures, factor: str, change: Fraction) -> Fraction | None:
    """The net profit where one factor is 1 + ``change`` times what it was, all others as they were, exactly.

    None where a factor that this needs is not known. With ``change`` 0 it is ``told.net``.
    """
    if told.conversion is None or told.order_value is None or told.user_cost is None:
        return None
    if factor == "deduction" and told.deduction is None:
        return None
    times = {one: 1 + change if one == factor else Fraction(1) for one in FACTORS}
    users = told.users * times["users"]
    revenue = (
        users * told.conversion * times["conversion"] * told.order_value * times["order_value"]
    )
    cost = users * told.user_cost * times["user_cost"]
    cost += told.team * times["team"] + told.other * times["other"]
    # Without a revenue there is no rate: what was charged all the same is charged then, too.
    rate = told.deduction
    taken = Fraction(told.deducted) if rate is None else revenue * rate * times["deduction"]
    return revenue - taken - cost


def ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def summed(rows: list[Figures], key: str = "") -> Figures:
    """Their money; people are not added up: one person may stand in several rows."""
    total = Figures(key, rows[0].currency)
    money = {name: sum(getattr(row, name) for row in rows) for name in KINDS}
    return replace(total, **money)


def is_empty(told: Figures) -> bool:
    """Whether nothing happened in it."""
    return not any(getattr(told, one.name) for one in fields(told)[2:])
