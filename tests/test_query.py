"""The query language: what people type, and the tree that every engine answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.indexes.query import (
    All,
    And,
    Exact,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    _Parser,
    has_choice,
    parse,
    render,
)
from curate.indexes.snippet import snippet
from curate.indexes.tokens import completions, fold, spans, split, stem, tokens


def words(*found: str, field: str = "", prefix: bool = False) -> Phrase:
    return Phrase(found, field, prefix)


GIT, GUIDE, WORD = words("git"), words("guide"), words("word")

READ = {
    "word": ("Guide", GUIDE),
    "all of them": ("git guide", And((GIT, GUIDE))),
    "and": ("git AND guide", And((GIT, GUIDE))),
    "or": ("git OR guide", Or((GIT, GUIDE))),
    "or binds closer than a space": ("word git OR guide", And((WORD, Or((GIT, GUIDE))))),
    "and binds closer than or": (
        "word AND git OR guide",
        Or((And((WORD, GIT)), GUIDE)),
    ),
    "lower case is a word": ("git or guide", And((GIT, words("or"), GUIDE))),
    "not": ("NOT git", Not(GIT)),
    "minus": ("guide -git", And((GUIDE, Not(GIT)))),
    "a hyphen within a word": ("git-guide", words("git", "guide")),
    "a lone dash": ("git - guide", And((GIT, GUIDE))),
    "a dash at the end": ("git guide -", And((GIT, GUIDE))),
    "an option": ("--guide", GUIDE),
    "parentheses": ("(git OR guide) word", And((Or((GIT, GUIDE)), WORD))),
    "phrase": ('"git guide"', words("git", "guide")),
    "never closed": ('(git "guide word', And((GIT, words("guide", "word")))),
    "never opened": ("git) guide :)", And((GIT, GUIDE))),
    "prefix": ("gui*", words("gui", prefix=True)),
    "field": ("title:git", words("git", field="title")),
    "field of a phrase": ('tag:"git guide"', words("git", "guide", field="keywords")),
    "field of a group": (
        "title:(git OR guide)",
        Or((words("git", field="title"), words("guide", field="title"))),
    ),
    "exact field": ("license:CC-BY-4.0", Exact("license", "cc-by-4.0")),
    "beginning of an exact field": ("license:CC-*", Exact("license", "cc-", prefix=True)),
    "not a field": ("std::vector", words("std", "vector")),
    "an address": ("https://git.guide", words("https", "git", "guide")),
    "C++ is a name": ("C++ C# .NET", And((words("c++"), words("c#"), words("net")))),
    "full width": ("ＧＩＴ（ｇｕｉｄｅ）", And((GIT, GUIDE))),
    "full-width operators": ("git ＯＲ －guide", Or((GIT, Not(GUIDE)))),
    "one character": ("门", words("门")),
    "Chinese word": ("入门", words("入", "门")),
    "Chinese words": ("入门 教程", And((words("入", "门"), words("教", "程")))),
    "Chinese punctuation": ("入门，教程。", And((words("入", "门"), words("教", "程")))),
    "Chinese quotes": ("“git 教程”", words("git", "教", "程")),
    "Chinese field": ("标题：入门", words("入", "门", field="title")),
    "mixed": ("Python入门", And((words("python"), words("入", "门")))),
    "a star after Chinese": ("入门*", words("入", "门")),
    "accents": ("Café", words("cafe")),
    "nothing": ("  ", All()),
    "a star": ("*", All()),
    "no words": ("?! 😀", Nothing()),
    "an empty group": ("git ()", GIT),
}


@pytest.mark.parametrize(("text", "tree"), READ.values(), ids=READ.keys())
def test_a_query_reads_as(text: str, tree: Node) -> None:
    assert parse(text) == tree
    assert parse(render(tree)) == tree


REFUSED = {
    "git AND": ("nothing follows AND at character 5", "quotes"),
    "OR git": ("nothing stands before OR at character 1", "quotes"),
    "git AND OR guide": ("nothing stands before OR at character 9", "quotes"),
    "(git NOT)": ("nothing follows NOT at character 6", "quotes"),
    "title:": ("'title:' at character 1", "title:word"),
    "titel:git": ("no field 'titel'", "title:"),
    "(" * 100: ("nested more than", "fewer parentheses"),
    "word " * 300: ("more than 256 words", "most telling"),
}


@pytest.mark.parametrize("text", REFUSED, ids=[key[:20] for key in REFUSED])
def test_what_makes_no_sense_is_refused_with_its_place_and_a_way_out(text: str) -> None:
    what, hint = REFUSED[text]
    with pytest.raises(CurateError) as fault:
        parse(text)
    assert what in fault.value.message
    assert hint in fault.value.hint


SCRAPS = st.sampled_from(
    [
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        '"',
        "-",
        "*",
        ":",
        "title:",
        "license:",
        "git",
        "入门",
        "c++",
        " ",
        "（",
        "“",
    ]
)
QUERIES = st.one_of(
    st.text(max_size=40), st.lists(SCRAPS, max_size=25).map(" ".join), st.lists(SCRAPS).map("".join)
)


@settings(deadline=None)
@given(QUERIES)
def test_any_text_is_a_query_or_a_curate_error(text: str) -> None:
    try:
        tree = parse(text)
    except CurateError as fault:
        assert fault.hint
        return
    snippet(f"the git guide, 入门 {text}", tree)
    assert has_choice(tree) in {True, False}


@settings(deadline=None)
@given(st.text(st.sampled_from("ab c. ,/_'+#()-[=入門教 程 NOTRAD"), max_size=30))
def test_plain_words_are_read_in_a_shorter_way_to_the_same_end(text: str) -> None:
    try:
        tree = _Parser(text).whole()
    except CurateError:
        return
    assert parse(text) == tree


PHRASES = st.builds(
    Phrase,
    st.one_of(
        st.lists(st.sampled_from(["git", "c++", "100", "guides"]), min_size=1, max_size=3),
        st.lists(st.sampled_from("入门教程"), min_size=1, max_size=4),
    ).map(tuple),
    st.sampled_from(["", "title", "text"]),
)


@settings(deadline=None)
@given(st.lists(st.one_of(PHRASES, PHRASES.map(Not)), min_size=2, max_size=4, unique=True))
def test_a_tree_is_written_as_text_that_reads_as_the_same_tree(parts: list[Node]) -> None:
    for tree in (And(tuple(parts)), Or(tuple(parts)), And((parts[0], Or(tuple(parts))))):
        assert parse(render(tree)) == tree


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Guides, GUIDE guided", ["guid", "guid", "guid"]),
        ("added adding add", ["add", "add", "add"]),
        ("Python入门2", ["python", "入", "门", "2"]),
        ("Straße naïve Ｆｕｌｌ ﬁne Łódź", ["strass", "naiv", "full", "fine", "lodz"]),
        (
            "C++11 and 用c# or f#, objective-c",
            ["cplusplus", "11", "and", "用", "csharp", "or", "fsharp", "object", "c"],
        ),
        ("snake_case 3.14", ["snake", "case", "3", "14"]),
        ("カタカナ 한국 ไทย", ["カ", "タ", "カ", "ナ", "한", "국", "ไ", "ท", "ย"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]),
    ],
)
def test_tokens(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@given(
    st.lists(st.sampled_from(["c", "C++", "#", "+", "入", "f#", " ", "x", "é", "c#"])).map("".join)
)
@settings(deadline=None)
def test_documents_and_queries_have_the_same_tokens(text: str) -> None:
    assert tokens(text) == [stem(token) for token in split(fold(text))]
    assert tokens(text) == [stem(token) for token, _, _ in spans(text)]


def test_a_word_of_any_length_is_kept_in_pieces() -> None:
    assert "".join(tokens("x9" * 500)) == "x9" * 500


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing_and_places_are_places(text: str) -> None:
    assert split(fold(fold(text))) == split(fold(text))
    for _, start, end in spans(text):
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    ("prefix", "word"),
    [("guide", "guides"), ("happine", "happiness"), ("organiz", "organizing"), ("universi", "university"),
     ("studie", "studies"), ("generali", "generalization")],
)  # fmt: skip
def test_a_beginning_finds_words_whose_stem_is_shorter(prefix: str, word: str) -> None:
    assert stem(word).startswith(prefix) or stem(word) in completions(prefix)


LONG = "word " * 20_000
SHOWN = {
    "stem": ("All the guides are here.", "guide", "All the «guides» are here."),
    "other ending": ("Such happiness!", "happy", "Such «happiness»!"),
    "not a mere beginning": ("guidance", "guide", "guidance"),
    "prefix": ("Happening happily", "happ*", "«Happening» «happily»"),
    "phrase": ("line, the command line", '"command line"', "line, the «command line»"),
    "Chinese": ("在文章中插入", "文章", "在«文章»中插入"),
    "traditional": ("請先安裝軟體與網路", "软体", "請先安裝«軟體»與網路"),
    "simplified": ("请先安装软体与网路", "軟體與", "请先安装«软体与»网路"),
    "over a line break": ("这是入\n  门教程", "入门", "这是«入 门»教程"),
    "mixed": ("学Python入门教程", "python入门", "学«Python入门»教程"),
    "accents and full width": ("Ｐｙｔｈｏｎ au Café", "python cafe", "«Ｐｙｔｈｏｎ» au «Café»"),
    "far inside": (LONG + "the needle " + LONG, "needle", None),
    "together rather than first": (
        f"apple {LONG} pear {LONG} an apple and a pear",
        "apple pear",
        None,
    ),
    "no match": ("Only  the\n beginning", "xyz", "Only the beginning"),
    "what is excluded is not marked": ("git guide", "guide -git", "git «guide»"),
    "another field is not marked": ("git guide", "title:git guide", "git «guide»"),
    "its own signs": ("a «git» \x1b[31mred", "git", "a ‹«git»› [31mred"),
    "nothing to show": ("", "git", ""),
}


@pytest.mark.parametrize(("text", "query", "line"), SHOWN.values(), ids=SHOWN.keys())
def test_a_snippet_shows_the_match(text: str, query: str, line: str | None) -> None:
    found = snippet(text, parse(query))
    if line is None:
        assert found.startswith("…")
        assert all(f"«{word}»" in found for word in query.split())
    else:
        assert found == line


@settings(deadline=None)
@given(
    st.text(st.sampled_from("入门教程ab «»\n\té"), max_size=600),
    st.sampled_from(["入门", "a", "b*", "教 a"]),
)
def test_a_snippet_is_one_short_line(text: str, query: str) -> None:
    line = snippet(text, parse(query), 60)
    assert "\n" not in line
    assert len(line.translate(str.maketrans("", "", "«»…"))) <= 61
    assert line.count("«") == line.count("»")
