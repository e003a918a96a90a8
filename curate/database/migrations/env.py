"""Alembic's entry: migrations run on the connection, and in the transaction, that ``schema.upgrade`` gives."""

from __future__ import annotations

from alembic import context

from curate.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
