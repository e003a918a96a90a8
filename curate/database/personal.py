"""The data map: which columns tell who somebody is, by which way their row is tied to that person, and what
erasing leaves of it. All that exports and erases goes by it, so that no column can be forgotten.

A row is a person's because it refers to a row that is, up to ``contacts``: whoever adds a table that refers to
one of these has it exported and erased already. A personal column that no way leads to is an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Text,
    delete,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy import Table as _Table

from curate.database.tables import metadata

Sort = Literal["none", "personal", "sensitive"]
Fate = Literal["kept", "blanked", "deleted"]
Person = dict[str, list[Any]]
"""Primary keys of a person's rows, by table, sorted."""

_FIRST = "contacts"
_AT_ONCE = 500
_OTHERS = frozenset(
    {
        ("attributions", "affiliate_id"), ("attributions", "line_id"), ("clicks", "affiliate_id"),
        ("commissions", "line_id"), ("entries", "line_id"), ("introductions", "introducer_id"),
        ("moves", "event_id"),
    }
)  # fmt: skip
"""References that make no row theirs: it tells of somebody else, or of money alone; or theirs it is anyway."""
_BLOCKED = frozenset({"audits", "erasures"})
"""What remains of an erasure itself."""
_DELETED = frozenset({"identities"})
"""Rows that are nothing but who somebody is. All others stay for what they count, with what tells it blanked."""
_BY_VALUE = frozenset({"costs.person"})
"""People of whom there is no row: the seller's own, known by what stands in the column."""


class Mapped(msgspec.Struct, frozen=True):
    """One column. ``way`` leads to the contact that it is of, by references, all of them where there are
    several; or it is the column itself, where that names the person. "" of rows that are nobody's."""

    table: str
    column: str
    sort: Sort
    way: str
    erased: Fate


def columns(of: MetaData = metadata) -> tuple[Mapped, ...]:
    """The whole map, by table and column. Raises LookupError where a personal column is connected to nobody."""
    ways = _ways(of)
    found = tuple(
        _mapped(column, ways.get(table.name, "")) for table in of.sorted_tables for column in table.columns
    )  # fmt: skip
    lost = [f"{one.table}.{one.column}" for one in found if one.sort != "none" and not one.way]
    if lost:
        raise LookupError(
            f"personal columns that no reference connects with a contact: {', '.join(lost)}"
        )
    return tuple(sorted(found, key=lambda one: (one.table, one.column)))


def sort(column: Column[Any]) -> Sort:
    if column.info.get("sensitive"):
        return "sensitive"
    return "personal" if column.info.get("personal") else "none"


def rows(
    connection: Connection, roots: Mapping[str, Collection[Any]], without: Collection[str] = ()
) -> Person:
    """All rows that are theirs who are behind ``roots``, primary keys by table; tables ``without`` left out,
    with what hangs on them alone."""
    found: dict[str, set[Any]] = {}
    for table in _theirs(metadata):
        if table.name in without:
            continue
        own = set(roots.get(table.name, ()))
        for column, parent in _ties(table):
            for some in pieces(sorted(found.get(parent, ()))):
                own.update(connection.scalars(select(_key(table)).where(column.in_(some))))
        if own:
            found[table.name] = own
    people = roots.get("costs", ())
    if people:
        found["costs"] = set(people)
    return {name: sorted(keys) for name, keys in found.items()}


def read(connection: Connection, person: Person) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each table that has rows of theirs, with these as they are. Hashes and who else is concerned are left out."""
    for name, keys in person.items():
        table = metadata.tables[name]
        shown = [
            one
            for one in table.columns
            if not isinstance(one.type, LargeBinary) and (name, one.name) not in _OTHERS
        ]
        query = select(*shown).order_by(_key(table))
        yield (
            name,
            [
                dict(row._mapping)
                for some in pieces(keys)
                for row in connection.execute(query.where(_key(table).in_(some)))
            ],
        )


def erase(connection: Connection, person: Person) -> int:
    """Blank what tells who they are, delete the rows that are nothing else; how many rows changed. Rows stay
    connected with each other: whatever counts them gives what it gave before."""
    done = 0
    for name, keys in reversed(person.items()):
        table = metadata.tables[name]
        told = [one for one in table.columns if sort(one) != "none"]
        if not told:
            continue
        for some in pieces(keys):
            mine = _key(table).in_(some)
            if name in _DELETED:
                done += connection.execute(delete(table).where(mine)).rowcount
            else:
                query = update(table).where(mine, or_(*(_says(one) for one in told)))
                done += connection.execute(
                    query.values({one.name: _blank(one) for one in told})
                ).rowcount
    return done


def pieces(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many as one statement takes."""
    return (keys[n : n + _AT_ONCE] for n in range(0, len(keys), _AT_ONCE))


def _mapped(column: Column[Any], way: str) -> Mapped:
    table, name, found = (
        f"{column.table.name}",
        f"{column.name}",
        sort(column),
    )  # some have quotes to them
    if f"{table}.{name}" in _BY_VALUE:
        way = f"{table}.{name}"
    fate: Fate = "kept" if found == "none" else "blanked"
    return Mapped(table, name, found, way, "deleted" if table in _DELETED else fate)


@cache
def _ways(of: MetaData) -> dict[str, str]:
    """From each table of theirs to the contact, by its references; tables that come later refer to earlier
    ones."""
    shortest, found = {_FIRST: _FIRST}, {_FIRST: _FIRST}
    for table in of.sorted_tables:
        hops = [
            f"{table.name}.{column.name} → {shortest[parent]}"
            for column, parent in _references(table)
            if parent in shortest and table.name not in _BLOCKED
        ]
        if hops:
            shortest[table.name] = min(hops, key=lambda one: one.count("→"))
            found[table.name] = " | ".join(hops)
    return found


@cache
def _theirs(of: MetaData) -> tuple[_Table, ...]:
    """Tables with rows of people, those first that others refer to."""
    return tuple(table for table in of.sorted_tables if table.name in _ways(of))


def _ties(table: _Table) -> Iterator[tuple[Column[Any], str]]:
    return ((column, parent) for column, parent in _references(table) if parent in _ways(metadata))


def _references(table: _Table) -> Iterator[tuple[Column[Any], str]]:
    for column in table.columns:
        for one in column.foreign_keys:
            if one.column.primary_key and (table.name, column.name) not in _OTHERS:
                yield column, one.column.table.name


def _key(table: _Table) -> Column[Any]:
    (own,) = table.primary_key.columns
    return own


def _says(column: Column[Any]) -> Any:
    return column.is_not(None) if column.nullable else not_(column == _blank(column))


def _blank(column: Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, Text):
        return ""
    return b"" if isinstance(column.type, LargeBinary) else 0
