"""The application for buyers: their pages, links and downloads, and the notices of channels."""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from curate.errors import CurateError
from curate.messages import speaker
from curate.shop import notices
from curate.shop.access import grants, health
from curate.web import downloads, go, order, refusals, unsubscribe
from curate.web.guard import Guard, networks
from curate.web.pages import preferred

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop

_STATIC = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_DAY = 86_400
_log = logging.getLogger("curate.serve")


def app(shop: Shop) -> FastAPI:
    """The pages of one shop's buyers. Raises CurateError where its database, its keys or its proxies are wrong."""
    networks(shop.settings.serve.proxies)  # what is wrong is told now, not to the first buyer
    health.check(shop)
    grants.enter(shop, "")  # all is opened here, before threads come for it at once, and the first
    refusals.outside(shop.settings.language)  # buyer waits no longer than the others
    made = FastAPI(
        title="curate",
        description="What buyers reach: a page for each purchase, signed links, downloads.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    rooms = (order, downloads, unsubscribe, go)
    for room in (*(one.router(shop) for one in rooms), _notices(shop), _house(shop)):
        made.include_router(room)
    _faults(made, shop)
    made.add_middleware(Guard, shop=shop)
    return made


def _notices(shop: Shop) -> APIRouter:
    made = APIRouter()
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": "Taken in: which delivery each line has"},
        401: {"description": "The signature or the timestamp is not right"},
        409: {"description": "It contradicts what is known"},
        413: {"description": "Too large"},
        422: {"description": "Not understood"},
        429: downloads.PAGES[429],
    }
    for one in (401, 409, 413, 422):
        told[one]["content"] = {"application/json": {}}
    schema = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    }

    @made.post(
        "/notices/{channel}", responses=told, openapi_extra=schema, response_class=JSONResponse
    )
    async def notice(request: Request, channel: Annotated[str, Path(max_length=100)]) -> Response:
        """An order, signed with the channel's secret: see the module ``curate.shop.notices``."""
        body = await request.body()
        answer = await run_in_threadpool(notices.receive, shop, channel, request.headers, body)
        return JSONResponse(answer.body, answer.status, {"Cache-Control": "no-store"})

    return made


def _house(shop: Shop) -> APIRouter:
    made = APIRouter()

    @made.get("/healthz", response_class=PlainTextResponse)
    def healthy() -> str:
        health.check(shop)
        return "ok\n"

    @made.get(
        "/static/{name}",
        response_class=Response,
        responses={
            200: {"content": {kind: {} for kind in _STATIC.values()}},
            404: downloads.PAGES[404],
        },
    )
    def static(request: Request, name: str) -> Response:
        found = _static(name)
        if found is None:
            raise HTTPException(404)
        data, kind, etag = found
        headers = {
            "Cache-Control": f"public, max-age={_DAY}",
            "ETag": etag,
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(data, headers={**headers, "Content-Type": kind})

    return made


@cache
def _statics() -> dict[str, Any]:
    return {
        one.name: one
        for one in resources.files("curate.web").joinpath("static").iterdir()
        if one.is_file() and not one.name.startswith("seller")
    }


@cache
def _read(name: str) -> tuple[bytes, str, str]:
    data = _statics()[name].read_bytes()
    kind = _STATIC.get(name.rpartition(".")[2], "application/octet-stream")
    return data, kind, f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def _static(name: str) -> tuple[bytes, str, str] | None:
    return _read(name) if name in _statics() else None


def _faults(made: FastAPI, shop: Shop) -> None:
    """Whatever goes wrong is a small page that says what to do."""

    def told(request: Request) -> Language:
        return preferred(request.headers.raw, shop.settings.language)

    @made.exception_handler(HTTPException)
    def stopped(request: Request, fault: HTTPException) -> Response:
        say = speaker(language := told(request))
        what = {
            404: say("There is no such page."),
            405: say("This address cannot be used like that."),
        }.get(fault.status_code, say("That did not work."))
        return refusals.plain(
            language, fault.status_code, say("That did not work"), what,
            say("Open the page from the message you got."), fault.headers,
        )  # fmt: skip

    @made.exception_handler(RequestValidationError)
    def misread(request: Request, fault: RequestValidationError) -> Response:
        return refusals.misread(told(request))

    def closed(request: Request, fault: Exception) -> Response:
        # What the fault says is for the seller: it names paths.
        _log.error("%s: %s", type(fault).__name__, getattr(fault, "message", "the database"))
        return refusals.closed(told(request))

    made.add_exception_handler(CurateError, closed)
    made.add_exception_handler(health.Fault, closed)
