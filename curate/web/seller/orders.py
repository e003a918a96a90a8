"""Orders, and one of them with everything that became of it. What `curate orders` shows and does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from curate.errors import CurateError
from curate.messages import Say, msg, render, speaker
from curate.model import Language
from curate.shop import Shop, delivery, money
from curate.shop.aftersales import refunds, resend, returns, revocation
from curate.shop.delivery.states import proven, reason
from curate.shop.orders import intake, looking
from curate.shop.orders.looking import Ordered
from curate.web.seller.desk import Desk, Form, link, text
from curate.web.seller.shopwindow import begin, day, does

PAGE = 50


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/orders")
    def listed(
        request: Request, waiting: int = 0, channel: str = Query("", max_length=200),
        page: int = Query(1, ge=1, le=100_000),
    ) -> Response:  # fmt: skip
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Orders"))
        found = looking.listed(shop, channel, bool(waiting))
        some = list(islice(found, (page - 1) * PAGE, page * PAGE + 1))
        return desk.page(
            request, "orders", say("Orders"), rows=some[:PAGE], waiting=waiting, channel=channel, page=page,
            more=len(some) > PAGE, channels=sorted(shop.settings.channels), link=link, day=day, why=_why(desk.language(request)),
        )  # fmt: skip

    @app.get("/orders/one")
    def one(request: Request, channel: str, number: str) -> Response:
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Orders"))
        shown = looking.shown(shop, channel, number)
        advised = [_advice(shop, each.line) for each in shown.lines]
        return desk.page(
            request, "order", say("Order {number}", number=number), order=shown, channel=channel, number=number,
            first=shown.lines[0].line, advised=advised, link=link, day=day, why=_why(desk.language(request)), because=_because(desk.language(request)), now=shop.now(),
        )  # fmt: skip

    for name, act in (
        ("remap", _remap),
        ("refund", _refund),
        ("resend", _resend),
        ("revoke", _revoke),
    ):
        app.post(f"/orders/{name}", name=name)(_acting(desk, act))


Act = Callable[[Desk, Shop, Form, Say], str]
"""What a form asks for, done; what came of it, said."""


def _acting(desk: Desk, act: Act) -> Callable[[Request, Form], Response]:
    def acting(request: Request, form: Form) -> Response:
        say = speaker(desk.language(request))
        channel, number, _ = _line(form)
        back = _one(channel, number) if number else "/orders?waiting=1"
        return does(desk, request, back, lambda shop: act(desk, shop, form, say))

    return acting


def _remap(desk: Desk, shop: Shop, form: Form, say: Say) -> str:
    taken = intake.remap(shop)
    served = delivery.serve(shop)
    told = say(
        "Lines with a product now: {n}; served: {served}.", n=taken.changed, served=served.allocated
    )
    return " ".join((told, *served.trouble))


def _refund(desk: Desk, shop: Shop, form: Form, say: Say) -> str:
    currency = text(form, "currency", 3)
    quantity, amount = text(form, "quantity", 6).strip(), text(form, "amount", 20).strip()
    if quantity and not quantity.isdecimal():
        raise CurateError(say("That is no number of pieces."), say("Write it in digits."))
    given = refunds.refund(
        shop, *_line(form), quantity=int(quantity) if quantity else None,
        amount=money.minor(amount, currency) if amount else None, reason=text(form, "reason", 1000),
        who=desk.who, reference=text(form, "reference", 200).strip(),
    )  # fmt: skip
    if given.again:
        return say("This refund was noted before; nothing was done now.")
    return say(
        "Given back: {amount}; pieces: {n}; the buyer keeps: {left}.",
        amount=f"{money.decimal(given.amount, given.currency)} {given.currency}",
        n=given.quantity, left=given.units_left,
    )  # fmt: skip


def _resend(desk: Desk, shop: Shop, form: Form, say: Say) -> str:
    done = resend.resend(shop, *_line(form), renew=bool(text(form, "renew")))
    if done.renewed:
        return say("It lies in the outbox, with a new code; the old one opens nothing any more.")
    return say("It lies in the outbox.")


def _revoke(desk: Desk, shop: Shop, form: Form, say: Say) -> str:
    why = text(form, "why", 500).strip()
    if not why:
        raise CurateError(say("Say why."), say("The reason is kept with the order."))
    revocation.revoke(shop, *_line(form), why=why)
    return say("The buyer's access has ended.")


def _line(form: Form) -> tuple[str, str, str]:
    return text(form, "channel", 200), text(form, "number", 300), text(form, "line_no", 200)


def _one(channel: str, number: str) -> str:
    return link("/orders/one", channel=channel, number=number)


def _advice(shop: Shop, line: Ordered) -> returns.Advice | None:
    if line.state != "paid":
        return None
    return returns.advice(shop, line.channel, line.number, line.line_no)


def _why(language: Language) -> Callable[[Ordered], str]:
    """For what a line waits."""

    def told(one: Ordered) -> str:
        if one.why == "sku":
            told = msg("shop.toml does not say which product “{item}” is", item=_item(one))
            return render(told, language)
        return render(reason(one.why), language) if one.why else ""

    return told


def _because(language: Language) -> Callable[[str], str]:
    """For what a step was taken, or access ended."""

    def told(proof: str) -> str:
        ours = proven(proof)
        return render(ours, language) if ours else proof

    return told


def _item(one: Ordered) -> str:
    return f"{one.item}:{one.variant}" if one.variant else one.item
