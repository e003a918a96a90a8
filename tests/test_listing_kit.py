"""The listing kit: texts in two languages and watermarked pictures, made from what is really there."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from PIL import Image, ImageChops, ImageDraw

from curate import product
from curate.api import Workspace
from curate.cli import main
from curate.collection import Collection, Listing, Wording
from curate.errors import ConfigError
from curate.grant import Grant, Held
from curate.listings import Shown, facts
from curate.listings.drawing import SIDE
from curate.listings.drawing import shown as pages_shown
from curate.listings.kit import KitListing
from curate.listings.words import SHORT, words
from curate.model import Decision, Item, LicenseInfo
from curate.product import Product, Zip
from tests.test_bundle import GUIDES, ITEMS, item

ND = Decision("allow", "CC-BY-ND-4.0", ("attribution", "verbatim"), holder="Nan Dee")
BY = Decision("allow", "CC-BY-4.0", ("attribution",), holder="Ann Author")
OWN = Decision("allow", "LicenseRef-own-work", (), holder="Me")
LICENSES = {
    "CC-BY-4.0": LicenseInfo("CC-BY-4.0", "CC BY 4.0", "https://cc.example/by"),
    "LicenseRef-own-work": LicenseInfo("LicenseRef-own-work", "© Me", ""),
}


def picture(colour: str, size: tuple[int, int] = (1600, 1000), form: str = "JPEG") -> bytes:
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse((100, 100, 700, 700), outline="red", width=20)
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def image(name: str, data: bytes, small: bytes | None = None, **more: Any) -> Item:
    """A picture, with the thumbnail that the catalogue would have."""
    if small is None:
        with Image.open(io.BytesIO(data)) as whole:
            whole.thumbnail((320, 320))
            buffer = io.BytesIO()
            whole.convert("RGB").save(buffer, "JPEG")
        small = buffer.getvalue()
    fields: dict[str, Any] = {
        "kind": "image", "format": "jpeg", "decision": OWN, "thumbnail": lambda: small,
        "properties": {"width": 1600, "height": 1000}, "category": "data",
    }  # fmt: skip
    return item(name, data, **(fields | more))


def book(pages: int, name: str = "book.pdf", **more: Any) -> Item:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(400, 600)
    buffer = io.BytesIO()
    document.save(buffer)
    fields: dict[str, Any] = {
        "kind": "document", "format": "pdf", "decision": OWN, "properties": {"pages": pages}
    }  # fmt: skip
    return item(name, buffer.getvalue(), **(fields | more))


def shown(items: Sequence[Item], grants: Any = None, **more: Any) -> Shown:
    fields: dict[str, Any] = {"title": "Woods & numbers", "sources": (), "categories": GUIDES}
    collection = Collection(**(fields | more), name="woods")
    counted = facts(collection, items, LICENSES, "1.2.0", 4321)
    zips = (Zip("woods-1.2.0.zip", 4321, "ab" * 32),)
    return Shown(collection, counted, items, LICENSES, zips, "RWQkey", grants or {})


def kit(told: Shown, folder: Path) -> Product:
    """What product.json says; every file that was named has to be there, and no other."""
    folder.mkdir(exist_ok=True)
    paths = KitListing().write(told, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    made = msgspec.json.decode((folder / product.FILE).read_bytes(), type=Product)
    assert {*made.images, *made.samples} <= {path.name for path in paths}
    return made


def difference(path: Path, colour: str) -> float:
    """How far a picture of one colour is from it, on the average of its pixels."""
    with Image.open(path) as drawn:
        plain = Image.new("RGB", drawn.size, colour)
        grey = ImageChops.difference(drawn.convert("RGB"), plain).convert("L")
        histogram = grey.histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)


MIXED = (
    *ITEMS,
    image("white.jpg", picture("white")),
    image("black.png", picture("black", form="PNG"), format="png"),
    image("by.jpg", picture("gray"), decision=BY, creators=("Ann Author",)),
    book(25),
)


def test_the_kit_is_whole_and_its_pictures_fit(tmp_path: Path) -> None:
    made = kit(shown(MIXED), tmp_path / "kit")
    assert made.images[:3] == ("cover.jpg", "cover-square.jpg", "contact-sheet.jpg")
    assert [name for name in made.images if name.startswith("preview")] == [
        f"preview-0{n}.jpg" for n in (1, 2, 3)
    ]
    assert [name for name in made.images if name.startswith("page")] == ["page-01.jpg", "page-02.jpg"]  # fmt: skip
    sizes = {}
    for name in made.images:
        with Image.open(tmp_path / "kit" / name) as drawn:
            assert drawn.format == "JPEG" and max(drawn.size) <= SIDE
            assert not drawn.getexif() and "comment" not in drawn.info
            sizes[name] = drawn.size
    assert (sizes["cover.jpg"], sizes["cover-square.jpg"]) == ((1280, 720), (1080, 1080))
    with pypdfium2.PdfDocument(tmp_path / "kit" / "sample.pdf") as sample:
        assert len(sample) == 2


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
        }

    kit(shown(MIXED), tmp_path / "one")
    time.sleep(1.1)  # PDFium writes the second
    kit(shown(MIXED[::-1]), tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_the_watermark_shows_on_white_and_on_black(tmp_path: Path) -> None:
    for colour in ("white", "black"):
        one = image("a.png", picture(colour, (1200, 900), "PNG"), format="png")
        plain = Image.open(io.BytesIO(one.open().read()))
        kit(shown([one]), tmp_path / colour)
        with Image.open(tmp_path / colour / "preview-01.jpg") as drawn:
            change = ImageChops.difference(drawn.convert("L"), plain.convert("L"))
        strong = sum(change.histogram()[40:]) / (drawn.width * drawn.height)
        assert 0.03 < strong < 0.4, (colour, strong)


def test_pictures_that_must_not_be_changed_are_left_out(tmp_path: Path) -> None:
    grant = Grant("purchase", "Studio", ("bundle",), ("invoice.pdf",))
    editable = Grant("plr", "Studio", ("bundle", "edit"), ("invoice.pdf",))
    grants = {"strict": Held("strict", grant, ()), "loose": Held("loose", editable, ())}
    items = [
        image("nd.jpg", picture("green"), decision=ND),
        image("minor.jpg", picture("red"), decision=Decision("allow", "CC0-1.0", minor=True)),
        image("strict.jpg", picture("blue"), decision=Decision("allow", "LicenseRef-grant-strict", grant="strict")),
        image("loose.jpg", picture("teal"), decision=Decision("allow", "LicenseRef-grant-loose", grant="loose")),
        book(30, "nd.pdf", decision=ND),
    ]  # fmt: skip
    made = kit(shown(items, grants), tmp_path / "kit")
    assert [name for name in made.images if name.startswith(("preview", "page"))] == [
        "preview-01.jpg"
    ]
    assert made.samples == ()
    told = (tmp_path / "kit" / "PICTURES.md").read_text("utf-8")
    assert told.count("a watermark makes one") == 2
    assert "the grant 'strict' allows no changed versions" in told
    assert "minor element" in told


def test_credit_is_given_where_it_is_asked_for(tmp_path: Path) -> None:
    made = kit(shown(MIXED), tmp_path / "kit")
    assert made.credits == ("by.jpg, Ann Author, CC BY 4.0",)
    assert "“by” by Ann Author, CC BY 4.0, made smaller" in made.words["en"].description
    assert "《by》，Ann Author，CC BY 4.0，已缩小" in made.words["zh"].html
    assert "white.jpg" not in "".join(made.credits)


def test_never_more_than_a_tenth_and_three_pages() -> None:
    assert [pages_shown(n) for n in (0, 1, 9, 10, 19, 20, 30, 999)] == [0, 0, 0, 1, 1, 2, 3, 3]


def test_what_cannot_be_opened_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = picture("white")
    items = [
        image("broken.jpg", good[: len(good) // 3]  + b"\0" * 50, small=b"no jpeg"),
        image("nothing.jpg", b"\xff\xd8 not a picture", small=b""),
        image("bomb.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, small=b""),
        image("fine.jpg", good),
        item("no.pdf", b"%PDF-1.4 broken", kind="document", format="pdf", decision=OWN, properties={"pages": 50}),
    ]  # fmt: skip
    made = kit(shown(items), tmp_path / "kit")
    assert "preview-01.jpg" in made.images and made.samples == ()
    told = (tmp_path / "kit" / "PICTURES.md").read_text("utf-8")
    for title in ("nothing", "bomb", "no"):
        assert re.search(rf"^- {title}: (the|it) .+", told, re.MULTILINE), told


def test_without_pictures_there_is_a_cover_of_words(tmp_path: Path) -> None:
    made = kit(shown(ITEMS, title="山林与数字：读本", language="zh"), tmp_path / "kit")
    assert made.images == ("cover.jpg", "cover-square.jpg")
    assert difference(tmp_path / "kit" / "cover.jpg", "white") > 50


def test_words_are_counted_in_both_languages() -> None:
    told = shown(MIXED)
    english, chinese = words(told, "en"), words(told, "zh")
    assert english.short.startswith("7 files in 2 categories")
    assert "3 pictures" in english.short and "3 张图片" in chinese.short
    assert "Documents of 25 pages together." in english.description
    assert "文档共 25 页。" in chinese.description
    assert chinese.title == english.title == "Woods & numbers"
    for said in (english, chinese):
        assert len(said.short) <= SHORT
        assert "woods-1.2.0.zip" in said.note and "ab" * 32 in said.note
        assert "RWQkey" in said.description
        assert len(said.variants) >= 3 and len(said.faq) >= 5
        soup = BeautifulSoup(said.html, "html.parser")
        assert {tag.name for tag in soup.find_all()} <= {"h3", "p", "ul", "li", "strong"}


def test_the_other_language_has_the_sellers_words() -> None:
    listing = Listing(wording={"zh": Wording("山林", "读书与数字。", ("自然",))}, tags=("nature",))
    told = shown(MIXED, description="Reading and numbers.", listing=listing)
    english, chinese = words(told, "en"), words(told, "zh")
    assert (english.title, chinese.title) == ("Woods & numbers", "山林")
    assert english.description.startswith("Reading and numbers.\n\nWhat you get\n")
    assert chinese.description.startswith("读书与数字。\n\n您将得到\n")
    assert (english.keywords[0], chinese.keywords[0]) == ("nature", "自然")
    assert not re.search(r"[一-鿿]", english.description)


def test_a_claim_without_a_fact_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="over 500 photos"):
        KitListing().write(shown(MIXED, description="Now with over 500 photos!"), tmp_path)
    assert not list(tmp_path.iterdir())


def naughty() -> list[str]:
    path = Path(__file__).parent / "data" / "naughty.json"
    strings: list[str] = json.loads(path.read_text("utf-8"))["strings"]
    return strings


def test_naughty_titles_stay_words() -> None:
    for text in naughty():
        items = [item("a.pdf", "a", title=text or "x", keywords=(text, text))]
        said = words(shown(items, title=text or "x", description=text), "en")
        assert "\n" not in said.title and all(c.isprintable() or c in "\u200c\u200d\xa0" or c.isspace() for c in said.title)  # fmt: skip
        soup = BeautifulSoup(said.html, "html.parser")
        assert {tag.name for tag in soup.find_all()} <= {"h3", "p", "ul", "li"}
        assert all(not tag.attrs for tag in soup.find_all())


@pytest.mark.parametrize("text", ["#show: panic()\n]$*_`<img src=x>", "مرحبا \u202eexe.fdp", "🎉" * 40, "W" * 300, "长" * 300])  # fmt: skip
def test_any_title_makes_a_cover(tmp_path: Path, text: str) -> None:
    made = kit(shown([image(f"{text[:20]}.jpg", picture("white"), title=text)], title=text, description=text), tmp_path / "k")  # fmt: skip
    assert made.images[0] == "cover.jpg"


CONFIG = """title = "Woods"
language = "en"
description = "More than 2 pictures and 3 texts of the woods."
[[sources]]
type = "folder"
path = "material"
match = "all"
rights = { own = "Me" }
[[categories]]
name = "woods"
title = "Woods"
words = ["wood", "tree"]
[listing]
price = "9.90"
platforms = ["xianyu", "shopify"]
[listing.wording.zh]
title = "山林"
description = "山林的图片与文字，有问题加微信。"
"""
SUBJECTS = ("an oak tree in the wood", "a birch tree by the lake", "moss and fern below a tree")


def workspace_of(folder: Path, config: str = CONFIG) -> Workspace:
    workspace = Workspace.init(folder)
    home = workspace.collection_file("woods").parent
    (home / "material").mkdir(parents=True)
    workspace.collection_file("woods").write_text(config, "utf-8")
    for number, colour in enumerate(("white", "navy", "olive")):
        shape = Image.new("RGB", (900, 600), colour)
        draw = ImageDraw.Draw(shape)
        for step in range(40):
            at = (step * (7 + 5 * number)) % 800, (step * step * (3 + number)) % 500
            draw.rectangle((*at, at[0] + 60 + 9 * step, at[1] + 40), fill=(step * 6, 90 * number, 255 - step * 5))  # fmt: skip
        shape.save(home / "material" / f"tree {number}.png")
        words = f"{SUBJECTS[number]} and what grows there. " * (5 + 7 * number)
        (home / "material" / f"wood {number}.txt").write_text(words, "utf-8")
    workspace.collect("woods")
    workspace.classify("woods")
    return workspace


def run(workspace: Workspace, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*arguments, "--workspace", str(workspace.root)])
    return done.exit_code, done.output


def test_the_whole_way(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    code, said = run(workspace, "package", "woods")
    assert code == 0, said
    assert "listing: woods → xianyu: “加微信” in the description" in said
    release = workspace.build / "woods" / "1.0.0"
    record = json.loads((release / "release.json").read_text("utf-8"))
    made = product.read(release)
    assert made.items == len(record["items"]) == 6
    assert made.size == sum(one["size"] for one in record["items"])
    (archive,) = made.archives
    assert archive.sha256 == hashlib.sha256((release / archive.file).read_bytes()).hexdigest()
    assert archive.size == (release / archive.file).stat().st_size
    assert "6 files in 1 category" in made.words["en"].description
    assert made.words["zh"].title == "山林"
    keywords = {word.casefold() for word in made.words["en"].keywords}
    assert {"tree", "png"} <= keywords and len(keywords) <= 15
    assert not any(len(word) < 3 or re.search(r"\d", word) for word in keywords)
    for name in made.images:
        assert (release / "listing" / name).stat().st_size > 5000

    code, said = run(workspace, "listing", "check", "woods")
    assert code == 1 and "加微信" in said and "woods 1.0.0 on shopify" in said
    code, said = run(workspace, "listing", "check", "woods", "--platform", "shopify", "--json")
    assert code == 0
    assert json.loads(said)["checked"][0]["problems"] == []
    (workspace.root / "rules").mkdir()
    (workspace.root / "rules" / "shopify.toml").write_text(
        '[[rule]]\nname = "short-titles"\nfields = ["title"]\nmost = 3\nseverity = "warning"\n', "utf-8"
    )  # fmt: skip
    code, said = run(workspace, "listing", "check", "woods", "--platform", "shopify")
    assert code == 0 and "warning: the title is too long (5)" in said
    code, said = run(workspace, "listing", "rules", "shopify")
    assert code == 0 and "short-titles (warning)" in said
    code, said = run(workspace, "listing", "check", "woods", "--platform", "shopyfi")
    assert code == 1 and "did you mean 'shopify'?" in said


def test_a_claim_stops_the_build_before_it_begins(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w", CONFIG.replace("More than 2", "More than 20"))
    code, said = run(workspace, "package", "woods")
    assert code == 1
    assert "“More than 20 pictures” is claimed" in said and "3 pictures" in said
    assert not (workspace.build / "woods").exists()
    config = workspace.collection_file("woods")
    proof = '[listing.claims]\n"more than 20 pictures" = "counted by hand in the album"\n'
    config.write_text(f"{config.read_text('utf-8')}{proof}", "utf-8")
    code, said = run(workspace, "package", "woods")
    assert code == 0, said
