"""Contacts, consents, campaigns, touches; affiliates, costs, closed months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("bait", sa.Text(), server_default="", nullable=False),
        sa.Column("hook", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 30", name=op.f("ck_campaigns_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("code", name=op.f("uq_campaigns_code")),
    )
    op.create_table(
        "costs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("campaign_code", sa.Text(), server_default="", nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hours", sa.Text(), server_default="", nullable=False),
        sa.Column("rate", sa.Text(), server_default="", nullable=False),
        sa.Column("person", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ads', 'team', 'payment', 'other')", name=op.f("ck_costs_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_costs")),
        sa.UniqueConstraint("source", name=op.f("uq_costs_source")),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "periods",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "first_entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "last_entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_periods")),
    )
    op.create_table(
        "rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("digest", name=op.f("uq_rules_digest")),
    )
    op.create_table(
        "visits",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("code", "day", name=op.f("pk_visits")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.Text(), server_default="stranger", nullable=False),
        sa.Column("staged_at", sa.BigInteger(), nullable=False),
        sa.Column("acquired_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("affiliate_code", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('stranger', 'aware', 'interested', 'following', 'familiar', 'approving', 'trusting', 'purchased', 'sharing')",
            name=op.f("ck_contacts_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_contacts_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_acquired_at"), "contacts", ["acquired_at"], unique=False)
    op.create_index(op.f("ix_contacts_campaign_id"), "contacts", ["campaign_id"], unique=False)
    op.create_index(
        "ix_contacts_kept",
        "contacts",
        ["stage", "heard_at"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NULL"),
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_index(op.f("ix_contacts_stage"), "contacts", ["stage"], unique=False)
    op.create_table(
        "affiliates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("level", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "segment IN ('interest', 'affection', 'brand')", name=op.f("ck_affiliates_segment")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'ended')", name=op.f("ck_affiliates_state")
        ),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 30", name=op.f("ck_affiliates_code")),
        sa.CheckConstraint(
            "level IN (1, 2)", name=op.f("ck_affiliates_a_third_level_is_forbidden")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_affiliates_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliates")),
        sa.UniqueConstraint("code", name=op.f("uq_affiliates_code")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_affiliates_contact_id")),
        sa.UniqueConstraint("id", "level", name=op.f("uq_affiliates_id")),
    )
    op.create_table(
        "audits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_audits_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_consents_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(
        "ix_consents_contact", "consents", ["contact_id", "purpose", "at", "id"], unique=False
    )
    op.create_table(
        "erasures",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("back_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_erasures_contact_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_erasures")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_events_campaign_id")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_events_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("source", name=op.f("uq_events_source")),
    )
    op.create_index("ix_events_contact", "events", ["contact_id", "at"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'wechat', 'handle')", name=op.f("ck_identities_kind")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_identities_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("key", name=op.f("uq_identities_key")),
    )
    op.create_index(op.f("ix_identities_contact_id"), "identities", ["contact_id"], unique=False)
    op.create_table(
        "clicks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_clicks_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_clicks_campaign_id")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_clicks_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clicks")),
        sa.UniqueConstraint("source", name=op.f("uq_clicks_source")),
    )
    op.create_index("ix_clicks_at", "clicks", ["at"], unique=False)
    op.create_index("ix_clicks_contact", "clicks", ["contact_id", "at"], unique=False)
    op.create_table(
        "coupons",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_coupons_affiliate_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupons")),
    )
    op.create_index(op.f("ix_coupons_affiliate_id"), "coupons", ["affiliate_id"], unique=False)
    op.create_table(
        "introductions",
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("affiliate_level", sa.BigInteger(), server_default="2", nullable=False),
        sa.Column(
            "introducer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("introducer_level", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "affiliate_level = 2", name=op.f("ck_introductions_who_is_introduced_is_of_level_2")
        ),
        sa.CheckConstraint(
            "introducer_level = 1", name=op.f("ck_introductions_who_introduces_is_of_level_1")
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id", "affiliate_level"],
            ["affiliates.id", "affiliates.level"],
            name=op.f("fk_introductions_affiliate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["introducer_id", "introducer_level"],
            ["affiliates.id", "affiliates.level"],
            name=op.f("fk_introductions_introducer_id"),
        ),
        sa.PrimaryKeyConstraint("affiliate_id", name=op.f("pk_introductions")),
    )
    op.create_table(
        "moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("passed", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "stage IN ('stranger', 'aware', 'interested', 'following', 'familiar', 'approving', 'trusting', 'purchased', 'sharing')",
            name=op.f("ck_moves_stage"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_moves_contact_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_moves_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moves")),
        sa.UniqueConstraint("contact_id", "stage", name=op.f("uq_moves_contact_id")),
    )
    op.create_index("ix_moves_stage", "moves", ["stage", "at"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("commissions", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('prepared', 'paid', 'failed')", name=op.f("ck_payouts_state")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payouts_amount")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_payouts_affiliate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("batch", "affiliate_id", "currency", name=op.f("uq_payouts_batch")),
    )
    op.create_table(
        "pools",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("base", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("role IN ('seller', 'introducer')", name=op.f("ck_pools_role")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_pools_affiliate_id")
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_pools_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
        sa.UniqueConstraint(
            "affiliate_id",
            "rule_id",
            "role",
            "month",
            "currency",
            name=op.f("uq_pools_affiliate_id"),
        ),
    )
    op.create_table(
        "attributions",
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(rule_id IS NULL) = (why <> '')", name=op.f("ck_attributions_why")),
        sa.CheckConstraint("by IN ('coupon', 'code', 'click')", name=op.f("ck_attributions_by")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_attributions_affiliate_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["lines.id"], name=op.f("fk_attributions_line_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_attributions_rule_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_attributions")),
    )
    op.create_index(
        op.f("ix_attributions_affiliate_id"), "attributions", ["affiliate_id"], unique=False
    )
    op.create_table(
        "commissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pool_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "affiliate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('earn', 'reverse', 'adjust')", name=op.f("ck_commissions_kind")
        ),
        sa.CheckConstraint("line_id IS NOT NULL", name=op.f("ck_commissions_paid_for_sales_alone")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliates.id"], name=op.f("fk_commissions_affiliate_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["lines.id"], name=op.f("fk_commissions_line_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name=op.f("fk_commissions_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissions")),
        sa.UniqueConstraint("source", name=op.f("uq_commissions_source")),
    )
    op.create_index(
        op.f("ix_commissions_affiliate_id"), "commissions", ["affiliate_id"], unique=False
    )
    op.create_index(
        "ix_commissions_due", "commissions", ["affiliate_id", "currency", "due_at"], unique=False
    )
    op.create_index(op.f("ix_commissions_line_id"), "commissions", ["line_id"], unique=False)
    op.create_table(
        "settlements",
        sa.Column(
            "commission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "payout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commissions.id"], name=op.f("fk_settlements_commission_id")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payouts.id"], name=op.f("fk_settlements_payout_id")
        ),
        sa.PrimaryKeyConstraint("commission_id", name=op.f("pk_settlements")),
    )
    op.create_index(op.f("ix_settlements_payout_id"), "settlements", ["payout_id"], unique=False)
    op.create_table(
        "touches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'prepared', 'skipped', 'cancelled')", name=op.f("ck_touches_state")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_touches_contact_id")
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_touches_outbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touches")),
        sa.UniqueConstraint(
            "contact_id", "plan", "trigger", "step", name=op.f("uq_touches_contact_id")
        ),
    )
    op.create_index(
        "ix_touches_contact", "touches", ["contact_id", "state", "changed_at"], unique=False
    )
    op.create_index("ix_touches_due", "touches", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_touches_outbox_id"), "touches", ["outbox_id"], unique=False)
    _refer("entries", "line_id", "lines")
    op.add_column("entries", sa.Column("dated", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_entries_at"), "entries", ["at"], unique=False)
    op.create_index(op.f("ix_entries_line_id"), "entries", ["line_id"], unique=False)
    op.create_index(op.f("ix_letters_ticket_id"), "letters", ["ticket_id"], unique=False)
    _refer("orders", "contact_id", "contacts")
    op.add_column("orders", sa.Column("followed", sa.Boolean(), nullable=True))
    op.create_index(op.f("ix_orders_contact_id"), "orders", ["contact_id"], unique=False)
    op.create_index(
        "ix_orders_named",
        "orders",
        ["paid_at", "made_at"],
        unique=False,
        sqlite_where=sa.text("(buyer <> '' OR email <> '')"),
        postgresql_where=sa.text("(buyer <> '' OR email <> '')"),
    )
    op.create_index(
        "ix_orders_unfollowed",
        "orders",
        ["id"],
        unique=False,
        sqlite_where=sa.text("followed IS NULL AND contact_id IS NOT NULL AND paid_at IS NOT NULL"),
        postgresql_where=sa.text(
            "followed IS NULL AND contact_id IS NOT NULL AND paid_at IS NOT NULL"
        ),
    )
    _refer("outbox", "contact_id", "contacts")
    op.add_column("outbox", sa.Column("purpose", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_outbox_contact_id"), "outbox", ["contact_id"], unique=False)
    op.create_index(op.f("ix_outbox_delivery_id"), "outbox", ["delivery_id"], unique=False)
    op.create_index(
        "ix_outbox_readable",
        "outbox",
        ["state", "changed_at"],
        unique=False,
        sqlite_where=sa.text("body <> ''"),
        postgresql_where=sa.text("body <> ''"),
    )
    op.create_index(op.f("ix_outbox_ticket_id"), "outbox", ["ticket_id"], unique=False)
    op.add_column("refunds", sa.Column("followed", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_refunds_unfollowed",
        "refunds",
        ["id"],
        unique=False,
        sqlite_where=sa.text("followed IS NULL"),
        postgresql_where=sa.text("followed IS NULL"),
    )
    op.create_index(op.f("ix_steps_delivery_id"), "steps", ["delivery_id"], unique=False)
    _refer("tickets", "contact_id", "contacts")
    op.create_index(
        "ix_tickets_closed",
        "tickets",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'closed' AND subject <> ''"),
        postgresql_where=sa.text("state = 'closed' AND subject <> ''"),
    )
    op.create_index(op.f("ix_tickets_contact_id"), "tickets", ["contact_id"], unique=False)
    op.create_index(op.f("ix_tickets_order_id"), "tickets", ["order_id"], unique=False)
    _say_which_line()
    _keep_what_is_booked()


def _refer(table: str, column: str, to: str) -> None:
    """SQLite takes a reference only together with its column."""
    kind = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} REFERENCES {to} (id)")


def _say_which_line() -> None:
    """Entries of before named their line only in their source."""
    op.execute(
        "UPDATE entries SET line_id = CAST(substr(source, 6) AS BIGINT) WHERE source LIKE 'line:%'"
    )
    op.execute(
        "UPDATE entries SET line_id = CAST(substr(source, 5) AS BIGINT) WHERE source LIKE 'fee:%'"
    )
    op.execute(
        "UPDATE entries SET line_id = (SELECT line_id FROM refunds WHERE refunds.id ="
        " CAST(substr(entries.source, 8) AS BIGINT)) WHERE source LIKE 'refund:%'"
    )


_KEPT = {
    "entries": "",
    "postings": "",
    "periods": "",
    "costs": "source, kind, channel, campaign_code, first_day, last_day, amount, currency",
}
"""What is only ever added, with the columns that stay as they are: of costs a person's name may be erased."""
_CLOSED = "(SELECT MAX(ends_at) FROM periods)"
_INTO_CLOSED = {
    "entries": f"NEW.at < {_CLOSED}",
    "postings": f"EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry_id AND at < {_CLOSED})",
}


def _keep_what_is_booked() -> None:
    """Nothing that was booked changes, and nothing is added to a month that is closed."""
    for table, columns in _KEPT.items():
        of = f" OF {columns}" if columns else ""
        _refuse(table, "changed", f"UPDATE{of}", "it is only ever added to")
        _refuse(table, "deleted", "DELETE", "it is only ever added to")
    for table, when in _INTO_CLOSED.items():
        _refuse(table, "closed", "INSERT", "its month is closed", when)


def _refuse(table: str, name: str, what: str, why: str, when: str = "") -> None:
    trigger = f"{table}_{name}"
    if op.get_bind().dialect.name == "sqlite":
        only = f" WHEN {when}" if when else ""
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE {what} ON {table}{only}"
            f" BEGIN SELECT RAISE(ABORT, '{table}: {why}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION curate_{trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {when or 'TRUE'} THEN RAISE EXCEPTION '{table}: {why}' USING ERRCODE = '23000'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {trigger} BEFORE {what} ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION curate_{trigger}()"
    )
