"""The download server over real connections: what each link gives, how often, and in which pieces."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.shop import Shop, notices
from curate.shop.access import grants, links
from curate.shop.access.grants import Grant
from curate.shop.access.guesses import FREE
from curate.web.downloads import disposition
from tests.serving import Browser, Reply, serving
from tests.storefront import Clock, paid, storefront

FILE = "notes-1.0.0.zip"


class Open(NamedTuple):
    shop: Shop
    clock: Clock
    browser: Browser

    @property
    def data(self) -> bytes:
        return (self.shop.workspace.build / "notes" / "1.0.0" / FILE).read_bytes()

    def link(self, grant: Grant) -> str:
        return links.make(self.shop, grant, "1.0.0", FILE)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    clock = Clock()
    shop = storefront(
        tmp_path_factory.mktemp("shop"), more='proxies = ["127.0.0.0/8"]', clock=clock
    )
    with serving(shop) as browser:
        yield Open(shop, clock, browser)


def fresh(browser: Browser) -> Browser:
    return Browser(browser.url)


def test_from_the_code_to_the_file(at: Open) -> None:
    (grant,) = paid(at.shop)
    browser = fresh(at.browser)
    opened = browser.enter(at.shop, grant)
    assert opened.status == 303 and "?" not in opened["location"]
    cookie = opened["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    assert grants.code(at.shop, grant) not in cookie
    to = browser.link(grant)
    assert to.status == 303 and to["location"].startswith("/d/")
    got = fresh(at.browser).ask(to["location"])  # the link alone is enough
    assert (got.status, got.body) == (200, at.data)
    assert got["etag"] == f'"{hashlib.sha256(at.data).hexdigest()}"'
    assert got["content-type"] == "application/zip" and got["accept-ranges"] == "bytes"
    assert got["content-disposition"].startswith('attachment; filename="notes-1.0.0.zip"')
    assert browser.ask(to["location"]).status == 403  # one, and no more
    assert browser.link(grant, f"{FILE}.sha256").status == 303


def test_without_a_session_there_is_no_link(at: Open) -> None:
    (grant,), (other,) = paid(at.shop, "a1"), paid(at.shop, "a2")
    browser = fresh(at.browser)
    assert browser.link(grant).status == 403
    browser.enter(at.shop, other)
    assert browser.link(grant).status == 403
    assert browser.link(other, "../../shop.toml").status == 404
    assert browser.ask(f"/order/{other.serial}/link", form={}).status == 422


def test_nobody_downloads_before_agreeing(at: Open) -> None:
    (grant,) = paid(at.shop, "a3")
    browser = fresh(at.browser)
    browser.ask("/open", form={"code": grants.code(at.shop, grant)})
    assert browser.link(grant)["location"] == "/order#files"
    assert browser.link(grant, f"{FILE}.sha256")["location"].startswith("/d/")
    browser.enter(at.shop, grant)
    assert browser.link(grant)["location"].startswith("/d/")


def test_to_end_or_renew_a_grant_ends_its_session_and_links_at_once(at: Open) -> None:
    for end, number in (("revoke", "b1"), ("renew", "b2")):
        (grant,) = paid(at.shop, number)
        browser = fresh(at.browser)
        browser.enter(at.shop, grant)
        path = browser.link(grant)["location"]
        assert browser.ask(path, "HEAD").status == 200
        with at.shop.database.writing() as connection:
            if end == "revoke":
                assert grant.delivery_id
                grants.revoke(connection, at.shop, grant.delivery_id, [1], "refunded")
            else:
                grants.renew(connection, at.shop, grant.id)
        assert browser.ask(path).status == browser.ask(path, "HEAD").status == 410
        assert browser.link(grant).status == 403


ALTERED: dict[str, Callable[[list[str]], None]] = {
    "path": lambda parts: parts.__setitem__(6, "other.zip"),
    "expiry": lambda parts: parts.__setitem__(2, str(int(parts[2]) + 600)),
    "signature": lambda parts: parts.__setitem__(3, "0." + "A" * 22),
    "serial": lambda parts: parts.__setitem__(4, "ABCD-EFGH"),
    "version": lambda parts: parts.__setitem__(5, "1.0.1"),
}


@pytest.mark.parametrize("what", ["fresh", *ALTERED, "expired", "revoked"])
def test_a_table_of_links(at: Open, what: str) -> None:
    (grant,) = paid(at.shop, f"t-{what}")
    parts = at.link(grant).split("/")
    if what in ALTERED:
        ALTERED[what](parts)
    elif what == "expired":
        at.clock.at += 300
    elif what == "revoked":
        with at.shop.database.writing() as connection:
            assert grant.delivery_id
            grants.revoke(connection, at.shop, grant.delivery_id, [1], "refunded")
    wanted = {"fresh": 200, "expired": 410, "revoked": 410}.get(what, 403)
    client = f"192.0.2.{len(what)}"  # forged links are guesses
    got = [at.browser.ask("/".join(parts), way, X_Forwarded_For=client) for way in ("HEAD", "GET")]
    assert [one.status for one in got] == [wanted, wanted]
    assert wanted == 200 or b"</html>" in got[1].body


def test_ranges_and_conditions(at: Open) -> None:
    (grant,) = paid(at.shop, "r1", "FROZEN")
    path, data, size = at.link(grant), at.data, len(at.data)

    def ask(**headers: str) -> Reply:
        return at.browser.ask(path, **headers)

    etag = at.browser.ask(path, "HEAD")["etag"]
    first = ask(Range="bytes=0-99")
    assert (first.status, first.body) == (206, data[:100])
    assert first["content-range"] == f"bytes 0-99/{size}" and first["content-length"] == "100"
    assert ask(Range="bytes=-7").body == data[-7:]
    rest = ask(Range=f"bytes={size - 5}-", If_Range=etag)
    assert (rest.status, rest.body) == (206, data[-5:])
    assert ask(Range=f"bytes=10-{size * 9}").status == 206
    for bad in (f"bytes={size}-", "bytes=5-4", "bytes=-0", "bytes=x"):
        got = ask(Range=bad)
        assert (got.status, got["content-range"]) == (416, f"bytes */{size}"), bad
    assert ask(If_None_Match=etag).status == ask(If_None_Match=f'"x", W/{etag}').status == 304
    assert ask(If_Match='"x"').status == 412
    assert at.browser.ask(path, "HEAD", Range="bytes=0-1")["content-length"] == str(size)
    # Another file by now, several ranges, another unit: the whole, which is counted.
    whole = ask(Range="bytes=0-1", If_Range='"x"')
    assert (whole.status, whole.body) == (200, data)
    assert ask(Range="bytes=0-1,4-5").status == ask(Range="lines=1-2").status == 200
    assert ask().status == 403


def test_a_download_goes_on_when_its_link_is_over(at: Open) -> None:
    (grant,) = paid(at.shop, "g1")
    path = at.link(grant)
    assert at.browser.ask(path).status == 200
    at.clock.at += 1800
    assert at.browser.ask(path).status == 410
    assert at.browser.ask(path, "HEAD").status == 410
    assert at.browser.ask(path, Range="bytes=50-").body == at.data[50:]
    at.clock.at += 3601
    assert at.browser.ask(path, Range="bytes=60-61").status == 410


SIZE = 1 << 20
asked = st.one_of(
    st.sampled_from(["HEAD", "GET"]),
    st.tuples(st.integers(0, 2000), st.integers(0, 4000)),
)


@given(st.lists(asked, min_size=1, max_size=8))
@settings(max_examples=25)
def test_a_limit_of_one_in_any_order(at: Open, steps: list[object]) -> None:
    (grant,) = paid(at.shop, f"h{test_a_limit_of_one_in_any_order.count}")  # type: ignore[attr-defined]
    test_a_limit_of_one_in_any_order.count += 1  # type: ignore[attr-defined]
    path, size = at.link(grant), len(at.data)
    wholes = ranged = 0
    for step in [*steps, "GET", "GET"]:
        if isinstance(step, tuple):
            got = at.browser.ask(path, Range=f"bytes={step[0]}-{step[0] + step[1]}")
            ranged += len(got.body) if got.status == 206 else 0
        else:
            got = at.browser.ask(path, str(step))
            assert step == "GET" or got.status == 200
            wholes += step == "GET" and got.status == 200
    assert wholes == 1 or (wholes == 0 and ranged == size)
    assert ranged <= size


test_a_limit_of_one_in_any_order.count = 0  # type: ignore[attr-defined]


def test_of_thirty_two_at_once_one_gets_it(at: Open) -> None:
    (grant,) = paid(at.shop, "p1")
    path, ready = at.link(grant), Barrier(32)

    def ask(_: int) -> int:
        ready.wait()
        return at.browser.ask(path).status

    with ThreadPoolExecutor(32) as pool:
        found = sorted(pool.map(ask, range(32)))
    assert found == [200] + [403] * 31


def test_who_guesses_is_locked_out_and_others_are_not(at: Open) -> None:
    (grant,) = paid(at.shop, "l1")
    good = at.link(grant)
    here, there = "198.51.100.1", "198.51.100.2"

    def guess(client: str, code: str = "A" * 26) -> Reply:
        return fresh(at.browser).ask("/open", form={"code": code}, X_Forwarded_For=client)

    assert [guess(here).status for _ in range(FREE + 1)] == [403] * (FREE + 1)
    locked = guess(here, grants.code(at.shop, grant))
    assert locked.status == 429 and int(locked["retry-after"]) == 60 and b"</html>" in locked.body
    assert guess(f"{there}, {here}").status == 429  # who asks cannot put on another address
    assert guess(there, grants.code(at.shop, grant)).status == 303
    forged = good.replace(grant.serial, "ABCD-EFGH")
    assert at.browser.ask(forged, X_Forwarded_For=here).status == 429
    assert at.browser.ask(good, X_Forwarded_For=here).status == 200  # of a neighbour, say
    at.clock.at += 60
    assert guess(here, grants.code(at.shop, grant)).status == 303


def test_forged_links_are_guesses(at: Open) -> None:
    (grant,) = paid(at.shop, "f1")
    path = at.link(grant).replace(grant.serial, "ABCD-EFGH")
    found = [at.browser.ask(path, X_Forwarded_For="2001:db8::1").status for _ in range(FREE + 2)]
    assert found == [403] * (FREE + 1) + [429]
    assert at.browser.ask(path, X_Forwarded_For="2001:db8::2").status == 429


def test_an_address_is_believed_of_proxies_alone(tmp_path: Path) -> None:
    shop = storefront(tmp_path)
    with serving(shop) as browser:
        found = [
            browser.ask("/open", form={"code": "x"}, X_Forwarded_For=f"192.0.2.{number}").status
            for number in range(FREE + 2)
        ]
    assert found == [403] * (FREE + 1) + [429]


def test_forms_of_other_sites_and_large_bodies_are_refused(at: Open) -> None:
    form = {"code": "x"}
    assert at.browser.ask("/open", form=form, Origin="https://evil.example").status == 403
    assert at.browser.ask("/open", form={"code": "x" * (2 << 20)}).status == 413
    place = urlsplit(at.browser.url)
    with socket.create_connection((place.hostname, place.port)) as raw:
        raw.sendall(b"POST /notices/web HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(64):
                raw.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
            raw.sendall(b"0\r\n\r\n")
            assert b" 200 " not in raw.recv(100)
        except OSError:
            pass  # hung up


def test_a_signed_notice_comes_in(at: Open, tmp_path: Path) -> None:
    notices.make_secret(at.shop, "web", tmp_path / "secret")
    secret = (tmp_path / "secret").read_text()
    body = json.dumps(
        {
            "order_no": "n1",
            "line_no": "1",
            "sku": "UNKNOWN",
            "quantity": 1,
            "paid": "9.00",
            "currency": "CNY",
            "status": "paid",
        }
    )

    def post(signature: str = "") -> int:
        place, told = urlsplit(at.browser.url), str(at.shop.now())
        right = notices.sign(secret, told, "nonce-nonce-nonce", body.encode())
        import http.client

        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        connection.request("POST", "/notices/web", body, {
            "Content-Type": "application/json", "X-Curate-Timestamp": told,
            "X-Curate-Nonce": "nonce-nonce-nonce", "X-Curate-Signature": signature or right,
            "X-Forwarded-For": "192.0.2.200",
        })  # fmt: skip
        status = connection.getresponse().status
        connection.close()
        return status

    assert post() in (200, 409, 422) and post("0" * 64) == 401
    assert [post("0" * 64) for _ in range(FREE + 1)][-1] == 429
    (grant,) = paid(at.shop, "n2")
    code = grants.code(at.shop, grant)  # the channel's neighbours get in all the same
    assert (
        fresh(at.browser).ask("/open", form={"code": code}, X_Forwarded_For="192.0.2.200").status
        == 303
    )


def test_faults_are_small_pages_in_the_visitors_language(at: Open) -> None:
    got = at.browser.ask("/nothing", Accept_Language="zh-CN,zh;q=0.9")
    assert got.status == 404 and 'lang="zh-CN"' in got.body.decode() and len(got.body) < 2000
    assert at.browser.ask("/open").status == 405
    assert at.browser.ask("/healthz").body == b"ok\n"
    assert json.loads(at.browser.ask("/openapi.json").body)["paths"]


def test_names_in_chinese_reach_the_disk_as_they_are() -> None:
    assert disposition('笔记 "1".zip') == (
        "attachment; filename=\"__ _1_.zip\"; filename*=UTF-8''%E7%AC%94%E8%AE%B0%20%221%22.zip"
    )
