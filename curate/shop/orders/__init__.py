"""What was ordered: read from files and notices of many channels, taken in once."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["unpaid", "paid", "cancelled"]


class Line(msgspec.Struct, frozen=True):
    """One line of an order as a channel tells it. Money in minor units of ``currency``, times in seconds
    since 1970; what the channel does not say is empty."""

    channel: str
    number: str  # the order's
    line_no: str = "1"
    item: str = ""  # SKU, or what the channel calls the product
    variant: str = ""
    title: str = ""
    quantity: int = 1
    unit_price: int = 0
    discount: int = 0  # of the whole line
    paid: int = 0  # for the whole line
    fee: int = 0
    currency: str = "CNY"
    state: State = "paid"
    paid_at: int | None = None
    refunded: int = 0  # so far, in money
    refunded_quantity: int = 0
    refunded_at: int | None = None
    buyer: str = ""
    email: str = ""
    language: str = ""
    affiliate_code: str = ""
    campaign_code: str = ""
    card: str = ""  # serial of a grant, or a code, that the channel's card machine gave out for it
    acknowledged: str = ""  # version of the text by which the buyer agreed that nothing is returned
    acknowledged_at: int | None = None
