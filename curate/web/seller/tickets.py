"""What buyers ask, and the answers. What `curate tickets` shows and does."""

from __future__ import annotations

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from curate.messages import speaker
from curate.shop import Shop
from curate.shop.aftersales import answers, tickets
from curate.shop.aftersales.answers import Found
from curate.shop.aftersales.tickets import State, Ticket
from curate.web.seller.desk import Desk, Form, link, text
from curate.web.seller.shopwindow import begin, day, does

PAGE = 100
_ALL: tuple[State, ...] = ("open", "answered", "closed")


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/tickets")
    def listed(
        request: Request, everything: int = Query(0, alias="all"), page: int = Query(1, ge=1, le=100_000)
    ) -> Response:  # fmt: skip
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Tickets"))
        found = tickets.listed(shop, _ALL if everything else ("open",))
        return desk.page(
            request, "tickets", say("Tickets"), rows=found[(page - 1) * PAGE : page * PAGE],
            every=everything, page=page, pages=-(-len(found) // PAGE), link=link, day=day,
        )  # fmt: skip

    @app.get("/tickets/{number}")
    def one(request: Request, number: int) -> Response:
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Tickets"))
        ticket = tickets.show(shop, number)
        queue = [each.id for each in tickets.listed(shop)]
        at = queue.index(number) if number in queue else -1
        return desk.page(
            request, "ticket", say("Ticket {n}", n=number), ticket=ticket, found=_helpful(shop, ticket),
            before=f"/tickets/{queue[at - 1]}" if at > 0 else "",
            after=f"/tickets/{queue[at + 1]}" if 0 <= at < len(queue) - 1 else "", link=link, day=day,
        )  # fmt: skip

    @app.post("/tickets/{number}")
    def answer(request: Request, number: int, form: Form) -> Response:
        say, here = speaker(desk.language(request)), f"/tickets/{number}"
        done = bool(text(form, "close"))

        def write(shop: Shop) -> str:
            said = text(form, "text", 1 << 20)
            if done and not said.strip():
                tickets.close(shop, number)
                return say("Ticket {n} is closed.", n=number)
            if tickets.answer(shop, number, said, close=done):
                return say("The answer lies in the outbox.")
            return say("The answer is noted; the ticket belongs to no order, so send it yourself.")

        return does(desk, request, here, write)


def _helpful(shop: Shop, ticket: Ticket) -> tuple[Found, ...]:
    """What tutorial and answers.toml say about the buyer's last letter."""
    asked = next((one.text for one in reversed(ticket.letters) if one.who == "buyer"), "")
    sold = shop.settings.products.get(ticket.sku)
    if asked and sold and sold.collection:
        return answers.offered(shop.workspace, sold.collection, asked)
    return ()
