"""Which bytes there are, and every place where they were seen."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curate.catalog.database import Database, pack, unpack
from curate.model import Extracted, Message, Said, Statement

State = Literal["taken", "rejected", "pending", "failed", "gone"]


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
    noted: str = ""  # ISO 8601, UTC: when the place was first heard to show and say just this


@dataclass(frozen=True, slots=True)
class Place:
    """A sighting with the names of where it was made."""

    collection: str
    kind: str  # collector
    place: str  # its root or start
    sighting: Sighting


class Sightings(Database):
    """Resources and the places that show them."""

    def add_resource(self, sha256: str, size: int) -> None:
        """Note that these bytes are in the store."""
        self.db.execute(
            "INSERT INTO resource (sha256, size, stored) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET stored = 1",
            (bytes.fromhex(sha256), size),
        )

    def size(self, sha256: str) -> int:
        """Bytes of a resource."""
        row = self.db.execute(
            "SELECT size FROM resource WHERE id = ?", (self.known_id(sha256),)
        ).fetchone()
        return int(row[0])

    def is_stored(self, sha256: str) -> bool:
        row = self.db.execute(
            "SELECT stored FROM resource WHERE sha256 = ?", (bytes.fromhex(sha256),)
        ).fetchone()
        return bool(row and row[0])

    def match_resource(self, prefix: str) -> list[str]:
        """Hex SHA-256 of resources whose name begins so, at most ten."""
        low = bytes.fromhex(prefix.ljust(64, "0")[:64])
        high = bytes.fromhex(prefix.ljust(64, "f")[:64])
        rows = self.db.execute(
            "SELECT sha256 FROM resource WHERE sha256 BETWEEN ? AND ? ORDER BY sha256 LIMIT 10",
            (low, high),
        )
        return [blob.hex() for (blob,) in rows]

    def unwanted(self) -> list[str]:
        """Resources whose bytes lie in the store although every place that showed them was rejected."""
        rows = self.db.execute(
            "SELECT DISTINCT r.sha256 FROM sighting s JOIN resource r ON r.id = s.resource"
            " WHERE s.state = 'rejected' AND r.stored = 1"
            " AND NOT EXISTS (SELECT 1 FROM sighting o WHERE o.resource = r.id AND o.state IN ('taken', 'pending', 'gone'))"
            " AND NOT EXISTS (SELECT 1 FROM former f WHERE f.resource = r.id)"
        )
        return [blob.hex() for (blob,) in rows]

    def forget_bytes(self, resources: Sequence[str]) -> None:
        """Note that the store no longer holds these; what is known of them stays."""
        self.db.executemany(
            "UPDATE resource SET stored = 0 WHERE sha256 = ?",
            [(bytes.fromhex(name),) for name in resources],
        )

    _SIGHTING = (
        "SELECT s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason, s.trouble, s.said, s.links, s.noted"
        " FROM sighting s LEFT JOIN resource r ON r.id = s.resource"
    )

    @staticmethod
    def _sighting(row: Sequence[Any]) -> Sighting:
        source, locator, state, sha256, stamp, basis, reason, trouble, said, links, noted = row
        return Sighting(
            source, locator, state, sha256.hex() if sha256 else "", stamp, basis,
            unpack(reason, Message), unpack(trouble, Message), unpack(said, Said) or Said(),
            tuple(zlib.decompress(links).decode().split("\n")) if links else (), noted,
        )  # fmt: skip

    def sighting(self, source: int, locator: str) -> Sighting | None:
        row = self.db.execute(
            f"{self._SIGHTING} WHERE s.source = ? AND s.locator = ?", (source, locator)
        ).fetchone()
        return self._sighting(row) if row else None

    def record(self, sighting: Sighting) -> None:
        """Write a sighting over what was known of that place, and mark the members it touches."""
        row = self.db.execute(
            "SELECT id, resource, state, said, noted FROM sighting WHERE source = ? AND locator = ?",
            (sighting.source, sighting.locator),
        ).fetchone()
        new = self.known_id(sighting.resource) if sighting.resource else None
        said = pack(sighting.said)
        values = (
            sighting.state, new, sighting.stamp, sighting.basis,
            pack(sighting.reason) if sighting.reason else None,
            pack(sighting.trouble) if sighting.trouble else None,
            said, zlib.compress("\n".join(sighting.links).encode(), 1) if sighting.links else None,
        )  # fmt: skip
        if row is None:
            number = self.db.execute(
                "INSERT INTO sighting (state, resource, stamp, basis, reason, trouble, said, links, source, locator, noted)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*values, sighting.source, sighting.locator, sighting.noted),
            ).fetchone()[0]
            old, old_state, old_said = None, "", b""
        else:
            number, old, old_state, old_said, noted = row
            self._restate(number, (old, old_said, noted), (new, said, sighting))
            self.db.execute(
                "UPDATE sighting SET state = ?, resource = ?, stamp = ?, basis = ?, reason = ?, trouble = ?,"
                " said = ?, links = ?, noted = ? WHERE id = ?",
                (*values, noted if (old, old_said) == (new, said) else sighting.noted, number),
            )
            if old is not None and old != new and old_state == "taken":
                self.db.execute(
                    "INSERT OR IGNORE INTO former VALUES (?, ?, ?)", (number, old, old_said)
                )
        if (old, old_state == "taken", old_said) != (new, sighting.state == "taken", said):
            for resource in {one for one in (old, new) if one is not None}:
                self._touch(sighting.source, resource)

    def _restate(
        self,
        number: int,
        before: tuple[int | None, bytes, str],
        after: tuple[int | None, bytes, Sighting],
    ) -> None:
        """Keep what a place said about the rights in the same bytes until it said otherwise."""
        old, old_said, noted = before
        new, said, sighting = after
        if old is None or old != new or old_said == said:
            return
        was = unpack(old_said, Said) or Said()
        if was.statements and was.statements != sighting.said.statements:
            self.db.execute(
                "INSERT OR REPLACE INTO restated VALUES (?, ?, ?, ?)",
                (number, old, noted, old_said),
            )

    def earlier(self, collection: str, sha256: str) -> list[Statement]:
        """What the places of a collection that show these bytes said before about rights: about the same
        bytes, or about those that they showed until then, and in those themselves."""
        number = self.known_id(sha256)
        here = " FROM sighting s JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
        where = " WHERE s.resource = ? AND s.state = 'taken' AND c.name = ? ORDER BY s.id"
        said = self.db.execute(
            f"SELECT r.said{here} JOIN restated r ON r.sighting = s.id AND r.resource = s.resource{where}, r.noted",
            (number, collection),
        ).fetchall()
        former = self.db.execute(
            f"SELECT f.said, x.extracted{here} JOIN former f ON f.sighting = s.id"
            f" LEFT JOIN fact x ON x.resource = f.resource{where}, f.resource",
            (number, collection),
        ).fetchall()
        found: dict[Statement, None] = {}
        for (blob,) in (*said, *((one,) for one, _ in former)):
            found.update(dict.fromkeys((unpack(blob, Said) or Said()).statements))
        for _, blob in former:
            inside = unpack(blob, Extracted)
            found.update(dict.fromkeys(inside.statements if inside else ()))
        return list(found)

    def _touch(self, source: int, resource: int) -> None:
        """The member this resource is in the source's collection has to be looked at again."""
        taken = self.db.execute(
            "SELECT EXISTS (SELECT 1 FROM sighting s WHERE s.resource = ?1 AND s.state = 'taken' AND s.source IN"
            " (SELECT id FROM source WHERE collection = (SELECT collection FROM source WHERE id = ?2)))",
            (resource, source),
        ).fetchone()[0]
        self.db.execute(
            "INSERT INTO member (collection, resource, present, dirty)"
            " SELECT collection, ?1, ?2, 1 FROM source WHERE id = ?3 AND (?2 OR EXISTS (SELECT 1 FROM member m"
            " WHERE m.collection = source.collection AND m.resource = ?1))"
            " ON CONFLICT DO UPDATE SET present = excluded.present, dirty = 1",
            (resource, taken, source),
        )
        # What a place says about these bytes counts wherever else they are a member.
        self.db.execute("UPDATE member SET dirty = 1 WHERE resource = ?", (resource,))

    def pending(self, source: int, page: int = 5000) -> Iterator[tuple[str, str]]:
        """Resources of this source that wait for their text, in hash order, each with a place.

        Reads ``page`` at a time, so that rows may be written while it goes on.
        """
        after = b""
        while True:
            rows = self.db.execute(
                "SELECT r.sha256, min(s.locator) FROM sighting s JOIN resource r ON r.id = s.resource"
                " WHERE s.source = ? AND s.state = 'pending' AND r.sha256 > ? GROUP BY r.sha256 ORDER BY r.sha256 LIMIT ?",
                (source, after, page),
            ).fetchall()
            if not rows:
                return
            yield from ((sha256.hex(), locator) for sha256, locator in rows)
            after = rows[-1][0]

    def pending_places(self, source: int, sha256: str) -> list[Sighting]:
        """Places of this source that show a resource and wait for its text."""
        rows = self.db.execute(
            # The plus keeps SQLite from going through all places of the source instead.
            f"{self._SIGHTING} WHERE s.resource = ? AND +s.source = ? AND s.state = 'pending'",
            (self.known_id(sha256), source),
        )
        return sorted(map(self._sighting, rows), key=lambda one: one.locator)

    def locators(self, source: int) -> Iterator[str]:
        """Places of a source that were taken."""
        rows = self.db.execute(
            "SELECT locator FROM sighting WHERE source = ? AND state = 'taken'", (source,)
        )
        return (locator for (locator,) in rows)

    def collections(self) -> list[str]:
        """Every collection that was ever collected, sorted."""
        return [name for (name,) in self.db.execute("SELECT name FROM collection ORDER BY name")]

    def is_live(self, source: int) -> bool:
        """Does this source still give anything?"""
        row = self.db.execute(
            "SELECT 1 FROM sighting WHERE source = ? AND state IN ('taken', 'pending') LIMIT 1",
            (source,),
        ).fetchone()
        return row is not None

    def selected_otherwise(self, source: int, basis: str) -> bool:
        """Was something of this source taken by another rule than ``basis``?"""
        row = self.db.execute(
            "SELECT 1 FROM sighting WHERE source = ? AND (state = 'pending' OR state = 'taken' AND basis != ?) LIMIT 1",
            (source, basis),
        ).fetchone()
        return row is not None

    def count_states(self, source: int) -> dict[str, int]:
        rows = self.db.execute(
            "SELECT state, count(*) FROM sighting WHERE source = ? GROUP BY state", (source,)
        )
        return {state: int(count) for state, count in rows}

    def count_taken(self, collection: str) -> int:
        """Places whose bytes a collection took; copies of the same bytes count each."""
        row = self.db.execute(
            "SELECT count(*) FROM sighting s JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE c.name = ? AND s.state = 'taken'",
            (collection,),
        ).fetchone()
        return int(row[0])

    def with_state(self, collection: str, state: State) -> Iterator[Sighting]:
        yield from map(
            self._sighting,
            self.db.execute(
                f"{self._SIGHTING} JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
                " WHERE c.name = ? AND s.state = ? ORDER BY o.kind, o.place, s.locator",
                (collection, state),
            ),
        )

    def troubles(self, collection: str) -> Iterator[Sighting]:
        """Places that could not be read the last time."""
        yield from map(
            self._sighting,
            self.db.execute(
                f"{self._SIGHTING} JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
                " WHERE c.name = ? AND s.trouble IS NOT NULL ORDER BY o.kind, o.place, s.locator",
                (collection,),
            ),
        )

    def unread(self, collection: str, state: State) -> Iterator[tuple[str, Message]]:
        """Places in this state whose bytes could not be read, and why."""
        for locator, blob in self._troubled(collection, state, "f.error", "f.error IS NOT NULL"):
            reason = unpack(blob, Message)
            assert reason is not None
            yield locator, reason

    def half_read(self, collection: str) -> Iterator[tuple[str, str]]:
        """Taken places whose bytes could be read only in part, and which part could not."""
        for locator, blob in self._troubled(collection, "taken", "f.extracted", "f.partial"):
            extracted = unpack(blob, Extracted)
            assert extracted is not None
            yield locator, extracted.problem

    def _troubled(
        self, collection: str, state: State, column: str, condition: str
    ) -> Iterator[tuple[str, bytes]]:
        return self.db.execute(
            f"SELECT s.locator, {column} FROM sighting s JOIN fact f ON f.resource = s.resource"
            " JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            f" WHERE c.name = ? AND s.state = ? AND {condition} ORDER BY o.kind, o.place, s.locator",
            (collection, state),
        )

    def places(self, sha256: str) -> list[Place]:
        """Every place where these bytes were seen, in a stable order."""
        rows = self.db.execute(
            "SELECT c.name, o.kind, o.place, s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason,"
            " s.trouble, s.said, s.links, s.noted FROM sighting s JOIN resource r ON r.id = s.resource"
            " JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE r.sha256 = ? ORDER BY c.name, o.kind, o.place, s.locator",
            (bytes.fromhex(sha256),),
        )
        return [Place(row[0], row[1], row[2], self._sighting(row[3:])) for row in rows]

    def near_locators(self, text: str, limit: int = 3) -> list[str]:
        """Places that have ``text`` anywhere in their name, for a question that named none."""
        rows = self.db.execute(
            "SELECT DISTINCT locator FROM sighting WHERE instr(lower(locator), lower(?)) ORDER BY length(locator), locator LIMIT ?",
            (text, limit),
        )
        return [locator for (locator,) in rows]

    def find_locator(self, text: str) -> list[Place]:
        """Places named exactly so or whose path ends so, at most twenty."""
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self.db.execute(
            "SELECT c.name, o.kind, o.place, s.source, s.locator, s.state, r.sha256, s.stamp, s.basis, s.reason,"
            " s.trouble, s.said, s.links, s.noted FROM sighting s LEFT JOIN resource r ON r.id = s.resource"
            " JOIN source o ON o.id = s.source JOIN collection c ON c.id = o.collection"
            " WHERE s.locator = ?1 OR s.locator LIKE ?2 ESCAPE '\\' ORDER BY s.locator != ?1, c.name, s.locator LIMIT 20",
            (text, f"%/{escaped}"),
        )
        return [Place(row[0], row[1], row[2], self._sighting(row[3:])) for row in rows]
