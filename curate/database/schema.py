"""Versions of the schema: numbered migrations run by Alembic, each in a transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from curate.errors import CurateError

HEAD = "0002"
"""The newest migration; a test compares it with the folder and with ``tables.py``."""
_LOCK = 0x637572617465  # of PostgreSQL: any number that nobody else uses


def upgrade(engine: Engine, told: str) -> None:
    """Bring the database to ``HEAD``. Raises CurateError where it is ahead."""
    with engine.connect() as connection:
        # Alembic takes a third of a second to import: only where there is something to do.
        if _revision(connection) == HEAD:
            return
    with engine.connect().execution_options(curate_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = _revision(connection)
        if found == HEAD:
            return
        if found > HEAD:
            raise CurateError(
                f"{told} was written by a newer curate (schema {found}, known is {HEAD})",
                "update curate: pip install -U curate-materials",
            )
        _run(connection)


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
