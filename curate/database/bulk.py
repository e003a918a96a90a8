"""Many rows at once, for what comes by the million: plain statements, prepared once, rows as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, func, select

Rows = Sequence[tuple[Any, ...]]


def fresh(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """``count`` ids of ``table`` that are nobody else's, ascending. Within a transaction that writes; on SQLite
    the same ones are given again until rows have them."""
    if connection.dialect.name == "sqlite":
        last = int(connection.scalar(select(func.max(table.c.id))) or 0)
        return range(last + 1, last + 1 + count)
    drawn = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
    return sorted(
        connection.scalars(select(drawn).select_from(func.generate_series(1, count))).all()
    )


def put(
    connection: Connection, table: Table, columns: Sequence[str], rows: Rows, *, once: str = ""
) -> int:
    """Insert ``rows``; how many. ``once`` names the columns of a unique key: what has one that is there is left
    out."""
    if not rows:
        return 0
    names = ", ".join(f'"{one}"' for one in columns)
    end = f" ON CONFLICT ({once}) DO NOTHING" if once else ""
    marks = ", ".join("?" * len(columns))
    return _run(connection, f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}){end}', rows)


def change(connection: Connection, table: Table, columns: Sequence[str], rows: Rows) -> int:
    """Set ``columns`` of the rows whose id is the last of each tuple; how many."""
    if not rows:
        return 0
    names = ", ".join(f'"{one}" = ?' for one in columns)
    return _run(connection, f'UPDATE "{table.name}" SET {names} WHERE "id" = ?', rows)


def among(
    connection: Connection, table: Table, columns: Sequence[str], key: str, values: Sequence[Any]
) -> Sequence[Any]:
    """``columns`` of the rows whose ``key`` is one of ``values``, as they are stored: as many as one statement
    takes."""
    if not values:
        return ()
    names = ", ".join(f'"{one}"' for one in columns)
    marks = ", ".join("?" * len(values))
    told = f'SELECT {names} FROM "{table.name}" WHERE "{key}" IN ({marks})'
    style = connection.dialect.paramstyle
    return connection.exec_driver_sql(_marked(told, style), tuple(values)).all()


def _run(connection: Connection, statement: str, rows: Rows) -> int:
    told = _marked(statement, connection.dialect.paramstyle)
    return connection.exec_driver_sql(told, [*rows]).rowcount


@lru_cache
def _marked(statement: str, style: str) -> str:
    """With the marks of the driver for a value; no name of ours has a question mark in it."""
    return statement if style == "qmark" else statement.replace("?", "%s")
