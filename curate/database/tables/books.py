"""Costs, closed months; affiliates, what is theirs and what was paid to them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from curate.database.tables.base import (
    PERSONAL,
    SENSITIVE,
    Id,
    count,
    metadata,
    of,
    own_id,
    text,
    time,
)

costs = Table(
    "costs", metadata,  # append-only: what was spent; a mistake is put right by another one
    own_id(),
    Column("source", Text, nullable=False, unique=True),  # of the row of the file: counts once
    Column("kind", Text, nullable=False),
    text("channel"),  # empty: to be allocated
    text("campaign_code"),
    Column("first_day", Text, nullable=False),  # 2026-03-01
    Column("last_day", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    count("clicks"),
    text("hours"),  # team: as written, "7.5"
    text("rate"),
    text("person", info=PERSONAL),  # team: whose hours
    text("note"),
    time("at"),
    CheckConstraint("kind IN ('ads', 'team', 'payment', 'other')", name="kind"),
)  # fmt: skip

periods = Table(
    "periods", metadata,  # months that are closed
    Column("month", Text, primary_key=True),  # 2026-03
    time("closed_at"),
    time("ends_at"),  # first second that is not in it: what comes before it is booked from there on
    Column("first_entry", Id, nullable=False),  # none: 0
    Column("last_entry", Id, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # of its postings and the month before
)  # fmt: skip

affiliates = Table(
    "affiliates", metadata,  # who sells for a share
    own_id(),
    Column("code", Text, nullable=False, unique=True),
    of("contacts", optional=True, unique=True),  # who they are as a buyer, where they are one
    Column("level", BigInteger, nullable=False, server_default="1"),
    Column("state", Text, nullable=False),
    Column("segment", Text, nullable=False),  # why they do it
    text("rule"),  # [rules.NAME] of shop.toml; empty: the product's, or the usual one
    text("language"),
    text("name", info=PERSONAL),
    text("email", info=PERSONAL),
    text("method"),  # how they are paid
    text("account", info=SENSITIVE),  # where to
    time("joined_at"),
    time("changed_at"),
    UniqueConstraint("id", "level"),
    CheckConstraint("length(code) BETWEEN 1 AND 30", name="code"),
    CheckConstraint("level IN (1, 2)", name="a_third_level_is_forbidden"),
    CheckConstraint("state IN ('active', 'paused', 'ended')", name="state"),
    CheckConstraint("segment IN ('interest', 'affection', 'brand')", name="segment"),
)  # fmt: skip

introductions = Table(
    "introductions", metadata,
    # Who is introduced is of level 2, who introduces of level 1: a third level cannot be written down.
    Column("affiliate_id", Id, primary_key=True),
    Column("affiliate_level", BigInteger, nullable=False, server_default="2"),
    Column("introducer_id", Id, nullable=False),
    Column("introducer_level", BigInteger, nullable=False, server_default="1"),
    time("at"),
    ForeignKeyConstraint(["affiliate_id", "affiliate_level"], ["affiliates.id", "affiliates.level"]),
    ForeignKeyConstraint(["introducer_id", "introducer_level"], ["affiliates.id", "affiliates.level"]),
    CheckConstraint("affiliate_level = 2", name="who_is_introduced_is_of_level_2"),
    CheckConstraint("introducer_level = 1", name="who_introduces_is_of_level_1"),
)  # fmt: skip

coupons = Table(
    "coupons", metadata,
    Column("code", Text, primary_key=True),  # in capitals, as buyers type it in a shop
    of("affiliates", index=True),
    time("made_at"),
    time("ended_at", optional=True),
)  # fmt: skip

clicks = Table(
    "clicks", metadata,  # of people who are known; of all others see visits
    own_id(),
    Column("source", Text, nullable=False, unique=True),
    of("contacts"),
    of("affiliates", optional=True),
    of("campaigns", optional=True),
    time("at"),
    Index("ix_clicks_contact", "contact_id", "at"),
    Index("ix_clicks_at", "at"),
)  # fmt: skip

rules = Table(
    "rules", metadata,  # append-only: rules as they were when something was sold by them
    own_id(),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),  # JSON
)  # fmt: skip

attributions = Table(
    "attributions", metadata,  # whose sale a line is
    Column("line_id", Id, ForeignKey("lines.id"), primary_key=True),
    of("affiliates", index=True),
    of("rules", optional=True),  # empty: nothing is earned
    Column("by", Text, nullable=False),  # coupon, code, click
    text("why"),  # nothing is earned: self-referral, inactive, …
    time("at"),
    CheckConstraint("by IN ('coupon', 'code', 'click')", name="by"),
    CheckConstraint("(rule_id IS NULL) = (why <> '')", name="why"),
)  # fmt: skip

pools = Table(
    "pools", metadata,  # what one affiliate sold in a month by one rule: tiers go by its sum
    own_id(),
    of("affiliates"),
    of("rules"),
    Column("role", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("currency", Text, nullable=False),
    count("base"),  # that the rule is applied to, net of what was given back
    count("amount"),  # the rule applied to it
    UniqueConstraint("affiliate_id", "rule_id", "role", "month", "currency"),
    CheckConstraint("role IN ('seller', 'introducer')", name="role"),
)  # fmt: skip

commissions = Table(
    "commissions", metadata,  # append-only: each step that a pool went up or down
    own_id(),
    of("pools"),
    of("affiliates", index=True),
    Column("source", Text, nullable=False, unique=True),  # "line:7:seller", "refund:3:seller": once each
    Column("kind", Text, nullable=False),
    of("lines", optional=True, index=True),
    Column("base", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    time("at"),
    time("due_at"),  # the hold is over
    text("note"),
    CheckConstraint("kind IN ('earn', 'reverse', 'adjust')", name="kind"),
    # Not for bringing people in, nor for paying to get in: each one is of a line of an order.
    CheckConstraint("line_id IS NOT NULL", name="paid_for_sales_alone"),
    Index("ix_commissions_due", "affiliate_id", "currency", "due_at"),
)  # fmt: skip

payouts = Table(
    "payouts", metadata,
    own_id(),
    Column("batch", Text, nullable=False),
    of("affiliates"),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    text("method"),
    text("account", info=SENSITIVE),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    count("commissions"),  # how many it is made of
    text("reference"),  # the bank's
    text("why", info=PERSONAL),  # failed
    time("made_at"),
    time("changed_at"),
    UniqueConstraint("batch", "affiliate_id", "currency"),
    CheckConstraint("state IN ('prepared', 'paid', 'failed')", name="state"),
    CheckConstraint("amount > 0", name="amount"),
)  # fmt: skip

settlements = Table(
    "settlements", metadata,  # which payout a commission is in: one at most; of a failed one it is taken out
    Column("commission_id", Id, ForeignKey("commissions.id"), primary_key=True),
    of("payouts", index=True),
)  # fmt: skip
