"""What one collection makes of a resource: title, category, decision; and the rules that it follows."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from curate import classify as classifier
from curate import grant, rights
from curate.answers import Answers
from curate.catalog import Catalog, Member, Place, Words
from curate.classify.labels import Labeller, Seen
from curate.collection import Declaration, Loaded, Source
from curate.corrections import Corrections
from curate.errors import CurateError
from curate.grant import Held
from curate.likeness import Likeness
from curate.model import Answer, Decision, Extracted, Label, Profile, Said, main_text
from curate.pipeline.places import basename, taken
from curate.workspace import Workspace


def source_key(source: Source) -> tuple[str, str]:
    """How the catalogue knows a source: its collector and its place."""
    return str(type(source).__struct_config__.tag or "folder"), source.place


def use(loaded: Loaded) -> rights.Use:
    """What the seller does with the items of a collection."""
    listing = loaded.collection.listing
    return rights.Use(
        paid=listing.paid, alone=listing.alone, territory=listing.territory, copies=listing.copies, price=listing.price, drm=listing.drm,
    )  # fmt: skip


class Judge:
    """The rules of one collection. ``basis`` changes whenever another judgement is possible, except by
    what people decide: that is in ``answers``, and touches single resources.

    Raises CurateError: a grant that is named and not there, a damaged journal of decisions.
    """

    def __init__(self, workspace: Workspace, loaded: Loaded) -> None:
        collection = loaded.collection
        self._name = self.name = loaded.name
        self._workspace = workspace
        self._loaded = loaded
        self._policy = rights.load()
        self.use = use(loaded)
        self._today = date.today()
        self._rights = collection.rights
        self._sources = {source_key(one): one for one in collection.sources}
        self.answers = Answers(loaded.folder)
        self.corrections = Corrections(loaded.folder)
        self.likeness = Likeness(loaded.folder)
        self.grants: dict[str, Held] = {}
        for name in sorted(self._named()):
            self._grant(name)
        for name in {one.grant for one in self.answers.latest.values() if one.grant}:
            with suppress(CurateError):  # an old answer must not stop everything: it is asked again
                self._grant(name)
        terms = [
            (held, rights.invalid(held, self._today)) for _, held in sorted(self.grants.items())
        ]
        declared = [
            (key, one.rights, one.folders, one.tags) for key, one in sorted(self._sources.items())
        ]
        self._rules = (
            self._policy.version, repr(self._offer()), repr(self._rights), repr(declared), repr(terms),
            str(rights.VERSION), str(classifier.VERSION),
        )  # fmt: skip
        self.renew()

    def renew(self) -> None:
        """Take up what was learned about the categories; another ``basis`` where there is anything new."""
        collection = self._loaded.collection
        self.model = self._workspace.state / "models" / self._name / "categories"
        self.labeller = Labeller(collection.categories, collection.classify.threshold, self.model)
        rules = (self.labeller.digest, *self._rules)
        self.basis = hashlib.sha256("\n".join(rules).encode()).hexdigest()[:16]

    def _offer(self) -> rights.Use:
        """The use, as far as a judgement can rest on it: whether it is paid for, but how much only where a
        grant asks for a least price."""
        asked = any(held.grant.min_price for held in self.grants.values())
        return self.use if asked else msgspec.structs.replace(self.use, price="")

    def _named(self) -> set[str]:
        declared = [self._rights]
        for source in self._sources.values():
            declared += [source.rights or Declaration(), *(one.rights for one in source.folders)]
        return {one.grant for one in declared if one.grant}

    def _grant(self, name: str) -> Held:
        if name not in self.grants:
            self.grants[name] = grant.load(self._workspace, name)
        return self.grants[name]

    def declaration(self, kind: str, place: str, locator: str) -> Declaration:
        """The nearest declaration for something at ``locator`` of a source."""
        source = self._sources.get((kind, place))
        # Of a source that collection.toml no longer names nobody knows whose it is.
        return source.declared(self._rights, locator) if source else Declaration()

    def member(self, catalog: Catalog, sha256: str) -> Member:
        member = catalog.member(self._name, sha256)
        assert member is not None
        places = catalog.places(sha256)
        here = taken(places, self._name)
        known = catalog.facts(sha256)
        if not here or known is None:
            return member
        extracted, profile, _ = known
        seen = self._seen(catalog, sha256, here, extracted, profile)
        label = self._corrected(sha256) or self.labeller.label(seen)
        evidence = self._evidence(catalog, sha256, places, here, extracted)
        decision = rights.decide(evidence, self._policy, self.use, self._today)
        return Member(
            self._name, sha256, member.size, member.present, False, seen.title, seen.path, label, decision,
        )  # fmt: skip

    def unheard(self, catalog: Catalog) -> bool:
        """Did people say anything since the members were judged?"""
        return any(
            catalog.said_mark(journal, self._name) != words.mark
            for journal, words in self._journals()
        )

    def hear(self, catalog: Catalog) -> None:
        """Note which members have to be judged again since people spoke of them. Needs a transaction."""
        for journal, words in self._journals():
            if catalog.said_mark(journal, self._name) != words.mark:
                # Those too that somebody spoke of and whose line is gone: a copy of an older journal.
                touched = {*words.items, *catalog.spoken_of(journal, self._name)}
                catalog.mark_said(journal, self._name, sorted(touched), words.mark)

    def lost(self, catalog: Catalog) -> list[Path]:
        """Journals that held something the last time and are gone."""
        return [
            words.path
            for journal, words in self._journals()
            if catalog.said_mark(journal, self._name) and not words.mark
        ]

    def _journals(self) -> Iterator[tuple[Words, Answers | Corrections | Likeness]]:
        yield from (
            ("answers", self.answers),
            ("labels", self.corrections),
            ("likeness", self.likeness),
        )

    def _corrected(self, sha256: str) -> Label | None:
        said = self.corrections.latest.get(sha256)
        if said is None or said.category not in (*self.labeller.names, ""):
            return None  # a closed vocabulary: what is no category any more is nobody's
        return Label(said.category, 1.0, basis="person", by=said.who)

    @property
    def homeless(self) -> tuple[str, ...]:
        """Categories that people gave and that collection.toml does not name any more."""
        given = {said.category for said in self.corrections.latest.values() if said.category}
        return tuple(sorted(given.difference(self.labeller.names)))

    def seen(self, catalog: Catalog, sha256: str) -> Seen:
        """What the category of a taken and read resource is told by."""
        here = taken(catalog.places(sha256), self._name)
        known = catalog.facts(sha256)
        assert here and known is not None
        return self._seen(catalog, sha256, here, *known[:2])

    def locator(self, catalog: Catalog, sha256: str) -> str | None:
        """Where it was first found; None where it is not taken or was not read."""
        here = taken(catalog.places(sha256), self._name)
        return here[0].sighting.locator if here and catalog.facts(sha256) is not None else None

    def _seen(
        self,
        catalog: Catalog,
        sha256: str,
        here: Sequence[Place],
        extracted: Extracted,
        profile: Profile,
    ) -> Seen:
        first = here[0].sighting
        tags = {tag for one in here for tag in (*one.sighting.said.tags, *self._tags(one))}
        return Seen(
            first.said.title or profile.title or extracted.title or basename(first.locator),
            (*extracted.keywords, *profile.keywords),
            first.locator,
            tuple(sorted(tags)),
            main_text(catalog.text(sha256)),
        )

    def _tags(self, place: Place) -> tuple[str, ...]:
        source = self._sources.get((place.kind, place.place))
        return source.tags if source else ()

    def evidence(self, catalog: Catalog, sha256: str) -> rights.Evidence:
        """All that speaks about the rights in a resource that was read."""
        places = catalog.places(sha256)
        known = catalog.facts(sha256)
        assert known is not None
        return self._evidence(catalog, sha256, places, taken(places, self._name), known[0])

    def _evidence(
        self,
        catalog: Catalog,
        sha256: str,
        places: Sequence[Place],
        here: Sequence[Place],
        extracted: Extracted,
    ) -> rights.Evidence:
        found = [said for one in here for said in one.sighting.said.statements]
        elsewhere = [said for one in places for said in one.sighting.said.statements]
        return rights.Evidence(
            declared=[self.declaration(one.kind, one.place, one.sighting.locator) for one in here],
            found=(*found, *extracted.statements),
            elsewhere=tuple(elsewhere),
            earlier=catalog.earlier(self._name, sha256),
            answer=self.answers.latest.get(sha256),
            grants=self.grants,
            purpose="paid" if self.use.paid else "free",
        )

    def preview(self, kind: str, place: str, said: Said) -> Decision:
        """What would hold of something that its place says this about, were nothing else known."""
        declared = [self.declaration(kind, place, said.url)]
        return self.decide(rights.Evidence(declared, said.statements, grants=self.grants))

    def answered(self, catalog: Catalog, sha256: str, answer: Answer) -> Decision:
        """What would hold with this answer. Raises CurateError for a grant that is not there."""
        if answer.grant:
            self._grant(answer.grant)
        return self.decide(dataclasses.replace(self.evidence(catalog, sha256), answer=answer))

    def decide(self, evidence: rights.Evidence, alone: bool = False) -> Decision:
        """The decision that ``evidence`` leads to; ``alone``: were it the only thing in the bundle."""
        purpose = msgspec.structs.replace(self.use, alone=self.use.alone or alone)
        return rights.decide(evidence, self._policy, purpose, self._today)


def decider(workspace: Workspace, loaded: Loaded, source: Source) -> Callable[[Said], Decision]:
    """What the collection could do with something; its rules are read when the first is asked about."""
    judges: list[Judge] = []

    def decide(said: Said) -> Decision:
        if not judges:
            judges.append(Judge(workspace, loaded))
        return judges[0].preview(*source_key(source), said)

    return decide
