"""What curate diff prints of two versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.bundle.difference import Comparison, Side
from curate.bundle.history import File, category
from curate.bundle.text import size as _size
from curate.cli.options import echo, heading
from curate.messages import Say
from curate.pipeline.versions import yanked


def _off(side: Side) -> str:
    word = yanked(Path(side.place))
    return word.why if word else ""


def tell(found: Comparison, say: Say, most: int) -> None:
    """For people, at most ``most`` files of a kind."""
    old, new = found.old, found.new
    names = [f"{side.name} {side.version}".strip() or side.place for side in (old, new)]
    heading(say("diff {old} → {new}", old=names[0], new=names[1]))
    for side, name in zip((old, new), names, strict=True):
        if why := _off(side):
            echo(say("  {name} was taken off sale: {why}", name=name, why=why))
    for label, (lines, size) in _groups(found, say):
        if lines:
            amount = say("{heading} ({n}, {size})", heading=label, n=len(lines), size=_size(size))
            echo(f"  {amount}")
            for one in lines[:most]:
                echo(f"    {one}")
            if len(lines) > most:
                echo(say("    … and {n} more: see --all", n=len(lines) - most))
    if not found.changes:
        echo(say("  no file has changed"))
    echo(
        say(
            "  in all: {old} files, {before} → {new} files, {now}",
            old=len(old.files), before=_size(old.size), new=len(new.files), now=_size(new.size),
        )
    )  # fmt: skip
    if (number := found.following) and number != old.version:
        echo(say("  by what changed, {old} is followed by {next}", old=old.version, next=number))


def _groups(found: Comparison, say: Say) -> list[tuple[str, tuple[list[str], int]]]:
    """What is told under each heading: its lines, and the bytes of their files."""
    changes = found.changes
    before, now = ({file.path: file for file in side.files} for side in (found.old, found.new))

    def some(paths: Sequence[str], line: Callable[[File], str]) -> tuple[list[str], int]:
        files = [now[path] for path in paths]
        return [line(file) for file in files], sum(file.size for file in files)

    gone = [before[path] for path in changes.removed]
    removed = [_line("-", file) for file in gone], sum(file.size for file in gone)
    moves = [f"> {was} → {path}" for was, path in changes.moved]
    moved = moves, sum(now[path].size for _, path in changes.moved)
    changed = some(
        changes.changed, lambda file: _line("~", file) + _grown(before.get(file.path), file, say)
    )
    relicensed = some(
        changes.relicensed,
        lambda file: f"{_line('§', file)}: {_terms(before, changes.moved, file)} → {file.license}",
    )
    return [
        (say("Added"), some(changes.added, lambda file: _line("+", file))),
        (say("Changed"), changed),
        (say("Moved or renamed"), moved),
        (say("Under other terms"), relicensed),
        (say("Removed"), removed),
    ]


def _line(sign: str, file: File) -> str:
    place = category(file.path)
    shown = f"{place} / {file.title}" if place else file.title
    return f"{sign} {shown} ({_size(file.size)})"


def _grown(before: File | None, now: File, say: Say) -> str:
    if before is None or before.sha256 == now.sha256:
        return say(": only what is said about it")
    return say(", before {size}", size=_size(before.size))


def _terms(before: Mapping[str, File], moved: Sequence[tuple[str, str]], now: File) -> str:
    origin = {there: was for was, there in moved}.get(now.path, now.path)
    return before[origin].license


def as_json(found: Comparison) -> dict[str, Any]:
    """For machines, whole."""
    old, new, changes = found.old, found.new, found.changes
    before, now = ({file.path: file for file in side.files} for side in (old, new))
    origins = {there: was for was, there in changes.moved}

    def told(file: File) -> dict[str, Any]:
        return {
            "path": file.path, "title": file.title, "size": file.size, "sha256": file.sha256,
            "license": file.license,
        }  # fmt: skip

    def pair(path: str) -> dict[str, Any]:
        return {"old": told(before[origins.get(path, path)]), "new": told(now[path])}

    return {
        "version": 1,
        "old": _side(old),
        "new": _side(new),
        "added": [told(now[path]) for path in changes.added],
        "changed": [pair(path) for path in changes.changed],
        "moved": [pair(path) for _, path in changes.moved],
        "relicensed": [pair(path) for path in changes.relicensed],
        "removed": [told(before[path]) for path in changes.removed],
        "next": found.following,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "place": side.place, "name": side.name, "version": side.version,
        "files": len(side.files), "size": side.size, "yanked": _off(side),
    }  # fmt: skip
