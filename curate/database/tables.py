"""The tables of shop.db: orders, what is served for them, what came of it.

Money is in minor units of the order's currency (cents, 分), times are seconds since 1970 in UTC. Columns
whose ``info`` says ``personal`` hold what tells who a buyer is. Access codes of buyers are nowhere here, only their hashes: see ``curate.shop.keys``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PERSONAL = {"personal": True}
# SQLite counts up by itself only where the type is INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True)


def _of(table: str, *, optional: bool = False, **how: Any) -> Column[Any]:
    name = f"{table.removesuffix('ies')}y_id" if table.endswith("ies") else f"{table[:-1]}_id"
    return Column(name, _Id, ForeignKey(f"{table}.id"), nullable=optional, **how)


def _text(name: str, **how: Any) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="", **how)


def _count(name: str, default: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(default))


def _time(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=optional)


orders = Table(
    "orders", metadata,
    _id(),
    Column("channel", Text, nullable=False),  # a [channels.NAME] of shop.toml
    Column("number", Text, nullable=False),  # the channel's own
    Column("currency", Text, nullable=False),  # ISO 4217
    _time("paid_at", optional=True),  # empty: not paid yet
    _time("made_at"),  # when it came in here
    _text("language"),  # of the buyer, where the channel says it
    _text("buyer", info=PERSONAL),  # what the channel calls them
    _text("email", info=PERSONAL),
    UniqueConstraint("channel", "number"),
)  # fmt: skip

lines = Table(
    "lines", metadata,
    _id(),
    _of("orders"),
    Column("line_no", Text, nullable=False),
    _text("item"),  # what the channel calls the product
    _text("variant"),
    _text("title"),
    _text("sku"),  # empty: the channel's product is mapped to none, so it waits
    Column("state", Text, nullable=False),  # unpaid, paid, cancelled
    Column("quantity", BigInteger, nullable=False),
    _count("unit_price"),
    _count("discount"),
    _count("paid"),  # for the whole line, after the discount
    _count("fee"),  # of the channel
    _count("refunded_quantity"),
    _count("refunded"),
    _text("affiliate_code"),
    _text("campaign_code"),
    _text("card", info=PERSONAL),  # what the channel's card machine gave out; empty again when it is tied
    UniqueConstraint("order_id", "line_no"),
    CheckConstraint("state IN ('unpaid', 'paid', 'cancelled')", name="state"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded_quantity"),
    CheckConstraint("refunded BETWEEN 0 AND paid", name="refunded"),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata,
    _id(),
    _of("lines", unique=True),  # one line of an order is served once
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    _text("why"),  # waiting: for what
    _time("queued_at"),  # who waits for stock is served in this order
    _time("changed_at"),
    _text("proof"),  # sent, confirmed: by what that is known
    CheckConstraint(
        "state IN ('waiting', 'allocated', 'rendered', 'sent', 'confirmed', 'revoked')", name="state"
    ),
    Index("ix_deliveries_waiting", "sku", "state", "queued_at", "id"),
)  # fmt: skip

steps = Table(
    "steps", metadata,  # append-only: every state that a delivery was ever in
    _id(),
    _of("deliveries"),
    Column("state", Text, nullable=False),
    _time("at"),
    _text("proof"),
)  # fmt: skip

codes = Table(
    "codes", metadata,  # unique stock: one code, one buyer
    _id(),
    Column("sku", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),  # SHA-256: the same code never comes in twice
    _text("batch"),
    Column("state", Text, nullable=False),  # free, sold, uploaded (to a card machine), withdrawn
    _text("channel"),  # uploaded: where
    Column("delivery_id", _Id, ForeignKey("deliveries.id"), index=True),
    _time("added_at"),
    _time("changed_at"),
    UniqueConstraint("fingerprint"),  # under another SKU it would be sold twice
    CheckConstraint("state IN ('free', 'sold', 'uploaded', 'withdrawn')", name="state"),
    # Withdrawn: of a buyer who gave it back, or never sold.
    CheckConstraint("state = 'withdrawn' OR (state = 'sold') = (delivery_id IS NOT NULL)", name="sold"),
    Index("ix_codes_free", "sku", "state", "id"),
)  # fmt: skip

grants = Table(
    "grants", metadata,  # what lets a buyer in: one for each piece that was bought
    _id(),
    _of("deliveries", optional=True),  # none yet: printed on a card that was not sold
    _count("unit", 1),  # 1 … quantity
    Column("sku", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("version", Text, nullable=False),  # the one that was bought
    Column("policy", Text, nullable=False),  # frozen: that one for good; latest: newer ones too
    Column("serial", Text, nullable=False, unique=True),  # to talk about it: no secret
    _count("generation"),  # a new code makes all earlier ones worthless
    Column("code_hash", LargeBinary(32), nullable=False, unique=True),
    _count("downloads"),  # allowed for each file; 0 = as many as wanted
    _time("made_at"),
    _time("expires_at", optional=True),
    _time("revoked_at", optional=True),
    _text("revoked_why"),
    _text("stamp", info=PERSONAL),  # what is put on pages that bear the buyer's name
    UniqueConstraint("delivery_id", "unit"),
    CheckConstraint("policy IN ('frozen', 'latest')", name="policy"),
)  # fmt: skip

attempts = Table(
    "attempts", metadata,  # one download of one file, with the ranges that went on with it
    _id(),
    _of("grants"),
    Column("file", Text, nullable=False),
    _time("at"),
    Column("whole", Boolean, nullable=False),  # whether the whole file was asked for in it
    _count("ranged"),  # bytes that ranges took
    Index("ix_attempts_grant", "grant_id", "file", "at"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # "delivery:7", "update:7:1.3.0": once each
    Column("kind", Text, nullable=False),  # delivery, resend, update, refund, ticket
    _of("deliveries", optional=True),
    _of("tickets", optional=True),
    Column("way", Text, nullable=False),  # paste, email, cards, page
    _text("recipient", info=PERSONAL),
    _text("subject"),
    Column("body", Text, nullable=False, info=PERSONAL),  # secrets are put in when it is shown or sent
    Column("state", Text, nullable=False),
    _text("message_id"),
    _count("tries"),
    _time("due_at"),
    _text("fault"),
    _text("proof"),
    _time("made_at"),
    _time("changed_at"),
    CheckConstraint(
        "state IN ('rendered', 'sending', 'sent', 'confirmed', 'cancelled')", name="state"
    ),
    Index("ix_outbox_due", "state", "due_at"),
)  # fmt: skip

alerts = Table(
    "alerts", metadata,  # one for each time that a stock fell below what is low
    _id(),
    Column("kind", Text, nullable=False),  # low
    Column("sku", Text, nullable=False),
    _count("left"),
    _time("raised_at"),
    _time("cleared_at", optional=True),
    Index(
        "uq_alerts_open", "kind", "sku", unique=True,
        sqlite_where=Column("cleared_at").is_(None), postgresql_where=Column("cleared_at").is_(None),
    ),
)  # fmt: skip

refunds = Table(
    "refunds", metadata,
    _id(),
    _of("lines"),
    Column("reference", Text, nullable=False),  # the channel's, or our own: the same one counts once
    Column("quantity", BigInteger, nullable=False),  # pieces that are given back; 0 = only money
    Column("amount", BigInteger, nullable=False),
    _text("reason"),
    _text("who"),
    _time("at"),
    UniqueConstraint("line_id", "reference"),
)  # fmt: skip

entries = Table(
    "entries", metadata,  # append-only: what happened to money
    _id(),
    Column("source", Text, nullable=False, unique=True),  # "line:7", "refund:3": posted once each
    _time("at"),
    _text("note"),
)  # fmt: skip

postings = Table(
    "postings", metadata,  # append-only: of each entry they add up to nothing
    _id(),
    Column("entry_id", _Id, ForeignKey("entries.id"), nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)  # fmt: skip

acknowledgements = Table(
    "acknowledgements", metadata,  # a buyer agreed that digital goods are not returned
    _id(),
    _of("orders"),
    Column("text_version", Text, nullable=False),
    _text("source"),
    _time("at"),
    UniqueConstraint("order_id", "text_version"),
)  # fmt: skip

tickets = Table(
    "tickets", metadata,
    _id(),
    _of("orders", optional=True),
    _text("sku"),
    Column("state", Text, nullable=False),  # open, answered, closed
    _text("subject", info=PERSONAL),
    _time("opened_at"),
    _time("changed_at"),
    CheckConstraint("state IN ('open', 'answered', 'closed')", name="state"),
)  # fmt: skip

letters = Table(
    "letters", metadata,  # what was written in a ticket
    _id(),
    _of("tickets"),
    Column("who", Text, nullable=False),  # buyer, seller, faq
    Column("text", Text, nullable=False, info=PERSONAL),
    _time("at"),
)  # fmt: skip

nonces = Table(
    "nonces", metadata,  # of signed notices, as long as their time window is open
    Column("channel", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the body that it belongs to
    _time("at"),
)  # fmt: skip
