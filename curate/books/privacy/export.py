"""A copy of all that is kept of one person: a file of JSON with everything, and a table of each kind for people."""

from __future__ import annotations

import csv
import io
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from curate.books.privacy import audit
from curate.database import personal
from curate.errors import CurateError
from curate.exports.text import commands
from curate.shop import forgetting
from curate.workspace import unusable

if TYPE_CHECKING:
    from curate.shop import Shop

ALL = "person.json"
Rows = list[dict[str, Any]]


class Exported(msgspec.Struct, frozen=True):
    path: str
    tables: dict[str, int]  # rows of each
    erased: bool  # they were: there is nothing left that tells who they are


def export(shop: Shop, told: str, to: Path) -> Exported:
    """Write what is kept of who is meant by ``told`` to ``to``, new and for its owner alone: a folder, or one file
    where it ends in .zip.

    Raises CurateError: nobody is meant, there is something at ``to`` already, it cannot be written.
    """
    if to.exists() or to.is_symlink():
        raise CurateError(f"{to} is there already", "give the name of something that is not")
    with shop.database.reading() as connection:
        whom = forgetting.seek(connection, shop, told)
        found = dict(personal.read(connection, personal.rows(connection, whom.roots)))
    files = dict(_files(shop, found))
    try:
        (_zip if to.suffix.lower() == ".zip" else _folder)(to, files)
    except OSError as fault:
        raise unusable(fault, to) from fault
    with shop.database.writing() as connection:
        audit.note(connection, shop, "export", whom.contact_id, rows=sum(map(len, found.values())))
    gone = any(row["erased_at"] for row in found.get("contacts", ()))
    return Exported(str(to), {name: len(rows) for name, rows in found.items()}, gone)


def _files(shop: Shop, found: Mapping[str, Rows]) -> Iterator[tuple[str, bytes]]:
    everything = {"version": 1, "made_at": shop.now(), "tables": found}
    yield ALL, msgspec.json.format(msgspec.json.encode(everything), indent=2) + b"\n"
    for name, rows in found.items():
        if rows:
            yield f"{name}.csv", _table(rows)


def _table(rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(rows[0])
    table.writerows([_cell(name, value) for name, value in row.items()] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def _cell(name: str, value: object) -> str:
    """Moments as people read them; texts so that no spreadsheet program computes them."""
    if value is None:
        return ""
    if isinstance(value, int) and (name == "at" or name.endswith("_at")):
        return _moment(value)
    told = str(value)
    return f"'{told}" if isinstance(value, str) and commands(told) else told


def _moment(at: int) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(at)


def _folder(to: Path, files: Mapping[str, bytes]) -> None:
    """Whole or not at all."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        for name, data in files.items():
            _write(part / name, data)
        part.rename(to)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _zip(to: Path, files: Mapping[str, bytes]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED
            )
    _write(to, packed.getvalue())


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
