"""likeness.jsonl: what was said holds after a kill, and lines that mean nothing here do no harm."""

from __future__ import annotations

import json

import pytest

from curate.api import Workspace
from curate.catalog import Catalog
from curate.errors import CurateError
from curate.indexes import Filters
from curate.pipeline.likeness import Saying
from tests.test_dedupe_command import left_out, shown, workspace

__all__ = ["workspace"]


def test_a_kill_behind_the_journal_loses_no_word(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written down first: what was made before does not count any more, and classify takes it up."""
    with monkeypatch.context() as patched:
        patched.setattr("curate.pipeline.likeness._judge", killed)
        with pytest.raises(KeyboardInterrupt):
            workspace.say_likeness("guides", Saying("keep", ("sketch-small.jpg",), "Ann"))
    with pytest.raises(CurateError, match="since it was classified"):
        workspace.package("guides")
    workspace.classify()
    assert "sketch.png" in left_out(workspace)
    words = {hit.source for hit in workspace.search("sketch.png", Filters()).hits}
    assert "sketch-small.jpg" in words


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_journal_of_another_collection_changes_nothing(workspace: Workspace) -> None:
    before = left_out(workspace)
    path = workspace.collection_file("guides").parent / "likeness.jsonl"
    alien = {"titles": [], "who": "Bo", "when": "2024-01-01T00:00:00Z", "why": ""}
    with Catalog(workspace.catalog, readonly=True) as catalog:
        here = next(iter(catalog.members("guides"))).sha256
    lines = [
        alien | {"verb": verb, "items": items}
        for verb, items in (("keep", ["0" * 64]), ("merge", ["0" * 64, "1" * 64]), ("merge", ["0" * 64, here]))
    ]  # fmt: skip
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    workspace.classify()
    assert left_out(workspace) == before
    assert shown(workspace)["counts"].get("said", 0) == 0
    for line in ("{", '{"verb": "keep"}', json.dumps(lines[0] | {"items": ["0" * 64] * 501})):
        path.write_text(f"{line}\n", encoding="utf-8")
        with pytest.raises(CurateError, match=r"likeness\.jsonl:1 is not a word"):
            workspace.package("guides")
