"""Fingerprints, the keys that find candidates, and the pairs that proved alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import msgspec

from curate.catalog.database import Database, pack, unpack
from curate.model import Alike, Decision, Duplicate, Fingerprint, Kind, Message

Keys = Literal["band", "piece"]
"""Two tables of one shape: bands find texts that are near, pieces find parts and their wholes."""
Side = Literal["image", "sound", "film"]
_DUPLICATE = (
    "SELECT a.sha256, b.sha256, d.kind, d.score, d.evidence, d.part FROM duplicate d"
    " JOIN resource a ON a.id = d.a JOIN resource b ON b.id = d.b"
)
_PAGE = 500
"""Names that one question asks about."""
_HOLDERS = 2000
"""Most that one key leads to. All of what shares a licence text or a form would cost the square of their number."""


class _Outline(msgspec.Struct, frozen=True):
    """What of ``Extracted`` the choice between duplicates looks at; the rest is not even decoded."""

    format: str
    kind: Kind
    created: str = ""
    truncated: bool = False
    properties: Mapping[str, int | float | str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A member that is present and was read, as the choice between duplicates sees it."""

    sha256: str
    size: int
    title: str
    source: str
    decision: Decision
    revision: int
    readable: bool
    kind: Kind
    format: str
    created: str
    pixels: int  # width x height; 0 where it is no picture
    tokens: int
    truncated: bool  # there is more text than was read


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
        """Compared resources that share at least ``least`` of ``keys``, and how many: most first.

        Of each key the first ``_HOLDERS`` that have it are looked at: one that stands in more is boilerplate.
        """
        holders: Counter[tuple[int]] = Counter()
        for start in range(0, len(keys), _PAGE):
            holders.update(self._holders(table, keys[start : start + _PAGE]))
        found = [(number, count) for (number,), count in holders.items() if count >= least]
        # Ids follow the order of arrival: what ties is ordered by hash, so all of a tie are looked at.
        found.sort(key=lambda one: -one[1])
        if len(found) > limit:
            found = [one for one in found if one[1] >= found[limit - 1][1]]
        names = self._names(number for number, _ in found)
        named = [(names[number], count) for number, count in found]
        return sorted(named, key=lambda one: (-one[1], one[0]))[:limit]

    def _holders(self, table: Keys, keys: Sequence[int]) -> list[tuple[int]]:
        query = f"SELECT resource FROM {table} WHERE key"
        some = f"{query} IN ({','.join('?' * len(keys))}) LIMIT {_HOLDERS}"
        found = self.db.execute(some, keys).fetchall()
        if len(found) < _HOLDERS:
            return found  # as for nearly all texts: one question instead of one for each key
        each = f"{query} = ? LIMIT {_HOLDERS}"
        return list(chain.from_iterable(self.db.execute(each, (key,)) for key in keys))

    def _names(self, numbers: Iterable[int]) -> dict[int, str]:
        wanted = sorted(numbers)
        names: dict[int, str] = {}
        for start in range(0, len(wanted), _PAGE):
            some = wanted[start : start + _PAGE]
            rows = self.db.execute(
                f"SELECT id, sha256 FROM resource WHERE id IN ({','.join('?' * len(some))})", some
            )
            names.update((number, blob.hex()) for number, blob in rows)
        return names

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
        """Note that a resource has been compared with all before it."""
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
        self.db.execute("UPDATE print SET matched = 1 WHERE resource = ?", (number,))

    def duplicates(self) -> Iterator[Duplicate]:
        """Every pair that was found."""
        return map(_duplicate, self.db.execute(f"{_DUPLICATE} ORDER BY a.sha256, b.sha256, d.kind"))

    def pairs(self, floors: Mapping[Alike, float]) -> Iterator[Duplicate]:
        """The pairs that were found, without their evidence and in no order: for all at once; of the kinds in
        ``floors`` those that score at least so much. Far more are stored than usual thresholds let in."""
        low = " OR ".join(["d.kind = ? AND d.score < ?"] * len(floors)) or "0"
        rows = self.db.execute(
            "SELECT a.sha256, b.sha256, d.kind, d.score, d.part FROM duplicate d"
            f" JOIN resource a ON a.id = d.a JOIN resource b ON b.id = d.b WHERE NOT ({low})",
            [value for pair in floors.items() for value in pair],
        )
        for a, b, kind, score, part in rows:
            yield Duplicate(a.hex(), b.hex(), kind, score, None, part)

    def likenesses(self, resources: Iterable[str]) -> list[Duplicate]:
        """The pairs that have one of these on either side, each once, in the order of ``duplicates``."""
        found: dict[tuple[str, str, str], Duplicate] = {}
        for names in _pages(resources):
            some = ",".join("?" * len(names))
            for side in ("a", "b"):
                rows = self.db.execute(f"{_DUPLICATE} WHERE {side}.sha256 IN ({some})", names)
                found.update({(one.a, one.b, one.kind): one for one in map(_duplicate, rows)})
        return [one for _, one in sorted(found.items())]

    def standings(self, collection: str, resources: Iterable[str]) -> Iterator[Standing]:
        """Those of ``resources`` that are present in a collection and were read and judged."""
        yield from self._standings("m.collection = ?", collection, resources)

    def strangers(self, collection: str, resources: Iterable[str]) -> Iterator[Standing]:
        """Those of ``resources`` in which, by what another collection knows, somebody else has a say."""
        where = """m.collection != ? AND instr(m.decision, CAST('"contested":true' AS BLOB))"""
        return (
            one for one in self._standings(where, collection, resources) if one.decision.contested
        )

    def _standings(
        self, where: str, collection: str, resources: Iterable[str]
    ) -> Iterator[Standing]:
        number = self.collection_id(collection)
        for names in _pages(resources):
            rows = self.db.execute(
                "SELECT r.sha256, r.size, m.title, m.source, m.decision, m.revision, f.error IS NULL, f.extracted,"
                f" coalesce(p.tokens, 0) FROM resource r JOIN member m ON m.resource = r.id AND {where}"
                " JOIN fact f ON f.resource = r.id LEFT JOIN print p ON p.resource = r.id"
                f" WHERE m.present AND r.sha256 IN ({','.join('?' * len(names))}) ORDER BY r.sha256, m.collection",
                (number, *names),
            )
            yield from map(_standing, rows)

    def speakers(self, collection: str) -> dict[str, int]:
        """The members that speak for others since the index was last told, and a digest of for whom."""
        rows = self.db.execute(
            "SELECT r.sha256, s.digest FROM speaker s JOIN resource r ON r.id = s.resource WHERE s.collection = ?",
            (self.collection_id(collection),),
        )
        return {blob.hex(): digest for blob, digest in rows}

    def put_speakers(
        self, collection: str, speakers: Mapping[str, int], changed: Iterable[str], revision: int
    ) -> None:
        """Replace them; ``changed`` ones are new to the index at ``revision``."""
        number = self.collection_id(collection)
        self.db.execute("DELETE FROM speaker WHERE collection = ?", (number,))
        self.db.executemany(
            "INSERT INTO speaker VALUES (?, ?, ?)",
            [(number, self.known_id(name), digest) for name, digest in sorted(speakers.items())],
        )
        self.db.executemany(
            "UPDATE member SET revision = ? WHERE collection = ? AND resource = ? AND present AND NOT dirty",
            [(revision, number, self.known_id(name)) for name in changed],
        )

    def copies(self, collection: str) -> list[str]:
        """Resources that a collection took from more than one place, in hash order."""
        rows = self.db.execute(
            "SELECT r.sha256 FROM sighting s JOIN source o ON o.id = s.source JOIN resource r ON r.id = s.resource"
            " WHERE o.collection = ? AND s.state = 'taken' GROUP BY r.id HAVING count(*) > 1 ORDER BY r.sha256",
            (self.collection_id(collection),),
        )
        return [blob.hex() for (blob,) in rows]


def _pages(resources: Iterable[str]) -> Iterator[list[bytes]]:
    names = [bytes.fromhex(one) for one in sorted(set(resources))]
    for start in range(0, len(names), _PAGE):
        yield names[start : start + _PAGE]


def _standing(row: Sequence[object]) -> Standing:
    sha256, size, title, source, decision, revision, readable, extracted, tokens = row
    outline = unpack(extracted, _Outline)  # type: ignore[arg-type]
    assert outline is not None
    width, height = (outline.properties.get(side, 0) for side in ("width", "height"))
    whole = isinstance(width, int) and isinstance(height, int)
    return Standing(
        sha256.hex(), int(size), str(title), str(source),  # type: ignore[attr-defined, call-overload]
        unpack(decision, Decision) or Decision("deny"), int(revision), bool(readable),  # type: ignore[arg-type, call-overload]
        outline.kind, outline.format, outline.created, int(width) * int(height) if whole else 0, int(tokens),  # type: ignore[call-overload]
        outline.truncated,
    )  # fmt: skip


def _duplicate(row: Sequence[object]) -> Duplicate:
    a, b, kind, score, evidence, part = row
    told = unpack(str(evidence).encode(), Message) if evidence else None
    return Duplicate(a.hex(), b.hex(), kind, score, told, part)  # type: ignore[attr-defined, arg-type]
