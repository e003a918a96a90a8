"""Templates → pages, with the headers that keep them from doing anything they should not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse

from curate.bundle.text import size
from curate.messages import speaker
from curate.model import Language

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    # To other sites nothing; with no-referrer browsers would not even tell us that a form is our own.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every page. No inline script or style."""


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("curate.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(size=size, day=day, moment=moment)
    return made


def day(at: int) -> str:
    """Seconds since 1970 as a day, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def moment(at: int) -> str:
    """Seconds since 1970 as day and time, UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def page(
    template: str,
    language: Language,
    data: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """``templates/TEMPLATE`` with ``data``, ``language`` and ``say`` (as ``curate.messages.speaker`` gives it)."""
    html = (
        _environment()
        .get_template(template)
        .render(**data, language=language, say=speaker(language))
    )
    return HTMLResponse(html, status, {**HEADERS, **(headers or {})})


def preferred(headers: Iterable[tuple[bytes, bytes]], default: Language) -> Language:
    """The one of our languages that a browser names first (RFC 9110, 12.5.4; weights follow that order)."""
    for name, value in headers:
        if name == b"accept-language":
            for part in value[:200].decode("latin-1").lower().split(","):
                if (code := part.strip()[:2]) in ("zh", "en"):
                    return "zh" if code == "zh" else "en"
    return default
