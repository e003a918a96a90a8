"""How columns are written, and what is said of those that tell who a person is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PERSONAL = {"personal": True}
"""Tells who somebody is, or was written by or to them."""
SENSITIVE = {"personal": True, "sensitive": True}
"""Accounts that money goes to: kept only by a consent of its own."""
# SQLite counts up by itself only where the type is INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def own_id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def of(table: str, *, optional: bool = False, **how: Any) -> Column[Any]:
    """A reference to a row of ``table``, "orders" → order_id."""
    name = f"{table.removesuffix('ies')}y_id" if table.endswith("ies") else f"{table[:-1]}_id"
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=optional, **how)


def text(name: str, **how: Any) -> Column[str]:
    """Empty where nothing is said."""
    return Column(name, Text, nullable=False, server_default="", **how)


def count(name: str, default: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(default))


def time(name: str, *, optional: bool = False, **how: Any) -> Column[Any]:
    """Seconds since 1970 in UTC."""
    return Column(name, BigInteger, nullable=optional, **how)
