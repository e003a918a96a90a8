"""What people say about duplicates: tried first, then written down, judged and indexed again."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from curate.catalog import Catalog, Member
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.likeness import MOST, Likeness, Word
from curate.messages import msg, render
from curate.model import Language, Message, Report
from curate.pipeline.groups import Board, Double
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.keep import Choice, choose
from curate.pipeline.links import Links
from curate.pipeline.lookup import look_up
from curate.pipeline.ready import ready
from curate.workspace import Workspace

Verb = Literal["keep", "split", "merge", "undo"]


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person says. ``items`` are ids, paths or URLs: one for keep, at least two for split and merge."""

    verb: Verb
    items: tuple[str, ...]
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said, and what comes of it."""

    report: Report
    doubles: tuple[Double, ...]  # the items, then all else of which something changed
    notes: tuple[Message, ...] = ()


def say(workspace: Workspace, name: str, saying: Saying) -> Said:
    """Write down what a person says about duplicates in a collection, and let it hold at once.

    Raises CurateError, and nothing is written: it has to be collected or classified first, an item that
    is not there, a word that changes nothing.
    """
    loaded = load(workspace, name)
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        ready(workspace, catalog, loaded)
        members = look_up(workspace, catalog, name, saying.items)
        before = choose(catalog, loaded)
        likeness = Likeness(loaded.folder)
        _check(saying, loaded, members, before, likeness)
        likeness.append([_word(saying, members)])
        _judge(workspace, catalog, loaded, members)
        after = choose(catalog, loaded)
        changed = _changed(before, after) - {one.sha256 for one in members}
        board = Board(catalog, loaded, after)
        doubles = [one.sha256 for one in members] + sorted(
            changed, key=lambda one: (after.order.get(one, len(after.order)), one)
        )
        notes = tuple(_notes(saying, catalog, members, after, loaded.collection.language))
        return Said(
            Report("dedupe", name, {"items": len(members), "changed": len(changed)},
                   next=f"curate package {shlex.quote(name)}"),
            tuple(map(board.double, doubles)), notes,
        )  # fmt: skip


def _word(saying: Saying, members: Sequence[Member]) -> Word:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Word(
        saying.verb, tuple(one.sha256 for one in members), tuple(one.title for one in members),
        saying.who, now, " ".join(saying.why.split()),
    )  # fmt: skip


def _judge(
    workspace: Workspace, catalog: Catalog, loaded: Loaded, members: Sequence[Member]
) -> None:
    judge = Judge(workspace, loaded)
    with catalog.transaction():
        items = [one.sha256 for one in members]
        catalog.mark_said("likeness", loaded.name, items, judge.likeness.mark)
        revision = catalog.next_revision()
        for item in items:
            catalog.put_member(judge.member(catalog, item), judge.basis, revision)
    index(workspace, catalog, workspace.settings)


def _changed(before: Choice, after: Choice) -> set[str]:
    names = before.kept.keys() | after.kept.keys()
    moved = {name for name in names if before.kept.get(name) != after.kept.get(name)}
    doubts = before.suspects.keys() ^ after.suspects.keys()
    keepers = {
        one.keeper for name in moved for one in (before.kept.get(name), after.kept.get(name)) if one
    }
    return {name for name in moved | doubts | keepers if name in after.standings}


def _check(
    saying: Saying, loaded: Loaded, members: Sequence[Member], choice: Choice, likeness: Likeness
) -> None:
    """Raises CurateError for a word that would change nothing: a slip."""
    told = " and ".join(f"“{one.title}”" for one in members[:3])
    see = f"see what is: curate dedupe {loaded.name}"
    least = {"keep": 1, "undo": 1, "split": 2, "merge": 2}[saying.verb]
    if len(members) < least or (saying.verb == "keep" and len(members) > 1):
        raise CurateError(f"{saying.verb} takes {least} items, not {len(members)}", see)
    if len(members) > MOST:
        raise CurateError(f"{len(members)} items at once are too many", f"name at most {MOST}")
    names = [one.sha256 for one in members]
    pairs = list(combinations(names, 2))
    if saying.verb == "keep" and not _liked(choice.links, names[0]):
        raise CurateError(f"{told} is the same as nothing else: there is nothing to choose", see)
    if saying.verb == "split" and not any(_alike(choice.links, a, b) for a, b in pairs):
        raise CurateError(f"{told} do not count as the same: there is nothing to split", see)
    if saying.verb == "merge" and all(_sure(choice.links, a, b) for a, b in pairs):
        raise CurateError(f"{told} count as the same already: there is nothing to merge", see)
    if saying.verb == "undo":
        _undone(names, likeness, told)


def _liked(links: Links, name: str) -> bool:
    families = (links.family(name), *links.near.get(links.family(name), ()))
    return any(
        links.between(name, other) for one in families for other in links.of(one) if other != name
    )


def _alike(links: Links, a: str, b: str) -> bool:
    return bool(links.between(a, b)) or any(
        whole == other for one, other in ((a, b), (b, a)) for whole, _ in links.inside(one)
    )


def _sure(links: Links, a: str, b: str) -> bool:
    found = links.between(a, b)
    return found is not None and found.kind in ("same-text", "said")


def _undone(names: Sequence[str], likeness: Likeness, told: str) -> None:
    pairs = [tuple(sorted(pair)) for pair in combinations(names, 2)]
    if any(name in likeness.keep for name in names) or any(
        pair in likeness.pairs for pair in pairs
    ):
        return
    others = [
        title
        for pair, word in likeness.pairs.items()
        for item, title in zip(word.items, word.titles, strict=False)
        if item in pair and item not in names and set(pair) & set(names)
    ]
    if others:
        known = ", ".join(f"“{one}”" for one in dict.fromkeys(others))
        raise CurateError(
            f"what was said of {told} was about two: it and {known}", "name both to take it back"
        )
    raise CurateError(f"nobody said anything about {told}", "there is nothing to take back")


def _notes(
    saying: Saying, catalog: Catalog, members: Sequence[Member], choice: Choice, language: Language
) -> list[Message]:
    notes = []
    if saying.verb == "merge":
        kinds = dict.fromkeys(
            known[0].kind for one in members if (known := catalog.facts(one.sha256))
        )
        if len(kinds) > 1:
            notes.append(msg("they are of different kinds: {kinds}", kinds=", ".join(kinds)))
    if saying.verb == "keep" and (kept := choice.kept.get(members[0].sha256)):
        notes.append(
            msg(
                "“{title}” stays in its place all the same: {why}",
                title=kept.title,
                why=render(kept.reason, language),
            )
        )
    if saying.verb == "split" and any(one.sha256 in choice.suspects for one in members):
        notes.append(
            msg("whose they are is asked all the same: somebody else has a say in one like them")
        )
    return notes
