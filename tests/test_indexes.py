"""The contract of every search engine: what one finds, all find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from curate import plugins
from curate.errors import CurateError
from curate.indexes import Filters, Index, IndexBroken
from curate.indexes.tokens import tokens
from curate.model import Document
from tests.material import material

ENGINES = ["tantivy", "whoosh"]


def engine(name: str, folder: Path) -> Index:
    made: Index = plugins.load("indexes", name)(folder)
    return made


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    return engine(request.param, tmp_path / "index")


def document(name: str, **told: object) -> Document:
    base = Document(id=sha256(name.encode()).hexdigest(), collection="shelf", title=name)
    return replace(base, **told)  # type: ignore[arg-type]


LIBRARY = [
    document("git", title="Git 教程", text="分布式版本控制系统入门，一步一步来。", language="zh",
             format="pdf", kind="document", license="CC-BY-4.0", category="编程/版本控制"),
    document("python", title="Python入门指南", text="学习 Python 编程语言。适合初学者。", language="zh",
             format="epub", kind="document", license="CC-BY-SA-4.0", category="编程"),
    document("guide", title="A Guide to Gardens", text="How to plant roses, in happiness and rain.",
             language="en", format="pdf", kind="document", license="CC0-1.0", category="Gardens",
             keywords=("red rose", "soil"), source="books/green_thumb/Roses%20in%20Rain.pdf"),
    document("guides", title="Two field notes", text="These guides were guided by older guides. Ground zero.",
             language="en", format="html", kind="page", license="MIT OR Apache-2.0"),
    document("cpp", title="C++ and C# compared", text="Not about .NET 8.0 or the letter c in 2024, café style",
             language="en", format="html", kind="page", license="MIT"),
    document("old", title="紅樓夢", text="滿紙荒唐言，一把辛酸淚。都云作者痴，誰解其中味？", language="zh",
             format="txt", kind="text", license="", collection="attic"),
]  # fmt: skip
NAMES = {
    one.id: name
    for one, name in zip(LIBRARY, ["git", "python", "guide", "guides", "cpp", "old"], strict=True)
}
EVERYTHING = set(NAMES.values())


@pytest.fixture
def library(index: Index) -> Index:
    index.update(LIBRARY, [])
    return index


def found(index: Index, query: str, filters: Filters = Filters()) -> set[str]:  # noqa: B008 - frozen
    results = index.search(query, filters, 100)
    assert results.total == len(results.hits)
    return {NAMES[hit.id] for hit in results.hits}


FINDS = {
    "stem": ("guide", {"guide", "guides"}),
    "other ending": ("happy gardening", {"guide"}),
    "case": ("GARDENS", {"guide"}),
    "accents": ("cafe", {"cpp"}),
    "all words": ("guide roses", {"guide"}),
    "in any field": ("gardens soil", {"guide"}),
    "or": ("roses OR python", {"guide", "python"}),
    "not": ("guide NOT roses", {"guides"}),
    "only not": ("-guide", {"git", "python", "cpp", "old"}),
    "not not": ("NOT NOT guide", {"guide", "guides"}),
    "or not": ("roses OR NOT guide", EVERYTHING - {"guides"}),
    "not a group": ("-(guide OR 入门)", {"cpp", "old"}),
    "parentheses": ("(roses OR older) guide", {"guide", "guides"}),
    "phrase": ('"plant roses"', {"guide"}),
    "phrase in order only": ('"roses plant"', set()),
    "phrase of stems": ('"older guide"', {"guides"}),
    "phrase over punctuation": ('"roses in happiness"', {"guide"}),
    "phrase within one keyword": ('"rose soil"', set()),
    "keyword": ("tag:rose", {"guide"}),
    "field": ("title:guide", {"guide"}),
    "field of text": ("text:guides", {"guides"}),
    "category words": ("category:编程", {"git", "python"}),
    "source words": ("source:thumb roses", {"guide"}),
    "unquoted source": ('source:"roses in rain"', {"guide"}),
    "prefix": ("gard*", {"guide"}),
    "prefix as long as the word": ("guides*", {"guide", "guides"}),
    "prefix beyond the stem": ("happine*", {"guide"}),
    "prefix in a field": ("title:gu*", {"guide"}),
    "prefix of nothing": ("zz*", set()),
    "number": ("2024", {"cpp"}),
    "number with a point": ("8.0", {"cpp"}),
    "C++": ("C++", {"cpp"}),
    "C#": ("c#", {"cpp"}),
    ".NET": (".NET", {"cpp"}),
    "letter": ("c", {"cpp"}),
    "Chinese, one character": ("步", {"git"}),
    "Chinese, two": ("入门", {"git", "python"}),
    "Chinese, many": ("分布式版本控制系统", {"git"}),
    "Chinese, across words": ("式版", {"git"}),
    "Chinese, not adjacent": ("统控", set()),
    "Chinese with punctuation": ("入门，一步", {"git"}),
    "Chinese and star": ("入门*", {"git", "python"}),
    "mixed, apart": ("Git 教程", {"git"}),
    "mixed, together": ("python入门", {"python"}),
    "mixed, full width": ("ＰＹＴＨＯＮ　入门", {"python"}),
    "Chinese, the same again": ("一步一步", {"git"}),
    "Chinese, once too often": ("一步一步一步", set()),
    "traditional": ("紅樓", {"old"}),
    "traditional, in a sentence": ("誰解其中味？", {"old"}),
    "format": ("type:pdf", {"git", "guide"}),
    "kind": ("type:document 入门", {"git", "python"}),
    "language": ("language:zh -入门", {"old"}),
    "license": ("license:mit", {"cpp"}),
    "beginning of a license": ("license:CC-BY*", {"git", "python"}),
    "collection": ("collection:attic", {"old"}),
    "nothing asked": ("", EVERYTHING),
    "star": ("*", EVERYTHING),
    "no words": ("？！", set()),
    "unknown": ("zebra", set()),
}


@pytest.mark.parametrize(("query", "names"), FINDS.values(), ids=FINDS.keys())
def test_finds(library: Index, query: str, names: set[str]) -> None:
    assert found(library, query) == names


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(collection="attic"), {"old"}),
        (Filters(category="编程"), {"python"}),
        (Filters(type="PDF"), {"git", "guide"}),
        (Filters(type="page"), {"guides", "cpp"}),
        (Filters(language="zh", type="document"), {"git", "python"}),
        (Filters(license="mit or apache-2.0"), {"guides"}),
        (Filters(license="MI"), set()),
    ],
)
def test_filters_are_exact_and_do_not_score(
    library: Index, filters: Filters, names: set[str]
) -> None:
    assert found(library, "", filters) == names
    plain = {hit.id: hit.score for hit in library.search("guide OR 入门 OR c", Filters(), 9).hits}
    for hit in library.search("guide OR 入门 OR c", filters, 9).hits:
        assert hit.score == pytest.approx(plain[hit.id])


def test_a_hit_says_what_the_document_says(library: Index) -> None:
    (hit,) = library.search("roses", Filters(), 5).hits
    told = LIBRARY[2]
    assert (hit.id, hit.collection, hit.title) == (told.id, told.collection, told.title)
    assert (hit.category, hit.type, hit.language) == (told.category, "pdf", "en")
    assert (hit.license, hit.source, hit.snippet) == (told.license, told.source, "")
    assert hit.score > 0


def test_the_title_that_says_it_comes_first(index: Index) -> None:
    often = "garden tool " * 50 + "tool garden " * 50
    index.update(
        [
            document(
                "often", title="Tools for any garden", text=often, keywords=("garden", "tool")
            ),
            document(
                "says", title="The long story of garden tools and all that they did", text="x"
            ),
            document("text", title="Other", text=often),
            document("once", title="Another", text="one garden tool among " + "many words " * 90),
            document("常", title="园艺的工具", text="园艺工具" * 50),
            document("题", title="我的园艺工具使用心得和体会", text="无"),
        ],
        [],
    )
    titles = [hit.title for hit in index.search("garden tools", Filters(), 9).hits]
    assert titles[0].startswith("The long story")
    assert titles[1:] == ["Tools for any garden", "Other", "Another"]
    assert index.search("园艺工具", Filters(), 1).hits[0].title.startswith("我的")


def test_an_update_replaces_and_removes_and_may_be_repeated(library: Index, tmp_path: Path) -> None:
    changed = replace(LIBRARY[0], title="Mercurial", text="另一种")
    twice = [replace(changed, text="dropped"), changed]
    gone = [("shelf", LIBRARY[2].id), ("shelf", "f" * 64), ("attic", LIBRARY[1].id)]
    for _ in range(2):
        library.update(iter(twice), iter(gone))
        assert library.count() == 5
        assert found(library, "另一种") == {"git"}
        assert found(library, "分布式 OR dropped") == set()
        assert found(library, "roses") == set()
        assert found(library, "python") == {"python"}
    again = type(library)(tmp_path / "index")
    assert found(again, "mercurial") == {"git"}
    again.update([LIBRARY[2]], [("shelf", LIBRARY[2].id)])  # removed, then added
    assert found(library, "roses") == {"guide"}  # the other one sees it without being reopened
    library.clear()
    assert (library.count(), again.count(), found(again, "")) == (0, 0, set())


def test_one_resource_in_two_collections_is_two_documents(index: Index) -> None:
    both = [replace(LIBRARY[0], collection=name) for name in ("b", "a")]
    index.update(both, [])
    hits = index.search("教程", Filters(), 9).hits
    assert [hit.collection for hit in hits] == ["a", "b"]
    assert [index.search("教程", Filters(), 1, n).hits[0].collection for n in (0, 1)] == ["a", "b"]
    index.update([], [("a", LIBRARY[0].id)])
    assert [hit.collection for hit in index.search("", Filters(), 9).hits] == ["b"]


def test_an_update_that_fails_changes_nothing(library: Index) -> None:
    def documents() -> Iterator[Document]:
        yield document("new", text="novelty")
        raise RuntimeError("the catalog went away")

    with pytest.raises(RuntimeError):
        library.update(documents(), [("shelf", LIBRARY[0].id)])
    assert found(library, "") == EVERYTHING
    library.update([LIBRARY[0]], [])
    assert library.count() == len(LIBRARY)


def test_pages_are_stable_and_equal_scores_go_by_id(index: Index) -> None:
    same = [document(f"n{n}", title="same words here", text="common") for n in range(70)]
    index.update(same[:40], [])
    index.update(same[40:], [])
    index.update(same[10:20], [])
    for query in ("common", "", "com*", "-absent", "title:words", "type:x OR same"):
        whole = [hit.id for hit in index.search(query, Filters(), 100).hits]
        assert whole == sorted(one.id for one in same)
        pages = [index.search(query, Filters(), 9, at) for at in range(0, 90, 9)]
        assert [hit.id for page in pages for hit in page.hits] == whole
        assert {page.total for page in pages} == {70}
    assert index.search("common", Filters(), 0).total == 70
    assert index.search("common", Filters(), 5, 10**9).hits == ()
    scores = [hit.score for hit in index.search("common OR here", Filters(), 100).hits]
    assert all(a >= b for a, b in pairwise(scores))


@pytest.mark.parametrize(
    "odd",
    [
        document("empty", title=""),
        document(
            "surrogate", title="caf\udce9 \ud800 name", source="\udcff/x", text="\ud800 inside"
        ),
        document("long word", text="y" * 300_000),
        document("zero", title="a\x00b \x1f c", category="\x1f", keywords=("\x1f", "")),
        document("big", text="字" * 250_000),
        document("spaces", title="\u3000 \u2028\n", license=" \t", language="\n"),
    ],
    ids=lambda one: "",
)
def test_odd_documents_are_indexed(index: Index, odd: Document) -> None:
    index.update([odd], [])
    (hit,) = index.search("", Filters(), 9).hits
    assert (hit.id, hit.title, hit.source) == (odd.id, odd.title, odd.source)


HAN = st.text(
    st.sampled_from(
        "的一是了我不人在他有这個上们来到时大地为子中你说生国年着就那和要她出也得里後自以会"
    ),
    min_size=1,
    max_size=14,
)
SENTENCES = st.lists(
    st.one_of(HAN, st.sampled_from(["，", "。", " Python ", "2024", "\n"])), min_size=1
).map("".join)
QUIET = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(st.lists(SENTENCES, min_size=1, max_size=6), st.data())
def test_every_run_of_chinese_characters_is_found(
    index: Index, texts: list[str], data: st.DataObject
) -> None:
    documents = [document(f"s{n}", title="", text=text) for n, text in enumerate(texts)]
    index.clear()
    index.update(documents, [])
    runs = [run for text in texts for run in re.findall(r"[\u4e00-\u9fff]+", text)]
    for run in data.draw(st.lists(st.sampled_from(runs), max_size=5)) if runs else []:
        start = data.draw(st.integers(0, len(run) - 1))
        part = run[start : data.draw(st.integers(start + 1, len(run)))]
        # Punctuation is no token, so a phrase may reach over it: as the tokens say, no more and no less.
        expected = {one.id for one in documents if _says(one.text, part)}
        assert {hit.id for hit in index.search(part, Filters(), 9).hits} == expected


def _says(text: str, part: str) -> bool:
    sought, there = tokens(part), tokens(text)
    return any(there[at : at + len(sought)] == sought for at in range(len(there)))


@settings(QUIET, max_examples=150)
@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(['"', "(", ")", "-", "*", "NOT", "OR", "AND", "title:", "type:", "gu", "guides", "c++", "入", "一一", ".*", "[", "\\"])).map(" ".join),
        st.text(st.sampled_from('()"*:-+.\\[]{}^$?|/一cg ')),
    )
)  # fmt: skip
def test_any_query_is_answered_or_refused(library: Index, query: str) -> None:
    try:
        results = library.search(query, Filters(), 3)
    except CurateError as fault:
        assert not isinstance(fault, IndexBroken)
    else:
        assert len(results.hits) == min(results.total, 3)


def test_a_second_writer_is_told_to_wait(library: Index) -> None:
    def documents() -> Iterator[Document]:
        with pytest.raises(CurateError, match="another process is writing"):
            library.update([LIBRARY[0]], [])
        assert found(library, "git") == {"git"}  # readers go on
        yield document("new", text="novelty")

    library.update(documents(), [])
    assert library.count() == len(LIBRARY) + 1


def test_engines_agree_on_a_real_site(tmp_path: Path) -> None:
    site = material("site")
    pages = []
    for path in sorted(site.rglob("*.html")):
        source = path.read_text("utf-8", "replace")
        title = re.search(r"(?s)<title>(.*?)</title>", source)
        body = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", source)
        where = str(path.relative_to(site))
        pages.append(document(where, title=title[1] if title else "", text=body, source=where))
    pages = pages[:: max(1, len(pages) // 120)]
    engines = [engine(name, tmp_path / name) for name in ENGINES]
    for one in engines:
        one.update(pages, [])
        assert one.count() == len(pages)
    queries = [
        "deploy", "deployment -git", '"command line"', "部署", "文章", "文", "命令行", "佈署", "檔案", "hexo 模板",
        "title:docs", "title:文档 OR title:文件", "gener*", "Front-matter", "c++", "node.js", "source:zh tags",
        "(plugin OR 插件) AND (theme OR 主题)", "NOT hexo", "_config.yml", "http://hexo.io/docs", "資料夾",
        "生成静态文件", "the", "API -docs", '"hexo new"', "2018", "标签插件 youtube", "text:variables*",
    ]  # fmt: skip
    for query in queries:
        answers = [one.search(query, Filters(), len(pages)) for one in engines]
        assert {hit.id for hit in answers[0].hits} == {hit.id for hit in answers[1].hits}, query
    hanzi = re.findall(r"[\u4e00-\u9fff]{2,9}", "".join(page.text for page in pages))
    for run in hanzi[:: max(1, len(hanzi) // 60)]:
        expected = {page.id for page in pages if run in page.text}
        for one in engines:
            assert expected <= {hit.id for hit in one.search(run, Filters(), len(pages)).hits}, run
