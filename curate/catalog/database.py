"""The open database: transactions, migrations, and the names that every table refers to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from curate.catalog.schema import MIGRATIONS
from curate.errors import CurateError

T = TypeVar("T")
_BUSY_MS = 10_000


def pack(value: Any) -> bytes:
    return msgspec.json.encode(value)


def unpack(blob: bytes | None, shape: type[T]) -> T | None:
    return None if blob is None else msgspec.json.decode(blob, type=shape)


class Database:
    """A connection to the catalogue. The parts of ``Catalog`` extend it, one for each kind of fact."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise CurateError(f"{path} does not exist", "collect something first: curate collect")
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
        try:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute("PRAGMA wal_autocheckpoint = 20000")
            self.db.execute("PRAGMA cache_size = -65536")
            self._migrate()
        except sqlite3.DatabaseError as fault:
            self.db.close()
            raise CurateError(
                f"{path} cannot be used: {fault}",
                "move it away and run curate collect and curate classify: it is rebuilt from the sources",
            ) from fault
        self._ids: dict[str, int] = {}

    def _migrate(self) -> None:
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise CurateError(
                f"{self.path} was written by a newer curate (schema {version}, known {len(MIGRATIONS)})",
                "upgrade curate",
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            with self.transaction():
                for statement in script.split(";\n"):
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA user_version = {number}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested ones join the outer one."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def mark(self, name: str) -> int:
        row = self.db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int) -> None:
        self.db.execute(
            "INSERT INTO mark VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def collection_id(self, name: str, create: bool = False) -> int:
        """Raises CurateError where the collection was never collected and ``create`` is not set."""
        row = self.db.execute("SELECT id FROM collection WHERE name = ?", (name,)).fetchone()
        if row:
            return int(row[0])
        if not create:
            raise CurateError(
                f"the collection '{name}' has not been collected", f"run: curate collect {name}"
            )
        return int(
            self.db.execute(
                "INSERT INTO collection (name) VALUES (?) RETURNING id", (name,)
            ).fetchone()[0]
        )

    def knows(self, name: str) -> bool:
        """Was this collection ever collected?"""
        return (
            self.db.execute("SELECT 1 FROM collection WHERE name = ?", (name,)).fetchone()
            is not None
        )

    def source_id(self, collection: str, kind: str, place: str) -> int:
        """The id of a source, made where it is new."""
        owner = self.collection_id(collection, create=True)
        key = (owner, kind, place)
        row = self.db.execute(
            "SELECT id FROM source WHERE collection = ? AND kind = ? AND place = ?", key
        ).fetchone()
        if row:
            return int(row[0])
        made = self.db.execute(
            "INSERT INTO source (collection, kind, place) VALUES (?, ?, ?) RETURNING id", key
        )
        return int(made.fetchone()[0])

    def sources(self, collection: str) -> dict[int, tuple[str, str]]:
        """Every source ever collected: id → (kind, place)."""
        rows = self.db.execute(
            "SELECT s.id, s.kind, s.place FROM source s JOIN collection c ON c.id = s.collection WHERE c.name = ?",
            (collection,),
        )
        return {int(number): (kind, place) for number, kind, place in rows}

    def resource_id(self, sha256: str) -> int | None:
        if sha256 in self._ids:
            return self._ids[sha256]
        row = self.db.execute(
            "SELECT id FROM resource WHERE sha256 = ?", (bytes.fromhex(sha256),)
        ).fetchone()
        if row is None:
            return None
        if len(self._ids) > 50_000:
            self._ids.clear()
        self._ids[sha256] = int(row[0])
        return int(row[0])

    def known_id(self, sha256: str) -> int:
        number = self.resource_id(sha256)
        if number is None:
            raise CurateError(f"no resource {sha256}", "see what there is with: curate status")
        return number
