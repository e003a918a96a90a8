"""Is a bundle whole? BagIt from its text (RFC 8493, and the versions 0.93-0.97 before it), and the release around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from curate import checksum, signing
from curate.bundle import history
from curate.bundle.archive.source import Folder, Source, Zip, is_mark
from curate.bundle.integrity import manifests, tags
from curate.bundle.integrity.tags import Bag
from curate.bundle.layout import TAGS
from curate.errors import CurateError, Problem
from curate.messages import sentence
from curate.workspace import Workspace

_ROW = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(.+)")
_BACKUP = sentence("restore it from a backup: a release is never rebuilt")
_AGAIN = sentence("download it again")
_KEYLESS = sentence("give the key that the seller publishes: --key")


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a bundle is judged."""

    key: str = ""  # the seller's, base64; "" where it is not known
    strict: bool = False  # what file managers leave counts
    signed: bool = False  # everything has to be signed


def verify(path: Path, terms: Terms) -> list[Problem]:
    """See :func:`curate.bundle.verify`."""
    if not terms.key:
        terms = replace(terms, key=_own(path))
    if path.is_dir():
        if (path / history.RECORD).is_file():
            return _release(path, terms)
        if any(is_mark(one.name) for one in path.iterdir()):
            return _bag(Folder(path), terms)[0]
        raise CurateError(
            f"{path} holds neither {history.RECORD} nor bagit.txt",
            _instead(path) or "give an archive, the folder it was unpacked to, or build/NAME/X.Y.Z",
        )
    if not path.is_file():
        raise CurateError(
            f"{path} does not exist",
            _instead(path.parent) or "give an archive, an unpacked bundle, or build/NAME/X.Y.Z",
        )
    source = Zip(path)
    sidecar = path.with_name(f"{path.name}.sha256")
    beside = _sidecar(sidecar, path, checksum.of(path)) if sidecar.is_file() else ()
    return [*beside, *_seal(path, terms), *_bag(source, terms)[0]]


def _instead(home: Path) -> str:
    """Which releases lie in ``home``; "" where there are none."""
    there = history.versions(home)
    return f"give one of the releases of {home.name}: {history.named(there)}" if there else ""


def _own(path: Path) -> str:
    """The key of the workspace that the bundle lies in; "" where there is none."""
    try:
        keys = Workspace.find(path.parent).keys
        return signing.public(keys) if (keys / signing.PUBLIC).is_file() else ""
    except CurateError:
        return ""


def _release(folder: Path, terms: Terms) -> list[Problem]:
    """Every archive of it, and that they hold what the record lists."""
    record = history.read(folder)
    problems: list[Problem] = []
    there: dict[str, str] = {}
    whole = True
    for one in record.archives:
        found, rows = _archive(folder, one, terms)
        problems += found
        whole = whole and rows is not None
        there |= rows or {}
    if whole:  # else the archive that is missing says enough
        for item in record.items:
            if there.pop(f"data/{item.path}", "") != item.sha256:
                what = sentence("is not in the archive as {file} lists it", file=history.RECORD)
                problems.append(Problem(f"data/{item.path}", what))
    return problems


def _archive(
    folder: Path, said: history.Zip, terms: Terms
) -> tuple[list[Problem], dict[str, str] | None]:
    """What is wrong with it, and the SHA-256 of each payload file; None where it cannot be read."""
    archive = folder / said.file
    if not archive.is_file():
        return [Problem(str(archive), sentence("is missing"), _BACKUP)], None
    problems: list[Problem] = []
    found = checksum.of(archive)
    if found != said.sha256:
        what = sentence(
            "has SHA-256 {found}, but {file} says {stated}",
            found=found,
            file=history.RECORD,
            stated=said.sha256,
        )
        problems.append(Problem(str(archive), what, _BACKUP))
    sidecar = folder / f"{archive.name}.sha256"
    if sidecar.is_file():
        problems += _sidecar(sidecar, archive, found)
    else:
        problems.append(Problem(str(sidecar), sentence("is missing"), _BACKUP))
    problems += _seal(archive, terms)
    try:
        source = Zip(archive)
    except CurateError as fault:
        return [*problems, Problem(str(archive), fault.message, fault.hint)], None
    inner, rows = _bag(source, terms)
    return [*problems, *inner], rows


def _sidecar(sidecar: Path, archive: Path, found: str) -> Iterator[Problem]:
    row = _ROW.fullmatch(sidecar.read_text("utf-8", "replace").strip())
    if not row or row[2].strip() != archive.name:
        yield Problem(str(sidecar), sentence("does not name {file}", file=archive.name))
    elif row[1].lower() != found:
        yield Problem(
            str(archive),
            sentence("its SHA-256 is not the one in {file}", file=sidecar.name),
            _AGAIN,
        )


def _seal(archive: Path, terms: Terms) -> Iterator[Problem]:
    """The signature beside an archive. A buyer may have thrown it away: the one inside says as much."""
    seal = archive.with_name(f"{archive.name}.minisig")
    if not seal.is_file():
        return
    if not terms.key:
        yield _unchecked(str(seal))
        return
    with archive.open("rb") as whole:
        if wrong := signing.check(whole, seal.read_bytes(), terms.key):
            yield _unsealed(str(seal), archive.name, wrong)


def _unchecked(seal: str) -> Problem:
    return Problem(seal, sentence("was not checked against a known key"), _KEYLESS, "warning")


def _unsealed(seal: str, of: str, wrong: str) -> Problem:
    return Problem(
        seal,
        sentence("does not vouch for {file} by the key given: {wrong}", file=of, wrong=wrong),
        sentence("do not trust it; get it from the seller"),
    )


def _bag(source: Source, terms: Terms) -> tuple[list[Problem], dict[str, str]]:
    """Every problem, and the SHA-256 that the manifest states for each payload file."""
    bag = Bag(source, problems=list(source.problems))
    if terms.strict:
        source.sizes.update(source.junk)
    if not any(map(is_mark, source.sizes)):
        bag.error("bagit.txt", sentence("is missing: this is no BagIt bag"), _AGAIN)
        return bag.problems, {}
    tags.declare(bag)
    if not source.payload:
        bag.error("data/", sentence("is missing: every bag has this folder"))
    found = manifests.read(bag)
    for path in {path for one in found for path in one.rows} & source.junk.keys():
        source.sizes[path] = source.junk[path]  # it belongs to the bag, whatever it is called
    if not terms.strict:
        manifests.set_aside(bag, found)

    def told() -> None:
        manifests.listed(bag, found, tags.fetched(bag))
        manifests.portable(bag)
        tags.describe(bag)
        _signature(bag, terms)

    manifests.compare(bag, found, told)
    rows = {one.algorithm: one.rows for one in found if not one.of_tags}
    return bag.problems, dict(rows.get("sha256", {}))


def _signature(bag: Bag, terms: Terms) -> None:
    """Of the tag manifest, and so of everything: it lists the manifest, which lists all the rest."""
    seal = f"{TAGS}.minisig"
    sizes = bag.source.sizes
    if seal not in sizes:
        if terms.signed:
            bag.error(
                seal,
                sentence("is missing: nothing here is signed"),
                sentence("get it from the seller"),
            )
        elif terms.key:  # made before there was a key, or somebody took the signature away
            unsigned = sentence(
                "is missing: nothing here is signed, though there is a key in keys/"
            )
            bag.problems.append(
                Problem(seal, unsigned, sentence("compare with your own copy"), "warning")
            )
        return
    if not terms.key:
        bag.problems.append(_unchecked(seal))
        return
    if TAGS not in sizes or sizes[TAGS] > tags.LONGEST or sizes[seal] > 1 << 16:
        bag.error(seal, sentence("there is no {file} that it could be for", file=TAGS))
        return
    try:
        data, signature = (b"".join(bag.source.pieces(name)) for name in (TAGS, seal))
        wrong = signing.check(data, signature, terms.key)
    except (OSError, ValueError) as fault:
        wrong = str(fault)
    if wrong:
        bag.problems.append(_unsealed(seal, TAGS, wrong))
