"""Questions of rights: what is asked, the evidence, and what the seller decides. What `curate rights` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from curate import grant
from curate.catalog import Catalog
from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.model import Outcome
from curate.pipeline.decisions import Ask, Decided, decide
from curate.pipeline.rulings import Ruling, Which, rulings, summary
from curate.web.seller.desk import Desk, Form, Notice, link, text, texts
from curate.web.seller.overview import rows
from curate.web.seller.pictures import Picture, picture

GROUPS = 20
ITEMS = 60
"""Of a group that are shown, and decided, at once."""
_WAYS = ("allow", "deny", "as", "own", "grant", "undo")


@dataclass(frozen=True, slots=True)
class Shown:
    """Items that were decided alike."""

    items: tuple[Ruling, ...]  # the first ones
    count: int

    @property
    def first(self) -> Ruling:
        return self.items[0]


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/rights")
    def choose(request: Request) -> Response:
        say = speaker(desk.language(request))
        return desk.page(
            request, "queues", say("Rights"), rows=[(one, one.asked) for one in rows(desk)], to="/rights/",
            lead=say("What may not be packaged before you have decided, with the rule and its evidence."),
        )  # fmt: skip

    @app.get("/rights/{name}")
    def ask(
        request: Request, name: str, outcome: str = "ask", page: int = Query(1, ge=1, le=10_000)
    ) -> Response:
        say = speaker(desk.language(request))
        wanted = next((one for one in get_args(Outcome) if one == outcome), "ask")
        found = rulings(desk.workspace, name)
        groups = _groups([one for one in found if one.outcome == wanted])
        shown = groups[(page - 1) * GROUPS : page * GROUPS]
        with Catalog(desk.workspace.catalog, readonly=True) as catalog:
            pictures = _pictures(catalog, shown)
        return desk.page(
            request, "rights", say("Rights"), name=name, outcome=wanted, groups=shown, pictures=pictures,
            counts=summary(found).counts, pages=-(-len(groups) // GROUPS), page=page,
            grants=grant.names(desk.workspace), link=link,
        )  # fmt: skip

    @app.post("/rights/{name}")
    def answer(request: Request, name: str, form: Form) -> Response:
        say = speaker(desk.language(request))
        here = link(
            f"/rights/{name}", outcome=text(form, "outcome", 10), page=text(form, "page", 6)
        )
        try:
            which, said = Which(items=_chosen(form, say)), _said(form, desk.who, say)
        except CurateError as fault:
            return desk.go(request, here, desk.wrong(request, fault))
        if text(form, "try"):
            return desk.go(request, here, _tried(desk, request, name, which, said))

        def write() -> str:
            return _told(decide(desk.workspace, name, which, said), say)

        return desk.does(request, here, write)


def _groups(found: Sequence[Ruling]) -> list[Shown]:
    """By licence, rules and reasons; the largest first."""
    made: dict[object, list[Ruling]] = {}
    for one in found:
        reasons = frozenset(each.text for each in one.reasons)
        made.setdefault((one.decision.license, one.decision.rules, reasons), []).append(one)
    shown = [Shown(tuple(some[:ITEMS]), len(some)) for some in made.values()]
    return sorted(shown, key=lambda one: (-one.count, one.first.source))


def _pictures(catalog: Catalog, shown: Sequence[Shown]) -> dict[str, Picture]:
    found = {}
    for one in (each for group in shown for each in group.items):
        known = catalog.facts(one.sha256)
        if seen := picture(catalog, one.sha256, known[0].format if known else ""):
            found[one.sha256] = seen
    return found


def _chosen(form: FormData, say: Say) -> tuple[str, ...]:
    items = texts(form, "item")
    if not items:
        raise CurateError(say("No item is ticked."), say("Tick those that your decision is about."))
    return items


def _said(form: FormData, who: str, say: Say) -> Ask:
    way = text(form, "way", 10)
    if way not in _WAYS:
        raise CurateError(say("Nothing was chosen."), say("Choose what you decide."))
    value = text(form, way, 300).strip() if way in ("as", "own", "grant") else ""
    if way in ("as", "own", "grant") and not value:
        raise CurateError(say("The field beside your choice is empty."), say("Fill it in."))
    return Ask(
        "deny" if way in ("deny", "undo") else "allow", text(form, "why", 2000), "" if way == "undo" else who,
        value if way == "as" else "", value if way == "own" else "", value if way == "grant" else "",
        undo=way == "undo", grounds=text(form, "grounds", 2000) if way in ("allow", "as") else "",
    )  # fmt: skip


def _tried(desk: Desk, request: Request, name: str, which: Which, said: Ask) -> Notice:
    say = speaker(desk.language(request))
    try:
        done = decide(desk.workspace, name, which, said, dry_run=True)
    except CurateError as fault:
        return desk.wrong(request, fault)
    if done.fault:
        return desk.wrong(request, done.fault)
    return Notice(say("It would do; nothing was written: {told}", told=_told(done, say)))


def _told(done: Decided, say: Say) -> str:
    count = {name: sum(one.outcome == name for one in done.rulings) for name in get_args(Outcome)}
    return say("{allow} allowed, {ask} asked, {deny} refused", **count)
