"""The codes that are left. What `curate stock` shows and does."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response

from curate.errors import CurateError
from curate.messages import speaker
from curate.shop import Shop, delivery, stock
from curate.web.seller.desk import Desk, Form, link, text
from curate.web.seller.outbox import told as served
from curate.web.seller.shopwindow import begin, day, does


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/stock")
    def counted(request: Request) -> Response:
        say, shop = speaker(desk.language(request)), desk.shop
        if shop is None:
            return begin(desk, request, say("Stock"))
        unique = [sku for sku, sold in shop.settings.products.items() if sold.stock == "unique"]
        return desk.page(
            request, "stock", say("Stock"), rows=stock.counts(shop), unique=sorted(unique),
            shared=sorted((sku, sold) for sku, sold in shop.settings.products.items() if sold.stock == "shared"),
            day=day, link=link,
        )  # fmt: skip

    @app.post("/stock")
    def fill(request: Request, form: Form) -> Response:
        say = speaker(desk.language(request))

        def write(shop: Shop) -> str:
            # Not bounded here: a form is, as a whole.
            rows = stock.rows(text(form, "codes", 1 << 21).replace("\r\n", "\n").encode())
            if not rows:
                raise CurateError(say("There is no code in it."), say("Write one in each line."))
            added = stock.add(shop, text(form, "sku", 200), rows, text(form, "batch", 200).strip())
            told = say(
                "New: {n}; there before: {old}; no codes: {wrong}.",
                n=added.new, old=len(added.repeated), wrong=len(added.refused),
            )  # fmt: skip
            return f"{told} {served(say, delivery.serve(shop))}"

        return does(desk, request, "/stock", write)
