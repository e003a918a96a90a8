"""The pages of a purchase in a real browser, from the link in the message to the verified download."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

import curate.web
from curate import typeset
from curate.api import Workspace
from curate.cli import main
from curate.database import tables
from curate.shop import Shop, reading, stamp, stock
from curate.shop.access import grants
from curate.shop.access.grants import Grant
from curate.shop.access.shelf import shelf
from curate.shop.aftersales import acknowledge, tickets
from curate.shop.aftersales.refunds import refund
from tests.browser import DESKTOP, PHONE, Watch, browser, faults, until
from tests.serving import Browser, serving
from tests.storefront import Clock, paid, release, storefront

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

__all__ = ["browser"]
EVIL = "<script>document.title='ran'</script><img src=x onerror=alert(1)>"
TITLE = f"Notes 笔记 {EVIL}"
COLLECTION = """
title = "{title}"
[listing]
price = "9.00"
[[sources]]
type = "folder"
path = "material"
match = "all"
rights = {{ own = "Ann" }}
"""
STAMPED = """
[products.STAMPED]
collection = "notes"
stamp = true
downloads = 2

[products.BOTH]
collection = "notes"
stock = "unique"
"""


class Open(NamedTuple):
    shop: Shop
    clock: Clock
    client: Browser
    early: Grant  # bought before 1.1.0
    frozen: Grant  # the same, for good


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    clock, folder = Clock(), tmp_path_factory.mktemp("shop")
    shop = storefront(folder, more='proxies = ["127.0.0.0/8"]' + STAMPED, clock=clock)
    (early,), (frozen,) = paid(shop, "e1"), paid(shop, "e2", "FROZEN")
    home = shop.workspace.collections / "notes"
    (home / "collection.toml").write_text(
        COLLECTION.format(title=TITLE.replace('"', "'")), encoding="utf-8"
    )
    guide = home / "guide.png"
    guide.write_bytes(picture("PNG"))
    (home / "tutorial.md").write_text(
        "# Begin\n\n![Where to begin](guide.png)\n\n[the web](https://example.org/)\n",
        encoding="utf-8",
    )
    (home / "material" / "photo.png").write_bytes(picture("PNG"))
    (home / "material" / "paper.pdf").write_bytes(
        typeset.pdf(b"= Paper\n#lorem(60)\n#pagebreak()\n#lorem(50)", {}, stamp=0)
    )
    assert release(Workspace(shop.workspace.root)) == "1.1.0"
    with serving(shop) as client:
        yield Open(shop, clock, client, early, frozen)


def picture(kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((320, 240)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


@contextmanager
def visit(
    chromium: Chromium, at: Open, size: tuple[int, int] = PHONE, scripts: bool = True,
    locale: str = "en-GB",
) -> Iterator[tuple[Page, Watch]]:  # fmt: skip
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts, locale=locale
    )
    page = context.new_page()
    watch = Watch(page)
    try:
        yield page, watch
        assert [one for one in watch.requests if not one.startswith((at.client.url, "data:"))] == []
        refused = (
            "Failed to load resource: the server responded",  # our own 403 and 410
            "Blocked script execution",  # Playwright's own, in the tutorial
        )
        assert [one for one in watch.complaints if not one.startswith(refused)] == []
    finally:
        context.close()


def enter(page: Page, at: Open, grant: Grant) -> None:
    page.goto(f"{at.client.url}/#{grants.code(at.shop, grant)}")
    page.wait_for_url("**/order")


def wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def client(at: Open, grant: Grant) -> Browser:
    made = Browser(at.client.url)
    assert made.ask("/open", form={"code": grants.code(at.shop, grant)}).status == 303
    return made


def test_from_the_link_in_the_message_to_the_verified_archive(
    at: Open, browser: Chromium, tmp_path: Path
) -> None:
    (grant,) = paid(at.shop, "d1")
    code = grants.code(at.shop, grant)
    with visit(browser, at) as (page, watch):
        enter(page, at, grant)
        assert page.title() == TITLE and not page.query_selector("main script")
        assert not wide(page) and faults(page) == []
        assert page.locator("img.cover").evaluate("one => one.naturalWidth") > 300
        assert not page.locator("form[action$=link]").count()
        page.get_by_role("button", name="I agree").click()
        assert "1 download left" in page.inner_text("#files")
        button = page.get_by_role("button", name="Download: notes-1.1.0.zip")
        box = button.bounding_box()
        assert box is not None and box["height"] >= 44
        with page.expect_download() as got:
            button.click()
        path = tmp_path / got.value.suggested_filename
        got.value.save_as(path)
        page.reload()
        assert "downloaded as often as it may be" in page.inner_text("#files")
        page.go_back()
        assert all(code not in one for one in watch.requests)
        page.get_by_role("button", name="Leave").click()
        page.goto(f"{at.client.url}/order")
        assert page.query_selector("#code")
    done = CliRunner().invoke(main, ["verify", str(path)])
    assert done.exit_code == 0, done.output
    with at.shop.database.reading() as connection:
        order = connection.exec_driver_sql("select id from orders where number='d1'").scalar_one()
        (agreed,) = acknowledge.of(connection, order)
    assert (agreed.source, agreed.text_version) == ("page", acknowledge.texts()[-1].version)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_readable_in_both_languages(
    at: Open, browser: Chromium, size: tuple[int, int]
) -> None:
    channel, locale = ("xianyu", "zh-CN") if size == PHONE else ("web", "en-GB")
    (grant,) = paid(at.shop, f"p-{channel}", "STAMPED", channel=channel)
    with visit(browser, at, size, locale=locale) as (page, _):
        page.goto(at.client.url)
        assert faults(page) == [] and not wide(page)
        enter(page, at, grant)
        assert page.get_attribute("html", "lang") == ("zh-CN" if channel == "xianyu" else "en")
        page.locator("form[action$=agree] button").click()
        assert faults(page) == [] and not wide(page)
        here = f"{at.client.url}/order/{grant.serial}"
        for name in ("changelog", "licenses", "copies"):
            page.goto(f"{here}/{name}")
            assert faults(page) == [] and not wide(page), name
        page.goto(f"{at.client.url}/order")
        page.fill("#question", "怎么解压文件？" if channel == "xianyu" else "How do I unpack it?")
        page.locator("form[action$=ask] button").click()
        assert page.locator("article").count() >= 1
        assert faults(page) == [] and not wide(page)
        page.locator("form[action$=tickets] button").click()
        assert page.locator("article.thread").count() == 1
        assert faults(page) == [] and not wide(page)


def test_a_code_stands_on_the_page_of_its_own_piece(at: Open, browser: Chromium) -> None:
    one, other = paid(at.shop, "c1", "BOTH", quantity=2)
    codes = ["AB<i>  '\"", "CD-2"]
    stock.add(at.shop, "BOTH", [stock.Row(n, code) for n, code in enumerate(codes, 1)])
    assert one.delivery_id is not None
    with at.shop.database.writing() as connection:
        assert stock.take(connection, at.shop, "BOTH", one.delivery_id, 2)
    first, second = client(at, one), client(at, other)
    assert not any(code in escaped(first) for code in codes), "before the buyer agreed"
    text = acknowledge.texts()[-1].version
    assert first.ask(f"/order/{one.serial}/agree", form={"text": text}).status == 303
    assert [code in escaped(first) for code in codes] == [True, False]
    assert [code in escaped(second) for code in codes] == [False, True]
    assert Browser(at.client.url).ask("/order").status == 303
    with visit(browser, at) as (page, _):
        enter(page, at, one)
        page.click(".pick")
        assert page.evaluate("getSelection().toString()") == codes[0]
        assert faults(page) == [] and not wide(page)
    with at.shop.database.writing() as connection:  # as a refund of the second piece leaves it
        held = tables.codes.c.secret == "CD-2"
        connection.execute(tables.codes.update().where(held).values(state="withdrawn"))
    assert [code in escaped(second) for code in codes] == [False, False]


def escaped(inside: Browser) -> str:
    return unescape(inside.ask("/order").body.decode())


def test_without_scripts_the_code_is_pasted(at: Open, browser: Chromium) -> None:
    (grant,) = paid(at.shop, "n1")
    with visit(browser, at, scripts=False) as (page, _):
        for pasted in (grants.code(at.shop, grant), f"{at.client.url}/#{grants.code(at.shop, grant)}"):  # fmt: skip
            page.goto(at.client.url)
            page.fill("#code", pasted)
            page.locator("#open button").click()
            assert page.url.endswith("/order") and "n1" in page.inner_text("header")
            page.locator("form[action='/leave'] button").click()
        page.fill("#code", grants.code(at.shop, grant))
        page.fill("#number", "another")
        page.locator("#open button").click()
        assert "opens nothing" in page.inner_text("[role=alert]")


def test_a_wrong_code_stays_at_the_door(at: Open, browser: Chromium) -> None:
    with visit(browser, at, locale="zh-CN") as (page, _):
        page.goto(f"{at.client.url}/#{'A' * 26}")
        page.wait_for_selector("[role=alert]")
        assert page.url == f"{at.client.url}/open" and "提取码无效" in page.inner_text("main")
        assert faults(page) == []


@pytest.mark.parametrize("why", ["expired", "revoked", "refunded"])
def test_what_has_ended_says_so_kindly(at: Open, browser: Chromium, why: str) -> None:
    (grant,) = paid(at.shop, f"o-{why}")
    made, before = client(at, grant), at.clock.at
    if why == "expired":
        at.clock.at += 31 * 86_400
    elif why == "refunded":
        refund(at.shop, "web", grant.number, "1", quantity=1, reason="asked", who="Ann", reference="r1")  # fmt: skip
    else:
        with at.shop.database.writing() as connection:
            assert grant.delivery_id
            grants.revoke(connection, at.shop, grant.delivery_id, [1], "given on <b>in public</b>")
    try:
        assert made.ask("/order")["location"] == "/"
        with visit(browser, at) as (page, _):
            page.goto(f"{at.client.url}/#{grants.code(at.shop, grant)}")
            page.wait_for_url("**/open")
            told = page.inner_text("main")
            assert grant.serial in told and "public" not in told
            assert {"expired": "over", "revoked": "ended", "refunded": "refunded"}[why] in told
            assert faults(page) == []
        assert made.ask("/open", form={"code": grants.code(at.shop, grant)}).status == 410
    finally:
        at.clock.at = before


def test_the_tutorial_runs_nothing_and_shows_its_own_pictures_only(
    at: Open, browser: Chromium
) -> None:
    with visit(browser, at) as (page, watch):
        enter(page, at, at.early)
        page.get_by_role("link", name="Tutorial").click()
        shown = page.locator("#editor img")
        until(page, "document.querySelector('#editor img')?.complete")
        assert shown.evaluate("one => one.naturalWidth") == 320
        assert any("/tutorial/assets/guide/" in one for one in watch.requests)
        page.get_by_role("link", name="Back to your order").click()
        assert page.url.endswith("/order")
    made = client(at, at.early)
    here = f"/order/{at.early.serial}/tutorial"
    got = made.ask(here)
    policy = got["content-security-policy"]
    assert "sandbox allow-same-origin;" in policy and "allow-scripts" not in policy
    assert "script-src" not in policy and got["cache-control"] == "no-store"
    for path in ("data/Images/photo.png", "../shop.toml", "%2e%2e/shop.toml", "assets/none.png", "VERIFY.html"):  # fmt: skip
        assert made.ask(f"{here}/{path}").status == 404, path
    (other,) = paid(at.shop, "x1")
    for name in ("tutorial", "changelog", "licenses", "copies", "cover"):
        assert made.ask(f"/order/{other.serial}/{name}").status == 303
    for name, form in (("agree", {"text": "2026-1"}), ("ask", {"text": "a"}), ("tickets", {"text": "a"})):  # fmt: skip
        assert made.ask(f"/order/{other.serial}/{name}", form=form).status == 403


def test_frozen_and_latest_say_what_they_give(at: Open) -> None:
    folder = at.shop.workspace.build / "notes" / "1.1.0"
    pack = folder / "notes-1.0.0-to-1.1.0.zip"
    pack.write_bytes(b"a pack")
    sum = hashlib.sha256(b"a pack").hexdigest()
    pack.with_name(f"{pack.name}.sha256").write_text(f"{sum}  {pack.name}\n")
    made = client(at, at.early)
    made.ask(f"/order/{at.early.serial}/agree", form={"text": acknowledge.texts()[-1].version})
    latest = unescape(made.ask("/order").body.decode())
    assert "notes-1.1.0.zip" in latest and "Newer versions appear here" in latest
    assert "From 1.0.0 to 1.1.0" in latest and sum in latest
    assert "<code>curate update 'Notes 笔记-1.0.0' notes-1.0.0-to-1.1.0.zip</code>" in latest
    frozen = client(at, at.frozen).ask("/order").body.decode()
    assert "You bought version 1.0.0" in frozen and "1.1.0" not in frozen


def test_what_may_not_be_handed_out_is_not_and_the_buyer_can_write(
    at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.shop.access import shelf as shelves

    monkeypatch.setattr(shelves, "_wrong", lambda shop, folder: ("a grant ended",))
    made = client(at, at.early)
    told = made.ask("/order").body.decode()
    assert "Your purchase is not lost." in told and "a grant ended" not in told
    assert "/ask" in told and "/link" not in told and "/tutorial" not in told
    assert made.ask(f"/order/{at.early.serial}/tutorial")["location"] == "/order"
    assert made.ask(f"/order/{at.early.serial}/ask", form={"text": "why?"}).status == 200


def test_questions_become_letters_and_letters_are_answered(at: Open, browser: Chromium) -> None:
    (grant,), (other,) = paid(at.shop, "q1"), paid(at.shop, "q2")
    with visit(browser, at, DESKTOP) as (page, _):
        enter(page, at, grant)
        page.fill("#question", f"How do I unpack it? {EVIL}")
        page.get_by_role("button", name="Look for an answer").click()
        assert EVIL in page.inner_text("blockquote") and page.locator("article").count()
        page.goto(f"{at.client.url}/order")
        page.fill("#question", "zxqw vbnm?")
        page.get_by_role("button", name="Look for an answer").click()
        assert "Nothing in the tutorial" in page.inner_text("h1")
        page.fill("#text", f"zxqw vbnm? {EVIL}")
        page.get_by_role("button", name="Send it").click()
        thread = page.locator("article.thread")
        assert EVIL in thread.inner_text() and page.title() == TITLE
        (ticket,) = tickets.listed(at.shop)[-1:]
        tickets.answer(at.shop, ticket.id, f"Of course, see {{page}}. {EVIL}")
        page.reload()
        assert (
            f"Of course, see this page. {EVIL}" in thread.inner_text()
            and "answered" in thread.inner_text()
        )
        page.get_by_text("Write again").click()
        thread.locator("textarea").fill("Thanks!")
        thread.get_by_role("button", name="Send").click()
        assert "Thanks!" in thread.inner_text() and page.title() == TITLE
        until(page, "document.querySelectorAll('script').length === 0")
    stranger = client(at, other)
    form = {"ticket": str(ticket.id), "text": "mine now"}
    assert stranger.ask(f"/order/{other.serial}/tickets", form=form).status == 422
    assert EVIL not in stranger.ask("/order").body.decode()
    for text in (" ", "x" * (tickets.LONGEST + 1)):
        assert stranger.ask(f"/order/{other.serial}/tickets", form={"text": text}).status == 422
    long = "a\r\n" * (tickets.LONGEST // 2)
    assert stranger.ask(f"/order/{other.serial}/tickets", form={"text": long}).status == 303
    sent = [client(at, other).ask(f"/order/{other.serial}/tickets", form={"text": f"{n}"}).status for n in range(21)]  # fmt: skip
    assert sent == [303] * 19 + [429] * 2


def test_copies_bear_the_order_and_the_archive_stays_as_it_was(at: Open) -> None:
    import pypdfium2
    from PIL import Image

    (grant,) = paid(at.shop, "c 7001", "STAMPED", channel="xianyu")
    found = shelf(at.shop, grant)
    before = found.archives[0].path.read_bytes()
    paper, photo = sorted(stamp.offered(at.shop, found), key=lambda one: one.suffix)
    made, place = client(at, grant), f"/order/{grant.serial}/copies"
    assert made.ask(place, form={"item": paper.sha256}).status == 404  # not agreed yet
    made.ask(f"/order/{grant.serial}/agree", form={"text": acknowledge.texts()[-1].version})
    got = made.ask(place, form={"item": paper.sha256})
    assert got.status == 200 and got["content-type"] == "application/pdf"
    kept = at.shop.workspace.state / "stamped"
    assert kept.stat().st_mode & 0o077 == 0  # they say who bought what
    document = pypdfium2.PdfDocument(got.body)
    told = [document[n].get_textpage().get_text_bounded() for n in range(len(document))]
    document.close()
    assert len(told) == 2 and all("订单 c 7001 · 仅授权该订单买家使用" in one for one in told)
    assert made.ask(place, form={"item": paper.sha256}).body == got.body
    assert made.ask(place, form={"item": paper.sha256}).status == 403  # twice, as it was bought
    copy = made.ask(place, form={"item": photo.sha256}).body
    with Image.open(io.BytesIO(copy)) as one, Image.open(io.BytesIO(picture("PNG"))) as other:
        assert one.size == other.size and one.convert("RGB").tobytes() != other.tobytes()
    assert made.ask(place, form={"item": "0" * 64}).status == 404
    assert found.archives[0].path.read_bytes() == before
    assert stamp.offered(at.shop, shelf(at.shop, at.early)) == ()


def test_no_copy_of_what_may_not_be_changed(at: Open) -> None:
    folder = at.shop.workspace.build / "notes" / "1.1.0"
    ledger = folder / "rights.json"
    text = ledger.read_text("utf-8")
    item = re.compile(r'("path":"[^"]*paper\.pdf".*?"obligations":)\[\]')
    assert item.search(text)
    try:
        for changed in (
            item.sub(r'\1["attribution","verbatim"]', text),
            re.sub(r'(paper\.pdf".*?"grant":)""', r'\1"lent"', text),
            re.sub(r'(paper\.pdf".*?"minor":)false', r"\1true", text),
        ):
            assert changed != text
            ledger.write_text(changed, "utf-8")
            stamp._offered.cache_clear()
            assert [one.suffix for one in stamp._offered(folder)] == [".png"]
    finally:
        ledger.write_text(text, "utf-8")
        stamp._offered.cache_clear()


def test_markdown_becomes_nothing_that_acts() -> None:
    html = reading.markdown(
        "# A <script>x</script>\n[a](javascript:x) [b](LICENSES/b.txt) [c](https://example.org/)\n"
        "![p](https://example.org/p.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert "<script" not in html and "<img" not in html and "<table>" in html
    assert re.findall(r'href="([^"]*)"', html) == ["https://example.org/"]


def test_every_sentence_of_the_pages_is_there_in_chinese() -> None:
    root = Path(curate.web.__file__).parent
    said = {
        ast.literal_eval(found)
        for path in (root / "templates" / "buyer").glob("*.j2")
        for found in re.findall(r'say\(("[^"]*"|\'[^\']*\')', path.read_text("utf-8"))
    }
    known: set[str] = set()
    for path in (root.parent / "locale" / "zh").glob("*.toml"):
        for table in tomllib.loads(path.read_text("utf-8")).values():
            known |= set(table)
    assert said and said <= known, said - known


def test_style_and_script_are_small() -> None:
    static = Path(curate.web.__file__).parent / "static"
    assert sum((static / name).stat().st_size for name in ("base.css", "buyer.css")) < 10_000
    assert (static / "open.js").stat().st_size < 1_000
