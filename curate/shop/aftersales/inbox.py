"""A buyer's e-mail, pasted as text: whose it is, which ticket it goes on with, and what is new in it."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from curate.database.tables import orders, tickets
from curate.errors import CurateError
from curate.shop.aftersales import tickets as desk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from curate.shop import Shop

_LARGEST = 200_000  # characters
_FIELD = 998
"""Characters of a header's field: what is longer takes the parser seconds, and more than that."""
_TICKET = re.compile(r"\[#(\d{1,15})\]")
_WORD = re.compile(r"[^\s#:：,，;；()（）\[\]“”\"]+")
_ORDERS = 1_000  # the latest of one buyer
_QUOTE = re.compile(
    r"^(?:on\b.{0,200}\bwrote:|.{0,100}(?:写道|寫道)[:：]|-{2,}\s?(?:original message|原始邮件|原邮件)\s?-{2,})\s*$",
    re.I,
)
_HEADER = re.compile(r"[A-Za-z][A-Za-z-]{1,40}:[ \t]|[A-Za-z][A-Za-z-]{1,40}:$")


class _Bounded(EmailPolicy):
    """Fields that the parser stumbles over, such as those nested without end, are read as empty."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value[:_FIELD])
        except Exception:  # noqa: BLE001 - a foreign parser that raises IndexError and worse
            return super().header_fetch_parse(name, "")


_POLICY: Any = _Bounded()


@dataclass(frozen=True, slots=True)
class Pasted:
    sender: str  # an address, folded; "" where none is told
    subject: str
    text: str  # without what it quotes
    ticket_id: int | None  # that its subject names


@dataclass(frozen=True, slots=True)
class Received:
    ticket_id: int
    opened: bool  # a new one
    known: bool  # its sender is the buyer of an order


def parse(raw: str) -> Pasted:
    """Headers and text, as mail programs show or save them; plain text alone is fine too.

    Raises CurateError where nothing was written, or it is larger than any letter.
    """
    if len(raw) > _LARGEST:
        raise CurateError(
            f"{len(raw):,} characters are no letter", "paste the text without attachments"
        )
    raw = raw.lstrip("\ufeff\r\n ")
    first = raw.partition("\n")[0].rstrip("\r")
    if not _HEADER.match(first):
        return Pasted("", "", _new(raw), None)
    if not re.search(r"\r?\n\r?\n", raw):
        return Pasted("", "", _new(raw), None)
    try:
        return _parsed(raw)
    except RecursionError:  # parts in parts, made to be so
        return Pasted("", "", _new(raw), None)


def _parsed(raw: str) -> Pasted:
    """What has the form of a saved letter."""
    message = email.message_from_bytes(raw.encode("utf-8", "replace"), EmailMessage, policy=_POLICY)
    if not ("From" in message or "Subject" in message):  # a letter that begins "Question: …"
        return Pasted("", "", _new(raw), None)
    subject = " ".join(str(message.get("Subject", "")).split())
    sender = parseaddr(str(message.get("From", "")))[1].strip().casefold()
    named = _TICKET.search(subject)
    # What was decoded before it was pasted is taken as it stands; what is still encoded is ASCII.
    encoded = message.is_multipart() or "Content-Transfer-Encoding" in message
    text = _body(message) if encoded else re.split(r"\r?\n\r?\n", raw, maxsplit=1)[-1]
    return Pasted(sender, subject, _new(text), int(named[1]) if named else None)


def receive(shop: Shop, raw: str) -> Received:
    """Put a pasted e-mail where it belongs: to the ticket that its subject names, if its sender is that
    ticket's buyer; else a new one, of their order whose number the subject names, or of their latest. It is always a ticket, never answered by itself."""
    found = parse(raw)
    with shop.database.reading() as connection:
        own = func.lower(orders.c.email) == found.sender
        order_id = _order(connection, found) if found.sender else None
        goes_on = found.ticket_id is not None and bool(found.sender)
        ticket_id = (
            connection.scalar(
                select(tickets.c.id)
                .join(orders, orders.c.id == tickets.c.order_id)
                .where(tickets.c.id == found.ticket_id, own)
            )
            if goes_on
            else None
        )
    if ticket_id is not None:
        desk.write(shop, ticket_id, found.text)
        return Received(ticket_id, False, True)
    asked = desk.ask(shop, found.text, order_id=order_id, subject=found.subject, insist=True)
    assert asked.ticket_id is not None
    return Received(asked.ticket_id, True, order_id is not None)


def _order(connection: Connection, found: Pasted) -> int | None:
    query = (
        select(orders.c.id, orders.c.number)
        .where(func.lower(orders.c.email) == found.sender)
        .order_by(orders.c.id.desc())
        .limit(_ORDERS)
    )
    theirs = connection.execute(query).all()
    words = set(_WORD.findall(found.subject))
    named = (row.id for row in theirs if row.number in words)
    return next(named, theirs[0].id if theirs else None)


def _body(message: EmailMessage) -> str:
    try:
        part = message.get_body(preferencelist=("plain",)) or message
        content = part.get_content()
    except (LookupError, UnicodeError, ValueError, AttributeError):
        content = message.get_payload()
    return content if isinstance(content, str) else ""


def _new(text: str) -> str:
    """Up to the signature or the letter that it answers; without quoted lines."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.rstrip("\r") in ("--", "-- ") or _QUOTE.match(line.strip()):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    found = "\n".join(kept).strip()
    if not found:
        raise CurateError("there is no text in it", "paste what the buyer wrote")
    return found
