"""One name, one implementation, whoever brings it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from curate import plugins
from curate.errors import CurateError


def distribution(folder: Path, name: str, *lines: str) -> None:
    place = folder / f"{name}-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("family", ["collectors", "indexes", "listings"])
def test_what_is_found_is_what_python_finds(family: plugins.Family) -> None:
    found = {(name, plugins._entry(family, name).value) for name in plugins.names(family)}
    assert found == {(one.name, one.value) for one in entry_points(group=f"curate.{family}")}
    for name in plugins.names(family):
        assert plugins.load(family, name)


def test_others_enter_by_the_same_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = (
        "[other]",
        "shelf = no.such:Thing",
        "[curate.collectors]",
        "# a comment",
        "shelf = json:loads [extra]",
    )
    distribution(tmp_path, "shelves", *lines)
    assert "shelf" in plugins.names("collectors")
    assert plugins.load("collectors", "shelf")("[1]") == [1]


def test_two_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    distribution(tmp_path, "rival", "[curate.indexes]", "whoosh = json:loads")
    with pytest.raises(CurateError, match="two packages provide 'whoosh'"):
        plugins.load("indexes", "whoosh")
    assert plugins.load("indexes", "tantivy"), "a name that is not disputed is not disturbed"


def test_a_broken_one_breaks_only_whoever_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    distribution(tmp_path, "broken", "[curate.listings]", "broken = no_such_module:Thing")
    with pytest.raises(CurateError, match=r"'broken' \(no_such_module:Thing\) cannot be imported"):
        plugins.load("listings", "broken")
    assert plugins.load("listings", "sheet")
