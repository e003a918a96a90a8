"""What buyers ask and the seller answers: open, answered, closed; a buyer's letter opens it again.

A question goes to the answers of the tutorial first; what nothing answers, or where an answer did not help,
becomes a ticket. Who waits longest is answered first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, func, select, update

from curate.database.tables import letters, lines, orders, tickets
from curate.errors import CurateError
from curate.messages import speaker
from curate.shop.aftersales import answers, mailing, purchase
from curate.shop.aftersales.answers import Found

if TYPE_CHECKING:
    from curate.shop import Shop

State = Literal["open", "answered", "closed"]
Who = Literal["buyer", "seller", "faq"]

LONGEST = 10_000
"""Characters of a letter."""
_SUBJECT = 120
_DAY = 86_400
_A_DAY = 20
"""Letters of one buyer within a day; a page on the web is open to machines too."""
_CONTROL = re.compile(
    r"[^\S\n]*[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+[^\S\n]*"
)


@dataclass(frozen=True, slots=True)
class Letter:
    who: Who
    text: str
    at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket with its letters, oldest first; ``waiting_since``: the first letter of the buyer's that the
    seller has not answered, None where there is none."""

    id: int
    state: State
    subject: str
    sku: str
    channel: str  # "" where it belongs to no order
    number: str
    opened_at: int
    changed_at: int
    waiting_since: int | None
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question: passages that answer it, or the ticket that it became."""

    found: tuple[Found, ...] = ()
    ticket_id: int | None = None


def ask(
    shop: Shop,
    text: str,
    *,
    order_id: int | None = None,
    sku: str = "",
    version: str = "",
    subject: str = "",
    insist: bool = False,
) -> Asked:
    """A buyer's question. Answers, if there are any; else, or with ``insist``, a ticket.

    ``version``: the release that they have. A ticket keeps which answers did not help. Raises CurateError
    for an empty or endless text, for a SKU or order that does not exist, and where a buyer writes too often.
    """
    text = _checked(text)
    sku = sku or _sku(shop, order_id)
    found = _answered(shop, sku, text, version)
    if found and not insist:
        return Asked(found)
    with shop.database.writing() as connection:
        twice = _twice(connection, order_id, text)
        if twice is not None:
            return Asked(ticket_id=twice)
        _bounded(connection, shop, order_id)
        now = shop.now()
        ticket_id = connection.execute(
            tickets.insert()
            .values(
                order_id=order_id,
                sku=sku,
                state="open",
                subject=_line(subject or text)[:_SUBJECT],
                opened_at=now,
                changed_at=now,
            )
            .returning(tickets.c.id)
        ).scalar_one()
        _add(connection, shop, ticket_id, "buyer", text)
        if found:
            shown = "\n\n".join(f"{one.passage.heading}\n{one.passage.text}" for one in found)
            _add(connection, shop, ticket_id, "faq", shown[:LONGEST])
    return Asked(ticket_id=ticket_id)


def write(shop: Shop, ticket_id: int, text: str) -> State:
    """One more letter of the buyer's: whatever the ticket was, it is open again."""
    text = _checked(text)
    with shop.database.writing() as connection:
        row = _held(connection, ticket_id)
        _bounded(connection, shop, row.order_id)
        _add(connection, shop, ticket_id, "buyer", text)
        _move(connection, shop, ticket_id, "open")
    return "open"


def answer(shop: Shop, ticket_id: int, text: str, *, close: bool = False) -> int:
    """The seller's letter, and a message with it in the outbox where the buyer's order is known: its number
    there, else 0."""
    text = _checked(text)
    with shop.database.writing() as connection:
        row = _held(connection, ticket_id)
        letter_id = _add(connection, shop, ticket_id, "seller", text)
        _move(connection, shop, ticket_id, "closed" if close else "answered")
        what = _purchase(connection, row)
        if what is None:
            return 0
        say = speaker(purchase.language_of(shop, what))
        return mailing.enqueue(
            connection,
            shop,
            what,
            key=f"ticket:{ticket_id}:{letter_id}",
            kind="ticket",
            subject=say("Your question [#{n}]: {subject}", n=ticket_id, subject=row.subject),
            body=text,
            ticket_id=ticket_id,
        )


def close(shop: Shop, ticket_id: int) -> None:
    """Done with, also without an answer. Raises CurateError where there is no such ticket."""
    with shop.database.writing() as connection:
        _held(connection, ticket_id)
        _move(connection, shop, ticket_id, "closed")


def show(shop: Shop, ticket_id: int) -> Ticket:
    """Raises CurateError where there is no such ticket."""
    with shop.database.reading() as connection:
        found = _read(connection, tickets.c.id == ticket_id)
    if not found:
        raise _missing(ticket_id)
    return found[0]


def listed(
    shop: Shop, states: tuple[State, ...] = ("open",), order_id: int | None = None
) -> list[Ticket]:
    """Tickets in these states, of one order where it is given. Who waits longest comes first, then the
    newest of those where nobody waits."""
    where: Any = tickets.c.state.in_(states)
    if order_id is not None:
        where &= tickets.c.order_id == order_id
    with shop.database.reading() as connection:
        found = _read(connection, where)

    def place(one: Ticket) -> tuple[bool, int, int]:
        waits = one.waiting_since
        return (waits is None, waits if waits is not None else -one.changed_at, one.id)

    return sorted(found, key=place)


def _answered(shop: Shop, sku: str, text: str, version: str) -> tuple[Found, ...]:
    sold = shop.settings.products.get(sku)
    if sold is None or not sold.collection:
        return ()
    return answers.offered(shop.workspace, sold.collection, text, version=version)


def _sku(shop: Shop, order_id: int | None) -> str:
    if order_id is None:
        return ""
    with shop.database.reading() as connection:
        query = select(lines.c.sku).where(lines.c.order_id == order_id, lines.c.sku != "")
        return connection.scalar(query.order_by(lines.c.id).limit(1)) or ""


def _read(connection: Connection, where: Any) -> list[Ticket]:
    query = (
        select(tickets, orders.c.channel, orders.c.number)
        .outerjoin(orders, orders.c.id == tickets.c.order_id)
        .where(where)
        .order_by(tickets.c.id)
    )
    rows = connection.execute(query).all()
    written: dict[int, list[Letter]] = {row.id: [] for row in rows}
    query = select(letters.c.ticket_id, letters.c.who, letters.c.text, letters.c.at)
    joined = query.join(tickets, tickets.c.id == letters.c.ticket_id).where(where)
    for ticket_id, *letter in connection.execute(joined.order_by(letters.c.id)):
        written[ticket_id].append(Letter(*letter))
    return [
        Ticket(
            row.id, row.state, row.subject, row.sku, row.channel or "", row.number or "", row.opened_at,
            row.changed_at, _waiting(row.state, written[row.id]), tuple(written[row.id]),
        )
        for row in rows
    ]  # fmt: skip


def _waiting(state: State, written: list[Letter]) -> int | None:
    if state != "open":
        return None
    since = None
    for letter in written:
        if letter.who == "seller":
            since = None
        elif letter.who == "buyer" and since is None:
            since = letter.at
    return since


def _purchase(connection: Connection, row: Any) -> purchase.Purchase | None:
    """The line that the ticket is about: that of its SKU, else the first of its order."""
    if row.order_id is None:
        return None
    query = select(lines.c.id).where(lines.c.order_id == row.order_id)
    own = query.order_by(lines.c.sku != row.sku, lines.c.id).limit(1)
    line_id = connection.scalar(own)
    return purchase.of_line(connection, line_id) if line_id is not None else None


def _held(connection: Connection, ticket_id: int) -> Any:
    query = select(tickets).where(tickets.c.id == ticket_id).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        raise _missing(ticket_id)
    return row


def _add(connection: Connection, shop: Shop, ticket_id: int, who: Who, text: str) -> int:
    values = {"ticket_id": ticket_id, "who": who, "text": text, "at": shop.now()}
    made = connection.execute(letters.insert().values(values).returning(letters.c.id))
    return int(made.scalar_one())


def _move(connection: Connection, shop: Shop, ticket_id: int, state: State) -> None:
    which = update(tickets).where(tickets.c.id == ticket_id)
    connection.execute(which.values(state=state, changed_at=shop.now()))


def _twice(connection: Connection, order_id: int | None, text: str) -> int | None:
    """The open ticket that says just this: a button was pressed twice. Raises CurateError for no such order."""
    if order_id is None:
        return None
    held = select(orders.c.id).where(orders.c.id == order_id).with_for_update()
    if connection.scalar(held) is None:
        raise CurateError(f"there is no order {order_id}", "see: curate orders list")
    query = (
        select(tickets.c.id)
        .join(letters, letters.c.ticket_id == tickets.c.id)
        .where(tickets.c.order_id == order_id, tickets.c.state == "open", letters.c.text == text)
    )
    return connection.scalar(query.order_by(tickets.c.id).limit(1))


def _bounded(connection: Connection, shop: Shop, order_id: int | None) -> None:
    if order_id is None:
        return
    lately = (
        select(func.count())
        .select_from(letters)
        .join(tickets, tickets.c.id == letters.c.ticket_id)
        .where(
            tickets.c.order_id == order_id,
            letters.c.who == "buyer",
            letters.c.at > shop.now() - _DAY,
        )
    )
    if (connection.scalar(lately) or 0) >= _A_DAY:
        raise CurateError(
            f"{_A_DAY} letters about this order came within a day",
            "wait for an answer, or write again tomorrow",
        )


def _checked(text: str) -> str:
    """Plain text: no character that a terminal or a page obeys."""
    bare = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not bare:
        raise CurateError("the letter is empty", "write what it is about")
    if len(bare) > LONGEST:
        raise CurateError(f"the letter has {len(bare):,} characters", f"write at most {LONGEST:,}")
    return bare


def _line(text: str) -> str:
    return " ".join(text.split())


def _missing(ticket_id: int) -> CurateError:
    return CurateError(f"there is no ticket {ticket_id}", "see: curate tickets list --all")
