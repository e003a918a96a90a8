"""shop.db: made whole, kept up to date, all or nothing."""

from __future__ import annotations

from pathlib import Path

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
