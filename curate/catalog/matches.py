"""Fingerprints, the bands that find candidates, and the pairs that proved alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curate.catalog.database import Database
from curate.model import Duplicate, Fingerprint


class Matches(Database):
    """Who is the same as whom."""

    def unmatched(self) -> list[str]:
        """Members whose fingerprint waits to be compared, in hash order; what no collection took can wait."""
        rows = self.db.execute(
            "SELECT r.sha256 FROM print p JOIN resource r ON r.id = p.resource WHERE NOT p.matched"
            " AND EXISTS (SELECT 1 FROM member m WHERE m.resource = p.resource AND m.present) ORDER BY r.sha256"
        )
        return [blob.hex() for (blob,) in rows]

    def fingerprint(self, sha256: str) -> Fingerprint:
        row = self.db.execute(
            "SELECT text, tokens, bands, image, page FROM print WHERE resource = ?",
            (self.known_id(sha256),),
        ).fetchone()
        if row is None:
            return Fingerprint()
        text, tokens, bands, image, page = row
        return Fingerprint(text or b"", tokens, bands or b"", image or b"", page or b"")

    def same_texts(self, digest: bytes, limit: int) -> list[str]:
        """Compared resources with this text digest, in hash order."""
        rows = self.db.execute(
            "SELECT r.sha256 FROM print p JOIN resource r ON r.id = p.resource WHERE p.text = ? AND p.matched"
            " ORDER BY r.sha256 LIMIT ?",
            (digest, limit),
        )
        return [blob.hex() for (blob,) in rows]

    def sharing_bands(self, keys: Sequence[int], limit: int) -> list[str]:
        """Compared resources that share a band, those that share most first."""
        rows = self.db.execute(
            f"SELECT r.sha256 FROM (SELECT resource, count(*) n FROM band WHERE key IN ({','.join('?' * len(keys))}) GROUP BY resource)"
            " b JOIN resource r ON r.id = b.resource ORDER BY b.n DESC, r.sha256 LIMIT ?",
            (*keys, limit),
        )
        return [blob.hex() for (blob,) in rows]

    def image_hashes(self) -> list[tuple[str, bytes]]:
        """The first eight bytes (the perceptual hash) of the signatures of all compared images."""
        rows = self.db.execute(
            "SELECT r.sha256, substr(p.image, 1, 8) FROM print p JOIN resource r ON r.id = p.resource"
            " WHERE p.image IS NOT NULL AND p.matched ORDER BY r.sha256"
        )
        return [(sha256.hex(), head) for sha256, head in rows]

    def put_match(self, sha256: str, keys: Sequence[int], found: Sequence[Duplicate]) -> None:
        """Note that a resource has been compared with all before it."""
        number = self.known_id(sha256)
        self.db.executemany(
            "INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, number) for key in sorted(keys)]
        )
        self.db.executemany(
            "INSERT OR REPLACE INTO duplicate VALUES (?, ?, ?, ?, ?)",
            [
                (self.known_id(one.a), self.known_id(one.b), one.kind, one.score, one.evidence)
                for one in found
            ],
        )
        self.db.execute("UPDATE print SET matched = 1 WHERE resource = ?", (number,))

    def duplicates(self) -> Iterator[Duplicate]:
        """Every pair that was found."""
        rows = self.db.execute(
            "SELECT a.sha256, b.sha256, d.kind, d.score, d.evidence FROM duplicate d"
            " JOIN resource a ON a.id = d.a JOIN resource b ON b.id = d.b ORDER BY a.sha256, b.sha256, d.kind"
        )
        for a, b, kind, score, evidence in rows:
            yield Duplicate(a.hex(), b.hex(), kind, score, evidence)
