"""A shop with plans for tests: contacts who agreed, what they do, and a person who sends what is to be pasted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, select

from curate.books.journey import consent, events, touches
from curate.books.journey.events import Event
from curate.books.journey.touches import Done
from curate.database.tables import contacts, identities, outbox
from curate.database.tables import touches as table
from curate.shop import Shop
from curate.shop.delivery import outbox as box
from curate.shop.delivery import sending
from curate.shop.settings import Plan, Serve, Step, Touch
from tests.selling import START, Clock, shop

HOUR, DAY = 3_600, 86_400
NOON = START - START % DAY + 4 * HOUR
"""12 o'clock in Shanghai."""


def plan(begins: str = "subscribed", *delays: str, way: str = "paste", **how: Any) -> Plan:
    steps = tuple(
        Step(f"No. {n}", f"Hello {{name}}, text {n}", delay, way)  # type: ignore[arg-type]
        for n, delay in enumerate(delays or ("0 hours",), 1)
    )
    return Plan(begins, **{"steps": steps, **how})  # type: ignore[arg-type]


@dataclass
class Desk:
    """A seller's desk."""

    shop: Shop
    clock: Clock

    def contact(self, number: int = 1, agreed: bool = True, **how: Any) -> int:
        return people(self.shop, [number], agreed, **how)[0]

    def did(self, contact: int, kind: str, at: int | None = None) -> None:
        when = int(self.clock.now) if at is None else at
        with self.shop.database.writing() as connection:
            source = f"test:{contact}:{kind}:{when}"
            events.record(connection, self.shop, [Event(contact, kind, source, when)])

    def run(self) -> Done:
        return touches.run(self.shop)

    def rows(self) -> list[tuple[str, int, str, str]]:
        """(plan, step, state, why) of each touch, in their order."""
        query = select(table.c.plan, table.c.step, table.c.state, table.c.why).order_by(table.c.id)
        with self.shop.database.reading() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def lying(self) -> list[int]:
        """What a person or the mail has to send still."""
        return [one.id for one in box.messages(self.shop, states=["rendered"])]

    def edit(self, **how: Any) -> None:
        """shop.toml is written anew."""
        settings = msgspec.structs.replace(self.shop.settings, **how)
        fresh = Shop(self.shop.workspace, settings, self.clock)
        vars(fresh)["database"] = self.shop.database
        self.shop = fresh

    def mail(self) -> list[int]:
        """As the mail goes out, by a server that takes all; what went."""
        sent = []
        for number in sending.due(self.shop):
            if sending.begin(self.shop, number) is not None:
                sending.sent(self.shop, number, "250 OK")
                sending.confirmed(self.shop, number)
                sent.append(number)
        return sent

    def body(self, number: int) -> str:
        with self.shop.database.reading() as connection:
            query = select(outbox.c.body).where(outbox.c.id == number)
            return str(connection.scalar(query))


def people(
    own: Shop, numbers: Sequence[int], agreed: bool = True, channel: str = "hand", **how: Any
) -> list[int]:
    """Contacts with an address of each kind that a plan may need; their ids."""
    now = own.now()
    rows = [
        {"stage": "aware", "staged_at": now, "acquired_at": now, "heard_at": now, "channel": channel,
         "name": f"Name {number}", **how}
        for number in numbers
    ]  # fmt: skip
    with own.database.writing() as connection:
        query = contacts.insert().returning(contacts.c.id, sort_by_parameter_order=True)
        made = [int(one) for one in connection.scalars(query, rows)]
        known = [
            {"contact_id": contact, "kind": kind, "key": own.keys.mac("test", kind, str(contact)),
             "value": f"{number}@example.org" if kind == "email" else f"wx{number}"}
            for contact, number in zip(made, numbers, strict=True)
            for kind in ("email", "wechat")
        ]  # fmt: skip
        connection.execute(identities.insert(), known)
        if agreed:
            said = [consent.Said(one, "marketing", True, "1", "a test", now) for one in made]
            consent.record(connection, own, said)
    return made


def desk(root: Path, *, touch: Touch | None = None, url: str = "", **plans: Plan) -> Desk:
    counter = shop(root, touch=touch or Touch(), plans=plans, serve=Serve(url=url))
    counter.clock.now = NOON
    return Desk(counter.shop, counter.clock)


class Statements:
    """How many a database was asked while the block ran."""

    def __init__(self, own: Shop) -> None:
        self.own, self.count = own, 0

    def __enter__(self) -> Statements:
        event.listen(self.own.database.engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.own.database.engine, "before_cursor_execute", self._one)

    def _one(self, *_: object) -> None:
        self.count += 1
