"""What may be packaged of a collection, what is asked and what is refused: found, filtered and counted."""

from __future__ import annotations

import dataclasses
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from curate import grant, spdx, typed
from curate import rights as rules
from curate.answers import FILE, Entry
from curate.catalog import Catalog, Member
from curate.collection import Loaded, below, load
from curate.errors import CurateError
from curate.messages import msg
from curate.model import UNKNOWN, Decision, Message, Outcome, Statement
from curate.pipeline.judge import Judge
from curate.pipeline.keep import Suspect, choose
from curate.pipeline.named import called, meant, none_missing, slip
from curate.pipeline.places import taken
from curate.pipeline.ready import ready
from curate.rights.normalise import normalise
from curate.workspace import Workspace

_NO_ROW = ("answer", "unknown-license")
"""Rules that decide without a row of the policy; those of grants begin with ``grant-``."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """One resource of a collection, and what may be done with it."""

    sha256: str
    title: str
    source: str  # the place it was found at
    category: str
    decision: Decision
    likeness: Suspect | None = None  # what it is like, in which somebody else has a say
    says: tuple[Statement, ...] = ()  # only where they were asked for
    withheld: tuple[str, ...] = ()  # grants it would rest on, had no person refused it; likewise

    @property
    def suspect(self) -> str:
        """Title of its ``likeness``, unless a person who knew of it has decided."""
        return self.likeness.doubts(self.decision) if self.likeness else ""

    @property
    def outcome(self) -> Outcome:
        """``ask`` also where only its likeness to something is in doubt."""
        if self.suspect and self.decision.outcome == "allow":
            return "ask"
        return self.decision.outcome

    @property
    def reasons(self) -> tuple[Message, ...]:
        if self.suspect and self.decision.outcome == "allow":
            told = msg("it is like “{title}”, in which somebody else has a say", title=self.suspect)
            return (*self.decision.reasons, told)
        return self.decision.reasons


@dataclass(frozen=True, slots=True)
class Which:
    """Which resources are meant: all that fit every condition that is set."""

    items: tuple[str, ...] = ()  # ids or their beginnings, paths, URLs
    outcome: Outcome | None = None
    license: str = ""  # an SPDX id in its expression
    rule: str = ""
    below: str = ""  # a folder of the source, or the beginning of an address
    says: str = ""  # words that some place says about it
    grant: str = ""  # it stands on it, or would, had no person refused it
    category: str = ""

    def __bool__(self) -> bool:
        return self != Which()

    def fits(self, one: Ruling) -> bool:
        decision = one.decision
        return (
            (not self.items or any(called(one, name) for name in self.items))
            and (self.outcome is None or one.outcome == self.outcome)
            and (not self.license or _ids(self.license) <= _ids(decision.license))
            and (not self.rule or self.rule in decision.rules)
            and (not self.below or below(one.source, self.below))
            and (not self.grant or self.grant in (decision.grant, *one.withheld))
            and (not self.category or one.category == self.category)
            and (
                not self.says
                or any(self.says.casefold() in each.raw.casefold() for each in one.says)
            )
        )


def _ids(expression: str) -> set[str]:
    return {id.lower() for id in spdx.ids(expression)}


def rulings(workspace: Workspace, name: str, which: Which | None = None) -> list[Ruling]:
    """Every resource of a collection with its decision, by place. Writes nothing.

    Raises CurateError: no such collection, it has to be collected or classified first, ``which`` names
    an item that is not there or a rule, licence, grant or category that nobody knows.
    """
    loaded = load(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        return select(workspace, catalog, loaded, which or Which())


def select(workspace: Workspace, catalog: Catalog, loaded: Loaded, which: Which) -> list[Ruling]:
    """The same with a catalogue that is open."""
    judge = ready(workspace, catalog, loaded)
    likenesses = choose(catalog, loaded).suspects
    withheld = _Withheld(judge, catalog, loaded) if which.grant else None
    found = []
    for member in catalog.members(loaded.name):
        one = Ruling(
            member.sha256, member.title, member.source, member.label.category, member.decision,
            likenesses.get(member.sha256),
            _says(catalog, loaded.name, member) if which.says else (),
            withheld.grants(member, which.grant) if withheld else (),
        )  # fmt: skip
        if which.fits(one):
            found.append(one)
    _none_missing(workspace, loaded, which, found)
    found = meant(which.items, found) if which.items else found
    return sorted(found, key=lambda one: (one.source, one.sha256))


def _says(catalog: Catalog, collection: str, member: Member) -> tuple[Statement, ...]:
    here = taken(catalog.places(member.sha256), collection)
    known = catalog.facts(member.sha256)
    inside = known[0].statements if known else ()
    return (*(said for one in here for said in one.sighting.said.statements), *inside)


class _Withheld:
    """What a person refused and would rest on a grant else: to be found when the grant is renewed."""

    def __init__(self, judge: Judge, catalog: Catalog, loaded: Loaded) -> None:
        self._catalog = catalog
        self._judge = judge
        self._before: set[tuple[str, str]] = set()
        path = loaded.folder / FILE
        for line in path.read_bytes().splitlines() if path.exists() else ():
            with suppress(msgspec.DecodeError):  # the judge has told what is wrong with it
                entry = typed.json(line, Entry)
                if entry.answer and entry.answer.grant:
                    self._before.add((entry.item, entry.answer.grant))

    def grants(self, member: Member, name: str) -> tuple[str, ...]:
        decision = member.decision
        if decision.outcome != "deny" or not decision.by:
            return ()
        if (member.sha256, name) in self._before:
            return (name,)
        evidence = self._judge.evidence(self._catalog, member.sha256)
        return (self._judge.decide(dataclasses.replace(evidence, answer=None)).grant,)


def _none_missing(
    workspace: Workspace, loaded: Loaded, which: Which, found: Sequence[Ruling]
) -> None:
    """Raises CurateError where a condition names what is not there: a slip, no empty answer."""
    if not found:
        _known(workspace, loaded, which)
    none_missing(
        which.items, found, f"nothing in '{loaded.name}' that fits", "give the whole path, or --below FOLDER for several",
        f"curate rights {loaded.name} --items",
    )  # fmt: skip


def _known(workspace: Workspace, loaded: Loaded, which: Which) -> None:
    if which.rule and not which.rule.startswith("grant-"):
        names = [row["name"] for row in tomllib.loads(rules.file().decode())["rule"]]
        slip("rule", which.rule, [*names, *_NO_ROW], "see: curate rights policy")
    if which.license:
        _license(which.license)
    if which.grant:
        there = [*grant.names(workspace), *Judge(workspace, loaded).grants]
        slip("grant", which.grant, there, "see: curate rights grants")
    if which.category:
        categories = [one.name for one in loaded.collection.categories]
        told = ", ".join(categories[:20]) or "it has none"
        slip("category", which.category, categories, f"categories of '{loaded.name}': {told}")


def _license(expression: str) -> None:
    listed = {"none", "noassertion", *(id.lower() for id in spdx.current())}
    for id in spdx.ids(expression) or [expression]:
        if not (id.lower().startswith("licenseref-") or spdx.known(id) or id.lower() in listed):
            read = normalise(expression)
            hint = "see https://spdx.org/licenses/; others begin with LicenseRef-"
            raise CurateError(
                f"'{id[:80]}' is no SPDX id", hint if read == UNKNOWN else f"write {read}"
            )


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that were decided alike."""

    outcome: Outcome
    license: str
    rules: tuple[str, ...]
    count: int
    reasons: tuple[Message, ...]  # of its first one
    example: Ruling


@dataclass(frozen=True, slots=True)
class Summary:
    """A collection's rights in numbers."""

    counts: dict[str, int]
    groups: tuple[Group, ...] = ()

    def largest(self, most: int) -> tuple[Group, ...]:
        """At most ``most`` of its groups, in their order."""
        kept = sorted(range(len(self.groups)), key=lambda number: -self.groups[number].count)
        return tuple(self.groups[number] for number in sorted(kept[:most]))


def summary(found: Sequence[Ruling]) -> Summary:
    """Counted by outcome, licence, rules and what the reasons come to; allowed before asked before denied,
    the largest group of each first."""
    groups: dict[object, list[Ruling]] = {}
    for one in found:
        told = frozenset(map(_meaning, one.reasons))
        key = (one.outcome, one.decision.license, one.decision.rules, told)
        groups.setdefault(key, []).append(one)
    order: dict[str, int] = {"allow": 0, "ask": 1, "deny": 2}
    made = [
        Group(
            ones[0].outcome, ones[0].decision.license, ones[0].decision.rules, len(ones), ones[0].reasons, ones[0],
        )
        for ones in groups.values()
    ]  # fmt: skip
    made.sort(key=lambda one: (order[one.outcome], -one.count, one.license, one.rules))
    counts: Counter[str] = Counter(one.outcome for one in found)
    return Summary({name: counts[name] for name in order}, tuple(made))


def _meaning(reason: Message) -> tuple[str, str]:
    """A reason whoever gives it: its template, and the licence that the words it quotes come to."""
    raw = reason.args.get("raw", "")
    return reason.text, reason.args.get("license") or (normalise(raw) if raw else "")
