"""The open database: transactions, migrations, and the names that every table refers to."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from curate import typed
from curate.catalog.schema import MIGRATIONS
from curate.errors import CurateError

T = TypeVar("T")
_BUSY_MS = 10_000
_WRITING = threading.RLock()
"""One thread writes at a time: SQLite itself would make the others ask again and again, in no order."""
_AGAIN = "run the command again; if it stays so, check the disk"
_REBUILD = "move it away and run curate collect and curate classify: it is rebuilt from the sources"
_PERMISSION = "check that you may read and write it and the folder it is in"
_HINTS = {
    sqlite3.SQLITE_BUSY: "another program holds it: wait until that has finished",
    sqlite3.SQLITE_LOCKED: "another program holds it: wait until that has finished",
    sqlite3.SQLITE_FULL: "free some space on that disk and run the command again: nothing is lost",
    sqlite3.SQLITE_IOERR: "check the disk, and that it is not full; then run the command again",
    sqlite3.SQLITE_READONLY: _PERMISSION,
    sqlite3.SQLITE_CANTOPEN: _PERMISSION,
    sqlite3.SQLITE_PERM: _PERMISSION,
    sqlite3.SQLITE_CORRUPT: _REBUILD,
    sqlite3.SQLITE_NOTADB: _REBUILD,
}
_UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def pack(value: Any) -> bytes:
    return msgspec.json.encode(value)


def unpack(blob: bytes | None, shape: type[T]) -> T | None:
    """Raises CurateError where a damaged disk has changed what ``pack`` wrote."""
    try:
        return None if blob is None else typed.json(blob, shape)
    except msgspec.DecodeError as fault:
        raise CurateError(f"an entry of the catalogue is damaged: {fault}", _REBUILD) from fault


def _unusable(path: Path, fault: sqlite3.Error) -> CurateError:
    """What SQLite says, with what to do. Only what is beyond repair is to be moved away."""
    # Extended codes hold the primary one in their low byte (https://sqlite.org/rescode.html).
    code = getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return CurateError(f"{path} cannot be used: {fault}", _HINTS.get(code, _AGAIN))


class Database:
    """A connection to the catalogue. The parts of ``Catalog`` extend it, one for each kind of fact.

    Whatever SQLite raises inside its ``with`` leaves it as a CurateError. With ``readonly`` nothing
    can be changed, and it opens where nothing may be written too: on a read-only disk, for example.
    """

    def __init__(self, path: Path, readonly: bool = False) -> None:
        if not path.parent.is_dir():
            raise CurateError(f"{path} does not exist", "collect something first: curate collect")
        self.path = path
        self._ids: dict[str, int] = {}
        try:
            self._open(readonly)
        except sqlite3.Error as fault:
            raise _unusable(path, fault) from fault

    def _open(self, readonly: bool) -> None:
        try:
            self._connect(str(self.path), readonly)
        except sqlite3.Error as fault:
            code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
            log = self.path.with_name(f"{self.path.name}-wal")
            # Without its log a catalogue is whole in its one file, and nobody can be writing to it.
            whole = not (log.exists() and log.stat().st_size)
            if not (readonly and code in _UNWRITABLE and whole and self.path.exists()):
                raise
            self._connect(f"{self.path.resolve().as_uri()}?immutable=1", readonly)

    def _connect(self, name: str, readonly: bool) -> None:
        uri = name.startswith("file:")
        self.db = sqlite3.connect(name, isolation_level=None, timeout=_BUSY_MS / 1000, uri=uri)
        try:
            if not uri:
                self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute("PRAGMA wal_autocheckpoint = 20000")
            self.db.execute("PRAGMA cache_size = -16384")
            self._migrate()
            if readonly:
                self.db.execute("PRAGMA query_only = ON")
        except BaseException:
            self.db.close()
            raise

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

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        self.db.close()
        if isinstance(fault, sqlite3.Error):
            raise _unusable(self.path, fault) from fault

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested ones join the outer one."""
        if self.db.in_transaction:
            yield
            return
        with _WRITING:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:  # SQLite itself goes back where the disk is full
                    self.db.execute("ROLLBACK")
                raise

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
