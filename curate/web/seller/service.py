"""Stub."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response

from curate.messages import speaker
from curate.web.seller.desk import Desk


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/tickets")
    def tickets(request: Request) -> Response:
        return desk.page(request, "begin", speaker(desk.language(request))("Tickets"))

