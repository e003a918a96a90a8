"""The pages of one purchase: in by the code, then the files, what there is to read, answers and letters.

No path holds a secret: who is in says the cookie, the serial in the path only which order is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curate.errors import CurateError
from curate.messages import speaker
from curate.shop import reading, stamp
from curate.shop.access import downloads as counting
from curate.shop.access import grants
from curate.shop.access.shelf import language, shelf
from curate.shop.aftersales import acknowledge, answers, tickets
from curate.web import purchase, refusals, session
from curate.web.downloads import PAGES, disposition
from curate.web.pages import HEADERS, page, preferred
from curate.web.sending import Sending

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.access.shelf import Shelf
    from curate.shop.aftersales.answers import Found

_Serial = Annotated[str, Path(max_length=20)]
_IN: dict[int | str, dict[str, Any]] = {303: {"description": "To where it goes on"}, **PAGES}
_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "A picture", "content": {kind: {} for kind in reading.PICTURES.values()}},
    **_IN,
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The copy", "content": {kind: {} for kind in stamp.TYPES.values()}},
    503: {"description": "Could not be made", "content": {"text/html": {}}},
    **_IN,
}
_TUTORIAL = {
    **HEADERS,
    # Its own address stays, or its pictures would come without the cookie; nothing in it can run.
    "Content-Security-Policy": (
        "sandbox allow-same-origin; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
_INERT = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
_ROWS = 50


def router(shop: Shop) -> APIRouter:
    """All pages below / and /order."""
    made = APIRouter(default_response_class=HTMLResponse)
    _start(made, shop)
    _order(made, shop)
    _reading(made, shop)
    _help(made, shop)
    _copies(made, shop)
    return made


def _start(made: APIRouter, shop: Shop) -> None:
    @made.get("/")
    def start(request: Request) -> Response:
        inside = session.read(shop, request) is not None
        return _open(_told(shop, request), inside=inside)

    @made.post("/open", status_code=303, responses=_IN)
    def enter(
        request: Request,
        code: Annotated[str, Form(max_length=300)],
        number: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        grant = grants.enter(shop, code.rpartition("#")[2], number)  # also the whole link
        if grant is None:
            return _open(_told(shop, request), wrong=True, status=403)
        if (state := grant.state(shop.now())) != "open":
            return refusals.ended(language(shop, grant), grant, state)
        answer = _to("/order")
        session.begin(shop, answer, grant)
        return answer

    @made.post("/leave", status_code=303, responses=_IN)
    def leave() -> Response:
        answer = _to("/")
        session.end(shop, answer)
        return answer


def _order(made: APIRouter, shop: Shop) -> None:
    @made.get("/order", responses=_IN)
    def order(request: Request) -> Response:
        grant = session.read(shop, request)
        return purchase.page(shop, grant) if grant else _to("/")

    @made.post("/order/{serial}/agree", status_code=303, responses=_IN)
    def agree(
        request: Request, serial: _Serial, text: Annotated[str, Form(max_length=40)]
    ) -> Response:
        """That delivered digital goods are not returned: before the first download."""
        grant = session.read(shop, request, serial)
        if grant is None:
            return refusals.outside(_told(shop, request))
        if text not in {one.version for one in acknowledge.texts()} or not grant.number:
            return refusals.misread(language(shop, grant))
        acknowledge.record(shop, grant.channel, grant.number, version=text, source="page")
        return _to("/order#files")

    @made.get("/order/{serial}/cover", responses=_PICTURES)
    def cover(request: Request, serial: _Serial) -> Response:
        def shown(found: Shelf) -> Response | None:
            path = reading.cover(found.folder)
            if path is None:
                return None
            kind = reading.PICTURES[path.suffix]
            return Response(path.read_bytes(), headers=_INERT, media_type=kind)

        return _read(shop, request, serial, shown)


def _reading(made: APIRouter, shop: Shop) -> None:
    @made.get("/order/{serial}/tutorial", responses=_IN)
    def tutorial(request: Request, serial: _Serial) -> Response:
        def shown(found: Shelf) -> Response | None:
            back = speaker(found.language)("Back to your order")
            there = reading.tutorial(found.folder, back)
            return HTMLResponse(there.html, headers=_TUTORIAL) if there else None

        return _read(shop, request, serial, shown)

    @made.get("/order/{serial}/tutorial/{path:path}", responses=_PICTURES)
    def picture(request: Request, serial: _Serial, path: str) -> Response:
        def shown(found: Shelf) -> Response | None:
            there = reading.picture(found.folder, path)
            return Response(there[0], headers=_INERT, media_type=there[1]) if there else None

        return _read(shop, request, serial, shown)

    @made.get("/order/{serial}/changelog", responses=_IN)
    def changelog(request: Request, serial: _Serial) -> Response:
        def shown(found: Shelf) -> Response | None:
            title = speaker(found.language)("What is new")
            html = reading.changelog(found.folder)
            return _text(found, title, html) if html else None

        return _read(shop, request, serial, shown)

    @made.get("/order/{serial}/licenses", responses=_IN)
    def licenses(request: Request, serial: _Serial) -> Response:
        def shown(found: Shelf) -> Response | None:
            title = speaker(found.language)("Licences")
            html = reading.licenses(found.folder)
            return _text(found, title, html) if html else None

        return _read(shop, request, serial, shown)


def _help(made: APIRouter, shop: Shop) -> None:
    @made.post("/order/{serial}/ask", responses=_IN)
    def ask(
        request: Request, serial: _Serial, text: Annotated[str, Form(max_length=4000)]
    ) -> Response:
        grant = session.read(shop, request, serial)
        if grant is None:
            return refusals.outside(_told(shop, request))
        found = shelf(shop, grant)
        data = {
            "grant": grant, "text": text.strip(), "found": _found(shop, found, text),
            "order": purchase.order_id(shop, grant) is not None,
        }  # fmt: skip
        return page("buyer/asked.html.j2", found.language, data)

    @made.post("/order/{serial}/tickets", status_code=303, responses=_IN)
    def write(
        request: Request,
        serial: _Serial,
        text: Annotated[str, Form(max_length=2 * tickets.LONGEST)],
        ticket: Annotated[int, Form(ge=0, le=1 << 53)] = 0,
    ) -> Response:
        """A new letter to the seller; ``ticket``: one that goes on with what was written before."""
        grant = session.read(shop, request, serial)
        if grant is None:
            return refusals.outside(_told(shop, request))
        told = language(shop, grant)
        text = text.replace("\r\n", "\n").strip()  # browsers count a line's end as one
        own = {one.id for one in purchase.letters(shop, grant)}
        order = purchase.order_id(shop, grant)
        fits = 0 < len(text) <= tickets.LONGEST
        if order is None or not fits or (ticket and ticket not in own):
            return refusals.misread(told)
        try:
            if ticket:
                tickets.write(shop, ticket, text)
            else:
                version = shelf(shop, grant).version
                asked = tickets.ask(
                    shop, text, order_id=order, sku=grant.sku, version=version, insist=True
                )
                ticket = asked.ticket_id or 0
        except CurateError:
            return refusals.too_often(told)
        return _to(f"/order#t{ticket}")


def _copies(made: APIRouter, shop: Shop) -> None:
    @made.get("/order/{serial}/copies", responses=_IN)
    def copies(
        request: Request,
        serial: _Serial,
        number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    ) -> Response:
        def shown(found: Shelf) -> Response | None:
            there = stamp.offered(shop, found)
            rows = there[(number - 1) * _ROWS : number * _ROWS]
            data = {
                "grant": found.grant,
                "line": stamp.line(found),
                "rows": [(one, _left(shop, found, one)) for one in rows],
                "page": number,
                "pages": -(-len(there) // _ROWS),
            }
            return page("buyer/copies.html.j2", found.language, data) if rows else None

        return _read(shop, request, serial, shown)

    @made.post("/order/{serial}/copies", responses=_FILE)
    def copy(
        request: Request, serial: _Serial, item: Annotated[str, Form(max_length=64)]
    ) -> Response:
        grant = session.read(shop, request, serial)
        if grant is None:
            return refusals.outside(_told(shop, request))
        found = shelf(shop, grant)
        one = next((one for one in stamp.offered(shop, found) if one.sha256 == item), None)
        if one is None or purchase.unagreed(shop, grant):
            return refusals.no_page(found.language)
        if _left(shop, found, one) == 0:
            return refusals.used_up(found.language)
        path = stamp.make(shop, found, one)
        if path is None:
            return refusals.no_copy(found.language)
        size = path.stat().st_size
        if counting.begin(shop, grant, found.version, stamp.counted(one), size) is None:
            return refusals.used_up(found.language)
        headers = {
            **_INERT,
            "Content-Type": stamp.TYPES[path.suffix],
            "Content-Disposition": disposition(one.name),
        }
        return Sending(path, 0, size, 200, headers, lambda count: None)


def _read(
    shop: Shop, request: Request, serial: str, shown: Callable[[Shelf], Response | None]
) -> Response:
    """What ``shown`` makes of the buyer's shelf, unless it may not be given or is not there."""
    grant = session.read(shop, request, serial)
    if grant is None:
        return _to("/")
    found = shelf(shop, grant)
    if found.withheld:
        return _to("/order")
    return shown(found) or refusals.no_page(found.language)


def _found(shop: Shop, found: Shelf, text: str) -> tuple[Found, ...]:
    version = found.version or found.grant.version
    return answers.offered(shop.workspace, found.grant.collection, text, version=version)


def _left(shop: Shop, found: Shelf, one: stamp.Copy) -> int | None:
    return counting.left(shop, found.grant, found.version, stamp.counted(one), 0)


def _open(
    told: Language, inside: bool = False, wrong: bool = False, status: int = 200
) -> HTMLResponse:
    return page("buyer/open.html.j2", told, {"inside": inside, "wrong": wrong}, status)


def _text(found: Shelf, title: str, html: str) -> Response:
    return page("buyer/text.html.j2", found.language, {"title": title, "html": html})


def _told(shop: Shop, request: Request) -> Language:
    return preferred(request.headers.raw, shop.settings.language)


def _to(place: str) -> RedirectResponse:
    return RedirectResponse(place, 303, HEADERS)
