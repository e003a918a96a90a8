"""Templates → pages, with the headers that keep them from doing anything they should not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse

from curate.messages import speaker
from curate.model import Language

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every page. No inline script or style."""


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("curate.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
