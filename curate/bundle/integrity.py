"""Is a bundle whole? BagIt from its text (RFC 8493, and the versions 0.93-0.97 before it), and the release around it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from curate.bundle import history
from curate.bundle.names import key
from curate.bundle.source import Folder, Source, Zip
from curate.errors import CurateError, Problem

_CHUNK = 1 << 20
_MANIFEST = re.compile(r"^(tag)?manifest-([A-Za-z0-9_]+)\.txt$")
_ROW = re.compile(r"^([0-9a-fA-F]+)[ \t]+\*?(.+)$")
_VERSION = re.compile(r"^BagIt-Version: (\d+)\.(\d+)$")
_LABEL = re.compile(r"^([^\s:][^:]*):[ \t]*(.*)$")
_KNOWN = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")


def verify(path: Path) -> list[Problem]:
    """See :func:`curate.bundle.verify`."""
    if path.is_dir():
        if (path / history.RECORD).is_file():
            return _release(path)
        if (path / "bagit.txt").is_file():
            return _bag(Folder(path))
        raise CurateError(
            f"{path} holds neither {history.RECORD} nor bagit.txt",
            "give an archive, the folder it was unpacked to, or build/NAME/X.Y.Z",
        )
    if not path.is_file():
        raise CurateError(
            f"{path} does not exist", "give an archive, an unpacked bundle, or build/NAME/X.Y.Z"
        )
    sidecar = path.with_name(f"{path.name}.sha256")
    return [*(_sidecar(sidecar, path) if sidecar.is_file() else ()), *_bag(Zip(path))]


def _release(folder: Path) -> list[Problem]:
    record = history.read(folder)
    archive = folder / record.archive.file
    if not archive.is_file():
        return [
            Problem(
                str(archive), "is missing", "restore it from a backup: a release is never rebuilt"
            )
        ]
    problems: list[Problem] = []
    found = _sha256(archive)
    if found != record.archive.sha256:
        problems.append(
            Problem(
                str(archive),
                f"has SHA-256 {found}, but {history.RECORD} says {record.archive.sha256}",
            )
        )
    sidecar = folder / f"{archive.name}.sha256"
    problems += (
        _sidecar(sidecar, archive, found)
        if sidecar.is_file()
        else [Problem(str(sidecar), "is missing")]
    )
    try:
        source = Zip(archive)
    except CurateError as fault:
        return [*problems, Problem(str(archive), fault.message, fault.hint)]
    problems += _bag(source)
    payload = {
        name.removeprefix("data/"): size
        for name, size in source.sizes.items()
        if name.startswith("data/")
    }
    for item in record.items:
        if payload.get(item.path) != item.size:
            problems.append(
                Problem(f"data/{item.path}", f"is not in the archive as {history.RECORD} lists it")
            )
    return problems


def _sidecar(sidecar: Path, archive: Path, found: str = "") -> Iterator[Problem]:
    row = _ROW.match(sidecar.read_text("utf-8", "replace").strip())
    if not row or row[2].strip() != archive.name:
        yield Problem(str(sidecar), f"does not name {archive.name}")
    elif row[1].lower() != (found or _sha256(archive)):
        yield Problem(
            str(archive), f"its SHA-256 is not the one in {sidecar.name}", "download it again"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _bag(source: Source) -> list[Problem]:
    problems = list(source.problems)
    if "bagit.txt" not in source.sizes:
        return [
            *problems,
            Problem("bagit.txt", "is missing: this is no BagIt bag", "download it again"),
        ]
    version, encoding = _declaration(source, problems)
    manifests = {name: match for name in sorted(source.sizes) if (match := _MANIFEST.match(name))}
    if not any(not match[1] for match in manifests.values()):
        problems.append(Problem("manifest-….txt", "there is no payload manifest"))
    if not any(name.startswith("data/") for name in source.sizes):
        problems.append(Problem("data/", "is missing or empty", severity="warning"))
    fetched = _fetch(source, encoding, problems)
    expected: dict[str, dict[str, str]] = {}
    for name, match in manifests.items():
        _manifest(
            source, name, match[2].lower(), bool(match[1]), (version, encoding), expected, problems
        )
    _listed(source, manifests, expected, fetched, problems)
    _digests(source, expected, fetched, problems)
    _twins(source, problems)
    _info(source, version, encoding, problems)
    return problems


def _declaration(source: Source, problems: list[Problem]) -> tuple[str, str]:
    """(version, encoding) as bagit.txt declares them."""
    lines = _text(source, "bagit.txt", "utf-8", problems).splitlines()
    version = _VERSION.match(lines[0]) if lines else None
    coded = (
        lines[1].partition(": ")[2].strip()
        if len(lines) == 2 and lines[1].startswith("Tag-File-Character-Encoding: ")
        else ""
    )
    if not version or not coded:
        problems.append(Problem("bagit.txt", "is not the two lines that RFC 8493 asks for"))
        return "1.0", "utf-8"
    name = f"{version[1]}.{version[2]}"
    if name not in _KNOWN:
        problems.append(
            Problem("bagit.txt", f"declares the unknown version {name}", severity="warning")
        )
    try:
        "".encode(coded)
    except (LookupError, ValueError):
        problems.append(Problem("bagit.txt", f"declares the unknown encoding {coded!r}"))
        return name, "utf-8"
    return name, coded


def _manifest(
    source: Source,
    name: str,
    algorithm: str,
    of_tags: bool,
    coded: tuple[str, str],
    expected: dict[str, dict[str, str]],
    problems: list[Problem],
) -> None:
    if not _computable(algorithm):
        problems.append(Problem(name, f"uses {algorithm}, which cannot be checked here"))
        return
    version, encoding = coded
    for number, line in enumerate(_text(source, name, encoding, problems).splitlines(), 1):
        if not line.strip():
            continue
        row = _ROW.match(line)
        path = _decoded(row[2].strip() if version < "1.0" else row[2], version) if row else ""
        if not row or not _inside(path, of_tags):
            problems.append(Problem(f"{name}:{number}", f"names no file of the bag: {line[:80]!r}"))
            continue
        rows = expected.setdefault(path, {})
        if rows.get(algorithm, row[1].lower()) != row[1].lower():
            problems.append(
                Problem(f"{name}:{number}", f"{path} stands there twice with different checksums")
            )
        rows[algorithm] = row[1].lower()


def _computable(algorithm: str) -> bool:
    """Whether it can be computed here and gives a checksum of fixed length."""
    try:
        return hashlib.new(algorithm).digest_size > 0
    except ValueError:
        return False


def _decoded(path: str, version: str) -> str:
    path = path.removeprefix("./")
    if version >= "1.0":
        for code, char in (
            ("%0A", "\n"),
            ("%0a", "\n"),
            ("%0D", "\r"),
            ("%0d", "\r"),
            ("%25", "%"),
        ):
            path = path.replace(code, char)
    return unicodedata.normalize("NFC", path)


def _inside(path: str, of_tags: bool) -> bool:
    parts = path.split("/")
    if (
        path.startswith(("/", "~"))
        or ".." in parts
        or "\\" in path
        or re.match(r"^[A-Za-z]:", path)
    ):
        return False
    return of_tags != path.startswith("data/")


def _listed(
    source: Source,
    manifests: dict[str, re.Match[str]],
    expected: dict[str, dict[str, str]],
    fetched: set[str],
    problems: list[Problem],
) -> None:
    """Every payload file in every payload manifest, every other one in some, and all of them here."""
    algorithms = [match[2].lower() for match in manifests.values() if not match[1]]
    of_tags = {name for name, match in manifests.items() if match[1]}  # in no manifest themselves
    for path in source.sizes:
        if path.startswith("data/"):
            absent = [one for one in algorithms if one not in expected.get(path, {})]
            if absent:
                problems.append(
                    Problem(path, f"is not in manifest-{absent[0]}.txt", "it was added later")
                )
        elif of_tags and path not in expected and path not in of_tags:
            # RFC 8493 allows it, but nobody can tell whether it has changed.
            problems.append(Problem(path, "is in no manifest", "it was added later", "warning"))
    for path in expected:
        if path not in source.sizes and path not in fetched:
            problems.append(Problem(path, "is missing", "unpack the archive again"))


def _digests(
    source: Source, expected: dict[str, dict[str, str]], fetched: set[str], problems: list[Problem]
) -> None:
    """Each file is read once, for all its checksums together."""
    for path in sorted(expected.keys() & source.sizes.keys()):
        hashes = {name: hashlib.new(name) for name in expected[path]}
        try:
            with source.open(path) as stream:
                while chunk := stream.read(_CHUNK):
                    for one in hashes.values():
                        one.update(chunk)
        except Exception as fault:  # noqa: BLE001 - zipfile and its decoders raise anything
            problems.append(Problem(path, f"cannot be read: {fault}", "download it again"))
            continue
        for name, one in hashes.items():
            if one.hexdigest() != expected[path][name]:
                problems.append(
                    Problem(
                        path,
                        f"has changed: its {name} is not the one in the manifest",
                        "unpack the archive again",
                    )
                )
                break


def _fetch(source: Source, encoding: str, problems: list[Problem]) -> set[str]:
    """Files that fetch.txt says lie elsewhere; those not here yet make the bag incomplete."""
    if "fetch.txt" not in source.sizes:
        return set()
    named: set[str] = set()
    for number, line in enumerate(_text(source, "fetch.txt", encoding, problems).splitlines(), 1):
        parts = line.split(None, 2)
        if len(parts) != 3 or not _inside(_decoded(parts[2], "1.0"), of_tags=False):
            problems.append(
                Problem(f"fetch.txt:{number}", "is not URL, length and a path below data/")
            )
            continue
        path = _decoded(parts[2], "1.0")
        named.add(path)
        if path not in source.sizes:
            problems.append(
                Problem(
                    path, f"has to be fetched from {parts[0]}", "the bag is incomplete until then"
                )
            )
    return named


def _twins(source: Source, problems: list[Problem]) -> None:
    """Names that one file system cannot tell from another."""
    seen: dict[str, str] = {}
    for path in sorted(source.sizes):
        other = seen.setdefault(key(path), path)
        if other != path:
            problems.append(
                Problem(path, f"has the name of {other} but for case or form", severity="warning")
            )


def _info(source: Source, version: str, encoding: str, problems: list[Problem]) -> None:
    name = "bag-info.txt" if version > "0.95" else "package-info.txt"
    if name not in source.sizes:
        return
    labels: dict[str, str] = {}
    for line in _text(source, name, encoding, problems).splitlines():
        if line.startswith((" ", "\t")) or not line.strip():
            continue
        match = _LABEL.match(line)
        if not match:
            problems.append(Problem(name, f"has a line that is no label: {line[:60]!r}"))
        else:
            labels[match[1].strip().casefold()] = match[2].strip()
    oxum = labels.get("payload-oxum", "")
    if oxum:
        payload = [size for path, size in source.sizes.items() if path.startswith("data/")]
        if oxum != f"{sum(payload)}.{len(payload)}":
            problems.append(
                Problem(
                    name, f"Payload-Oxum says {oxum}, the payload is {sum(payload)}.{len(payload)}"
                )
            )


def _text(source: Source, name: str, encoding: str, problems: list[Problem]) -> str:
    try:
        with source.open(name) as stream:
            return stream.read().decode(encoding).removeprefix("\ufeff")
    except Exception as fault:  # noqa: BLE001 - zipfile and its decoders raise anything
        problems.append(Problem(name, f"cannot be read: {fault}", "download it again"))
        return ""
