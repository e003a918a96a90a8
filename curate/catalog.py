"""What is known, in SQLite: the only SQL about resources.

One process writes (it holds the workspace's lock), any number read. Keys are integers and hashes are
32-byte BLOBs, which keeps a resource at some hundred bytes and look-ups at microseconds. Facts belong
to a resource; what a collection makes of it (its label and its decision) belongs to a *member*.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from curate.errors import CurateError
from curate.migrations import MIGRATIONS
from curate.model import (
    Decision,
    Duplicate,
    Extracted,
    Facts,
    Fingerprint,
    Label,
    Message,
    Profile,
    Said,
)

T = TypeVar("T")
State = Literal["taken", "rejected", "pending", "failed", "gone"]
Stage = Literal["extract", "profile", "fingerprint"]
_BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where bytes were seen, and what became of them."""

    source: int
    locator: str
    state: State
    resource: str = ""  # hex SHA-256; "" where nothing was read
    stamp: str = ""
    basis: str = ""  # digest of the rule that took or rejected it
    reason: Message | None = None  # why it is in this state
    trouble: Message | None = None  # what went wrong the last time somebody looked
    said: Said = field(default_factory=Said)
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A sighting with the names of where it was made."""

    collection: str
    kind: str  # collector
    place: str  # its root or start
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Member:
    """A resource in one collection."""

    collection: str
    sha256: str
    size: int
    present: bool
    dirty: bool
    title: str = ""
    source: str = ""
    label: Label = field(default_factory=lambda: Label(""))
    decision: Decision = field(default_factory=lambda: Decision("deny"))


@dataclass(frozen=True, slots=True)
class Print:
    """A fingerprint that waits to be compared."""

    sha256: str
    fingerprint: Fingerprint


def _pack(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _unpack(blob: bytes | None, shape: type[T]) -> T | None:
    return None if blob is None else msgspec.json.decode(blob, type=shape)


def _chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _marks(count: int) -> str:
    return ",".join("?" * count)


class Catalog:
    """An open catalog. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise CurateError(f"{path} does not exist", "collect something first: curate collect")
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint = 20000")
            self._db.execute("PRAGMA cache_size = -65536")
            self._migrate()
        except sqlite3.DatabaseError as fault:
            self._db.close()
            raise CurateError(
                f"{path} cannot be used: {fault}",
                "move it away and run curate collect and curate classify: it is rebuilt from the sources",
            ) from fault
        self._ids: dict[str, int] = {}

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise CurateError(
                f"{self.path} was written by a newer curate (schema {version}, known {len(MIGRATIONS)})",
                "upgrade curate",
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            with self.transaction():
                for statement in script.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number}")

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested ones join the outer one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- marks: small numbers that outlive a run

    def mark(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int) -> None:
        self._db.execute(
            "INSERT INTO mark VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )

    # -- names

    def collection_id(self, name: str, create: bool = False) -> int:
        """Raises CurateError where the collection was never collected and ``create`` is not set."""
        row = self._db.execute("SELECT id FROM collection WHERE name = ?", (name,)).fetchone()
        if row:
            return int(row[0])
        if not create:
            raise CurateError(
                f"the collection '{name}' has not been collected", f"run: curate collect {name}"
            )
        return int(
            self._db.execute(
                "INSERT INTO collection (name) VALUES (?) RETURNING id", (name,)
            ).fetchone()[0]
        )

    def knows(self, name: str) -> bool:
        """Was this collection ever collected?"""
        return (
            self._db.execute("SELECT 1 FROM collection WHERE name = ?", (name,)).fetchone()
            is not None
        )

    def source_id(self, collection: str, kind: str, place: str) -> int:
        """The id of a source, made where it is new."""
        owner = self.collection_id(collection, create=True)
        key = (owner, kind, place)
        row = self._db.execute(
            "SELECT id FROM source WHERE collection = ? AND kind = ? AND place = ?", key
        ).fetchone()
        if row:
            return int(row[0])
        made = self._db.execute(
            "INSERT INTO source (collection, kind, place) VALUES (?, ?, ?) RETURNING id", key
        )
        return int(made.fetchone()[0])

    def sources(self, collection: str) -> dict[int, tuple[str, str]]:
        """Every source ever collected: id → (kind, place)."""
        rows = self._db.execute(
            "SELECT s.id, s.kind, s.place FROM source s JOIN collection c ON c.id = s.collection WHERE c.name = ?",
            (collection,),
        )
        return {int(number): (kind, place) for number, kind, place in rows}

    # -- resources

    def _resource_id(self, sha256: str) -> int | None:
        if sha256 in self._ids:
            return self._ids[sha256]
        row = self._db.execute(
            "SELECT id FROM resource WHERE sha256 = ?", (bytes.fromhex(sha256),)
        ).fetchone()
        if row is None:
            return None
        if len(self._ids) > 50_000:
            self._ids.clear()
        self._ids[sha256] = int(row[0])
        return int(row[0])

    def _known_id(self, sha256: str) -> int:
        number = self._resource_id(sha256)
        if number is None:
            raise CurateError(f"no resource {sha256}", "see what there is with: curate status")
        return number

    def add_resource(self, sha256: str, size: int) -> None:
        """Note that these bytes are in the store."""
        self._db.execute(
            "INSERT INTO resource (sha256, size, stored) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET stored = 1",
            (bytes.fromhex(sha256), size),
        )

    def size(self, sha256: str) -> int:
        """Bytes of a resource."""
        row = self._db.execute(
            "SELECT size FROM resource WHERE id = ?", (self._known_id(sha256),)
        ).fetchone()
        return int(row[0])

    def is_stored(self, sha256: str) -> bool:
        row = self._db.execute(
            "SELECT stored FROM resource WHERE sha256 = ?", (bytes.fromhex(sha256),)
        ).fetchone()
        return bool(row and row[0])

    def match_resource(self, prefix: str) -> list[str]:
        """Hex SHA-256 of resources whose name begins so, at most ten."""
        low = bytes.fromhex(prefix.ljust(64, "0")[:64])
        high = bytes.fromhex(prefix.ljust(64, "f")[:64])
        rows = self._db.execute(
            "SELECT sha256 FROM resource WHERE sha256 BETWEEN ? AND ? ORDER BY sha256 LIMIT 10",
            (low, high),
        )
        return [blob.hex() for (blob,) in rows]

    def unwanted(self) -> list[str]:
        """Resources whose bytes lie in the store although every place that showed them was rejected."""
        rows = self._db.execute(
            "SELECT DISTINCT r.sha256 FROM sighting s JOIN resource r ON r.id = s.resource"
            " WHERE s.state = 'rejected' AND r.stored = 1"
            " AND NOT EXISTS (SELECT 1 FROM sighting o WHERE o.resource = r.id AND o.state IN ('taken', 'pending', 'gone'))"
            " AND NOT EXISTS (SELECT 1 FROM former f WHERE f.resource = r.id)"
        )
        return [blob.hex() for (blob,) in rows]

    def forget_bytes(self, resources: Sequence[str]) -> None:
        """Note that the store no longer holds these; what is known of them stays."""
        self._db.executemany(
            "UPDATE resource SET stored = 0 WHERE sha256 = ?",
            [(bytes.fromhex(name),) for name in resources],
        )

    # -- sightings

    _SIGHTING = (
        "SELECT s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason, s.trouble, s.said, s.links"
        " FROM sighting s LEFT JOIN resource r ON r.id = s.resource"
    )

    @staticmethod
    def _sighting(row: Sequence[Any]) -> Sighting:
        source, locator, state, sha256, stamp, basis, reason, trouble, said, links = row
        return Sighting(
            source, locator, state, sha256.hex() if sha256 else "", stamp, basis,
            _unpack(reason, Message), _unpack(trouble, Message), _unpack(said, Said) or Said(),
            tuple(zlib.decompress(links).decode().split("\n")) if links else (),
        )  # fmt: skip

    def sighting(self, source: int, locator: str) -> Sighting | None:
        row = self._db.execute(
            f"{self._SIGHTING} WHERE s.source = ? AND s.locator = ?", (source, locator)
        ).fetchone()
        return self._sighting(row) if row else None

    def record(self, sighting: Sighting) -> None:
        """Write a sighting over what was known of that place, and mark the members it touches."""
        row = self._db.execute(
            "SELECT id, resource, state, said FROM sighting WHERE source = ? AND locator = ?",
            (sighting.source, sighting.locator),
        ).fetchone()
        new = self._known_id(sighting.resource) if sighting.resource else None
        said = _pack(sighting.said)
        values = (
            sighting.state, new, sighting.stamp, sighting.basis,
            _pack(sighting.reason) if sighting.reason else None,
            _pack(sighting.trouble) if sighting.trouble else None,
            said, zlib.compress("\n".join(sighting.links).encode(), 1) if sighting.links else None,
        )  # fmt: skip
        if row is None:
            number = self._db.execute(
                "INSERT INTO sighting (state, resource, stamp, basis, reason, trouble, said, links, source, locator)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*values, sighting.source, sighting.locator),
            ).fetchone()[0]
            old, old_state, old_said = None, "", b""
        else:
            number, old, old_state, old_said = row
            self._db.execute(
                "UPDATE sighting SET state = ?, resource = ?, stamp = ?, basis = ?, reason = ?, trouble = ?,"
                " said = ?, links = ? WHERE id = ?",
                (*values, number),
            )
            if old is not None and old != new and old_state == "taken":
                self._db.execute(
                    "INSERT OR IGNORE INTO former VALUES (?, ?, ?)", (number, old, old_said)
                )
        if (old, old_state == "taken", old_said) != (new, sighting.state == "taken", said):
            for resource in {one for one in (old, new) if one is not None}:
                self._touch(sighting.source, resource)

    def _touch(self, source: int, resource: int) -> None:
        """The member this resource is in the source's collection has to be looked at again."""
        taken = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM sighting s WHERE s.resource = ?1 AND s.state = 'taken' AND s.source IN"
            " (SELECT id FROM source WHERE collection = (SELECT collection FROM source WHERE id = ?2)))",
            (resource, source),
        ).fetchone()[0]
        self._db.execute(
            "INSERT INTO member (collection, resource, present, dirty)"
            " SELECT collection, ?1, ?2, 1 FROM source WHERE id = ?3 AND (?2 OR EXISTS (SELECT 1 FROM member m"
            " WHERE m.collection = source.collection AND m.resource = ?1))"
            " ON CONFLICT DO UPDATE SET present = excluded.present, dirty = 1",
            (resource, taken, source),
        )
        # What a place says about these bytes counts wherever else they are a member.
        self._db.execute("UPDATE member SET dirty = 1 WHERE resource = ?", (resource,))

    def start_tour(self) -> None:
        """Begin to note which places are still there; for one source at a time."""
        self._db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS seen (locator TEXT PRIMARY KEY) WITHOUT ROWID"
        )
        self._db.execute("DELETE FROM temp.seen")

    def saw(self, locator: str) -> bool:
        """Note that the place is there; False where it was noted already on this tour."""
        return bool(
            self._db.execute("INSERT OR IGNORE INTO temp.seen VALUES (?)", (locator,)).rowcount
        )

    def missing(self, source: int) -> list[Sighting]:
        """Places of this source that the tour did not come by and that are not marked gone yet."""
        rows = self._db.execute(
            f"{self._SIGHTING} WHERE s.source = ? AND s.state != 'gone'"
            " AND NOT EXISTS (SELECT 1 FROM temp.seen t WHERE t.locator = s.locator) ORDER BY s.locator",
            (source,),
        )
        return [self._sighting(row) for row in rows]

    def pending(self, source: int) -> list[Sighting]:
        rows = self._db.execute(
            f"{self._SIGHTING} WHERE s.source = ? AND s.state = 'pending' ORDER BY s.locator",
            (source,),
        )
        return [self._sighting(row) for row in rows]

    def count_states(self, source: int) -> dict[str, int]:
        rows = self._db.execute(
            "SELECT state, count(*) FROM sighting WHERE source = ? GROUP BY state", (source,)
        )
        return {state: int(count) for state, count in rows}

    def count_taken(self, collection: str) -> int:
        """Places whose bytes a collection took; copies of the same bytes count each."""
        row = self._db.execute(
            "SELECT count(*) FROM sighting s JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE c.name = ? AND s.state = 'taken'",
            (collection,),
        ).fetchone()
        return int(row[0])

    def with_state(self, collection: str, state: State) -> Iterator[Sighting]:
        yield from map(
            self._sighting,
            self._db.execute(
                f"{self._SIGHTING} JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
                " WHERE c.name = ? AND s.state = ? ORDER BY o.kind, o.place, s.locator",
                (collection, state),
            ),
        )

    def troubles(self, collection: str) -> Iterator[Sighting]:
        """Places that could not be read the last time."""
        yield from map(
            self._sighting,
            self._db.execute(
                f"{self._SIGHTING} JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
                " WHERE c.name = ? AND s.trouble IS NOT NULL ORDER BY o.kind, o.place, s.locator",
                (collection,),
            ),
        )

    def places(self, sha256: str) -> list[Place]:
        """Every place where these bytes were seen, in a stable order."""
        rows = self._db.execute(
            "SELECT c.name, o.kind, o.place, s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason,"
            " s.trouble, s.said, s.links FROM sighting s JOIN resource r ON r.id = s.resource"
            " JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE r.sha256 = ? ORDER BY c.name, o.kind, o.place, s.locator",
            (bytes.fromhex(sha256),),
        )
        return [Place(row[0], row[1], row[2], self._sighting(row[3:])) for row in rows]

    def find_locator(self, text: str) -> list[Place]:
        """Places named exactly so or whose path ends so, at most twenty."""
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._db.execute(
            "SELECT c.name, o.kind, o.place, s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason,"
            " s.trouble, s.said, s.links FROM sighting s LEFT JOIN resource r ON r.id = s.resource"
            " JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE s.locator = ?1 OR s.locator LIKE ?2 ESCAPE '\\' ORDER BY s.locator != ?1, c.name, s.locator LIMIT 20",
            (text, f"%/{escaped}"),
        )
        return [Place(row[0], row[1], row[2], self._sighting(row[3:])) for row in rows]

    # -- facts

    def set_versions(self, versions: Mapping[Stage, int]) -> None:
        """Drop the fingerprints of another version: they cannot be compared with new ones."""
        if self.mark("fingerprint") not in (0, versions["fingerprint"]):
            for table in ("band", "print", "duplicate"):
                self._db.execute(f"DELETE FROM {table}")
        self.set_mark("fingerprint", versions["fingerprint"])

    def unexamined(
        self, collection: str, versions: Mapping[Stage, int], retry: bool = False
    ) -> list[str]:
        """Members that are present and whose facts are missing or of an older version, in hash order.

        ``retry`` adds those that could not be read.
        """
        rows = self._db.execute(
            "SELECT r.sha256 FROM member m JOIN collection c ON c.id = m.collection JOIN resource r ON r.id = m.resource"
            " LEFT JOIN fact f ON f.resource = r.id WHERE c.name = ? AND m.present"
            " AND (f.resource IS NULL OR f.versions != ? OR (? AND f.error IS NOT NULL)) ORDER BY r.sha256",
            (collection, _versions(versions), retry),
        )
        return [blob.hex() for (blob,) in rows]

    def is_examined(self, sha256: str, versions: Mapping[Stage, int]) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM fact f JOIN resource r ON r.id = f.resource WHERE r.sha256 = ? AND f.versions = ?",
            (bytes.fromhex(sha256), _versions(versions)),
        ).fetchone()
        return row is not None

    def put_facts(
        self, sha256: str, facts: Facts, versions: Mapping[Stage, int], error: Message | None = None
    ) -> None:
        """Replace what is known of a resource's content."""
        number = self._known_id(sha256)
        extracted = facts.extracted
        self._db.execute(
            "INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?, ?)",
            (
                number, _versions(versions), _pack(replace(extracted, text="", thumbnail=b"")),
                _pack(facts.profile), _pack(error) if error else None,
            ),
        )  # fmt: skip
        for table, value in (
            ("text", zlib.compress(extracted.text.encode(), 1) if extracted.text else b""),
            ("thumbnail", extracted.thumbnail),
        ):
            if value:
                self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (number, value))
            else:
                self._db.execute(f"DELETE FROM {table} WHERE resource = ?", (number,))
        mark = facts.fingerprint
        if self._db.execute("SELECT 1 FROM print WHERE resource = ?", (number,)).fetchone():
            self._forget_print(number)
        if mark.text or mark.image:
            self._db.execute(
                "INSERT INTO print VALUES (?, ?, ?, ?, ?, 0)",
                (number, mark.text or None, mark.tokens, mark.bands or None, mark.image or None),
            )
        self._db.execute("UPDATE member SET dirty = 1 WHERE resource = ?", (number,))

    def facts(self, sha256: str) -> tuple[Extracted, Profile, Message | None] | None:
        """Content facts without text and thumbnail, and why the resource could not be read, if so."""
        row = self._db.execute(
            "SELECT f.extracted, f.profile, f.error FROM fact f JOIN resource r ON r.id = f.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        if row is None:
            return None
        extracted, profile = _unpack(row[0], Extracted), _unpack(row[1], Profile)
        assert extracted is not None and profile is not None
        return extracted, profile, _unpack(row[2], Message)

    def text(self, sha256: str) -> str:
        row = self._db.execute(
            "SELECT t.body FROM text t JOIN resource r ON r.id = t.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        return zlib.decompress(row[0]).decode() if row else ""

    def thumbnail(self, sha256: str) -> bytes:
        row = self._db.execute(
            "SELECT t.jpeg FROM thumbnail t JOIN resource r ON r.id = t.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        return bytes(row[0]) if row else b""

    # -- duplicates

    def unmatched(self) -> list[str]:
        """Resources whose fingerprint waits to be compared, in hash order."""
        rows = self._db.execute(
            "SELECT r.sha256 FROM print p JOIN resource r ON r.id = p.resource WHERE NOT p.matched ORDER BY r.sha256"
        )
        return [blob.hex() for (blob,) in rows]

    def fingerprint(self, sha256: str) -> Fingerprint:
        row = self._db.execute(
            "SELECT text, tokens, bands, image FROM print WHERE resource = ?",
            (self._known_id(sha256),),
        ).fetchone()
        return (
            Fingerprint(row[0] or b"", row[1], row[2] or b"", row[3] or b"")
            if row
            else Fingerprint()
        )

    def same_text(self, digest: bytes) -> str:
        """The first compared resource with this text digest, or ""."""
        row = self._db.execute(
            "SELECT r.sha256 FROM print p JOIN resource r ON r.id = p.resource WHERE p.text = ? AND p.matched"
            " ORDER BY r.sha256 LIMIT 1",
            (digest,),
        ).fetchone()
        return row[0].hex() if row else ""

    def sharing_bands(self, keys: Sequence[int], limit: int) -> list[str]:
        """Compared resources that share a band, those that share most first."""
        rows = self._db.execute(
            f"SELECT r.sha256 FROM (SELECT resource, count(*) n FROM band WHERE key IN ({_marks(len(keys))}) GROUP BY resource)"
            " b JOIN resource r ON r.id = b.resource ORDER BY b.n DESC, r.sha256 LIMIT ?",
            (*keys, limit),
        )
        return [blob.hex() for (blob,) in rows]

    def image_hashes(self) -> list[tuple[str, bytes]]:
        """The first eight bytes (the perceptual hash) of the signatures of all compared images."""
        rows = self._db.execute(
            "SELECT r.sha256, substr(p.image, 1, 8) FROM print p JOIN resource r ON r.id = p.resource"
            " WHERE p.image IS NOT NULL AND p.matched ORDER BY r.sha256"
        )
        return [(sha256.hex(), head) for sha256, head in rows]

    def put_match(self, sha256: str, keys: Sequence[int], found: Sequence[Duplicate]) -> None:
        """Note that a resource has been compared with all before it."""
        number = self._known_id(sha256)
        self._db.executemany(
            "INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, number) for key in sorted(keys)]
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO duplicate VALUES (?, ?, ?, ?, ?)",
            [
                (self._known_id(one.a), self._known_id(one.b), one.kind, one.score, one.evidence)
                for one in found
            ],
        )
        self._db.execute("UPDATE print SET matched = 1 WHERE resource = ?", (number,))

    def _forget_print(self, number: int) -> None:
        row = self._db.execute("SELECT bands FROM print WHERE resource = ?", (number,)).fetchone()
        if row and row[0]:
            keys = [(key, number) for (key,) in _int64s(row[0])]
            self._db.executemany("DELETE FROM band WHERE key = ? AND resource = ?", keys)
        self._db.execute("DELETE FROM duplicate WHERE a = ?1 OR b = ?1", (number,))
        self._db.execute("DELETE FROM print WHERE resource = ?", (number,))

    def duplicates(self) -> Iterator[Duplicate]:
        """Every pair that was found."""
        rows = self._db.execute(
            "SELECT a.sha256, b.sha256, d.kind, d.score, d.evidence FROM duplicate d"
            " JOIN resource a ON a.id = d.a JOIN resource b ON b.id = d.b ORDER BY a.sha256, b.sha256, d.kind"
        )
        for a, b, kind, score, evidence in rows:
            yield Duplicate(a.hex(), b.hex(), kind, score, evidence)

    # -- members

    _MEMBER = (
        "SELECT c.name, r.sha256, r.size, m.present, m.dirty, m.title, m.source, m.label, m.decision"
        " FROM member m JOIN resource r ON r.id = m.resource JOIN collection c ON c.id = m.collection"
    )

    @staticmethod
    def _member(row: Sequence[Any]) -> Member:
        collection, sha256, size, present, dirty, title, source, label, decision = row
        return Member(
            collection, sha256.hex(), size, bool(present), bool(dirty), title, source,
            _unpack(label, Label) or Label(""), _unpack(decision, Decision) or Decision("deny"),
        )  # fmt: skip

    def members(self, collection: str) -> Iterator[Member]:
        """What is present in a collection, in hash order."""
        yield from map(
            self._member,
            self._db.execute(
                f"{self._MEMBER} WHERE c.name = ? AND m.present ORDER BY r.sha256", (collection,)
            ),
        )

    def member(self, collection: str, sha256: str) -> Member | None:
        row = self._db.execute(
            f"{self._MEMBER} WHERE c.name = ? AND r.sha256 = ?", (collection, bytes.fromhex(sha256))
        ).fetchone()
        return self._member(row) if row else None

    def mark_dirty(self, collection: str, basis: str) -> None:
        """Members that were judged by other rules than ``basis`` have to be judged again."""
        self._db.execute(
            "UPDATE member SET dirty = 1 WHERE collection = ? AND NOT dirty AND basis != ?",
            (self.collection_id(collection), basis),
        )

    def dirty(self, collection: str) -> list[str]:
        rows = self._db.execute(
            "SELECT r.sha256 FROM member m JOIN resource r ON r.id = m.resource JOIN collection c ON c.id = m.collection"
            " WHERE c.name = ? AND m.dirty ORDER BY r.sha256",
            (collection,),
        )
        return [blob.hex() for (blob,) in rows]

    def put_member(self, member: Member, basis: str, revision: int) -> None:
        """Write how a member was judged; ``revision`` tells the index what is new."""
        self._db.execute(
            "UPDATE member SET dirty = 0, title = ?, source = ?, label = ?, decision = ?, basis = ?, revision = ?"
            " WHERE collection = ? AND resource = ?",
            (
                member.title, member.source, _pack(member.label), _pack(member.decision), basis, revision,
                self.collection_id(member.collection), self._known_id(member.sha256),
            ),
        )  # fmt: skip

    def next_revision(self) -> int:
        revision = self.mark("revision") + 1
        self.set_mark("revision", revision)
        return revision

    def changed_since(self, revision: int, present: bool) -> Iterator[Member]:
        """Members judged after ``revision``, oldest first: those that are present, or those that left."""
        yield from map(
            self._member,
            self._db.execute(
                f"{self._MEMBER} WHERE m.revision > ? AND NOT m.dirty AND m.present = ? ORDER BY m.revision, r.sha256",
                (revision, present),
            ),
        )

    def unread(self, collection: str) -> Iterator[tuple[str, Message]]:
        """Members whose bytes could not be read, by where they lie, and why."""
        rows = self._db.execute(
            "SELECT m.source, f.error FROM member m JOIN collection c ON c.id = m.collection"
            " JOIN fact f ON f.resource = m.resource WHERE c.name = ? AND m.present AND f.error IS NOT NULL ORDER BY m.source",
            (collection,),
        )
        for source, error in rows:
            yield source, msgspec.json.decode(error, type=Message)

    def count_members(self, collection: str) -> dict[str, int]:
        """present; dirty: changed since they were judged; unjudged: never judged; unread: bytes unreadable."""
        row = self._db.execute(
            "SELECT coalesce(sum(m.present), 0), coalesce(sum(m.dirty), 0),"
            " coalesce(sum(m.present AND NOT m.dirty AND m.decision IS NULL), 0),"
            " coalesce(sum(m.present AND f.error IS NOT NULL), 0) FROM member m"
            " JOIN collection c ON c.id = m.collection LEFT JOIN fact f ON f.resource = m.resource WHERE c.name = ?",
            (collection,),
        ).fetchone()
        return dict(zip(("present", "dirty", "unjudged", "unread"), map(int, row), strict=True))

    def vocabulary(self, limit: int = 50_000) -> Iterator[str]:
        """Titles and keywords of what is present: the words a misspelt query may have meant."""
        rows = self._db.execute(
            "SELECT m.title, f.profile FROM member m JOIN fact f ON f.resource = m.resource WHERE m.present LIMIT ?",
            (limit,),
        )
        for title, profile in rows:
            yield title
            decoded = _unpack(profile, Profile)
            yield from decoded.keywords if decoded else ()


def _versions(versions: Mapping[Stage, int]) -> str:
    return " ".join(f"{stage}={versions[stage]}" for stage in sorted(versions))


def _int64s(blob: bytes) -> Iterator[tuple[int]]:
    import struct

    return struct.iter_unpack("<q", blob)
