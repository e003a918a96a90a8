"""Manifests of a bag: which files there should be, with which checksums, and whether it is so (RFC 8493)."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from threading import active_count

from curate.bundle.archive.source import Zip
from curate.bundle.integrity.tags import Bag, decode, inside, lines
from curate.bundle.names import is_mine, key, width
from curate.errors import CurateError
from curate.messages import sentence

_NAME = re.compile(r"(tag)?manifest-([A-Za-z0-9_]+)\.txt")
_ROW = re.compile(r"([0-9a-fA-F]+)[ \t]+(.+)", re.DOTALL)
_TOGETHER = 8 << 20, 64  # bytes and files that are worth one handing over to a thread
_MANY = 32  # of those, from which on processes of their own are worth it
_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f]|[ .](/|$)')
_RESERVED = re.compile(r"(^|/)(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|/|$)", re.IGNORECASE)
_AGAIN = sentence("unpack the archive again")
_OURS = "START-HERE.html"  # in no bag that others make


@dataclass(frozen=True, slots=True)
class Manifest:
    name: str
    algorithm: str
    of_tags: bool
    rows: Mapping[str, str]  # path → checksum, lower case


def read(bag: Bag) -> list[Manifest]:
    """All of them, those of tags last."""
    found: list[Manifest] = []
    seen: dict[str, str] = {}
    for name in sorted(bag.source.sizes):
        match = _NAME.fullmatch(name)
        if not match:
            continue
        other = seen.setdefault(key(name), name)
        if other != name:
            bag.warning(name, sentence("has the name of {name} but for case", name=other))
        if match[2] != match[2].lower() or "_" in match[2]:
            bag.warning(
                name, sentence("names its algorithm in other than small letters and digits")
            )
        algorithm = match[2].lower()
        if not computable(algorithm):
            bag.error(
                name,
                sentence("uses {algorithm}, which cannot be checked here", algorithm=algorithm),
            )
            continue
        found.append(Manifest(name, algorithm, bool(match[1]), _rows(bag, name, bool(match[1]))))
    return sorted(found, key=lambda one: (one.of_tags, one.name))


def computable(algorithm: str) -> bool:
    """Whether it can be computed here and gives a checksum of fixed length."""
    try:
        return hashlib.new(algorithm).digest_size > 0
    except ValueError:
        return False


def _rows(bag: Bag, name: str, of_tags: bool) -> dict[str, str]:
    rows: dict[str, str] = {}
    written: dict[str, str] = {}
    for number, line in enumerate(lines(bag, name), 1):
        where = f"{name}:{number}"
        if not line.strip():
            bag.must(where, sentence("is an empty line"))
            continue
        row = _ROW.fullmatch(line)
        raw = _plain(bag, where, row[2]) if row else ""
        path = _found(bag, where, raw) if raw else ""
        safe = path in bag.source.sizes or inside(path)
        if not row or not safe or of_tags == path.startswith("data/"):
            bag.error(where, sentence("names no file of the bag: {line}", line=repr(line[:80])))
            continue
        checksum = row[1].lower()
        if path in rows:
            if rows[path] != checksum:
                bag.error(
                    where, sentence("{path} stands there twice with different checksums", path=path)
                )
            elif written[path] != raw:
                bag.warning(
                    where, sentence("{path} stands there twice, in two normal forms", path=path)
                )
            else:
                bag.must(where, sentence("{path} stands there twice", path=path))
        rows.setdefault(path, checksum)
        written.setdefault(path, raw)
    return rows


def _plain(bag: Bag, where: str, path: str) -> str:
    """Without what md5sum and its kin put before a path."""
    bare = path.strip() if bag.old else path
    if bare.startswith("*"):
        bag.warning(where, sentence("has an asterisk before the path, which strict readers refuse"))
        bare = bare[1:]
    if bare.startswith("./"):
        bag.warning(where, sentence("has ./ before the path, which strict readers refuse"))
        bare = bare[2:]
    return bare


def _found(bag: Bag, where: str, raw: str) -> str:
    """The path by which a file of the bag goes, whatever its form."""
    sizes = bag.source.sizes
    path = decode(raw)
    if path in sizes:
        return path
    if raw != path and raw in sizes:
        bag.warning(where, sentence("does not write % as %25, as RFC 8493 asks for"))
        return raw
    known = unicodedata.normalize("NFC", path)
    if known in sizes and bag.source.raw.get(known, known) != path:
        bag.warning(
            where,
            sentence("{path} is written in another normal form than the file's name", path=known),
        )
    return known


def set_aside(bag: Bag, manifests: Sequence[Manifest]) -> None:
    """Names what an update kept of the buyer's in an unpacked bundle of ours; for the rest it is as if it
    were not there."""
    named: set[str] = set().union(*(one.rows for one in manifests))
    if isinstance(bag.source, Zip) or _OURS not in named:
        return
    for path in sorted(path for path in bag.source.sizes.keys() - named if is_mine(path)):
        bag.source.junk[path] = bag.source.sizes.pop(path)
        bag.warning(
            path,
            sentence("is your own copy, kept when the bundle was updated; it is no part of it"),
        )


def listed(bag: Bag, manifests: Sequence[Manifest], fetched: set[str]) -> None:
    """Every payload file in the payload manifests, every other one in some, and all of them here."""
    payload = [one for one in manifests if not one.of_tags]
    tags = [one for one in manifests if one.of_tags]
    if not payload:
        bag.error("manifest-….txt", sentence("there is no payload manifest that can be checked"))
    known = {f"{one.name}.minisig" for one in tags}.union(*(one.rows for one in tags))
    sizes = bag.source.sizes
    sealed = isinstance(bag.source, Zip) and any(f"{one.name}.minisig" in sizes for one in tags)
    for path in sizes:
        if path.startswith("data/"):
            absent = [one.name for one in payload if path not in one.rows]
            enough = bag.old and len(absent) < len(payload)  # older bags need one manifest for each
            if absent and not enough:
                for name in absent:
                    bag.error(
                        path,
                        sentence("is not in {file}", file=name),
                        sentence("it was added later"),
                    )
        elif tags and path not in known and not _NAME.fullmatch(path):
            # RFC 8493 allows it, but nobody can tell whether it has changed. Into an archive that is signed
            # nobody puts a note of their own, as buyers do in their folders.
            tell = bag.error if sealed else bag.warning
            tell(path, sentence("is in no manifest"), sentence("it was added later"))
    for one in tags:
        for other in payload:
            if other.name not in one.rows:
                bag.must(one.name, sentence("does not list {file}", file=other.name))
    for path in sorted({path for one in manifests for path in one.rows}):
        if path not in bag.source.sizes and path not in fetched:
            bag.error(path, sentence("is missing"), _AGAIN)
    for path in sorted(fetched):
        for one in payload:
            if path not in one.rows:
                bag.error(path, sentence("is in fetch.txt and not in {file}", file=one.name))


def compare(bag: Bag, manifests: Sequence[Manifest], meanwhile: Callable[[], None]) -> None:
    """Read each file once, for all its checksums together, on as many processors as help.

    ``meanwhile``: what else there is to do until they have finished.
    """
    expected: dict[str, dict[str, str]] = {}
    for one in manifests:
        for path, checksum in one.rows.items():
            if path in bag.source.sizes:
                expected.setdefault(path, {})[one.algorithm] = checksum

    def check(paths: list[str]) -> list[tuple[str, str]]:
        wrong = ((path, _wrong(bag, path, expected[path])) for path in paths)
        return [found for found in wrong if found[1]]

    with _together(check, _batches(bag, expected)) as checked:
        meanwhile()
        for found in checked:
            for path, wrong in found:
                bag.error(path, wrong, _AGAIN)


Check = Callable[[list[str]], list[tuple[str, str]]]
_inherited: Check
"""In a process that compares: what it was begun for."""


@contextmanager
def _together(check: Check, batches: list[list[str]]) -> Iterator[Iterator[list[tuple[str, str]]]]:
    """In processes where there is much to do and they begin at once, as copies of this one; else in
    threads, which for many small files wait for each other most of the time. Raises CurateError."""
    several = min(os.cpu_count() or 1, 4)
    if len(batches) < _MANY or several == 1 or sys.platform != "linux" or active_count() > 1:
        with ThreadPoolExecutor(several) as threads:
            yield threads.map(check, batches)
        return
    try:
        with ProcessPoolExecutor(several, get_context("fork"), _begin, (check,)) as processes:
            yield processes.map(_check, batches)
    except BrokenProcessPool as fault:
        raise CurateError(
            "a process that compares checksums was killed",
            "see that memory is free and run it again",
        ) from fault


def _begin(check: Check) -> None:
    global _inherited
    _inherited = check


def _check(paths: list[str]) -> list[tuple[str, str]]:
    return _inherited(paths)


def _batches(bag: Bag, paths: Mapping[str, object]) -> list[list[str]]:
    """In the bag's own order, which is the one on the disk."""
    batches: list[list[str]] = []
    size = 0
    for path, length in bag.source.sizes.items():
        if path not in paths:
            continue
        if not batches or size + length > _TOGETHER[0] or len(batches[-1]) == _TOGETHER[1]:
            batches.append([])
            size = 0
        batches[-1].append(path)
        size += length
    return batches


def _wrong(bag: Bag, path: str, expected: Mapping[str, str]) -> str:
    hashes = {name: hashlib.new(name) for name in expected}
    damage = ""
    try:
        for piece in bag.source.pieces(path):
            for one in hashes.values():
                one.update(piece)
    except (OSError, ValueError) as fault:
        damage = str(fault)
    wrong = [name for name, one in hashes.items() if one.hexdigest() != expected[name]]
    if not wrong:
        return sentence("cannot be unpacked everywhere: {fault}", fault=damage) if damage else ""
    if not damage:
        return sentence(
            "has changed: its {algorithm} is not the one in the manifest", algorithm=wrong[0]
        )
    return sentence(
        "has changed: its {algorithm} is not the one in the manifest; {fault}",
        algorithm=wrong[0],
        fault=damage,
    )


def portable(bag: Bag) -> None:
    """Names that one file system cannot tell from another, or does not take."""
    seen: dict[str, str] = {}
    for path in sorted(bag.source.sizes):
        other = seen.setdefault(key(path), path)
        if other != path:
            bag.warning(path, sentence("has the name of {name} but for case or form", name=other))
        if _WINDOWS.search(path):
            bag.warning(
                path,
                sentence("cannot be unpacked on Windows: its name has what is forbidden there"),
            )
        elif _RESERVED.search(path):
            bag.warning(
                path, sentence("cannot be unpacked on Windows: the name belongs to a device there")
            )
        elif len(path) > 127 and any(width(part) > 255 for part in path.split("/")):
            bag.warning(path, sentence("cannot be unpacked on Windows: its name is too long"))
