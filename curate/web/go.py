"""Links of campaigns: /go/CODE leads on to where the seller said, and is counted by day.

Nothing of the request decides where it leads, nothing of it is kept, and no cookie is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from curate.books.journey import campaigns
from curate.books.journey.visits import Visits
from curate.errors import CurateError
from curate.web import downloads, refusals
from curate.web.pages import preferred

if TYPE_CHECKING:
    from curate.shop import Shop

_HEADERS = {
    "Cache-Control": "no-store",  # each visit is one
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_TOLD: dict[int | str, dict[str, Any]] = {
    302: {"description": "Leads on to the campaign's page"},
    404: downloads.PAGES[404],
}


def router(shop: Shop) -> APIRouter:
    made = APIRouter()
    visits = Visits(shop)

    @made.get(
        campaigns.PREFIX + "{code}", responses=_TOLD, response_class=Response, status_code=302
    )
    def go(request: Request, code: Annotated[str, Path(max_length=campaigns.LONGEST)]) -> Response:
        """The link of a campaign."""
        try:
            with shop.database.reading() as connection:
                found = campaigns.find(connection, code)
        except CurateError:
            return refusals.no_page(preferred(request.headers.raw, shop.settings.language))
        address = campaigns.leads_to(found)
        if not address:
            return refusals.no_page(preferred(request.headers.raw, shop.settings.language))
        visits.add(found.code)
        return RedirectResponse(address, 302, _HEADERS)

    return made
