"""The page at which a contact ends messages: one click, without a code.

GET changes nothing, since programs that look at mail follow its links; POST is what the button does, and what
mail programs do by themselves (RFC 8058).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response

from curate.books.journey import touches
from curate.messages import speaker
from curate.shop import unsubscribe
from curate.web import refusals
from curate.web.downloads import PAGES
from curate.web.pages import page, preferred

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop

_SOURCE = "unsubscribe page"
_Token = Annotated[str, Path(max_length=unsubscribe.LONGEST)]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page", "content": {"text/html": {}}},
    **{code: PAGES[code] for code in (403, 404, 413, 422)},
}


def router(shop: Shop) -> APIRouter:
    made = APIRouter()

    @made.get("/unsubscribe/{token}", responses=_RESPONSES, response_class=HTMLResponse)
    def asked(request: Request, token: _Token) -> Response:
        return _page(shop, request, token, ended=False)

    @made.post("/unsubscribe/{token}", responses=_RESPONSES, response_class=HTMLResponse)
    def ended(request: Request, token: _Token) -> Response:
        whose = unsubscribe.read(shop, token)
        if whose is not None:
            touches.leave(shop, whose, _SOURCE)
        return _page(shop, request, token, ended=True)

    return made


def _page(shop: Shop, request: Request, token: str, ended: bool) -> Response:
    told = preferred(request.headers.raw, shop.settings.language)
    if unsubscribe.read(shop, token) is None:
        return _unknown(told)
    return page("buyer/unsubscribe.html.j2", told, {"token": token, "ended": ended})


def _unknown(told: Language) -> Response:
    say = speaker(told)
    return refusals.plain(
        told, 404, say("This link is not right"), say("It was cut off or altered on its way."),
        say("Copy it from the message as a whole, or answer the message: “unsubscribe”."),
    )  # fmt: skip
