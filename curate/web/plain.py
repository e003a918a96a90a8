"""Small pages that say what went wrong and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from curate.model import Language
from curate.web.pages import page

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse


def plain(
    language: Language,
    status: int,
    title: str,
    what: str,
    next: str,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """``what`` happened, and what to do ``next``; both said in ``language`` already."""
    data = {"title": title, "what": what, "next": next}
    return page("plain.html.j2", language, data, status, headers)


def preferred(headers: Iterable[tuple[bytes, bytes]], default: Language) -> Language:
    """The one of our languages that a browser names first (RFC 9110, 12.5.4; weights follow that order)."""
    for name, value in headers:
        if name == b"accept-language":
            for part in value[:200].decode("latin-1").lower().split(","):
                if (code := part.strip()[:2]) in ("zh", "en"):
                    return "zh" if code == "zh" else "en"
    return default
