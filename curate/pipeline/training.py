"""When the categories of a collection are learned anew, and from which of its resources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from curate.catalog import Catalog
from curate.classify.header import VERSION
from curate.classify.seen import Seen
from curate.pipeline.judge import Judge
from curate.pipeline.listener import Listener

if TYPE_CHECKING:
    from curate.classify.training import Lesson

ENOUGH = (
    200  # resources from which a collection that nobody has corrected learns from its own words
)
GROWN = 1.2  # times as many resources as the last time: learn again
MATERIAL = 10_000  # resources that nobody has labelled and that are looked at, in the order of their hashes
ENTRIES = 20_000_000  # of their features that are held in memory, some 160 MB


def train(catalog: Catalog, judge: Judge, listener: Listener) -> bool:
    """Learn the categories of a collection anew, where that is due; the judge takes them up.

    It is due where the taxonomy, its examples or people's words changed, or the material grew by more
    than a fifth; never for a few new files, since all would have to be labelled again. A damaged model,
    or one of another version, is as good as none. Raises OSError where it cannot be written.
    """
    basis = _basis(judge)
    size = catalog.count_members(judge.name)["present"]
    told = _told(judge)
    if not judge.labeller.names or not (told or judge.labeller.examples or size >= ENOUGH):
        return _forget(judge)
    from curate.classify.model import read
    from curate.classify.training import train as learn

    known = read(judge.model)
    if known and known.header.basis == basis and size <= GROWN * known.header.size:
        return False
    listener.stage("learning", min(size, MATERIAL))
    lessons = _lessons(catalog, judge, told, listener)
    made = learn(lessons, judge.labeller.names, basis, judge.labeller.taxonomy, size)
    if made is None:
        return _forget(judge)
    made.write(judge.model)
    judge.renew()
    return True


def _basis(judge: Judge) -> str:
    said = sorted((one.item, one.category) for one in judge.corrections.latest.values())
    parts = (judge.labeller.words, str(VERSION), repr(said))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _told(judge: Judge) -> dict[str, str]:
    """What people said, as far as it is of categories that still are."""
    known = {*judge.labeller.names, ""}
    return {
        item: said.category
        for item, said in judge.corrections.latest.items()
        if said.category is not None and said.category in known
    }


def _forget(judge: Judge) -> bool:
    if not judge.model.exists():
        return False
    with suppress(OSError):
        judge.model.unlink()
    judge.renew()
    return True


def _lessons(
    catalog: Catalog, judge: Judge, told: dict[str, str], listener: Listener
) -> Iterator[Lesson]:
    """All that people labelled, and as many others as are looked at."""
    left = ENTRIES
    for lesson in judge.labeller.lessons(_texts(catalog, judge, told)):
        listener.step()
        if lesson.category is None:
            if left < 0:
                continue
            left -= len(lesson.bag.keys)
        yield lesson


def _texts(
    catalog: Catalog, judge: Judge, told: dict[str, str]
) -> Iterator[tuple[Seen, str | None]]:
    examples = judge.labeller.examples
    untold = 0
    for member in catalog.members(judge.name):
        category = told.get(member.sha256)
        if category is None and untold >= MATERIAL and not examples:
            continue
        path = judge.locator(catalog, member.sha256)
        if path is None:
            continue
        if category is None and (named := examples.find(path)):
            category = named[0]
        if category is None:
            untold += 1
        if category is not None or untold <= MATERIAL:
            yield judge.seen(catalog, member.sha256), category
