"""Counts, slips, likeness and the two ways of writing Chinese: what one engine answers, all answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from curate.han import simplified
from curate.indexes import FACETS, Facet, Filters, Index
from curate.indexes.like import telling
from curate.indexes.query import ANY, Node, Nothing, Or, Phrase, has_choice, parse, render
from curate.indexes.typos import corrected
from curate.model import Document, Hit
from tests.test_indexes import ENGINES, LIBRARY, NAMES, document, engine

SHELF = [
    document("learning", title="Machine learning guides", text="Learning machines learn from examples, Kubernetes too."),
    document("university", title="A university for everyone", text="The universities of the north organize lectures."),
    document("python", title="Python 入门教程", text="学习 Python 的入门教程，机器学习也在其中。"),
    document("学", title="机器学习", text="机器学习是人工智能的一个分支。机器学习的方法很多。"),
    document("软", title="軟體與網路", text="這個軟體可以在網路上下載，請先安裝印表機的驅動程式。"),
    document("件", title="软件与网络", text="这个软件可以在网络上下载。安装打印机。驱动程序另行提供。"),
]  # fmt: skip
TEXTS = {one.id: one.text for one in SHELF}
TITLES = {one.id: one.title for one in SHELF}


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    return engine(request.param, tmp_path / "index")


@pytest.fixture
def shelf(index: Index) -> Index:
    index.update(SHELF, [])
    return index


@pytest.fixture
def library(index: Index) -> Index:
    index.update(LIBRARY, [])
    return index


def titles(index: Index, query: Node | str, filters: Filters = Filters()) -> set[str]:  # noqa: B008 - frozen
    return {hit.title for hit in index.search(query, filters, 100).hits}


def mended(index: Index, query: str) -> Node:
    return corrected(parse(query), index, lambda hit: TEXTS[hit.id])


def counts(found: tuple[Facet, ...]) -> dict[str, dict[str, int]]:
    return {one.name: dict(one.counts) for one in found}


def test_matches_are_counted_by_what_they_are(library: Index) -> None:
    found = library.facets("", Filters())
    assert tuple(one.name for one in found) == FACETS
    told = counts(found)
    assert told["collection"] == {"shelf": 5, "attic": 1}
    assert told["language"] == {"zh": 3, "en": 3}
    assert told["license"]["MIT OR Apache-2.0"] == 1
    assert told["category"] == {"编程": 1, "编程/版本控制": 1, "Gardens": 1}
    kinds = {"document": 3, "pdf": 2, "html": 2, "page": 2, "epub": 1, "txt": 1, "text": 1}
    assert told["type"] == kinds
    assert list(told["type"]) == ["document", "html", "page", "pdf", "epub", "text", "txt"]
    some = counts(library.facets("guide OR 入门", Filters(language="zh")))
    assert some["type"] == {"document": 2, "epub": 1, "pdf": 1}
    assert counts(library.facets("zebra", Filters())) == {name: {} for name in FACETS}


def test_a_count_is_what_the_filter_finds(library: Index) -> None:
    for query in ("", "guide OR 入门", "-guide", "c"):
        for facet in library.facets(query, Filters(collection="shelf")):
            for value, count in facet.counts:
                chosen = replace_filter(facet.name, value)
                assert library.search(query, chosen, 0).total == count, (facet.name, value)


def replace_filter(name: str, value: str) -> Filters:
    return Filters(**{"collection": "shelf", name: value})


def test_ways_of_writing_count_as_one_and_long_lists_are_cut(index: Index) -> None:
    ways = ["CC-BY-4.0", "cc-by-4.0", "CC-BY-4.0 "]
    index.update([document(f"n{n}", license=way) for n, way in enumerate(ways)], [])
    index.update([document(f"m{n}", license=f"LicenseRef-{n}") for n in range(5)], [])
    license_ = index.facets("", Filters(), 2)[-1]
    assert [count for _, count in license_.counts] == [3, 1]
    assert license_.counts[0][0].strip().casefold() == "cc-by-4.0"
    assert license_.more == 4
    index.update([], [("shelf", document("m0").id)])
    assert index.facets("", Filters(), 2)[-1].more == 3


def test_some_can_be_left_out(library: Index) -> None:
    hidden = tuple(one.id for one in LIBRARY[:2])
    hits = library.search("入门 OR guide", Filters(without=hidden), 9).hits
    assert {NAMES[hit.id] for hit in hits} == {"guide", "guides"}
    assert counts(library.facets("", Filters(without=hidden)))["language"] == {"en": 3, "zh": 1}


def test_a_phrase_may_have_gaps(shelf: Index) -> None:
    assert titles(shelf, Phrase(("机", ANY, "学"))) == {"机器学习", "Python 入门教程"}
    assert titles(shelf, Phrase(("机", ANY, ANY, "习", "的"))) == {"机器学习"}
    assert titles(shelf, Phrase(("机", ANY, "习"))) == set()
    assert titles(shelf, Or((Phrase(("分", ANY, "器")), Phrase(("network",))))) == set()


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ("pythn", "python"),
        ("pyhton guid", "python guid"),  # the stem of guid is known
        ("machine lerning", "machine learning"),
        ("machnie larning", "machine learning"),
        ('"machine lerning"', '"machine learning"'),
        ("kuberentes", "kubernetes"),
        ("kubbernetis", "kubernetes"),
        ("unversi*", "universi*"),
        ("title:pythn -foo", "title:python -foo"),
        ("pythn OR guide", "python OR guide"),
        ("机器学席", "机器学习"),
        ("機器學席", "机器学习"),
        ("机学器习", "机器学习"),
        ("机器学学习", "机器学习"),
        ("入们教程", "入门教程"),
        ("python入们教程", "python 入门教程"),
        ("安装打印机驱动程序", "安装打印机驱动程序"),
        ("打印机人工智能", "打印机 人工智能"),
    ],
)
def test_a_word_that_is_nowhere_is_read_as_the_nearest_that_is(
    shelf: Index, query: str, better: str
) -> None:
    assert render(mended(shelf, query)) == better


@pytest.mark.parametrize(
    "query",
    ["guide", "learn", "qqqqqq", "zz", "2019", "", "-pythn", "machine university", "license:MTI", "c++", "甲乙丙丁",
     "学席", "机器 学习", "x" * 3000, "гит", "мир" * 30, "é" * 20],
)  # fmt: skip
def test_what_is_known_or_hopeless_stays(shelf: Index, query: str) -> None:
    assert mended(shelf, query) == parse(query)


def test_a_mended_query_finds_what_was_meant(shelf: Index) -> None:
    for slip, meant in [
        ("lerning", "learning"),
        ("人公智能", "人工智能"),
        ("univresities", "universities"),
    ]:
        assert titles(shelf, slip) == set()
        assert titles(shelf, mended(shelf, slip)) == titles(shelf, meant) != set()


def test_what_stands_with_the_others_and_is_really_written_so_is_preferred(index: Index) -> None:
    texts = [
        *("coming to a conclusion" for _ in range(40)),
        *("the function of a class" for _ in range(30)),
        "comments on rust", "una funcion de rust", "une claus, alas", "class of shared pointers",
    ]  # fmt: skip
    named = [document(f"d{n}", title="", text=text) for n, text in enumerate(texts)]
    index.update(named, [])
    kept = {one.id: one.text for one in named}

    def better(query: str) -> str:
        return render(corrected(parse(query), index, lambda hit: kept[hit.id]))

    assert better("commens") == "comments"  # "commeds" has the stem of "coming"
    assert better("cless shared") == "class shared"
    assert better("funcion class") == "function class"  # both exist, never together
    assert better("funcion rust") == "funcion rust"
    assert better("function rust") == "function rust"  # neither is rare beside its neighbours


def test_a_word_that_was_removed_is_no_longer_known(shelf: Index) -> None:
    shelf.update([], [("shelf", SHELF[0].id)])
    assert render(mended(shelf, "lerning")) == "lerning"


def test_only_a_choice_can_hide_a_slip() -> None:
    assert has_choice(parse("a (b OR c)"))
    assert not has_choice(parse("a b -(c OR d)"))


QUIET = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(
    st.one_of(
        st.text(max_size=20),
        st.text(st.sampled_from('机器学习入门pythonguide "*-OR()'), max_size=20),
    )
)
def test_mending_never_fails_nor_touches_what_exists(shelf: Index, text: str) -> None:
    try:
        tree = parse(text)
    except Exception:  # noqa: BLE001 - what cannot be read is another test's
        return
    better = corrected(tree, shelf, lambda hit: TEXTS[hit.id])
    if not has_choice(tree) and shelf.search(tree, Filters(), 0).total:
        assert better == tree


def test_traditional_and_simplified_find_each_other(shelf: Index, library: Index) -> None:
    assert titles(shelf, "软体") == titles(shelf, "軟體") == {"軟體與網路"}
    assert titles(shelf, "網络") == titles(shelf, "网络") == {"软件与网络"}
    assert titles(shelf, "可以在網") == {"软件与网络", "軟體與網路"}
    assert titles(library, "红楼梦") == titles(library, "紅樓夢") == {"紅樓夢"}
    assert titles(library, "分佈式") == titles(library, "分布式") | set()


@QUIET
@given(st.text(st.sampled_from("軟體網路紅樓夢後裡面髮發乾干"), min_size=1, max_size=8))
def test_any_text_is_found_by_its_simplified_form_and_back(index: Index, text: str) -> None:
    index.clear()
    index.update(
        [document("a", title="", text=text), document("b", title="", text=simplified(text))], []
    )
    for query in (text, simplified(text)):
        assert index.search(query, Filters(), 0).total == 2


def like(index: Index, one: Document, *more: Document) -> list[str]:
    hidden = Filters(without=(one.id, *(other.id for other in more)))
    return [hit.title for hit in index.search(telling(one, index), hidden, 9).hits]


def test_more_like_this(index: Index) -> None:
    garden = [
        document(
            f"g{n}",
            title=f"Garden {n}",
            text="Plant roses and prune hedges in spring; compost feeds the soil. " * 2,
        )
        for n in range(3)
    ]
    code = [
        document(
            f"c{n}",
            title=f"代码 {n}",
            text="分布式版本控制系统记录文件的修改，合并分支时解决冲突。" * 2,
        )
        for n in range(3)
    ]
    other = [
        document(f"o{n}", title=f"Other {n}", text=f"The weather of day {n} and the soil.")
        for n in range(9)
    ]
    index.update([*garden, *code, *other], [])
    assert like(index, garden[0])[:2] == sorted_by_id(garden[1:])
    assert like(index, code[0]) == sorted_by_id(code[1:])
    assert like(index, garden[0], garden[1])[0] == "Garden 2"
    assert "Garden 0" not in like(index, garden[0])
    unknown = document("new", title="Roses", text="Roses need compost.")
    assert set(like(index, unknown)[:3]) == {one.title for one in garden}
    assert telling(document("empty", title="", text="？！"), index) == Nothing()


def sorted_by_id(documents: list[Document]) -> list[str]:
    return [one.title for one in sorted(documents, key=lambda one: one.id)]


def test_both_engines_find_the_same_words_telling(tmp_path: Path) -> None:
    made = [engine(name, tmp_path / name) for name in ENGINES]
    for one in made:
        one.update([*SHELF, *LIBRARY], [])
    for told in SHELF:
        assert telling(told, made[0]) == telling(told, made[1])
        assert like(made[0], told) == like(made[1], told)
    for query in ("pythn", "机器学席", "univresity"):
        assert mended(made[0], query) == mended(made[1], query)


def test_pages_stay_stable_while_others_come_and_go(index: Index) -> None:
    """Segments merge; the order of equal scores must not show it."""
    same = [document(f"n{n}", title="same words", text="common") for n in range(40)]
    index.update(same, [])
    before = [hit.id for hit in index.search("common", Filters(), 100).hits]
    assert before == sorted(one.id for one in same)
    for turn in range(12):
        index.update([document(f"other {turn}", title="else", text=f"something {turn}")], [])
        pages = [index.search("common", Filters(), 7, at) for at in range(0, 42, 7)]
        assert [hit.id for page in pages for hit in page.hits] == before
    index.update([replace(same[3], text="gone")], [])
    left = [one for one in before if one != same[3].id]
    assert [hit.id for hit in index.search("common", Filters(), 100).hits] == left


def test_a_hit_is_asked_for_its_text(shelf: Index) -> None:
    asked: list[Hit] = []

    def text(hit: Hit) -> str:
        asked.append(hit)
        return TEXTS[hit.id]

    assert render(corrected(parse("guide"), shelf, text)) == "guide"
    assert asked == []
    corrected(parse("机器学席"), shelf, text)
    assert {TITLES[hit.id] for hit in asked} >= {"机器学习"}
