"""Names in a bundle: safe for every file system, still readable, and the same each time."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.bundle import layout, names
from curate.collection import Category, Collection
from curate.messages import speaker
from tests.test_bundle import item

FORBIDDEN = set('<>:"/\\|?*%')
RESERVED = (
    "con prn aux nul conin$ conout$ clock$ "
    "com0 com1 com9 com¹ com² com³ lpt0 lpt1 lpt9 lpt¹ lpt² lpt³"
).split()

# What breaks names more often than any character would by chance.
PARTS = st.sampled_from(
    [*RESERVED, *FORBIDDEN, ".", "..", " ", "~", "-", "/", ".pdf", ".DS_Store", "._", "Thumbs.db",
     "\u3164", "\u2800", "\u034f", "\ufe0f", "\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\u0301", "\u3000", "\x00", "\x7f", "\x85",
     "\ud800", "\ufffe", "\U000e0041", "中" * 50, "e\u0301" * 70, "a" * 200, "가", "👩\u200d👩"]
)  # fmt: skip
HOSTILE = st.lists(st.one_of(PARTS, st.text(max_size=8)), max_size=10).map("".join)


@given(st.one_of(st.text(), HOSTILE))
@example("a" * 119 + "中.pdf")
@example("a" * 116 + " .pdf")
@example(". . .con.txt")
@example("LPT¹ .x")
def test_every_text_becomes_a_safe_name(text: str) -> None:
    name = names.safe_name(text)
    assert name
    assert names.safe_name(name) == name
    assert len(name.encode()) <= names.COMPONENT
    assert not FORBIDDEN & set(name)
    # Cc: control, Cf: bidirectional and zero-width, Cs: half a character, Zl and Zp: line ends.
    assert not {unicodedata.category(one) for one in name} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ". -~"
    assert name[-1] not in ". "
    assert name.split(".")[0].rstrip().lower() not in RESERVED
    assert not names.is_junk(name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Report 2024.pdf", "Report 2024.pdf"),
        ("名著 第一章.txt", "名著 第一章.txt"),
        ("../../etc/passwd", "_／..／etc／passwd"),
        ("..\\..\\evil.exe", "_＼..＼evil.exe"),
        ("C:\\autoexec.bat", "C：＼autoexec.bat"),
        ("a/b.txt", "a／b.txt"),
        ("50% off?.pdf", "50％ off？.pdf"),
        ('<b>"x"|*', "＜b＞＂x＂｜＊"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        ("LPT¹", "_LPT¹"),
        ("aux .h", "_aux .h"),
        ("console.log", "console.log"),
        ("com10.txt", "com10.txt"),
        (".DS_Store", "_DS_Store"),
        (".htaccess", "_htaccess"),
        ("Thumbs.db", "_Thumbs.db"),
        ("desktop.ini", "_desktop.ini"),
        ("-rf", "_-rf"),
        ("~$letter.docx", "$letter.docx"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("zero\u200bwidth.md", "zerowidth.md"),
        ("line\nbreak\ttab.txt", "line break tab.txt"),
        ("trailing. . .", "trailing"),
        ("", "_"),
        (" . ", "_"),
        ("\x00\u200b", "_"),
        ("\u3164", "_"),
        ("red\u2800heart \u2764\ufe0f.txt", "red heart \u2764.txt"),
        ("cafe\u0301.txt", "café.txt"),
        (" AUX", "_AUX"),
        ("COM0.md", "_COM0.md"),
        ("COM1 .txt", "_COM1 .txt"),
        ("nul .", "_nul"),
        ("CONIN$", "_CONIN$"),
        ("clock$.dat", "_clock$.dat"),
        ("NUL.tar.gz", "_NUL.tar.gz"),
        ("con\u0301.txt", "coń.txt"),
        ("~root", "root"),
        ("\u2028x", "x"),
        ("\ud800bad.txt", "?bad.txt".replace("?", "？")),
        ("100% 完整.pdf", "100％ 完整.pdf"),
    ],
)
def test_hostile_names(given: str, expected: str) -> None:
    assert names.safe_name(given) == expected


@given(HOSTILE, st.integers(2, 10**8))
def test_a_numbered_name_is_as_safe_and_keeps_its_suffix(text: str, number: int) -> None:
    name = names.safe_name(text)
    made = names.numbered(name, number)
    assert f" ({number})" in made
    assert len(made.encode()) <= names.COMPONENT
    assert names.split(made)[1] == names.split(name)[1]
    assert names.safe_name(made) == made


def test_a_long_name_keeps_its_suffix() -> None:
    assert names.safe_name("很" * 100 + ".epub").endswith("很.epub")
    assert names.numbered("很" * 38 + ".epub", 12).endswith("很 (12).epub")


@pytest.mark.parametrize(
    ("name", "title", "format", "is_page", "expected"),
    [
        ("walden.pdf", "Walden", "pdf", False, "walden.pdf"),
        ("index.html", "Walden: a life?", "html", True, "Walden： a life？.html"),
        ("0123456789abcdef.jpg", "The bridge", "jpeg", False, "The bridge.jpg"),
        ("notes.pdf", "", "docx", False, "notes.docx"),
        ("v1.2", "", "pdf", False, "v1.2.pdf"),
        ("a\\b\\c.txt", "", "txt", False, "c.txt"),
        ("", "", "unknown", False, "_"),
        ("index.html", "T" * 300 + " v1.5", "html", True, "T" * 115 + ".html"),
    ],
)
def test_a_name_fits_its_format(
    name: str, title: str, format: str, is_page: bool, expected: str
) -> None:
    assert names.wanted(name, title, format, is_page) == expected


COLLISIONS = st.lists(
    st.tuples(
        st.sampled_from(["a.txt", "A.TXT", "a.Txt", "ａ.txt", "a (2).txt", "é.txt", "e\u0301.txt"]),
        st.sampled_from(["", "x", "y"]),
    ),
    min_size=1,
    max_size=12,
)


@given(COLLISIONS, st.randoms(use_true_random=False))
def test_names_that_collide_are_numbered_the_same_way_each_time(
    wanted: list[tuple[str, str]], chance: random.Random
) -> None:
    collection = Collection("T", (), categories=(Category("x"), Category("y", parent="x")))
    items = [
        item(name, f"{number}", category=category) for number, (name, category) in enumerate(wanted)
    ]
    say = speaker("en")
    first = layout.arrange(collection, items, {}, say)
    paths = {one.item.sha256: one.path for one in first.placed}
    assert len(paths) == len(items)
    assert len({names.key(path) for path in paths.values()}) == len(items)
    chance.shuffle(items)
    assert layout.arrange(collection, items, {}, say) == first
    # An item keeps the name it had, whatever else comes or goes.
    some = items[: len(items) // 2 + 1]
    again = layout.arrange(collection, some, paths, say)
    assert {one.item.sha256: one.path for one in again.placed} == {
        one.sha256: paths[one.sha256] for one in some
    }


def test_a_path_leaves_room_for_the_folder_of_the_buyer() -> None:
    deep = (
        Category("a", "一" * 80),
        Category("b", "二" * 80, parent="a"),
        Category("c", "三" * 80, parent="b"),
    )
    collection = Collection("题" * 90, (), categories=deep)
    plan = layout.arrange(
        collection, [item("字" * 200 + ".pdf", "x", category="c")], {}, speaker("zh")
    )
    whole = f"{layout.top(collection, '999.999.999-99of99')}/data/{plan.placed[0].path}"
    assert names.width(whole) <= names.PATH


@pytest.mark.parametrize("letter", ["a", "字", "😀", "e\u0301"])
@pytest.mark.parametrize("length", [40, 119, 120, 121, 500])
def test_a_cut_name_is_as_safe_as_any(letter: str, length: int) -> None:
    """Reserved names, dots and spaces may come to light only when a name is cut."""
    for tail in ("", ".pdf", " .pdf", "... .tar.gz", ". ", ".CON"):
        name = names.safe_name(letter * length + tail)
        assert names.safe_name(name) == name
        assert len(name.encode()) <= names.COMPONENT
        assert name == name.strip(" ").rstrip(". ")
        assert "\ud83d" not in name


@pytest.mark.parametrize(
    ("path", "litter"),
    [
        ("__MACOSX/a/._b", True),
        ("data/.DS_Store", True),
        ("__MACOSX/setup.exe", False),
        ("data/a", False),
    ],
)
def test_what_systems_leave_behind_is_known_by_more_than_its_folder(
    path: str, litter: bool
) -> None:
    assert names.is_junk(path) is litter
