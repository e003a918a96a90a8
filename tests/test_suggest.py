"""curate classify suggest: categories that the material itself proposes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from string import ascii_lowercase as LETTERS

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import collection
from curate.api import Workspace
from curate.classify.suggest import Proposal, suggest
from curate.classify.terms import Piece, Terms, words_of
from curate.errors import CurateError, Exit
from curate.pipeline.suggest import suggest as propose
from tests.material import material
from tests.test_labels_command import classify, make

TOPICS = {
    "en": {
        "sailing": "ship harbour sail mast anchor crew tide wave captain deck rudder voyage",
        "cooking": "soup onion pepper kitchen oven recipe flour butter garlic sauce boil knife",
        "astronomy": "planet telescope orbit galaxy comet nebula star lunar eclipse satellite cosmos probe",
    },
    "zh": {
        "sailing": "船舶 港口 风帆 桅杆 船长 潮汐 海浪 航行 甲板 水手",
        "cooking": "洋葱 胡椒 厨房 烤箱 食谱 面粉 黄油 大蒜 酱油 菜刀",
        "astronomy": "行星 望远镜 轨道 银河 彗星 星云 恒星 日食 卫星 宇宙",
    },
}
FILLER = {
    "en": "morning people found place always little again house walked under thought letter quiet",
    "zh": "早晨 人们 地方 总是 房子 安静 走路 想法 来信 旧事",
}


TERMS = {
    "sailing": "gps radar sonar",
    "cooking": "tofu sushi pizza",
    "astronomy": "nasa hubble pulsar",
}
"""Which both languages write alike."""


def pieces(language: str, each: int = 20, terms: bool = False) -> list[tuple[str, Piece]]:
    """(topic, text about it), well mixed; with ``terms`` in half of them those of its topic."""
    dice = random.Random(f"{language} {each}")
    gap = " " if language == "en" else ""
    made = []
    for number in range(each):
        for topic, words in TOPICS[language].items():
            said = dice.choices(words.split(), k=30) + dice.choices(FILLER[language].split(), k=30)
            dice.shuffle(said)
            text = gap.join(said) + (f" {TERMS[topic]} " * 2 if terms and number % 2 else "")
            title = gap.join(dice.sample(words.split(), 2))
            made.append((topic, Piece(f"{title} {number}", (), text, language)))
    return made


def topics_of(one: Proposal, language: str) -> Counter[str]:
    words = TOPICS[language].items()
    return Counter(topic for topic, said in words for word in one.words if word in said.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_topic_is_found_and_named_by_its_own_words(language: str) -> None:
    mixed = [piece for _, piece in pieces(language)]
    proposed = suggest(mixed)
    assert [one.count for one in proposed] == [20, 20, 20]
    found = [topics_of(one, language) for one in proposed]
    assert all(len(one) == 1 and one.total() >= 5 for one in found), found
    assert {topic for one in found for topic in one} == set(TOPICS[language])
    for one in proposed:
        assert 5 <= len(one.words) <= 12
        assert len(one.examples) == 3
        assert one.words[0] in one.name
        assert "、" in one.title if language == "zh" else ", " in one.title


def test_languages_are_no_topics() -> None:
    alone = suggest([piece for language in ("en", "zh") for _, piece in pieces(language)])
    for one in alone:
        found = topics_of(one, "en") + topics_of(one, "zh")
        assert len(found) == 1, "no group is only a language"
    together = suggest(
        [piece for language in ("en", "zh") for _, piece in pieces(language, terms=True)]
    )
    assert [one.count for one in together] == [40, 40, 40], "joined by the words that both have"
    for one in together:
        assert topics_of(one, "en").keys() == topics_of(one, "zh").keys()


def test_traditional_and_simplified_are_one_and_written_as_most_are() -> None:
    table = str.maketrans(
        "船风桅长浪厨烤谱面黄酱远镜轨银云恒宇", "船風桅長浪廚烤譜麵黃醬遠鏡軌銀雲恆宇"
    )
    mixed = pieces("zh", 24)
    traditional = [
        Piece(one.title.translate(table), (), one.text.translate(table), "zh") for _, one in mixed
    ]
    plain = [one for _, one in mixed]
    half = [*traditional[: 3 * 16], *plain[3 * 16 :]]
    proposed = suggest(half)
    assert [one.count for one in proposed] == [24, 24, 24]
    words = {word for one in proposed for word in one.words}
    assert {"望遠鏡", "廚房"} <= words
    assert not {"望远镜", "厨房"} & words


def test_a_number_may_be_asked_for() -> None:
    mixed = [piece for _, piece in pieces("en")]
    for count in (2, 5):
        assert len(suggest(mixed, count)) <= count
    assert len(suggest(mixed, 5)) > 3


def test_the_same_again_in_another_process(tmp_path: Path) -> None:
    code = (
        "from curate.classify.suggest import suggest\nfrom tests.test_suggest import pieces\n"
        "print(suggest([one for language in ('en', 'zh') for _, one in pieces(language, 12)]))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
            cwd=Path(__file__).parent.parent,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1


@given(
    st.lists(
        st.builds(Piece, st.text(max_size=12), st.just(()), st.text("ab 茶海\n\x00🙂", max_size=30), st.sampled_from(["", "en", "zh", "th", "ja"])),
        max_size=25,
    )
)  # fmt: skip
@settings(max_examples=25)
def test_whatever_is_in_it(some: list[Piece]) -> None:
    proposed = suggest(some)
    assert sum(one.count for one in proposed) <= len(some)
    assert len({one.name for one in proposed}) == len(proposed)
    assert all(one.name and one.title and one.words for one in proposed)


def test_what_is_remembered_of_a_resource_is_bounded() -> None:
    terms = Terms()
    for number in range(50):
        text = " ".join(
            f"{LETTERS[i // 26]}{LETTERS[i % 26]}{LETTERS[number % 7]}word" for i in range(676)
        )
        piece = Piece("Long", (), text, "en")
        terms.add(piece.title, words_of(piece))
    counts, words = terms.matrix()
    assert words
    assert counts.shape == (50, len(words))
    assert max(counts.getnnz(axis=1), default=0) <= 150


# --- the command


def shop(root: Path, language: str = "en") -> Workspace:
    """A collection without categories, of texts about three topics in two languages."""
    workspace = make(root, language=language, categories="")
    home = workspace.collection_file("shop").parent
    for spoken in ("en", "zh"):
        for number, (topic, piece) in enumerate(pieces(spoken, 8)):
            text = f"# {piece.title}\n\n{piece.text}\n"
            (home / "material" / f"{topic}-{spoken}-{number}.md").write_text(text, "utf-8")
    workspace.collect()
    workspace.classify()
    return workspace


def test_what_is_printed_is_ready_for_collection_toml(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "w")
    assert "no categories yet; to have some proposed: curate classify suggest shop" in classify(workspace, "shop").stdout  # fmt: skip
    path = workspace.collection_file("shop")
    before = path.read_bytes()
    printed = classify(workspace, "suggest", "shop").stdout
    assert path.read_bytes() == before
    tables = tomllib.loads(printed)["categories"]
    assert 3 <= len(tables) <= 8
    assert all(table.keys() == {"name", "title", "words"} for table in tables)
    assert "resources, such as “" in printed
    assert classify(workspace, "suggest", "shop").stdout == printed


def test_written_it_keeps_what_stands_there_and_sorts_at_once(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "w", "zh")
    path = workspace.collection_file("shop")
    mine = path.read_bytes().replace(b"\n", b"\r\n") + "# 我的注释".encode()
    path.write_bytes(mine)
    shown = classify(workspace, "suggest", "shop", "--write").stdout
    assert "个分类写入" in shown
    assert "下一步：curate classify shop" in shown
    after = path.read_bytes()
    assert after.startswith(mine + b"\r\n\r\n# ")
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert "项资料，例如“" in after.decode()
    assert {one.name for one in path.parent.iterdir()} == {"collection.toml", "material"}
    named = {one.name for one in collection.load(workspace, "shop").collection.categories}
    workspace.classify("shop")
    sorted_: dict[str, Counter[str]] = {}
    for one in workspace.rights("shop"):
        topic, _, rest = one.source.partition("-")
        if rest and one.category:
            sorted_.setdefault(one.category, Counter())[topic] += 1
    assert sorted_.keys() <= named
    assert all(len(topics) == 1 for topics in sorted_.values()), sorted_
    assert sum(topics.total() for topics in sorted_.values()) >= 0.9 * 48
    told = classify(workspace, "suggest", "shop", "--write", code=Exit.PROBLEMS).stderr
    assert "has categories already" in told
    assert path.read_bytes() == after


def test_too_little_is_told(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", categories="")
    told = classify(workspace, "suggest", "shop", code=Exit.PROBLEMS).stderr
    assert "too little to say" in told
    assert "10 resources or more" in told
    assert "no categories yet" not in classify(workspace, "shop").stdout


def test_titles_are_other_peoples(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "w")
    home = workspace.collection_file("shop").parent / "material"
    for number, (_, piece) in enumerate(pieces("en", 4)):
        evil = f'<title>"]\n[[sources]]\n\x1b]0; {piece.title}</title><p>{piece.text}</p>'
        (home / f"evil-{number}.html").write_text(evil, "utf-8")
    workspace.collect()
    workspace.classify()
    printed = classify(workspace, "suggest", "shop").stdout
    assert tomllib.loads(printed).keys() == {"categories"}
    assert "\x1b" not in printed


def test_real_documents(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    folder = material("documents/docling")
    home = workspace.collection_file("papers").parent
    home.mkdir(parents=True)
    (home / "collection.toml").write_text(
        f'title = "Papers"\n[[sources]]\npath = "{folder.as_posix()}"\nmatch = "all"\n'
        'include = ["*.md", "*.tex", "*.html", "*.docx", "*.csv", "*.txt"]\n',
        "utf-8",
    )
    workspace.collect()
    workspace.classify()
    found = propose(workspace, "papers")
    assert 2 <= len(found.categories) <= 20
    assert all(len(one.words) >= 5 for one in found.categories)
    assert tomllib.loads(found.toml)["categories"][0]["name"] == found.categories[0].name
    with pytest.raises(CurateError, match="nothing"):
        propose(workspace, "nothing")
