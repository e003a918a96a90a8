"""Fingerprints, the keys that find candidates, and the pairs that proved alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from curate.catalog.database import Database, pack, unpack
from curate.model import Duplicate, Fingerprint, Message

Keys = Literal["band", "piece"]
"""Two tables of one shape: bands find texts that are near, pieces find parts and their wholes."""
Side = Literal["image", "sound", "film"]
_DUPLICATE = (
    "SELECT a.sha256, b.sha256, d.kind, d.score, d.evidence, d.part FROM duplicate d"
    " JOIN resource a ON a.id = d.a JOIN resource b ON b.id = d.b"
)


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
            "SELECT text, bands, pieces, image, page, sound, film, tokens FROM print WHERE resource = ?",
            (self.known_id(sha256),),
        ).fetchone()
        if row is None:
            return Fingerprint()
        text, bands, pieces, image, page, sound, film = (side or b"" for side in row[:-1])
        return Fingerprint(text, row[-1], bands, pieces, image, page, sound, film)

    def same_texts(self, digest: bytes, limit: int) -> list[str]:
        """Compared resources with this text digest, in hash order."""
        rows = self.db.execute(
            "SELECT r.sha256 FROM print p JOIN resource r ON r.id = p.resource WHERE p.text = ? AND p.matched"
            " ORDER BY r.sha256 LIMIT ?",
            (digest, limit),
        )
        return [blob.hex() for (blob,) in rows]

    def sharing(
        self, table: Keys, keys: Sequence[int], limit: int, least: int = 1
    ) -> list[tuple[str, int]]:
        """Compared resources that share at least ``least`` of ``keys``, and how many: most first."""
        counts: dict[int, int] = {}
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            rows = self.db.execute(
                f"SELECT resource, count(*) FROM {table} WHERE key IN ({','.join('?' * len(some))}) GROUP BY resource",
                some,
            )
            for number, count in rows:
                counts[number] = counts.get(number, 0) + count
        found = [(number, count) for number, count in counts.items() if count >= least]
        # Ids follow the order of arrival: what ties is ordered by hash, so all of a tie are looked at.
        found.sort(key=lambda one: -one[1])
        if len(found) > limit:
            found = [one for one in found if one[1] >= found[limit - 1][1]]
        named = [(self._name(number), count) for number, count in found]
        return sorted(named, key=lambda one: (-one[1], one[0]))[:limit]

    def _name(self, number: int) -> str:
        row = self.db.execute("SELECT sha256 FROM resource WHERE id = ?", (number,)).fetchone()
        return str(row[0].hex())

    def heads(self, side: Side, size: int) -> list[tuple[str, bytes]]:
        """The first ``size`` bytes of this side of the fingerprints of all that was compared, in hash order."""
        rows = self.db.execute(
            f"SELECT r.sha256, substr(p.{side}, 1, ?) FROM print p JOIN resource r ON r.id = p.resource"
            f" WHERE p.{side} IS NOT NULL AND p.matched ORDER BY r.sha256",
            (size,),
        )
        return [(sha256.hex(), head) for sha256, head in rows]

    def put_match(
        self,
        sha256: str,
        bands: Iterable[int],
        pieces: Iterable[int],
        found: Sequence[Duplicate],
    ) -> None:
        """Note that a resource has been compared with all before it. Whoever is like it is judged again:
        what is kept of a group is described by what is known of all."""
        number = self.known_id(sha256)
        for table, keys in (("band", bands), ("piece", pieces)):
            self.db.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES (?, ?)",
                [(key, number) for key in sorted(keys)],
            )
        for one in found:
            a, b = self.known_id(one.a), self.known_id(one.b)
            told = pack(one.evidence).decode() if one.evidence else ""
            self.db.execute(
                "INSERT OR REPLACE INTO duplicate VALUES (?, ?, ?, ?, ?, ?)",
                (a, b, one.kind, one.score, told, one.part),
            )
            self.db.execute("UPDATE member SET dirty = 1 WHERE resource IN (?, ?)", (a, b))
        self.db.execute("UPDATE print SET matched = 1 WHERE resource = ?", (number,))

    def duplicates(self) -> Iterator[Duplicate]:
        """Every pair that was found."""
        return map(_duplicate, self.db.execute(f"{_DUPLICATE} ORDER BY a.sha256, b.sha256, d.kind"))


def _duplicate(row: Sequence[object]) -> Duplicate:
    a, b, kind, score, evidence, part = row
    told = unpack(str(evidence).encode(), Message) if evidence else None
    return Duplicate(a.hex(), b.hex(), kind, score, told, part)  # type: ignore[attr-defined, arg-type]
