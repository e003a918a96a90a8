"""What was released of a collection: compared, taken off sale, put back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from curate.bundle import difference, history
from curate.bundle.difference import Comparison
from curate.bundle.history import Yank
from curate.errors import CurateError, Problem
from curate.messages import sentence
from curate.workspace import Workspace, check_name


def compared(workspace: Workspace | None, what: Sequence[str]) -> Comparison:
    """What changed between two versions: of two paths, or of a collection's name and one version or two.

    With one version, it is compared with the latest. Raises CurateError: nothing is there, or it is no
    bundle.
    """
    if len(what) == 2 and all(Path(one).exists() for one in what):
        old, new = (difference.read(Path(one)) for one in what)
        return difference.compare(old, new)
    if workspace is None:
        absent = next((one for one in what if not Path(one).exists()), what[0])
        raise CurateError(
            f"{absent} does not exist",
            "give two paths (archives, unpacked bundles, release folders); or give a collection and "
            "its versions inside its workspace",
        )
    name, *versions = what
    home = workspace.build / check_name(name)
    try:
        sides = [history.chosen(home, version, off_sale=True) for version in (*versions, "")[:2]]
    except CurateError as fault:
        hint = f"{fault.hint}; to compare two bundles by their paths, give two that exist"
        raise CurateError(fault.message, hint) from fault
    old, new = map(difference.read, sides)
    return difference.compare(old, new)


def yank(
    workspace: Workspace, name: str, version: str, who: str, why: str, undo: bool = False
) -> bool:
    """Take a release off sale, or put it back with ``undo``; gives whether that changed anything.

    The release stays as it is, for those who have it. Raises CurateError where there is none.
    """
    home = workspace.build / check_name(name)
    history.order(version)  # none is no word for the latest here
    history.chosen(home, version, off_sale=True)
    with workspace.writing():
        before = history.yanked(home).get(version)
        if undo and before is None:
            return False
        if not undo and before is not None and before.why == why:
            return False
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        history.words(home).append([Yank("undo" if undo else "yank", version, now, who, why)])
    return True


def yanked(place: Path) -> Yank | None:
    """By what word the release that ``place`` is, or whose archive it is, is off sale."""
    folder = place.resolve()
    if folder.is_file():
        folder = folder.parent
    if not (folder / history.RECORD).is_file():
        return None
    return history.yanked(folder.parent).get(folder.name)


def notices(place: Path) -> list[Problem]:
    """What is said about the release in ``place`` that its files do not tell."""
    word = yanked(place)
    return (
        [
            Problem(
                str(place),
                sentence("was taken off sale: {why}", why=word.why),
                sentence("take the latest version"),
                "warning",
            )
        ]
        if word
        else []
    )
