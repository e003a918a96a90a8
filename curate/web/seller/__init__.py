"""The seller's own pages: `curate ui`. The library and its questions, bundles, and the shop at a glance.

Nothing is decided here: every page calls what the command of its name calls.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from curate.errors import CurateError
from curate.messages import speaker
from curate.web.seller import (
    bundles,
    duplicates,
    item,
    library,
    orders,
    outbox,
    overview,
    pictures,
    review,
    rights,
    stock,
    tickets,
)
from curate.web.seller.desk import LANGUAGE, Desk, Form, Notice, local, text
from curate.web.seller.guard import Guard

if TYPE_CHECKING:
    from curate.workspace import Workspace

_YEAR = 365 * 24 * 3600
_STATIC = {"seller.css": "text/css; charset=utf-8", "seller.js": "text/javascript; charset=utf-8"}


def app(workspace: Workspace, password: str = "") -> FastAPI:
    """The pages of one workspace. Without ``password`` they answer only on this machine, by its own names.

    Works without a shop.toml: the pages of the shop then say how to begin.
    """
    guard = Guard(password)
    desk = Desk(workspace, guard)
    made = FastAPI(
        title="curate", docs_url=None, redoc_url=None, openapi_url=None,
        dependencies=[Depends(guard.check)],
    )  # fmt: skip
    made.middleware("http")(guard)
    _frame(made, desk)
    _faults(made, desk)
    rooms = (
        overview, library, item, pictures, review, rights, duplicates, bundles, orders, outbox, stock, tickets,
    )  # fmt: skip
    for room in rooms:
        room.add(made, desk)
    return made


def _frame(made: FastAPI, desk: Desk) -> None:
    @made.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404)
        return Response(_static(name), headers={"Content-Type": _STATIC[name]})

    @made.get("/language/{code}")
    def language(request: Request, code: str, to: str = "/") -> Response:
        if code not in ("en", "zh"):
            raise HTTPException(404)
        answer = RedirectResponse(local(to), 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LANGUAGE, code, max_age=_YEAR, httponly=True, samesite="strict", secure=secure
        )
        return answer

    @made.get("/login")
    def login(request: Request, to: str = "/") -> Response:
        if not desk.guard.locked:
            return RedirectResponse("/", 303)
        say = speaker(desk.language(request))
        return desk.page(request, "login", say("Sign in"), to=local(to), wait=0, wrong=False)

    @made.post("/login")
    def enter(request: Request, form: Form) -> Response:
        if not desk.guard.locked:
            return RedirectResponse("/", 303)
        say, to = speaker(desk.language(request)), local(text(form, "to"))
        if desk.guard.enter(request, text(form, "password", 1024)):
            return RedirectResponse(to, 303)
        wait = desk.guard.wait(request)
        status = 429 if wait else 403
        return desk.page(request, "login", say("Sign in"), status, to=to, wait=wait, wrong=not wait)

    @made.post("/logout")
    def leave(request: Request) -> Response:
        desk.guard.leave(request)
        return RedirectResponse("/login" if desk.guard.locked else "/", 303)


@cache
def _static(name: str) -> bytes:
    return resources.files("curate.web").joinpath("static", name).read_bytes()


def _faults(made: FastAPI, desk: Desk) -> None:
    """Everything that goes wrong is a page that says what to do."""

    def told(request: Request, status: int, notice: Notice) -> Response:
        say = speaker(desk.language(request))
        return desk.page(request, "fault", say("That did not work"), status, fault=notice)

    @made.exception_handler(CurateError)
    def refused(request: Request, fault: CurateError) -> Response:
        return told(request, 409, desk.wrong(request, fault))

    @made.exception_handler(RequestValidationError)
    def misread(request: Request, fault: RequestValidationError) -> Response:
        return told(
            request, 400, Notice(speaker(desk.language(request))("This address is not right."))
        )

    @made.exception_handler(HTTPException)
    def stopped(request: Request, fault: HTTPException) -> Response:
        say = speaker(desk.language(request))
        if fault.status_code == 404:
            return told(request, 404, Notice(say("There is no such page.")))
        if fault.status_code == 403:
            return told(
                request, 403,
                Notice(say("This form is from before the page was started anew, so nothing was written."),
                       hint=say("Go back, load the page again, and send it once more.")),
            )  # fmt: skip
        return Response("", fault.status_code)
