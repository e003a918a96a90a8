"""The cookie that lets a buyer's browser in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.shop.access import sessions

if TYPE_CHECKING:
    from fastapi import Request, Response

    from curate.shop import Shop
    from curate.shop.access.grants import Grant


def begin(shop: Shop, response: Response, grant: Grant) -> None:
    """Let the browser that gets ``response`` in, for a while."""
    response.set_cookie(
        _name(shop), sessions.make(shop, grant), max_age=sessions.LIFE, path="/",
        httponly=True, samesite="lax", secure=_secure(shop),
    )  # fmt: skip


def read(shop: Shop, request: Request, serial: str = "") -> Grant | None:
    """The open grant whose buyer asks; ``serial``: only that one. Looks into the database: not for the loop."""
    found = sessions.read(shop, request.cookies.get(_name(shop), ""))
    return found if found and serial in ("", found.serial) else None


def end(shop: Shop, response: Response) -> None:
    """Out again."""
    response.delete_cookie(
        _name(shop), path="/", httponly=True, samesite="lax", secure=_secure(shop)
    )


def _secure(shop: Shop) -> bool:
    return shop.settings.serve.url.startswith("https:")


def _name(shop: Shop) -> str:
    # Browsers take the prefix only from the very host, and only with Secure.
    return "__Host-order" if _secure(shop) else "order"
