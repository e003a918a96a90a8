"""What the content of a resource says, whatever collection it is in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from curate.catalog.database import Database, pack, unpack
from curate.model import Extracted, Facts, Message, Profile

Stage = Literal["extract", "profile", "fingerprint"]


class ContentFacts(Database):
    """Facts keyed by (resource, versions of the stages that found them)."""

    def set_versions(self, versions: Mapping[Stage, int]) -> None:
        """Drop the fingerprints of another version: they cannot be compared with new ones."""
        if self.mark("fingerprint") not in (0, versions["fingerprint"]):
            for table in ("band", "piece", "print", "duplicate"):
                self.db.execute(f"DELETE FROM {table}")
        self.set_mark("fingerprint", versions["fingerprint"])

    def unexamined(
        self, collection: str, versions: Mapping[Stage, int], retry: bool = False
    ) -> list[str]:
        """Members that are present and whose facts are missing or of an older version, in hash order.

        ``retry`` adds those that could not be read.
        """
        rows = self.db.execute(
            "SELECT r.sha256 FROM member m JOIN collection c ON c.id = m.collection JOIN resource r ON r.id = m.resource"
            " LEFT JOIN fact f ON f.resource = r.id WHERE c.name = ? AND m.present"
            " AND (f.resource IS NULL OR f.versions != ? OR (? AND f.error IS NOT NULL)) ORDER BY r.sha256",
            (collection, _versions(versions), retry),
        )
        return [blob.hex() for (blob,) in rows]

    def is_examined(self, sha256: str, versions: Mapping[Stage, int]) -> bool:
        row = self.db.execute(
            "SELECT 1 FROM fact f JOIN resource r ON r.id = f.resource WHERE r.sha256 = ? AND f.versions = ?",
            (bytes.fromhex(sha256), _versions(versions)),
        ).fetchone()
        return row is not None

    def put_facts(
        self, sha256: str, facts: Facts, versions: Mapping[Stage, int], error: Message | None = None
    ) -> None:
        """Replace what is known of a resource's content."""
        number = self.known_id(sha256)
        if self.db.execute("SELECT 1 FROM fact WHERE resource = ?", (number,)).fetchone():
            self._forget(number)
        extracted = facts.extracted
        self.db.execute(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?)",
            (
                number,
                _versions(versions),
                pack(msgspec.structs.replace(extracted, text="", thumbnail=b"")),
                pack(facts.profile),
                pack(error) if error else None,
                bool(extracted.problem and not error),
            ),
        )
        if extracted.text:
            body = zlib.compress(extracted.text.encode(), 1)
            self.db.execute("INSERT INTO text VALUES (?, ?)", (number, body))
        if extracted.thumbnail:
            self.db.execute("INSERT INTO thumbnail VALUES (?, ?)", (number, extracted.thumbnail))
        mark = facts.fingerprint
        if mark.text or mark.image or mark.sound or mark.film:
            self.db.execute(
                "INSERT INTO print (resource, tokens, text, bands, pieces, image, page, sound, film, matched)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (
                    number,
                    mark.tokens,
                    *(
                        side or None
                        for side in (
                            mark.text, mark.bands, mark.pieces, mark.image, mark.page, mark.sound, mark.film
                        )
                    ),
                ),
            )  # fmt: skip
        self.db.execute("UPDATE member SET dirty = 1 WHERE resource = ?", (number,))

    def _forget(self, number: int) -> None:
        """Drop all that was known of a resource's content, and who it was like."""
        self._forget_print(number)
        for table in ("fact", "text", "thumbnail"):
            self.db.execute(f"DELETE FROM {table} WHERE resource = ?", (number,))

    def facts(self, sha256: str) -> tuple[Extracted, Profile, Message | None] | None:
        """Content facts without text and thumbnail, and why the resource could not be read, if so."""
        row = self.db.execute(
            "SELECT f.extracted, f.profile, f.error FROM fact f JOIN resource r ON r.id = f.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        if row is None:
            return None
        extracted, profile = unpack(row[0], Extracted), unpack(row[1], Profile)
        assert extracted is not None and profile is not None
        return extracted, profile, unpack(row[2], Message)

    def text(self, sha256: str) -> str:
        row = self.db.execute(
            "SELECT t.body FROM text t JOIN resource r ON r.id = t.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        return zlib.decompress(row[0]).decode() if row else ""

    def thumbnail(self, sha256: str) -> bytes:
        row = self.db.execute(
            "SELECT t.jpeg FROM thumbnail t JOIN resource r ON r.id = t.resource WHERE r.sha256 = ?",
            (bytes.fromhex(sha256),),
        ).fetchone()
        return bytes(row[0]) if row else b""

    def is_unread(self, sha256: str) -> bool:
        """Could its bytes not be read the last time?"""
        row = self.db.execute(
            "SELECT 1 FROM fact f JOIN resource r ON r.id = f.resource WHERE r.sha256 = ? AND f.error IS NOT NULL",
            (bytes.fromhex(sha256),),
        ).fetchone()
        return row is not None

    def forget_facts(self, sha256: str) -> None:
        """Drop what is known of a resource's content, so that it is read again."""
        self._forget(self.known_id(sha256))

    def _forget_print(self, number: int) -> None:
        row = self.db.execute(
            "SELECT text, bands, pieces FROM print WHERE resource = ?", (number,)
        ).fetchone()
        for table, blob in zip(("band", "piece"), row[1:] if row else (), strict=False):
            keys = [(key, number) for (key,) in int64s(blob or b"")]
            self.db.executemany(f"DELETE FROM {table} WHERE key = ? AND resource = ?", keys)
        if row and row[0]:
            # Its twins had no bands of their own, and a likeness to it may have stood for them.
            self.db.execute(
                "UPDATE print SET matched = 0 WHERE text = ? AND resource != ?", (row[0], number)
            )
        self.db.execute("DELETE FROM duplicate WHERE a = ?1 OR b = ?1", (number,))
        self.db.execute("DELETE FROM print WHERE resource = ?", (number,))


def _versions(versions: Mapping[Stage, int]) -> str:
    return " ".join(f"{stage}={versions[stage]}" for stage in sorted(versions))


def int64s(blob: bytes) -> Iterator[tuple[int]]:
    return struct.iter_unpack("<q", blob)
