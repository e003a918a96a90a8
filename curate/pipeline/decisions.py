"""What people decide about rights: tried first, then written down and judged again."""

from __future__ import annotations

import dataclasses
import re
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curate import grant
from curate import rights as rules
from curate.answers import Entry, digest_of
from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.model import Answer, Decision, Outcome, Report
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.keep import choose
from curate.pipeline.rulings import Ruling, Which, select
from curate.rights.normalise import normalise
from curate.workspace import Workspace

NAMED = 20
"""Items that are named where an answer does not do for them; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person says about the rights in something."""

    outcome: Outcome  # allow or deny
    why: str  # never shown to buyers
    who: str
    license: str = ""
    own: str = ""
    grant: str = ""
    territory: tuple[str, ...] = ()
    evidence: tuple[Path, ...] = ()
    undo: bool = False
    grounds: str = ""  # why it is in the public domain; buyers read it

    @property
    def bases(self) -> list[str]:
        """What it says the thing stands on."""
        return [one for one in (self.license, self.own, self.grant) if one]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, or would be."""

    report: Report
    rulings: tuple[Ruling, ...]  # with the decisions that hold now, or would
    fault: CurateError | None = None  # of a trial: what would stop it


@dataclass(frozen=True, slots=True)
class Tried:
    """What an answer would do for one resource."""

    ruling: Ruling  # with the decision that would hold
    entry: Entry
    against: str = ""  # why it cannot be recorded: a clause that follows the resource's name
    hint: str = ""


def decide(
    workspace: Workspace, name: str, which: Which, ask: Ask, dry_run: bool = False
) -> Decided:
    """Record what a person decided about everything that ``which`` fits, all or nothing, and judge it again.

    ``dry_run`` only tries: nothing is written. Raises CurateError: nothing fits, an answer that the
    policy or a grant cannot take for one of them, no reason given.
    """
    if not which:
        raise CurateError(
            "nothing says which items are meant",
            "name them by id or path, or filter: --outcome ask, --below FOLDER, --license ID, --says TEXT",
        )
    loaded = load(workspace, name)
    if dry_run:
        with Catalog(workspace.catalog, readonly=True) as catalog:
            _, tried, fault = _tried(workspace, catalog, loaded, which, ask)
            count = {"undone" if ask.undo else "decided": len(tried)}
            report = Report("rights", name, count, next="")
            return Decided(report, tuple(one.ruling for one in tried), fault)
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        desk, tried, fault = _tried(workspace, catalog, loaded, which, ask)
        if fault:
            raise fault
        return desk.record(tried)


def _tried(
    workspace: Workspace, catalog: Catalog, loaded: Loaded, which: Which, ask: Ask
) -> tuple[Desk, list[Tried], CurateError | None]:
    chosen = select(workspace, catalog, loaded, which)
    if not chosen:
        raise CurateError(
            f"nothing in '{loaded.name}' fits", f"see what there is: curate rights {loaded.name}"
        )
    desk = Desk(workspace, catalog, loaded)
    desk.check(ask)
    if ask.undo:
        chosen = [one for one in chosen if one.sha256 in desk.judge.answers.latest]
        if not chosen:
            raise CurateError(
                "nobody has decided about any of these",
                f"see what there is: curate rights {loaded.name}",
            )
    tried = [desk.tried(one, ask) for one in chosen]
    good = [one for one in tried if not one.against]
    return desk, good, _fault([one for one in tried if one.against], len(tried))


def _fault(refused: Sequence[Tried], asked: int) -> CurateError | None:
    if not refused:
        return None
    lines = [f"'{one.ruling.source or one.ruling.title}' {one.against}" for one in refused[:NAMED]]
    if len(refused) > NAMED:
        lines.append(f"… and {len(refused) - NAMED} more")
    hints = list(dict.fromkeys(one.hint for one in refused))
    hint = f"nothing was recorded; {'; or '.join(hints[:3])}"
    if asked == 1:
        return CurateError(lines[0], hint)
    head = f"this answer does not do for {len(refused)} of {asked} items:"
    return CurateError("\n  ".join([head, *lines]), hint)


class Desk:
    """Where answers to one collection are tried and written down. ``mark`` stands before the names of what
    a person fills in: options here, columns in a sheet."""

    def __init__(
        self, workspace: Workspace, catalog: Catalog, loaded: Loaded, mark: str = "--"
    ) -> None:
        self.judge = Judge(workspace, loaded)
        self._workspace, self._catalog, self._loaded, self._mark = workspace, catalog, loaded, mark
        self._papers: dict[Path, str] = {}
        self._grants: set[str] = set()
        self._now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def check(self, ask: Ask) -> None:
        """Raises CurateError for what is wrong with an answer, whatever it is about."""
        if ask.undo:
            return
        if not ask.why.strip():
            raise CurateError(
                "why is empty: a decision needs its reason", f"give it with {self._mark}why '…'"
            )
        if ask.outcome == "deny" and (ask.bases or ask.territory or ask.grounds):
            raise CurateError(
                "deny takes no as, own, grant, grounds or territory", "leave them out"
            )
        if len(ask.bases) > 1:
            raise CurateError("as, own and grant exclude each other", "leave one of them")
        if ask.grounds and (ask.own or ask.grant):
            raise CurateError(
                "grounds say why something is in the public domain: that is no own work, and needs no grant",
                "leave out one of them",
            )
        if ask.license and (why := unreadable(ask.license)):
            raise CurateError(why, "see https://spdx.org/licenses/, and: curate rights policy SPDX")
        if ask.grant and ask.grant not in self._grants:
            grant.load(self._workspace, ask.grant)
            self._grants.add(ask.grant)

    def tried(self, one: Ruling, ask: Ask) -> Tried:
        """What an answer that passed ``check`` would do. Raises CurateError for evidence that is unreadable."""
        evidence = self.judge.evidence(self._catalog, one.sha256)
        otherwise = self.judge.decide(dataclasses.replace(evidence, answer=None))
        if ask.undo:
            return Tried(_ruled(one, otherwise), Entry(one.sha256, one.title, None))
        answer = self._answer(ask, rules.digest(evidence))
        entry = Entry(one.sha256, one.title, answer)
        hint = self._hint(ask, otherwise)
        if ask.outcome == "allow" and not ask.bases and otherwise.outcome == "deny":
            names = ", ".join(otherwise.rules)
            told = f"is refused ({names}): allowing it needs what it stands on"
            return Tried(one, entry, told, hint)
        decision = self.judge.answered(self._catalog, one.sha256, answer)
        if ask.outcome == "allow" and decision.outcome != "allow":
            why = "; ".join(str(reason) for reason in decision.reasons[1:])
            return Tried(one, entry, f"would still not be allowed: {why}", hint)
        return Tried(_ruled(one, decision), entry)

    def _answer(self, ask: Ask, basis: str) -> Answer:
        for path in ask.evidence:
            if path not in self._papers:
                self._papers[path] = digest_of(path)
        return Answer(
            "deny" if ask.outcome == "deny" else "allow", ask.why.strip(), ask.who, self._now, ask.license, ask.own,
            ask.grant, territory=ask.territory, evidence=tuple(self._papers[path] for path in ask.evidence), basis=basis,
            grounds=" ".join(ask.grounds.split()),
        )  # fmt: skip

    def _hint(self, ask: Ask, otherwise: Decision) -> str:
        """What may do for it in place of what was asked."""
        mark = self._mark
        marked = otherwise.outcome == "ask" and "public-domain-mark" in otherwise.rules
        free = ask.license.startswith("CC-PD") or (not ask.license and marked)
        if free and not (ask.grounds or ask.own or ask.grant):
            return f"say why it is free, e.g. {mark}grounds 'its author died in 1899'"
        if not ask.bases and otherwise.basis == "own":
            name = shlex.quote(otherwise.holder or "Name")
            return (
                f"if it is your own all the same, say so: {mark}own {name}; if it is somebody else's, say under"
                f" which licence: {mark}as LICENSE"
            )
        if not ask.bases:
            return (
                f"say under which licence it really is ({mark}as CC-BY-4.0), by which grant you hold it"
                f" ({mark}grant NAME), or whose own work it is ({mark}own 'Name')"
            )
        return "say what else it stands on, or keep it out (deny)"

    def record(self, tried: Sequence[Tried]) -> Decided:
        """Write down what was tried and does, all or nothing, and judge those again."""
        journal = self.judge.answers
        for path, digest in sorted(self._papers.items()):
            journal.keep(path, digest)
        journal.append(one.entry for one in tried)
        catalog, name = self._catalog, self._loaded.name
        judge = Judge(self._workspace, self._loaded)
        found = []
        with catalog.transaction():
            items = [one.entry.item for one in tried]
            catalog.mark_said("answers", name, items, judge.answers.mark)
            revision = catalog.next_revision()
            for one in tried:
                member = judge.member(catalog, one.entry.item)
                catalog.put_member(member, judge.basis, revision)
                found.append(_ruled(one.ruling, member.decision))
        index(self._workspace, catalog, self._workspace.settings)
        if any(one.entry.answer is None for one in tried):  # the rest is past all likeness
            like = choose(catalog, self._loaded).suspects
            found = [dataclasses.replace(one, likeness=like.get(one.sha256)) for one in found]
        return Decided(self._report(tried, found), tuple(found))

    def _report(self, tried: Sequence[Tried], found: Sequence[Ruling]) -> Report:
        undone = {one.entry.item for one in tried if one.entry.answer is None}
        counts: Counter[str] = Counter(decided=len(tried) - len(undone))
        if undone:
            counts["undone"] = len(undone)
        counts.update(one.outcome for one in found if one.sha256 not in undone)
        name = self._loaded.name
        return Report("rights", name, dict(counts), next=f"curate package {name}")


def _ruled(one: Ruling, decision: Decision) -> Ruling:
    return dataclasses.replace(one, decision=decision)


def unreadable(expression: str) -> str:
    """What is wrong with an expression as the licence of something; "" where it is SPDX."""
    read = normalise(expression)
    if _bare(read) == _bare(expression):
        return ""
    told = f"'{' '.join(expression.split())[:80]}' is no SPDX licence expression"
    return told if "LicenseRef-" in read else f"{told}: write {read}"


def _bare(expression: str) -> str:
    return re.sub(r"[\s()]+", " ", expression).strip().lower()
