"""What a collection makes of a resource: its title, its label, its decision."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curate.catalog.database import Database, pack, unpack
from curate.model import Decision, Label, Profile

Words = Literal["answers", "labels", "likeness"]
"""The journals of what people say: about rights, categories and duplicates."""


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


_SPOKEN: Mapping[Words, Callable[[Member], object]] = {
    "answers": lambda one: one.decision.by,
    "labels": lambda one: one.label.by,
}
"""What in a member rests on a person's word; one on duplicates changes nothing in it."""


class Members(Database):
    """Resources as members of collections."""

    _MEMBER = (
        "SELECT c.name, r.sha256, r.size, m.present, m.dirty, m.title, m.source, m.label, m.decision"
        " FROM member m JOIN resource r ON r.id = m.resource JOIN collection c ON c.id = m.collection"
    )

    @staticmethod
    def _member(row: Sequence[Any]) -> Member:
        collection, sha256, size, present, dirty, title, source, label, decision = row
        return Member(
            collection, sha256.hex(), size, bool(present), bool(dirty), title, source,
            unpack(label, Label) or Label(""), unpack(decision, Decision) or Decision("deny"),
        )  # fmt: skip

    def members(self, collection: str) -> Iterator[Member]:
        """What is present in a collection, in hash order."""
        yield from map(
            self._member,
            self.db.execute(
                f"{self._MEMBER} WHERE c.name = ? AND m.present ORDER BY r.sha256", (collection,)
            ),
        )

    def member(self, collection: str, sha256: str) -> Member | None:
        row = self.db.execute(
            f"{self._MEMBER} WHERE c.name = ? AND r.sha256 = ?", (collection, bytes.fromhex(sha256))
        ).fetchone()
        return self._member(row) if row else None

    def mark_dirty(self, collection: str, basis: str) -> None:
        """Members that were judged by other rules than ``basis`` have to be judged again."""
        self.db.execute(
            "UPDATE member SET dirty = 1 WHERE collection = ? AND NOT dirty AND basis != ?",
            (self.collection_id(collection), basis),
        )

    def said_mark(self, journal: Words, collection: str) -> int:
        """What ``mark_said`` was given the last time for a journal of people's words; 0 before."""
        return self.mark(f"{journal} {collection}")

    def spoken_of(self, journal: Words, collection: str) -> list[str]:
        """Members whose decision or category rests on what a person said."""
        rests = _SPOKEN.get(journal)
        return [one.sha256 for one in self.members(collection) if rests(one)] if rests else []

    def mark_said(
        self, journal: Words, collection: str, resources: Iterable[str], mark: int
    ) -> None:
        """People spoke of these since: judge them again. ``mark`` tells what the journal held."""
        self.db.executemany(
            "UPDATE member SET dirty = 1 WHERE collection = ?1 AND resource = (SELECT id FROM resource WHERE sha256 = ?2)",
            [(self.collection_id(collection), bytes.fromhex(name)) for name in resources],
        )
        self.set_mark(f"{journal} {collection}", mark)

    def judged_otherwise(self, collection: str, basis: str) -> int:
        """Present members that changed since they were judged, were judged by other rules, or wait to be
        compared: who is like them is not known."""
        row = self.db.execute(
            "SELECT count(*) FROM member m WHERE collection = ? AND present AND (dirty OR decision IS NULL OR basis != ?"
            " OR EXISTS (SELECT 1 FROM print p WHERE p.resource = m.resource AND NOT p.matched))",
            (self.collection_id(collection), basis),
        ).fetchone()
        return int(row[0])

    def leave(self, collection: str) -> None:
        """A collection that is no more: its members leave the index the next time it is brought up to date."""
        self.db.execute(
            "UPDATE member SET present = 0, dirty = 0, revision = ? WHERE collection = ? AND (present OR dirty)",
            (self.next_revision(), self.collection_id(collection)),
        )

    def dirty(self, collection: str) -> list[str]:
        rows = self.db.execute(
            "SELECT r.sha256 FROM member m JOIN resource r ON r.id = m.resource JOIN collection c ON c.id = m.collection"
            " WHERE c.name = ? AND m.dirty ORDER BY r.sha256",
            (collection,),
        )
        return [blob.hex() for (blob,) in rows]

    def put_member(self, member: Member, basis: str, revision: int) -> None:
        """Write how a member was judged; ``revision`` tells the index what is new."""
        self.db.execute(
            "UPDATE member SET dirty = 0, title = ?, source = ?, label = ?, decision = ?, basis = ?, revision = ?,"
            " category = ?, outcome = ?"
            " WHERE collection = ? AND resource = ?",
            (
                member.title, member.source, pack(member.label), pack(member.decision), basis, revision,
                member.label.category, member.decision.outcome, self.collection_id(member.collection), self.known_id(member.sha256),
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
            self.db.execute(
                f"{self._MEMBER} WHERE m.revision > ? AND NOT m.dirty AND m.present = ? ORDER BY m.revision, r.sha256",
                (revision, present),
            ),
        )

    def count_members(self, collection: str) -> dict[str, int]:
        """present; dirty: changed since they were judged; unjudged: never judged; unread: bytes unreadable."""
        row = self.db.execute(
            "SELECT coalesce(sum(m.present), 0), coalesce(sum(m.dirty), 0),"
            " coalesce(sum(m.present AND NOT m.dirty AND m.decision IS NULL), 0),"
            " coalesce(sum(m.present AND f.error IS NOT NULL), 0) FROM member m"
            " JOIN collection c ON c.id = m.collection LEFT JOIN fact f ON f.resource = m.resource WHERE c.name = ?",
            (collection,),
        ).fetchone()
        return dict(zip(("present", "dirty", "unjudged", "unread"), map(int, row), strict=True))

    def tally(self, collection: str) -> dict[tuple[str, str], int]:
        """How many members are present by (category, outcome); both empty before they were judged."""
        rows = self.db.execute(
            "SELECT category, outcome, count(*) FROM member WHERE collection = ? AND present GROUP BY 1, 2",
            (self.collection_id(collection),),
        )
        return {(category, outcome): count for category, outcome, count in rows}

    def vocabulary(self, titles: int = 50_000, texts: int = 500) -> Iterator[str]:
        """Titles, keywords and the beginnings of some texts: the words a misspelt query may have meant."""
        rows = self.db.execute(
            "SELECT m.title, f.profile FROM member m JOIN fact f ON f.resource = m.resource WHERE m.present LIMIT ?",
            (titles,),
        )
        for title, profile in rows:
            yield title
            decoded = unpack(profile, Profile)
            yield from decoded.keywords if decoded else ()
        bodies = self.db.execute(
            "SELECT t.body FROM member m JOIN text t ON t.resource = m.resource WHERE m.present LIMIT ?",
            (texts,),
        )
        for (body,) in bodies:
            yield zlib.decompress(body).decode()[:2000]
