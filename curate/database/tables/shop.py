"""Orders, what is served for them, what came of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as text_

from curate.database.tables.base import PERSONAL, Id, count, metadata, of, own_id, text, time

_UNFOLLOWED = text_("followed IS NULL AND contact_id IS NOT NULL AND paid_at IS NOT NULL")
_UNTOLD = text_("followed IS NULL")
NAMED = text_("(buyer <> '' OR email <> '')")
"""Orders that still tell whose they are. Written as it stands here, so that the index of these is used."""
CLOSED = text_("state = 'closed' AND subject <> ''")
"""Tickets that are done with and can still be read."""
READABLE = text_("body <> ''")
"""Messages whose text is still there."""

orders = Table(
    "orders", metadata,
    own_id(),
    Column("channel", Text, nullable=False),  # a [channels.NAME] of shop.toml
    Column("number", Text, nullable=False),  # the channel's own
    Column("currency", Text, nullable=False),  # ISO 4217
    time("paid_at", optional=True),  # empty: not paid yet
    time("made_at"),  # when it came in here
    text("language"),  # of the buyer, where the channel says it
    text("buyer", info=PERSONAL),  # what the channel calls them
    text("email", info=PERSONAL),
    of("contacts", optional=True, index=True),  # who that is; empty: not said, or erased
    Column("followed", Boolean),  # that it was bought is among its contact's events; empty: not yet
    UniqueConstraint("channel", "number"),
    Index("ix_orders_named", "paid_at", "made_at", sqlite_where=NAMED, postgresql_where=NAMED),
    Index("ix_orders_unfollowed", "id", sqlite_where=_UNFOLLOWED, postgresql_where=_UNFOLLOWED),
)  # fmt: skip

lines = Table(
    "lines", metadata,
    own_id(),
    of("orders"),
    Column("line_no", Text, nullable=False),
    text("item"),  # what the channel calls the product
    text("variant"),
    text("title"),
    text("sku"),  # empty: the channel's product is mapped to none, so it waits
    Column("state", Text, nullable=False),  # unpaid, paid, cancelled
    Column("quantity", BigInteger, nullable=False),
    count("unit_price"),
    count("discount"),
    count("paid"),  # for the whole line, after the discount
    count("fee"),  # of the channel
    count("refunded_quantity"),
    count("refunded"),
    text("affiliate_code"),
    text("campaign_code"),
    text("card", info=PERSONAL),  # what the channel's card machine gave out; empty again when it is tied
    UniqueConstraint("order_id", "line_no"),
    CheckConstraint("state IN ('unpaid', 'paid', 'cancelled')", name="state"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded_quantity"),
    CheckConstraint("refunded BETWEEN 0 AND paid", name="refunded"),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata,
    own_id(),
    of("lines", unique=True),  # one line of an order is served once
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    text("why"),  # waiting: for what
    time("queued_at"),  # who waits for stock is served in this order
    time("changed_at"),
    text("proof", info=PERSONAL),  # sent, confirmed: by what that is known
    CheckConstraint(
        "state IN ('waiting', 'allocated', 'rendered', 'sent', 'confirmed', 'revoked')", name="state"
    ),
    Index("ix_deliveries_waiting", "sku", "state", "queued_at", "id"),
)  # fmt: skip

steps = Table(
    "steps", metadata,  # append-only: every state that a delivery was ever in
    own_id(),
    of("deliveries", index=True),
    Column("state", Text, nullable=False),
    time("at"),
    text("proof", info=PERSONAL),
)  # fmt: skip

codes = Table(
    "codes", metadata,  # unique stock: one code, one buyer
    own_id(),
    Column("sku", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),  # SHA-256: the same code never comes in twice
    text("batch"),
    Column("state", Text, nullable=False),  # free, sold, uploaded (to a card machine), withdrawn
    text("channel"),  # uploaded: where
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True),
    time("added_at"),
    time("changed_at"),
    UniqueConstraint("fingerprint"),  # under another SKU it would be sold twice
    CheckConstraint("state IN ('free', 'sold', 'uploaded', 'withdrawn')", name="state"),
    # Withdrawn: of a buyer who gave it back, or never sold.
    CheckConstraint("state = 'withdrawn' OR (state = 'sold') = (delivery_id IS NOT NULL)", name="sold"),
    Index("ix_codes_free", "sku", "state", "id"),
)  # fmt: skip

grants = Table(
    "grants", metadata,  # what lets a buyer in: one for each piece that was bought
    own_id(),
    of("deliveries", optional=True),  # none yet: printed on a card that was not sold
    count("unit", 1),  # 1 … quantity
    Column("sku", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("version", Text, nullable=False),  # the one that was bought
    Column("policy", Text, nullable=False),  # frozen: that one for good; latest: newer ones too
    Column("serial", Text, nullable=False, unique=True),  # to talk about it: no secret
    count("generation"),  # a new code makes all earlier ones worthless
    Column("code_hash", LargeBinary(32), nullable=False, unique=True),
    count("downloads"),  # allowed for each file; 0 = as many as wanted
    time("made_at"),
    time("expires_at", optional=True),
    time("revoked_at", optional=True),
    text("revoked_why"),
    text("stamp", info=PERSONAL),  # what is put on pages that bear the buyer's name
    UniqueConstraint("delivery_id", "unit"),
    CheckConstraint("policy IN ('frozen', 'latest')", name="policy"),
)  # fmt: skip

attempts = Table(
    "attempts", metadata,  # one download of one file, with the ranges that went on with it
    own_id(),
    of("grants"),
    Column("file", Text, nullable=False),
    time("at"),
    Column("whole", Boolean, nullable=False),  # whether the whole file was asked for in it
    count("ranged"),  # bytes that ranges took
    Index("ix_attempts_grant", "grant_id", "file", "at"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    own_id(),
    Column("key", Text, nullable=False, unique=True),  # "delivery:7", "update:7:1.3.0": once each
    Column("kind", Text, nullable=False),  # delivery, resend, update, refund, ticket
    of("deliveries", optional=True, index=True),
    of("tickets", optional=True, index=True),
    of("contacts", optional=True, index=True),  # a touch of a plan: to whom; others by their order
    text("purpose"),  # that they must agree to when it is sent; empty: what they bought
    Column("way", Text, nullable=False),  # paste, email, cards, page
    text("recipient", info=PERSONAL),
    text("subject", info=PERSONAL),
    Column("body", Text, nullable=False, info=PERSONAL),  # secrets are put in when it is shown or sent
    Column("state", Text, nullable=False),
    text("message_id"),
    count("tries"),
    time("due_at"),
    text("fault", info=PERSONAL),  # what the server said
    text("proof", info=PERSONAL),
    time("made_at"),
    time("changed_at"),
    CheckConstraint(
        "state IN ('rendered', 'sending', 'sent', 'confirmed', 'cancelled')", name="state"
    ),
    Index("ix_outbox_due", "state", "due_at"),
    Index(
        "ix_outbox_readable", "state", "changed_at", sqlite_where=READABLE, postgresql_where=READABLE
    ),
)  # fmt: skip

alerts = Table(
    "alerts", metadata,  # one for each time that a stock fell below what is low
    own_id(),
    Column("kind", Text, nullable=False),  # low
    Column("sku", Text, nullable=False),
    count("left"),
    time("raised_at"),
    time("cleared_at", optional=True),
    Index(
        "uq_alerts_open", "kind", "sku", unique=True,
        sqlite_where=Column("cleared_at").is_(None), postgresql_where=Column("cleared_at").is_(None),
    ),
)  # fmt: skip

refunds = Table(
    "refunds", metadata,
    own_id(),
    of("lines"),
    Column("reference", Text, nullable=False),  # the channel's, or our own: the same one counts once
    Column("quantity", BigInteger, nullable=False),  # pieces that are given back; 0 = only money
    Column("amount", BigInteger, nullable=False),
    text("reason", info=PERSONAL),
    text("who"),  # on the seller's side
    time("at"),
    Column("followed", Boolean),  # as of orders
    UniqueConstraint("line_id", "reference"),
    Index("ix_refunds_unfollowed", "id", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
)  # fmt: skip

entries = Table(
    "entries", metadata,  # append-only: what happened to money
    own_id(),
    Column("source", Text, nullable=False, unique=True),  # "line:7", "refund:3": posted once each
    time("at", index=True),  # the day it is booked on: never one of a closed month
    text("note"),
    of("lines", optional=True, index=True),  # the line of an order that it is about
    time("dated", optional=True),  # of its document, where that lies in a month that was closed already
)  # fmt: skip

postings = Table(
    "postings", metadata,  # append-only: of each entry they add up to nothing
    own_id(),
    Column("entry_id", Id, ForeignKey("entries.id"), nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)  # fmt: skip

acknowledgements = Table(
    "acknowledgements", metadata,  # a buyer agreed that digital goods are not returned
    own_id(),
    of("orders"),
    Column("text_version", Text, nullable=False),
    text("source"),
    time("at"),
    UniqueConstraint("order_id", "text_version"),
)  # fmt: skip

tickets = Table(
    "tickets", metadata,
    own_id(),
    of("orders", optional=True, index=True),
    text("sku"),
    Column("state", Text, nullable=False),  # open, answered, closed
    text("subject", info=PERSONAL),
    of("contacts", optional=True, index=True),  # who asks, where no order says it
    time("opened_at"),
    time("changed_at"),
    CheckConstraint("state IN ('open', 'answered', 'closed')", name="state"),
    Index("ix_tickets_closed", "changed_at", sqlite_where=CLOSED, postgresql_where=CLOSED),
)  # fmt: skip

letters = Table(
    "letters", metadata,  # what was written in a ticket
    own_id(),
    of("tickets", index=True),
    Column("who", Text, nullable=False),  # buyer, seller, faq
    Column("text", Text, nullable=False, info=PERSONAL),
    time("at"),
)  # fmt: skip

nonces = Table(
    "nonces", metadata,  # of signed notices, as long as their time window is open
    Column("channel", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the body that it belongs to
    time("at"),
)  # fmt: skip
