"""What the page of one purchase shows."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.bundle import history
from curate.bundle.text import size
from curate.errors import CurateError
from curate.messages import render, speaker
from curate.shop import reading, stamp, stock
from curate.shop.access import downloads
from curate.shop.access.shelf import shelf
from curate.shop.aftersales import acknowledge, purchase, tickets
from curate.web import pages

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse

    from curate.shop import Shop
    from curate.shop.access.grants import Grant
    from curate.shop.access.shelf import File, Shelf
    from curate.shop.aftersales.acknowledge import Text
    from curate.shop.aftersales.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Row:
    """One file that can be taken."""

    file: File
    left: int | None  # None: any number
    proofs: tuple[File, ...]
    command: str = ""  # of an update, for those who have curate


def page(shop: Shop, grant: Grant) -> HTMLResponse:
    """Everything that ``grant``, which is open, gives now."""
    found = shelf(shop, grant)
    data = _outline(found) | {
        "grant": grant,
        "shelf": found,
        "withheld": render(found.withheld, found.language) if found.withheld else "",
        "until": pages.day(grant.expires_at) if grant.expires_at is not None else "",
        "archives": [_row(shop, found, one) for one in found.archives],
        "updates": [_row(shop, found, one) for one in found.updates],
        "agree": unagreed(shop, grant),
        "code": code(shop, grant),
        "stamped": bool(stamp.offered(shop, found)),
        "tickets": letters(shop, grant),
    }
    return pages.page("buyer/order.html.j2", found.language, data)


def order_id(shop: Shop, grant: Grant) -> int | None:
    """None for what was printed on a card and belongs to no order yet."""
    if not grant.number:
        return None
    with shop.database.reading() as connection:
        return purchase.order(connection, grant.channel, grant.number)


def unagreed(shop: Shop, grant: Grant) -> Text | None:
    """What the buyer has to agree to before the first download; None where they have, or no order is known."""
    order = order_id(shop, grant)
    if order is None:
        return None
    with shop.database.reading() as connection:
        return None if acknowledge.of(connection, order) else acknowledge.texts()[-1]


def code(shop: Shop, grant: Grant) -> str:
    """Of the unique stock, that belongs to this very piece; "" where it has none."""
    if grant.delivery_id is None:
        return ""
    with shop.database.reading() as connection:
        return stock.of_unit(connection, grant.delivery_id, grant.unit)


def letters(shop: Shop, grant: Grant) -> list[Ticket]:
    """The buyer's own tickets about this purchase, the newest first."""
    order = order_id(shop, grant)
    if order is None:
        return []
    every = tickets.listed(shop, ("open", "answered", "closed"), order)
    own = (one for one in every if one.sku in ("", grant.sku))
    return sorted(own, key=lambda one: (-one.changed_at, -one.id))


def _outline(found: Shelf) -> dict[str, Any]:
    """Title, what is inside in one line, cover."""
    record = found.record
    if record is None:
        title = found.grant.collection
        with suppress(CurateError):
            title = history.read(found.folder).title
        return {"title": title, "lead": "", "inside": "", "cover": False, "record": None}
    say, step = speaker(found.language), record.history[0] if record.history else None
    inside = [say("Version {version}", version=record.version)]
    if step is not None:
        inside.append(say("1 file") if step.items == 1 else say("{n} files", n=f"{step.items:,}"))
        inside.append(size(step.size))
    return {
        "title": record.title,
        "lead": reading.lead(found.folder, found.language),
        "inside": " · ".join(inside),
        "cover": reading.cover(found.folder) is not None,
        "record": record,
    }


def _row(shop: Shop, found: Shelf, file: File) -> Row:
    proofs = (one for one in found.files if one.kind == "proof")
    return Row(
        file,
        downloads.left(shop, found.grant, found.version, file.name, file.size),
        tuple(one for one in proofs if one.name.rpartition(".")[0] == file.name),
        _command(found, file) if file.kind == "update" else "",
    )


def _command(found: Shelf, file: File) -> str:
    """How the older folder is brought up with curate; "" where nothing is known of it any more."""
    with suppress(CurateError):
        old = history.read(found.folder.with_name(file.since)).archive.top
        return f"curate update {shlex.quote(old)} {shlex.quote(file.name)}"
    return ""
