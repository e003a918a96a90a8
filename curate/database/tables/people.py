"""Contacts, what they agreed to, how they came closer; what is sent to them."""

from __future__ import annotations

from sqlalchemy import (
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

STAGES = (
    "stranger", "aware", "interested", "following", "familiar", "approving", "trusting", "purchased",
    "sharing",
)  # fmt: skip
"""From the first sight to telling a friend, in this order."""
_STAGES = ", ".join(f"'{stage}'" for stage in STAGES)

KEPT = text_("erased_at IS NULL")
"""Contacts who were not erased. Written as it stands here, so that the index of these is used."""

campaigns = Table(
    "campaigns", metadata,  # one way in which people are addressed
    own_id(),
    Column("code", Text, nullable=False, unique=True),  # stands in links and in notes of orders
    text("channel"),  # where
    text("content"),  # what is shown there
    text("bait"),  # what is given for nothing
    text("hook"),  # what makes people come closer
    text("target"),  # address that its link leads to
    time("made_at"),
    CheckConstraint("length(code) BETWEEN 1 AND 30", name="code"),  # what WeCom's state takes
)  # fmt: skip

contacts = Table(
    "contacts", metadata,
    own_id(),
    Column("stage", Text, nullable=False, server_default="stranger", index=True),
    time("staged_at"),  # when that stage was reached
    time("acquired_at", index=True),  # when they were first heard of
    of("campaigns", optional=True, index=True),  # that brought them; empty: unknown
    text("channel"),  # that brought them
    text("affiliate_code"),  # whose link it was that they were first heard of by
    text("language"),
    text("name", info=PERSONAL),
    text("note", info=PERSONAL),
    time("heard_at"),  # last sign of life
    time("erased_at", optional=True),
    Index("ix_contacts_kept", "stage", "heard_at", sqlite_where=KEPT, postgresql_where=KEPT),
    CheckConstraint(f"stage IN ({_STAGES})", name="stage"),
)  # fmt: skip

identities = Table(
    "identities", metadata,  # by what a contact is known; several of one person
    own_id(),
    of("contacts", index=True),
    Column("kind", Text, nullable=False),  # email, phone, wechat, handle (what a channel calls them)
    text("channel"),  # handle: whose
    Column("key", LargeBinary(32), nullable=False, unique=True),  # see shop.contacts.key
    text("value", info=PERSONAL),
    CheckConstraint("kind IN ('email', 'phone', 'wechat', 'handle')", name="kind"),
)  # fmt: skip

erasures = Table(
    "erasures", metadata,  # keys of people who were erased: what is older is not taken in again
    Column("key", LargeBinary(32), primary_key=True),
    of("contacts", optional=True),  # where this database knew them; who came back, the one that they are now
    time("at"),
    time("back_at", optional=True),  # when an order was paid by which they came back
)  # fmt: skip

consents = Table(
    "consents", metadata,  # append-only: the last one of a purpose counts
    own_id(),
    of("contacts"),
    Column("purpose", Text, nullable=False),  # marketing, payout, …
    Column("given", Boolean, nullable=False),  # False: withdrawn
    Column("text_version", Text, nullable=False),  # of what they agreed to
    Column("source", Text, nullable=False, info=PERSONAL),  # where that was
    time("at"),
    Index("ix_consents_contact", "contact_id", "purpose", "at", "id"),
)  # fmt: skip

events = Table(
    "events", metadata,  # append-only: what contacts did
    own_id(),
    of("contacts"),
    Column("kind", Text, nullable=False),  # of books.journey.events
    Column("source", Text, nullable=False, unique=True),  # "order:7", "file:SHA:12": each once
    of("campaigns", optional=True),
    time("at"),
    text("note", info=PERSONAL),
    Index("ix_events_contact", "contact_id", "at"),
)  # fmt: skip

moves = Table(
    "moves", metadata,  # what follows from events: every stage that a contact reached, also those passed by
    own_id(),
    of("contacts"),
    Column("stage", Text, nullable=False),
    time("at"),
    of("events", optional=True),
    Column("passed", Boolean, nullable=False, server_default="false"),  # jumped over by the same event
    UniqueConstraint("contact_id", "stage"),
    CheckConstraint(f"stage IN ({_STAGES})", name="stage"),
    Index("ix_moves_stage", "stage", "at"),
)  # fmt: skip

visits = Table(
    "visits", metadata,  # how often a link was followed on a day, by nobody in particular
    Column("code", Text, primary_key=True),  # of a campaign or an affiliate
    Column("day", Text, primary_key=True),  # 2026-03-01, in the books' time zone
    count("count"),
)  # fmt: skip

touches = Table(
    "touches", metadata,  # steps of a plan for one contact
    own_id(),
    of("contacts"),
    Column("plan", Text, nullable=False),  # [plans.NAME] of shop.toml
    Column("version", Text, nullable=False),  # digest of its steps: editing them cancels what is queued
    Column("step", Id, nullable=False),  # 1, 2, …
    Column("trigger", Text, nullable=False),  # "event:12": what began it
    Column("state", Text, nullable=False),
    time("due_at"),
    time("planned_at"),  # when it would have gone out, were there neither quiet hours nor a cap
    time("changed_at"),
    text("why"),  # skipped, cancelled, put off
    Column("outbox_id", Id, ForeignKey("outbox.id"), nullable=True, index=True),
    UniqueConstraint("contact_id", "plan", "trigger", "step"),
    CheckConstraint("state IN ('queued', 'prepared', 'skipped', 'cancelled')", name="state"),
    Index("ix_touches_due", "state", "due_at"),
    Index("ix_touches_contact", "contact_id", "state", "changed_at"),
)  # fmt: skip

cursors = Table(
    "cursors", metadata,  # how far those who follow other tables have come
    Column("name", Text, primary_key=True),
    text("value"),
)  # fmt: skip

audits = Table(
    "audits", metadata,  # append-only: what was done with personal data, told without any
    own_id(),
    Column("what", Text, nullable=False),  # export, erase, retention, restore
    of("contacts", optional=True),
    text("note"),
    time("at"),
)  # fmt: skip
