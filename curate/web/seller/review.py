"""The review queue: where things belong that no category is sure enough for. What `curate review` asks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response

from curate.catalog import Catalog
from curate.errors import CurateError
from curate.messages import speaker
from curate.pipeline.labels import Filed, settle
from curate.pipeline.review import Review, Shown, queue
from curate.web.seller.desk import Desk, Form, Notice, link, text
from curate.web.seller.overview import rows
from curate.web.seller.pictures import picture

_TEXT = 2500
_END = "end"


@dataclass
class _Held:
    """The order in which a collection is asked about, as it was when somebody began; and what they said."""

    queues: dict[tuple[str, bool], list[Filed]] = field(default_factory=dict)
    given: dict[str, list[Filed]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, desk: Desk, name: str, everything: bool) -> list[Filed]:
        found, _ = queue(desk.workspace, name, everything)
        with self.lock:
            self.queues[name, everything] = found
        return found

    def at(self, desk: Desk, name: str, everything: bool, item: str) -> tuple[list[Filed], int]:
        """The queue, and where ``item`` is in it; 0 in a new one where it is not."""
        with self.lock:
            found = self.queues.get((name, everything), [])
        if item:
            for number, one in enumerate(found):
                if one.sha256 == item:
                    return found, number
        found = self.begin(desk, name, everything)
        return found, next((n for n, one in enumerate(found) if one.sha256 == item), 0)

    def answered(self, name: str, one: Filed) -> None:
        with self.lock:
            self.given.setdefault(name, []).append(one)

    def last(self, name: str) -> Filed | None:
        """What was answered last and not taken back."""
        with self.lock:
            given = self.given.get(name)
            return given[-1] if given else None

    def undone(self, name: str) -> None:
        with self.lock:
            self.given[name].pop()

    def before(self, name: str, found: Sequence[Filed], at: int) -> str:
        """The nearest one above that was not answered here."""
        with self.lock:
            done = {one.sha256 for one in self.given.get(name, ())}
        return next((one.sha256 for one in reversed(found[:at]) if one.sha256 not in done), "")


def add(app: FastAPI, desk: Desk) -> None:
    held = _Held()

    @app.get("/review")
    def choose(request: Request) -> Response:
        say = speaker(desk.language(request))
        return desk.page(
            request, "queues", say("Review"), rows=[(one, one.review) for one in rows(desk)], to="/review/",
            lead=say("Where no category is sure enough, you say where things belong."),
        )  # fmt: skip

    @app.get("/review/{name}")
    def ask(
        request: Request, name: str, item: str = Query("", max_length=64), everything: int = Query(0, alias="all"),
    ) -> Response:  # fmt: skip
        every = bool(everything)
        if item == _END:
            return _through(desk, request, held, name, every)
        found, at = held.at(desk, name, every, item)
        with Review(desk.workspace, name, desk.who) as session:
            shown, at = _next(session, found, at)
            if shown is None:
                return _through(desk, request, held, name, every)
            return _asked(desk, request, held, session, shown, (name, found, at, every))

    @app.post("/review/{name}")
    def answer(request: Request, name: str, form: Form) -> Response:
        say, every = speaker(desk.language(request)), bool(text(form, "all"))
        if text(form, "undo"):
            return _undone(desk, request, held, name, every)
        item, given = text(form, "item", 64), text(form, "category")
        found, at = held.at(desk, name, every, item)
        if at >= len(found) or found[at].sha256 != item:
            return RedirectResponse(_here(name, every), 303)

        def write() -> str:
            with Review(desk.workspace, name, desk.who) as session:
                titles = {one.name: one.label for one in session.categories}
                if given and given not in titles:
                    raise CurateError(
                        f"no category of '{name}' is called '{given[:80]}'", "choose one"
                    )
                session.answer(found[at], given)
            held.answered(name, found[at])
            title = titles[given] if given else say("none of these")
            return say("“{title}” → {category}", title=found[at].title, category=title)

        return desk.does(
            request, _here(name, every, _after(found, at)), write, _here(name, every, item)
        )


def _asked(
    desk: Desk, request: Request, held: _Held, session: Review, shown: Shown,
    where: tuple[str, list[Filed], int, bool],
) -> Response:  # fmt: skip
    name, found, at, every = where
    say = speaker(desk.language(request))
    with Catalog(desk.workspace.catalog, readonly=True) as catalog:
        seen = picture(catalog, shown.filed.sha256, shown.format)
    before = held.before(name, found, at)
    return desk.page(
        request, "review", say("Review"), name=name, every=every, total=len(found), at=at, shown=shown,
        picture=seen, titles={one.name: one.label for one in session.categories},
        categories=session.categories, text=shown.text[:_TEXT], cut=len(shown.text) > _TEXT,
        before=_here(name, every, before) if before else "", after=_here(name, every, _after(found, at)),
        last=held.last(name),
    )  # fmt: skip


def _through(desk: Desk, request: Request, held: _Held, name: str, every: bool) -> Response:
    """The end of a queue; what was skipped waits on."""
    say = speaker(desk.language(request))
    left = held.begin(desk, name, every)
    with held.lock:
        given = len(held.given.get(name, ()))
    return desk.page(
        request, "reviewed", say("Review"), name=name, every=every, left=len(left), given=given,
        last=held.last(name), again=_here(name, every),
    )  # fmt: skip


def _undone(desk: Desk, request: Request, held: _Held, name: str, every: bool) -> Response:
    say, one = speaker(desk.language(request)), held.last(name)
    if one is None:
        return desk.go(
            request, _here(name, every), Notice(say("there is nothing to take back"), True)
        )

    def write() -> str:
        settle(desk.workspace, name, [one.sha256], None, desk.who)
        held.undone(name)
        return say("taken back: {title}", title=one.title)

    return desk.does(request, _here(name, every, one.sha256), write, _here(name, every))


def _here(name: str, every: bool, item: str = "") -> str:
    return link(f"/review/{name}", item=item, all=int(every))


def _next(session: Review, found: Sequence[Filed], at: int) -> tuple[Shown | None, int]:
    """The first from ``at`` on that still is to be asked about."""
    for number in range(at, len(found)):
        with suppress(CurateError):
            if shown := session.look(found[number]):
                return shown, number
    return None, len(found)


def _after(found: Sequence[Filed], at: int) -> str:
    return found[at + 1].sha256 if at + 1 < len(found) else _END
