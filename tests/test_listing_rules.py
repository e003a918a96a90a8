"""Rule packs: what platforms ask of a listing, as data, held against one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image

from curate import plugins
from curate.errors import ConfigError, CurateError
from curate.listings import rules
from curate.listings.checks import Picture, check, lint
from curate.product import Product, Question, Words

PLAIN = Words(
    "Woods and water", "31 pictures.", "31 pictures of woods.", "<p>31 pictures of woods.</p>", ("woods",),
    (Question("What do I get?", "31 pictures."),), "Unpack it.",
)  # fmt: skip
CHINESE = Words(
    "山林与水", "31 张图片。", "31 张山林图片。", "<p>31 张山林图片。</p>", ("山林",),
    (Question("包含什么？", "31 张图片。"),), "请解压。",
)  # fmt: skip
PRODUCT = Product(
    1, "woods", "woods", "1.0.0", "en", {"en": PLAIN, "zh": CHINESE}, "9.90", "CNY", ("Woods",),
    ("cover.jpg",), (), (), "", ("CC0-1.0",), 31, 31_000_000,
)  # fmt: skip
COVER = Picture("cover.jpg", 90_000, 1080, 1080, "JPEG")
PLATFORMS = (
    "acg-faka", "dujiao-next", "dujiaoka", "gumroad", "medusa", "oscar", "shopify", "taobao", "vendure",
    "woocommerce", "xianguanjia", "xianyu",
)  # fmt: skip


def found(platform: str, own: Path | None = None, **more: Any) -> list[str]:
    """Problems of a product whose words in both languages differ from the plain ones by ``more``."""
    of_product = {key: more.pop(key) for key in list(more) if hasattr(PRODUCT, key)}
    words = {language: replace(one, **more) for language, one in PRODUCT.words.items()}
    product = replace(PRODUCT, words=words, **of_product)
    return [str(one) for one in check(product, [COVER], rules.load(platform, own))]


def test_every_export_has_rules() -> None:
    assert rules.names() == list(PLATFORMS)
    assert set(plugins.names("exports")) <= set(rules.names())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_plain_listing_is_fine_everywhere(platform: str) -> None:
    assert found(platform) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_rule_says_why_and_where_from(platform: str) -> None:
    for rule in rules.load(platform).rule:
        assert rule.reason and rule.reason_zh and rule.source, rule.name
        assert rule.known.startswith("20"), rule.name


BREACHES = {
    "title of 31 characters": ("xianyu", {"title": "山" * 31}, "the title is too long (31)"),
    "no picture": ("xianyu", {"images": ()}, "a picture: there are 0"),
    "contact": ("xianyu", {"description": "有问题请加微信咨询"}, "加微信"),
    "contact with signs between": ("xianyu", {"note": "加·微 信：tree"}, "in the note to the buyer"),
    "contact in full width": ("taobao", {"description": "ＱＱ１２３４５６７"}, "qq"),
    "telephone": ("taobao", {"short": "电话 138-1234-5678"}, "138-1234-5678"),
    "e-mail": ("xianyu", {"description": "写信到 a.b@example.org"}, "a.b@example.org"),
    "link": ("xianyu", {"description": "见 https://example.org/x"}, "https://example.org/x"),
    "html": ("xianyu", {"description": "<b>31 张图片</b>"}, "<b>"),
    "absolute term": ("taobao", {"title": "全网最全山林"}, "absolute terms are forbidden"),
    "60 letters": ("taobao", {"title": "山" * 31}, "the title is too long (62)"),
    "price below a fen": ("xianyu", {"price": "0.001"}, "too many digits"),
    "free where that is not possible": ("xianyu", {"price": "0"}, "out of bounds"),
    "currency": ("taobao", {"currency": "EUR"}, "the price is in EUR"),
    "too many tags": ("shopify", {"keywords": tuple(map(str, range(251)))}, "there are 251"),
    "colon in a facet": ("vendure", {"keywords": ("a:b",)}, "“:” in a keyword"),
    "long name": ("oscar", {"title": "x" * 256}, "the title is too long (256)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_named(name: str) -> None:
    platform, more, said = BREACHES[name]
    problems = found(platform, **more)
    assert any(said.casefold() in problem.casefold() for problem in problems), problems


def test_contacts_are_fine_in_a_shop_of_ones_own() -> None:
    assert found("shopify", description="Write to a.b@example.org or https://example.org") == []


def test_words_of_the_platforms_language_are_checked() -> None:
    product = replace(PRODUCT, words={"en": replace(PLAIN, title="加微信"), "zh": CHINESE})
    assert check(product, [COVER], rules.load("xianyu")) == []


def test_a_word_in_a_word_is_none() -> None:
    assert found("xianyu", description="wechatty people") == []


def test_pictures_are_measured(tmp_path: Path) -> None:
    Image.new("RGB", (6000, 5000)).save(tmp_path / "cover.jpg", quality=10)
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    product = replace(PRODUCT, images=("cover.jpg", "x.jpg", "gone.jpg"))
    problems = [str(one) for one in lint(product, tmp_path, "shopify")]
    assert len(problems) == 3
    assert "6000 × 5000" in problems[0]
    assert "x.jpg is missing or damaged" in problems[1]
    assert "gone.jpg is missing or damaged" in problems[2]


def test_problems_are_said_in_chinese_too(tmp_path: Path) -> None:
    product = replace(PRODUCT, words={"zh": replace(CHINESE, title="山" * 31)}, images=())
    problems = lint(product, tmp_path, "xianyu", language="zh")
    assert [one.what for one in problems] == [
        "标题太长（31）：标题须为 1 至 30 个字符", "图片：有 0 个：图片须为 1 至 30 张"
    ]  # fmt: skip


def test_a_platform_without_rules_is_told(tmp_path: Path) -> None:
    (problem,) = lint(PRODUCT, tmp_path, "elsewhere")
    assert problem.severity == "warning" and "nothing was checked" in problem.what
    with pytest.raises(CurateError, match="no rules are known for 'taobaoo'") as caught:
        rules.load("taobaoo")
    assert "did you mean 'taobao'?" in caught.value.hint


def own(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


def test_own_rules_add_replace_and_switch_off(tmp_path: Path) -> None:
    folder = own(
        tmp_path / "rules",
        "xianyu",
        '[[rule]]\nname = "title-length"\nfields = ["title"]\nmost = 3\nreason = "short ones sell"\n'
        '[[rule]]\nname = "absolute-terms"\noff = true\n'
        '[[rule]]\nname = "house"\ncheck = "words"\nfields = ["title"]\nwords = ["山林"]\nseverity = "warning"\n',
    )
    problems = found("xianyu", folder, description="最好的山林")
    assert len(problems) == 2
    assert "short ones sell" in problems[0] and "“山林”" in problems[1]


def test_own_platforms_extend_others(tmp_path: Path) -> None:
    folder = own(
        tmp_path / "rules",
        "pinduoduo",
        'title = "Pinduoduo"\nextends = ["contacts"]\nlanguage = "zh"\n[severity]\ncontact-words = "warning"\n',
    )
    assert "pinduoduo" in rules.names(folder) and "contacts" not in rules.names(folder)
    product = replace(PRODUCT, words={"zh": replace(CHINESE, note="请加微信")})
    problems = check(product, [COVER], rules.load("pinduoduo", folder))
    assert {one.severity for one in problems if "contacts and deals" in one.what} == {"warning"}


WRONG = {
    "unknown key": '[[rule]]\nname = "x"\nlongest = 3\n',
    "wrong pattern": '[[rule]]\nname = "x"\npatterns = ["("]\n',
    "ring": 'extends = ["wrong"]\n',
    "unknown base": 'extends = ["nothing"]\n',
    "no toml": "[[rule",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_packs_are_refused(tmp_path: Path, name: str) -> None:
    folder = own(tmp_path / "rules", "wrong", WRONG[name])
    with pytest.raises((CurateError, ConfigError)):
        rules.load("wrong", folder)


def test_naughty_titles_break_nothing() -> None:
    path = Path(__file__).parent / "data" / "naughty.json"
    strings = json.loads(path.read_text("utf-8"))["strings"]
    assert len(strings) >= 500
    for text in strings:
        for platform in ("xianyu", "shopify"):
            assert isinstance(found(platform, title=text, keywords=(text,)), list)


def test_the_packs_of_the_documents_work(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "listings.md").read_text("utf-8")
    shown = re.findall(r"^```toml rules/([\w-]+)\.toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in shown] == ["xianyu", "pinduoduo"]
    for name, text in shown:
        own(tmp_path / "rules", name, text)
    pack = {rule.name: rule for rule in rules.load("xianyu", tmp_path / "rules").rule}
    assert pack["title-length"].most == 26 and "images" not in pack
    assert pack["absolute-terms"].severity == "warning"
    assert any("秒杀" in one for one in found("pinduoduo", tmp_path / "rules", title="限时秒杀"))
