"""How an unpacked folder stands to the version it should be: what is other, what is missing, what is more."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from curate import checksum
from curate.bundle.archive.source import Folder
from curate.bundle.difference import listed
from curate.bundle.names import is_junk
from curate.bundle.updates.parcel import SIGNED
from curate.errors import CurateError

WORK = ".curate-update"
"""In a folder that is being updated: files that wait for their place, and how far it has come."""

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tree:
    """What is in a folder, by path in NFC: a file system may have changed the form."""

    files: Mapping[str, Path]
    links: frozenset[str]  # symbolic links, which are never followed


@dataclass(frozen=True, slots=True)
class Standing:
    changed: tuple[str, ...]  # other bytes than the version has
    missing: tuple[str, ...]
    added: tuple[str, ...]  # not of the bundle, and no junk of an operating system


def tree(folder: Path) -> Tree:
    files: dict[str, Path] = {}
    links: set[str] = set()
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if here == folder and WORK in folders:
            folders.remove(WORK)
        for name in sorted((*folders, *names)):
            path = here / name
            known = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
            if path.is_symlink():
                links.add(known)
            elif name in names:
                files.setdefault(known, path)
    return Tree(files, frozenset(links))


def mark(folder: Path) -> str:
    """SHA-256 of the folder's tagmanifest, which tells one version from another; "" where there is none."""
    path = folder / SIGNED
    return checksum.of(path) if path.is_file() and not path.is_symlink() else ""


def expected(folder: Path, unlisted: Mapping[str, str]) -> dict[str, str]:
    """Path → SHA-256 of every file by the folder's own manifests, and of those that none of them names.

    Their word holds as far as ``mark`` is right: the tagmanifest vouches for the manifest.
    """
    source = Folder(folder)
    tags = listed(source, SIGNED)
    manifest = folder / "manifest-sha256.txt"
    if not manifest.is_file() or checksum.of(manifest) != tags.get(manifest.name):
        raise CurateError(
            f"{manifest} is missing or has changed", "unpack the archive of this version again"
        )
    return {**listed(source, manifest.name), **tags, **unlisted}


def standing(found: Tree, files: Mapping[str, str]) -> Standing:
    """``files``: path → SHA-256 as it should be. Reads every byte of them."""
    there = files.keys() & found.files.keys()
    return Standing(
        tuple(sorted(path for path in there if checksum.of(found.files[path]) != files[path])),
        tuple(sorted(files.keys() - there)),
        tuple(sorted(path for path in found.files.keys() - there if not is_junk(path))),
    )


def refuse_links(found: Tree, folder: Path, paths: Iterable[str]) -> None:
    """Raises CurateError where a symbolic link stands in the way of one of ``paths``."""
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            if "/".join(parts[:end]) in found.links:
                link = folder.joinpath(*parts[:end])
                raise CurateError(
                    f"{link} is a link, and what it leads to is none of this bundle's",
                    "put the real folder or file in its place",
                )


def refuse_unwritable(folder: Path, paths: Iterable[str]) -> None:
    """Raises CurateError where a folder in which one of ``paths`` comes or goes may not be written to."""
    above = {parent for path in paths for parent in Path(path).parents}
    there = [folder / one for one in sorted({Path(), *above}) if (folder / one).is_dir()]
    wrong = [one for one in there if not os.access(one, os.W_OK | os.X_OK)]
    if wrong:
        more = f"\n  and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        told = "".join(f"\n  {one}" for one in wrong[:_SHOWN])
        raise CurateError(
            f"nothing was changed, since these folders may not be written to:{told}{more}",
            f"make them writable (chmod -R u+w {shlex.quote(str(folder))}), or copy the bundle to where "
            "it is, and run the command again",
        )


def called(folder: Path) -> str:
    """What the bundle in ``folder`` calls itself; "" where it does not say."""
    path = folder / "bag-info.txt"
    text = path.read_text("utf-8", "replace")[:10_000] if path.is_file() else ""
    found = re.search(r"^External-Identifier:[ \t]*(\S.*?)[ \t\r]*$", text, re.MULTILINE)
    return found[1] if found else ""
