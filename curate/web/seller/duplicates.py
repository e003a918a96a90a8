"""Duplicates, and two of them side by side. What `curate dedupe` shows and says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from curate.catalog import Catalog
from curate.messages import render, speaker
from curate.pipeline.differences import differences
from curate.pipeline.groups import KIND_LABELS, Double, groups
from curate.pipeline.likeness import Saying, Verb
from curate.pipeline.likeness import say as say_likeness
from curate.web.seller.desk import Desk, Form, link, text
from curate.web.seller.overview import rows
from curate.web.seller.pairs import Pair, doubtful, pairs
from curate.web.seller.pictures import ID, Picture, picture

PAGE = 40
_WIDTH = 12
_LINES = 160


@dataclass(frozen=True, slots=True)
class Side:
    """One of two."""

    double: Double
    picture: Picture | None
    properties: tuple[tuple[str, str], ...]


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/duplicates")
    def choose(request: Request) -> Response:
        say = speaker(desk.language(request))
        return desk.page(
            request, "queues", say("Duplicates"), rows=[(one, one.doubtful) for one in rows(desk)], to="/duplicates/",
            lead=say("What was computed to be the same, and nobody has looked at yet."),
        )  # fmt: skip

    @app.get("/duplicates/{name}")
    def listed(
        request: Request, name: str, everything: int = Query(0, alias="all"), page: int = Query(1, ge=1, le=10_000)
    ) -> Response:  # fmt: skip
        say = speaker(desk.language(request))
        waiting = _waiting(desk, name)
        found, total = list(waiting[(page - 1) * PAGE : page * PAGE]), len(waiting)
        if everything:
            found, total = _all(desk, name, page)
        with Catalog(desk.workspace.catalog, readonly=True) as catalog:
            both = {one.sha256: one for pair in found for one in (pair.stays, pair.back)}
            seen = {name: picture(catalog, name, one.format) for name, one in both.items()}
        return desk.page(
            request, "duplicates", say("Duplicates"), name=name, pairs=found, labels=KIND_LABELS, pictures=seen,
            every=everything, waiting=len(waiting), pages=-(-total // PAGE), page=page, link=link,
        )  # fmt: skip

    @app.get("/duplicates/{name}/pair")
    def pair(
        request: Request,
        name: str,
        one: str = Query(max_length=64),
        other: str = Query(max_length=64),
    ) -> Response:
        if not (ID.fullmatch(one) and ID.fullmatch(other)) or one == other:
            raise HTTPException(404)
        return _pair(desk, request, name, (one, other))

    @app.post("/duplicates/{name}/pair")
    def answer(request: Request, name: str, form: Form) -> Response:
        return _answered(desk, request, name, form)


def _waiting(desk: Desk, name: str) -> tuple[Pair, ...]:
    return desk.known(("doubtful", name), partial(doubtful, desk.workspace, name))


def _all(desk: Desk, name: str, page: int) -> tuple[list[Pair], int]:
    """The pairs of a page of groups, and how many groups there are."""
    found = groups(desk.workspace, name, limit=page * PAGE, width=_WIDTH)
    return [one for group in found.shown[(page - 1) * PAGE :] for one in pairs(group)], found.total


def _pair(desk: Desk, request: Request, name: str, ids: tuple[str, str]) -> Response:
    say = speaker(desk.language(request))
    waiting = [one.ids for one in _waiting(desk, name)]
    at = waiting.index(ids) if ids in waiting else -1
    found = differences(desk.workspace, name, ids, _LINES)
    about = groups(desk.workspace, name, ids)
    known = {one.sha256: one for group in about.shown for one in group.members}
    known |= {part.double.sha256: part.double for group in about.shown for part in group.parts}
    with Catalog(desk.workspace.catalog, readonly=True) as catalog:
        sides = [
            _side(catalog, known.get(one.sha256), one.sha256, one)
            for one in (found.one, found.other)
        ]
    return desk.page(
        request, "pair", say("Duplicates"), name=name, sides=sides, found=found, labels=KIND_LABELS,
        words=about.words, at=at, total=len(waiting),
        before=_at(name, waiting[at - 1]) if at > 0 else "",
        after=_at(name, waiting[at + 1]) if 0 <= at < len(waiting) - 1 else "",
        likely=dict(zip((one.sha256 for one in (found.one, found.other)), sides, strict=True)),
    )  # fmt: skip


def _side(catalog: Catalog, double: Double | None, sha256: str, member: object) -> Side:
    facts = catalog.facts(sha256)
    extracted = facts[0] if facts else None
    if double is None:
        shown = catalog.size(sha256)
        title, source = getattr(member, "title", ""), getattr(member, "source", "")
        double = Double(
            sha256, title, extracted.format if extracted else "", shown, (source,), None, None, None
        )
    properties = sorted((extracted.properties if extracted else {}).items())
    return Side(
        double,
        picture(catalog, sha256, double.format),
        tuple((key, str(value)) for key, value in properties),
    )


def _answered(desk: Desk, request: Request, name: str, form: Form) -> Response:
    one, other = text(form, "one", 64), text(form, "other", 64)
    if not (ID.fullmatch(one) and ID.fullmatch(other)):
        raise HTTPException(404)
    language = desk.language(request)
    say = speaker(language)
    verbs: dict[str, tuple[Verb, tuple[str, ...], str]] = {
        "same": ("merge", (one, other), say("They are the same.")),
        "different": ("split", (one, other), say("They are not the same.")),
        "first": ("keep", (one,), say("The first one stays.")),
        "second": ("keep", (other,), say("The second one stays.")),
        "undo": ("undo", (one, other), say("Taken back.")),
    }
    chosen = next((verb for verb in verbs if text(form, "say") == verb), "")
    if not chosen:
        raise HTTPException(404)
    waiting = [each.ids for each in _waiting(desk, name)]
    here = _at(name, (one, other))
    following = here
    if chosen != "undo" and (one, other) in waiting:
        rest = waiting[waiting.index((one, other)) + 1 :]
        following = _at(name, rest[0]) if rest else link(f"/duplicates/{name}")
    verb, items, told = verbs[chosen]

    def write() -> str:
        done = say_likeness(
            desk.workspace, name, Saying(verb, items, desk.who, text(form, "why", 1000))
        )
        return " ".join((told, *(render(note, language) for note in done.notes)))

    return desk.does(request, following, write, here)


def _at(name: str, ids: tuple[str, str]) -> str:
    return link(f"/duplicates/{name}/pair", one=ids[0], other=ids[1])
