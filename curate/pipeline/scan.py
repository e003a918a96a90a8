"""Which files in some folders have the same bytes: asked before anything is collected, with or without a workspace."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from curate.doubles import Found, search
from curate.errors import CurateError
from curate.workspace import Workspace

MEMORY = "same-bytes"
"""Name of the file in which it is kept what was read; it may be deleted at any time."""


def scan(workspace: Workspace | None, folders: Sequence[Path]) -> Found:
    """Search ``folders``; what was read is remembered in the workspace, without one in the user's cache.

    The workspace's own state is passed by: its objects are the same bytes as what they were made from.
    Raises ConfigError for a broken curate.toml.
    """
    if workspace is None:
        return search(folders, caches() / MEMORY)
    compute = workspace.settings.compute
    return search(folders, workspace.state / MEMORY, compute.workers, workspace.state)


def around() -> Workspace | None:
    """The workspace that the current folder lies in, if any."""
    with suppress(CurateError):
        return Workspace.find()
    return None


def caches() -> Path:
    """The user's folder for what programs can make anew, as each system has it."""
    told = os.environ.get("XDG_CACHE_HOME", "")
    if told and Path(told).is_absolute():  # others are to be ignored, says the XDG specification
        return Path(told) / "curate"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "curate" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "curate"
    return Path.home() / ".cache" / "curate"
