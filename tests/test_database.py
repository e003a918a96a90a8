"""shop.db: made whole, kept up to date, all or nothing."""

from __future__ import annotations

import multiprocessing
import queue
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

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


def _write(home: Path, count: int, done: Any) -> None:
    database = open_database("", home)
    for _ in range(count):
        with database.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
    done.put(count)


def test_writers_take_turns_and_a_killed_one_gives_its_turn_back(tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    other = context.Process(target=_write, args=(tmp_path, 1, done))
    with database.writing():
        other.start()
        with pytest.raises(queue.Empty):
            done.get(timeout=3)
        other.kill()
        other.join()
    crowd = [context.Process(target=_write, args=(tmp_path, 20, done)) for _ in range(3)]
    for one in crowd:
        one.start()
    assert [done.get(timeout=60) for _ in crowd] == [20, 20, 20]
    for one in crowd:
        one.join()
    assert (tmp_path / "shop.db-turn").stat().st_mode & 0o077 == 0


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
