"""rendered → sending → sent → confirmed, for what goes by e-mail.

``sending`` is on the disk before the server is spoken to. Killed between its OK and our note of it, nobody
can tell whether it was taken: it is sent again, with the same Message-ID and the same content.

What needs its reader's consent is asked about once more here: see ``permission``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from curate.database.tables import outbox as table
from curate.shop import mail, unsubscribe
from curate.shop.delivery import outbox, permission
from curate.shop.mail import Letter, Post, Refused
from curate.shop.unsubscribe import Whose

if TYPE_CHECKING:
    from curate.shop import Shop

_DELAYS = (60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600)
"""Seconds after the first try, the second …; then always as the last."""
_LOCK = 0x6F7574626F78  # of PostgreSQL: any number that nobody else uses
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Round:
    """What became of the mail that was due. ``trouble``: why none at all goes out now."""

    sent: int = 0
    delayed: int = 0
    refused: int = 0
    trouble: str = ""


def send(shop: Shop, limit: int | None = None) -> Round:
    """All mail that is due; at most ``limit``. Nothing where another process is at it: it takes ours along."""
    done = Round()
    # Looked at once more after the lock is given back: what came in meanwhile found it taken.
    while (ids := due(shop, limit)) and not done.trouble and limit != 0:
        with _sole(shop) as mine, Post(shop.settings.mail) as post:
            if not mine:
                break
            for outbox_id in ids:
                done = _one(shop, post, outbox_id, done)
                if done.trouble:
                    break
        limit = None if limit is None else limit - len(ids)
    return done


def due(shop: Shop, limit: int | None = None) -> list[int]:
    """Whose time has come. What is ``sending`` while nobody sends was left by one who was killed."""
    query = select(table.c.id).where(
        table.c.way == "email",
        table.c.state.in_(("rendered", "sending")),
        table.c.due_at <= shop.now(),
    )
    with shop.database.reading() as connection:
        return [
            *connection.scalars(query.order_by(table.c.id).limit(min(limit or _AT_ONCE, _AT_ONCE)))
        ]


def _one(shop: Shop, post: Post, outbox_id: int, done: Round) -> Round:
    letter = begin(shop, outbox_id)
    if letter is None:
        return done
    try:
        reply = post.send(letter)
    except Refused as fault:
        put_off(shop, outbox_id, fault)
        if fault.all:
            return replace(done, delayed=done.delayed + 1, trouble=fault.message)
        if fault.lasting:
            return replace(done, refused=done.refused + 1)
        return replace(done, delayed=done.delayed + 1)
    sent(shop, outbox_id, f"{shop.settings.mail.host}: {reply}")
    confirmed(shop, outbox_id)
    return replace(done, sent=done.sent + 1)


def begin(shop: Shop, outbox_id: int) -> Letter | None:
    """Write down that it is being sent; the letter, or None where it is not to be sent any more."""
    with shop.database.writing() as connection:
        row = outbox.taken(connection, outbox_id)
        if row is None or row.state not in ("rendered", "sending"):
            return None
        if row.purpose and not _may(connection, shop, row):
            return None
        token = shop.keys.mac("message-id", row.key).hex()[:32]
        number = mail.message_id(shop.settings.mail.sender, token)
        which = table.c.id == outbox_id
        outbox.change(
            connection, shop, which, state="sending", message_id=number, tries=row.tries + 1
        )
        told = outbox.filled(connection, shop, outbox_id)
        ends = ""
        if row.purpose:
            own = parseaddr(shop.settings.mail.sender)[1]
            ends = unsubscribe.header(shop, Whose(row.contact_id, row.purpose), own)
        return Letter(number, row.recipient, told.subject, told.body, row.made_at, ends)


def _may(connection: Connection, shop: Shop, row: Any) -> bool:
    """Whether a message of a plan goes out now; else it is cancelled, or put off to the end of quiet hours."""
    found = permission.verdict(connection, shop, row)
    if found.why:
        permission.withdraw(connection, shop, row, found.why)
    elif found.until > shop.now():
        which = table.c.id == row.id
        outbox.change(connection, shop, which, state="rendered", due_at=found.until)
    else:
        return True
    return False


def put_off(shop: Shop, outbox_id: int, fault: Refused) -> None:
    """It was not taken: later once more, or not before a person says so."""
    with shop.database.writing() as connection:
        row = outbox.taken(connection, outbox_id)
        if row is None or row.state != "sending":
            return
        delay = _DELAYS[min(row.tries, len(_DELAYS)) - 1]
        due_at = outbox.NEVER if fault.lasting else shop.now() + delay
        which = table.c.id == outbox_id
        outbox.change(connection, shop, which, state="rendered", due_at=due_at, fault=fault.message)


def sent(shop: Shop, outbox_id: int, proof: str) -> None:
    """The server took it; what it said is the proof."""
    with shop.database.writing() as connection:
        row = outbox.taken(connection, outbox_id)
        if row is not None and row.state == "sending":
            which = table.c.id == outbox_id
            outbox.change(connection, shop, which, state="sent", proof=proof, fault="")
            outbox.follow(connection, shop, row, "sent", proof)


def confirmed(shop: Shop, outbox_id: int) -> None:
    """What a server took is as sure as mail can be."""
    with shop.database.writing() as connection:
        row = outbox.taken(connection, outbox_id)
        if row is not None and row.state == "sent":
            outbox.settle(connection, shop, row.key, row.proof)
            outbox.follow(connection, shop, row, "confirmed", row.proof)


def left_sent(shop: Shop) -> list[int]:
    """Mail that was taken, and not noted as confirmed by one who was killed."""
    query = select(table.c.id).where(table.c.way == "email", table.c.state == "sent")
    with shop.database.reading() as connection:
        return [*connection.scalars(query.order_by(table.c.id))]


@contextmanager
def _sole(shop: Shop) -> Iterator[bool]:
    """Whether this process is the one that sends. The system takes it back from one that was killed."""
    engine = shop.database.engine
    if engine.dialect.name != "postgresql":
        from filelock import FileLock, Timeout

        shop.workspace.state.mkdir(exist_ok=True)
        lock = FileLock(shop.workspace.state / "outbox.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(select(func.pg_try_advisory_lock(_LOCK))))
        try:
            yield mine
        finally:
            if mine:
                connection.execute(select(func.pg_advisory_unlock(_LOCK)))
