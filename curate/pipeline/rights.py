"""What may be packaged, what is asked and what is refused; and what people decide about it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate import rights as rules
from curate.answers import Answers, Entry, digest_of
from curate.catalog import Catalog, Member
from curate.collection import Loaded, below, load
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Answer, Decision, Message, Outcome, Report, Statement
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.keep import choose
from curate.pipeline.places import taken
from curate.pipeline.ready import outdated
from curate.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Ruling:
    """One resource of a collection, and what may be done with it."""

    sha256: str
    title: str
    source: str  # the place it was found at
    category: str
    decision: Decision
    suspect: str = ""  # title of what it is like, in which somebody else has a say
    says: tuple[Statement, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """``ask`` also where only its likeness to something is in doubt."""
        if self.suspect and self.decision.outcome == "allow":
            return "ask"
        return self.decision.outcome


@dataclass(frozen=True, slots=True)
class Which:
    """Which resources are meant: all that fit every condition that is set."""

    items: tuple[str, ...] = ()  # ids or their beginnings, paths, URLs
    outcome: Outcome | None = None
    license: str = ""  # an SPDX id in its expression
    rule: str = ""
    below: str = ""  # a folder of the source, or the beginning of an address
    says: str = ""  # words that some place says about it
    grant: str = ""
    category: str = ""

    def __bool__(self) -> bool:
        return self != Which()

    def fits(self, one: Ruling) -> bool:
        decision = one.decision
        return (
            (not self.items or any(_named(one, name) for name in self.items))
            and (self.outcome is None or one.outcome == self.outcome)
            and (not self.license or self.license in decision.license.split())
            and (not self.rule or self.rule in decision.rules)
            and (not self.below or below(one.source, self.below))
            and (not self.grant or decision.grant == self.grant)
            and (not self.category or one.category == self.category)
            and (
                not self.says
                or any(self.says.casefold() in each.raw.casefold() for each in one.says)
            )
        )


def _named(one: Ruling, name: str) -> bool:
    low = name.lower()
    begins = len(low) >= 6 and one.sha256.startswith(low)
    return begins or one.source == name or one.source.endswith(f"/{name}")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person says about the rights in something."""

    outcome: Outcome  # allow or deny
    why: str
    who: str
    license: str = ""
    own: str = ""
    grant: str = ""
    territory: tuple[str, ...] = ()
    evidence: tuple[Path, ...] = ()
    undo: bool = False


def rulings(workspace: Workspace, name: str, which: Which | None = None) -> list[Ruling]:
    """Every resource of a collection with its decision, by place. Writes nothing.

    Raises CurateError: no such collection, or it has to be collected or classified first.
    """
    loaded = load(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        _ready(workspace, catalog, loaded)
        return _rulings(catalog, loaded, which or Which())


def _ready(workspace: Workspace, catalog: Catalog, loaded: Loaded) -> None:
    catalog.collection_id(loaded.name)
    if found := outdated(workspace, catalog, loaded):
        stage, why = found
        raise CurateError(f"'{loaded.name}': {why}", f"run: curate {stage} {loaded.name}")


def _rulings(catalog: Catalog, loaded: Loaded, which: Which) -> list[Ruling]:
    suspects = choose(catalog, loaded).suspects
    found = []
    for member in catalog.members(loaded.name):
        says = _says(catalog, loaded.name, member) if which.says else ()
        one = _ruling(member, suspects.get(member.sha256, ""), says)
        if which.fits(one):
            found.append(one)
    return sorted(found, key=lambda one: (one.source, one.sha256))


def _ruling(member: Member, suspect: str, says: tuple[Statement, ...]) -> Ruling:
    suspect = "" if member.decision.by else suspect
    return Ruling(
        member.sha256,
        member.title,
        member.source,
        member.label.category,
        member.decision,
        suspect,
        says,
    )


def _says(catalog: Catalog, collection: str, member: Member) -> tuple[Statement, ...]:
    here = taken(catalog.places(member.sha256), collection)
    known = catalog.facts(member.sha256)
    inside = known[0].statements if known else ()
    return (*(said for one in here for said in one.sighting.said.statements), *inside)


def decide(workspace: Workspace, name: str, which: Which, ask: Ask) -> Report:
    """Record what a person decided about everything that ``which`` fits, and judge it again.

    Raises CurateError: nothing fits, an answer that the policy or a grant cannot take, no reason given.
    """
    if not which:
        raise CurateError(
            "nothing says which items are meant",
            "name them by id or path, or filter: --outcome ask, --below FOLDER, --license ID, --says TEXT",
        )
    loaded = load(workspace, name)
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        _ready(workspace, catalog, loaded)
        chosen = _rulings(catalog, loaded, which)
        if not chosen:
            raise CurateError(
                f"nothing in '{name}' fits", f"see what there is: curate rights {name}"
            )
        return settle(workspace, catalog, loaded, [(one, ask) for one in chosen])


def settle(
    workspace: Workspace, catalog: Catalog, loaded: Loaded, asked: Sequence[tuple[Ruling, Ask]]
) -> Report:
    """Write down what was decided on each, all or nothing, and judge those again."""
    _check(loaded, asked)
    judge = Judge(workspace, loaded)
    journal = Answers(loaded.folder)
    asked = [(one, ask) for one, ask in asked if not ask.undo or one.sha256 in journal.latest]
    if not asked:
        raise CurateError(
            "nobody has decided about any of these",
            f"see what there is: curate rights {loaded.name}",
        )
    papers = {
        path: digest_of(path) for path in sorted({p for _, ask in asked for p in ask.evidence})
    }
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entries = [_entry(one, ask, judge, catalog, papers, now) for one, ask in asked]
    _test(judge, catalog, entries)
    for path, digest in papers.items():
        journal.keep(path, digest)
    journal.append(entries)
    return _judged(workspace, catalog, loaded, [one for one, _ in asked])


def _check(loaded: Loaded, asked: Iterable[tuple[Ruling, Ask]]) -> None:
    for one, ask in asked:
        if ask.undo:
            continue
        if not ask.why.strip():
            raise CurateError("a decision needs its reason", "give it with --why '…'")
        plain = ask.outcome == "allow" and not (ask.license or ask.own or ask.grant)
        if plain and one.outcome == "deny":
            raise CurateError(
                f"'{one.source or one.title}' is refused ({', '.join(one.decision.rules)}): allowing it needs what"
                " it stands on",
                "say under which licence it really is (--as CC-BY-4.0), by which grant you hold it (--grant NAME),"
                " or whose own work it is (--own 'Name')",
            )


def _entry(
    one: Ruling, ask: Ask, judge: Judge, catalog: Catalog, papers: dict[Path, str], now: str
) -> Entry:
    if ask.undo:
        return Entry(one.sha256, one.title)
    basis = rules.digest(judge.evidence(catalog, one.sha256))
    answer = Answer(
        "deny" if ask.outcome == "deny" else "allow", ask.why.strip(), ask.who, now, ask.license, ask.own,
        ask.grant, ask.territory, tuple(papers[path] for path in ask.evidence), basis,
    )  # fmt: skip
    return Entry(one.sha256, one.title, answer)


def _test(judge: Judge, catalog: Catalog, entries: Sequence[Entry]) -> None:
    """Nothing is written down that would not do what it says. Raises CurateError."""
    for entry in entries:
        if entry.answer is None or entry.answer.outcome == "deny":
            continue
        decision = judge.answered(catalog, entry.item, entry.answer)
        if decision.outcome != "allow":
            why = "; ".join(str(reason) for reason in decision.reasons[1:])
            raise CurateError(
                f"'{entry.title}' would still not be allowed: {why}",
                "nothing was recorded; say what it stands on, or decide --deny",
            )


def _judged(
    workspace: Workspace, catalog: Catalog, loaded: Loaded, chosen: Sequence[Ruling]
) -> Report:
    judge = Judge(workspace, loaded)
    outcomes: Counter[str] = Counter(decided=len(chosen))
    with catalog.transaction():
        catalog.mark_answered(loaded.name, (one.sha256 for one in chosen), judge.answers.mark)
        revision = catalog.next_revision()
        for one in chosen:
            member = judge.member(catalog, one.sha256)
            catalog.put_member(member, judge.basis, revision)
            outcomes[member.decision.outcome] += 1
    index(workspace, catalog, workspace.settings)
    return Report("rights", loaded.name, dict(outcomes), next=f"curate package {loaded.name}")


@dataclass(frozen=True, slots=True)
class Summary:
    """A collection's rights in numbers."""

    counts: dict[str, int]
    groups: tuple[Group, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that were decided alike."""

    outcome: Outcome
    license: str
    rules: tuple[str, ...]
    count: int
    reasons: tuple[Message, ...]  # of its first one
    example: Ruling


def summary(found: Sequence[Ruling]) -> Summary:
    """Counted by outcome, licence and rule; the largest group first, allowed before asked before denied."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[Ruling]] = {}
    for one in found:
        key = (one.outcome, one.decision.license, one.decision.rules)
        groups.setdefault(key, []).append(one)
    order: dict[str, int] = {"allow": 0, "ask": 1, "deny": 2}
    made = [
        Group(ones[0].outcome, license, names, len(ones), _reasons(ones[0]), ones[0])
        for (_, license, names), ones in groups.items()
    ]
    made.sort(key=lambda one: (order[one.outcome], -one.count, one.license, one.rules))
    counts: Counter[str] = Counter(one.outcome for one in found)
    return Summary({name: counts[name] for name in order}, tuple(made))


def _reasons(one: Ruling) -> tuple[Message, ...]:
    if one.suspect and one.decision.outcome == "allow":
        return (
            *one.decision.reasons,
            msg("it is like “{title}”, in which somebody else has a say", title=one.suspect),
        )
    return one.decision.reasons
