"""How long personal data is kept."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `curate privacy retain` goes by; 0 for ever."""

    contact_days: Annotated[int, Meta(ge=0)] = 730
    """Contacts who never bought, since their last sign of life."""
    click_days: Annotated[int, Meta(ge=0)] = 90
    """Clicks of known people."""
    letter_days: Annotated[int, Meta(ge=0)] = 365
    """Letters of closed tickets, and bodies of messages that were sent."""
    order_days: Annotated[int, Meta(ge=0)] = 1_096
    """Names and addresses of buyers, since the order was paid: three years, as E-commerce Law art. 31 asks of
    platforms."""
