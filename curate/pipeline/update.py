"""Update packs of released collections."""

from __future__ import annotations

from pathlib import Path

from curate import signing
from curate.bundle import history
from curate.bundle.updates import making
from curate.bundle.updates.making import Packs
from curate.errors import CurateError
from curate.messages import msg
from curate.signing import Signer
from curate.workspace import Workspace, check_name


def beside(home: Path, version: str, signer: Signer | None) -> Packs | None:
    """The packs that lead to a release of ``home`` from its parent, made where they are not there yet.

    None for the first release. Whatever stands against one is no fault of the release.
    """
    before = history.read(home / version).parent
    if not before:
        return None
    try:
        return making.make(home, before, version, signer)
    except CurateError as fault:
        return Packs(
            why=msg("no update pack from {before}: {reason}", before=before, reason=fault.message)
        )


def make(workspace: Workspace, name: str, before: str, now: str) -> Packs:
    """The packs that lead from any release to any other, written beside the latter.

    Raises CurateError: no such release, a damaged one, one to lead to that is off sale.
    """
    with workspace.writing():
        home = workspace.build / check_name(name)
        history.order(now)  # none is no word for the latest here
        history.chosen(home, now)
        return making.make(home, before, now, signing.load(workspace.keys))
