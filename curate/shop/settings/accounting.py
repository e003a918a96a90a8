"""How the books are kept."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Books(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How days are counted and costs are shared out."""

    timezone: str = "Asia/Shanghai"
    """In which a day, and a month, begins."""
    currency: str = "CNY"
    """Of costs and rates that name none."""
    allocation: Literal["revenue", "contacts", "equal", "weights"] = "revenue"
    """By what costs of no channel are shared out to the channels."""
    weights: dict[str, Annotated[int, Meta(ge=0)]] = {}
    """By channel, for allocation = "weights"."""
    least_sample: Annotated[int, Meta(ge=1)] = 100
    """Contacts below which nothing is called better than something else."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is planned for one month; "" or 0 where nothing is."""

    revenue: str = ""
    """Net of refunds, as 12000.00, in the currency of [books]."""
    cost: str = ""
    """Traffic, team and all other costs."""
    contacts: Annotated[int, Meta(ge=0)] = 0
    """New ones."""
    buyers: Annotated[int, Meta(ge=0)] = 0
    """Who bought something."""
