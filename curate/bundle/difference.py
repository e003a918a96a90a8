"""What changed between two versions of a bundle, wherever they lie and whether or not a record is with them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from curate.bundle import Changes, history
from curate.bundle.archive.source import Folder, Source, Zip
from curate.bundle.history import File
from curate.bundle.layout import METADATA
from curate.errors import CurateError
from curate.spdx.expression import ids

_ALGORITHMS = ("sha256", "sha512", "sha1", "md5")  # of a manifest, the one that is preferred first
_LARGEST = 256 << 20  # bytes of a manifest or a description
_ROW = re.compile(r"^([0-9a-fA-F]+)[ \t]+\*?(.+)$")
_BREAKS = re.compile("%0[AaDd]|%25")
_TOLD = (
    "name", "description", "inLanguage", "keywords", "alternateName", "isBasedOn", "sameAs",
    "creditText", "encodingFormat",
)  # fmt: skip

Entity = Mapping[str, Any]
"""Of JSON-LD."""


@dataclass(frozen=True, slots=True)
class Side:
    """One version as it is compared."""

    place: str  # where it was read
    name: str  # "" where it does not say
    version: str  # the same
    files: tuple[File, ...]
    algorithm: str = "sha256"  # what File.sha256 really is in a bag that somebody else made
    recorded: bool = False  # read from release.json

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Comparison:
    old: Side
    new: Side
    changes: Changes
    following: str
    """The number that follows ``old.version`` by what changed; "" where that is not known."""


def read(path: Path) -> Side:
    """The version in ``path``: a release folder, an archive, or an unpacked bundle.

    Files are taken at the word of their manifest, none is read. Raises CurateError for anything else.
    """
    if (path / history.RECORD).is_file():
        record = history.read(path)
        return Side(str(path), record.name, record.version, record.items, recorded=True)
    if path.is_dir() and not (path / "bagit.txt").is_file():
        raise CurateError(
            f"{path} holds neither {history.RECORD} nor bagit.txt",
            "give an archive, the folder it was unpacked to, or build/NAME/X.Y.Z",
        )
    if not path.exists():
        raise CurateError(
            f"{path} does not exist", "give an archive, an unpacked bundle, or build/NAME/X.Y.Z"
        )
    return _bag(Folder(path) if path.is_dir() else Zip(path), str(path))


def compare(old: Side, new: Side) -> Comparison:
    """What became of ``old``. Raises CurateError where their checksums are of different kinds."""
    if old.algorithm != new.algorithm:
        raise CurateError(
            f"{old.place} lists {old.algorithm}, {new.place} {new.algorithm}: they cannot be compared",
            "compare bundles that were made with curate",
        )
    if old.recorded != new.recorded:  # words about a file are recorded in other forms
        old, new = _plain(old), _plain(new)
    changes = history.compare(old.files, new.files)
    try:
        following = history.following(old.version, changes) if changes else old.version
    except CurateError:
        following = ""
    return Comparison(old, new, changes, following)


def listed(source: Source, name: str) -> dict[str, str]:
    """Path → checksum of the manifest ``name``; {} where there is none. Raises CurateError: damaged."""
    rows = {}
    for number, line in enumerate(_read(source, name).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        row = _ROW.match(line)
        if not row:
            raise CurateError(
                f"{name}:{number} is no line of a manifest", "unpack the bundle again"
            )
        path = row[2].removeprefix("./")
        rows[_BREAKS.sub(lambda found: unquote(found[0]), path)] = row[1].lower()
    return rows


def _bag(source: Source, place: str) -> Side:
    there = [one for one in _ALGORITHMS if f"manifest-{one}.txt" in source.sizes]
    if not there:
        raise CurateError(
            f"{place} has no payload manifest", "give an archive or an unpacked bundle"
        )
    entities = _entities(source)
    root = entities.get("./", {})
    files = tuple(
        _file(path.removeprefix("data/"), sha256, source.sizes.get(path, 0), entities)
        for path, sha256 in sorted(listed(source, f"manifest-{there[0]}.txt").items())
        if path.startswith("data/") and path != f"data/{METADATA}"
    )
    name, version = _named(source, str(root.get("version", "")))
    return Side(place, name, version, files, there[0])


def _file(path: str, sha256: str, size: int, entities: Mapping[str, Entity]) -> File:
    said = entities.get(path, {})
    file = path.rpartition("/")[2]
    license = " AND ".join(sorted(_referred(said.get("license"), "identifier", entities)))
    # Numbers that only lead to other entities may differ although nothing has changed.
    told = [str(said.get(name, "")) for name in _TOLD]
    told += [sha256, license, *_referred(said.get("author"), "name", entities)]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    title, name = said.get("name"), said.get("alternateName")
    return File(path, sha256, size, str(title or file), str(name or file), license, digest)


def _referred(value: Any, field: str, entities: Mapping[str, Entity]) -> list[str]:
    """What ``field`` is of the entities that ``value`` refers to."""
    refs = value if isinstance(value, list) else [value]
    there = (unquote(str(one.get("@id", ""))) for one in refs if isinstance(one, dict))
    return [str(entities[id].get(field, "")) for id in there if id in entities]


def _entities(source: Source) -> dict[str, Entity]:
    """What ro-crate-metadata.json says, by @id with escapes undone; {} where it says nothing."""
    try:
        graph = json.loads(_read(source, f"data/{METADATA}") or b"{}").get("@graph", ())
        return {
            unquote(one["@id"]): one
            for one in graph
            if isinstance(one, dict) and isinstance(one.get("@id"), str)
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}  # it is only a description: the manifest says what is there


def _named(source: Source, version: str) -> tuple[str, str]:
    """Name and version by bag-info.txt (``External-Identifier: NAME-VERSION``), else ``version``."""
    text = _read(source, "bag-info.txt").decode("utf-8", "replace")
    found = re.search(r"^External-Identifier:[ \t]*(\S.*?)[ \t\r]*$", text, re.MULTILINE)
    identifier = found[1] if found else ""
    if version and identifier.endswith(f"-{version}"):
        return identifier.removesuffix(f"-{version}"), version
    parted = re.match(r"(.+?)-(\d+\.\d+\.\d+.*)$", identifier)
    return (parted[1], parted[2]) if parted else (identifier, version)


def _read(source: Source, name: str) -> bytes:
    if name not in source.sizes:
        return b""
    try:
        with source.open(name) as stream:
            data = stream.read(_LARGEST + 1)
    except Exception as fault:  # zipfile and its decoders raise anything
        raise CurateError(f"{name} cannot be read: {fault}", "download the bundle again") from fault
    if len(data) > _LARGEST:
        raise CurateError(f"{name} is larger than {_LARGEST >> 20} MiB", "this is no bundle")
    return data


def _plain(side: Side) -> Side:
    def plain(file: File) -> File:
        named = " ".join(sorted(set(ids(file.license))))
        return msgspec.structs.replace(file, digest=file.sha256, license=named)

    return replace(side, files=tuple(map(plain, side.files)))
