"""The bag inside a release's archive: pages, rights, payload, manifests, in the order people see them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from curate.bundle import Request, archive, crate, layout, ledger, pages, typeset

Progress = Callable[[int], None]
TAGS = "tagmanifest-sha256.txt"

# Compressed by their own format: not worth a try.
_PACKED = frozenset(
    "mp3 m4a aac ogg opus flac mp4 m4v mov mkv webm avi jpeg jpg webp heic avif zip 7z rar gz bz2 xz "
    "zst docx pptx xlsx odt ods odp epub woff woff2".split()
)


def write(
    content: pages.Content,
    request: Request,
    out: archive.Archive,
    told: Path,
    progress: Progress | None,
) -> None:
    """Pages and pictures first, so that people see them first; then the payload; then manifests.

    ``told``: where rights.json is written before it goes into the archive.
    """
    collection = content.loaded.collection
    top, placed = content.top, content.layout.placed
    tags: list[tuple[str, str]] = []
    pictures: dict[str, str] = {}
    for one in placed:
        picture = one.item.thumbnail()
        if picture:
            path = pages.thumbnail_path(one.item.sha256)
            pictures[one.item.sha256] = path
            tags.append((path, out.add(f"{top}/{path}", picture, packed=True)))
    for path, data in chain(pages.write(content, pictures), typeset.write(content, pictures)):
        tags.append((path, out.add(f"{top}/{path}", data)))
    tags += _rights(content, request, out, told)
    entries = _payload(content)
    for number, _ in enumerate(out.add_all(entries), 1):
        if progress:
            progress(min(number, len(placed)))
    cut = len(top) + 1
    size = sum(entry.size for entry in entries)
    for path, data in (
        ("bag-info.txt", crate.bag_info(collection, content.version, agent(), size, len(entries))),
        ("bagit.txt", crate.DECLARATION),
        ("manifest-sha256.txt", crate.manifest((e.path[cut:], e.sha256) for e in entries)),
    ):
        tags.append((path, out.add(f"{top}/{path}", data)))
    listed = crate.manifest(tags)
    out.add(f"{top}/{TAGS}", listed)
    if request.signer:
        comment = f"{request.loaded.name} {content.version}"
        out.add(f"{top}/{TAGS}.minisig", request.signer.sign(listed, comment))
    out.close()


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
    collection = content.loaded.collection
    about = crate.describe(
        collection, content.layout, content.licenses, content.version, archive.stamp()
    )
    sha256 = hashlib.sha256(about).hexdigest()
    top = f"{content.top}/data"
    entries = [
        archive.Entry(f"{top}/{layout.METADATA}", len(about), sha256, lambda: io.BytesIO(about))
    ]
    for one in content.layout.placed:
        item = one.item
        packed = item.format in _PACKED
        path = f"{top}/{one.path}"
        entries.append(archive.Entry(path, item.size, item.sha256, item.open, packed, item.title))
    return sorted(entries, key=lambda entry: entry.path.encode())


def agent() -> str:
    """The program that made it, with its version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"curate {version('curate-materials')}"
    except PackageNotFoundError:  # run from a checkout
        return "curate"
