"""Which kind of costs a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from curate.books.costs import ads, team
from curate.errors import CurateError
from curate.shop.orders import sheet
from curate.shop.orders.cells import Row


def format_of(path: Path) -> Literal["ads", "team"]:
    """By its columns. Raises CurateError where they are of neither kind."""
    (dates,), (amounts,), *_ = ads.NEEDED
    months, hours, _ = (names[0] for names in team.NEEDED)
    for row in sheet.rows(path, ((dates, months), (amounts, hours))):
        if isinstance(row, Row):
            return "ads" if amounts in row.cells else "team"
    raise CurateError(f"{path} holds no costs", "see that there are rows below the first one")
