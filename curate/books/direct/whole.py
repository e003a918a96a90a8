"""All tables of own sales as one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.books.direct import dimensions, payback, scorecard, tables
from curate.books.direct.dimensions import By
from curate.books.direct.sums import sums
from curate.books.journey import events
from curate.books.reports import Chart, Report
from curate.errors import CurateError
from curate.messages import speaker

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period


def make(shop: Shop, period: Period, by: str) -> Report:
    """``by``: one of :data:`dimensions.ALL`; "" is channel. Raises CurateError for another one."""
    dimension = _dimension(by)
    if dimension == "campaign":
        events.follow(shop)  # an order may be what brought somebody
    language = shop.workspace.settings.language
    say, least = speaker(language), shop.settings.books.least_sample
    found = sums(shop, period, dimension)
    title, _, _ = tables.headings(dimension, say)
    charts = (
        Chart("profit", say("Revenue, cost and profit"), "bars", "figures", dimension, ("revenue", "traffic", "profit")),
        Chart("rates", say("Who buys"), "bars", "conversion", dimension, ("rate",)),
    )  # fmt: skip
    return Report(
        "direct",
        say("Own sales by {what}", what=title),
        period.name,
        (
            tables.figures(found, dimension, say),
            tables.full(found, dimension, say),
            tables.conversion(found, dimension, least, say),
            tables.limits(found, dimension, say),
            tables.what_ifs(found.totals, say),
            tables.payback(payback.cohorts(shop, period), say),
            tables.scorecard(scorecard.measures(shop, period, found.totals), language, say),
        ),
        charts if found.totals else (),
    )


def _dimension(by: str) -> By:
    for one in dimensions.ALL:
        if by in (one, ""):
            return one
    raise CurateError(
        f"own sales are not told by {by[:40]!r}", f"choose one of: {', '.join(dimensions.ALL)}"
    )
