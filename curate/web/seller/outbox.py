"""What is to be sent. What `curate outbox` shows and does."""

from __future__ import annotations

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.shop import Shop, delivery
from curate.shop.delivery import Served, outbox
from curate.shop.delivery.outbox import Message
from curate.web.seller.desk import Desk, Form, link, text
from curate.web.seller.shopwindow import begin, by_hand, day, does

PAGE = 100


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/outbox")
    def listed(
        request: Request,
        everything: int = Query(0, alias="all"),
        page: int = Query(1, ge=1, le=100_000),
    ) -> Response:
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Outbox"))
        found = (
            list(reversed(outbox.messages(shop))) if everything else _first(outbox.pending(shop))
        )
        return desk.page(
            request, "outbox", say("Outbox"), rows=found[(page - 1) * PAGE : page * PAGE], every=everything,
            page=page, pages=-(-len(found) // PAGE), by_hand=by_hand, link=link, day=day,
        )  # fmt: skip

    @app.get("/outbox/{number}")
    def one(request: Request, number: int) -> Response:
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Outbox"))
        found = outbox.messages(shop, ids=[number])
        if not found:
            raise CurateError(
                f"there is no message {number} in the outbox", "see: curate outbox list --sent"
            )
        shown = outbox.text(shop, number) if found[0].state in outbox.OPEN else None
        queue = [each.id for each in outbox.pending(shop) if by_hand(each)]
        return desk.page(
            request, "message", say("Message {n}", n=number), message=found[0], text=shown, link=link, day=day,
            before=next((f"/outbox/{each}" for each in reversed(queue) if each < number), ""),
            after=next((f"/outbox/{each}" for each in queue if each > number), ""), by_hand=by_hand(found[0]),
        )  # fmt: skip

    @app.post("/outbox/{number}/confirm")
    def confirm(request: Request, number: int, form: Form) -> Response:
        say = speaker(desk.language(request))

        def write(shop: Shop) -> str:
            proof = text(form, "proof", 300).strip() or say("sent by hand")
            if outbox.confirm(shop, number, proof, desk.who):
                return say("Message {n} is confirmed.", n=number)
            return say("Message {n} was confirmed before.", n=number)

        shop = desk.shop
        queue = [each.id for each in outbox.pending(shop) if by_hand(each)] if shop else []
        after = next((f"/outbox/{each}" for each in queue if each > number), "/outbox")
        return does(desk, request, after, write, f"/outbox/{number}")

    @app.post("/outbox/{number}/again")
    def again(request: Request, number: int) -> Response:
        say = speaker(desk.language(request))

        def write(shop: Shop) -> str:
            outbox.again(shop, [number])
            return told(say, delivery.serve(shop))

        return does(desk, request, f"/outbox/{number}", write)

    @app.post("/outbox")
    def serve(request: Request) -> Response:
        say = speaker(desk.language(request))
        return does(desk, request, "/outbox", lambda shop: told(say, delivery.serve(shop)))


def _first(found: list[Message]) -> list[Message]:
    """What a person has to send before what machines do."""
    return sorted(found, key=lambda one: (not by_hand(one), one.id))


def told(say: Say, done: Served) -> str:
    """What a run of delivery did."""
    counted = say(
        "Served: {allocated}; sent by mail: {mailed}; waiting: {waiting}.",
        allocated=done.allocated, mailed=done.mailed, waiting=done.waiting,
    )  # fmt: skip
    return " ".join((counted, *done.trouble))
