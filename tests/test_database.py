"""shop.db: made whole, kept up to date, all or nothing."""

from __future__ import annotations

import multiprocessing
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from curate.database import open_database, schema, tables
from curate.errors import CurateError


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = open_database("", tmp_path)
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []
    newest = sorted((Path(schema.__file__).parent / "migrations" / "versions").glob("0*.py"))[-1]
    assert newest.name.startswith(schema.HEAD)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_database("", tmp_path).close()
    assert (tmp_path / "shop.db").stat().st_mode & 0o077 == 0


def test_a_transaction_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    with pytest.raises(KeyError), database.writing() as connection:
        connection.execute(
            tables.orders.insert().values(channel="a", number="1", currency="CNY", made_at=1)
        )
        raise KeyError
    with database.reading() as connection:
        assert not connection.execute(select(tables.orders)).all()


def _hold(home: Path, begun: Any) -> None:
    with open_database("", home).writing():
        begun.set()
        time.sleep(60)


def _write(home: Path, name: str, together: Any) -> None:
    """Without a pause."""
    database = open_database("", home)
    together.wait(60)
    for number in range(100):
        with database.writing() as connection:
            row = {"source": f"{name} {number}", "at": 1}
            connection.execute(tables.entries.insert().values(row))


def test_who_is_killed_while_writing_gives_the_turn_back(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    context = multiprocessing.get_context("forkserver")
    begun = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, begun))
    holder.start()
    assert begun.wait(60)
    holder.kill()
    with database.writing() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.orders)) == 0
    holder.join()
    assert (tmp_path / "shop.db-turn").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that are given in turn")
def test_who_writes_without_a_pause_lets_others_in(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    context = multiprocessing.get_context("forkserver")
    together = context.Barrier(2)
    crowd = [context.Process(target=_write, args=(tmp_path, name, together)) for name in "ab"]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)
    with database.reading() as connection:
        found = connection.scalars(select(tables.entries.c.source).order_by(tables.entries.c.id))
        changes = sum(one[0] != other[0] for one, other in pairwise(found))
    assert changes > 50  # of 199: one after the other would be 1


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(CurateError, match="newer curate"):
        open_database("", tmp_path)


@pytest.mark.parametrize("url", ["mysql://h/x", "postgresql", "sqlite:///x.db"])
def test_other_databases_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(CurateError, match="database"):
        open_database(url, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:S3CRET@127.0.0.1:1/x",
        "postgresql://u@127.0.0.1:1/x?password=S3CRET",
        "postgresql://u@127.0.0.1:1/x?bogus=S3CRET",
        "postgresql://u:a@S3CRET@127.0.0.1:1/x",
        "postgresql://u:S3CRET@h:S3CRET/x",
        "mysql://u@h/x?password=S3CRET",
    ],
)
def test_a_password_in_the_address_is_never_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(CurateError) as fault:
        open_database(url, tmp_path)
    assert "S3CRET" not in str(fault.value) and "S3CRET" not in fault.value.hint
