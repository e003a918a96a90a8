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
    old, new, changes = found.old, found.new, found.changes
    names = [f"{side.name} {side.version}".strip() or side.place for side in (old, new)]
    heading(say("diff {old} → {new}", old=names[0], new=names[1]))
    for side, name in zip((old, new), names, strict=True):
        if why := _off(side):
            echo(say("  {name} was taken off sale: {why}", name=name, why=why))
    before, now = ({file.path: file for file in side.files} for side in (old, new))

    def line(sign: str, file: File, more: str = "") -> str:
        place = category(file.path)
        shown = f"{place} / {file.title}" if place else file.title
        return f"    {sign} {shown} ({_size(file.size)}){more}"

    groups: list[tuple[str, list[str], int]] = [
        (say("Added"), *_lines([now[path] for path in changes.added], lambda one: line("+", one))),
        (
            say("Changed"),
            *_lines(
                [now[path] for path in changes.changed],
                lambda one: line("~", one, _grown(before.get(one.path), one, say)),
            ),
        ),
        (
            say("Moved or renamed"),
            [f"    > {was} → {path}" for was, path in changes.moved],
            sum(now[path].size for _, path in changes.moved),
        ),
        (
            say("Under other terms"),
            *_lines(
                [now[path] for path in changes.relicensed],
                lambda one: line(
                    "§", one, f": {_terms(before, changes.moved, one)} → {one.license}"
                ),
            ),
        ),
        (
            say("Removed"),
            *_lines([before[path] for path in changes.removed], lambda one: line("-", one)),
        ),
    ]
    for label, lines, size in groups:
        if lines:
            amount = say("{heading} ({n}, {size})", heading=label, n=len(lines), size=_size(size))
            echo(f"  {amount}")
            for one in lines[:most]:
                echo(one)
            if len(lines) > most:
                echo(say("    … and {n} more: see --all", n=len(lines) - most))
    if not changes:
        echo(say("  no file has changed"))
    echo(
        say(
            "  in all: {old} files, {before} → {new} files, {now}",
            old=len(old.files), before=_size(old.size), new=len(new.files), now=_size(new.size),
        )
    )  # fmt: skip
    if found.following and found.following != old.version:
        echo(
            say(
                "  by what changed, {old} is followed by {next}",
                old=old.version,
                next=found.following,
            )
        )


def _lines(files: Sequence[File], line: Callable[[File], str]) -> tuple[list[str], int]:
    return [line(file) for file in files], sum(file.size for file in files)


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
