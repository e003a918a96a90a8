"""Where everything stands, and what waits for the seller."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI, Request
from fastapi.responses import Response

from curate.bundle import history
from curate.errors import CurateError
from curate.messages import speaker
from curate.pipeline.explain import Standing, standings
from curate.pipeline.rulings import Which, rulings
from curate.web.seller import shopwindow
from curate.web.seller.desk import Desk
from curate.web.seller.pairs import doubtful


@dataclass(frozen=True, slots=True)
class Row:
    """One collection."""

    standing: Standing
    review: int  # what waits for a category
    asked: int  # rights questions
    doubtful: int  # pairs that nobody has looked at
    latest: str  # release on sale; "" for none
    problem: str = ""  # why the others are not known


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/")
    def overview(request: Request) -> Response:
        say = speaker(desk.language(request))
        there = rows(desk)
        return desk.page(
            request, "overview", say("Overview"), rows=there, shop=shopwindow.glance(desk),
            review=sum(one.review for one in there), asked=sum(one.asked for one in there),
            doubtful=sum(one.doubtful for one in there),
        )  # fmt: skip

    @app.get("/keys")
    def keys(request: Request) -> Response:
        say = speaker(desk.language(request))
        return desk.page(request, "keys", say("Keys"))


def rows(desk: Desk) -> list[Row]:
    """Every collection, with what its questions' pages would show."""
    return [_row(desk, one) for one in desk.known("standings", partial(standings, desk.workspace))]


def _row(desk: Desk, standing: Standing) -> Row:
    workspace, name = desk.workspace, standing.name
    problem, latest = standing.problem, ""
    review = asked = pairs = 0
    try:
        latest = history.latest(workspace.build / name)
        review = standing.review
        if standing.resources and not problem:
            asked = desk.known(("asked", name), partial(_asked, desk, name))
            pairs = len(desk.known(("doubtful", name), partial(doubtful, workspace, name)))
    except CurateError as fault:
        problem = fault.message
    return Row(standing, review, asked, pairs, latest, problem)


def _asked(desk: Desk, name: str) -> int:
    return len(rulings(desk.workspace, name, Which(outcome="ask")))
