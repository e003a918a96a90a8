"""What stays speaks for what stands back: in search, in the bundle, and for as long as that holds."""

from __future__ import annotations

import json
import random
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.api import Workspace
from curate.catalog import Catalog
from curate.collection import load
from curate.indexes import Filters
from curate.model import Decision, Duplicate, Extracted
from curate.pipeline.keep import choose
from curate.pipeline.likeness import Saying, say
from curate.pipeline.merged import KEYWORDS, Told, alike, merge
from tests.test_dedupe_command import SENTENCES, guide

CONFIG = """title = "Guides"
{rights}
[[sources]]
type = "folder"
path = "material"
match = "all"
{more}
"""
BODY = "".join(f"<p>{one}</p>" for one in SENTENCES)
PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>
<meta name="description" content="{description}"><meta name="author" content="{author}">
<meta name="keywords" content="{keywords}">{more}</head><body>{body}</body></html>"""

ALLOWED = Decision("allow", "CC-BY-4.0", basis="license")
text = st.sampled_from(["", "one", "two", "三"])
telling = st.builds(
    Told,
    title=st.sampled_from(["a.txt", "Copies", "备份"]),
    named=st.booleans(),
    decision=st.sampled_from([ALLOWED, Decision("deny"), Decision("allow", "CC0-1.0")]),
    extracted=st.just(Extracted("txt", "text", "text/plain")),
    description=text,
    creators=st.lists(st.sampled_from(["Ann", "Bo"]), max_size=2, unique=True).map(tuple),
    created=text,
    language=text,
    keywords=st.lists(st.integers(0, 60).map(str), max_size=60, unique=True).map(tuple),
    tags=st.lists(st.integers(0, 60).map(str), max_size=9, unique=True).map(tuple),
)


@given(telling, st.lists(telling, max_size=4))
def test_what_is_missing_is_filled_and_nothing_overridden(own: Told, doubles: list[Told]) -> None:
    whole = merge(own, doubles)
    kin = [one for one in doubles if alike(own.decision, one.decision)]
    for field in ("description", "created", "language"):
        mine, merged = getattr(own, field), getattr(whole, field)
        heard = kin if field == "description" else doubles
        assert merged == mine if mine else merged in {"", *(getattr(one, field) for one in heard)}
        assert bool(merged) == bool(mine or any(getattr(one, field) for one in heard))
    assert whole.title == own.title or not own.named
    assert whole.keywords[: len(own.keywords)] == own.keywords
    assert len(whole.keywords) <= max(KEYWORDS, len(own.keywords))
    assert whole.creators == own.creators or not own.creators
    if whole.creators and not own.creators:
        assert any(
            (one.creators == whole.creators and one.decision == own.decision == ALLOWED)
            or one.decision.license == own.decision.license == "CC0-1.0"
            for one in doubles
        )  # fmt: skip
    assert merge(own, []) == own


def test_a_credit_needs_the_same_rights() -> None:
    own = Told("Copies", True, ALLOWED, Extracted("txt", "text", "text/plain"))
    named = replace(own, creators=("Bo",))
    assert merge(own, [named]).creators == ("Bo",)
    other = replace(named, decision=Decision("allow", "CC-BY-SA-4.0", basis="license"))
    assert merge(own, [other]).creators == ()
    held = replace(named, decision=Decision("allow", "CC-BY-4.0", basis="license", holder="Bo"))
    assert merge(own, [held]).creators == ()
    assert merge(own, [replace(named, decision=Decision("ask", "CC-BY-4.0"))]).creators == ()


def make(
    root: Path, files: dict[str, str], rights: str = 'rights.own = "Ann Lee"', more: str = ""
) -> Workspace:
    workspace = Workspace.init(root)
    (workspace.collections / "guides" / "material").mkdir(parents=True)
    workspace.collection_file("guides").write_text(CONFIG.format(rights=rights, more=more), "utf-8")
    write(workspace, files)
    return workspace


def write(workspace: Workspace, files: dict[str, str]) -> None:
    for name, told in files.items():
        path = workspace.collections / "guides" / "material" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    workspace.collect()
    workspace.classify()


def hits(workspace: Workspace, query: str) -> set[str]:
    return {hit.source for hit in workspace.search(query, Filters()).hits}


def crate(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """What a bundle says of each of its files, by file name."""
    with zipfile.ZipFile(workspace.package("guides").release.archive) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("ro-crate-metadata.json")]
        graph = json.loads(archive.read(name))["@graph"]
    people = {one["@id"]: one["name"] for one in graph if one["@type"] == "Person"}
    files = [one for one in graph if one["@type"] == "File"]
    for one in files:
        if "author" in one:
            one["author"] = people[one["author"]["@id"]]
    return {one["@id"].rpartition("/")[2]: one for one in files}


def word(workspace: Workspace, verb: str, *items: str) -> None:
    say(workspace, "guides", Saying(verb, items, "Ann"))  # type: ignore[arg-type]


def page(title: str, more: str = "", body: str = BODY, author: str = "Ann Lee") -> str:
    return PAGE.format(
        title=title, description="How to keep three copies.", author=author, keywords="tape, archive",
        more=more, body=body,
    )  # fmt: skip


def test_the_one_that_stays_is_found_by_the_words_of_the_others(tmp_path: Path) -> None:
    files = {
        "plain.txt": guide(),
        "page.html": page("Zanzibar handbook"),
        "other.txt": "Something else, quite.",
    }
    workspace = make(tmp_path / "w", files)
    assert hits(workspace, "Zanzibar") == {"page.html"}
    word(workspace, "keep", "plain.txt")
    assert hits(workspace, "Zanzibar") == {"page.html", "plain.txt"}
    assert hits(workspace, "archive") == {"page.html", "plain.txt"}
    told = crate(workspace)
    assert "page.html" not in told
    (plain,) = [one for name, one in told.items() if name.startswith("plain")]
    assert plain["description"] == "How to keep three copies."
    assert plain["author"] == "Ann Lee"
    assert {"tape", "archive"} <= set(plain["keywords"].split(", "))
    word(workspace, "split", "plain.txt", "page.html")
    assert hits(workspace, "Zanzibar") == {"page.html"}
    assert "author" not in next(
        one for name, one in crate(workspace).items() if name.startswith("plain")
    )


def test_what_may_not_be_packaged_has_no_words_in_the_bundle(tmp_path: Path) -> None:
    files = {"plain.txt": guide(), "page.html": page("Zanzibar handbook")}
    workspace = make(tmp_path / "w", files)
    from curate.pipeline.decisions import Ask, decide
    from curate.pipeline.rulings import Which

    decide(workspace, "guides", Which(items=("page.html",)), Ask("deny", "no", "Ann"))
    (plain,) = crate(workspace).values()
    assert "tape" not in plain.get("keywords", "") and "author" not in plain
    assert plain["description"] != "How to keep three copies."
    assert hits(workspace, "Zanzibar") == {"page.html", "plain.txt"}, "the seller's own search may"


def test_the_index_follows_whatever_changes_who_speaks(tmp_path: Path) -> None:
    """None of these touches the one that speaks itself."""
    files = {"plain.txt": guide(), "page.html": page("Zanzibar handbook")}
    workspace = make(tmp_path / "w", files)
    word(workspace, "keep", "plain.txt")
    assert hits(workspace, "Zanzibar") == {"page.html", "plain.txt"}
    # The double says something else now.
    write(workspace, {"page.html": page("Quagga handbook")})
    assert hits(workspace, "Quagga") == {"page.html", "plain.txt"}
    assert hits(workspace, "Zanzibar") == set()
    # It is no double any more.
    write(
        workspace,
        {"page.html": page("Quagga handbook", body="<p>Of animals that are no more.</p>")},
    )
    assert hits(workspace, "Quagga") == {"page.html"}
    # It is again, and then it is gone.
    write(workspace, {"page.html": page("Quagga handbook")})
    assert hits(workspace, "Quagga") == {"page.html", "plain.txt"}
    (workspace.collections / "guides" / "material" / "page.html").unlink()
    write(workspace, {})
    assert hits(workspace, "Quagga") == set()


def test_the_index_follows_the_thresholds(tmp_path: Path) -> None:
    edited = guide((3, "The telephone counts too: its films are the first to go."))
    files = {"plain.txt": guide(), "second.md": "# Zanzibar edition\n\n" + edited}
    workspace = make(tmp_path / "w", files)
    word(workspace, "keep", "plain.txt")
    assert hits(workspace, "Zanzibar") == {"second.md", "plain.txt"}
    path = workspace.collection_file("guides")
    path.write_text(path.read_text("utf-8") + "[dedupe]\ntext = 1.0\n", "utf-8")
    workspace.collect()
    workspace.classify()
    assert hits(workspace, "Zanzibar") == {"second.md"}


def test_a_second_run_has_nothing_to_say(tmp_path: Path) -> None:
    files = {"plain.txt": guide(), "page.html": page("Zanzibar handbook")}
    workspace = make(tmp_path / "w", files)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        before = catalog.mark("revision")
    (report,) = workspace.classify("guides")
    assert report.counts["labelled"] == 0
    with Catalog(workspace.catalog, readonly=True) as catalog:
        assert catalog.mark("revision") == before


def prose(seed: int, sentences: int) -> str:
    """Text in which no sentence stands twice."""
    chance = random.Random(seed)
    syllables = ["ba", "ren", "tol", "mi", "sur", "ka", "del", "fo", "gin", "hu", "vel", "por"]

    def name() -> str:
        return "".join(chance.choices(syllables, k=chance.randint(2, 4)))

    return "\n\n".join(
        " ".join(name() for _ in range(14)).capitalize() + "." for _ in range(sentences)
    )


THEIRS = """[[sources.folders]]
path = "theirs"
rights.license = "CC-BY-NC-4.0"
[listing]
price = "9"
"""


@pytest.mark.parametrize("parts", ["keep", "leave-out"])
def test_a_chapter_beside_its_book(tmp_path: Path, parts: str) -> None:
    chapter = prose(1, 40)
    files = {"chapter.txt": chapter, "book.txt": "\n\n".join((prose(2, 60), chapter, prose(3, 60)))}
    workspace = make(tmp_path / "w", files, more=f'[dedupe]\nparts = "{parts}"\n')
    with Catalog(workspace.catalog, readonly=True) as catalog:
        assert {one.kind for one in catalog.duplicates()} == {"part-text"}
        kept = choose(catalog, load(workspace, "guides")).kept
    assert [one.kind for one in kept.values()] == (["part-text"] if parts == "leave-out" else [])
    assert len(crate(workspace)) == (1 if parts == "leave-out" else 2)
    from tests.test_dedupe_command import run

    text_ = run(workspace, "dedupe", "guides")
    assert "part of it 1.00" in text_ and "1 texts are part of another" in text_
    if parts == "leave-out":
        assert "it is part of “" in text_
        word(workspace, "split", "chapter.txt", "book.txt")
        assert len(crate(workspace)) == 2


@pytest.mark.parametrize("contested", ["chapter.txt", "book.txt"])
def test_who_has_a_say_in_a_part_has_one_in_the_whole(tmp_path: Path, contested: str) -> None:
    chapter = prose(1, 40)
    files = {"chapter.txt": chapter, "book.txt": "\n\n".join((prose(2, 60), chapter, prose(3, 60)))}
    files = {f"theirs/{name}" if name == contested else name: one for name, one in files.items()}
    workspace = make(tmp_path / "w", files, more=THEIRS)
    (asked,) = [one for one in workspace.rights("guides") if one.source != f"theirs/{contested}"]
    assert asked.outcome == "ask" and asked.decision.outcome == "allow"
    # That the two are not the same is no answer to whose they are.
    word(workspace, "split", "chapter.txt", "book.txt")
    assert {one.outcome for one in workspace.rights("guides")} == {"ask", "deny"}


def test_a_quotation_is_no_copy(tmp_path: Path) -> None:
    """A short notice of somebody else's stands in a long book of one's own."""
    from curate.catalog import Standing
    from curate.collection import Dedupe
    from curate.pipeline.links import Links
    from curate.pipeline.suspects import suspects

    class Places:
        def places(self, name: str) -> list[object]:
            return []

    def standing(name: str, tokens: int, contested: bool) -> Standing:
        decision = Decision("ask" if contested else "allow", contested=contested)
        return Standing(name, 1, name, name, decision, 1, True, "text", "txt", "", 0, tokens, False)

    links = Links([Duplicate("aa", "bb", "part-text", 1.0, None, "a")], Dedupe(), {})
    for words, found in ((60, {}), (600, {"bb"})):
        standings = {"aa": standing("aa", words, True), "bb": standing("bb", 90_000, False)}
        assert suspects(Places(), "guides", links, standings).keys() == set(found)  # type: ignore[arg-type]
    standings = {"aa": standing("aa", 60, False), "bb": standing("bb", 90_000, True)}
    assert suspects(Places(), "guides", links, standings).keys() == {"aa"}, "all of it is theirs"  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["text = 1.0", 'near = "keep"'])
def test_no_setting_makes_a_copy_cleaner(tmp_path: Path, setting: str) -> None:
    files = {
        "mine.txt": guide((3, "The telephone counts too: its films are the first to go.")),
        "theirs/guide.txt": guide(),
    }
    workspace = make(tmp_path / "w", files, more=f"{THEIRS}[dedupe]\n{setting}\n")
    found = {one.source: one.outcome for one in workspace.rights("guides")}
    assert found == {"mine.txt": "ask", "theirs/guide.txt": "deny"}


def test_who_decided_before_a_likeness_was_told_did_not_know_of_it(tmp_path: Path) -> None:
    from curate.pipeline.decisions import Ask
    from curate.pipeline.rulings import Which

    files = {"mine.txt": guide(), "theirs/other.txt": prose(1, 20)}
    workspace = make(tmp_path / "w", files, more=THEIRS)

    def decide() -> str:
        time.sleep(1.1)  # decisions and words are known to the second
        ask = Ask("allow", "written by me", "Ann", own="Ann Lee")
        workspace.decide_rights("guides", Which(items=("mine.txt",)), ask)
        return outcome()

    def outcome() -> str:
        (ruling,) = workspace.rights("guides", Which(items=("mine.txt",)))
        return ruling.outcome

    assert decide() == "allow"
    time.sleep(1.1)
    word(workspace, "merge", "mine.txt", "theirs/other.txt")
    assert outcome() == "ask"
    assert decide() == "allow"


@pytest.mark.parametrize("turned", ["false", "true"])
def test_a_mirrored_picture_stays_if_wanted_but_not_if_it_is_somebody_elses(
    tmp_path: Path, turned: str
) -> None:
    from PIL import Image, ImageOps

    from tests.test_dedupe_command import left_out, picture

    more = f"[dedupe]\nturned = {turned}\n" + THEIRS
    workspace = make(tmp_path / "w", {"a.txt": guide()}, more=more)
    material = workspace.collections / "guides" / "material"
    picture(material / "sketch.png", 640)
    with Image.open(material / "sketch.png") as image:
        ImageOps.mirror(image).save(material / "mirrored.png")
    write(workspace, {})
    with Catalog(workspace.catalog, readonly=True) as catalog:
        assert "turned-image" in {one.kind for one in catalog.pairs({})}
    assert len(left_out(workspace)) == (1 if turned == "true" else 0)
    (material / "theirs").mkdir()
    (material / "sketch.png").rename(material / "theirs" / "sketch.png")
    write(workspace, {})
    assert left_out(workspace) == {"sketch.png", "mirrored.png"}
