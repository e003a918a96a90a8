"""Names → implementations, through entry points: built-ins and other people's enter by one door.

Only the plug-in that is asked for is imported, so a broken one breaks only the command that names it.
"""

from __future__ import annotations

import difflib
from typing import Any, Literal

from curate.errors import CurateError

Family = Literal["collectors", "indexes", "listings"]


def _entries(family: Family) -> dict[str, list[Any]]:
    from importlib.metadata import entry_points  # 20 ms: only where a plug-in is asked for

    found: dict[str, list[Any]] = {}
    for entry in entry_points(group=f"curate.{family}"):
        found.setdefault(entry.name, []).append(entry)
    return found


def names(family: Family) -> list[str]:
    """Every plug-in of this family that is installed, sorted. Imports none."""
    return sorted(_entries(family))


def check(family: Family, name: str) -> None:
    """Raises CurateError when there is no implementation of ``name``, or more than one. Imports none."""
    _entry(family, name)


def _entry(family: Family, name: str) -> Any:
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
