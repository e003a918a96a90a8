"""A person of whom a shop knows everything that it can: a row in each table of theirs, a mark in each personal column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from curate.database import personal
from curate.database.tables import metadata
from curate.shop import Shop, contacts

DAY = 86_400


@dataclass
class Known:
    """``marks``: by "table.column", the text that stands there and nowhere else. ``rows``: ids by table."""

    contact_id: int
    tag: str
    email: str
    serial: str
    marks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


def personal_columns() -> set[str]:
    return {f"{one.table}.{one.column}" for one in personal.columns() if one.sort != "none"}


def known(shop: Shop, tag: str, channel: str = "own", at: int = 0) -> Known:
    """Write them down. Their order is one that ``channel`` tells as TAG-1, with their e-mail and name there."""
    at = at or shop.now() - DAY
    email, handle = f"{tag}-email@marked.example", f"{tag}-handle"
    with shop.database.writing() as connection:
        put = _Put(connection)
        (own,) = contacts.of_buyers(
            connection, shop, [contacts.Buyer(channel, handle, email, "en", at)]
        )
        assert own is not None
        made = Known(own, tag, email, f"{tag}-SERIAL")
        made.rows = _rows(put, shop, made, channel, at)
        _mark(connection, made)
        for name, value in (("orders.email", email), ("orders.buyer", handle)):
            table = metadata.tables["orders"]
            row = table.c.id == made.rows["orders"]
            connection.execute(update(table).where(row).values({name.partition(".")[2]: value}))
            made.marks[name] = value
    return made


class _Put:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __call__(self, table: str, **values: Any) -> int:
        made = self.connection.execute(metadata.tables[table].insert().values(**values))
        return int(made.inserted_primary_key[0])


def _rows(put: _Put, shop: Shop, who: Known, channel: str, at: int) -> dict[str, int]:
    """One of each table that something personal stands in, done with and settled."""
    tag, own = who.tag, who.contact_id
    rows = {"contacts": own}
    query = select(metadata.tables["identities"].c.id)
    mine = query.where(metadata.tables["identities"].c.contact_id == own)
    rows["identities"] = put.connection.scalars(mine.order_by("id")).first() or 0
    rows["orders"] = put(
        "orders", channel=channel, number=f"{tag}-1", currency="CNY", paid_at=at, made_at=at,
        contact_id=own,
    )  # fmt: skip
    rows["lines"] = put(
        "lines", order_id=rows["orders"], line_no="1", sku="KEYS", state="paid", quantity=2,
        unit_price=900, paid=1_800, refunded=900, refunded_quantity=1,
    )  # fmt: skip
    rows["deliveries"] = put(
        "deliveries", line_id=rows["lines"], sku="KEYS", quantity=2, state="confirmed", queued_at=at,
        changed_at=at,
    )  # fmt: skip
    rows["steps"] = put("steps", delivery_id=rows["deliveries"], state="sent", at=at)
    rows["grants"] = put(
        "grants", delivery_id=rows["deliveries"], sku="KEYS", collection="notes", version="1.0.0",
        policy="frozen", serial=who.serial, code_hash=shop.keys.code_hash(tag), made_at=at,
    )  # fmt: skip
    rows["refunds"] = put(
        "refunds", line_id=rows["lines"], reference="r", quantity=1, amount=900, at=at
    )
    rows["tickets"] = put(
        "tickets", order_id=rows["orders"], state="closed", opened_at=at, changed_at=at,
        contact_id=own,
    )  # fmt: skip
    rows["letters"] = put("letters", ticket_id=rows["tickets"], who="buyer", text="", at=at)
    rows["outbox"] = put(
        "outbox", key=f"delivery:{rows['deliveries']}", kind="delivery", way="paste", body="",
        delivery_id=rows["deliveries"], state="confirmed", due_at=at, made_at=at, changed_at=at,
    )  # fmt: skip
    put(
        "consents", contact_id=own, purpose="payout", given=True, text_version="1", source="", at=at
    )
    rows["consents"] = put(
        "consents", contact_id=own, purpose="marketing", given=True, text_version="1", source="",
        at=at,
    )  # fmt: skip
    rows["events"] = put("events", contact_id=own, kind="seen", source=f"test:{tag}", at=at)
    rows["affiliates"] = put(
        "affiliates", code=f"code-{tag}"[:30], contact_id=own, state="ended", segment="interest",
        joined_at=at, changed_at=at,
    )  # fmt: skip
    rows["payouts"] = put(
        "payouts", batch=tag, affiliate_id=rows["affiliates"], amount=100, currency="CNY",
        state="failed", first_day="2026-09-01", last_day="2026-09-30", made_at=at, changed_at=at,
    )  # fmt: skip
    return rows


def _mark(connection: Connection, who: Known) -> None:
    """A mark in each personal column of their rows, in Latin and Han letters."""
    for one in personal.columns():
        name = f"{one.table}.{one.column}"
        if one.sort == "none" or one.way == name or name not in personal_columns():
            continue
        table = metadata.tables[one.table]
        assert one.table in who.rows, f"{name}: give this person a row in {one.table}"
        mark = f"{who.tag}~{name}~印记"
        row = table.c.id == who.rows[one.table]
        connection.execute(update(table).where(row).values({one.column: mark}))
        who.marks[name] = mark
