"""Who may use the seller's pages: their own machine, or who knows the password; and no page of others.

Without a password only requests from this machine to this machine's own names are answered, so that a page
of somebody else's cannot reach in by a name of its own (DNS rebinding). Everything that changes something
is a form with a token that is bound to the browser's cookie and to this process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.middleware.base import RequestResponseEndpoint

from curate.shop.access.guesses import Guesses

COOKIE = "curate"
LARGEST = 1 << 20
"""Bytes of a form."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer that does not set them otherwise."""
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_FORM = "application/x-www-form-urlencoded"
_OPEN = ("/login", "/static/")
_IDLE = 12 * 3600.0
"""Seconds after which who has done nothing is asked for the password again."""
_MOST = 1000
"""Sessions that are remembered."""


@dataclass
class Guard:
    """The door. ``password`` is kept as its scrypt hash alone; "" means this machine only."""

    password: str = field(repr=False)

    def __post_init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._salt = secrets.token_bytes(16)
        self._hash = self._hashed(self.password) if self.password else b""
        self.password = "***" if self.password else ""
        self._inside: OrderedDict[str, float] = OrderedDict()
        self._guesses = Guesses(time.monotonic)
        self._lock = threading.Lock()
        self._one = threading.Lock()  # a hash takes 16 MB: one at a time

    @property
    def locked(self) -> bool:
        """Whether a password is asked for."""
        return bool(self._hash)

    async def __call__(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Middleware of every request."""
        if refused := self._refused(request):
            response: Response = refused
        else:
            session = self._session(request.cookies.get(COOKIE, ""))
            request.state.session = session or secrets.token_urlsafe(18)
            response = self._asked(request) or await call_next(request)
            if request.state.session != session:
                self._remember(request, response)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def token(self, session: str) -> str:
        """What a form has to bring along."""
        return self._mac("form", session)

    async def check(self, request: Request) -> None:
        """Of every request that is not to read: a form with the token. Raises HTTPException."""
        if request.method in ("GET", "HEAD"):
            return
        given = (await request.form()).get("token", "")
        if not hmac.compare_digest(str(given).encode(), self.token(request.state.session).encode()):
            raise HTTPException(403, "form")

    def wait(self, request: Request) -> int:
        """Seconds until who asks may try a password again; 0 = now."""
        return self._guesses.wait(_client(request))

    def enter(self, request: Request, password: str) -> bool:
        """Let somebody in who knows the password, as a session of a new name; each wrong one counts."""
        with self._one:
            if self.wait(request):
                return False
            if not hmac.compare_digest(self._hashed(password), self._hash):
                self._guesses.wrong(_client(request))
                return False
        request.state.session = secrets.token_urlsafe(18)
        with self._lock:
            self._inside[request.state.session] = time.monotonic()
            while len(self._inside) > _MOST:
                self._inside.popitem(last=False)
        return True

    def leave(self, request: Request) -> None:
        with self._lock:
            self._inside.pop(request.state.session, None)
        request.state.session = secrets.token_urlsafe(18)

    def _refused(self, request: Request) -> Response | None:
        if not self.locked and not _ours(request):
            return Response("This page answers only on this machine, by its own name.", 421)
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST":
            return Response("", 405)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return Response("This form is not of this page.", 403)
        size = request.headers.get("content-length", "")
        if not size.isdecimal():
            return Response("How long is it?", 411)
        if int(size) > LARGEST:
            return Response("That is too much.", 413)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return Response("Only forms are taken.", 415)
        return None

    def _asked(self, request: Request) -> Response | None:
        """The way to the password, for who has not given it."""
        path = request.scope[
            "path"
        ]  # not of the URL: that is put together from the header Host, too
        if not self.locked or path.startswith(_OPEN):
            return None
        with self._lock:
            seen = self._inside.get(request.state.session, 0.0)
            if seen and time.monotonic() - seen < _IDLE:
                self._inside[request.state.session] = time.monotonic()
                return None
        to = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            f"/login?to={quote(to)}" if request.method == "GET" else "/login", 303
        )

    def _session(self, cookie: str) -> str:
        """The session that a cookie names; "" where this process did not give it."""
        session, _, mark = cookie.partition(".")
        return (
            session
            if hmac.compare_digest(mark.encode(), self._mac("cookie", session).encode())
            else ""
        )

    def _remember(self, request: Request, response: Response) -> None:
        session = request.state.session
        response.set_cookie(
            COOKIE, f"{session}.{self._mac('cookie', session)}", httponly=True, samesite="strict",
            secure=request.url.scheme == "https", path="/",
        )  # fmt: skip

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.digest(self._secret, f"{purpose}\0{text}".encode(), "sha256").hex()

    def _hashed(self, password: str) -> bytes:
        return hashlib.scrypt(
            password.encode("utf-8", "surrogatepass"), salt=self._salt, n=1 << 14, r=8, p=1
        )


def _ours(request: Request) -> bool:
    """From this machine, to a name that can only be this machine's."""
    host = request.headers.get("host", "").lower()
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if colon and not port.isdecimal():
        return False
    if (name or host) not in _NAMES:
        return False
    try:
        return request.client is None or ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
