"""What happens to sources as a whole: which places a tour came by, whether it ended, why it failed."""

from __future__ import annotations

from collections.abc import Iterator

from curate.catalog.database import pack, unpack
from curate.catalog.sightings import Sighting, Sightings
from curate.model import Message


class Tours(Sightings):
    """One tour at a time on one connection: sources that are toured side by side open one each."""

    def start_tour(self) -> None:
        """Begin to note which places are still there; for one source at a time."""
        self.db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS seen (locator TEXT PRIMARY KEY) WITHOUT ROWID"
        )
        self.db.execute("DELETE FROM temp.seen")

    def saw(self, locator: str) -> bool:
        """Note that the place is there; False where it was noted already on this tour."""
        return bool(
            self.db.execute("INSERT OR IGNORE INTO temp.seen VALUES (?)", (locator,)).rowcount
        )

    def missing(self, source: int) -> list[Sighting]:
        """Places of this source that the tour did not come by and that are not marked gone yet."""
        rows = self.db.execute(
            f"{self._SIGHTING} WHERE s.source = ? AND s.state != 'gone'"
            " AND NOT EXISTS (SELECT 1 FROM temp.seen t WHERE t.locator = s.locator) ORDER BY s.locator",
            (source,),
        )
        return [self._sighting(row) for row in rows]

    def end_tour(self, source: int, when: str, trouble: Message | None = None) -> None:
        """Note that the whole source was gone through at ``when`` (ISO 8601, UTC), or why it could not be."""
        if trouble:
            self.db.execute("UPDATE source SET trouble = ? WHERE id = ?", (pack(trouble), source))
        else:
            self.db.execute(
                "UPDATE source SET toured = ?, trouble = NULL WHERE id = ?", (when, source)
            )

    def is_toured(self, source: int) -> bool:
        """Was it ever gone through as a whole, and did not fail since?"""
        row = self.db.execute(
            "SELECT 1 FROM source WHERE id = ? AND toured != '' AND trouble IS NULL", (source,)
        ).fetchone()
        return row is not None

    def failing(self, collection: str) -> Iterator[tuple[str, Message]]:
        """Sources that failed as a whole the last time: place and reason."""
        rows = self.db.execute(
            "SELECT s.place, s.trouble FROM source s JOIN collection c ON c.id = s.collection"
            " WHERE c.name = ? AND s.trouble IS NOT NULL ORDER BY s.kind, s.place",
            (collection,),
        )
        for place, blob in rows:
            reason = unpack(blob, Message)
            assert reason is not None
            yield place, reason

    def troubled(self, source: int) -> frozenset[str]:
        """Places of a source that could not be read the last time, or whose bytes could not."""
        rows = self.db.execute(
            "SELECT s.locator FROM sighting s LEFT JOIN fact f ON f.resource = s.resource WHERE s.source = ?"
            " AND (s.trouble IS NOT NULL OR s.state = 'rejected' AND f.error IS NOT NULL)",
            (source,),
        )
        return frozenset(locator for (locator,) in rows)
