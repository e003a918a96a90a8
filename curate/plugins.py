"""Names → implementations, through entry points: built-ins and other people's enter by one door.

Only the plug-in that is asked for is imported, so a broken one breaks only the command that names it.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Any, Literal

from curate.errors import CurateError

Family = Literal["collectors", "indexes", "listings", "exports", "targets"]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    value: str  # "module:attribute"

    def load(self) -> Any:
        module, _, path = self.value.partition(":")
        return reduce(getattr, path.split("."), import_module(module))


def _entries(family: Family) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = {}
    for entry in _installed(f"curate.{family}") or _asked(f"curate.{family}"):
        found.setdefault(entry.name, []).append(entry)
    return found


def _installed(group: str) -> list[_Entry]:
    """What the entry_points.txt files on sys.path say (packaging.python.org/specifications/entry-points).

    The first distribution of a name counts, as in importlib.metadata; importing that takes longer than
    a whole search, so it is asked only where nothing lies open (``_asked``).
    """
    found: list[_Entry] = []
    seen: set[str] = set()
    for folder in sys.path:
        with suppress(OSError):
            for name in sorted(os.listdir(folder or ".")):  # noqa: PTH208 - a tenth of the time
                project = name.partition("-")[0].lower()
                if name.endswith((".dist-info", ".egg-info")) and project not in seen:
                    seen.add(project)
                    with suppress(OSError):
                        found += _read(os.path.join(folder, name, "entry_points.txt"), group)  # noqa: PTH118
    return found


def _read(file: str, group: str) -> Iterator[_Entry]:
    with open(file, encoding="utf-8") as lines:  # noqa: PTH123
        inside = False
        for line in lines:
            text = line.strip()
            if text.startswith("["):
                inside = text == f"[{group}]"
            elif inside and "=" in text and not text.startswith(("#", ";")):
                name, _, value = text.partition("=")
                yield _Entry(name.strip(), value.partition("[")[0].strip())


def _asked(group: str) -> list[_Entry]:
    from importlib.metadata import entry_points

    return [_Entry(entry.name, entry.value) for entry in entry_points(group=group)]


def names(family: Family) -> list[str]:
    """Every plug-in of this family that is installed, sorted. Imports none."""
    return sorted(_entries(family))


def check(family: Family, name: str) -> None:
    """Raises CurateError when there is no implementation of ``name``, or more than one. Imports none."""
    _entry(family, name)


def _entry(family: Family, name: str) -> _Entry:
    entries = _entries(family)
    if name not in entries:
        near = difflib.get_close_matches(name, entries, 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise CurateError(
            f"there is no '{name}' among the {family}",
            f"{hint}installed: {', '.join(sorted(entries))}",
        )
    values = {entry.value for entry in entries[name]}
    if len(values) > 1:
        raise CurateError(
            f"two packages provide '{name}' among the {family}: {', '.join(sorted(values))}",
            "uninstall one of them",
        )
    return entries[name][0]


def load(family: Family, name: str) -> Any:
    """The one implementation of ``name``. Raises CurateError when there is none, or more than one."""
    entry = _entry(family, name)
    try:
        return entry.load()
    except Exception as fault:
        raise CurateError(
            f"the plug-in '{name}' ({entry.value}) cannot be imported: {fault}",
            "reinstall the package that provides it",
        ) from fault
