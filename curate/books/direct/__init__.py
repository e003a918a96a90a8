"""Own sales: users × conversion × revenue per buyer against what they cost, by channel, campaign, bundle, week of
arrival and affiliate; all of it from the ledger, to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.books.reports import Report
    from curate.shop import Shop
    from curate.shop.calendar import Period


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """``by``: channel, campaign, bundle, cohort or affiliate; "" is channel. Raises CurateError for another one."""
    from curate.books.direct import whole  # costs are shared out by rules of this package, too

    return whole.make(shop, period, by)
