"""What a collection learns: from its own words, from examples and from what people say."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from curate.api import Workspace
from curate.catalog import Catalog
from curate.classify.labels import Labeller, Seen
from curate.classify.training import train
from curate.collection import Category
from curate.corrections import Correction, Corrections
from curate.han import simplified
from curate.model import Label
from tests.material import material

CONFIG = """title = "Shelf"
rights = {{ own = "Ann Lee" }}
[[sources]]
type = "folder"
path = "material"
match = "all"
{more}
"""
CATEGORIES = """
[[categories]]
name = "sea"
words = ["ship"]
[[categories]]
name = "kitchen"
words = ["oven"]
"""
SEA = "harbour anchor sail captain wave deck rope lighthouse tide mast crew storm".split()
KITCHEN = "butter flour whisk pan spice onion dough sugar plate taste simmer knife".split()
PLAIN = "the a of and with some then after before very long little other first".split()


def text(words: list[str], seed: int) -> str:
    chance = random.Random(seed)
    chosen = chance.sample(words, 4) + chance.sample(PLAIN, 6)
    chance.shuffle(chosen)
    return " ".join(chosen) + "\n"


def shelf(root: Path, count: int = 12, more: str = CATEGORIES) -> Workspace:
    """Notes on the sea and the kitchen, in turns, none of which holds a word of its category."""
    workspace = Workspace.init(root)
    home = workspace.collection_file("shelf").parent
    (home / "material").mkdir(parents=True)
    for number in range(count):
        words = KITCHEN if number % 2 else SEA
        place = home / "material" / f"note {number:03}.txt"
        place.write_text(f"note {number}\n\n{text(words, number)}", "utf-8")
    (home / "collection.toml").write_text(CONFIG.format(more=more), "utf-8")
    workspace.collect("shelf")
    workspace.classify("shelf")
    return workspace


def labels(workspace: Workspace) -> dict[str, tuple[str, Label]]:
    """By path: SHA-256 and label."""
    with Catalog(workspace.catalog) as catalog:
        return {one.source: (one.sha256, one.label) for one in catalog.members("shelf")}


def say(workspace: Workspace, said: dict[int, str | None]) -> None:
    known = labels(workspace)
    entries = []
    for number, category in said.items():
        item = known[f"note {number:03}.txt"][0]
        entries.append(Correction(item, "note", category, "Ann", "2026-01-01T00:00:00Z"))
    Corrections(workspace.collection_file("shelf").parent).append(entries)


def stored(workspace: Workspace) -> Path:
    return workspace.state / "models" / "shelf" / "categories"


def test_what_people_say_of_some_labels_others_that_are_alike(tmp_path: Path) -> None:
    workspace = shelf(tmp_path)
    assert {label.category for _, label in labels(workspace).values()} == {""}
    assert not stored(workspace).exists()
    say(workspace, {0: "sea", 2: "sea", 4: "sea", 1: "kitchen", 3: "kitchen", 5: "kitchen"})
    workspace.classify("shelf")
    found = labels(workspace)
    for number in range(6, 12):
        label = found[f"note {number:03}.txt"][1]
        assert label.category == ("kitchen" if number % 2 else "sea")
        assert label.basis == "model" and 0.2 <= label.score < 1
        assert {*label.words} & {*(KITCHEN if number % 2 else SEA)}
        assert not {*label.words} & {"the", "a", "of", "and", "with"}  # which tell a reader nothing
        assert not any(word.isdigit() for word in label.words)
    person = found["note 000.txt"][1]
    assert (person.category, person.basis, person.score) == ("sea", "person", 1.0)
    say(workspace, dict.fromkeys(range(6)))  # all taken back
    workspace.classify("shelf")
    assert {label.category for _, label in labels(workspace).values()} == {""}
    assert not stored(workspace).exists()


def test_examples_teach_as_people_do(tmp_path: Path) -> None:
    more = CATEGORIES.replace('["ship"]', '["ship"]\nexamples = ["note 000.txt", "*/note 00[*"]')
    more = more.replace('["oven"]', '["oven"]\nexamples = ["note 001*", "note 003.txt"]')
    found = labels(shelf(tmp_path, 12, more))
    assert found["note 000.txt"][1].basis == "example"
    assert found["note 001.txt"][1].words == ("note 001*",)
    taught = [label for _, label in found.values() if label.basis == "model"]
    assert taught and {label.category for label in taught} <= {"sea", "kitchen"}


def test_a_model_is_made_again_only_where_it_must(tmp_path: Path) -> None:
    workspace = shelf(tmp_path)
    say(workspace, {0: "sea", 1: "kitchen"})
    (report,) = workspace.classify("shelf")
    assert report.counts["labelled"] == 12
    first = stored(workspace).read_bytes()
    (report,) = workspace.classify("shelf")
    assert report.counts["labelled"] == 0 and stored(workspace).read_bytes() == first

    new = workspace.collection_file("shelf").parent / "material" / "note 100.txt"
    new.write_text(f"note 100\n\n{text(SEA, 100)}", "utf-8")
    workspace.collect("shelf")
    (report,) = workspace.classify("shelf")
    assert report.counts["labelled"] == 1, "one more file is no reason to label all again"
    assert stored(workspace).read_bytes() == first

    for damage in (
        first[:-5],
        first[:-1] + b"?",
        b"",
        first.replace(b'"version":1', b'"version":0'),
    ):
        stored(workspace).write_bytes(damage)
        workspace.classify("shelf")
        repaired = json.loads(stored(workspace).read_bytes().split(b"\n", 2)[1])
        assert repaired["size"] == 13 and repaired["labels"] == 2
    stored(workspace).write_bytes(first)
    for number in range(101, 104):
        (new.parent / f"note {number}.txt").write_text(text(KITCHEN, number), "utf-8")
    workspace.collect("shelf")
    (report,) = workspace.classify("shelf")
    assert report.counts["labelled"] == 16, "it has grown by more than a fifth"


def test_a_damaged_model_labels_by_words(tmp_path: Path) -> None:
    path = tmp_path / "model"
    made = _trained()
    made.write(path)
    data = path.read_bytes()
    assert Labeller(TWO, 0.2, path).label(_seen("harbour and sail")).basis == "model"
    path.write_bytes(data[:-1] + b"?")
    damaged = Labeller(TWO, 0.2, path)
    assert damaged.label(_seen("harbour and sail")).category == ""
    assert damaged.label(_seen("a ship")).category == "sea"
    path.write_bytes(data)
    other = (Category("sea", words=("boat",)), TWO[1])
    assert Labeller(other, 0.2, path).label(_seen("harbour and sail")).category == ""


TWO = (Category("sea", words=("ship",)), Category("kitchen", words=("oven",)))


def _seen(said: str, title: str = "") -> Seen:
    return Seen(title, (), "", (), said)


def _trained(nowhere: int = 0):  # type: ignore[no-untyped-def]
    labeller = Labeller(TWO, 0.2)
    said = [(text(SEA, n), "sea") for n in range(8)] + [
        (text(KITCHEN, n), "kitchen") for n in range(8)
    ]
    said += [(f"zebra lion tiger {n}", "") for n in range(nowhere)]
    lessons = list(labeller.lessons((_seen(one), name) for one, name in said))
    return train(lessons, labeller.names, "basis", labeller.taxonomy, len(lessons))


def test_the_same_lessons_give_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    _trained().write(tmp_path / "a")
    code = (
        "import sys; from pathlib import Path; from tests.test_model import _trained;"
        "_trained().write(Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "b"], check=True, cwd=Path(__file__).parents[1]
    )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_labelling_needs_no_library_of_learning(tmp_path: Path) -> None:
    _trained().write(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from curate.classify.labels import Labeller, Seen;"
        "from tests.test_model import TWO;"
        "[sys.modules.pop(one) for one in list(sys.modules) if one.split('.')[0] in ('scipy', 'sklearn')];"
        "label = Labeller(TWO, 0.2, Path(sys.argv[1])).label(Seen('', (), '', (), 'sail and mast'));"
        "assert label.basis == 'model', label;"
        "assert not {'scipy', 'sklearn'} & {*sys.modules}"
    )
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model"], check=True, cwd=Path(__file__).parents[1]
    )


def test_what_people_say_belongs_nowhere_is_learned_too(tmp_path: Path) -> None:
    _trained(nowhere=8).write(tmp_path / "model")
    labeller = Labeller(TWO, 0.2, tmp_path / "model")
    label = labeller.label(_seen("a zebra and a lion"))
    assert label.category == "" and label.second in ("sea", "kitchen")
    assert {one.category for one in labeller.guesses(_seen("a zebra and a lion"), 5)} == {
        "sea",
        "kitchen",
    }
    assert labeller.label(_seen("")).category == ""


def _topics(folder: str, file: str) -> list[tuple[str, str]]:
    path = material("topics") / folder / f"{file}.tsv"
    return [tuple(row.split("\t")[1:3]) for row in path.read_text("utf-8").splitlines()[1:]]  # type: ignore[misc]


@pytest.fixture(scope="module")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Labeller:
    """A model of the seven topics of SIB-200, from half of its English and Chinese sentences."""
    written = pytest.importorskip("benchmarks.taxonomies").TOPICS
    categories = [Category(name, words=words) for name, words in written.items()]
    labeller = Labeller(categories, 0.2)
    told: list[tuple[Seen, str | None]] = []
    for folder in ("eng_Latn", "zho_Hans"):
        for number, (topic, said) in enumerate(_topics(folder, "train")):
            told.append((_seen(said), topic if number % 2 else None))
    path = tmp_path_factory.mktemp("topics") / "model"
    made = train(labeller.lessons(told), labeller.names, "", labeller.taxonomy, len(told))
    assert made is not None
    made.write(path)
    return Labeller(categories, 0.2, path)


def test_scores_are_the_share_of_right_answers(topics: Labeller) -> None:
    """On sentences that the model has not seen; a hundred each in three ways of writing."""
    answers: list[tuple[float, bool]] = []
    for folder in ("eng_Latn", "zho_Hans", "zho_Hant"):
        for topic, said in _topics(folder, "dev"):
            best = topics.guesses(_seen(said), 1)
            answers += [(one.score, one.category == topic) for one in best]
    scores = np.array([score for score, _ in answers])
    right = np.array([right for _, right in answers])
    assert right.mean() > 0.62
    assert abs(scores.mean() - right.mean()) < 0.08
    sure = scores >= np.median(scores)
    assert right[sure].mean() > right[~sure].mean() + 0.1


def test_traditional_and_simplified_are_one_and_shown_as_written(topics: Labeller) -> None:
    opencc = pytest.importorskip("opencc").OpenCC("s2t")
    bases: Counter[str] = Counter()
    for _, said in _topics("zho_Hans", "dev"):
        other = opencc.convert(said)
        mine, theirs = topics.label(_seen(said)), topics.label(_seen(other))
        if simplified(other) == said:  # a few traditional characters stand for several
            assert (mine.category, mine.score) == (theirs.category, theirs.score)
        bases["same" if mine.category == theirs.category else "other"] += 1
        assert all(word in said for word in mine.words)
        assert all(word in other for word in theirs.words)
        bases[mine.basis] += 1
    assert bases["model"] and bases["words"]
    assert bases["same"] >= 95


def test_nothing_outside_the_vocabulary_ever(topics: Labeller) -> None:
    names = {*topics.names}
    for said in (
        "",
        "?",
        "𰻞" * 50,
        "x" * 9000,
        "ﷺ ﬁ Ⅷ ① é" * 40,
        "\udcff bad",
        "a\x00b",
        "ｇｉｔ 股票",
    ):
        guesses = topics.guesses(_seen(said, said[:50]), 9)
        assert {one.category for one in guesses} <= names
        assert all(0 <= one.score <= 1 for one in guesses)
        assert topics.label(_seen(said)).category in names | {""}
