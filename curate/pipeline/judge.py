"""What one collection makes of a resource: title, category, decision; and the rules that it follows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from curate import classify as classifier
from curate import rights
from curate.catalog import Catalog, Member, Place
from curate.classify.taxonomy import Taxonomy
from curate.collection import Declaration, Loaded, Source
from curate.model import Decision, Extracted, main_text
from curate.pipeline.places import basename, taken


def source_key(source: Source) -> tuple[str, str]:
    """How the catalogue knows a source: its collector and its place."""
    return str(type(source).__struct_config__.tag or "folder"), source.place


class Judge:
    """The rules of one collection. ``basis`` changes whenever another judgement is possible."""

    def __init__(self, loaded: Loaded) -> None:
        collection = loaded.collection
        self._name = loaded.name
        self._paid = collection.listing.paid
        self._taxonomy = Taxonomy(collection.categories, collection.classify.threshold)
        self._policy = rights.load()
        self._declared = {
            source_key(one): one.rights or collection.rights for one in collection.sources
        }
        self._tags = {source_key(one): one.tags for one in collection.sources}
        rules = (
            self._taxonomy.digest, self._policy.version, repr(self._paid), repr(sorted(self._declared.items(), key=repr)),
            repr(sorted(self._tags.items())), str(rights.VERSION), str(classifier.VERSION),
        )  # fmt: skip
        self.basis = hashlib.sha256("\n".join(rules).encode()).hexdigest()[:16]

    def member(self, catalog: Catalog, sha256: str) -> Member:
        member = catalog.member(self._name, sha256)
        assert member is not None
        places = catalog.places(sha256)
        here = taken(places, self._name)
        known = catalog.facts(sha256)
        if not here or known is None:
            return member
        extracted, profile, _ = known
        first = here[0].sighting
        title = first.said.title or profile.title or extracted.title or basename(first.locator)
        tags = {
            tag
            for one in here
            for tag in (*one.sighting.said.tags, *self._tags.get((one.kind, one.place), ()))
        }
        label = self._taxonomy.label(
            title,
            (*extracted.keywords, *profile.keywords),
            first.locator,
            tuple(sorted(tags)),
            main_text(catalog.text(sha256)),
        )
        return Member(
            self._name, sha256, member.size, member.present, False, title, first.locator, label,
            self._decide(places, here, extracted),
        )  # fmt: skip

    def _decide(
        self, places: Sequence[Place], here: Sequence[Place], extracted: Extracted
    ) -> Decision:
        declared = [self._declared.get((one.kind, one.place), Declaration()) for one in here]
        found = [said for one in here for said in one.sighting.said.statements]
        elsewhere = [said for one in places for said in one.sighting.said.statements]
        evidence = rights.Evidence(declared, (*found, *extracted.statements), tuple(elsewhere))
        return rights.decide(evidence, self._policy, self._paid)
