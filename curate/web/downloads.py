"""Links and downloads: what is decided about each request before a byte of it goes out."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from curate.shop.access import downloads, links
from curate.shop.access.links import Link
from curate.shop.access.shelf import language, release, shelf
from curate.web import purchase, ranges, refusals, session
from curate.web.guard import FORGED, PROXIED
from curate.web.pages import preferred
from curate.web.sending import Sending

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.access.downloads import Attempt
    from curate.shop.access.shelf import File, Shelf

_HEADERS = {
    "Cache-Control": "private, no-cache, no-transform",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_TYPES = {".zip": "application/zip", ".sha256": "text/plain; charset=utf-8"}
_PAGE: dict[str, Any] = {"content": {"text/html": {}}}
PAGES: dict[int | str, dict[str, Any]] = {
    403: {"description": "Altered, or used up, or not let in", **_PAGE},
    404: {"description": "No such file", **_PAGE},
    410: {"description": "The link's time is over, or the purchase was ended", **_PAGE},
    413: {"description": "Too large", **_PAGE},
    422: {"description": "Not understood", **_PAGE},
    429: {"description": "Locked out for a while", **_PAGE},
    451: {"description": "May not be handed out any more", **_PAGE},
}
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"application/octet-stream": {}, "application/zip": {}, "text/plain": {}}},
    206: {"description": "A range of it", "content": {"application/octet-stream": {}, "application/zip": {}, "text/plain": {}}},
    304: {"description": "As the browser has it"},
    412: {"description": "Another file by now"},
    416: {"description": "No such range"},
    **{code: PAGES[code] for code in (403, 404, 410, 422, 429, 451)},
}  # fmt: skip
_log = logging.getLogger("curate.serve")
_Part = Annotated[str, Path(max_length=300)]


def router(shop: Shop) -> APIRouter:
    """POST /order/SERIAL/link and GET or HEAD /d/…"""
    made = APIRouter()

    @made.post(
        "/order/{serial}/link",
        status_code=303,
        response_class=RedirectResponse,
        responses={303: {"description": "To the file"}, **PAGES},
    )
    def link(
        request: Request,
        serial: Annotated[str, Path(max_length=20)],
        file: Annotated[str, Form(max_length=300)],
        version: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        grant = session.read(shop, request, serial)
        if grant is None:
            return refusals.outside(preferred(request.headers.raw, shop.settings.language))
        found = release(shop, grant, version) if version else shelf(shop, grant)
        if found.withheld:
            return _withheld(found)
        one = found.file(file)
        if one is None:
            return refusals.no_file(found.language)
        if one.counted and purchase.unagreed(shop, grant):
            return RedirectResponse("/order#files", 303)  # the page asks for it above them
        to = links.make(shop, grant, found.version, file)
        return RedirectResponse(
            to, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        )

    async def give(
        request: Request,
        expires: _Part,
        signature: _Part,
        serial: _Part,
        version: _Part,
        file: _Part,
    ) -> Response:
        asked = Link(expires, signature, serial, version, file)
        return await run_in_threadpool(answer, shop, asked, request)

    place = "/d/{expires}/{signature}/{serial}/{version}/{file}"
    made.get(place, responses=_BYTES, response_class=Response, name="download")(give)
    made.head(place, responses=_BYTES, response_class=Response, name="look")(give)
    return made


def answer(shop: Shop, link: Link, request: Request) -> Response:
    """Everything about a link is looked at anew with each request."""
    verdict = links.check(shop, link)
    if verdict.grant is None:
        request.scope[FORGED] = True
        return refusals.altered(preferred(request.headers.raw, shop.settings.language))
    told = language(shop, verdict.grant)
    if verdict.state not in ("fresh", "late"):
        return refusals.over(told, verdict.state)
    found = release(shop, verdict.grant, link.version)
    if found.withheld:
        return _withheld(found)
    file = found.file(link.file)
    if file is None or not file.path.is_file():
        return refusals.no_file(told)
    return _Giving(shop, verdict, file, link.version, request, told).answer()


@dataclass(frozen=True, slots=True)
class _Giving:
    """One request for one file that is there and may be given."""

    shop: Shop
    verdict: links.Verdict
    file: File
    version: str
    request: Request
    language: Language

    def answer(self) -> Response:
        status = self.file.path.stat()
        etag, modified = f'"{_sha256(self.file)}"', int(status.st_mtime)
        size = status.st_size
        headers = {
            **_HEADERS,
            "ETag": etag,
            "Last-Modified": ranges.http_date(modified),
            "Accept-Ranges": "bytes",
        }
        asked = self.request.headers
        spared = ranges.precondition(asked, etag, modified)
        late = self.verdict.state == "late"
        if self.request.method == "HEAD":
            if late:
                return refusals.over(self.language, self.verdict.state)
            return (
                Response(status_code=spared, headers=headers)
                if spared
                else self._whole(headers, size, None)
            )
        span = ranges.span(asked, size, etag, modified)
        if late and (span is None or span == "bad"):
            return refusals.over(self.language, self.verdict.state)
        if spared:
            return Response(status_code=spared, headers=headers)
        if span == "bad":
            return Response(
                status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"}
            )
        attempt: Attempt | None = None
        if self.file.counted:
            attempt = self._begin(size, span, late)
            if attempt is None:
                return (
                    refusals.over(self.language, self.verdict.state)
                    if late
                    else refusals.used_up(self.language)
                )
        return self._whole(headers, size, span, attempt)

    def _begin(self, size: int, span: tuple[int, int] | None, late: bool) -> Attempt | None:
        grant = self.verdict.grant
        assert grant is not None
        return downloads.begin(
            self.shop, grant, self.version, self.file.name, size, span, going_on=late
        )

    def _whole(
        self,
        headers: Mapping[str, str],
        size: int,
        span: tuple[int, int] | None,
        attempt: Attempt | None = None,
    ) -> Response:
        told = {
            **headers,
            "Content-Type": _TYPES.get(self.file.path.suffix, "application/octet-stream"),
            "Content-Disposition": disposition(self.file.name),
        }
        if self.shop.settings.serve.accel and self.request.scope[PROXIED]:
            # Ranges are made there, by the same ETag and with the same answer to If-Range.
            return Response(headers={**told, "X-Accel-Redirect": self._internal()})
        if span is not None:
            told["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{size}"
        first, end = span or (0, size)

        def unsent(count: int) -> None:
            if attempt is not None:
                downloads.unsent(self.shop, attempt, count)

        return Sending(self.file.path, first, end, 206 if span else 200, told, unsent)

    def _internal(self) -> str:
        inside = self.file.path.relative_to(self.shop.workspace.build).as_posix()
        return f"{self.shop.settings.serve.accel.rstrip('/')}/{quote(inside)}"


def disposition(name: str) -> str:
    """Content-Disposition of RFC 6266: the name as it is, and what old programs can make of it."""
    ascii_name = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%;/' else "_" for c in name
    )
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def _sha256(file: File) -> str:
    return file.sha256 or hashlib.sha256(file.path.read_bytes()).hexdigest()


def _withheld(found: Shelf) -> Response:
    _log.warning("%s is not handed out: %s", found.folder, "; ".join(found.why[:3]))
    return refusals.withheld(found)
