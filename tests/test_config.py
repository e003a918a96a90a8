"""Configuration is checked whole: every problem at once, with its line and what is allowed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from curate.api import Workspace
from curate.collection import load
from curate.config import parse
from curate.errors import ConfigError, CurateError


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / "w")


def written(workspace: Workspace, text: str) -> Workspace:
    folder = workspace.collections / "x"
    folder.mkdir()
    (folder / "collection.toml").write_text(text, encoding="utf-8")
    return workspace


def problems(workspace: Workspace) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(workspace, "x")
    return [str(problem).replace(str(workspace.root), "") for problem in caught.value.problems]


def test_every_problem_is_named_with_its_line(workspace: Workspace) -> None:
    written(
        workspace,
        """tittle = "x"
language = "fr"
keywords = "one"

[dedupe]
text = 3

[[sources]]
type = "folder"
path = "m"
exlude = ["a"]

[[sources]]
type = "webdavv"

[[categories]]
name = 1
""",
    )
    found = "\n".join(problems(workspace))
    for line, part in [
        (1, "tittle: unknown key (did you mean 'title'?)"),
        (2, "'fr' is not allowed (allowed: en, zh)"),
        (3, "keywords: must be"),
        (6, "dedupe.text: must be"),
        (11, "sources.1.exlude: unknown key (did you mean 'exclude'?)"),
        (14, "sources.2.type: there is no 'webdavv' among the collectors"),
        (17, "categories.1.name: must be `str`"),
    ]:
        assert any(
            row.startswith(f"/collections/x/collection.toml:{line}:") and part in row
            for row in found.splitlines()
        ), (part, found)
    assert "title: is missing" in found


def test_what_no_single_field_can_tell(workspace: Workspace) -> None:
    written(
        workspace,
        """title = "x"
[[sources]]
type = "folder"
path = "m"
[[categories]]
name = "a"
[[categories]]
name = "a"
[[categories]]
name = "b"
parent = "c"
""",
    )
    found = "\n".join(problems(workspace))
    assert "nothing can match" in found and "more than once" in found and "parent 'c'" in found


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ('[listing]\nprice = "cheap"', "not a decimal number"),
        ('[listing]\nprice = "-1"', "zero or more"),
        ('[rights]\nown = "A"\nlicense = "CC0-1.0"', "exclude each other"),
    ],
)
def test_values_that_contradict(workspace: Workspace, table: str, part: str) -> None:
    written(
        workspace,
        f'title = "x"\nkeywords = ["k"]\n{table}\n[[sources]]\ntype = "folder"\npath = "m"\n',
    )
    assert part in "\n".join(problems(workspace))


def test_not_toml_at_all(workspace: Workspace) -> None:
    written(workspace, "title = \n")
    assert "not valid TOML" in "\n".join(problems(workspace))


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("[渠道]", 'stands in quotes: "渠道"'),
        ('[x."闲鱼".商品]', 'stands in quotes: "商品"'),
        ("title = “教程”", "straight ones"),
        ('title = # "教程"', ""),
    ],
)
def test_what_toml_wants_in_quotes_is_told(workspace: Workspace, line: str, hint: str) -> None:
    written(workspace, f'# 教程\n{line}\nlanguage = "zh"\n')
    [told] = [one for one in problems(workspace) if "not valid TOML" in one]
    assert hint in told and (hint or told.endswith(")"))


def test_what_new_writes_is_valid_and_holds_what_was_said(workspace: Workspace) -> None:
    from curate.pipeline.setup import Wish

    title = 'He said "hi" \\ 你好\n{braces}'
    wish = Wish(
        title=title,
        language="zh",
        keywords=["教程", 'a"b'],
        sites=["https://example.org/"],
        own="李 雷",
    )
    workspace.new("指南", wish)
    collection = load(workspace, "指南").collection
    assert (collection.title, collection.language, collection.keywords) == (
        title,
        "zh",
        ("教程", 'a"b'),
    )
    assert collection.rights.own == "李 雷"
    assert collection.sources[0].place == "https://example.org/"


@pytest.mark.parametrize(
    ("source", "key", "value"),
    [
        ("folder=here", "path", "{cwd}/here"),
        ("archive=p.zip", "path", "{cwd}/p.zip"),
        ("csv=t.csv", "file", "{cwd}/t.csv"),
        ("git=here", "url", "{cwd}/here"),
        ("git=https://example.org/r", "url", "https://example.org/r"),
        ("git=git@example.org:r", "url", "git@example.org:r"),
        ("feed=https://example.org/feed", "url", "https://example.org/feed"),
        ("remote=sftp://example.org/~/x", "url", "sftp://example.org/~/x"),
        ("site=https://example.org/", "start", ("https://example.org/",)),
        ("openverse=here", "search", ("here",)),
    ],
)
def test_a_bare_place_fills_the_key_that_its_source_names(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    source: str, key: str, value: str | tuple[str, ...],
) -> None:  # fmt: skip
    from curate.pipeline.setup import Wish

    (tmp_path / "here").mkdir()  # a word to search for is none the less a word
    monkeypatch.chdir(tmp_path)
    workspace.new("x", Wish(sources=[source], keywords=["k"]))
    (found,) = load(workspace, "x").collection.sources
    wanted = value.format(cwd=Path.cwd()) if isinstance(value, str) else value
    assert getattr(found, key) == wanted


@pytest.mark.parametrize("kind", ["folder", "archive", "csv", "git"])
def test_a_home_that_nobody_has_is_a_problem_of_the_configuration(
    workspace: Workspace, kind: str
) -> None:
    from curate.pipeline.setup import Wish

    place = "~nobody-of-this-name/x.zip"
    wishes = [Wish(sources=[f"{kind}={place}"])]
    wishes += [Wish(folders=[place])] if kind == "folder" else []
    for wish in wishes:
        with pytest.raises(ConfigError, match="no such home folder"):
            workspace.new("x", wish)


def test_a_place_that_its_source_cannot_take_is_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.collectors.folder import FolderSource
    from curate.pipeline.setup import Wish

    monkeypatch.setattr(FolderSource, "first", "")
    with pytest.raises(CurateError, match="too little") as caught:
        workspace.new("x", Wish(sources=["folder=here"], keywords=["k"]))
    assert "collection.toml" in caught.value.hint
    assert not workspace.collection_file("x").parent.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a" * 90, "x\n"])
def test_names_that_cannot_be_folders(workspace: Workspace, name: str) -> None:
    with pytest.raises(CurateError):
        workspace.collection_file(name)


def test_tables_are_counted_from_one_however_they_are_written(workspace: Workspace) -> None:
    written(
        workspace,
        """title = "x"
keywords = ["k", 3]
[[sources]]
path = "m"
rights = { owm = "Ann" }
[[sources]]
path = "n"
[sources.rights]
territory = ["CN", "china"]
[[sources]]
path = "o"
rights = { own = "Ann", license = "MIT" }
[[sources.folders]]
path = "p"
[[categories]]
name = "a"
[[categories]]
name = "b"
words = ["c", 4]
""",
    )
    file = "/collections/x/collection.toml"
    assert sorted(problems(workspace)) == [
        f"{file}:12: sources.3.rights: own, license and grant exclude each other: it is your own work, or"
        " licensed to the public, or granted to you",
        f"{file}:13: sources.3.folders.1.rights: is missing",
        f"{file}:19: categories.2.words.2: must be `str`, not 4",
        f"{file}:2: keywords.2: must be `str`, not 3",
        f"{file}:5: sources.1.rights.owm: unknown key (did you mean 'own'?)",
        f"{file}:9: sources.2.rights.territory.2: must be `str` matching regex '^[A-Z]{{2}}$', not 'china'",
    ]


def test_so_are_values_that_are_read_whole() -> None:
    class Deep(msgspec.Struct):
        rows: dict[str, list[list[int]]] | list[int] = {}

    with pytest.raises(ConfigError) as caught:
        parse({"rows": [1, "x"]}, Deep, "deep.toml")
    assert str(caught.value.problems[0]) == "deep.toml: rows.2: must be `int`, not 'x'"


def test_tables_and_lists_are_told_in_words_of_toml() -> None:
    class Amounts(msgspec.Struct):
        prices: dict[str, str]
        words: list[str]

    with pytest.raises(ConfigError) as caught:
        parse({"prices": "0.01", "words": 3}, Amounts, "some.toml")
    assert [str(one) for one in caught.value.problems] == [
        "some.toml: prices: must be a table, not '0.01'",
        "some.toml: words: must be a list, not 3",
    ]
