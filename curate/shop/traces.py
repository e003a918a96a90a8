"""What erased data leaves behind where it lay: pages of shop.db that are free, its log, copies with a line on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from curate.database import personal
from curate.database.tables import grants, metadata
from curate.errors import CurateError
from curate.shop import stamp
from curate.workspace import Workspace, alone

if TYPE_CHECKING:
    from curate.database import Database
    from curate.shop import Shop


def wipe(shop: Shop, database: Database, patience: int) -> None:
    """Leave no byte of it: copies go, the file of the database is written anew, its log is emptied.

    ``patience``: milliseconds to wait for those who use it. Takes as long as copying the database does.
    Raises CurateError where that is not possible now. On a server other than SQLite what its own files,
    logs and dumps keep is its administrator's.
    """
    copies(shop, database)
    with suppress(CurateError), unpacking(shop.workspace):
        pass  # what a backup left there that was killed
    if database.engine.dialect.name != "sqlite":
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            for table in sorted({one.table for one in personal.columns() if one.sort != "none"}):
                connection.exec_driver_sql(f'VACUUM "{metadata.tables[table].name}"')
        return
    _sqlite(database, ("VACUUM",), patience)


def settle(database: Database, patience: int) -> None:
    """Empty the log of SQLite: freed pages are zeroes already, see ``secure_delete`` of ``curate.database``. Takes
    as long as what was written lately."""
    if database.engine.dialect.name == "sqlite":
        _sqlite(database, (), patience)


@contextmanager
def unpacking(workspace: Workspace) -> Iterator[Path]:
    """Where a database lies for a moment while it is backed up or restored: not there yet, gone at the end.

    Raises CurateError where another one is at it.
    """
    busy = f"another backup or restore of {workspace.root} is running"
    folder = workspace.state / "unpacked"
    with alone(workspace.state / "unpacked.lock", busy):
        try:
            shutil.rmtree(folder, ignore_errors=True)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def copies(shop: Shop, database: Database) -> int:
    """Delete copies that bear a line of somebody who is not to be named any more; how many buyers' they were."""
    home = stamp.home(shop.workspace)
    found = {one.name: one for one in _folders(home)}
    named = select(grants.c.serial).where(grants.c.stamp != "")
    with database.reading() as connection:
        kept = {
            one
            for some in personal.pieces(sorted(found))
            for one in connection.scalars(named.where(grants.c.serial.in_(some)))
        }
    gone = sorted(found.keys() - kept)
    for serial in gone:
        shutil.rmtree(found[serial], ignore_errors=True)
    return len(gone)


def _folders(home: Path) -> Iterator[Path]:
    return (one for one in home.glob("*") if one.is_dir() and not one.name.startswith("."))


def _sqlite(database: Database, commands: tuple[str, ...], patience: int) -> None:
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {patience}")
        for command in commands:
            cursor.execute(command)
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 60000")
    except database.engine.dialect.loaded_dbapi.OperationalError as fault:
        raise _busy(str(fault)) from fault
    finally:
        raw.close()
    if busy:
        raise _busy("another process reads it all the time")


def _busy(why: str) -> CurateError:
    return CurateError(
        f"what was erased is out of the database, but its file could not be cleaned: {why}",
        "stop curate serve, or free some space, and run the same command again",
    )
