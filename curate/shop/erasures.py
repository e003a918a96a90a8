"""The erasure journal: who asked to be forgotten, as keyed hashes, in a file beside shop.db.

A backup knows nothing of what was erased after it was made. So an erasure is written here first, and lasting, and
then done in the database; whenever a database is opened that does not know one of them, it is done there, too,
whichever way that database came to lie there. What is left open by a run that was killed is finished likewise.

A key stands there once for each time that somebody was erased: who came back may be erased again, and a database
that knows of the first time is told of the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.database import Database
    from curate.journal import Journal
    from curate.shop import Shop
    from curate.workspace import Workspace

FILE = "erasures.jsonl"
_PATIENCE = 60.0
"""Seconds that an erasure waits for another one, and for those who read."""
_HASTE = 1_000
"""Milliseconds that opening a database waits for those who read; the next one that opens it tries again."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """``keys`` of one person, in hex, made with the key whose mark is ``by``; or that all before it are done."""

    at: int  # seconds since 1970
    keys: tuple[str, ...] = ()
    by: str = ""
    done: bool = False


def path(workspace: Workspace) -> Path:
    return workspace.root / FILE


def journal(workspace: Workspace) -> Journal[Entry]:
    """Raises CurateError where a line of it cannot be read."""
    from curate.journal import Journal

    return Journal(path(workspace), Entry, "line of the erasure journal", "curate privacy erase")


def note(shop: Shop, some: Iterable[Iterable[bytes]], at: int) -> None:
    """Write down whom to forget up to ``at``, each with their keys, before it is done; lasting when this returns.
    Within ``alone``."""
    file, by = journal(shop.workspace), mark(shop)
    there = {one for entry in file.entries if entry.at >= at for one in entry.keys}
    told = [tuple(sorted(one.hex() for one in keys)) for keys in some]
    new = [Entry(at, keys, by) for keys in told if not there.issuperset(keys)]
    if new:
        file.append(new)


def complete(shop: Shop) -> None:
    """Write down what the database knows and the journal does not, where that file was lost."""
    from sqlalchemy import select

    from curate.database.tables import erasures

    with alone(shop.workspace):
        with shop.database.reading() as connection:
            query = select(erasures.c.key, erasures.c.at)
            rows = [
                (row.key.hex(), row.at)
                for row in connection.execute(query.order_by(erasures.c.key))
            ]
        file, by = journal(shop.workspace), mark(shop)
        there = {(one, entry.at) for entry in file.entries for one in entry.keys}
        new = [Entry(at, (key,), by) for key, at in rows if (key, at) not in there]
        if new:
            file.append([*new, Entry(shop.now(), done=True)])


def finish(shop: Shop, database: Database, patience: float = _PATIENCE) -> None:
    """Take out of files what nothing refers to any more, and note that it is done. Within ``alone``.

    Raises CurateError where somebody reads the database all the time.
    """
    from curate.shop import traces

    traces.wipe(shop, database, int(patience * 1_000))
    if path(shop.workspace).exists():
        journal(shop.workspace).append([Entry(shop.now(), done=True)])


def replay(shop: Shop, database: Database) -> int:
    """Forget in ``database`` whom the journal names and it does not know as erased by then; how many people. What
    was left unfinished is finished where that is possible at once.

    Raises CurateError where the journal was written with another key than the shop has now.
    """
    if not path(shop.workspace).exists():
        return 0
    if _settled(shop, database):
        return 0
    with alone(shop.workspace):
        entries = journal(shop.workspace).entries
        new = _unknown(shop, database, entries)
        if new:
            _apply(shop, database, new)
        try:
            if new or not entries[-1].done:
                finish(shop, database, _HASTE / 1_000)
        except CurateError:
            pass  # somebody reads: whoever opens it next tries again
    return _people(new)


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """One erasure after the other. Raises CurateError where one takes too long."""
    from filelock import FileLock, Timeout

    workspace.state.mkdir(exist_ok=True)
    lock = FileLock(workspace.state / "erasures.lock")
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout as fault:
        raise CurateError(
            "another process is erasing what is kept of somebody", "wait until it has finished"
        ) from fault
    try:
        yield
    finally:
        lock.release()


def mark(shop: Shop) -> str:
    """By which key hashes were made: that of another shop finds nobody."""
    return shop.keys.mac("erasures", "mark").hex()[:16]


def _settled(shop: Shop, database: Database) -> bool:
    entries = journal(shop.workspace).entries
    return not entries or (entries[-1].done and not _unknown(shop, database, entries))


def _unknown(shop: Shop, database: Database, entries: Sequence[Entry]) -> list[Entry]:
    """Those that the database does not know. Raises CurateError."""
    from sqlalchemy import select

    from curate.database.tables import erasures

    own = mark(shop)
    if any(one.keys and one.by != own for one in entries):
        raise CurateError(
            f"{path(shop.workspace)} was written with another key than {shop.workspace.keys / 'shop.key'}",
            "put that key back from a backup: without it nobody who was erased is recognised, and no buyer's "
            "code works",
        )
    with database.reading() as connection:
        rows = connection.execute(select(erasures.c.key, erasures.c.at))
        known = {row.key.hex(): row.at for row in rows}
    new = [one for one in entries if any(known.get(key, -1) < one.at for key in one.keys)]
    return sorted(new, key=lambda one: one.at)


def _people(some: Sequence[Entry]) -> int:
    """How many are behind these: who was erased twice is one."""
    seen: set[str] = set()
    found = 0
    for one in some:
        found += seen.isdisjoint(one.keys)
        seen.update(one.keys)
    return found


def _apply(shop: Shop, database: Database, new: Sequence[Entry]) -> None:
    from curate.database.tables import audits
    from curate.shop import forgetting

    with database.writing() as connection:
        groups = [[*map(bytes.fromhex, one.keys)] for one in new]
        found = forgetting.recall(connection, shop, groups)
        told: list[tuple[Any, int]] = [(whom, one.at) for whom, one in zip(found, new, strict=True)]
        forgetting.forget(connection, shop, told)
        rows = [
            {"what": "erase", "contact_id": whom.contact_id, "note": "once more", "at": shop.now()}
            for whom in found
        ]
        connection.execute(audits.insert(), rows)
