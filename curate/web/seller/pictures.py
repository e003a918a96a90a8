"""Pictures out of the library, by the SHA-256 of what they show; nothing else is given out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from curate.catalog import Catalog
from curate.errors import CurateError
from curate.store import Store
from curate.web.seller.desk import Desk

ID = re.compile("[0-9a-f]{64}")
LARGEST = 40 << 20
"""Bytes of a picture that is shown whole."""
_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "svg": "image/svg+xml",
}  # fmt: skip
"""What browsers show, by the catalogue's names of formats."""
_HEADERS = {
    # Were it opened by itself, a drawing could hold scripts; in a sandbox none of them runs.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "private, max-age=86400, immutable",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Addresses of what shows a resource."""

    small: str
    whole: str


def picture(catalog: Catalog, sha256: str, format: str) -> Picture | None:
    """None where it has none."""
    whole = f"/picture/{sha256}/whole" if format in _TYPES else ""
    if catalog.thumbnail(sha256):
        return Picture(f"/picture/{sha256}", whole or f"/picture/{sha256}")
    return Picture(whole, whole) if format == "svg" else None


def add(app: FastAPI, desk: Desk) -> None:
    def catalogue() -> Catalog:
        try:
            return Catalog(desk.workspace.catalog, readonly=True)
        except CurateError as fault:
            raise HTTPException(404) from fault

    @app.get("/picture/{sha256}")
    def small(sha256: str) -> Response:
        if not ID.fullmatch(sha256):
            raise HTTPException(404)
        with catalogue() as catalog:
            data = catalog.thumbnail(sha256)
        if not data:
            raise HTTPException(404)
        return Response(data, headers={**_HEADERS, "Content-Type": "image/jpeg"})

    @app.get("/picture/{sha256}/whole")
    def whole(sha256: str) -> Response:
        if not ID.fullmatch(sha256):
            raise HTTPException(404)
        with catalogue() as catalog:
            known = catalog.facts(sha256)
        format = known[0].format if known else ""
        store = Store(desk.workspace.objects)
        if format not in _TYPES or not store.has(sha256) or store.size(sha256) > LARGEST:
            raise HTTPException(404)
        return Response(
            store.path(sha256).read_bytes(), headers={**_HEADERS, "Content-Type": _TYPES[format]}
        )
