"""Who makes which report: a function ``report(shop, period, by)`` of the module named here.

Imported by name when it is asked for: the terminal of one report needs none of the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from curate.books.reports import Report
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

BUILDERS = {
    "direct": "curate.books.direct",
    "distribution": "curate.books.affiliates",
    "journey": "curate.books.journey.funnel",
    "review": "curate.books.review",
    "compliance": "curate.books.affiliates.compliance",
    "ledger": "curate.books.periods",
}
"""In the order in which an overview tells them."""
_APART = ("direct", "journey")
"""Those that are told by something, and say themselves by what."""


def build(shop: Shop, kind: str, period: Period, by: str = "") -> Report:
    """Raises CurateError for what is no report, or no dimension of it."""
    if kind not in BUILDERS:
        raise CurateError(f"{kind[:40]!r} is no report", f"there are: {', '.join(BUILDERS)}")
    if by and kind not in _APART:
        raise CurateError(
            f"the report {kind} is not told by {by[:40]!r}",
            f"leave --by out: it is for {' and '.join(_APART)}",
        )
    made = import_module(BUILDERS[kind]).report(shop, period, by)
    assert isinstance(made, Report)
    return made
