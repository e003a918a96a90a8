"""The bag inside a release's archive: pages, rights, payload, manifests, in the order people see them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from curate.bundle import Request, archive, crate, layout, ledger, pages
from curate.bundle.pages import printed

Progress = Callable[[int], None]

Put = Callable[[archive.Archive, Sequence[archive.Entry], str], None]
"""Writes entries whose paths all begin with the prefix."""

# Compressed so well by their own format that nothing is worth a try. Not here: what often is packed badly,
# such as office files, e-books and pictures.
_PACKED = frozenset(
    "mp3 m4a aac ogg opus flac mp4 m4v mov mkv webm webp heic avif zip 7z rar gz bz2 xz zst woff woff2".split()
)


def write(
    content: pages.Content,
    request: Request,
    out: archive.Archive,
    told: Path,
    progress: Progress | None,
    put: Put | None = None,
) -> None:
    """Pages and pictures first, so that people see them first; then the payload; then manifests.

    ``told``: where rights.json is written before it goes into the archive. ``put``: writes the payload,
    where it is not read from the library.
    """
    top, placed = content.top, content.layout.placed
    tags: list[tuple[str, str]] = []
    pictures: dict[str, str] = {}
    for one in placed:
        picture = one.item.thumbnail()
        if picture:
            path = pages.thumbnail_path(one.item.sha256)
            pictures[one.item.sha256] = path
            tags.append((path, out.add(f"{top}/{path}", picture, packed=True)))
    for path, data in chain(pages.write(content, pictures), printed.write(content, pictures)):
        tags.append((path, out.add(f"{top}/{path}", data)))
    tags += _rights(content, request, out, told)
    entries = _payload(content)
    if put:
        put(out, entries, f"{top}/data/")
    else:
        _pack(entries, out, progress, len(placed))
    cut = len(top) + 1
    size = sum(entry.size for entry in entries)
    for path, data in (
        ("bag-info.txt", _info(content, size, len(entries))),
        ("bagit.txt", crate.DECLARATION),
        ("manifest-sha256.txt", crate.manifest((e.path[cut:], e.sha256) for e in entries)),
    ):
        tags.append((path, out.add(f"{top}/{path}", data)))
    listed = crate.manifest(tags)
    out.add(f"{top}/{layout.TAGS}", listed)
    if request.signer:
        comment = f"{request.loaded.name} {content.version}"
        out.add(f"{top}/{layout.TAGS}.minisig", request.signer.sign(listed, comment))
    out.close()


def pack(content: pages.Content, out: archive.Archive, progress: Progress | None) -> None:
    """Only the items, at the paths that they have in a bag."""
    entries = _items(content)
    _pack(entries, out, progress, len(entries))


def _pack(
    entries: Sequence[archive.Entry], out: archive.Archive, progress: Progress | None, most: int
) -> None:
    for number, _ in enumerate(out.add_all(entries), 1):
        if progress:
            progress(min(number, most))


def _info(content: pages.Content, size: int, files: int) -> bytes:
    part = content.part
    group = (part.number, part.count) if part else None
    return crate.bag_info(content.loaded.collection, content.version, agent(), size, files, group)


def _rights(
    content: pages.Content, request: Request, out: archive.Archive, told: Path
) -> list[tuple[str, str]]:
    """Every decision with its evidence, and the policy that it follows from."""
    size, sha256 = ledger.write(told, request, content.layout, content.version)
    path = f"{content.top}/{ledger.FILE}"
    for _ in out.add_all([archive.Entry(path, size, sha256, lambda: told.open("rb"))]):
        pass
    tags = [(ledger.FILE, sha256)]
    if request.policy:
        tags.append((ledger.POLICY, out.add(f"{content.top}/{ledger.POLICY}", request.policy)))
    return tags


def _payload(content: pages.Content) -> list[archive.Entry]:
    """What data/ holds, by path as bytes."""
    part = content.part
    about = crate.describe(
        content.loaded.collection,
        content.layout,
        content.licenses,
        content.version,
        archive.stamp(),
        (part.number, part.count) if part else None,
    )
    sha256 = hashlib.sha256(about).hexdigest()
    path = f"{content.top}/data/{layout.METADATA}"
    described = archive.Entry(path, len(about), sha256, lambda: io.BytesIO(about))
    return sorted((described, *_items(content)), key=lambda entry: entry.path.encode())


def _items(content: pages.Content) -> list[archive.Entry]:
    return [
        archive.Entry(
            f"{content.top}/data/{one.path}",
            one.item.size,
            one.item.sha256,
            one.item.open,
            one.item.format in _PACKED,
            one.item.title,
        )
        for one in content.layout.placed
    ]


def agent() -> str:
    """The program that made it, with its version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"curate {version('curate-materials')}"
    except PackageNotFoundError:  # run from a checkout
        return "curate"
