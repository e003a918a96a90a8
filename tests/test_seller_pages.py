"""The seller's own pages: in a real browser, by a real server on this machine."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from bs4 import BeautifulSoup

from curate import workspace as places
from curate.api import Workspace
from curate.catalog import Catalog
from curate.corrections import Corrections
from curate.likeness import Likeness
from curate.pipeline.rulings import Which
from curate.shop import Shop, settings
from curate.shop.delivery import outbox
from curate.shop.orders import looking
from curate.web.seller import app
from curate.web.seller.pairs import doubtful
from tests.browser import DESKTOP, PHONE, browser, faults, until
from tests.seller_demo import build, sell

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]
_TELLING = ("/rights", "/review/shop", "/duplicates/shop/pair", "/outbox/1", "/stock", "/tickets/1")
"""Pages that show all there is of colours and forms."""


@contextmanager
def served(workspace: places.Workspace, password: str = "") -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(workspace, password), log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """For tests that change nothing."""
    made = build(tmp_path_factory.mktemp("seller") / "w")
    sell(made)
    return made


@pytest.fixture(scope="module")
def url(workspace: Workspace) -> Iterator[str]:
    with served(workspace) as url:
        yield url


@pytest.fixture(scope="module")
def unreleased(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return build(tmp_path_factory.mktemp("unreleased") / "w", released=False)


@pytest.fixture
def fresh(unreleased: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """For tests that answer."""
    monkeypatch.setenv("LOGNAME", "ann")
    shutil.copytree(unreleased.root, tmp_path / "w")
    return Workspace(tmp_path / "w")


def token(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def links(page: str, start: str) -> list[str]:
    found = re.findall(f'(?:href|src)="({re.escape(start)}[^"]*)"', page)
    return list(dict.fromkeys(map(unescape, found)))


def everything(client: httpx.Client) -> list[str]:
    """The address of one page of each kind."""
    pages = ["/", "/library?q=sea", "/review", "/review/shop", "/rights/shop", "/duplicates/shop", "/bundles",
             "/bundles/shop/1.0.0", "/keys", "/orders", "/outbox", "/outbox/1", "/stock", "/tickets",
             "/tickets/1"]  # fmt: skip
    pages += links(client.get("/library").text, "/item/")[:1]
    pages += links(client.get("/duplicates/shop").text, "/duplicates/shop/pair")
    return pages + links(client.get("/orders").text, "/orders/one")[-1:]


@contextmanager
def opened(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, **options: Any
) -> Iterator[Page]:
    """A page, with all that the browser complains of and asks elsewhere as an error."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    page = context.new_page()
    wrong: list[str] = []
    origin = "/".join(url.split("/")[:3])
    page.on(
        "console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda one: wrong.append(str(one)))
    page.on(
        "request",
        lambda one: None if one.url.startswith((origin, "data:")) else wrong.append(one.url),
    )
    page.goto(url)
    try:
        yield page
    finally:
        context.close()
    assert wrong == []


@pytest.mark.parametrize(
    ("size", "dark"),
    [(DESKTOP, False), pytest.param(PHONE, True, marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_every_page_has_no_serious_fault_and_fits(
    browser: Browser, url: str, size: tuple[int, int], dark: bool
) -> None:
    with httpx.Client(base_url=url) as client:
        pages = everything(client)
    assert len(pages) == 19
    with opened(
        browser, f"{url}/", size, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    ) as page:
        for path in pages:
            answer = page.goto(f"{url}{path}")
            assert answer is not None and answer.status == 200, path
            if not dark or path.startswith(_TELLING):
                assert faults(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
            assert page.locator("h1").count() == 1, path


def test_the_queue_is_gone_through_by_keys_alone(browser: Browser, fresh: Workspace) -> None:
    """A digit answers, j skips, k goes back, u takes back, / names another category."""
    with served(fresh) as url, opened(browser, f"{url}/") as page:
        page.keyboard.press("?")
        until(page, "document.getElementById('keys').open")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("j")  # to the first of what waits
        page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/review/shop")

        def title() -> str:
            return page.locator("h1").inner_text()

        def press(key: str) -> None:
            with page.expect_navigation():
                page.keyboard.press(key)

        first = title()
        press("0")
        assert f"“{first}” → none of these" in page.locator("[role=status]").inner_text()
        second = title()
        assert second != first
        press("j")
        third = title()
        assert third not in (first, second)
        press("k")
        assert title() == second
        press("u")
        assert title() == first
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "category"
        page.keyboard.type("Ships")
        page.keyboard.press("Tab")
        press("Enter")
        assert "→ Ships & the sea" in page.locator("[role=status]").inner_text()
        for _ in range(30):
            if page.url.endswith("item=end"):
                break
            press("0")
        assert title() in ("That is all of it", "You are through")
    said = Corrections(fresh.collection_file("shop").parent).latest
    assert {one.who for one in said.values()} == {"ann"}
    named = {one.title: one.category for one in said.values()}
    assert named[first] == "sea"
    assert named[second] == ""


def test_two_pictures_are_compared_and_told_apart_by_keys(
    browser: Browser, fresh: Workspace
) -> None:
    waiting = doubtful(fresh, "shop")
    assert len(waiting) == 2
    with served(fresh) as url, opened(browser, f"{url}/duplicates/shop") as page:
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/duplicates/shop/pair?*")
        assert page.locator(".beside article").count() == 2
        page.keyboard.press("d")
        page.wait_for_url(f"**/duplicates/shop/pair?one={waiting[1].ids[0]}&*")
        until(page, "[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
        page.keyboard.press("2")
        page.wait_for_url("**/duplicates/shop")
        assert "Nothing doubtful is left." in page.content()
    said = Likeness(fresh.collection_file("shop").parent)
    assert said.said("split") == {tuple(sorted(waiting[0].ids))}
    assert set(said.keep) == {waiting[1].ids[1]}


def test_rights_are_tried_and_decided_without_any_script(
    browser: Browser, fresh: Workspace
) -> None:
    with (
        served(fresh) as url,
        opened(browser, f"{url}/rights/shop", java_script_enabled=False) as page,
    ):
        page.click("text=Decide about what is ticked >> nth=0") if not page.locator(
            "details[open]"
        ).count() else None
        page.check("[name=way][value=as]")
        page.fill("[name=as]", "CC-BY-4.0")
        page.fill("[name=why]", "its author told me")
        page.click("text=Only try")
        assert "nothing was written" in page.locator("[role=status]").inner_text()
        assert len(fresh.rights("shop", Which(outcome="ask"))) == 1
        page.check("[name=way][value=as]")
        page.fill("[name=as]", "CC-BY-4.0")
        page.click("text=Decide >> nth=-1")
        assert "why is empty" in page.locator("[role=alert]").inner_text()
        page.check("[name=way][value=as]")
        page.fill("[name=as]", "CC-BY-4.0")
        page.fill("[name=why]", "its author told me")
        page.click("button[name=decide]")
        assert "1 allowed" in page.locator("[role=status]").inner_text()
    assert not fresh.rights("shop", Which(outcome="ask"))


def test_titles_and_drawings_of_others_never_run(browser: Browser, url: str) -> None:
    with opened(browser, f"{url}/library?q=title") as page:
        assert "caught" not in page.title()
        assert "<script>document.title" in page.inner_text("main")
    with httpx.Client(base_url=url) as client:
        (drawing,) = links(client.get("/library?type=svg").text, "/picture/")
        answer = client.get(drawing)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}{drawing}")  # opened by itself it is in a sandbox
    assert page.evaluate("document.documentElement.getAttribute('data-ran')") is None
    context.close()


def test_only_pictures_of_the_library_are_given_out(workspace: Workspace, url: str) -> None:
    with Catalog(workspace.catalog, readonly=True) as catalog:
        (text,) = (one.sha256 for one in catalog.members("shop") if one.source == "mine/green.md")
    paths = [
        f"/picture/{text}", f"/picture/{text}/whole", f"/picture/{'0' * 64}", "/picture/..%2f..%2fcurate.toml",
        "/picture/%2e%2e/whole", "/static/..%2f__init__.py", "/static/pages.py",
        "/bundles/..%2f..%2fkeys/1.0.0", "/bundles/shop/1.0.0/listing/product.json",
        "/bundles/shop/1.0.0/listing/..%2frelease.json", "/bundles/shop/9.9.9/listing/cover.jpg",
        "/docs", "/openapi.json", "/redoc",
    ]  # fmt: skip
    with httpx.Client(base_url=url) as client:
        assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
        shown = links(client.get("/bundles/shop/1.0.0").text, "/bundles/shop/1.0.0/listing/")
        assert shown
        for path in shown:
            answer = client.get(path)
            assert answer.headers["content-type"] in ("image/jpeg", "image/png")
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_other_names_of_this_machine_are_refused(url: str) -> None:
    port = url.rpartition(":")[2]
    hosts = {
        f"127.0.0.1:{port}": 200, f"localhost:{port}": 200, "localhost": 200, f"[::1]:{port}": 200,
        f"evil.test:{port}": 421, f"127.0.0.1.evil.test:{port}": 421, "": 421, f"localhost.:{port}": 421,
        f"localhost:{port}x": 421, f"user@localhost:{port}": 421,
    }  # fmt: skip
    with httpx.Client(base_url=url) as client:
        told = {host: client.get("/keys", headers={"Host": host}).status_code for host in hosts}
    assert told == hosts


def test_every_form_needs_its_token_and_its_cookie(fresh: Workspace) -> None:
    made = app(fresh)
    posts = [
        getattr(one, "path", "") for one in made.routes if "POST" in getattr(one, "methods", ())
    ]
    assert len(posts) >= 6
    with served(fresh) as url, httpx.Client(base_url=url) as client:
        page = client.get("/review/shop")
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        item = re.search(r'name="item" value="(\w+)"', page.text)
        assert item
        form = {"item": item[1], "category": "sea"}
        for path in posts:
            where = re.sub(r"\{\w+\}", "shop", path)
            assert client.post(where, data=form).status_code == 403, path
            assert client.post(where, data={**form, "token": "0" * 64}).status_code == 403, path
        good = {**form, "token": token(page.text)}
        assert httpx.post(f"{url}/review/shop", data=good).status_code == 403, "no cookie"
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert client.post("/review/shop", data=good, headers=cross).status_code == 403
        assert client.post("/review/shop", json=good).status_code == 415
        assert client.post("/review/shop", files={"token": b"x"}).status_code == 415
        assert client.post("/review/shop", content=b"a=b" * (1 << 19)).status_code == 413
        assert client.put("/review/shop").status_code == 405
        with fresh.writing():  # another command is at work
            busy = client.post("/review/shop", data=good, follow_redirects=True)
            assert "another curate command is at work" in busy.text
        assert not Corrections(fresh.collection_file("shop").parent).latest
        done = client.post("/review/shop", data=good, follow_redirects=True)
        assert "Ships &amp; the sea" in done.text
    assert len(Corrections(fresh.collection_file("shop").parent).latest) == 1


def test_a_password_is_asked_for_and_guessing_locks_out(workspace: Workspace) -> None:
    with served(workspace, "correct horse") as url, httpx.Client(base_url=url) as client:
        far = {"Host": "nas.local"}
        assert (
            client.get("/library?q=tea", headers=far).headers["location"]
            == "/login?to=/library%3Fq%3Dtea"
        )
        assert client.get("/picture/" + "0" * 64).status_code == 303
        page = client.get("/login?to=//evil.test")
        assert 'name="to" value="/"' in page.text
        before = client.cookies["curate"]
        form = {"token": token(page.text), "to": "/bundles"}
        assert client.post("/verify", data=form).headers["location"] == "/login"
        wrong = client.post("/login", data={**form, "password": "wrong horse"})
        assert wrong.status_code == 403 and "not the password" in wrong.text
        right = client.post("/login", data={**form, "password": "correct horse"})
        assert right.headers["location"] == "/bundles"
        assert client.cookies["curate"] != before, "no session is carried in from before"
        inside = client.get("/bundles")
        assert "Sign out" in inside.text
        old = httpx.get(f"{url}/bundles", cookies={"curate": before})
        assert old.status_code == 303
        client.post("/logout", data={"token": token(inside.text)})
        assert client.get("/bundles").status_code == 303

        page = client.get("/login")
        form = {"token": token(page.text), "password": "guess"}
        told = [client.post("/login", data=form).status_code for _ in range(12)]
        assert told.count(429) >= 3 and told[-1] == 429
        locked = client.post("/login", data={**form, "password": "correct horse"})
        assert locked.status_code == 429, "the right one too, until the time is over"


def test_the_language_is_the_workspaces_and_can_be_changed(url: str) -> None:
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        assert "What waits for you" in client.get("/").text
        for to in ("//evil.test/", "/\\evil.test", "https://evil.test"):
            answer = client.get("/language/zh", params={"to": to}, follow_redirects=False)
            assert answer.headers["location"] == "/"
        page = client.get("/language/zh", params={"to": "/library?q=tea"})
        assert page.url.path == "/library" and '<html lang="zh-CN">' in page.text
        assert "What waits for you" not in client.get("/").text
        assert "待您处理" in client.get("/").text


def test_no_page_lets_scripts_in_and_all_are_light(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        for path in everything(client):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy and "script-src 'self'" in policy
            read = BeautifulSoup(answer.text, "lxml")
            assert not read.find_all("style")
            assert all(one.get("src") == "/static/seller.js" for one in read.find_all("script"))
            names = {name for tag in read.find_all(True) for name in tag.attrs}
            assert not [one for one in names if one == "style" or one.startswith("on")], path
            assert len(answer.text.encode()) < 60_000
        assert len(client.get("/static/seller.css").content) < 12_288
        assert len(client.get("/static/seller.js").content) < 6_144


def test_it_begins_in_an_empty_workspace(tmp_path: Path) -> None:
    with served(Workspace.init(tmp_path / "w")) as url, httpx.Client(base_url=url) as client:
        told = {
            path: client.get(path)
            for path in ("/", "/review", "/rights", "/duplicates", "/bundles", "/orders")
        }
        assert {path: one.status_code for path, one in told.items()} == dict.fromkeys(told, 200)
        assert "curate new NAME" in told["/"].text
        assert "curate shop init" in told["/orders"].text
        assert "nothing is indexed yet" in client.get("/library").text
        assert client.get("/review/nothing").status_code == 409


@pytest.fixture
def selling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """For tests that sell; its library is not there."""
    monkeypatch.setenv("LOGNAME", "ann")
    workspace = Workspace.init(tmp_path / "w")
    workspace.new("shop")
    shop = sell(workspace)
    return Shop.open(shop.workspace)


def send(client: httpx.Client, page: str, where: str, **fields: str) -> str:
    """What the page says after a form of ``page`` was sent to ``where``."""
    form = {"token": token(client.get(page).text), **fields}
    answer = client.post(where, data=form, follow_redirects=True)
    assert answer.status_code == 200
    found = BeautifulSoup(answer.text, "lxml").select(".notice[role]")
    return " ".join(one.get_text(" ", strip=True) for one in found)


def test_an_order_goes_from_waiting_to_confirmed_and_back(selling: Shop) -> None:
    with served(selling.workspace) as url, httpx.Client(base_url=url) as client:
        assert "buyers wait" in client.get("/stock").text
        told = send(
            client, "/stock", "/stock", sku="KEYS", codes="KEY-TWO-2222\r\nKEY-4\r\nKEY-5\r\n\r\n"
        )
        assert told.startswith("New: 2; there before: 1; no codes: 0. Served: 1")
        (number,) = (one.id for one in outbox.pending(selling) if one.number == "A-3")
        assert outbox.text(selling, number).body.count("KEY-") == 2
        assert "sent by hand" in client.get(f"/outbox/{number}").text
        proof = send(client, f"/outbox/{number}", f"/outbox/{number}/confirm", proof="KEY-4")
        assert "the proof holds the buyer's code itself" in proof
        assert (
            send(client, f"/outbox/{number}", f"/outbox/{number}/confirm")
            == f"Message {number} is confirmed."
        )
        order = "/orders/one?channel=hand&number=A-3"
        assert "ann: sent by hand" in client.get(order).text
        whose = {"channel": "hand", "number": "A-3", "line_no": "1", "currency": "CNY"}
        assert "digits" in send(client, order, "/orders/refund", quantity="one", **whose)
        told = send(client, order, "/orders/refund", quantity="1", reason="did not fit", **whose)
        assert told == "Given back: 4.95 CNY; pieces: 1; the buyer keeps: 1."
        assert "did not fit" in client.get(order).text
        assert "nothing" not in send(client, order, "/orders/refund", amount="99", **whose)
        assert send(client, order, "/orders/resend", **whose) == "It lies in the outbox."
    (line,) = (one.line for one in looking.shown(selling, "hand", "A-3").lines)
    assert (line.delivery, line.refunded, line.refunded_quantity) == ("confirmed", "4.95", 1)


def test_codes_are_on_the_page_of_their_message_alone(selling: Shop) -> None:
    with served(selling.workspace) as url, httpx.Client(base_url=url) as client:
        with_codes = [
            one.id
            for one in outbox.pending(selling)
            if "KEY-ONE" in outbox.text(selling, one.id).body
        ]
        (number,) = with_codes
        pages = ["/", "/orders", "/orders?waiting=1", "/outbox", "/outbox?all=1", "/stock", "/tickets",
                 "/tickets/1", *links(client.get("/orders").text, "/orders/one")]  # fmt: skip
        assert len(pages) == 13
        for path in pages:
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert "KEY-" not in answer.text and "/#" not in answer.text, path
        shown = client.get(f"/outbox/{number}")
        assert "KEY-ONE-1111" in shown.text and shown.headers["cache-control"] == "no-store"


def test_a_message_is_copied_and_confirmed_by_keys(browser: Browser, selling: Shop) -> None:
    number = min(one.id for one in outbox.pending(selling))
    with served(selling.workspace) as url, opened(
        browser, f"{url}/outbox", permissions=["clipboard-read", "clipboard-write"]
    ) as page:  # fmt: skip
        page.keyboard.press("j")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.keyboard.press("c")
        until(page, "document.querySelector('[data-copy].first').textContent.startsWith('✓')")
        copied = page.evaluate("navigator.clipboard.readText()")
        with page.expect_navigation():
            page.keyboard.press("y")
        assert f"Message {number} is confirmed." in page.locator("[role=status]").inner_text()
    assert copied.strip() == outbox.text(selling, number).body.strip()
    assert number not in {one.id for one in outbox.pending(selling)}


def test_a_ticket_is_answered(selling: Shop) -> None:
    with served(selling.workspace) as url, httpx.Client(base_url=url) as client:
        assert "<span>Open tickets</span> <b>1</b>" in client.get("/").text
        assert "the letter is empty" in send(client, "/tickets/1", "/tickets/1", text=" ")
        told = send(
            client, "/tickets/1", "/tickets/1", text="The key lies\r\nunder the mat.", close="1"
        )
        assert told == "The answer lies in the outbox."
        page = client.get("/tickets/1").text
        assert "under the mat." in page and "<script>document" not in page
        assert "Nobody waits for an answer." in client.get("/tickets").text


def test_what_is_wrong_with_shop_toml_is_told(selling: Shop) -> None:
    settings.path(selling.workspace).write_text("[products.X]\nstock = 7\n")
    with served(selling.workspace) as url, httpx.Client(base_url=url) as client:
        assert "products.X.stock" in client.get("/").text
        assert client.get("/orders").status_code == 409
        assert "products.X.stock" in client.get("/stock").text
        assert client.get("/library").status_code == 200
