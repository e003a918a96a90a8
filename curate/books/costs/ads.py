"""What advertising systems export, in the documented columns of Yandex Metrica's upload of expenses:
Date, Expenses, Currency, UTMSource, UTMCampaign, UTMMedium, UTMTerm, UTMContent, Clicks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from curate.books.costs import booking
from curate.books.costs.booking import Cost, Taken
from curate.errors import CurateError, Problem
from curate.shop import money
from curate.shop.orders import sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.importing import channel_of

if TYPE_CHECKING:
    from curate.shop import Shop

_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*/\s*(\d{4}-\d{2}-\d{2}))?", re.ASCII)
NEEDED = (("date",), ("expenses",))
_UTM = ("utmsource", "utmcampaign", "utmmedium", "utmterm", "utmcontent")
_LONG = 500


def take_ads(shop: Shop, path: Path, channel: str = "") -> Taken:
    """Take in what advertising cost. A row is of the channel that its UTMSource is, if shop.toml has one of
    that name; else of ``channel``; else it is shared out when the month is closed. UTMCampaign is the
    campaign's code.

    Raises CurateError where the file is no table with these columns, or ``channel`` is unknown.
    """
    if channel:
        channel_of(shop, channel)
    return booking.take(shop, _costs(shop, path, channel))


def _costs(shop: Shop, path: Path, channel: str) -> Iterator[Cost | Problem]:
    for row in sheet.rows(path, NEEDED):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            yield _cost(shop, row, channel)
        except CurateError as fault:
            yield row.problem(fault)


def _cost(shop: Shop, row: Row, channel: str) -> Cost:
    first, last = _days(row.need("date"))
    currency = money.check_currency(row.text("currency") or shop.settings.books.currency)
    row.need("expenses")
    amount = booking.check_amount(row.amount("expenses", currency=currency))
    utm = tuple(row.text(name, most=_LONG) for name in _UTM)
    clicks = row.count("clicks", default=0)
    return Cost(
        "ads", amount, currency, first, last,
        channel=_channel(shop, utm[0]) or channel, campaign=utm[1], clicks=clicks,
        about=(str(first), str(last), *utm), told=(str(amount), currency, str(clicks)), where=row.where,
    )  # fmt: skip


def _channel(shop: Shop, source: str) -> str:
    known = {name.casefold(): name for name in shop.settings.channels}
    return known.get(source.casefold(), "")


def _days(text: str) -> tuple[date, date]:
    found = _DAYS.fullmatch(text)
    try:
        if not found:
            raise ValueError(text)
        first, last = date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])
    except ValueError as fault:
        raise CurateError(
            f"{text[:40]!r} is no day", "write 2026-03-01, or 2026-03-01/2026-03-31"
        ) from fault
    booking.check_days(first, last)
    return first, last
