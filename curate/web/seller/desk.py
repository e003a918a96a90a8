"""What every page of the seller's needs: the workspace, the frame around a page, and what was just done."""

from __future__ import annotations

import getpass
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from curate.bundle.text import size
from curate.errors import CurateError
from curate.messages import render, speaker
from curate.model import Language, Message
from curate.shop import Shop
from curate.shop.settings import path as shop_file
from curate.web.pages import page
from curate.web.seller.guard import Guard
from curate.workspace import Workspace

LANGUAGE = "curate-language"
_BUSY = "another curate command is writing"
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20]{0,2000}")
_MOST = 1000
_PATIENCE = 10.0
"""Seconds that one window waits for another one of the same seller."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said once, at the top of the next page."""

    text: str
    bad: bool = False
    hint: str = ""


@dataclass
class Desk:
    """The seller at work. Opens nothing before it is asked for."""

    workspace: Workspace
    guard: Guard

    def __post_init__(self) -> None:
        self._said: OrderedDict[str, list[Notice]] = OrderedDict()
        self._known: dict[Hashable, tuple[object, Any]] = {}
        self._shop: tuple[object, Shop] | None = None
        self._lock = threading.Lock()
        # Held by who writes, so that two windows of one seller do not refuse each other at once.
        self._pen = threading.Lock()

    def language(self, request: Request) -> Language:
        """The one that was chosen in this browser, else the workspace's."""
        chosen = request.cookies.get(LANGUAGE)
        if chosen in ("en", "zh"):
            return "zh" if chosen == "zh" else "en"
        try:
            language: Language = self.workspace.settings.language
        except CurateError:
            return "en"
        return language

    def page(
        self, request: Request, template: str, title: str, status: int = 200, **data: Any
    ) -> HTMLResponse:
        """``templates/seller/TEMPLATE``; ``tell`` says a Message there."""
        language = self.language(request)

        def tell(message: Message) -> str:
            return render(message, language)

        frame = {
            "title": title, "tell": tell, "token": self.guard.token(request.state.session),
            "path": request.url.path, "here": f"{request.url.path}?{request.url.query}".rstrip("?"),
            "notices": self._notices(request), "locked": self.guard.locked, "url": quote,
            "name_of_workspace": self.workspace.root.name, "size": size,
        }  # fmt: skip
        return page(f"seller/{template}.html.j2", language, {**frame, **data}, status)

    def go(self, request: Request, where: str, said: Notice | None = None) -> RedirectResponse:
        """On to another page, which says ``said``."""
        if said:
            with self._lock:
                self._said.setdefault(request.state.session, []).append(said)
                while len(self._said) > _MOST:
                    self._said.popitem(last=False)
        return RedirectResponse(local(where), 303)

    def wrong(self, request: Request, fault: CurateError) -> Notice:
        """A fault, as it is told; that another command runs in the reader's language."""
        if _BUSY in fault.message:
            return self._busy(request)
        return Notice(fault.message, True, fault.hint)

    def _busy(self, request: Request) -> Notice:
        say = speaker(self.language(request))
        return Notice(
            say("Nothing was written: another curate command is at work in this workspace."),
            True, say("Wait until it has finished, then do it again."),
        )  # fmt: skip

    def does(
        self, request: Request, where: str, act: Callable[[], str], otherwise: str = ""
    ) -> RedirectResponse:
        """Write something, then go to ``where`` with what ``act`` says; where it cannot be written, to
        ``otherwise`` with the reason."""
        if not self._pen.acquire(timeout=_PATIENCE):
            return self.go(request, otherwise or where, self._busy(request))
        try:
            said = Notice(act())
        except CurateError as fault:
            return self.go(request, otherwise or where, self.wrong(request, fault))
        finally:
            self._pen.release()
        return self.go(request, where, said if said.text else None)

    def known(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, remembered as long as nothing in the workspace has changed."""
        now = self._stamp()
        with self._lock:
            found = self._known.get(key)
        if found and found[0] == now:
            value: T = found[1]
            return value
        value = make()
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known[key] = (now, value)
        return value

    @property
    def shop(self) -> Shop | None:
        """None where there is no shop.toml yet. Raises CurateError where it cannot be read."""
        path = shop_file(self.workspace)
        if not path.is_file():
            return None
        mark = path.stat().st_mtime_ns, path.stat().st_size
        with self._lock:
            if self._shop is None or self._shop[0] != mark:
                self._shop = (mark, Shop.open(self.workspace))
            return self._shop[1]

    @property
    def who(self) -> str:
        """Who answers, for the journals."""
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return "seller"

    def _notices(self, request: Request) -> list[Notice]:
        with self._lock:
            return self._said.pop(request.state.session, [])

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        """Changes with the catalogue, and with what people wrote beside the collections."""
        paths = [self.workspace.catalog, self.workspace.catalog.with_name("catalog.db-wal")]
        paths += sorted(self.workspace.collections.glob("*/*.*l"))  # toml and jsonl
        return tuple((one.stat().st_mtime_ns, one.stat().st_size) for one in paths if one.is_file())


def local(where: str) -> str:
    """``where``, if it is a page of these; else the first one."""
    return where if _LOCAL.fullmatch(where) else "/"


def link(path: str, **query: object) -> str:
    """A path with what stands behind its question mark; what is empty is left out."""
    told = {name: str(value) for name, value in query.items() if value not in ("", None, 0)}
    return f"{quote(path)}?{urlencode(told)}" if told else quote(path)


def text(form: FormData, name: str, most: int = 10_000) -> str:
    """A field of a form as one string; "" where it is missing."""
    found = form.get(name, "")
    return found[:most] if isinstance(found, str) else ""


def texts(form: FormData, name: str) -> tuple[str, ...]:
    """All values of a field."""
    return tuple(one for one in form.getlist(name) if isinstance(one, str))


async def _form(request: Request) -> FormData:
    return await request.form()


Form = Annotated[FormData, Depends(_form)]
"""What was filled in; ``Guard.check`` has seen its token."""
