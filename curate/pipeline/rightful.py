"""May a release still be sold? Rights change after it was built: by a person's word, by the end of a grant."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from pathlib import Path

import msgspec

from curate import grant, rights, typed
from curate.bundle import history
from curate.catalog import Catalog
from curate.collection import load
from curate.errors import CurateError
from curate.messages import render
from curate.model import Message
from curate.pipeline.judge import Judge
from curate.workspace import Workspace

_RIGHTS = "rights.json"
_SHOWN = 5


class _Named(msgspec.Struct):
    name: str


def rightful(workspace: Workspace, folder: Path) -> None:
    """Raises CurateError where the release in ``folder`` (build/NAME/VERSION) holds something that may not
    be sold any more, or is not the one that it should be. What the collection does not hold now is not judged anew."""
    record = history.read(folder)
    if (record.name, record.version) != (folder.parent.name, folder.name):
        raise CurateError(
            f"{folder / history.RECORD} tells of {record.name} {record.version}",
            "restore it from a backup of the release",
        )
    wrong = against(workspace, folder)
    if not wrong:
        return
    told = "".join(f"\n  {line}" for line in wrong[:_SHOWN])
    more = f"\n  and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    name = shlex.quote(record.name)
    raise CurateError(
        f"{record.name} {record.version} holds what may not be sold any more:{told}{more}",
        f"take it off sale: curate yank {name} {record.version} --why '…', and build the next version: "
        f"curate package {name}",
    )


def against(workspace: Workspace, folder: Path) -> list[str]:
    """What in the release in ``folder`` may not be sold any more, each with its reason; [] = nothing."""
    return [*_ended(workspace, folder), *_denied(workspace, history.read(folder))]


def _ended(workspace: Workspace, folder: Path) -> Iterator[str]:
    """Grants that something in it rests on, and that hold no longer."""
    for name in _grants(folder / _RIGHTS):
        for why in rights.invalid(grant.load(workspace, name), date.today()):
            yield f"by the grant {name}: {render(why, 'en')}"


def _grants(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open("rb") as file:
        # Its head alone, one value a line: the items may be hundreds of megabytes.
        for line in takewhile(lambda line: not line.startswith(b'"items"'), file):
            if line.startswith(b'"grants":'):
                found = line.partition(b":")[2].strip().removesuffix(b",")
                return [one.name for one in typed.json(found, list[_Named])]
    return []


def _denied(workspace: Workspace, record: history.Record) -> Iterator[str]:
    if not (workspace.catalog.is_file() and workspace.collection_file(record.name).is_file()):
        return  # a release that was brought here without what it was made from
    with Catalog(workspace.catalog, readonly=True) as catalog:
        if not catalog.knows(record.name):
            return
        judge = Judge(workspace, load(workspace, record.name))
        for item in record.items:
            why = _against(catalog, judge, item.sha256)
            if why is not None:
                yield f"{item.path}: {'; '.join(render(one, 'en') for one in why)}"


def _against(catalog: Catalog, judge: Judge, sha256: str) -> tuple[Message, ...] | None:
    member = catalog.member(judge.name, sha256)
    if member is None or not member.present or catalog.facts(sha256) is None:
        return None
    decision = judge.decide(judge.evidence(catalog, sha256))
    return None if decision.outcome == "allow" else decision.reasons
