"""Listings held against the rules of the platforms they are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curate import product
from curate.bundle import history
from curate.collection import Loaded, load
from curate.errors import CurateError, Problem
from curate.listings import checks, rules
from curate.listings.rules import Pack
from curate.model import Language
from curate.workspace import Workspace

_BESIDE = ("PICTURES.md", "description.en.txt", "description.zh.txt")
"""What the kit has beside product.json and the files that it names."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What lies in a release's listing/, by paths below it."""

    files: tuple[str, ...]  # product.json, what it names, and the kit's texts
    others: tuple[str, ...]  # sheets, notes, what a system leaves: no part of the kit


@dataclass(frozen=True, slots=True)
class Checked:
    """One release on one platform; no problems: it can be listed there."""

    name: str
    version: str
    platform: str
    problems: tuple[Problem, ...]


def own(workspace: Workspace) -> Path:
    """Where the seller's own rule packs lie; may not exist."""
    return workspace.root / "rules"


def platforms(workspace: Workspace) -> list[str]:
    """Every platform that has rules."""
    return rules.names(own(workspace))


def pack(workspace: Workspace, platform: str) -> Pack:
    """The rules of ``platform`` with all that they extend. Raises CurateError where there are none."""
    return rules.load(platform, own(workspace))


def check(
    workspace: Workspace, name: str, asked: Sequence[str] = (), version: str = ""
) -> list[Checked]:
    """The latest release of ``name``, or ``version``, on the ``asked`` platforms, or on those of its
    collection.toml. Raises CurateError: no such collection, release, listing kit or platform, or none named.
    """
    [name] = workspace.chosen([name])
    loaded = load(workspace, name)
    chosen = tuple(dict.fromkeys(asked or loaded.collection.listing.platforms))
    if not chosen:
        raise CurateError(
            f"no platform is named for '{name}'",
            "name one with --platform, or list them in its collection.toml: [listing] platforms = "
            f'["xianyu"]; known: {", ".join(platforms(workspace))}',
        )
    for platform in chosen:
        pack(workspace, platform)
    folder = history.chosen(workspace.build / name, version, off_sale=True)
    language = loaded.collection.language
    return [_checked(workspace, folder, platform, language) for platform in chosen]


def kit(folder: Path) -> Kit:
    """The listing kit of the release in ``folder``. Raises CurateError: it has none, or names a file that
    is missing, or none of its own."""
    made, home = product.read(folder), folder / "listing"
    pictures = (*made.images, *made.samples)
    for name in pictures:
        if not _plain(name) or not (home / name).is_file():
            raise CurateError(
                f"{home / product.FILE} names {name!r}, which does not lie beside it",
                "restore it from a backup of the release",
            )
    texts = (name for name in _BESIDE if (home / name).is_file())
    named = tuple(dict.fromkeys((product.FILE, *texts, *pictures)))
    for path in (home, *(home / name for name in named)):
        if path.is_symlink():
            raise CurateError(
                f"{path} is a link, and what it leads to is no part of the release", "remove it"
            )
    there = (path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir())
    return Kit(named, tuple(sorted(set(there).difference(named))))


def _plain(name: str) -> bool:
    """The name of a file, and no way to another folder."""
    return name not in ("", ".", "..") and not {"/", "\\", "\0"}.intersection(name)


def _checked(workspace: Workspace, folder: Path, platform: str, language: Language) -> Checked:
    made = product.read(folder)
    found = checks.lint(made, folder / "listing", platform, own(workspace), language)
    return Checked(made.name, made.version, platform, tuple(found))


def advice(workspace: Workspace, loaded: Loaded, folder: Path) -> tuple[Problem, ...]:
    """What the platforms of a collection would say of the release in ``folder``, told with its build: a
    rule that is broken does not stop it, since rules change and releases do not."""
    listing = loaded.collection.listing
    if "kit" not in listing.formats or not (folder / "listing" / product.FILE).exists():
        return ()
    language = loaded.collection.language
    return tuple(
        problem
        for platform in dict.fromkeys(listing.platforms)
        for problem in _checked(workspace, folder, platform, language).problems
    )
