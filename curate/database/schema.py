"""Versions of the schema: numbered migrations run by Alembic, each in a transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from curate.database.tables import metadata
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
            raise _newer(told, found)
        _run(connection)


def check(file: Path, told: str) -> None:
    """Read a SQLite file that is to become a shop's, and change nothing.

    Raises CurateError where it is damaged, of something else, or of a newer curate.
    """
    query = {"immutable": "1", "uri": "true"}
    url = URL.create("sqlite", database=file.absolute().as_uri(), query=query)
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            wrong = connection.scalar(text("PRAGMA quick_check(1)"))
            found = _revision(connection)
            names = set(inspect(connection).get_table_names())
    except SQLAlchemyError as fault:
        why = getattr(fault, "orig", fault)
        raise CurateError(f"{told} is no database of a shop: {why}", "take another one") from fault
    if found > HEAD:
        raise _newer(told, found)
    if not found or wrong != "ok" or (found == HEAD and not metadata.tables.keys() <= names):
        raise CurateError(f"{told} is damaged, or no database of a shop", "take another one")


def _newer(told: str, found: str) -> CurateError:
    return CurateError(
        f"{told} was written by a newer curate (schema {found}, known is {HEAD})",
        "update curate: pip install -U curate-materials",
    )


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
