"""From a paid order to a happy buyer: orders in, served exactly once, helped afterwards.

Everything here takes a :class:`Shop`: the workspace, its shop.toml, the database and the keys. Modules are
the nouns of the trade: ``orders`` (what came in), ``stock`` (what can be given), ``delivery`` (given, with
proof), ``access`` (how buyers get in), ``aftersales`` (tickets, refunds, new versions).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from curate.database import Database, open_database
from curate.errors import CurateError
from curate.shop import erasures, keys, settings
from curate.shop.keys import Keys
from curate.shop.settings import Settings
from curate.workspace import Workspace


@dataclass(frozen=True)
class Shop:
    """One seller's shop, open. ``clock`` gives seconds since 1970; tests set it."""

    workspace: Workspace
    settings: Settings
    clock: Callable[[], float] = time.time

    @classmethod
    def open(cls, workspace: Workspace, clock: Callable[[], float] = time.time) -> Shop:
        """Reads shop.toml. Raises CurateError where there is none, ConfigError with all its problems."""
        if not settings.path(workspace).is_file():
            raise CurateError(
                f"{settings.path(workspace)} does not exist", "make it with: curate shop init"
            )
        return cls(workspace, settings.read(workspace), clock)

    @cached_property
    def database(self) -> Database:
        """Opened when it is first asked for; who was erased since it was last known is erased in it, too.

        Raises CurateError.
        """
        opened = open_database(self.settings.database, self.workspace.root)
        erasures.replay(self, opened)
        return opened

    @cached_property
    def keys(self) -> Keys:
        """Made when they are first asked for. Raises CurateError."""
        return keys.load(self.workspace.keys)

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())
