"""Curate digital materials: collect, deduplicate, classify, search and package them.

The same steps as the commands, for programs::

    from curate import Workspace

    workspace = Workspace.find()
    for report in workspace.collect("sample"):
        print(report.counts, report.failed)
    workspace.classify("sample")
    print([hit.title for hit in workspace.search("backup").hits])
    print(workspace.package("sample").release.archive)

Everything raises ``CurateError``, whose ``message`` names what is wrong and whose ``hint`` says what to
do. Nothing is imported before it is used, so that the commands start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.api import Workspace
    from curate.errors import CurateError

__version__ = "0.1.0"
__all__ = ["CurateError", "Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    home = {"CurateError": "curate.errors", "Workspace": "curate.api"}.get(name)
    if home is None:
        raise AttributeError(f"module 'curate' has no attribute {name!r}")
    return getattr(import_module(home), name)
