"""shop.db, where orders and money live: SQLite by default, PostgreSQL by one setting.

Apart from the catalogue, which can be made anew at any time; this cannot. All of it goes through
SQLAlchemy Core in explicit transactions: nothing is written that the end of the transaction has not
confirmed to be on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, Table, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from curate.database.turns import turn
from curate.errors import CurateError

_PATIENCE = 60.0
"""Seconds that a writer waits for others: SQLite lets one write at a time."""
_CACHE = 64 << 10
"""KiB that a connection keeps of SQLite's file at most: a million orders go into indexes at random places."""
_WRITES = "curate_writes"


class Database:
    """One open database. Thread-safe; a child process opens its own. ``turns``: the file at which writers queue."""

    def __init__(self, engine: Engine, turns: Path | None = None) -> None:
        self.engine = engine
        self._turns = turns

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view of one moment."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it lasting when the block ends, nothing of it where an exception leaves it.

        SQLite's lock is taken at once, so that nothing read inside can have become old before it is written.
        Writers come first in, first out: one within another would wait for itself for ever.
        On PostgreSQL rows that decide something are read with ``with_for_update()``.
        """
        with (
            turn(self._turns) if self._turns else nullcontext(),
            self.engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        from sqlalchemy.dialects import postgresql, sqlite

        dialect = sqlite if self.engine.dialect.name == "sqlite" else postgresql
        return dialect.insert(table)

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, home: Path) -> Database:
    """The database at ``url``, brought up to date; "" for ``home``/shop.db, which is made where it is missing.

    Raises CurateError where it cannot be reached, or is of a newer curate.
    """
    from curate.database import schema

    path = home / "shop.db"
    engine = _sqlite(path) if not url else _server(url)
    told = str(path) if not url else _shown(engine.url)
    try:
        schema.upgrade(engine, told)
    except DBAPIError as fault:
        raise CurateError(
            f"{told} cannot be used: {fault.orig}", "check that it is there and may be written to"
        ) from fault
    return Database(engine, None if url else path.with_name(f"{path.name}-turn"))


def release(path: Path) -> None:
    """Let go of the SQLite file at ``path``, so that another may take its place: its log goes into it.

    Raises CurateError where somebody has it open. What cannot be read as a database is left as it is.
    """
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)), connect_args={"timeout": 1.0}
    )
    faults = engine.dialect.loaded_dbapi
    try:
        with closing(engine.raw_connection()) as raw:
            mode = raw.cursor().execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except faults.OperationalError as fault:
        raise CurateError(
            f"{path} is in use: {fault}", "stop curate serve and whatever else uses the shop"
        ) from fault
    except faults.DatabaseError:
        mode = "delete"  # damaged: that is why another one comes
    finally:
        engine.dispose()
    if mode != "delete":
        raise CurateError(f"{path} is in use", "stop curate serve and whatever else uses the shop")


def _sqlite(path: Path) -> Engine:
    if not path.exists():
        # Names of buyers and codes worth money: nobody else on this machine reads them.
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _PATIENCE, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # The driver would begin transactions when it thinks fit; see "begin" below.
        connection.isolation_level = None
        # What is deleted or blanked is overwritten: it could be read in the file otherwise.
        for pragma in (
            "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON",
            f"cache_size = -{_CACHE}",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _shown(url: URL) -> str:
    """Without what may be secret: passwords stand behind the question mark, too."""
    return url.set(query={}).render_as_string(hide_password=True)


def _server(url: str) -> Engine:
    try:
        parsed = sqlalchemy.make_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise CurateError(
                f"database: {_shown(parsed)} is not PostgreSQL",
                "write postgresql://user@host/name, or leave it out for shop.db",
            )
        if "@" in (parsed.host or ""):
            # Of a password with an @ the half would be taken for a host's name, and told.
            raise ValueError("an @ too many")
        return sqlalchemy.create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10
        )
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise CurateError(
            "database: the address cannot be read",
            "write postgresql://user@host/name; the password belongs into ~/.pgpass or PGPASSWORD",
        ) from None  # what was wrong with it may be a part of a password
    except ModuleNotFoundError as fault:
        raise CurateError(
            "the PostgreSQL driver is not installed",
            "run: pip install 'curate-materials[postgres]'",
        ) from fault
