"""One file that a shop can be restored from: shop.db as it was at one moment, keys/, shop.toml and the erasure
journal. Whoever has it has everything, so it is for its owner alone.

Restoring brings nobody back who was erased since: the journal that lies there and the one of the backup are put
together, and whatever the restored database does not know of it is done there at once.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec

from curate import checksum, typed
from curate.books.privacy import audit
from curate.database import open_database, release, schema
from curate.errors import CurateError
from curate.shop import erasures, keys, settings, traces
from curate.workspace import settle_names, unusable

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.workspace import Workspace

DATABASE, MANIFEST, KEYS = "shop.db", "backup.json", "keys/"
_NEEDED = {DATABASE, settings.FILE, KEYS + keys.FILE}
_FORMAT = "curate shop backup"
_MOST = 1_000  # files
_NOTE = 1 << 20  # bytes of the manifest
_AROUND = ("-wal", "-shm")
_PIECE = 1 << 20
_END = 253_402_300_800  # of the year 9999
_BROKEN = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ValueError, NotImplementedError,
    RuntimeError, KeyError,
)  # fmt: skip


class Member(msgspec.Struct, frozen=True):
    name: str
    size: int  # bytes
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    format: str
    version: int
    made_at: Annotated[int, msgspec.Meta(ge=0, lt=_END)]  # seconds since 1970
    files: tuple[Member, ...]


class Backup(msgspec.Struct, frozen=True):
    """``shared``: others may read it all the same, because the disk knows no owners."""

    path: str
    made_at: int
    files: tuple[str, ...]
    shared: bool


class Restored(msgspec.Struct, frozen=True):
    """``forgotten``: people who were erased after the backup was made, and are so again."""

    made_at: int
    files: tuple[str, ...]
    forgotten: int


def backup(shop: Shop, to: Path) -> Backup:
    """Write the new file ``to``; the shop may be used meanwhile.

    Raises CurateError: it exists, it cannot be written, or the database is a server's, which has its own tools.
    """
    if shop.settings.database:
        raise CurateError(
            "the database is PostgreSQL's, which backs it up by its own tools",
            "run pg_dump, and copy keys/, shop.toml and erasures.jsonl with it: when the dump is restored, "
            "curate forgets again whom the journal names",
        )
    if to.exists() or to.is_symlink():
        raise CurateError(f"{to} exists", "give the name of a file that does not")
    erasures.complete(shop)
    keys.load(shop.workspace.keys)  # one that is made only later would fit nothing of the backup
    try:
        with _room(shop.workspace) as room:
            _copy(shop.database.engine, room / DATABASE)
            manifest = _written(shop, room / DATABASE, to)
    except FileExistsError as fault:
        raise CurateError(f"{to} exists", "give the name of a file that does not") from fault
    except OSError as fault:
        raise unusable(fault, to) from fault
    names = tuple(one.name for one in manifest.files)
    shared = os.name != "nt" and bool(to.stat().st_mode & 0o077)
    return Backup(str(to), manifest.made_at, names, shared)


def _written(shop: Shop, copy: Path, to: Path) -> Manifest:
    """Whole or not at all, and never over another file."""
    part = to.with_name(f".{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        with _own(part) as file:
            manifest = _pack(shop, file, {DATABASE: copy, **_beside(shop.workspace)})
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, to)
        except FileExistsError:
            raise
        except OSError:  # a stick or a network drive that has no links
            part.rename(to)
        settle_names(to.parent)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(workspace: Workspace, file: Path, *, replace: bool = False) -> Restored:
    """Put the shop of ``file`` into ``workspace``; with ``replace`` in place of the one that is there, which is gone
    then. Stopped half-way it is done by running it again with ``replace``.

    Raises CurateError: it is no backup, or damaged; there is a shop already, or somebody uses it; its journal needs
    the key that lies there and the backup brings another one.
    """
    from curate.shop import Shop

    with workspace.writing(), _room(workspace) as room:
        manifest = _unpack(file, room)
        schema.check(room / DATABASE, f"{DATABASE} of {file}")
        _check_key(room / KEYS, file)
        _check(workspace, manifest, replace)
        _merge(workspace, room)
        _release(workspace)
        # The database last: without its key, the next one who opens it would make a new one.
        for name in sorted((one.name for one in manifest.files), key=lambda one: one == DATABASE):
            if name != erasures.FILE:
                _place(room / name, workspace.root / name)
    shop = Shop.open(workspace)
    opened = open_database(shop.settings.database, workspace.root)
    try:
        forgotten = erasures.replay(shop, opened)
    finally:
        opened.close()
    with shop.database.writing() as connection:
        audit.note(connection, shop, "restore", forgotten=forgotten)
    return Restored(manifest.made_at, tuple(one.name for one in manifest.files), forgotten)


def _copy(engine: Any, to: Path) -> None:
    """SQLite writes a whole new file of one moment, log and all, without what was deleted."""
    _own(to).close()  # SQLite would make it readable to others; an empty one it fills
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(to),))
    except engine.dialect.loaded_dbapi.Error as fault:
        raise OSError(f"{DATABASE} cannot be copied: {fault}") from fault
    finally:
        raw.close()


def _beside(workspace: Workspace) -> dict[str, Path]:
    """Everything else, by its name in the backup."""
    found = {settings.FILE: settings.path(workspace), erasures.FILE: erasures.path(workspace)}
    secret = sorted(one for one in workspace.keys.glob("*") if one.is_file())
    found |= {f"{KEYS}{one.name}": one for one in secret if not one.name.endswith(".part")}
    return {name: path for name, path in found.items() if path.is_file()}


def _pack(shop: Shop, file: BinaryIO, found: dict[str, Path]) -> Manifest:
    members = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in found.items():
            digest, size = hashlib.sha256(), 0
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    target.write(piece)
            members.append(Member(name, size, digest.hexdigest()))
        manifest = Manifest(_FORMAT, 1, shop.now(), tuple(members))
        archive.writestr(MANIFEST, msgspec.json.encode(manifest))
    return manifest


def _unpack(file: Path, room: Path) -> Manifest:
    """Everything of it into ``room``, if it is whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, file)
            for one in manifest.files:
                _take(archive, one, room / one.name, file)
        return manifest
    except FileNotFoundError as fault:
        raise unusable(fault, file) from fault
    except _BROKEN as fault:
        raise CurateError(f"{file} is no whole backup: {fault}", "take another one") from fault


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    with archive.open(MANIFEST) as stream:
        raw = stream.read(_NOTE)
    try:
        found = typed.json(raw, Manifest)
    except msgspec.DecodeError as fault:
        raise CurateError(f"{file} is no backup of a shop: {fault}", "take another one") from fault
    if found.format != _FORMAT or found.version != 1:
        raise CurateError(f"{file} is a backup of another kind", "update curate and try again")
    names = [one.name for one in found.files]
    if len(names) > _MOST or len(set(names)) < len(names) or not all(map(_known, names)):
        raise CurateError(f"{file} names files that no backup has", "take another one")
    if missing := sorted(_NEEDED - set(names)):
        raise CurateError(f"{file} lacks {', '.join(missing)}", "take another one")
    return found


def _known(name: str) -> bool:
    """Nothing else is ever written, wherever it would lie."""
    if name in (DATABASE, settings.FILE, erasures.FILE):
        return True
    bare = name.removeprefix(KEYS)
    return name.startswith(KEYS) and bare not in ("", ".", "..") and not set(bare) & set("/\\:\0")


def _take(archive: zipfile.ZipFile, one: Member, to: Path, file: Path) -> None:
    to.parent.mkdir(mode=0o700, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(one.name) as source, _own(to) as target:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > one.size:
                break
            digest.update(piece)
            target.write(piece)
    if size != one.size or digest.hexdigest() != one.sha256:
        raise CurateError(f"{file} is damaged: {one.name} is not what it was", "take another one")


def _check(workspace: Workspace, manifest: Manifest, replace: bool) -> None:
    there = [
        one.name
        for one in manifest.files
        if one.name != erasures.FILE and _differs(workspace.root / one.name, one)
    ]
    if there and not replace:
        raise CurateError(
            f"{workspace.root} has a shop already: {', '.join(there[:5])}",
            "make a backup of it, then restore with --replace: what is there now is gone then",
        )
    if KEYS + keys.FILE in there and erasures.journal(workspace).entries:
        raise CurateError(
            f"{erasures.path(workspace)} was written with the key that is there, and the backup has another one",
            "restore it in a workspace of its own: whom the journal names could not be recognised",
        )


def _check_key(folder: Path, file: Path) -> None:
    try:
        keys.load(folder)
    except CurateError as fault:
        raise CurateError(
            f"{file} is damaged: its {keys.FILE} is no key", "take another one"
        ) from fault


def _differs(path: Path, one: Member) -> bool:
    """Whether something else than ``one`` would be lost at ``path``."""
    return path.exists() and (path.stat().st_size != one.size or checksum.of(path) != one.sha256)


def _merge(workspace: Workspace, room: Path) -> None:
    """What either journal knows, before there is a database that lacks some of it."""
    new = room / erasures.FILE
    if not new.exists():
        return
    with erasures.alone(workspace):
        own = erasures.journal(workspace)
        theirs = type(own)(
            new, erasures.Entry, "line of the erasure journal", "curate privacy erase"
        )
        missing = [one for one in theirs.entries if one.keys and one not in own.entries]
        if missing:
            own.append(missing)


def _release(workspace: Workspace) -> None:
    """The database that is there is nobody's any more: its log is in its file, and nobody has it open.

    Raises CurateError where somebody has."""
    path = workspace.root / DATABASE
    if path.exists():
        release(path)
    for suffix in _AROUND:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _place(source: Path, to: Path) -> None:
    if not to.parent.exists():
        to.parent.mkdir(mode=0o700)
    source.replace(to)
    settle_names(to.parent)


def _own(path: Path) -> BinaryIO:
    """A new file for its owner alone."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def _room(workspace: Workspace) -> Iterator[Path]:
    """A folder for its owner alone, gone at the end; what one who was killed left there goes first."""
    with traces.unpacking(workspace) as folder:
        folder.mkdir(mode=0o700)
        yield folder
